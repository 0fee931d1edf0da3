"""The disassembler: a module as text that assembles to the same file again, and as a listing.

What assembly arranges by itself (the order of the pool and of the type table, labels, names, lines) is
left to it where it gives the same result, and spelled out where the module has it otherwise. Names that
are missing, or that two things share, are replaced by handles ($3), which the assembler does not keep.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from ..opcodes import CORE, Isa, Opcode, types
from ..opcodes.signature import SIGNED_KINDS
from .asm import NAME_TABLES
from .asm_function import IMPLIED, LISTED
from .asm_import import body_of_import
from .code import Decoder, relax, write_leb
from .errors import ModuleError
from .module import (
    EXPORT_KINDS,
    MAX_ELEMENTS,
    MAX_PAGES,
    UNMEASURED,
    ArrayType,
    ClassType,
    Debug,
    Export,
    FunctionType,
    Implementation,
    InterfaceType,
    Module,
)
from .text import constant_text, quote, spell
from .wellformed import check, components, own_methods

# Deeper arrays of arrays are spelled by handles, so that a text cannot grow with the square of a file.
_MAX_NESTING = 8
_ROW = 32  # bytes of a data segment in a line
_PAGE_WORDS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


def disassemble(module: Module, isa: Isa) -> str:
    """Text from which `assemble` makes a module with the same file bytes.

    Raises ModuleError when the module is malformed, its code does not decode, or its pages are not those
    of *isa*.
    """
    check(module)
    bodies = _decode(module, isa)
    printer = _Printer(module, isa, bodies, explicit_types=False, explicit_pool=False)
    text = printer.text()
    if printer.order_is_natural():
        return text
    again = _Printer(
        module,
        isa,
        bodies,
        explicit_types=not printer.types_are_natural(),
        explicit_pool=not printer.pool_is_natural(),
    )
    return again.text()


def listing(module: Module, isa: Isa) -> str:
    """The code for people: offset, bytes and instruction, one a line, branch targets as offsets.

    Raises ModuleError like `disassemble`.
    """
    check(module)
    bodies = _decode(module, isa)
    printer = _Printer(module, isa, bodies, explicit_types=True, explicit_pool=False)
    lines: list[str] = []
    for index, body in enumerate(bodies):
        code = module.functions[index].code
        lines.append(f"{spell(module.function_name(index))}: {len(code)} bytes")
        for each in body:
            operands = ", ".join(printer.operands(index, each, {}))
            words = f"{printer.mnemonic(each.opcode)} {operands}".rstrip()
            lines.append(f"  {each.start:06x}  {code[each.start : each.end].hex(' '):<20}  {words}")
        lines.append("")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Instruction:
    start: int
    opcode: Opcode
    immediates: tuple[int, ...]
    end: int


def _decode(module: Module, isa: Isa) -> list[list[_Instruction]]:
    decoder = Decoder(isa, module.pages)
    listed = {use.name for use in module.pages}
    bodies = []
    for index, function in enumerate(module.functions):
        name = module.function_name(index)
        body: list[_Instruction] = []
        try:
            for found in decoder.instructions(function.code):
                body.append(_Instruction(*found))
        except ValueError as error:
            at = body[-1].end if body else 0
            raise ModuleError(str(error), name, at, module.line(index, at)) from None
        for each in body:
            if each.opcode.page.name not in listed:
                raise ModuleError(f"page {each.opcode.page.name} is not listed", name, each.start)
        bodies.append(body)
    return bodies


def _names(
    recorded: Sequence[str], count: int, first: int = 0, taken: Set[str] = frozenset()
) -> list[tuple[str, str]]:
    """For each of *count* things how text refers to it, and how it declares it. first: the number of the
    first one; taken: names that mean others."""
    names = [*recorded, *[""] * (count - len(recorded))]
    often = Counter(names)
    spelled = []
    for index, name in enumerate(names, first):
        if name and often[name] == 1 and name not in taken:
            spelled.append((spell(name), spell(name)))
        else:
            spelled.append((f"${index}", f"${index}={spell(name)}" if name else f"${index}"))
    return spelled


def _at(table: Sequence[tuple[str, ...]], index: int) -> tuple[str, ...]:
    return table[index] if index < len(table) else ()


class _Printer:
    """One attempt at the text, noting in which order it mentions types and constants."""

    def __init__(
        self,
        module: Module,
        isa: Isa,
        bodies: list[list[_Instruction]],
        *,
        explicit_types: bool,
        explicit_pool: bool,
    ) -> None:
        self.module, self.isa, self.bodies = module, isa, bodies
        self.explicit_types, self.explicit_pool = explicit_types, explicit_pool
        debug = module.debug
        self.functions = _names(debug.functions, len(module.functions))
        self.globals = _names(debug.globals, len(module.globals))
        self.classes = [
            (quote(name), quote(name)) if name in types.BY_NAME else (name, declared)
            for name, declared in _names(debug.types, len(module.types))
        ]
        self.fields = [
            _names(_at(debug.fields, index), len(components(entry)))
            for index, entry in enumerate(module.types)
        ]
        self.methods = self._method_names()
        self.locals = [
            _names(
                _at(debug.locals, index), len(module.function_type(index).parameters) + len(function.locals)
            )
            for index, function in enumerate(module.functions)
        ]
        self.type_handles = self._find_type_handles()
        first = {constant: index for index, constant in reversed(list(enumerate(module.pool)))}
        self.pool_handles = {index for index, each in enumerate(module.pool) if first[each] != index}
        self.shapes: dict[int, dict[int, tuple[int, ...]]] = {}
        for shape in module.shapes:
            self.shapes.setdefault(shape.function, {})[shape.offset] = shape.types
        self.callers = self._find_callers()
        self.called = set(self.callers.values())
        self.imported = {kind: module.imported(kind) for kind in EXPORT_KINDS}
        # In order of their first mention.
        self.mentioned_types: dict[int, None] = {}
        self.mentioned_constants: dict[int, None] = {}

    def _method_names(self) -> list[dict[int, tuple[str, str]]]:
        """For each class and interface how text refers to the methods that it adds, and declares them."""
        module = self.module
        found: list[dict[int, tuple[str, str]]] = []
        taken: list[frozenset[str]] = []  # with all that is inherited
        for index, entry in enumerate(module.types):
            own = own_methods(module, index)
            above = entry.superclass if isinstance(entry, ClassType) else 0
            inherited = taken[above - types.FIRST_MODULE_TYPE] if above else frozenset()
            names = _at(module.debug.methods, index)
            spelled = _names(names, len(own), own.start, inherited)
            found.append(dict(zip(own, spelled, strict=True)))
            taken.append(inherited.union(names))
        return found

    def method(self, code: int, slot: int) -> str:
        """How text refers to a method of a class or interface, which may be an inherited one."""
        while slot not in self.methods[code - types.FIRST_MODULE_TYPE]:
            entry = self.module.type_entry(code)
            assert isinstance(entry, ClassType)
            code = entry.superclass
        return self.methods[code - types.FIRST_MODULE_TYPE][slot][0]

    # --- imports --------------------------------------------------------------------------------------

    def _find_callers(self) -> dict[int, int]:
        """Functions that `.import` makes, each with its import: those of the last imported functions, in
        order, or none at all."""
        module, found = self.module, {}
        for index, body in enumerate(self.bodies):
            which = body[0].immediates[0] if body and body[0].opcode.kinds == ("import",) else -1
            if 0 <= which < len(module.imports) and self._is_caller(index, which):
                found[index] = which
        functions = [at for at, each in enumerate(module.imports) if each.kind == "function"]
        if not found or list(found.values()) != functions[len(functions) - len(found) :]:
            return {}
        # What else is imported behind the first of them stands there too, and so behind what is not imported.
        own = {"table": len(module.tables), "memory": len(module.memories), "global": len(module.globals)}
        late = {each.kind for each in module.imports[next(iter(found.values())) :]} - {"function"}
        return {} if any(own[kind] > module.imported(kind) for kind in late) else found

    def _is_caller(self, index: int, which: int) -> bool:
        """Whether `.import` says all that there is of the function."""
        module, function, debug = self.module, self.module.functions[index], self.module.debug
        type_ = module.function_type(index)
        names = debug.locals[index] if debug.locals else ()
        count = len(type_.parameters)
        return (
            (module.imports[which].kind, module.imports[which].type) == ("function", function.type)
            and function.type not in self.type_handles
            and function.locals == type_.results
            and function.max_stack == len(type_.results)
            and index not in self.shapes
            and not (debug.lines and debug.lines[index])
            and not any(names[count:])
            and (len(names) == count + len(function.locals) or not debug.locals)
            and [(each.opcode, each.immediates) for each in self.bodies[index]]
            == body_of_import(self.isa, which, type_)
        )

    def _import_line(self, index: int) -> str:
        each = self.module.imports[self.callers[index]]
        line = f".import {self._head(index)}: {quote(each.module)}, {quote(each.name)}"
        self.mentioned_types.setdefault(each.type)
        return line

    def _named_import(self, index: int, globals_: Sequence[str]) -> str:
        """An import that is not a function's. globals_: the type of each global."""
        each = self.module.imports[index]
        names = f"{quote(each.module)}, {quote(each.name)}"
        if each.kind == "function":
            return f".import ${index}: {names}, {self._function_type(each.type)}"
        if each.kind == "global":
            return f".import global {self.globals[each.type][1]}: {names}, {globals_[each.type]}"
        limits = self._table(each.type) if each.kind == "table" else self._memory(each.type)
        return f".import {each.kind} ${each.type}: {names}, {limits}"

    def _memory(self, index: int) -> str:
        return _limits(self.module.memories[index].minimum, self.module.memories[index].maximum, MAX_PAGES)

    def _table(self, index: int) -> str:
        return _limits(self.module.tables[index].minimum, self.module.tables[index].maximum, MAX_ELEMENTS)

    # --- order ----------------------------------------------------------------------------------------

    def _find_type_handles(self) -> set[int]:
        """Types that structure cannot name: repeated, referred to before they stand, or nested deep."""
        entries = self.module.types
        handles: set[int] = set()
        depths = [0] * len(entries)
        known: dict[object, int] = {}
        for index, entry in enumerate(entries):
            for code in components(entry) if not isinstance(entry, ClassType) else ():
                part = code - types.FIRST_MODULE_TYPE
                if part >= index and not isinstance(entries[part], (ClassType, InterfaceType)):
                    handles.add(part)
            if isinstance(entry, ArrayType):
                part = entry.element - types.FIRST_MODULE_TYPE
                nested = 0 <= part < index and part not in handles
                depths[index] = depths[part] + 1 if nested else 1
            named = isinstance(entry, (ClassType, InterfaceType))
            repeated = not named and known.get(entry, index) != index
            if repeated or depths[index] > _MAX_NESTING:
                handles.add(index)
            if index not in handles:
                known[entry] = index
        return handles

    def types_are_natural(self) -> bool:
        declared = (ClassType, InterfaceType)
        classes = [i for i, entry in enumerate(self.module.types) if isinstance(entry, declared)]
        order = [*classes, *self.mentioned_types]
        return not self.type_handles and order == list(range(len(self.module.types)))

    def pool_is_natural(self) -> bool:
        return not self.pool_handles and list(self.mentioned_constants) == list(range(len(self.module.pool)))

    def order_is_natural(self) -> bool:
        return self.types_are_natural() and self.pool_is_natural()

    # --- types ----------------------------------------------------------------------------------------

    def type(self, code: int) -> str:
        """The name of a type, which must be a class, an array or built in."""
        if code in types.BY_CODE:
            return types.BY_CODE[code].name
        index = code - types.FIRST_MODULE_TYPE
        entry = self.module.types[index]
        if isinstance(entry, (ClassType, InterfaceType)):
            return self.classes[index][0]
        if index in self.type_handles:
            return f"${index}"
        assert isinstance(entry, ArrayType)
        text = self.type(entry.element) + "[]"
        self.mentioned_types.setdefault(index)
        return text

    def _results(self, entry: FunctionType) -> str:
        results = [self.type(code) for code in entry.results]
        if not results:
            return ""
        return f" -> {results[0]}" if len(results) == 1 else f" -> ({', '.join(results)})"

    def _signature(self, entry: FunctionType) -> str:
        parameters = ", ".join(self.type(code) for code in entry.parameters)
        return f"({parameters}){self._results(entry)}"

    def _type_lines(self) -> Iterator[str]:
        for index, entry in enumerate(self.module.types):
            if isinstance(entry, ClassType):
                yield from self._class_lines(index, entry)
            elif isinstance(entry, InterfaceType):
                yield from self._interface_lines(index, entry)
            elif self.explicit_types:
                handle = f"${index} = " if index in self.type_handles else ""
                if isinstance(entry, ArrayType):
                    yield f".type {handle}{self.type(entry.element)}[]"
                else:
                    yield f".type {handle}{self._signature(entry)}"

    def _unnamed(self, index: int) -> Iterator[str]:
        """What has no names in a class or interface although there are names in others."""
        debug = self.module.debug
        if self.fields[index] and debug.fields and not debug.fields[index]:
            yield "    .nonames fields"
        if self.methods[index] and debug.methods and not debug.methods[index]:
            yield "    .nonames methods"

    def _class_lines(self, index: int, entry: ClassType) -> Iterator[str]:
        code = types.FIRST_MODULE_TYPE + index
        natural = all(self._is_natural(code, each) for each in entry.interfaces)
        head = f".class {self.classes[index][1]}"
        if entry.superclass:
            head += f" extends {self.type(entry.superclass)}"
        if entry.interfaces and natural:
            head += " implements " + ", ".join(self.type(each.interface) for each in entry.interfaces)
        yield head
        yield from self._unnamed(index)
        for (_, declared), field in zip(self.fields[index], entry.fields, strict=True):
            yield f"    {declared}: {self.type(field)}"
        above = self.module.type_entry(entry.superclass)
        inherited = above.virtuals if isinstance(above, ClassType) else ()
        for slot, function in enumerate(entry.virtuals):
            name = self.functions[function][0]
            if slot >= len(inherited):
                yield f"    .method {self.methods[index][slot][1]}: {name}"
            elif function != inherited[slot]:
                yield f"    .override {self.method(code, slot)}: {name}"
        if not natural:
            for each in entry.interfaces:
                slots = ", ".join(self.method(code, slot) for slot in each.slots)
                yield f"    .implements {self.type(each.interface)}: {slots}".rstrip()
        yield ".end"

    def _is_natural(self, code: int, implemented: Implementation) -> bool:
        """Whether the class implements the interface by its methods of the same names."""
        names = self.methods[implemented.interface - types.FIRST_MODULE_TYPE]
        return all(
            names[at][0] == self.method(code, slot) and not names[at][0].startswith("$")
            for at, slot in enumerate(implemented.slots)
        )

    def _interface_lines(self, index: int, entry: InterfaceType) -> Iterator[str]:
        yield f".interface {self.classes[index][1]}"
        yield from self._unnamed(index)
        for at, method in enumerate(entry.methods):
            name = self.methods[index][at][1]
            if method in self.type_handles:
                yield f"    {name}: ${method}"
                continue
            type_ = self.module.types[method]
            assert isinstance(type_, FunctionType)
            parameters = ", ".join(self.type(code) for code in type_.parameters[1:])
            yield f"    {name}({parameters}){self._results(type_)}"
            self.mentioned_types.setdefault(method)
        yield ".end"

    # --- the whole ------------------------------------------------------------------------------------

    def text(self) -> str:
        module = self.module
        lines = [*self._settings(), *self._page_lines()]
        if self.explicit_pool:
            for index, constant in enumerate(module.pool):
                handle = f"${index} " if index in self.pool_handles else ""
                lines.append(f".pool {handle}{constant.kind} {constant_text(constant)}")
        lines.extend(self._type_lines())
        fixed = set(module.fixed_globals)
        globals_ = [
            "fixed " * (index in fixed) + self.type(code) for index, code in enumerate(module.globals)
        ]
        imports = deque(range(len(module.imports)))

        def named() -> Iterator[str]:
            """Up to the next import that a function stands for."""
            while imports and imports[0] not in self.called:
                yield self._named_import(imports.popleft(), globals_)

        lines.extend(named())
        for index in range(self.imported["global"], len(module.globals)):
            lines.append(f".global {self.globals[index][1]}: {globals_[index]}")
        lines.extend(self._space_lines())
        for index in range(len(module.functions)):
            if index in self.callers:
                imports.popleft()
                lines += [self._import_line(index), *named()]
            else:
                lines += ["", *self._function_lines(index)]
        return "\n".join(lines) + "\n"

    def _settings(self) -> Iterator[str]:
        module = self.module
        yield f".source {quote(module.debug.source)}"
        if module.collector:
            yield ".collector"
        if module.min_stack:
            yield f".stack {module.min_stack}"
        if module.min_heap:
            yield f".heap {module.min_heap}"
        if any(module.screen):
            yield f".screen {module.screen[0]}, {module.screen[1]}"
        for each in module.exports:
            thing = self._exported(each)
            yield f".export {spell(each.name)}" + (f": {thing}" if thing else "")
        if self.functions[module.entry][0] != "main":
            yield f".entry {self.functions[module.entry][0]}"
        if module.start is not None:
            yield f".start {self.functions[module.start][0]}"
        kept, natural = _kept_tables(module.debug)
        if kept != natural:
            yield f".names {' '.join(kept)}" if kept else ".nonames"
        if not module.debug.lines:
            yield ".nolines"

    def _exported(self, export: Export) -> str:
        """What is exported; nothing for a function of the same name."""
        if export.kind == "function":
            name = self.functions[export.index][0]
            return "" if export.name and name == spell(export.name) else name
        name = self.globals[export.index][0] if export.kind == "global" else f"${export.index}"
        return f"{export.kind} {name}"

    def _page_lines(self) -> Iterator[str]:
        used: dict[str, int] = {}
        for body in self.bodies:
            for each in body:
                page = each.opcode.page.name
                used[page] = max(used.get(page, 0), each.opcode.code)
        for use in self.module.pages:
            bound = self.isa.pages[use.name].prefix is None
            stated = used.get(use.name) != use.last
            if bound or stated:
                prefix = f" {use.prefix:#x}" if bound else ""
                yield f".page {_page(use.name)}{prefix}" + (f" last {use.last:#x}" if stated else "")

    # --- memories, tables, segments ---------------------------------------------------------------------

    def _space_lines(self) -> Iterator[str]:
        module = self.module
        for index in range(self.imported["memory"], len(module.memories)):
            yield f".memory ${index}: {self._memory(index)}"
        for index in range(self.imported["table"], len(module.tables)):
            yield f".table ${index}: {self._table(index)}"
        for index, data in enumerate(module.data):
            yield f".data ${index}" + ("" if data.memory is None else f": ${data.memory}, {data.offset}")
            for at in range(0, len(data.content), _ROW):
                yield f"    {quote(data.content[at : at + _ROW].decode('latin-1'))}"
            yield ".end"
        for index, each in enumerate(module.elements):
            yield f".elem ${index}" + ("" if each.table is None else f": ${each.table}, {each.offset}")
            for function in each.functions:
                yield f"    {'null' if function is None else self._element(function)}"
            yield ".end"

    def _element(self, function: int) -> str:
        name = self.functions[function][0]
        return quote(name) if name == "null" else name

    # --- functions ------------------------------------------------------------------------------------

    def _head(self, index: int) -> str:
        """`name(a: T, …) -> R`."""
        entry = self.module.function_type(index)
        parameters = ", ".join(
            f"{name}: {self.type(code)}"
            for (_, name), code in zip(self.locals[index], entry.parameters, strict=False)
        )
        return f"{self.functions[index][1]}({parameters}){self._results(entry)}"

    def _function_lines(self, index: int) -> Iterator[str]:
        module, function = self.module, self.module.functions[index]
        names, count = self.locals[index], len(module.function_type(index).parameters)
        yield f".func {self._head(index)}"
        if function.type in self.type_handles:
            yield f"    .signature ${function.type}"
        self.mentioned_types.setdefault(function.type)
        if names and module.debug.locals and not module.debug.locals[index]:
            yield "    .nonames"
        for (_, name), code in zip(names[count:], function.locals, strict=True):
            yield f"    .local {name}: {self.type(code)}"
        if function.max_stack != UNMEASURED:
            yield f"    .max_stack {function.max_stack}"
        yield from self._code_lines(index)
        yield ".end"

    def _code_lines(self, index: int) -> Iterator[str]:
        body, function = self.bodies[index], self.module.functions[index]
        labels = _labels(body, len(function.code))
        shapes = dict(self.shapes.get(index, {}))
        lines = self.module.debug.lines
        rows = deque(lines[index] if lines else ())
        if lines and not rows:
            yield "    .nolines"
        for each in body:
            while rows and rows[0][0] <= each.start:
                offset, line = rows.popleft()
                yield f"    .line {line}" + (f" {offset}" if offset != each.start else "")
            if each.start in labels:
                yield f"{labels[each.start]}:"
            if each.start in shapes:
                yield f"    .shape {', '.join(map(self.type, shapes.pop(each.start)))}".rstrip()
            operands = ", ".join(self.operands(index, each, labels))
            yield f"    {self.mnemonic(each.opcode)} {operands}".rstrip()
        for offset, line in rows:
            yield f"    .line {line} {offset}"
        if len(function.code) in labels:
            yield f"{labels[len(function.code)]}:"
        if shapes:
            name = self.module.function_name(index)
            raise ModuleError("a shape stands inside an instruction", name, min(shapes))

    def mnemonic(self, opcode: Opcode) -> str:
        """The opcode's name, with its page where the name alone means another one."""
        try:
            if self.isa.find(opcode.name) is opcode:
                return opcode.name
        except LookupError:  # it is ambiguous
            pass
        return f"{_page(opcode.page.name)}.{opcode.name}"

    def operands(self, function: int, each: _Instruction, labels: dict[int, str]) -> Iterator[str]:
        """The operands of an instruction; as @number what has no meaning in this module."""
        kinds, values = each.opcode.kinds, each.immediates
        slots = list(each.opcode.slots(values))
        implied = not any(value for kind, value in slots if kind in IMPLIED)
        skip = False
        for index, (kind, value) in enumerate(slots):
            if skip:
                skip = False
            elif kind in IMPLIED and implied:
                continue
            elif kind in ("class", "interface") and kinds[index + 1 : index + 2] in (("field",), ("method",)):
                member = self._member(kinds[index : index + 2], value, values[index + 1])
                skip = bool(member)
                yield member or f"@{value}"
            else:
                yield self._operand(kind, value, function, labels) or f"@{value}"

    def _member(self, kinds: tuple[str, ...], code: int, ordinal: int) -> str:
        entry = self.module.type_entry(code)
        if kinds[0] == "interface":
            fits = isinstance(entry, InterfaceType) and ordinal < len(entry.methods)
        elif kinds[1] == "method":
            fits = isinstance(entry, ClassType) and ordinal < len(entry.virtuals)
        else:
            fits = isinstance(entry, ClassType) and ordinal < len(entry.fields)
        if not fits:
            return ""
        if kinds[1] == "method":
            return f"{self.type(code)}.{self.method(code, ordinal)}"
        return f"{self.type(code)}.{self.fields[code - types.FIRST_MODULE_TYPE][ordinal][0]}"

    def _operand(self, kind: str, value: int, function: int, labels: dict[int, str]) -> str:
        if kind in ("imm_s", "imm_u", "imm_u32"):
            return str(value)
        if kind == "target":
            return labels.get(value, "")
        if kind in LISTED and kind != "func":
            if value >= len(getattr(self.module, LISTED[kind])):
                return ""
            # An import that a function stands for has no name but that function's; only functions have one.
            named = kind != "import" or (
                value not in self.called and self.module.imports[value].kind == "function"
            )
            return f"${value}" if named else ""
        if kind == "functype":
            return self._function_type(value)
        if kind in ("local", "global", "func"):
            tables = {"local": self.locals[function], "global": self.globals, "func": self.functions}
            table = tables[kind]
            return table[value][0] if value < len(table) else ""
        if kind == "pool":
            return self._constant(value)
        entry = self.module.type_entry(value)
        fits = {
            "class": isinstance(entry, ClassType),
            "interface": isinstance(entry, InterfaceType),
            "array": isinstance(entry, ArrayType),
            "reftype": isinstance(entry, (ClassType, InterfaceType, ArrayType))
            or (value in types.BY_CODE and types.is_reference_code(value)),
        }
        return self.type(value) if fits.get(kind) else ""

    def _function_type(self, index: int) -> str:
        entry = self.module.types[index] if index < len(self.module.types) else None
        if not isinstance(entry, FunctionType):
            return ""
        if index in self.type_handles:
            return f"${index}"
        text = self._signature(entry)
        self.mentioned_types.setdefault(index)
        return text

    def _constant(self, index: int) -> str:
        if index >= len(self.module.pool):
            return ""
        self.mentioned_constants.setdefault(index)
        return f"${index}" if index in self.pool_handles else constant_text(self.module.pool[index])


def _limits(least: int, most: int, highest: int) -> str:
    return f"{least}" if most == highest else f"{least}, {most}"


def _page(name: str) -> str:
    return name if _PAGE_WORDS.fullmatch(name) else quote(name)


def _kept_tables(debug: Debug) -> tuple[list[str], list[str]]:
    """The tables of names that the module has, and those that assembly would keep by itself."""
    flat = {"functions": debug.functions, "globals": debug.globals, "types": debug.types}
    nested = {"fields": debug.fields, "locals": debug.locals, "methods": debug.methods}
    kept = {name for name, table in (*flat.items(), *nested.items()) if table}
    natural = {name for name, table in flat.items() if any(table)}
    natural |= {name for name, table in nested.items() if any(map(any, table))}
    return [name for name in NAME_TABLES if name in kept], [name for name in NAME_TABLES if name in natural]


def _labels(body: list[_Instruction], size: int) -> dict[int, str]:
    """Labels by offset for the targets of branches, in order.

    None at all when the assembler would give some branch a shorter offset: a longer one can make itself
    necessary by the room that it takes. Targets inside an instruction have no label either.
    """
    starts = {each.start: index for index, each in enumerate(body)} | {size: len(body)}
    wanted = {
        value
        for each in body
        for kind, value in each.opcode.slots(each.immediates)
        if kind == "target" and value in starts
    }
    numbers = {offset: number for number, offset in enumerate(sorted(wanted))}
    pieces: list[bytes | int] = []
    heads: list[int] = []
    for each in body:
        heads.append(len(pieces))
        pieces.append(b"\0" * (1 if each.opcode.page == CORE else 2))
        if "targets" in each.opcode.kinds:
            pieces.append(write_leb(len(each.immediates) - len(each.opcode.kinds)))
        for kind, value in each.opcode.slots(each.immediates):
            is_label = kind == "target" and value in numbers
            pieces.append(numbers[value] if is_label else write_leb(value, signed=kind in SIGNED_KINDS))
    heads.append(len(pieces))
    offsets = relax(pieces, [heads[starts[offset]] for offset in numbers])
    if any(offsets[heads[index]] != offset for offset, index in starts.items()):
        return {}
    return {offset: f"L{number + 1}" for offset, number in numbers.items()}
