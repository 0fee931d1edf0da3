"""Module: a program as every stage of the pipeline knows it.

A module is frozen; the code of a function stays bytes. `tbc` reads and writes its file form, `asm` and
`dis` its text form, the verifier of the stack room checks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..opcodes import types

NO_LINES: tuple[tuple[int, int], ...] = ()
# A function whose operand stack has not been measured yet: the verifier fills it in.
UNMEASURED = -1

# Limits of the format and of the runtime. Sizes are computed in Python without overflow; these bound
# what C code has to represent.
MAX_FRAME_CELLS = 0x7FFF  # parameters + locals + operand stack of one function
MAX_CODE = 0x7FFFFFFF
MAX_PAGES = 0x10000  # of a linear memory: addresses have 32 bits
MAX_ELEMENTS = 0xFFFFFFFF  # of a table
MAX_SCREEN = 0x4000  # columns, rows


@dataclass(frozen=True, slots=True)
class Implementation:
    """That a class implements an interface. interface: its type code; slots: for each of its methods the
    slot of the class's virtual methods that has it."""

    interface: int
    slots: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ClassType:
    """A class. fields: type codes of those that it adds to its superclass's; superclass: a type code, 0 for
    none; virtuals: a function index for each slot: first the superclass's slots, with the same function or
    one that overrides it, then new ones; interfaces: those that it adds to its superclass's."""

    fields: tuple[int, ...]
    superclass: int = 0
    virtuals: tuple[int, ...] = ()
    interfaces: tuple[Implementation, ...] = ()


@dataclass(frozen=True, slots=True)
class InterfaceType:
    """An interface. methods: for each the index in the type table of its function type, whose first
    parameter is the interface."""

    methods: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ArrayType:
    """An array; its elements' type code."""

    element: int


@dataclass(frozen=True, slots=True)
class FunctionType:
    """Types of parameters and results; type codes of the operand stack (no storage-only types)."""

    parameters: tuple[int, ...]
    results: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """A linear memory: the pages of 64 KiB that it has at first, and the most that it can have."""

    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class DataSegment:
    """Bytes for a linear memory. memory: the one that holds them from the start, at *offset*; None for
    bytes that the program copies itself."""

    content: bytes
    memory: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class FunctionTable:
    """A table of function references: the elements that it has at first, and the most that it can have."""

    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class ElementSegment:
    """Indexes of functions, None for null, for a table. table: the one that holds them from the start, at
    *offset*; None for elements that the program copies itself."""

    functions: tuple[int | None, ...]
    table: int | None = None
    offset: int = 0


TypeEntry = ClassType | InterfaceType | ArrayType | FunctionType


@dataclass(frozen=True, slots=True)
class Constant:
    """An entry of the constant pool.

    kind: "i32", "i64", "f32", "f64" or "string". value: a signed integer, the bits of a float, or a
    string (which may hold lone surrogates, as Java's can).
    """

    kind: str
    value: int | str


@dataclass(frozen=True, slots=True)
class Function:
    """A function: code, index of its FunctionType in the type table, type codes of its locals without
    the parameters, and the deepest its operand stack gets, in cells."""

    code: bytes
    type: int
    locals: tuple[int, ...] = ()
    max_stack: int = UNMEASURED


# What an import or export can be, in order of their numbers in a file: those of WebAssembly.
EXPORT_KINDS = ("function", "table", "memory", "global")


@dataclass(frozen=True, slots=True)
class Import:
    """A thing that the host gives. module, name: what it is called by, any text; kind: of EXPORT_KINDS.

    type: of a function the index of its FunctionType in the type table; code calls it by an opcode that names
    the import. Of the others the index of what stands for it among the module's tables, memories or globals,
    and says what is wanted: its sizes, its type, whether it is fixed. Those come first there, in order of
    the imports."""

    module: str
    name: str
    type: int
    kind: str = "function"


@dataclass(frozen=True, slots=True)
class Export:
    """A thing of the module that its host finds by name. name: any text; kind: of EXPORT_KINDS; index: of the
    thing among those of its kind."""

    name: str
    kind: str
    index: int


@dataclass(frozen=True, slots=True)
class PageUse:
    """A page that the module's code uses: its prefix byte in this file (-1 for the core page), the
    highest opcode used, and the fingerprint of the page's declarations up to that one."""

    name: str
    prefix: int
    last: int
    fingerprint: int


@dataclass(frozen=True, slots=True)
class Shape:
    """The types on the operand stack at an instruction that the verifier cannot know in one pass."""

    function: int
    offset: int
    types: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Debug:
    """What only people need. Everything may be missing.

    source: name of the source file. functions, globals, types: names by index (types: of classes and
    interfaces, "" for others). fields, methods: for each type entry the names of the fields and of the
    methods that it adds. locals: for each function the names of parameters and locals. lines: for each
    function (offset, line) pairs, offsets ascending.
    """

    source: str = ""
    functions: tuple[str, ...] = ()
    globals: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    fields: tuple[tuple[str, ...], ...] = ()
    locals: tuple[tuple[str, ...], ...] = ()
    lines: tuple[tuple[tuple[int, int], ...], ...] = ()
    methods: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Module:
    """A program. entry: index of the function that runs first; min_stack in cells, min_heap in bytes;
    collector: whether the program relies on a garbage collector; screen: its columns and rows, 0 for none;
    exports: in ascending order of their names, of which there is one of each. start: a function that takes
    and gives nothing, and runs once before anything else does, None for none. fixed_globals: in ascending
    order the globals that nothing sets but the start function; of an imported one, that the host's is so."""

    types: tuple[TypeEntry, ...] = ()
    pool: tuple[Constant, ...] = ()
    globals: tuple[int, ...] = ()
    functions: tuple[Function, ...] = ()
    entry: int = 0
    min_stack: int = 0
    min_heap: int = 0
    collector: bool = False
    pages: tuple[PageUse, ...] = ()
    shapes: tuple[Shape, ...] = ()
    memories: tuple[Memory, ...] = ()
    data: tuple[DataSegment, ...] = ()
    tables: tuple[FunctionTable, ...] = ()
    elements: tuple[ElementSegment, ...] = ()
    screen: tuple[int, int] = (0, 0)
    imports: tuple[Import, ...] = ()
    exports: tuple[Export, ...] = ()
    start: int | None = None
    fixed_globals: tuple[int, ...] = ()
    debug: Debug = field(default_factory=Debug)

    def imported(self, kind: str) -> int:
        """How many things of this kind the module imports: the first of its tables, memories, globals."""
        return sum(each.kind == kind for each in self.imports)

    def function_type(self, index: int) -> FunctionType:
        """The type of function *index*; the module must be well-formed."""
        entry = self.types[self.functions[index].type]
        assert isinstance(entry, FunctionType)
        return entry

    def called_type(self, kind: str, immediates: Sequence[int], which: int) -> FunctionType:
        """The type of a callee that is found when it runs. kind: of the immediate that names it, number
        *which* of *immediates*: "method" with the type code of its owner before it, or a function type. The
        code has been verified."""
        named = immediates[which]
        if kind != "method":
            found = self.types[named]
        else:
            owner = self.type_entry(immediates[which - 1])
            if isinstance(owner, ClassType):
                return self.function_type(owner.virtuals[named])
            assert isinstance(owner, InterfaceType)
            found = self.types[owner.methods[named]]
        assert isinstance(found, FunctionType)
        return found

    def type_entry(self, code: int) -> TypeEntry | None:
        """The entry of the type table that type code *code* names, or None."""
        index = code - types.FIRST_MODULE_TYPE
        return self.types[index] if 0 <= index < len(self.types) else None

    def function_name(self, index: int) -> str:
        """The function's name, or f and its index."""
        names = self.debug.functions
        return names[index] if index < len(names) and names[index] else f"f{index}"

    def line(self, function: int, offset: int) -> int:
        """The source line of the instruction at *offset*, 0 when it is not known."""
        lines = self.debug.lines[function] if function < len(self.debug.lines) else NO_LINES
        found = 0
        for start, line in lines:
            if start > offset:
                break
            found = line
        return found

    def type_name(self, code: int) -> str:
        """How assembly spells the type *code*."""
        if code in types.BY_CODE:
            return types.BY_CODE[code].name
        # A file may nest arrays without end, or name an array as its own element: its text must still end.
        brackets = ""
        while isinstance(entry := self.type_entry(code), ArrayType) and len(brackets) < 2 * 16:
            code, brackets = entry.element, brackets + "[]"
        if code in types.BY_CODE:
            return types.BY_CODE[code].name + brackets
        index = code - types.FIRST_MODULE_TYPE
        names = self.debug.types
        named = 0 <= index < len(names) and names[index]
        return (names[index] if named else f"t{index}") + brackets


def canonical_types(module: Module) -> tuple[int, ...]:
    """For each entry of the type table the first one that equals it: by this number function types are
    compared when a program runs."""
    first: dict[TypeEntry, int] = {}
    return tuple(first.setdefault(entry, index) for index, entry in enumerate(module.types))
