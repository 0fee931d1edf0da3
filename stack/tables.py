"""Tables and constants about the function tables of a program (drawn in c/tb_tables.h), the types of its
functions, its branch tables."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..core.module import canonical_types
from ..core.parts import Table
from ..core.program import Program, calls
from . import table_services

if TYPE_CHECKING:
    from ..builder.resolve import Plan

_PASSIVE = 0xFFFFFFFF
# What a runtime takes that is given its programs.
TABLES, SEGMENTS = 16, 4096


def _words(numbers: Iterable[int]) -> bytes:
    listed = tuple(numbers)
    return struct.pack(f"<{len(listed)}I", *listed)


def function_tables(program: Program) -> tuple[Table, ...]:
    """Sizes, and the segments with their elements."""
    module = program.verified.module
    sizes, rows, functions = [len(module.tables)], [len(module.elements)], bytearray()
    for table in module.tables:
        sizes += [table.minimum, table.maximum]
    for each in module.elements:
        place = _PASSIVE if each.table is None else each.table
        rows += [place, each.offset, len(functions) // 4, len(each.functions)]
        functions += _words(0 if index is None else index + 1 for index in each.functions)
    return (
        Table("table_sizes", "u32", _words(sizes)),
        Table("table_elements", "u32", _words(rows)),
        Table("table_functions", "u32", bytes(functions)),
    )


def table_constants(program: Program | None) -> Mapping[str, int]:
    """How many tables, and whether they grow."""
    if program is None:
        return {"TB_TABLES": TABLES, "TB_TABLES_GROW": 1}
    module = program.verified.module
    return {
        "TB_TABLES": max(1, len(module.tables)),
        "TB_TABLES_GROW": int(calls(program, table_services.grow)),
    }


def table_bytes(plan: Plan, program: Program | None) -> int:
    """Bytes of the elements that all tables together can reach."""
    if program is None:
        return 4 * plan.number("tables")
    grows = calls(program, table_services.grow)
    elements = [each.maximum if grows else each.minimum for each in program.verified.module.tables]
    return 4 * min(sum(elements), plan.number("tables"))


def segment_constants(program: Program | None) -> Mapping[str, int]:
    """How many element segments."""
    count = SEGMENTS if program is None else len(program.verified.module.elements)
    return {"TB_ELEMENT_SEGMENTS": max(1, count)}


def type_tables(program: Program) -> tuple[Table, ...]:
    """For each function the number of its type: equal types have equal numbers."""
    module = program.verified.module
    canonical = canonical_types(module)
    return (Table("function_types", "u32", _words(canonical[each.type] for each in module.functions)),)


def branch_tables(program: Program) -> tuple[Table, ...]:
    """For each branch table the number of its targets without the default, then all of them."""
    return (Table("branches", "u32", _words(program.branches)),)
