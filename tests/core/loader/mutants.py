"""Mutated modules: structured, so that many get past the first checks, and a seed makes each of them."""

from __future__ import annotations

import contextlib
import random
import struct
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from unittest.mock import patch

from tblvm.core import tbc
from tblvm.core.code import Decoder, write_leb
from tblvm.core.errors import ModuleError
from tblvm.core.hierarchy import Hierarchy
from tblvm.core.module import (
    UNMEASURED,
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
    Implementation,
    Import,
    InterfaceType,
    Memory,
    Module,
    PageUse,
)
from tblvm.core.wellformed import check, own_methods
from tblvm.stack import verify
from tblvm.stack.verify import _Checker, _Totals
from tests.differential.programs import sketch
from tests.differential.test_programs import MUTATIONS, _random_module, _types
from tests.harness import Registry, assembled, registry

SEEDS, GROWN, SKETCHES = 40, 10, 3
_PLUGIN = """\
.func main()
    READ
    PUSH 3
    numbers.GCD
    numbers.SHED
    PRINT
    NULL any
again:
    DUP
    JNULL again
    POP
    HALT
.end
"""


@cache
def modules(reg: Registry, seed: int) -> tuple[Module, ...]:
    """Small valid programs, some with names."""
    plain = ".func main()\n    HALT\n.end\n"
    made = [assembled(_PLUGIN if "numbers" in reg.isa.pages else plain, reg).module]
    # Mutations of modules know built-in pages only.
    base = registry()
    for number in range(SEEDS):
        rng = random.Random(f"{seed} loader {number}")
        module = grown(base, rng)
        made.append(replace(module, debug=_named(module) if number % 3 else Debug()))
    made += [grown(reg, random.Random(f"{seed} grown {number}")) for number in range(GROWN)]
    for number in range(SKETCHES):
        made.append(assembled(sketch(random.Random(f"{seed} sketch {number}"), size=3).text, reg).module)
    return tuple(made)


def _named(module: Module) -> Debug:
    """Names and lines of everything, some empty."""
    every = range(len(module.types))
    methods = [own_methods(module, at) for at in every]
    return Debug(
        source="a/b/ü.tba",
        functions=("main", "f", "ü\x07", "", "g", "h", "start"),
        types=tuple(_NAMES.get(type(each), "") for each in module.types),
        fields=tuple(
            tuple(f"f{n}" for n in range(len(each.fields) if isinstance(each, ClassType) else 0))
            for each in module.types
        ),
        methods=tuple(
            tuple(f"m{n}" for n in each) if at % 2 else () for at, each in zip(every, methods, strict=True)
        ),
        lines=(((0, 3),), (), ((2, 900),), (), (), (), ()),
    )


_NAMES: dict[type, str] = {ClassType: "C", InterfaceType: "I"}


# --- code that is made from nothing --------------------------------------------------------------------


def _ground(reg: Registry, rng: random.Random) -> Module:
    """A module with types, constants and globals of every kind, which lists all pages."""
    isa = reg.isa
    free = iter(range(0xE0, 0xFF))
    uses = []
    for name in sorted(isa.pages, key=lambda each: (each != "core", each)):
        prefix = isa.pages[name].prefix
        uses.append(
            PageUse(name, next(free) if prefix is None else prefix, 0xFF, isa.fingerprint(name, 0xFF))
        )
    table = (
        FunctionType((), ()),
        ClassType((1, 5, 17, 10, 2)),
        ArrayType(5),
        FunctionType((1, 5), (5,)),
        ArrayType(1),
        ClassType((4, 17, 1)),
        ArrayType(10),
        FunctionType((), (1,)),
        FunctionType((2,), (1, 17)),
        FunctionType((1, 5), (5,)),  # as one before
        FunctionType((8,), ()),
        InterfaceType((12, 13)),  # 27
        FunctionType((27, 1), (5,)),
        FunctionType((27,), (1, 17)),
        FunctionType((5, 1), (5,)),
        FunctionType((5,), (1, 17)),
        ClassType((10,), 17, (3, 4), (Implementation(27, (0, 1)),)),  # 32
        FunctionType((32, 1), (32,)),
        ClassType((10, 5, 12), 32, (5, 4, 3)),  # 34: another function, with a covariant result
        InterfaceType(()),  # 35
        ClassType((), 34, (5, 4, 5), (Implementation(35, ()),)),  # 36
        InterfaceType((22,)),  # 37
        FunctionType((37, 1), (32,)),
        ClassType((1, 5), 34, (5, 4, 3, 3), (Implementation(37, (0,)), Implementation(35, ()))),  # 39
        ClassType((2, 5)),  # 40
    )
    pool = (
        Constant("i32", 3),
        Constant("string", "x"),
        Constant("f64", 0),
        Constant("i64", -1),
        Constant("f32", 7),
    )
    cells = (1, 1, 2, 3, 4, 5, 6, 7, 8, 17, 18, 20, 21, 22, 27, 32, 34, 35, 36, 37, 39)
    far = rng.random() < 0.2  # with locals whose indexes are longer behind the link
    locals_ = tuple(
        rng.choice(cells) for _ in range(rng.choice((126, 127, 130)) if far else rng.randrange(6))
    )
    table += (FunctionType((), locals_),)  # what function 0 can ask of the host
    functions = (
        Function(b"\x29", rng.choice((0, 0, 7)), locals_),
        Function(b"\x05\x01\x28", 3),  # LOAD 1, RET
        Function(b"\x01\x05\x64\x07\x11\x28", 8, (5,)),  # PUSH 5, NULL 17, RET
        Function(b"\x05\x00\x28", 14),  # LOAD 0, RET
        Function(b"\x01\x05\x64\x07\x11\x28", 15),
        Function(b"\x05\x00\x28", 17, (34,)),
        Function(b"\x28", 0),  # RET: the start function
    )
    return Module(
        table,
        pool,
        (1, 5, 2, 17, 8),
        functions,
        pages=tuple(uses),
        memories=(Memory(1, 2), Memory(0, 0)),
        data=(DataSegment(b"abcde", 0, 65531), DataSegment(b"x"), DataSegment(b"", 1, 0)),
        tables=(FunctionTable(3, 9), FunctionTable(0, 0xFFFFFFFF)),
        elements=(ElementSegment((1, None), 0, 1), ElementSegment((0, 2, None))),
        imports=(
            Import("a", "", 3),
            Import("", "b", len(table) - 1),
            *rng.choice(((), (Import("a", "g", 0, "global"), Import("a", "m", 0, "memory")))),
            Import("a", "é", 8),
            *rng.choice(((), (Import("a", "g", 0, "table"),))),
        ),
        start=rng.choice((None, None, len(functions) - 1)),
        fixed_globals=rng.choice(((), (0,), (1, 4))),
        exports=(Export("", "global", 4), Export("a", "function", 5), Export("ab", "memory", 1)),
    )


# What immediates of these kinds should name.
_NAMED: dict[str, tuple[type, ...]] = {
    "class": (ClassType,),
    "interface": (InterfaceType,),
    "array": (ArrayType,),
}
_NAMED["reftype"] = (ClassType, InterfaceType, ArrayType)


def _grown_instruction(
    reg: Registry, module: Module, rng: random.Random, starts: list[int], at: int
) -> bytes:
    opcode = rng.choice(list(reg.isa.page(rng.choice(module.pages).name).values()))
    prefix = next(use.prefix for use in module.pages if use.name == opcode.page.name)
    code = bytes([opcode.code] if prefix < 0 else [prefix, opcode.code])
    for kind, signed in zip(opcode.kinds, opcode.signed, strict=True):
        value = rng.choice((0, 0, 1, 1, 2, 3, 4, 5, 8, rng.randrange(at + 12)))
        if kind in ("class", "interface", "array", "reftype"):
            meant = [16 + at for at, entry in enumerate(module.types) if isinstance(entry, _NAMED[kind])]
            value = rng.choice((5, 16 + rng.randrange(len(module.types)), *(rng.choice(meant),) * 4))
        elif kind == "local":
            value = rng.choice((0, 1, 2, 3, 124, 125, 126, 127, 128, 129))
        elif kind == "target" and rng.random() < 0.8:
            value = rng.choice((*starts, at + len(code) + 1 + rng.randrange(8)))
        elif kind == "functype":
            value = rng.choice((0, 3, 7, 8, 9, 1, 2))
        elif kind == "imm_u32":
            value = rng.choice((0, 7, 1 << 31, 0xFFFFFFFF))
        elif kind == "targets":
            count = rng.choice((0, 1, 2, 2, 5, 60, 130))
            code += write_leb(count)
            for _ in range(count):
                code += write_leb(rng.choice((*starts, at + len(code) + 2 + rng.randrange(8))))
            value = rng.choice((*starts, at + len(code) + 1 + rng.randrange(4)))
        elif signed:
            value = rng.choice((0, 1, -1, -2, 63, 64, -64, -65, 1 << 31 - 1, -1 << 31))
        code += write_leb(value, signed=signed)
    return code


def grown(reg: Registry, rng: random.Random) -> Module:
    """A module with code that the verifier accepts, found instruction by instruction."""
    module = _ground(reg, rng)
    code, starts = b"", [0]
    for _ in range(rng.choice((20, 40, 80))):
        tried, found = code, list(starts)
        for _ in range(rng.choice((1, 1, 2, 3))):
            tried += _grown_instruction(reg, module, rng, found, len(tried))
            found.append(len(tried))
        first = replace(module.functions[0], code=tried + b"\x29")
        try:
            verify(replace(module, functions=(first, *module.functions[1:])), reg.isa)
        except ModuleError:
            continue
        code, starts = tried, found
    first = replace(module.functions[0], code=code + b"\x29")
    return verify(replace(module, functions=(first, *module.functions[1:])), reg.isa).module


def module_mutant(reg: Registry, rng: random.Random, seed: int) -> bytes | None:
    """A file of a module that was changed in memory, valid or not; None where it cannot be written."""
    choice = rng.random()
    if choice < 0.1:
        module = grown(reg, rng)
    elif choice < 0.2:
        module = _random_module(rng)
    else:
        module = rng.choice(modules(reg, seed)[1 : SEEDS + 1])  # mutations know built-in pages only
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            if all(function.code for function in module.functions):
                module = rng.choice(MUTATIONS)(module, rng)
    # The names may be of another number of things than there are now.
    if rng.random() < 0.7:
        module = replace(module, debug=Debug())
    if rng.random() < 0.9:  # mutations change how deep the stack gets
        module = measured(module, reg)
    else:
        functions = (
            replace(each, max_stack=max(each.max_stack, rng.randrange(4))) for each in module.functions
        )
        module = replace(module, functions=tuple(functions))
    try:
        return tbc.write(module)
    except ModuleError:
        return None


# --- classes -------------------------------------------------------------------------------------------


def _extended(module: Module, rng: random.Random) -> ClassType:
    """A class below one that there is, with other methods, which implements what its methods may fit."""
    above = rng.choice([at for at, entry in enumerate(module.types) if isinstance(entry, ClassType)])
    parent = module.types[above]
    assert isinstance(parent, ClassType)
    virtuals = [*parent.virtuals, *(rng.randrange(len(module.functions)) for _ in range(rng.randrange(3)))]
    if virtuals and rng.random() < 0.4:
        virtuals[rng.randrange(len(virtuals))] = rng.randrange(len(module.functions))
    fields = tuple(rng.choice((1, 2, 5, 7, 10, 11, 12, 13)) for _ in range(rng.randrange(5)))
    faces = tuple(_implemented(module, len(virtuals), rng) for _ in range(rng.choice((0, 0, 1, 1, 2))))
    return ClassType(fields, 16 + above, tuple(virtuals), faces)


def _implemented(module: Module, virtuals: int, rng: random.Random) -> Implementation:
    faces = [at for at, entry in enumerate(module.types) if isinstance(entry, InterfaceType)]
    face = rng.choice(faces) if faces and rng.random() < 0.95 else rng.randrange(len(module.types) + 1)
    entry = module.types[face] if face < len(module.types) else None
    count = len(entry.methods) if isinstance(entry, InterfaceType) else 1
    count += rng.random() < 0.05
    return Implementation(
        16 + face, tuple(rng.randrange(virtuals + (rng.random() < 0.05) or 1) for _ in range(count))
    )


def _other_entry(module: Module, rng: random.Random) -> Module:
    """A module with one more class, with another class, interface or function type, or with two exchanged."""
    entries, choice = list(module.types), rng.random()
    index = rng.randrange(len(entries))
    classes = [at for at, entry in enumerate(entries) if isinstance(entry, (ClassType, InterfaceType))]
    if choice < 0.4 and any(isinstance(each, ClassType) for each in entries):
        entries.append(_extended(module, rng))
    elif choice < 0.5 and classes:
        index = rng.choice(classes)
        entry = entries[index]
        if isinstance(entry, ClassType):
            face = _implemented(module, len(entry.virtuals), rng)
            entries[index] = replace(entry, interfaces=(*entry.interfaces, face))
    elif choice < 0.6:
        other = rng.randrange(len(entries))
        entries[index], entries[other] = entries[other], entries[index]
    else:
        return _types(module, rng)
    return replace(module, types=tuple(entries))


def class_mutant(reg: Registry, rng: random.Random, seed: int) -> bytes | None:
    """A file of a module with other classes, well-formed or not; None where it cannot be written."""
    module = rng.choice(modules(reg, seed)[1:])
    for _ in range(rng.choice((1, 1, 2, 3))):
        module = _other_entry(module, rng)
    if rng.random() < 0.8:
        module = replace(module, debug=Debug())
    module = measured(module, reg)
    with patch.object(tbc, "check", lambda module: None):
        try:
            return tbc.write(module)
        except struct.error:
            return None


def measured(module: Module, reg: Registry) -> Module:
    """*module* with the right max_stack in each function, valid or not, as far as there is one: so that the
    first mistake is the one that was made."""
    functions = [replace(each, max_stack=UNMEASURED) for each in module.functions]
    module = replace(module, functions=tuple(functions))
    try:
        check(module)
        decoder = Decoder(reg.isa, module.pages)
    except ModuleError:
        return replace(module, functions=tuple(replace(each, max_stack=0) for each in functions))
    hierarchy = Hierarchy(module.types)
    for index in range(len(functions)):
        shapes = {each.offset: each.types for each in module.shapes if each.function == index}
        checker = _Checker(module, hierarchy, decoder, index, {}, shapes, _Totals(1 << 30))
        with contextlib.suppress(ModuleError):
            checker.run()
        deepest = max([checker.deepest, *map(len, shapes.values())])
        functions[index] = replace(functions[index], max_stack=min(deepest, 0x7FFF))
    return replace(module, functions=tuple(functions))


# --- files ---------------------------------------------------------------------------------------------


class Parts:
    """A valid file taken apart: the header's words, the three areas, the sections."""

    def __init__(self, file: bytes) -> None:
        self.version, self.flags = struct.unpack_from("<HH", file, 4)
        self.ends = list(struct.unpack_from("<3I", file, 32))
        places = struct.unpack_from("<6I", file, 8)
        self.areas = [
            bytearray(file[at : at + size]) for at, size in zip(places[::2], places[1::2], strict=True)
        ]
        (count,) = struct.unpack_from("<I", file, 44)
        rows = [struct.unpack_from("<3I", file, 48 + 12 * row) for row in range(count)]
        self.sections = [[word, bytearray(file[at : at + size])] for word, at, size in rows]

    def file(self, rng: random.Random) -> bytes:
        """Put together again; sometimes in another order, which readers do not rely on."""
        bodies = [*self.areas, *(body for _, body in self.sections)]
        order = list(range(len(bodies)))
        if rng.random() < 0.2:
            rng.shuffle(order)
        at = 48 + 12 * len(self.sections)
        places, tail = [(0, 0)] * len(bodies), bytearray()
        for index in order:
            if rng.random() < 0.9:
                tail += bytes(-len(tail) % 4)
            places[index] = (at + len(tail), len(bodies[index]))
            tail += bodies[index]
        words = [number for place in places[:3] for number in place]
        head = struct.pack("<4sHH6I3I", b"TBCO", self.version, self.flags, *words, *self.ends)
        head += struct.pack("<I", len(self.sections))
        for (word, _), place in zip(self.sections, places[3:], strict=True):
            head += struct.pack("<3I", word, *place)
        return head + bytes(tail)


def _word(rng: random.Random, body: bytearray) -> int:
    others = [int.from_bytes(body[at : at + 4], "little") for at in range(0, len(body) - 3, 4)] or [0]
    near = rng.choice(others)
    small = rng.choice((0, 1, 2, 3, 4, 5, 10, 13, 14, 15, 16, 17, 18, 20, 24, 0x7FFF, 0x8000))
    large = rng.choice((0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, rng.getrandbits(32)))
    return rng.choice((near, near + 1, near - 1, small, small, small, large)) & 0xFFFFFFFF


def _set_word(body: bytearray, rng: random.Random) -> None:
    if len(body) >= 4:
        at = rng.randrange(len(body) // 4) * 4
        struct.pack_into("<I", body, at, _word(rng, body))


def _set_byte(body: bytearray, rng: random.Random) -> None:
    if body:
        at = rng.randrange(len(body))
        body[at] = rng.choice((body[at] ^ (1 << rng.randrange(8)), rng.randrange(256), 0, 0x7F, 0x80, 0xFF))


def _insert(body: bytearray, rng: random.Random) -> None:
    size = rng.choice((1, 4, 4, 8, 12, 16, 24))
    at = rng.randrange(len(body) + 1) // 4 * 4
    body[at:at] = rng.choice((bytes(size), body[at : at + size], rng.randbytes(size)))


def _delete(body: bytearray, rng: random.Random) -> None:
    size = rng.choice((1, 4, 4, 8, 12, 16, 24))
    if len(body) > size:
        at = rng.randrange(len(body) - size) // 4 * 4
        del body[at : at + size]


def _swap(body: bytearray, rng: random.Random) -> None:
    size = rng.choice((4, 8, 12, 16, 24))
    if len(body) >= 2 * size:
        a, b = (rng.randrange(len(body) // size) * size for _ in range(2))
        body[a : a + size], body[b : b + size] = body[b : b + size], body[a : a + size]


_BODY: tuple[Callable[[bytearray, random.Random], None], ...] = (_set_word, _set_word, _set_byte, _set_byte)
_BODY += (_insert, _delete, _swap)


def _table(parts: Parts, rng: random.Random) -> None:
    """Another header, or another section table."""
    choice = rng.randrange(8)
    if choice == 0:
        parts.flags = rng.choice((0, 1, 2, 3, 4, 0xFFFF))
    elif choice == 1:
        parts.ends[rng.randrange(3)] = rng.choice((0, 1, 2, 3, 100, 0xFFFFFFFF))
    elif choice == 2 and parts.sections:
        del parts.sections[rng.randrange(len(parts.sections))]
    elif choice == 3 and parts.sections:
        row = rng.choice(parts.sections)
        row[0] = rng.choice((row[0] ^ 0x80000000, rng.randrange(25), rng.randrange(25) | 0x80000000))
    elif choice == 4:
        kind = rng.choice((7, 8, 9, 11, 19, 99, 0x7FFFFFFF)) | rng.choice((0, 0, 0, 0x80000000))
        parts.sections.append([kind, bytearray(rng.randbytes(rng.choice((0, 3, 4, 9))))])
        if rng.random() < 0.8:
            parts.sections.sort(key=lambda each: each[0] & 0x7FFFFFFF)
    elif choice == 5:
        rng.shuffle(parts.sections)
    elif choice == 6:
        parts.version = rng.choice((0, 1, 2))
    else:
        parts.sections.append([rng.choice((16, 17, 18)), bytearray(rng.randbytes(rng.randrange(6)))])
        parts.sections.sort(key=lambda each: each[0] & 0x7FFFFFFF)


def file_mutant(reg: Registry, rng: random.Random, seed: int) -> bytes:
    """A valid file with changed bytes, words or rows."""
    return change_file(tbc.write(rng.choice(modules(reg, seed))), rng)


def change_file(file: bytes, rng: random.Random) -> bytes:
    """The file with changed bytes, words or rows; its header and section table must be whole."""
    if rng.random() < 0.15:  # without care for what it means
        raw = bytearray(file)
        for _ in range(rng.choice((1, 1, 2, 4))):
            rng.choice((_set_byte, _set_word, _delete, _insert))(raw, rng)
        return bytes(raw)
    parts = Parts(file)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if rng.random() < 0.15:
            _table(parts, rng)
            continue
        bodies = [*parts.areas, *(body for _, body in parts.sections)]
        rng.choice(_BODY)(rng.choice(bodies), rng)
    return parts.file(rng)


def mutant(reg: Registry, number: int, seed: int) -> bytes:
    """Mutant *number* of *seed*."""
    rng = random.Random(f"{seed} mutant file {number}")
    choice = rng.random()
    made = module_mutant(reg, rng, seed) if choice < 0.4 else None
    made = class_mutant(reg, rng, seed) if choice > 0.75 else made
    return file_mutant(reg, rng, seed) if made is None else made
