"""Tables for the stack trace: function names and line numbers (their layout is drawn in c/trace.c)."""

from __future__ import annotations

import struct

from ..core.code import write_leb
from ..core.parts import Table
from ..core.printable import printable
from ..core.program import Program


def trace_tables(program: Program) -> tuple[Table, ...]:
    """Names and lines of all functions, as far as the module knows them."""
    module = program.verified.module
    blob, at = bytearray(), bytearray()
    for index in range(len(module.functions)):
        at += struct.pack("<I", len(blob))
        blob += printable(module.function_name(index)) + b"\0"
        offset = line = 0
        lines = module.debug.lines[index] if index < len(module.debug.lines) else ()
        for where, number in lines:
            step = number - line
            blob += write_leb(where - offset + 1) + write_leb(2 * step if step >= 0 else -2 * step - 1)
            offset, line = where, number
        blob += b"\0"
    file = printable(module.debug.source.rstrip("/").rpartition("/")[2]) + b"\0"
    return (
        Table("trace", "u8", bytes(blob), align=1),
        Table("trace_at", "u32", bytes(at)),
        Table("trace_file", "u8", file, align=1),
    )
