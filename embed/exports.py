"""Tables of what a module exports: their layout is drawn in c/tb_embed.h."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..core.module import EXPORT_KINDS, ArrayType, FunctionType, Module
from ..opcodes import types
from .names import encoded

if TYPE_CHECKING:
    from ..core.parts import Table
    from ..core.program import Program

# The letter of each type in a signature, by its code; what the module declares is an object.
LETTERS = {
    types.I32: "i",
    types.I64: "l",
    types.F32: "f",
    types.F64: "d",
    types.ANY: "a",
    types.CELLS: "c",
    types.STRING: "s",
    types.FUNCTION: "F",
    types.I8: "b",
    types.U8: "B",
    types.I16: "h",
    types.U16: "H",
}
OBJECT, ARRAY = "o", "["
# A file may nest arrays without end, or name one as its own element: so deep a signature goes.
DEPTH = 8
_REFERENCE, _WIDE, _ELEMENT_SHIFT = 1 << 31, 1 << 28, 24


def signature(module: Module, code: int) -> str:
    """How a signature spells the type *code*."""
    text = ""
    while isinstance(entry := module.type_entry(code), ArrayType):
        text, code = text + ARRAY, entry.element
        if len(text) == DEPTH:
            return text + OBJECT
    return text + (LETTERS[types.BY_CODE[code]] if code in types.BY_CODE else OBJECT)


def typed(module: Module, code: int) -> int:
    """The word of the type *code* in table exports."""
    word = code | _REFERENCE * types.is_reference_code(code)
    if code in types.BY_CODE and types.BY_CODE[code].size > 4:
        word |= _WIDE
    if code == types.CELLS.code:
        word |= types.I32.code << _ELEMENT_SHIFT
    entry = module.type_entry(code)
    if isinstance(entry, ArrayType) and entry.element in types.BY_CODE:
        element = types.BY_CODE[entry.element]
        if not element.is_reference and element is not types.FUNCTION:
            word |= element.code << _ELEMENT_SHIFT
    return word


def exported(module: Module) -> list[tuple[str, int]]:
    """The functions that the module exports, by name; all that have one where it exports nothing."""
    if module.exports:
        return [(each.name, each.index) for each in module.exports if each.kind == "function"]
    return [(name, index) for index, name in enumerate(module.debug.functions) if name]


def export_tables(program: Program) -> tuple[Table, ...]:
    """Tables exports and export_texts."""
    from ..core.parts import Table

    module = program.verified.module
    found = [(name, index, module.function_type(index)) for name, index in exported(module)]
    wanted = [
        module.types[each.type] if each.kind == "function" else FunctionType((), ())
        for each in module.imports
    ]
    rows, words, texts = bytearray(), bytearray(), bytearray()
    others = [each for each in module.exports if each.kind != "function"]
    first = 4 + 5 * (len(found) + len(wanted) + len(others))

    def add(function: int, name: int, kind: FunctionType) -> None:
        counts = len(kind.parameters) | len(kind.results) << 16
        rows.extend(struct.pack("<5I", function, name, len(texts), first + len(words) // 4, counts))
        texts.extend(_signature(module, kind.parameters, kind.results))
        for code in (*kind.parameters, *kind.results):
            words.extend(struct.pack("<I", typed(module, code)))

    for name, index, kind in found:
        at = len(texts)
        texts += encoded(name) + b"\0"
        add(index, at, kind)
    for each, entry in zip(module.imports, wanted, strict=True):
        assert isinstance(entry, FunctionType), "the module is well-formed"
        add(EXPORT_KINDS.index(each.kind), each.type, entry)
    for other in others:
        at = len(texts)
        texts += other.name.encode() + b"\0"
        rows += struct.pack("<5I", other.index, at, EXPORT_KINDS.index(other.kind), len(texts), 0)
    head = struct.pack("<4I", len(found), len(wanted), 0, len(others))
    return (
        Table("exports", "u32", head + rows + words),
        Table("export_texts", "u8", bytes(texts), align=1),
    )


def _signature(module: Module, parameters: Iterable[int], results: Iterable[int]) -> bytes:
    takes, gives = ("".join(signature(module, code) for code in codes) for codes in (parameters, results))
    return f"{takes}>{gives}\0".encode()


def constants() -> dict[str, str]:
    """Macros for C that makes the same tables."""
    letters = "".join(LETTERS[types.BY_CODE[code]] if code in types.BY_CODE else OBJECT for code in range(16))
    sizes = (types.BY_CODE[code].size if code in types.BY_CODE else 1 for code in range(16))
    return {
        "TB_EMBED_LETTERS": f'"{letters}"',
        "TB_EMBED_LOGS": ", ".join(str(size.bit_length() - 1) for size in sizes),
        "TB_EMBED_DEPTH": str(DEPTH),
    }
