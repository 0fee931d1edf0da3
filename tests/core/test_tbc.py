"""The file form: round trips, refusals, and damaged files."""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tblvm.core import tbc, wellformed
from tblvm.core.errors import ModuleError
from tblvm.core.module import (
    MAX_FRAME_CELLS,
    ArrayType,
    ClassType,
    Constant,
    DataSegment,
    Debug,
    ElementSegment,
    Export,
    Function,
    FunctionTable,
    FunctionType,
    Import,
    Memory,
    Module,
    PageUse,
    Shape,
)
from tblvm.core.wellformed import check

THOROUGH = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

# Every kind of entry and every section occurs.
FULL = Module(
    types=(FunctionType((1,), (1, 17)), ClassType((1, 17, 18, 10)), ArrayType(18), FunctionType((), ())),
    pool=(
        Constant("i32", -5),
        Constant("string", "a€\ud800"),
        Constant("string", "é"),
        Constant("f32", 0x7FC00001),
        Constant("f64", 5),
        Constant("i64", -1),
    ),
    globals=(7, 17),
    functions=(Function(b"\x01\x05\x28", 0, (1, 2), 3), Function(b"\x29", 3, (18,), 0)),
    entry=1,
    min_stack=256,
    min_heap=0xFFFFFFFF,
    collector=True,
    pages=(
        PageUse("core", -1, 0x29, 1 << 63),
        PageUse("a.b-c", 0xFE, 0xFF, 0),
        PageUse("object", 0x64, 3, 12),
    ),
    shapes=(Shape(0, 0, ()), Shape(0, 2, (1, 17))),
    memories=(Memory(1, 2), Memory(0, 0x10000)),
    data=(DataSegment(b"hello", 0, 65531), DataSegment(b""), DataSegment(b"1234")),
    tables=(FunctionTable(3, 3), FunctionTable(0, 0xFFFFFFFF)),
    elements=(ElementSegment((1, None), 0, 1), ElementSegment((0,))),
    imports=(
        Import("env", "", 3),
        Import("m", "", 0, "global"),
        Import("é", "x", 0),
        Import("m", "m", 0, "memory"),
        Import("m", "m", 0, "table"),
    ),
    exports=(
        Export("", "memory", 1),
        Export("a", "function", 0),
        Export("ab", "table", 1),
        Export("é", "global", 1),
        Export("\U00010000", "function", 0),
    ),
    debug=Debug(
        source="ü.tba",
        functions=("f", "main"),
        globals=("g", ""),
        types=("", "N", "", ""),
        fields=((), ("a", "b", "c", "d"), (), ()),
        locals=(("n", "x", "y"), ()),
        lines=(((0, 9), (2, 5)), ()),
    ),
)
PLAIN = Module(types=(FunctionType((), ()),), functions=(Function(b"\x29", 0, (), 0),))
STARTED = replace(PLAIN, globals=(1, 2, 1), start=0, fixed_globals=(0, 2))
FILE = tbc.write(FULL)


@THOROUGH
@given(data=st.data())
def test_read_undoes_write(data: st.DataObject, modules: st.SearchStrategy[Module]) -> None:
    module = data.draw(modules)
    file = tbc.write(module)
    assert tbc.read(file) == module
    assert tbc.write(tbc.read(file)) == file


def test_full_and_plain_modules() -> None:
    assert tbc.read(FILE) == FULL
    assert tbc.read(tbc.write(PLAIN)) == PLAIN
    assert tbc.read(tbc.write(STARTED)) == STARTED


def test_header() -> None:
    magic, version, flags = struct.unpack_from("<4sHH", FILE)
    assert (magic, version, flags) == (b"TBCO", 1, 3)
    assert struct.unpack_from("<3I", FILE, 32) == (1, 256, 0xFFFFFFFF)
    assert tbc.HEADER.size == 44
    assert tbc.write(PLAIN)[6:8] == b"\0\0"


def test_plain_file_byte_for_byte() -> None:
    header = b"TBCO" + struct.pack("<2H6I3I", 1, 0, 72, 0, 72, 1, 76, 0, 0, 0, 0)
    table = struct.pack("<I6I", 2, 0x80000001, 76, 24, 0x80000003, 100, 16)
    functions = struct.pack("<6I", 0, 1, 0, 0, 0, 0)
    types_ = struct.pack("<4I", 3, 0, 0, 0)
    assert tbc.write(PLAIN) == header + table + b"\x29\0\0\0" + functions + types_


@pytest.mark.parametrize("where", ["pool", "signature", "local", "global", "field", "element"])
def test_flag_for_wide_cells(where: str) -> None:
    module = {
        "pool": replace(PLAIN, pool=(Constant("i64", 0),)),
        "signature": replace(PLAIN, types=(*PLAIN.types, FunctionType((), (4,)))),
        "local": replace(PLAIN, functions=(Function(b"\x29", 0, (2,), 0),)),
        "global": replace(PLAIN, globals=(4,)),
        "field": replace(PLAIN, types=(*PLAIN.types, ClassType((1, 2)))),
        "element": replace(PLAIN, types=(*PLAIN.types, ArrayType(4))),
    }[where]
    file = bytearray(tbc.write(module))
    assert file[6] == 2
    file[6] = 0
    with pytest.raises(ModuleError, match="64-bit cells contradicts"):
        tbc.read(bytes(file))


@pytest.mark.parametrize("text", ["", "a", "ÿ", "Ā", "\ud800", "\udc00\ud800", "😀", "a😀\ud83d", "\0" * 3])
def test_strings_are_utf16_units(text: str) -> None:
    module = replace(PLAIN, pool=(Constant("string", text), Constant("i64", 1)))
    assert tbc.read(tbc.write(module)) == module
    kind = struct.unpack_from("<I", tbc.write(module), struct.unpack_from("<I", tbc.write(module), 8)[0])[0]
    assert kind == (5 if all(ord(char) < 256 for char in text) else 6)


def test_halves_of_a_surrogate_pair_become_one_character() -> None:
    halves = replace(PLAIN, pool=(Constant("string", "\ud83d\ude00"),))
    assert tbc.read(tbc.write(halves)).pool[0].value == "😀"


def test_unmeasured_function_is_not_written() -> None:
    module = replace(PLAIN, functions=(Function(b"\x29", 0),))
    with pytest.raises(ValueError, match="function f0 has an unmeasured operand stack"):
        tbc.write(module)
    check(module)


# --- modules that are not well-formed -----------------------------------------------------------------

F = PLAIN.functions[0]


def SPACES(**changes: object) -> Module:
    """A module with two memories and a table."""
    spaces = replace(PLAIN, memories=(Memory(0, 1), Memory(1, 1)), tables=(FunctionTable(3, 9),))
    return replace(spaces, **changes)  # type: ignore[arg-type]


MALFORMED: list[tuple[Module, str]] = [
    (Module(), "the entry point 0 is no function"),
    (replace(PLAIN, entry=1), "the entry point 1 is no function"),
    (replace(PLAIN, entry=-1), "entry is -1"),
    (replace(PLAIN, min_stack=1 << 32), "min_stack is 4294967296"),
    (replace(PLAIN, min_heap=-1), "min_heap is -1"),
    (replace(PLAIN, types=(*PLAIN.types, ClassType((16,)))), "a part of type 1 is 16, which is no type"),
    (replace(PLAIN, types=(*PLAIN.types, ArrayType(0))), "a part of type 1 is 0"),
    (replace(PLAIN, types=(*PLAIN.types, ArrayType(18))), "a part of type 1 is 18"),
    (replace(PLAIN, types=(*PLAIN.types, ArrayType(9))), "a part of type 1 is 9"),
    (replace(PLAIN, types=(FunctionType((10,), ()),)), "i8, which only fields and elements can have"),
    (replace(PLAIN, types=(*PLAIN.types, ClassType((1,) * 0x10000))), "more than 65535 fields"),
    (replace(PLAIN, globals=(13,)), "a global is u16"),
    (replace(PLAIN, globals=(16,)), "a global is 16, which is no type"),
    (replace(PLAIN, functions=(replace(F, type=1),)), "function f0: its type 1 is no function type"),
    (replace(PLAIN, functions=(replace(F, type=-1),)), "its type -1"),
    (replace(PLAIN, functions=(replace(F, locals=(12,)),)), "function f0: the type of a local is i16"),
    (replace(PLAIN, functions=(replace(F, max_stack=-2),)), "its max_stack is -2"),
    (replace(PLAIN, functions=(replace(F, max_stack=MAX_FRAME_CELLS + 1),)), "32768 cells"),
    (replace(PLAIN, functions=(replace(F, locals=(1,) * MAX_FRAME_CELLS, max_stack=1),)), "32768 cells"),
    (replace(PLAIN, pool=(Constant("i16", 1),)), "the unknown kind 'i16'"),
    (replace(PLAIN, pool=(Constant("i32", 1 << 31),)), "pool entry 0 exceeds i32"),
    (replace(PLAIN, pool=(Constant("f32", -1),)), "pool entry 0 exceeds f32"),
    (replace(PLAIN, pool=(Constant("i32", "a"),)), "pool entry 0 exceeds i32"),
    (replace(PLAIN, pool=(Constant("string", 1),)), "a string without text"),
    (replace(PLAIN, pages=(PageUse("", 0x60, 0, 0),)), "'' is no name of a page"),
    (replace(PLAIN, pages=(PageUse("a\n", 0x60, 0, 0),)), "is no name of a page"),
    (replace(PLAIN, pages=(PageUse("a", 0x60, 0, 0), PageUse("core", -1, 0, 0))), "core is not listed first"),
    (replace(PLAIN, pages=(PageUse("core", 0x60, 0, 0),)), "page core has a prefix"),
    (replace(PLAIN, pages=(PageUse("b", 0x60, 0, 0), PageUse("a", 0x61, 0, 0))), "not in order of names"),
    (replace(PLAIN, pages=(PageUse("a", 0x60, 0, 0), PageUse("a", 0x61, 0, 0))), "listed twice"),
    (
        replace(PLAIN, pages=(PageUse("a", 0x60, 0, 0), PageUse("b", 0x60, 0, 0))),
        "two pages have prefix 0x60",
    ),
    (replace(PLAIN, pages=(PageUse("a", -1, 0, 0),)), "cannot have prefix"),
    (replace(PLAIN, pages=(PageUse("a", 0x60, 256, 0),)), "has no opcode 0x100"),
    (replace(PLAIN, pages=(PageUse("a", 0x60, 0, 1 << 64),)), "exceeds 64 bits"),
    (replace(PLAIN, shapes=(Shape(1, 0, ()),)), "a shape names function 1"),
    (replace(PLAIN, shapes=(Shape(0, 1, ()),)), "function f0, offset 1: a shape stands behind its code"),
    (replace(PLAIN, shapes=(Shape(0, 0, ()), Shape(0, 0, ()))), "the shapes are not in order"),
    (replace(PLAIN, shapes=(Shape(0, 0, (1,)),)), "a shape is deeper than its operand stack"),
    (
        replace(PLAIN, functions=(replace(F, max_stack=1),), shapes=(Shape(0, 0, (10,)),)),
        "a type in a shape is i8",
    ),
    (replace(PLAIN, memories=(Memory(2, 1),)), "memory 0 has 2 to 1 pages"),
    (replace(PLAIN, memories=(Memory(-1, 1),)), "memory 0 has -1 to 1 pages"),
    (replace(PLAIN, memories=(Memory(0, 0x10001),)), "0 to 65537 pages, and can have 65536"),
    (replace(PLAIN, memories=(Memory(0, 0),) * 1001), "more than 1000 memories"),
    (replace(PLAIN, data=(DataSegment(b""),) * 100_001), "more than 100000 data segments"),
    (replace(PLAIN, data=(DataSegment(b"", 0),)), "data segment 0 names memory 0, and there are 0"),
    (replace(PLAIN, data=(DataSegment(b"", None, 1),)), "data segment 0 has an offset and no memory"),
    (SPACES(data=(DataSegment(b"", 1, 0x10001),)), "does not fit memory 1, which starts with 65536 bytes"),
    (SPACES(data=(DataSegment(b"a", 1, 0x10000),)), "data segment 0 does not fit memory 1"),
    (SPACES(data=(DataSegment(b"a", 0, 0),)), "data segment 0 does not fit memory 0"),
    (SPACES(data=(DataSegment(b"", 0, -1),)), "data segment 0 does not fit memory 0"),
    (replace(PLAIN, tables=(FunctionTable(2, 1),)), "table 0 has 2 to 1 elements"),
    (replace(PLAIN, tables=(FunctionTable(0, 1 << 32),)), "table 0 has 0 to 4294967296 elements"),
    (replace(PLAIN, tables=(FunctionTable(0, 0),) * 1001), "more than 1000 tables"),
    (replace(PLAIN, elements=(ElementSegment(()),) * 100_001), "more than 100000 element segments"),
    (replace(PLAIN, elements=(ElementSegment((), 0),)), "element segment 0 names table 0, and there are 0"),
    (replace(PLAIN, elements=(ElementSegment((), None, 1),)), "segment 0 has an offset and no table"),
    (replace(PLAIN, elements=(ElementSegment((1,)),)), "names function 1, and there are 1"),
    (
        SPACES(elements=(ElementSegment((0, None), 0, 2),)),
        "does not fit table 0, which starts with 3 elements",
    ),
    (replace(PLAIN, imports=(Import("a", "b", 1),)), "import 0 has type 1, no function type"),
    (
        replace(PLAIN, types=(*PLAIN.types, ClassType(())), imports=(Import("a", "", 1),)),
        "type 1, no function type",
    ),
    (replace(PLAIN, imports=(Import("a", "b", -1),)), "import 0 has type -1"),
    (replace(PLAIN, imports=(Import("\ud800", "b", 0),)), "has a lone surrogate"),
    (replace(PLAIN, imports=(Import("a", "b" * 0x10000, 0),)), "longer than 65535 bytes"),
    (replace(PLAIN, imports=(Import("a", "b", 0, "tag"),)), "import 0 has the unknown kind 'tag'"),
    (replace(PLAIN, imports=(Import("a", "b", 0, "memory"),)), "import 0 is memory 0, which is none"),
    (SPACES(imports=(Import("a", "b", 1, "table"),)), "import 0 is table 1, which is none or not in order"),
    (
        SPACES(imports=(Import("a", "b", 0, "table"),) * 2),
        "import 1 is table 0, which is none or not in order",
    ),
    (replace(STARTED, start=1), "the start function 1 is no function"),
    (replace(STARTED, start=-1), "the start function -1 is no function"),
    (
        replace(
            STARTED,
            types=(FunctionType((), ()), FunctionType((1,), ())),
            functions=(*PLAIN.functions, Function(b"\x29", 1, (), 0)),
            start=1,
        ),
        "the start function 1 takes or gives something",
    ),
    (replace(STARTED, fixed_globals=(3,)), "the fixed global 3 is none, or out of order"),
    (replace(STARTED, fixed_globals=(1, 1)), "the fixed global 1 is none, or out of order"),
    (replace(PLAIN, exports=(Export("a", "function", 1),)), "export 0 is function 1, and there are 1"),
    (replace(PLAIN, exports=(Export("a", "memory", 0),)), "export 0 is memory 0, and there are 0"),
    (replace(PLAIN, exports=(Export("a", "tag", 0),)), "export 0 has the unknown kind 'tag'"),
    (replace(PLAIN, exports=(Export("a", "function", 0),) * 2), "exports are not in order of their names"),
    (replace(PLAIN, exports=(Export("\udc00", "function", 0),)), "has a lone surrogate"),
    (replace(PLAIN, debug=Debug(functions=("a", "b"))), "2 names of functions, expected 1 or none"),
    (replace(PLAIN, debug=Debug(globals=("a",))), "1 names of globals, expected 0"),
    (replace(PLAIN, debug=Debug(types=("a",))), "type 0 has a name but is no class"),
    (replace(PLAIN, debug=Debug(fields=(("a",),))), "type 0 has names of 1 fields, not 0"),
    (replace(PLAIN, debug=Debug(locals=(("a",),))), "function 0 has names of 1 locals, not 0"),
    (replace(PLAIN, debug=Debug(functions=("\ud800",))), "has a lone surrogate"),
    (replace(PLAIN, debug=Debug(source="é" * 0x8000)), "longer than 65535 bytes"),
    (replace(PLAIN, debug=Debug(lines=((), ()))), "lines of 2 functions"),
    (replace(PLAIN, debug=Debug(lines=(((1, 1),),))), "offset 1: a row of the line table is wrong"),
    (replace(PLAIN, debug=Debug(lines=(((0, 1), (0, 2)),))), "a row of the line table is wrong"),
    (replace(PLAIN, debug=Debug(lines=(((0, 1 << 31),),))), "a row of the line table is wrong"),
]


@pytest.mark.parametrize(("module", "message"), MALFORMED, ids=[message for _, message in MALFORMED])
def test_malformed_modules_are_refused(module: Module, message: str) -> None:
    with pytest.raises(ModuleError, match=message):
        tbc.write(module)


def test_limits_that_are_too_large_to_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wellformed, "MAX_TYPES", 3)
    with pytest.raises(ModuleError, match="more than 3 types"):
        check(FULL)
    monkeypatch.undo()
    monkeypatch.setattr(wellformed, "MAX_CODE", 2)
    with pytest.raises(ModuleError, match="function f: its code is too long"):
        check(FULL)
    monkeypatch.undo()
    monkeypatch.setattr(tbc, "MAX_FILE", len(FILE) - 1)
    with pytest.raises(ModuleError, match="its file would exceed 2 GiB"):
        tbc.write(FULL)
    with pytest.raises(ModuleError, match="the file exceeds 2 GiB"):
        tbc.read(FILE)


# --- files that are not what `write` would write ------------------------------------------------------


def place(file: bytes, kind: int) -> tuple[int, int, int]:
    """Where the row of section *kind* stands, and the section's offset and size."""
    for number in range(struct.unpack_from("<I", file, 44)[0]):
        word, offset, size = struct.unpack_from("<3I", file, 48 + 12 * number)
        if word & 0x7FFFFFFF == kind:
            return 48 + 12 * number, offset, size
    raise AssertionError(kind)


def u32(at: int, value: int) -> Callable[[bytearray], None]:
    return lambda file: struct.pack_into("<I", file, at, value)


def section(kind: int, at: int, value: int, form: str = "<I") -> Callable[[bytearray], None]:
    """Put *value* at offset *at* of section *kind*."""
    return lambda file: struct.pack_into(form, file, place(bytes(file), kind)[1] + at, value)


def row(kind: int, word: int, value: int) -> Callable[[bytearray], None]:
    """Put *value* into a word of the row of section *kind*: 0 kind, 1 offset, 2 size."""
    return lambda file: struct.pack_into("<I", file, place(bytes(file), kind)[0] + 4 * word, value)


def size(kind: int, delta: int) -> Callable[[bytearray], None]:
    def change(file: bytearray) -> None:
        at, _, old = place(bytes(file), kind)
        struct.pack_into("<I", file, at + 8, old + delta)

    return change


def at_header(at: int, delta: int) -> Callable[[bytearray], None]:
    """Add to a word of the header."""
    return lambda file: struct.pack_into("<I", file, at, struct.unpack_from("<I", file, at)[0] + delta)


def pool(at: int, value: int) -> Callable[[bytearray], None]:
    return lambda file: struct.pack_into("<I", file, struct.unpack_from("<I", file, 8)[0] + at, value)


def data(at: int, value: int) -> Callable[[bytearray], None]:
    return lambda file: struct.pack_into("<I", file, struct.unpack_from("<I", file, 24)[0] + at, value)


DAMAGED: list[tuple[Callable[[bytearray], None], str]] = [
    (u32(0, 0), "does not begin with TBCO"),
    (lambda f: f.__delitem__(slice(47, None)), "ends inside its header"),
    (lambda f: struct.pack_into("<H", f, 4, 2), "has version 2; this tblvm reads version 1"),
    (lambda f: struct.pack_into("<H", f, 6, 7), "unknown flags 0x7"),
    (lambda f: struct.pack_into("<H", f, 6, 1), "64-bit cells contradicts"),
    (u32(32, 2), "the entry point 2 is no function"),
    (u32(44, 0xFFFFFFFF), "ends inside its section table"),
    (u32(8, 43), "the constant pool is outside of the file"),
    (u32(16, len(FILE)), "the code is outside of the file"),
    (u32(28, 0xFFFFFFFF), "the data is outside of the file"),
    (row(1, 0, 0x80000002), "section 2 occurs twice"),
    (row(1, 0, 0x80000003), "not in order of their kinds"),
    (row(1, 0, 1), "functions is marked wrongly"),
    (row(16, 0, 0x80000010), "names is marked wrongly"),
    (row(18, 0, 0x80000016), "it needs section 22, which this tblvm does not know"),
    (row(6, 0, 0x80000007), "it needs section 7, which this tblvm does not know"),
    (row(1, 2, 0), "section functions is empty"),
    (row(1, 1, len(FILE)), "section functions is outside of the file"),
    (row(5, 1, place(FILE, 4)[1]), "section (type list|globals) overlaps section (type list|globals)"),
    (size(1, -4), "section functions ends inside a row"),
    (size(1, -24), "the code area has bytes that belong to no function"),
    (size(2, -1), "section locals ends inside a row"),
    (size(2, -4), "the locals of function 1 are outside of their section"),
    (size(3, -4), "section types ends inside a row"),
    (size(4, -4), "the list of type 1 is out of place"),
    (size(5, -2), "section globals ends inside a row"),
    (size(6, -1), "section pages ends inside a name"),
    (size(6, -10), "section pages ends inside a row"),
    (size(10, -4), "section shapes ends inside a row"),
    (size(10, -12), "section shapes ends inside a row"),
    (size(16, -1), "section names"),
    (size(17, -1), "section lines: the code ends inside an immediate"),
    (at_header(12, -4), "the constant pool ends inside a row"),
    (at_header(12, -8), "the data area has bytes that belong to no pool entry"),
    (at_header(28, -4), "pool entry 5 is outside of the data area"),
    (at_header(20, -1), "the code of function 1 is outside of the code area"),
    (section(1, 0, 1), "the code of function 0 does not follow"),
    (section(1, 4, 99), "the code of function 0 is outside"),
    (section(1, 8, 9), "its type 9 is no function type"),
    (section(1, 12, 1), "the locals of function 0 do not follow"),
    (section(1, 16, 0xFFFFFFFF), "the locals of function 0 are outside"),
    (section(1, 20, 0xFFFFFFFF), "function 0 has an operand stack of 4294967295 cells"),
    (section(1, 40, 0), "section locals has types that belong to no function"),
    (section(3, 0, 9), "type 0 has the unknown kind 9"),
    (section(3, 0, 1), "type 0 is a class with results"),
    (section(3, 40, 1), "type 2 is an array with a list of types"),
    (section(3, 20, 3), "the list of type 3 is out of place"),
    (section(3, 4, 0xFFFFFFFF), "the list of type 0 is out of place"),
    (section(3, 28, 6), "the list of type 1 is out of place"),
    (section(6, 2, 0xFFFF, "<H"), "section pages ends inside a name"),
    (section(6, 12, 0xFF, "<B"), "the name of a page is not UTF-8"),
    (section(8, 0, 0x7F, "<B"), "section imports ends inside a list"),
    (section(8, 1, 0xFF, "<B"), "a name in section imports is not UTF-8"),
    (section(8, 5, 4, "<B"), "import 0 has the unknown kind 4"),
    (section(8, 5, 1, "<B"), "import 0 is table 3, which is none or not in order"),
    (section(8, 6, 0x80, "<B"), "section imports"),
    (section(9, 1, 4, "<B"), "export 0 has the unknown kind 4"),
    (section(9, 2, 9, "<B"), "export 0 is memory 9, and there are 2"),
    (section(9, 4, ord("b"), "<B"), "the exports are not in order"),
    (size(9, -1), "section exports: the code ends inside an immediate"),
    (row(8, 0, 8), "imports is marked wrongly"),
    (section(10, 8, 0xFFFFFFFF), "section shapes ends inside a row"),
    (section(11, 0, 3), "memory 0 has 3 to 2 pages"),
    (section(12, 0, 2), "data segment 0 names memory 2"),
    (section(12, 4, 65532), "data segment 0 does not fit memory 0"),
    (section(12, 8, 0xFFFFFFFF), "section data segments ends inside a segment"),
    (section(12, 17, 1, "<B"), "the padding behind data segment 0 is not zero"),
    (section(12, 40, 40), "section data segments ends inside a segment"),
    (section(13, 4, 2), "table 0 has 3 to 2 elements"),
    (section(14, 0, 2), "element segment 0 names table 2"),
    (section(14, 8, 0xFFFFFFFF), "section element segments ends inside a segment"),
    (section(14, 12, 2), "element segment 0 names function 2"),
    (section(14, 28, 3), "section element segments ends inside a segment"),
    (section(16, 0, 0xFF, "<B"), "section names"),
    (section(16, 2, 0xFF, "<B"), "a name in section names is not UTF-8"),
    (section(16, 0, 5, "<B"), "5 names of functions|section names|UTF-8"),
    (section(17, 0, 0x7F, "<B"), "section lines ends inside a list"),
    (section(18, 0, 0xFF, "<B"), "the name of the source file is not UTF-8"),
    (pool(0, 7), "pool entry 0 has the unknown kind 7"),
    (pool(12, 4), "the data of pool entry 1 does not follow"),
    (pool(20, 0), "the data of pool entry 2 does not follow"),
    (data(0, 0xFFFFFFFF), "pool entry 1 is outside of the data area"),
    (data(8, 0xFF00D800), "the padding behind pool entry 1 is not zero"),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGED, ids=[message for _, message in DAMAGED])
def test_damaged_files_are_refused(damage: Callable[[bytearray], None], message: str) -> None:
    file = bytearray(FILE)
    damage(file)
    with pytest.raises(ModuleError, match=message):
        tbc.read(bytes(file))


def test_utf16_where_latin1_suffices_is_refused() -> None:
    file = bytearray(tbc.write(replace(PLAIN, pool=(Constant("string", "Ā"),))))
    struct.pack_into("<H", file, struct.unpack_from("<I", file, 24)[0] + 4, 0x41)
    with pytest.raises(ModuleError, match="UTF-16 although Latin-1 suffices"):
        tbc.read(bytes(file))


def insert_section(file: bytes, kind: int, body: bytes) -> bytes:
    """The file with one more section, at its end and last in the table."""
    count = struct.unpack_from("<I", file, 44)[0]
    end = 48 + 12 * count
    out = bytearray(file[:end] + struct.pack("<3I", kind, len(file) + 12, len(body)) + file[end:] + body)
    struct.pack_into("<I", out, 44, count + 1)
    for at in (8, 16, 24, *range(52, end, 12)):
        struct.pack_into("<I", out, at, struct.unpack_from("<I", out, at)[0] + 12)
    return bytes(out)


def test_unknown_sections() -> None:
    assert tbc.read(insert_section(FILE, 99, b"anything")) == FULL
    assert tbc.read(insert_section(FILE, 99, b"")) == FULL
    with pytest.raises(ModuleError, match="it needs section 99, which this tblvm does not know"):
        tbc.read(insert_section(FILE, 0x80000063, b"anything"))
    plain = tbc.write(PLAIN)
    assert tbc.read(insert_section(plain, 7, b"x")) == PLAIN
    with pytest.raises(ModuleError, match="section names has no names"):
        tbc.read(insert_section(plain, 16, bytes(6)))
    with pytest.raises(ModuleError, match="section names goes on behind its end"):
        tbc.read(insert_section(plain, 16, b"\x01\x01a" + bytes(6)))
    with pytest.raises(ModuleError, match="section names: an immediate is not in its shortest form"):
        tbc.read(insert_section(plain, 16, b"\x80\x00"))


def test_every_truncation_is_refused() -> None:
    for length in range(len(FILE)):
        with pytest.raises(ModuleError):
            tbc.read(FILE[:length])


def test_mutations_never_crash_and_are_fast() -> None:
    chance = random.Random(20240)
    interesting = (0, 1, 0x7F, 0x80, 0xFF)
    files = [FILE, tbc.write(PLAIN)]
    slowest = 0.0
    for _ in range(6000):
        file = bytearray(chance.choice(files))
        for _ in range(chance.choice((1, 1, 2, 5))):
            at = chance.randrange(len(file))
            if chance.random() < 0.3:
                word = chance.choice((0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, len(file)))
                file[at : at + 4] = struct.pack("<I", word)
            else:
                file[at] = chance.choice((*interesting, file[at] ^ (1 << chance.randrange(8))))
        start = time.perf_counter()
        try:
            module = tbc.read(bytes(file))
        except ModuleError:
            pass
        else:
            assert tbc.read(tbc.write(module)) == module
        slowest = max(slowest, time.perf_counter() - start)
    assert slowest < 0.5


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(ModuleError):
        tbc.read(noise)
    with pytest.raises(ModuleError):
        tbc.read(FILE[:44] + noise)
