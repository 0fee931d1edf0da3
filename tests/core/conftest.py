"""Random well-formed modules, for the tests of the file and the text form."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace

import pytest
from hypothesis import strategies as st

from tblvm.core.asm_import import body_of_import
from tblvm.core.code import relax, write_leb
from tblvm.core.errors import ModuleError
from tblvm.core.module import (
    EXPORT_KINDS,
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
    Shape,
    TypeEntry,
)
from tblvm.core.registry import load
from tblvm.core.wellformed import check, own_methods
from tblvm.opcodes import CORE, Isa, Opcode, OpcodeSet, Page, class_, field, i32, imm_s, imm_u, target
from tblvm.opcodes.signature import SIGNED_KINDS
from tblvm.opcodes.types import BUILT_IN, FIRST_MODULE_TYPE
from tblvm.opcodes.values import C, F, jump

# Two pages as plug-ins have them: names that need quotes, and an opcode that hides behind core's.
hyphen = OpcodeSet(Page("test-page"), library="test")
dotted = OpcodeSet(Page("test.other"), library="test")


@hyphen(0x00, "ADD")
def plug_add(a: i32, first: imm_s, second: imm_u) -> i32:
    """Adds both immediates."""
    return a + first + second


@hyphen(0x7F, "TWICE")
def twice(to: target) -> None:
    """Goes there."""
    jump(to)


@dotted(0x03, "TWICE")
def other_twice(kind: class_[C]) -> None:
    """Does nothing with a class."""


@dotted(0xFF, "LONE")
def lone(count: imm_u, kind: class_[C], which: field[C, F], to: target) -> None:
    """Has every position that an immediate can have."""
    jump(to)


def collect() -> Isa:
    return Isa([*load().opcode_sets, hyphen, dotted])


@pytest.fixture(scope="session")
def isa() -> Isa:
    return collect()


def texts(max_size: int = 8) -> st.SearchStrategy[str]:
    """Strings as Java has them: any code unit, pairs of surrogates joined."""
    anything = st.text(st.characters(), max_size=max_size)
    return anything.map(lambda s: s.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass"))


NAMES = st.one_of(
    st.sampled_from(
        ["", "", "main", "f", "g", "i32", "$x", "$1", "nan", "last", "a.b", "\x1b[31m", 'a"b\\', "ü\u202e;#"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
CONSTANTS = st.one_of(
    st.integers(-(1 << 31), (1 << 31) - 1).map(lambda v: Constant("i32", v)),
    st.integers(-(1 << 63), (1 << 63) - 1).map(lambda v: Constant("i64", v)),
    st.integers(0, (1 << 32) - 1).map(lambda v: Constant("f32", v)),
    st.integers(0, (1 << 64) - 1).map(lambda v: Constant("f64", v)),
    texts().map(lambda v: Constant("string", v)),
    st.sampled_from(
        [Constant("f32", 0x7FC00000), Constant("f64", 0x7FF8 << 48), Constant("f32", 0xFF800000)]
    ),
)


@dataclass(frozen=True)
class Types:
    """The type codes of a module that may stand in a cell, and those that may also be stored."""

    entries: tuple[TypeEntry, ...]
    cell: tuple[int, ...]
    stored: tuple[int, ...]


@st.composite
def type_tables(draw: st.DrawFn) -> Types:
    kinds = draw(st.lists(st.sampled_from("caif"), max_size=7))
    kinds.insert(draw(st.integers(0, len(kinds))), "f")
    own = [FIRST_MODULE_TYPE + index for index, kind in enumerate(kinds) if kind != "f"]
    stored = (*(each.code for each in BUILT_IN), *own)
    cell = (*(each.code for each in BUILT_IN if not each.is_storage_only), *own)
    lists = st.lists(st.sampled_from(cell), max_size=3).map(tuple)
    entries: list[TypeEntry] = []
    extra: list[TypeEntry] = []  # the types of interface methods
    for kind in kinds:
        if kind == "c":
            entries.append(ClassType(tuple(draw(st.lists(st.sampled_from(stored), max_size=3)))))
        elif kind == "i":
            receiver = FIRST_MODULE_TYPE + len(entries)
            count = draw(st.integers(0, 2))
            entries.append(InterfaceType(tuple(len(kinds) + len(extra) + at for at in range(count))))
            extra += [
                FunctionType((receiver, *draw(lists)[:1]), draw(st.sampled_from([(), (1,)])))
                for _ in range(count)
            ]
        elif kind == "a":
            entries.append(ArrayType(draw(st.sampled_from(stored))))
        else:
            entries.append(FunctionType(draw(lists), draw(lists)))
    return Types((*entries, *extra), cell, stored)


@st.composite
def codes(
    draw: st.DrawFn, opcodes: list[Opcode], prefixes: dict[str, int]
) -> tuple[bytes, list[int], list[Opcode]]:
    """Code that decodes, whatever it means, the offsets of its instructions, and their opcodes."""
    chosen = draw(st.lists(st.sampled_from(opcodes), max_size=12))
    # Filler makes some branch offsets longer than a byte.
    chosen += [opcodes[0]] * draw(st.sampled_from([0, 0, 110, 126, 127, 128, 129]))
    numbers = st.one_of(st.integers(0, 25), st.sampled_from([200, 0x7FFFFFFF]))
    pieces: list[bytes | int] = []
    heads: list[int] = []
    for opcode in chosen:
        heads.append(len(pieces))
        prefix = prefixes[opcode.page.name]
        pieces.append(bytes([opcode.code] if prefix < 0 else [prefix, opcode.code]))
        kinds = list(opcode.kinds)
        if kinds[-1:] == ["targets"]:
            count = draw(st.sampled_from([0, 1, 2, 3, 130]))
            pieces.append(write_leb(count))
            kinds[-1:] = ["target"] * (count + 1)
        for kind in kinds:
            signed = kind in SIGNED_KINDS
            if kind == "imm_u32" and draw(st.booleans()):
                pieces.append(write_leb(draw(st.sampled_from([1 << 31, (1 << 32) - 1]))))
            elif kind == "target" and draw(st.booleans()):
                pieces.append(draw(st.integers(0, len(chosen))))
            else:
                value = draw(numbers) * (draw(st.sampled_from([1, -1])) if signed else 1)
                pieces.append(write_leb(value, signed=signed))
    heads.append(len(pieces))
    offsets = relax(pieces, heads)
    code = b"".join(write_leb(offsets[heads[each]]) if isinstance(each, int) else each for each in pieces)
    return code, [offsets[head] for head in heads[:-1]], chosen


def optional_names(draw: st.DrawFn, count: int) -> tuple[str, ...]:
    return tuple(draw(NAMES) for _ in range(count)) if draw(st.booleans()) else ()


def debugs(draw: st.DrawFn, table: Types, functions: list[Function], global_count: int) -> Debug:
    def lines(size: int) -> tuple[tuple[int, int], ...]:
        offsets = draw(st.lists(st.integers(0, size - 1), unique=True, max_size=4)) if size else []
        return tuple((offset, draw(st.integers(0, 0x7FFFFFFF))) for offset in sorted(offsets))

    types_: tuple[str, ...] = ()
    if draw(st.booleans()):
        named = (ClassType, InterfaceType)
        types_ = tuple(draw(NAMES) if isinstance(each, named) else "" for each in table.entries)
    fields: tuple[tuple[str, ...], ...] = ()
    if draw(st.booleans()):
        counts = [len(each.fields) if isinstance(each, ClassType) else 0 for each in table.entries]
        fields = tuple(optional_names(draw, count) for count in counts)
    locals_: tuple[tuple[str, ...], ...] = ()
    if draw(st.booleans()):
        arities = [table.entries[each.type] for each in functions]
        counts = [
            len(each.locals) + len(entry.parameters)
            for each, entry in zip(functions, arities, strict=True)
            if isinstance(entry, FunctionType)
        ]
        locals_ = tuple(optional_names(draw, count) for count in counts)
    return Debug(
        source=draw(NAMES),
        functions=optional_names(draw, len(functions)),
        globals=optional_names(draw, global_count),
        types=types_,
        fields=fields,
        locals=locals_,
        lines=tuple(lines(len(each.code)) for each in functions) if draw(st.booleans()) else (),
    )


@st.composite
def limits(draw: st.DrawFn, highest: int) -> list[tuple[int, int]]:
    """The least and the most of a few memories or tables."""
    most = draw(st.lists(st.sampled_from([0, 1, 2, highest]) | st.integers(0, highest), max_size=3))
    return [(draw(st.integers(0, each)), each) for each in most]


@st.composite
def places(draw: st.DrawFn, sizes: tuple[int, ...], length: int) -> tuple[int | None, int]:
    """Where a segment of that length is from the start, or nowhere."""
    fitting = [index for index, size in enumerate(sizes) if length <= size]
    index = draw(st.none() | st.sampled_from(fitting)) if fitting else None
    return index, 0 if index is None else draw(st.integers(0, min(sizes[index] - length, (1 << 32) - 1)))


@st.composite
def module_strategy(draw: st.DrawFn, isa: Isa) -> Module:
    """Modules that are well-formed and decode; nothing says that they verify."""
    table = draw(type_tables())
    signatures = [index for index, entry in enumerate(table.entries) if isinstance(entry, FunctionType)]
    free = draw(
        st.lists(st.integers(0xE0, 0xFE), min_size=len(isa.pages), max_size=len(isa.pages), unique=True)
    )
    prefixes = {
        name: free[index] if page.prefix is None else page.prefix
        for index, (name, page) in enumerate(isa.pages.items())
    }
    opcodes = list(isa)
    used: list[Opcode] = []
    cells = st.lists(st.sampled_from(table.cell), max_size=3).map(tuple)
    functions, shapes = [], []
    for index in range(draw(st.integers(1, 4))):
        code, starts, chosen = draw(codes(opcodes, prefixes))
        used += chosen
        for start in starts[:12]:
            if draw(st.integers(0, 5)) == 0:
                shapes.append(Shape(index, start, draw(cells)))
        functions.append(
            Function(code, draw(st.sampled_from(signatures)), draw(cells), draw(st.integers(3, 99)))
        )
    globals_ = draw(cells)
    memories = draw(limits(1 << 16))
    tables = draw(limits((1 << 32) - 1))
    data = []
    for content in draw(st.lists(st.binary(max_size=70), max_size=3)):
        index, offset = draw(places(tuple(least << 16 for least, _ in memories), len(content)))
        data.append(DataSegment(content, index, offset))
    elements = []
    names = st.none() | st.integers(0, len(functions) - 1)
    for named in draw(st.lists(st.lists(names, max_size=5).map(tuple), max_size=3)):
        index, offset = draw(places(tuple(least for least, _ in tables), len(named)))
        elements.append(ElementSegment(named, index, offset))
    imports = [
        Import(draw(NAMES), draw(NAMES), draw(st.sampled_from(signatures)))
        for _ in range(draw(st.sampled_from([0, 0, 1, 3])))
    ]
    for which in draw(st.lists(st.integers(0, max(0, len(imports) - 1)), unique=True)) if imports else ():
        index = imports[which].type
        type_ = table.entries[index]
        assert isinstance(type_, FunctionType)
        body, code = body_of_import(isa, which, type_), b""
        for opcode, immediates in body:
            prefix = prefixes[opcode.page.name]
            code += bytes([opcode.code] if prefix < 0 else [prefix, opcode.code])
            code += b"".join(map(write_leb, immediates))
        used += [opcode for opcode, _ in body]
        depth = len(type_.results) + draw(st.sampled_from([0, 0, 0, 1]))
        functions.append(Function(code, index, type_.results, depth))
    exports = []
    counts = dict(zip(EXPORT_KINDS, map(len, (functions, tables, memories, globals_)), strict=True))
    for name in sorted(draw(st.sets(NAMES, max_size=3))):
        kind = draw(st.sampled_from([kind for kind in EXPORT_KINDS if counts[kind]]))
        exports.append(Export(name, kind, draw(st.integers(0, counts[kind] - 1))))
    module = Module(
        types=table.entries,
        pool=tuple(draw(st.lists(CONSTANTS, max_size=4))),
        globals=globals_,
        functions=tuple(functions),
        entry=draw(st.integers(0, len(functions) - 1)),
        min_stack=draw(st.integers(0, (1 << 32) - 1)),
        min_heap=draw(st.integers(0, (1 << 32) - 1)),
        collector=draw(st.booleans()),
        pages=tuple(page_uses(draw, isa, prefixes, used)),
        shapes=tuple(shapes),
        memories=tuple(Memory(*each) for each in memories),
        data=tuple(data),
        tables=tuple(FunctionTable(*each) for each in tables),
        elements=tuple(elements),
        screen=draw(st.sampled_from([(0, 0), (0, 0), (1, 0x4000), (640, 480)])),
        imports=tuple(imports),
        exports=tuple(exports),
        debug=debugs(draw, table, functions, len(globals_)),
    )
    module = with_classes(draw, module)
    if draw(st.booleans()):
        counts = [len(own_methods(module, index)) for index in range(len(module.types))]
        methods = tuple(optional_names(draw, count) for count in counts)
        module = replace(module, debug=replace(module.debug, methods=methods))
    return module


def with_classes(draw: st.DrawFn, module: Module) -> Module:
    """The module with superclasses, virtual methods and interfaces where they fit."""

    def accepted(index: int, entry: ClassType) -> bool:
        nonlocal module
        changed = replace(module, types=(*module.types[:index], entry, *module.types[index + 1 :]))
        with contextlib.suppress(ModuleError):
            check(changed)
            module = changed
            return True
        return False

    classes = [index for index, entry in enumerate(module.types) if isinstance(entry, ClassType)]
    faces = [index for index, entry in enumerate(module.types) if isinstance(entry, InterfaceType)]
    functions = st.integers(0, len(module.functions) - 1)
    for number, index in enumerate(classes):
        entry = module.types[index]
        assert isinstance(entry, ClassType)
        if number and draw(st.booleans()):
            above = draw(st.sampled_from(classes[:number]))
            parent = module.types[above]
            assert isinstance(parent, ClassType)
            tried = replace(entry, superclass=FIRST_MODULE_TYPE + above, virtuals=parent.virtuals)
            entry = tried if accepted(index, tried) else entry
        for _ in range(draw(st.integers(0, 3))):
            virtuals = [*entry.virtuals, draw(functions)]
            if entry.virtuals and draw(st.booleans()):
                virtuals[draw(st.integers(0, len(entry.virtuals) - 1))] = virtuals.pop()
            tried = replace(entry, virtuals=tuple(virtuals))
            entry = tried if accepted(index, tried) else entry
        for face in draw(st.lists(st.sampled_from(faces), max_size=2)) if faces else ():
            wanted = module.types[face]
            assert isinstance(wanted, InterfaceType)
            slots = tuple(draw(st.integers(0, max(0, len(entry.virtuals) - 1))) for _ in wanted.methods)
            more = Implementation(FIRST_MODULE_TYPE + face, slots)
            tried = replace(entry, interfaces=(*entry.interfaces, more))
            entry = tried if accepted(index, tried) else entry
    return module


def page_uses(draw: st.DrawFn, isa: Isa, prefixes: dict[str, int], used: list[Opcode]) -> list[PageUse]:
    """The pages that the code uses; some claim more opcodes than it uses, some are listed for nothing."""
    uses = []
    for name in sorted(isa.pages, key=lambda page: (page != CORE.name, page)):
        codes_used = [opcode.code for opcode in used if opcode.page.name == name]
        if codes_used or draw(st.integers(0, 3)) == 0:
            last = max(codes_used, default=0) if draw(st.integers(0, 2)) else 0xFF
            uses.append(PageUse(name, prefixes[name], last, isa.fingerprint(name, last)))
    return uses


@pytest.fixture(scope="session")
def modules(isa: Isa) -> st.SearchStrategy[Module]:
    return module_strategy(isa)
