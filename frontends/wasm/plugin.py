"""What this package registers."""

from __future__ import annotations

from ...core.hookspecs import hookimpl
from ...core.parts import FrontEnd
from . import MAGIC, translate


@hookimpl
def tblvm_front_ends() -> list[FrontEnd]:
    return [FrontEnd("WebAssembly", lambda content, name: content.startswith(MAGIC), translate)]
