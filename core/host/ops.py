"""Page `host`: what asks the host that runs the program."""

from __future__ import annotations

from ...opcodes import OpcodeSet, Page, import_
from . import services

op = OpcodeSet(Page("host", prefix=0x68), library="host.call")


@op(0x00, "HOST")
def host(which: import_) -> None:
    """Calls a function of the host: it takes the parameters of the present function, and sets its locals.

    The present function has the import's parameters as its own, and as its locals the import's results, in
    this order. Traps HOST_FAILED where the host's function fails, EXITED where it ends the program; the
    locals have any values then.
    """
    services.call(which.index())
