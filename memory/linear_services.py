"""Services of page `linear`, with their Python models."""

from __future__ import annotations

from ..opcodes import Trap, i32, service
from ..opcodes.meaning import machine

_TRAPS = (Trap.BAD_ADDRESS,)
_WRITES = {"writes linear memory"}


def _u(value: i32) -> int:
    return int(value.v) & 0xFFFFFFFF


# An engine that keeps a memory's size or place at hand reads both again behind it.
@service("tb_linear_grow", library="memory.linear-grow", effects={"moves linear memory"})
def grow(memory: i32, pages: i32) -> i32:
    """Add pages; the number before, or -1."""
    return i32(machine().memories.grow(memory.v, _u(pages)))


@service("tb_linear_fill", library="memory.linear-bulk", effects=_WRITES, traps=_TRAPS)
def fill(memory: i32, address: i32, value: i32, count: i32) -> None:
    """Set bytes."""
    machine().memories.fill(memory.v, _u(address), value.v, _u(count))


@service("tb_linear_copy", library="memory.linear-bulk", effects=_WRITES, traps=_TRAPS)
def copy(to: i32, from_: i32, address: i32, start: i32, count: i32) -> None:
    """Copy bytes between memories."""
    machine().memories.copy(to.v, from_.v, _u(address), _u(start), _u(count))


@service("tb_linear_init", library="memory.linear-init", effects=_WRITES, traps=_TRAPS)
def init(memory: i32, segment: i32, address: i32, start: i32, count: i32) -> None:
    """Copy bytes of a data segment."""
    machine().memories.init(memory.v, segment.v, _u(address), _u(start), _u(count))


@service("tb_linear_drop", library="memory.linear-init")
def drop(segment: i32) -> None:
    """Forget a data segment."""
    machine().memories.segments[segment.v] = b""
