"""Tables of the memory room: object sizes, which globals hold references."""

from __future__ import annotations

import struct

from ..core.parts import Table
from ..core.program import Program, type_sizes
from ..opcodes import types


def type_tables(program: Program) -> tuple[Table, ...]:
    return (Table("types", "u32", type_sizes(program)),)


def global_tables(program: Program) -> tuple[Table, ...]:
    """A count and the indexes of the globals that hold references."""
    found = [i for i, code in enumerate(program.verified.module.globals) if types.is_reference_code(code)]
    return (Table("global_refs", "u32", struct.pack(f"<{len(found) + 1}I", len(found), *found)),)
