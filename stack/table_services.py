"""Services of page `indirect`, with their Python models."""

from __future__ import annotations

from ..opcodes import Trap, function, i32, service
from ..opcodes.meaning import machine

_TRAPS = (Trap.BAD_TABLE_INDEX,)
_WRITES = {"writes tables"}


def _u(value: i32) -> int:
    return int(value.v) & 0xFFFFFFFF


# An engine that keeps a table's size or place at hand reads both again behind it.
@service("tb_tables_grow", library="stack.tables-grow", effects={"moves tables"})
def grow(table: i32, value: function, count: i32) -> i32:
    """Add elements; the number before, or -1."""
    return i32(machine().tables.grow(table.v, value.v, _u(count)))


@service("tb_tables_fill", library="stack.tables-bulk", effects=_WRITES, traps=_TRAPS)
def fill(table: i32, index: i32, value: function, count: i32) -> None:
    """Set elements."""
    machine().tables.fill(table.v, _u(index), value.v, _u(count))


@service("tb_tables_copy", library="stack.tables-bulk", effects=_WRITES, traps=_TRAPS)
def copy(to: i32, from_: i32, index: i32, start: i32, count: i32) -> None:
    """Copy elements between tables."""
    machine().tables.copy(to.v, from_.v, _u(index), _u(start), _u(count))


@service("tb_tables_init", library="stack.tables-init", effects=_WRITES, traps=_TRAPS)
def init(table: i32, segment: i32, index: i32, start: i32, count: i32) -> None:
    """Copy elements of an element segment."""
    machine().tables.init(table.v, segment.v, _u(index), _u(start), _u(count))


@service("tb_tables_drop", library="stack.tables-init")
def drop(segment: i32) -> None:
    """Forget an element segment."""
    machine().tables.segments[segment.v] = []
