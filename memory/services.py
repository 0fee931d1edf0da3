"""Services of the memory room, with their Python models."""

from __future__ import annotations

from ..opcodes import Trap, anyref, service
from ..opcodes.meaning import machine
from ..opcodes.traps import TrapSignal


@service("tb_freelist_free", library="memory.freelist", effects={"writes heap"}, traps=(Trap.BAD_FREE,))
def free(object_: anyref) -> None:
    """Give an object of cells back."""
    if object_.v and not machine().release(object_.v):
        raise TrapSignal(Trap.BAD_FREE)
