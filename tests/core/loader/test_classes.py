"""Classes that inherit and interfaces in the loader in C: every check is reached, at its limit and one beyond, and
hostile files take no longer than plain ones."""

from __future__ import annotations

import random
import re
import resource
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import tblvm.core as core
from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.code import write_leb
from tblvm.core.module import (
    ArrayType,
    ClassType,
    Function,
    FunctionType,
    Implementation,
    InterfaceType,
    Module,
    PageUse,
    Shape,
    TypeEntry,
)
from tests.core.loader import built
from tests.core.loader.mutants import Parts
from tests.core.loader.test_loader import SCALE, SEED, agree, written
from tests.core.test_classes import ANY, GOOD, HALT, HEAD, I32, MALFORMED, TYPES, B, with_type

HIERARCHIES = 100 * SCALE
# Implements an interface twice.
TWICE = ClassType(B.fields, 16, B.virtuals, (*B.interfaces, Implementation(18, (0,))))
C_FILES = Path(core.__file__).parent / "c" / "loader"


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are written whatever is in them."""
    monkeypatch.setattr(tbc, "check", lambda module: None)


def messages(files: Sequence[bytes]) -> set[str]:
    """What C says of *files*, about which Python agrees."""
    agree(list(files), "module")
    wanted = [built().expected(file) for file in files]
    return {message for _, message in built().answers(files, wanted)}


def with_words(words: Sequence[int]) -> bytes:
    """GOOD with these words as section classes."""
    parts = Parts(tbc.write(GOOD))
    section = next(each for each in parts.sections if each[0] & 0xFF == tbc.CLASSES)
    section[1] = bytearray(struct.pack(f"<{len(words)}I", *words))
    return parts.file(random.Random(0))


def damaged() -> Iterator[bytes]:
    """Section classes of another structure, with every length."""
    good = [0, 0, 1, 0, 1, 1, 16, 2, 1, 2, 3, 18, 1, 1]
    yield with_words(good)
    for end in range(1, len(good)):
        yield with_words(good[:end])
    for at in range(len(good)):
        for value in (0, 1, 2, 3, 16, 17, 18, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF):
            yield with_words([*good[:at], value, *good[at + 1 :]])
    yield with_words([0, 0, 0, 0])
    parts = Parts(tbc.write(GOOD))
    next(body for word, body in parts.sections if word & 0xFF == tbc.CLASSES).extend(b"x")
    yield parts.file(random.Random(0))


def pages() -> tuple[PageUse, ...]:
    isa = built().reg.isa
    return tuple(
        PageUse(name, prefix, 0xFF, isa.fingerprint(name, 0xFF))
        for name, prefix in (("core", -1), ("object", 0x64))
    )


def many(types: Sequence[TypeEntry], functions: Sequence[Function] = ()) -> Module:
    """A module of these types, and one more, that of the first function."""
    types = (*types, FunctionType((), ()))
    first = Function(HALT, len(types) - 1, (), 0)
    return Module(types, functions=(first, *functions), pages=pages())


def at_limits() -> Iterator[tuple[Module, bool]]:
    """Modules at a limit, and one beyond; whether they are well-formed."""
    for more in (0, 1):
        valid = not more
        plain = FunctionType((16,), ())
        yield many([InterfaceType((1,) * 16384 + (1,) * more), plain]), valid
        yield many([InterfaceType((1,)), FunctionType((16, *(I32,) * (126 + more)), ())]), valid
        yield many([ClassType((), 15 + at if at else 0) for at in range(256 + more)]), valid
        yield many([ClassType((10,) * 65535), ClassType((10,) * more, 16)]), valid
        method = FunctionType((5, *(I32,) * (126 + more)), ())
        yield many([ClassType((), 0, (1,)), method], [Function(HALT, 1, (), 0)]), valid
        virtual = [ClassType((), 0, (1,) * (65535 + more)), FunctionType((5,), ())]
        yield many(virtual, [Function(HALT, 1, (), 0)]), valid
        # The members of all classes together: 64 times 65,534, once 128 less those.
        wide = [ClassType((10,) * 65534), *(ClassType((), 16) for _ in range(63))]
        yield many([*wide, ClassType((10,) * (128 + more))]), valid


def test_every_check_is_reached(unchecked: None) -> None:
    """Each message of classes.c and of what it calls is given for some file, and Python refuses the same ones."""
    files = list(damaged())
    for module, _ in MALFORMED:
        try:
            files.append(tbc.write(module))
        except struct.error:  # -1
            continue
    files += [tbc.write(module) for module, _ in at_limits()]
    files.append(tbc.write(with_type(1, TWICE)))
    files.append(tbc.write(many([InterfaceType((0,)), FunctionType((), ())])))
    said = messages(files)
    sources = "".join((C_FILES / f"{name}.c").read_text() for name in ("classes", "hierarchy"))
    known = set(re.findall(r'"([^"\n]*[a-z] [^"\n]*)"', sources)) - {"it has too many types"}
    known = {each for each in known if not each.endswith((".h", "1975"))}
    assert len(known) > 20
    assert known <= said, known - said


def test_limits(unchecked: None) -> None:
    cases = list(at_limits())
    files = [tbc.write(module) for module, _ in cases]
    found = [built().expected(file).answer.status == 0 for file in files]
    assert found == [valid for _, valid in cases]
    agree(files, "module")


def test_rules_of_classes() -> None:
    """What the verifier's tests look at with classes, one by one."""
    isa = built().reg.isa
    texts = [
        "NEWOBJ C\n  INVOKEVIRTUAL Base.name\n  PRINT",
        "NEWOBJ C\n  INVOKEVIRTUAL C.area\n  PRINT",
        "NEWOBJ C\n  PUSH 3\n  INVOKEVIRTUAL C.area\n  PRINT",
        "NEWOBJ Base\n  PUSH 3\n  INVOKEVIRTUAL C.area\n  PRINT",
        "NULL any\n  INVOKEVIRTUAL Base.name\n  PRINT",
        "NULL Shape\n  PUSH 3\n  INVOKEINTERFACE Shape.area\n  PRINT",
        "NEWOBJ C\n  PUSH 3\n  INVOKEINTERFACE Shape.area\n  PRINT",
        "NEWOBJ Base\n  PUSH 3\n  INVOKEINTERFACE Shape.area\n  PRINT",
        "NEWOBJ C\n  CAST Shape\n  INSTANCEOF C\n  PRINT",
        "NEWOBJ C\n  INSTANCEOF Shape\n  PRINT",
        "NULL Shape\n  GETFIELD Base.x\n  PRINT",
        "NEWOBJ C\n  GETFIELD Base.x\n  PRINT",
        "NEWOBJ Base\n  GETFIELD C.y\n  PRINT",
        "NEWOBJ C\n  STORE b\n  NEWOBJ C\n  STORE s\n  LOAD s\n  STORE a",
        "NEWOBJ Base\n  STORE s",
        "NULL Shape\n  STORE b",
        "NULL i32[]\n  STORE s",
        "NULL any\n  STORE s",
        "PUSH 1\n  STORE s",
        "NULL C\nagain:\n  POP\n  NULL Base\n  PUSH 1\n  JZ again",
        "NULL Base\nagain:\n  POP\n  NULL C\n  PUSH 1\n  JZ again",
        "INVOKEVIRTUAL Base.name",
        "NULL C\n  PUSH 1\n  JMP a\n.shape Shape, i32\na:\n  POP\n  POP",
        "NULL Base\n  PUSH 1\n  JMP a\n.shape Shape, i32\na:\n  POP\n  POP",
    ]
    classes = ".class C extends Base implements Shape\n  y: any\n  .method area: area\n.end"
    files = []
    for text in texts:
        locals_ = ".local a: any\n.local b: Base\n.local s: Shape"
        source = f"{HEAD}{classes}\n.func main()\n{locals_}\n  {text}\n  HALT\n.end\n"
        files.append(written(assemble(source, isa, "rule.tba")))
    ends = agree(files, "rule")
    assert ends[0] > 8 and ends[5] > 8, ends


def raw(code: bytes) -> bytes:
    """A function main of GOOD with this code, which no assembler would make."""
    functions = (Function(code, 3, (), 2), *GOOD.functions[1:])
    return tbc.write(Module(TYPES, functions=functions, pages=pages()))


def test_immediates_that_name_nothing() -> None:
    """INVOKEVIRTUAL, INVOKEINTERFACE, CAST and INSTANCEOF of every type code, with every method."""
    files = []
    for kind in range(26):
        for opcode in (0x0F, 0x10):
            files.append(raw(bytes([0x64, 7, 5, 0x64, opcode, kind, 0x02, 0x29])))
        for opcode in (0x0D, 0x0E):
            for method in range(3):
                files.append(raw(bytes([0x64, 7, 17, 1, 5, 0x64, opcode, kind, method, 0x02, 0x29])))
    assert agree(files, "immediate")[5] > 100


# --- layouts, numbers, tables -------------------------------------------------------------------------------


def random_hierarchy(rng: random.Random) -> Module:
    """Classes that extend each other and implement interfaces in many ways; main uses every field, method and type."""
    faces = rng.randrange(1, 12)
    methods = [rng.randrange(4) for _ in range(faces)]
    types: list[TypeEntry] = [FunctionType((), ()), FunctionType((ANY,), ())]
    at = 2 + faces
    for count in methods:
        types.append(InterfaceType(tuple(range(at, at + count))))
        at += count
    types += [FunctionType((16 + 2 + face,), ()) for face, count in enumerate(methods) for _ in range(count)]
    implemented: dict[int, set[int]] = {}
    for index in range(len(types), len(types) + rng.randrange(1, 40)):
        above = rng.choice([0, *implemented]) if implemented else 0
        parent = types[above]
        known = implemented.get(above, set())
        fields = tuple(
            rng.choice((1, 2, 3, 4, 5, 7, 10, 11, 12, 13, 16 + index)) for _ in range(rng.randrange(6))
        )
        virtuals = parent.virtuals if isinstance(parent, ClassType) else ()
        virtuals = tuple(rng.choice((each, 1 + rng.randrange(4))) for each in virtuals)
        virtuals += tuple(1 + rng.randrange(4) for _ in range(rng.randrange(4)))
        mine = [face for face in range(faces) if face not in known and virtuals and rng.random() < 0.3]
        rng.shuffle(mine)
        each = [
            Implementation(18 + face, tuple(rng.randrange(len(virtuals)) for _ in range(methods[face])))
            for face in mine
        ]
        types.append(ClassType(fields, 16 + above if above else 0, virtuals, tuple(each)))
        implemented[index] = known | set(mine)
    code = b""
    for index, entry in enumerate(types):
        name = write_leb(16 + index)
        null = b"\x64\x07" + name
        if isinstance(entry, ClassType):
            for number in range(len(entry.fields)):
                code += null + b"\x64\x01" + name + write_leb(number) + b"\x02"
            for number in range(len(entry.virtuals)):
                code += null + b"\x64\x0d" + name + write_leb(number)
        if isinstance(entry, InterfaceType):
            for number in range(len(entry.methods)):
                code += null + b"\x64\x0e" + name + write_leb(number)
        if isinstance(entry, (ClassType, InterfaceType)):
            code += null + b"\x64\x0f" + name + b"\x02"
    functions = [Function(code + HALT, 0, (), 1), *(Function(b"\x28", 1, (), 0) for _ in range(4))]
    return Module(tuple(types), functions=tuple(functions), pages=pages())


def test_hierarchies() -> None:
    """Offsets of fields, numbers of methods and types in resolved code, and all tables."""
    modules = [random_hierarchy(random.Random(f"{SEED} hierarchy {number}")) for number in range(HIERARCHIES)]
    assert agree([tbc.write(each) for each in modules], f"seed {SEED}, hierarchy") == {0: HIERARCHIES}


# --- hostile files ------------------------------------------------------------------------------------------


def implementing(*faces: int) -> tuple[Implementation, ...]:
    return tuple(Implementation(16 + face, ()) for face in faces)


def hostile() -> Iterator[tuple[str, Module]]:
    """Modules of some 30 to 150 KB that would be slow for a loader that looks at everything again for each class."""
    # Long signatures, equal and of different types, in many slots.
    alike = [FunctionType((5,), (1,) * 4000) for _ in range(3)]
    halt = [Function(HALT, number, (), 0) for number in range(3)]
    overriding = [ClassType((), 0, (1,) * 3000), *(ClassType((), 16 + 3, (n, 5 - n) * 1500) for n in (2, 3))]
    yield "long signatures", many([*alike, *overriding], halt)
    # A long chain of classes with interfaces, and many below it.
    faces = [InterfaceType(()) for _ in range(1000)]
    chain = [
        ClassType((), 16 + 999 + at if at else 0, (), implementing(*range(at, 1000, 200)))
        for at in range(200)
    ]
    yield "long chain", many([*faces, *chain, *(ClassType((), 16 + 1199) for _ in range(1500))])
    # Rows that fit between no others: each at both ends, and dense at one.
    ends = implementing(0, *range(980, 1000))
    yield "rows", many([*faces, *(ClassType((), 0, (), ends) for _ in range(250))])
    # Branches with deep stacks, each cell to be compared with an interface that a far superclass implements.
    base = ClassType((), 0, (), implementing(*range(1000)))
    deep = many([*faces, base, *(ClassType((), 16 + 1000 + at) for at in range(254))])
    count, branches = 1000, 8000
    nulls = (b"\x64\x07" + write_leb(16 + 1254)) * count
    target = len(nulls) + 6 * branches
    code = nulls + (b"\x01\x01\x22" + write_leb(target)) * branches + HALT
    shape = Shape(0, target, tuple(16 + 1 + n % 900 for n in range(count)))
    yield (
        "deep stacks",
        replace(deep, functions=(replace(deep.functions[0], code=code, max_stack=1001),), shapes=(shape,)),
    )


def test_hostile_files_take_their_time_only() -> None:
    for name, module in hostile():
        file = tbc.write(module)
        wanted = [built().expected(file)]
        started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        [(answer, message)] = built().answers([file], wanted)
        took = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - started
        print(f"{name}: {len(file)} bytes, {took:.2f} s")
        assert answer == wanted[0].answer, (name, message, wanted[0].message, str(answer))
        assert took < 3, name


def test_arrays_are_types_without_relatives() -> None:
    """An array's number is in no class's range."""
    types = (*TYPES, ArrayType(I32), ClassType((), 17, (2, 3)))
    files = []
    for given in range(16, 25):
        for local in (16, 17, 18, 23, 24):
            code = bytes([0x64, 7, given, 6, 0, 0x29])
            functions = (Function(code, 3, (local,), 1), *GOOD.functions[1:])
            files.append(tbc.write(Module(types, functions=functions, pages=pages())))
    assert agree(files, f"seed {SEED}, array")[0] >= 10
