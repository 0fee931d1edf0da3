"""Tables about what a program imports (drawn in c/tb_host.h)."""

from __future__ import annotations

import struct

from ..code import write_leb
from ..module import FunctionType
from ..parts import Table
from ..program import Program


def name_bytes(text: str) -> bytes:
    """A name behind its length."""
    encoded = text.encode()
    return write_leb(len(encoded)) + encoded


def codes_bytes(codes: tuple[int, ...]) -> bytes:
    """Type codes behind their number."""
    return write_leb(len(codes)) + b"".join(map(write_leb, codes))


def import_tables(program: Program) -> tuple[Table, ...]:
    """For each import its names and the types of its parameters and results; where each one is. Of what is no
    function the names alone."""
    module = program.verified.module
    rows, places = bytearray(), [len(module.imports)]
    for each in module.imports:
        type_ = module.types[each.type] if each.kind == "function" else FunctionType((), ())
        assert isinstance(type_, FunctionType)
        places.append(len(rows))
        rows += (
            name_bytes(each.module)
            + name_bytes(each.name)
            + codes_bytes(type_.parameters)
            + codes_bytes(type_.results)
        )
    return (
        Table("imports", "u8", bytes(rows), align=1),
        Table("import_rows", "u32", struct.pack(f"<{len(places)}I", *places)),
    )
