"""Classes that inherit and implement: what is well-formed, layouts, subtypes, tables, their text form."""

from __future__ import annotations

import random
import time
from dataclasses import replace

import pytest

from tblvm.core import tbc, wellformed
from tblvm.core.asm import assemble
from tblvm.core.dis import disassemble
from tblvm.core.errors import ModuleError, SourceError
from tblvm.core.hierarchy import Hierarchy, layouts
from tblvm.core.module import (
    ArrayType,
    ClassType,
    Debug,
    Function,
    FunctionType,
    Implementation,
    InterfaceType,
    Module,
    TypeEntry,
)
from tblvm.core.wellformed import check
from tblvm.memory.tables import NOTHING, displaced
from tblvm.opcodes import Isa, types
from tblvm.stack import verify

I32, ANY = types.I32.code, types.ANY.code
HALT = b"\x29"

# 16: class A; 17: B extends A, implements 18; 18: interface. Functions: 0 main, 1 of A, 2 and 3 of B.
TYPES: tuple[TypeEntry, ...] = (
    ClassType((I32,), virtuals=(1,)),
    ClassType((ANY,), 16, (2, 3), (Implementation(18, (1,)),)),
    InterfaceType((6,)),
    FunctionType((), ()),
    FunctionType((16, I32), (16,)),
    FunctionType((17, I32), (17,)),
    FunctionType((18, I32), (ANY,)),
)
GOOD = Module(
    types=TYPES,
    functions=tuple(Function(HALT, type_, (), 0) for type_ in (3, 4, 5, 5)),
    debug=Debug(types=("A", "B", "I", "", "", "", ""), functions=("main", "f", "g", "h")),
)


def with_type(index: int, entry: TypeEntry) -> Module:
    return replace(GOOD, types=(*TYPES[:index], entry, *TYPES[index + 1 :]))


A, B = TYPES[:2]
assert isinstance(A, ClassType) and isinstance(B, ClassType)
PLAIN = replace(B, virtuals=(1,), interfaces=())
MALFORMED = [
    (with_type(1, replace(B, superclass=17)), "the superclass of class 1 is 17, which is no earlier class"),
    (with_type(0, replace(A, superclass=17)), "the superclass of class 0 is 17, which is no earlier class"),
    (with_type(1, replace(B, superclass=18)), "is 18, which is no earlier class"),
    (with_type(1, replace(B, superclass=5)), "is 5, which is no earlier class"),
    (with_type(1, replace(PLAIN, virtuals=())), "class 1 has fewer virtual methods than its superclass"),
    (with_type(1, replace(PLAIN, virtuals=(9,))), "virtual method 0 of class 1 is function 9, which is none"),
    (with_type(1, replace(PLAIN, virtuals=(-1,))), "is function -1, which is none"),
    (with_type(1, replace(PLAIN, virtuals=(0,))), "must take 1 to 127 parameters, the object first"),
    (with_type(0, replace(A, virtuals=(2,))), "virtual method 0 of class 0 does not take its class"),
    (with_type(5, FunctionType((17,), (17,))), "virtual method 0 of class 1 has other parameters or results"),
    (with_type(5, FunctionType((17, I32), (ANY,))), "virtual method 0 of class 1 has other parameters"),
    (with_type(5, FunctionType((17, I32), (17, 17))), "virtual method 0 of class 1 has other parameters"),
    (with_type(6, FunctionType((18, ANY), (ANY,))), "by slot 1, which has other parameters or results"),
    (with_type(6, FunctionType((17, I32), (ANY,))), "a method of interface 2 must take the interface first"),
    (with_type(6, FunctionType((18, *(I32,) * 127), (ANY,))), "at most 127 parameters"),
    (with_type(2, InterfaceType((0,))), "a method of interface 2 has type 0, which is no function type"),
    (with_type(2, InterfaceType((7,))), "a method of interface 2 has type 7"),
    (with_type(2, InterfaceType((-1,))), "a method of interface 2 has type -1"),
    (with_type(2, InterfaceType((6, 6))), "class 1 implements interface 2 with 1 methods"),
    (with_type(2, ClassType(())), "class 1 implements 18, which is no interface"),
    (with_type(1, replace(B, interfaces=(Implementation(5, ()),))), "class 1 implements 5, which is no interface"),
    (with_type(1, replace(B, interfaces=B.interfaces * 2)), "class 1 implements interface 2 twice"),
    (with_type(1, replace(B, interfaces=(Implementation(18, (2,)),))), "by slot 2, which it has not"),
    (
        replace(GOOD, types=(*TYPES, ClassType((), 17, (2, 3), B.interfaces))),
        "class 7 implements interface 2 twice",
    ),
    (replace(GOOD, globals=(19,)), "a global is 19, which is no type"),
    (replace(GOOD, debug=Debug(methods=((), ("a", "b"), (), (), (), (), ()))), "type 1 has names of 2 methods, not 1"),
    (replace(GOOD, debug=Debug(methods=(("a",),))), "1 names of methods, expected 7 or none"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "message"), MALFORMED, ids=[message for _, message in MALFORMED])
def test_malformed_classes_are_refused(module: Module, message: str) -> None:
    check(GOOD)
    with pytest.raises(ModuleError, match=message):
        check(module)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, value, message in (
        ("MAX_DEPTH", 0, "class 1 has more than 0 superclasses"),
        ("MAX_FIELDS", 1, "class 1 has more than 1 fields"),
        ("MAX_VIRTUALS", 1, "class 1 has more than 1 virtual methods"),
        ("MAX_MEMBERS", 7, "more than 7 members, inherited ones included"),
        ("MAX_INTERFACE_METHODS", 0, "more than 0 methods"),
    ):
        monkeypatch.setattr(wellformed, limit, value)
        with pytest.raises(ModuleError, match=message):
            check(GOOD)
        monkeypatch.undo()


def test_files_and_their_damage() -> None:
    file = tbc.write(GOOD)
    assert tbc.read(file) == GOOD
    [at] = [n for n in range(0, len(file), 4) if file[n : n + 4] == b"\x0f\0\0\x80"]
    start = int.from_bytes(file[at + 4 : at + 8], "little")

    def damaged(word: int, value: int) -> bytes:
        where = start + 4 * word
        return file[:where] + value.to_bytes(4, "little") + file[where + 4 :]

    for word, value, message in (
        (0, 7, "section classes has type 7 out of order"),
        (0, 2, "section classes has type 2, which is no class"),
        (5, 0, "section classes has type 0 out of order"),
        (2, 99, "section classes ends inside a row"),
        (12, 0xFFFFFFFF, "section classes ends inside a row"),
        (2, 0, "section classes (says nothing of class 0|has type 1 out of order)"),
    ):
        with pytest.raises(ModuleError, match=message):
            tbc.read(damaged(word, value))
    for number in range(start, len(file)):
        for value in (0, 1, 0x7F, 0xFF):
            try:
                module = tbc.read(file[:number] + bytes([value]) + file[number + 1 :])
            except ModuleError:
                continue
            assert tbc.read(tbc.write(module)) == module


# --- layouts and subtypes -------------------------------------------------------------------------------


def random_types(rng: random.Random) -> list[TypeEntry]:
    stored = (1, 2, 3, 4, 5, 7, 10, 11, 12, 13)
    entries: list[TypeEntry] = []
    for index in range(rng.randrange(1, 14)):
        classes = [i for i, each in enumerate(entries) if isinstance(each, ClassType)]
        faces = [i for i, each in enumerate(entries) if isinstance(each, InterfaceType)]
        kind = rng.random()
        if kind < 0.15:
            entries.append(InterfaceType(()))
        elif kind < 0.25:
            entries.append(ArrayType(rng.choice(stored)))
        else:
            above = 16 + rng.choice(classes) if classes and rng.random() < 0.8 else 0
            fields = tuple(rng.choice(stored) for _ in range(rng.randrange(5)))
            mine = tuple(Implementation(16 + face, ()) for face in faces if rng.random() < 0.3)
            entries.append(ClassType(fields, above, (), mine))
        assert len(entries) == index + 1
    return entries


def lineage(entries: list[TypeEntry], code: int) -> list[int]:
    found = []
    while code:
        found.append(code)
        entry = entries[code - 16]
        code = entry.superclass if isinstance(entry, ClassType) else 0
    return found


def test_layouts_extend_each_other_without_overlap() -> None:
    rng = random.Random(1967)
    for _ in range(500):
        entries = random_types(rng)
        found = layouts(entries)
        for index, entry in enumerate(entries):
            if not isinstance(entry, ClassType):
                continue
            taken: set[int] = set(range(8))
            references = []
            for code in reversed(lineage(entries, 16 + index)):
                above = entries[code - 16]
                assert isinstance(above, ClassType)
                for at, field in zip(found[code - 16].offsets, above.fields, strict=True):
                    size = types.storage(field).size
                    assert at % size == 0 and not taken & set(range(at, at + size))
                    taken |= set(range(at, at + size))
                    references += [at] if types.is_reference_code(field) else []
            layout = found[index]
            assert layout.size % 8 == 0 and max(taken) < layout.size
            assert list(layout.references) == references
            if not entry.superclass:
                assert layout.size - len(taken) < 8  # no holes


def test_narrow_fields_fill_holes() -> None:
    byte, wide = types.I8.code, types.I64.code
    base, middle, last = layouts([ClassType((byte,)), ClassType((wide,), 16), ClassType((byte, I32), 17)])
    assert (base.offsets, middle.offsets, middle.size) == ((8,), (16,), 24)
    assert last.offsets == (9, 12) and last.size == 24


def test_subtypes_are_what_the_chain_says() -> None:
    rng = random.Random(1983)
    for _ in range(300):
        entries = random_types(rng)
        hierarchy = Hierarchy(entries)
        faces: dict[int, set[int]] = {}
        for index, entry in enumerate(entries):
            chain = lineage(entries, 16 + index)
            above = (entries[code - 16] for code in chain)
            faces[16 + index] = {i.interface for e in above if isinstance(e, ClassType) for i in e.interfaces}
            assert isinstance(entry, ClassType) or hierarchy.interfaces(16 + index) == frozenset()
        for a in range(16, 16 + len(entries)):
            assert hierarchy.assignable(a, ANY) and not hierarchy.assignable(ANY, a)
            assert not hierarchy.assignable(a, types.STRING.code) and not hierarchy.assignable(I32, a)
            for b in range(16, 16 + len(entries)):
                expected = b in lineage(entries, a) or b in faces[a]
                assert hierarchy.assignable(a, b) == expected, (entries, a, b)


def test_displaced_rows() -> None:
    rng = random.Random(1979)
    for _ in range(300):
        columns = rng.randrange(1, 40)
        wanted = [
            {rng.randrange(columns): 1000 * row + rng.randrange(900) for _ in range(rng.randrange(8))}
            if rng.random() < 0.7
            else {}
            for row in range(rng.randrange(1, 60))
        ]
        table, rows = displaced(wanted, columns)
        for number, (row, start) in enumerate(zip(wanted, rows, strict=True)):
            for column in range(columns):
                value = table[start + column]
                if column in row:
                    assert value == row[column]
                else:  # nothing, or another row's
                    assert value == NOTHING or value // 1000 != number
    table, _ = displaced([{at % 7 + 7 * (at % 3): at} for at in range(1000)], 21)
    assert len(table) < 1100


def test_checking_takes_time_in_proportion() -> None:
    """Many classes below one with many methods and fields: each is looked at once."""
    wide = ClassType((I32,) * 40, virtuals=(1,) * 40)
    entries = (FunctionType((), ()), FunctionType((ANY,), ()), wide)
    many = tuple(ClassType((I32,), 18, (1,) * 40) for _ in range(10_000))
    functions = (Function(HALT, 0, (), 0), Function(HALT, 1, (), 0))
    module = Module(types=(*entries, *many), functions=functions)
    start = time.perf_counter()
    check(module)
    layouts(module.types)
    assert time.perf_counter() - start < 5
    deep = [ClassType((), 15 + at if at else 0) for at in range(256)]
    check(Module(types=(*deep, FunctionType((), ())), functions=(Function(HALT, 256, (), 0),)))
    with pytest.raises(ModuleError, match="more than 255 superclasses"):
        more = (*deep, ClassType((), 16 + 255), FunctionType((), ()))
        check(Module(types=more, functions=(Function(HALT, 257, (), 0),)))


# --- text -----------------------------------------------------------------------------------------------

HEAD = """\
.interface Shape
  area(i32) -> i32
  name() -> string
.end
.class Base
  x: i32
  .method name: base_name
.end
.func base_name(self: Base) -> string
  CONST "base"
  RET
.end
.func area(self: any, a: i32) -> i32
  LOAD a
  RET
.end
"""
MAIN = ".func main()\n  HALT\n.end\n"


@pytest.mark.parametrize(
    "more",
    [
        ".class C extends Base implements Shape\n  .method area: area\n.end",
        ".class C extends Base\n  .method space: area\n  .implements Shape: space, name\n.end",
        ".class $C extends Base implements Shape\n  x: any\n  .method area: area\n  .nonames\n.end",
        ".class C extends Base\n  .nonames methods\n  x: any\n  .method $1: area\n  .implements Shape: $1, name\n.end",
        ".class C\n  .method $0=name: area\n  .method $1=name: base_named\n.end\n"
        ".class D extends C\n  .override $1: base_named\n  .method $2=name: area\n.end\n"
        '.func base_named(self: any) -> string\n  CONST ""\n  RET\n.end',
        ".interface Empty\n.end\n.interface Too\n.end\n.class C implements Too, Empty\n.end",
        ".type $t = (Twice) -> i32\n.type $u = (Twice) -> i32\n"
        ".interface Twice\n  a: $t\n  $1=a: $u\n.end\n.nonames",
        '.interface "odd name"\n  "a b"(Base[]) -> ("odd name", f32)\n.end\n.global g: "odd name"',
    ],
)
def test_text_round_trip(more: str, isa: Isa) -> None:
    module = verify(assemble(f"{HEAD}{more}\n{MAIN}", isa, "t.tba"), isa).module
    text = disassemble(module, isa)
    assert assemble(text, isa) == module, text
    assert tbc.read(tbc.write(module)) == module


def in_class(line: str, head: str = "C extends Base") -> str:
    return f".class {head}\n  {line}\n.end"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (in_class("", "C extends i32"), "i32 is no class that stands before this one"),
        (in_class("", "C extends Shape"), "Shape is no class that stands before"),
        (in_class("", "C extends C"), "C is no class that stands before"),
        (in_class("", "C implements Base"), "Base is no interface"),
        (in_class("", "C implements any"), "any is no interface"),
        (in_class("", "C implements Shape"), "the class has no method area, which Shape wants"),
        (in_class("", "C extends Base Shape"), "Shape is one word too many"),
        (in_class(".method name: base_name"), "method name is inherited: write .override"),
        (in_class(".method a area"), "expected ':'"),
        (in_class(".method a: are"), "no function is called are; did you mean area?"),
        (in_class(".override nam: base_name"), "no method is called nam; did you mean name?"),
        (in_class(".method a: area\n  .override a: area"), "a is not inherited: write .method"),
        (in_class(".override name: area"), "virtual method 0 of class 2 has other parameters or results"),
        (in_class(".metho a: area"), "no directive of a class is called .metho; did you mean .method?"),
        (in_class(".nonames field"), "no names are called field; did you mean fields?"),
        (in_class(".implements Shape: name"), "with 1 methods"),
        (".interface J\n  .method a: b\n.end", "an interface has methods and .nonames only"),
        (".interface J\n  a: $x\n.end", r"\$x is no function type"),
        (".interface J x\n.end", "x is one word too many"),
        (".func f()\n  NEWOBJ Shape\n.end", "Shape is no class"),
        (".func f()\n  INVOKEINTERFACE Base.name\n.end", "Base is no interface"),
        (".func f()\n  INVOKEVIRTUAL Base.nam\n.end", "no method is called nam; did you mean name?"),
        (".func f()\n  INVOKEVIRTUAL @16, name\n.end", "expected a method as Class.method"),
        (".func f()\n  NEWARRAY Shape\n.end", "Shape is no array type"),
    ],
)
def test_mistakes(more: str, message: str, isa: Isa) -> None:
    with pytest.raises(SourceError, match=message):
        assemble(f"{HEAD}{more}\n{MAIN}", isa)
