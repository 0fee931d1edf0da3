"""Tables for collectors: references in objects and in frames (their layout is drawn in c/walk.c)."""

from __future__ import annotations

import struct

from ..core.code import write_leb
from ..core.hierarchy import layouts
from ..core.module import ArrayType
from ..core.parts import Table
from ..core.program import Program, link_cells
from ..opcodes import types


def walk_tables(program: Program) -> tuple[Table, ...]:
    """Where references are, in objects of each type and at each safepoint."""
    return (*_object_tables(program), *_frame_tables(program))


def _object_tables(program: Program) -> tuple[Table, ...]:
    kinds, offsets = bytearray(), [0, 0]  # indexes 0 and 1 have other meanings
    entries = program.verified.module.types
    known: dict[tuple[int, ...], int] = {}
    for entry, layout in zip(entries, layouts(entries), strict=True):
        kind = 0
        if isinstance(entry, ArrayType) and types.is_reference_code(entry.element):
            kind = 1
        elif layout.references:
            kind = known.setdefault(layout.references, len(offsets))
            if kind == len(offsets):
                offsets += [len(layout.references), *layout.references]
        kinds += struct.pack("<I", kind)
    return (
        Table("gc_types", "u32", bytes(kinds)),
        Table("gc_offsets", "u32", struct.pack(f"<{len(offsets)}I", *offsets)),
    )


def _frame_tables(program: Program) -> tuple[Table, ...]:
    verified, link = program.verified, link_cells(program.cell_bits)
    blob, starts = bytearray(), bytearray()
    for index, checked in enumerate(verified.functions):
        starts += struct.pack("<I", len(blob))
        parameters = len(verified.module.function_type(index).parameters)
        locals_ = [i if i < parameters else i + link for i in verified.reference_locals(index)]
        blob += _slots(locals_)
        operands = parameters + link + len(verified.module.functions[index].locals)
        last = program.starts[index]
        for offset in sorted(checked.maps):
            after = program.after(index, offset)
            blob += write_leb(after - last) + _slots([operands + slot for slot in checked.maps[offset]])
            last = after
        blob += b"\0"
    return (
        Table("gc_maps", "u8", bytes(blob), align=1),
        Table("gc_maps_at", "u32", bytes(starts)),
    )


def _slots(slots: list[int]) -> bytes:
    return write_leb(len(slots)) + b"".join(write_leb(slot) for slot in slots)
