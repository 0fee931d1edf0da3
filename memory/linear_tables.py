"""Tables and constants about the linear memories of a program (drawn in c/tb_linear.h)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..core.parts import Table
from ..core.program import Program, calls
from . import linear_services

if TYPE_CHECKING:
    from ..builder.resolve import Plan

_PASSIVE = 0xFFFFFFFF
# What a runtime takes that is given its programs.
MEMORIES, SEGMENTS = 16, 4096


def memory_tables(program: Program) -> tuple[Table, ...]:
    """Sizes, and the segments with their bytes."""
    module = program.verified.module
    sizes = struct.pack("<I", len(module.memories))
    for memory in module.memories:
        sizes += struct.pack("<2I", memory.minimum, memory.maximum)
    rows, content = bytearray(struct.pack("<I", len(module.data))), bytearray()
    for each in module.data:
        memory_index = _PASSIVE if each.memory is None else each.memory
        rows += struct.pack("<4I", memory_index, each.offset, len(content), len(each.content))
        content += each.content
    return (
        Table("linear_memories", "u32", sizes),
        Table("linear_data", "u32", bytes(rows)),
        Table("linear_bytes", "u8", bytes(content), align=1),
    )


def memory_constants(program: Program | None) -> Mapping[str, int]:
    """How many memories, whether they grow, whether segments are in them from the start; whether there is
    just one, and the pages of all of them at first."""
    if program is None:
        most = {"TB_MEMORIES": MEMORIES, "TB_LINEAR_GROWS": 1, "TB_LINEAR_ACTIVE": 1}
        return {**most, "TB_LINEAR_SINGLE": 0, "TB_LINEAR_PAGES": 0}
    module = program.verified.module
    return {
        "TB_MEMORIES": max(1, len(module.memories)),
        "TB_LINEAR_GROWS": int(calls(program, linear_services.grow)),
        "TB_LINEAR_ACTIVE": int(any(each.memory is not None for each in module.data)),
        "TB_LINEAR_SINGLE": int(len(module.memories) == 1),
        "TB_LINEAR_PAGES": sum(each.minimum for each in module.memories),
    }


def memory_bytes(plan: Plan, program: Program | None) -> int:
    """Bytes that all memories together can reach."""
    if program is None:
        return plan.number("linear")
    grows = calls(program, linear_services.grow)
    pages = [each.maximum if grows else each.minimum for each in program.verified.module.memories]
    return min(sum(pages) << 16, plan.number("linear"))


def segment_constants(program: Program | None) -> Mapping[str, int]:
    """How many data segments."""
    count = SEGMENTS if program is None else len(program.verified.module.data)
    return {"TB_DATA_SEGMENTS": max(1, count)}
