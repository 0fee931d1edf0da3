"""What every well-formed module satisfies, whatever its code says.

The reader of files, the writer and whoever else makes modules share this one check, so that later
stages can use every index of a module without looking. Code is the verifier's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from ..opcodes import CORE, types
from ..opcodes.isa import PAGE_NAME
from .errors import ModuleError
from .hierarchy import Hierarchy
from .module import (
    EXPORT_KINDS,
    MAX_CODE,
    MAX_ELEMENTS,
    MAX_FRAME_CELLS,
    MAX_PAGES,
    MAX_SCREEN,
    UNMEASURED,
    ArrayType,
    ClassType,
    Constant,
    Debug,
    FunctionType,
    InterfaceType,
    Module,
    PageUse,
    TypeEntry,
)

MAX_TYPES = 0xFFFF00  # an object's header has 24 bits for its type code
# Of one class, inherited ones included.
MAX_FIELDS = 0xFFFF
MAX_VIRTUALS = 0xFFFF
MAX_DEPTH = 255  # superclasses of a class
# Fields, virtual methods and interface methods of all classes, inherited ones included: a small file could
# ask for tables that are as large as its square.
MAX_MEMBERS = 1 << 22
# What resolved code has to encode (core/program.py).
MAX_METHOD_PARAMETERS = 127  # of a virtual or interface method, with the receiver
MAX_INTERFACE_METHODS = 1 << 14  # of all interfaces
MAX_NAME_BYTES = 0xFFFF
MAX_LINE = 0x7FFFFFFF
MAX_SPACES = 1000  # memories, tables
MAX_SEGMENTS = 100_000  # of data, of elements
_RANGES = {
    "i32": (-(1 << 31), 1 << 31),
    "i64": (-(1 << 63), 1 << 63),
    "f32": (0, 1 << 32),
    "f64": (0, 1 << 64),
}
_WIDE = (types.I64.code, types.F64.code)


def check(module: Module) -> None:
    """Refuse a module whose indexes, types or sizes make no sense, whatever its code says.

    Raises ModuleError. A function's max_stack may be UNMEASURED. Code is not decoded: that is the
    verifier's work.
    """
    _check_types(module)
    for index, constant in enumerate(module.pool):
        _check_constant(index, constant)
    for code in module.globals:
        _check_code(module, code, "the type of a global")
    for index in range(len(module.functions)):
        _check_function(module, index)
    _check_memories(module)
    _check_tables(module)
    _check_classes(module)
    require(module.entry < len(module.functions), f"the entry point {module.entry} is no function")
    for name, value in (
        ("entry", module.entry),
        ("min_stack", module.min_stack),
        ("min_heap", module.min_heap),
    ):
        require(0 <= value < 1 << 32, f"{name} is {value}, no unsigned 32-bit number")
    _check_screen(*module.screen)
    _check_start(module)
    _check_pages(module.pages)
    _check_shapes(module)
    _check_imports(module)
    _check_exports(module)
    _check_names(module)
    _check_lines(module)


def is_wide(module: Module) -> bool:
    """Whether an i64 or f64 occurs in a type, local, global or pool entry: cells must have 64 bits."""
    return any(constant.kind in ("i64", "f64") for constant in module.pool) or any(
        code in _WIDE
        for code in chain(
            module.globals,
            chain.from_iterable(function.locals for function in module.functions),
            chain.from_iterable(components(entry) for entry in module.types),
        )
    )


def require(condition: bool, message: str) -> None:
    """Raise ModuleError with *message* unless *condition*."""
    if not condition:
        raise ModuleError(message)


def components(entry: TypeEntry) -> tuple[int, ...]:
    """The type codes that the entry is made of, in order."""
    if isinstance(entry, ClassType):
        return entry.fields
    if isinstance(entry, InterfaceType):
        return ()  # its methods' types are entries of their own
    return (entry.element,) if isinstance(entry, ArrayType) else entry.parameters + entry.results


def own_methods(module: Module, index: int) -> range:
    """The slots that class *index* adds to its superclass's, or the methods of an interface; else none."""
    entry = module.types[index]
    if isinstance(entry, InterfaceType):
        return range(len(entry.methods))
    if not isinstance(entry, ClassType):
        return range(0)
    above = module.type_entry(entry.superclass)
    return range(len(above.virtuals) if isinstance(above, ClassType) else 0, len(entry.virtuals))


def _check_code(module: Module, code: int, what: str, *, stored: bool = False, function: str = "") -> None:
    """A type code must name something that a cell (or, if *stored*, a field or element) can have."""
    built_in = types.BY_CODE.get(code)
    if built_in is not None:
        if built_in.is_storage_only and not stored:
            raise ModuleError(f"{what} is {built_in.name}, which only fields and elements can have", function)
    elif not isinstance(module.type_entry(code), (ClassType, InterfaceType, ArrayType)):
        raise ModuleError(f"{what} is {code}, which is no type", function)


def _check_types(module: Module) -> None:
    require(len(module.types) <= MAX_TYPES, f"it has more than {MAX_TYPES} types")
    for index, entry in enumerate(module.types):
        stored = not isinstance(entry, FunctionType)
        for code in components(entry):
            _check_code(module, code, f"a part of type {index}", stored=stored)
    _check_interfaces(module)
    _check_superclasses(module)


def _check_interfaces(module: Module) -> None:
    total = 0
    for index, entry in enumerate(module.types):
        if not isinstance(entry, InterfaceType):
            continue
        total += len(entry.methods)
        require(
            total <= MAX_INTERFACE_METHODS, f"its interfaces have more than {MAX_INTERFACE_METHODS} methods"
        )
        for method in entry.methods:
            type_ = module.types[method] if 0 <= method < len(module.types) else None
            if not isinstance(type_, FunctionType):
                raise ModuleError(
                    f"a method of interface {index} has type {method}, which is no function type"
                )
            receiver = types.FIRST_MODULE_TYPE + index
            if type_.parameters[:1] != (receiver,) or len(type_.parameters) > MAX_METHOD_PARAMETERS:
                raise ModuleError(
                    f"a method of interface {index} must take the interface first, and at most "
                    f"{MAX_METHOD_PARAMETERS} parameters"
                )


def _check_superclasses(module: Module) -> None:
    """A class inherits from an earlier one, and what all classes have together is limited."""
    depths = [0] * len(module.types)
    fields = [0] * len(module.types)
    methods = [0] * len(module.types)  # of interfaces, each time that a class implements one
    total = 0
    for index, entry in enumerate(module.types):
        if not isinstance(entry, ClassType):
            continue
        fields[index] = len(entry.fields)
        methods[index] = sum(1 + len(each.slots) for each in entry.interfaces)
        slots = 0
        if entry.superclass:
            above = entry.superclass - types.FIRST_MODULE_TYPE
            parent = module.types[above] if 0 <= above < index else None
            if not isinstance(parent, ClassType):
                raise ModuleError(
                    f"the superclass of class {index} is {entry.superclass}, which is no earlier class"
                )
            depths[index] = depths[above] + 1
            fields[index] += fields[above]
            methods[index] += methods[above]
            slots = len(parent.virtuals)
            require(depths[index] <= MAX_DEPTH, f"class {index} has more than {MAX_DEPTH} superclasses")
        require(fields[index] <= MAX_FIELDS, f"class {index} has more than {MAX_FIELDS} fields")
        virtuals = len(entry.virtuals)
        require(slots <= virtuals, f"class {index} has fewer virtual methods than its superclass")
        require(virtuals <= MAX_VIRTUALS, f"class {index} has more than {MAX_VIRTUALS} virtual methods")
        total += fields[index] + virtuals + methods[index]
        require(
            total <= MAX_MEMBERS, f"its classes have more than {MAX_MEMBERS} members, inherited ones included"
        )


class _Signatures:
    """What methods take besides their receiver, and what they give, so that many can be compared fast."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._known: dict[tuple[int, ...], int] = {}
        self._of: dict[int, tuple[int, int]] = {}  # index of a function type -> its parameters, its results

    def _number(self, codes: tuple[int, ...]) -> int:
        return self._known.setdefault(codes, len(self._known))

    def of(self, type_: int) -> tuple[int, int]:
        if type_ not in self._of:
            entry = self.module.types[type_]
            assert isinstance(entry, FunctionType)
            self._of[type_] = self._number(entry.parameters[1:]), self._number(entry.results)
        return self._of[type_]


def _check_classes(module: Module) -> None:
    """Every virtual method and every method of an interface has a function that can stand for it."""
    if not any(
        isinstance(entry, ClassType) and (entry.virtuals or entry.interfaces) for entry in module.types
    ):
        return
    hierarchy, signatures = Hierarchy(module.types), _Signatures(module)

    def fills(function: int, wanted: int) -> bool:
        """Whether *function* has the parameters and results of function type *wanted*; a single result can
        be a subtype (a covariant result)."""
        given = module.functions[function].type
        (parameters, results), (taken, expected) = signatures.of(given), signatures.of(wanted)
        if parameters != taken or results == expected:
            return parameters == taken
        gives, wants = module.types[given], module.types[wanted]
        assert isinstance(gives, FunctionType) and isinstance(wants, FunctionType)
        return len(gives.results) == len(wants.results) == 1 and hierarchy.assignable(
            gives.results[0], wants.results[0]
        )

    for index, entry in enumerate(module.types):
        if isinstance(entry, ClassType):
            code = types.FIRST_MODULE_TYPE + index
            above = module.type_entry(entry.superclass)
            inherited = above.virtuals if isinstance(above, ClassType) else ()
            for slot, function in enumerate(entry.virtuals):
                if slot < len(inherited) and inherited[slot] == function:
                    continue  # what takes an object of the superclass takes one of this class
                where = f"virtual method {slot} of class {index}"
                require(
                    0 <= function < len(module.functions), f"{where} is function {function}, which is none"
                )
                takes = module.function_type(function).parameters
                require(
                    0 < len(takes) <= MAX_METHOD_PARAMETERS,
                    f"{where} must take 1 to {MAX_METHOD_PARAMETERS} parameters, the object first",
                )
                require(
                    hierarchy.assignable(code, takes[0]), f"{where} does not take its class as its object"
                )
                if slot < len(inherited):
                    require(
                        fills(function, module.functions[inherited[slot]].type),
                        f"{where} has other parameters or results than what it overrides",
                    )
            known = hierarchy.interfaces(entry.superclass) if entry.superclass else frozenset()
            seen: set[int] = set()
            for each in entry.interfaces:
                face = module.type_entry(each.interface)
                if not isinstance(face, InterfaceType):
                    raise ModuleError(f"class {index} implements {each.interface}, which is no interface")
                where = f"class {index} implements interface {each.interface - types.FIRST_MODULE_TYPE}"
                require(each.interface not in known and each.interface not in seen, f"{where} twice")
                seen.add(each.interface)
                require(len(each.slots) == len(face.methods), f"{where} with {len(each.slots)} methods")
                for slot, method in zip(each.slots, face.methods, strict=True):
                    require(0 <= slot < len(entry.virtuals), f"{where} by slot {slot}, which it has not")
                    require(
                        fills(entry.virtuals[slot], method),
                        f"{where} by slot {slot}, which has other parameters or results",
                    )


def _check_constant(index: int, constant: Constant) -> None:
    kind, value = constant.kind, constant.value
    if kind == "string":
        require(isinstance(value, str), f"pool entry {index} is a string without text")
        return
    require(kind in _RANGES, f"pool entry {index} has the unknown kind {kind!r}")
    low, high = _RANGES[kind]
    require(isinstance(value, int) and low <= value < high, f"pool entry {index} exceeds {kind}")


def _check_memories(module: Module) -> None:
    require(len(module.memories) <= MAX_SPACES, f"it has more than {MAX_SPACES} memories")
    for index, memory in enumerate(module.memories):
        require(
            0 <= memory.minimum <= memory.maximum <= MAX_PAGES,
            f"memory {index} has {memory.minimum} to {memory.maximum} pages, and can have {MAX_PAGES}",
        )
    require(len(module.data) <= MAX_SEGMENTS, f"it has more than {MAX_SEGMENTS} data segments")
    for index, segment in enumerate(module.data):
        if segment.memory is None:
            require(segment.offset == 0, f"data segment {index} has an offset and no memory")
            continue
        require(
            0 <= segment.memory < len(module.memories),
            f"data segment {index} names memory {segment.memory}, and there are {len(module.memories)}",
        )
        size = module.memories[segment.memory].minimum << 16
        require(
            0 <= segment.offset <= size and len(segment.content) <= size - segment.offset,
            f"data segment {index} does not fit memory {segment.memory}, which starts with {size} bytes",
        )


def _check_tables(module: Module) -> None:
    require(len(module.tables) <= MAX_SPACES, f"it has more than {MAX_SPACES} tables")
    for index, table in enumerate(module.tables):
        require(
            0 <= table.minimum <= table.maximum <= MAX_ELEMENTS,
            f"table {index} has {table.minimum} to {table.maximum} elements",
        )
    require(len(module.elements) <= MAX_SEGMENTS, f"it has more than {MAX_SEGMENTS} element segments")
    for index, segment in enumerate(module.elements):
        for function in segment.functions:
            require(
                function is None or 0 <= function < len(module.functions),
                f"element segment {index} names function {function}, and there are {len(module.functions)}",
            )
        if segment.table is None:
            require(segment.offset == 0, f"element segment {index} has an offset and no table")
            continue
        require(
            0 <= segment.table < len(module.tables),
            f"element segment {index} names table {segment.table}, and there are {len(module.tables)}",
        )
        size = module.tables[segment.table].minimum
        require(
            0 <= segment.offset <= size and len(segment.functions) <= size - segment.offset,
            f"element segment {index} does not fit table {segment.table}, which starts with {size} elements",
        )


def _check_function(module: Module, index: int) -> None:
    function, name = module.functions[index], module.function_name(index)
    entry = module.types[function.type] if 0 <= function.type < len(module.types) else None
    if not isinstance(entry, FunctionType):
        raise ModuleError(f"its type {function.type} is no function type", name)
    for code in function.locals:
        _check_code(module, code, "the type of a local", function=name)
    if len(function.code) > MAX_CODE:
        raise ModuleError("its code is too long", name)
    if function.max_stack < 0 and function.max_stack != UNMEASURED:
        raise ModuleError(f"its max_stack is {function.max_stack}", name)
    cells = len(entry.parameters) + len(function.locals) + max(function.max_stack, 0)
    if cells > MAX_FRAME_CELLS:
        raise ModuleError(f"its frame has {cells} cells, the limit is {MAX_FRAME_CELLS}", name)
    if len(entry.results) > MAX_FRAME_CELLS:  # of a function that never returns: no frame says so
        raise ModuleError(f"it has {len(entry.results)} results, the limit is {MAX_FRAME_CELLS}", name)


def _check_screen(width: int, height: int) -> None:
    require(
        width == height == 0 or (1 <= width <= MAX_SCREEN and 1 <= height <= MAX_SCREEN),
        f"its screen is {width} by {height}: both must be 1 to {MAX_SCREEN}",
    )


def _check_start(module: Module) -> None:
    if module.start is not None:
        require(
            0 <= module.start < len(module.functions), f"the start function {module.start} is no function"
        )
        plain = module.function_type(module.start) == FunctionType((), ())
        require(plain, f"the start function {module.start} takes or gives something")
    previous = -1
    for index in module.fixed_globals:
        require(previous < index < len(module.globals), f"the fixed global {index} is none, or out of order")
        previous = index


def _check_pages(pages: Sequence[PageUse]) -> None:
    prefixes: set[int] = set()
    previous = ""
    for number, use in enumerate(pages):
        require(PAGE_NAME.fullmatch(use.name) is not None, f"{use.name!r} is no name of a page")
        if use.name == CORE.name:
            require(number == 0, "page core is not listed first, or twice")
            require(use.prefix == -1, "page core has a prefix")
        else:
            require(use.name > previous, f"page {use.name} is listed twice or not in order of names")
            previous = use.name
            require(0x60 <= use.prefix <= 0xFE, f"page {use.name} cannot have prefix {use.prefix:#x}")
            require(use.prefix not in prefixes, f"two pages have prefix {use.prefix:#x}")
            prefixes.add(use.prefix)
        require(0 <= use.last <= 0xFF, f"page {use.name} has no opcode {use.last:#x}")
        require(0 <= use.fingerprint < 1 << 64, f"the fingerprint of page {use.name} exceeds 64 bits")


def _check_shapes(module: Module) -> None:
    previous = (-1, -1)
    for shape in module.shapes:
        require(0 <= shape.function < len(module.functions), f"a shape names function {shape.function}")
        function, name = module.functions[shape.function], module.function_name(shape.function)
        if not 0 <= shape.offset < len(function.code):
            raise ModuleError("a shape stands behind its code", name, shape.offset)
        if (shape.function, shape.offset) <= previous:
            raise ModuleError("the shapes are not in order", name, shape.offset)
        previous = (shape.function, shape.offset)
        if function.max_stack != UNMEASURED and len(shape.types) > function.max_stack:
            raise ModuleError("a shape is deeper than its operand stack", name, shape.offset)
        for code in shape.types:
            _check_code(module, code, "a type in a shape", function=name)


def _check_imports(module: Module) -> None:
    counts = {"table": len(module.tables), "memory": len(module.memories), "global": len(module.globals)}
    following = dict.fromkeys(counts, 0)
    for index, each in enumerate(module.imports):
        _check_name(each.module)
        _check_name(each.name)
        if each.kind == "function":
            entry = module.types[each.type] if 0 <= each.type < len(module.types) else None
            require(isinstance(entry, FunctionType), f"import {index} has type {each.type}, no function type")
            continue
        require(each.kind in counts, f"import {index} has the unknown kind {each.kind!r}")
        require(
            each.type == following[each.kind] < counts[each.kind],
            f"import {index} is {each.kind} {each.type}, which is none or not in order",
        )
        following[each.kind] += 1


def _check_exports(module: Module) -> None:
    counts = (len(module.functions), len(module.tables), len(module.memories), len(module.globals))
    limits = dict(zip(EXPORT_KINDS, counts, strict=True))
    previous: str | None = None
    for number, each in enumerate(module.exports):
        _check_name(each.name)
        require(each.kind in limits, f"export {number} has the unknown kind {each.kind!r}")
        require(
            0 <= each.index < limits[each.kind],
            f"export {number} is {each.kind} {each.index}, and there are {limits[each.kind]}",
        )
        require(previous is None or previous < each.name, "the exports are not in order of their names")
        previous = each.name


def _check_names(module: Module) -> None:
    debug = module.debug
    tables: tuple[tuple[str, Sequence[object], int], ...] = (
        ("functions", debug.functions, len(module.functions)),
        ("globals", debug.globals, len(module.globals)),
        ("types", debug.types, len(module.types)),
        ("fields", debug.fields, len(module.types)),
        ("locals", debug.locals, len(module.functions)),
        ("methods", debug.methods, len(module.types)),
    )
    for what, table, count in tables:
        require(len(table) in (0, count), f"{len(table)} names of {what}, expected {count} or none")
    for type_index, names in enumerate(debug.fields):
        entry = module.types[type_index]
        count = len(entry.fields) if isinstance(entry, ClassType) else 0
        require(len(names) in (0, count), f"type {type_index} has names of {len(names)} fields, not {count}")
    for type_index, names in enumerate(debug.methods):
        count = len(own_methods(module, type_index))
        require(len(names) in (0, count), f"type {type_index} has names of {len(names)} methods, not {count}")
    for index, names in enumerate(debug.locals):
        count = len(module.function_type(index).parameters) + len(module.functions[index].locals)
        require(len(names) in (0, count), f"function {index} has names of {len(names)} locals, not {count}")
    for index, name in enumerate(debug.types):
        named = isinstance(module.types[index], (ClassType, InterfaceType))
        require(not name or named, f"type {index} has a name but is no class or interface")
    for name in _all_names(debug):
        _check_name(name)


def _check_name(name: str) -> None:
    require(len(_encode(name)) <= MAX_NAME_BYTES, "a name is longer than 65535 bytes")


def _all_names(debug: Debug) -> Iterable[str]:
    flat = chain(debug.functions, debug.globals, debug.types)
    nested = chain(debug.fields, debug.locals, debug.methods)
    return chain((debug.source,), flat, chain.from_iterable(nested))


def _encode(name: str) -> bytes:
    try:
        return name.encode()
    except UnicodeEncodeError:
        raise ModuleError(f"the name {name!r} has a lone surrogate") from None


def _check_lines(module: Module) -> None:
    lines = module.debug.lines
    require(len(lines) in (0, len(module.functions)), f"lines of {len(lines)} functions")
    for index, rows in enumerate(lines):
        previous = -1
        for offset, line in rows:
            if not previous < offset < len(module.functions[index].code) or not 0 <= line <= MAX_LINE:
                raise ModuleError("a row of the line table is wrong", module.function_name(index), offset)
            previous = offset
