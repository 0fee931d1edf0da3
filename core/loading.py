"""Generated C for the library that loads modules: what Python states once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..opcodes import types
from .printable import HIDDEN

if TYPE_CHECKING:
    from ..builder.compose import Composition

_REFERENCE, _STORED, _WIDE = 16, 32, 64  # tb_module.h


def constants(composition: Composition) -> str:
    """Tables `tb_builtin`, for each type code below 16 its size and what it is, and `tb_hidden`."""
    rows = [0] * types.FIRST_MODULE_TYPE
    for each in types.BUILT_IN:
        rows[each.code] = each.size | _REFERENCE * each.is_reference | _STORED * each.is_storage_only
        rows[each.code] |= _WIDE * (each.size > 4)
    ranges = ", ".join(f"{{{first:#x}, {last:#x}}}" for first, last in HIDDEN)
    return (
        '#include "tb_module.h"\n'
        f"const u8 tb_builtin[16] = {{{', '.join(map(str, rows))}}};\n"
        f"const u32 tb_hidden[][2] = {{{ranges}}};\n"
        f"const u32 tb_hidden_count = {len(HIDDEN)};\n"
    )
