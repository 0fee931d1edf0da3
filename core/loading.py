"""Generated C for the library that loads modules: what the instruction set knows of type codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..opcodes import types

if TYPE_CHECKING:
    from ..builder.compose import Composition

_REFERENCE, _STORED, _WIDE = 16, 32, 64  # tb_module.h


def builtin_types(composition: Composition) -> str:
    """Table `tb_builtin`: for each type code below 16 its size and what it is."""
    rows = [0] * types.FIRST_MODULE_TYPE
    for each in types.BUILT_IN:
        rows[each.code] = each.size | _REFERENCE * each.is_reference | _STORED * each.is_storage_only
        rows[each.code] |= _WIDE * (each.size > 4)
    return f"const u8 tb_builtin[16] = {{{', '.join(map(str, rows))}}};\n"
