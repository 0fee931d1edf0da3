"""From bytes to a WasmModule: the binary format of WebAssembly 1.0, section by section.

What is decoded is well-formed, no more: indexes name what they name later, in `validate`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from ...core.module import MAX_FRAME_CELLS, Export, FunctionType
from ...core.wellformed import MAX_NAME_BYTES
from .errors import WasmError
from .model import (
    VALUE_TYPES,
    Body,
    Expression,
    Global,
    GlobalType,
    Import,
    Kind,
    Limits,
    Segment,
    Types,
    WasmModule,
)
from .proposals import of_instruction, of_limits, of_type
from .reader import Reader

MAX_BYTES = 1 << 28  # of a module
MAX_SEGMENTS = 100_000
MAX_LOCALS = 1 << 22  # of all functions: six bytes of a file can name 32,767 of them
KINDS: tuple[Kind, ...] = ("function", "table", "memory", "global")
FUNCTION_TYPE, FUNCTION_REFERENCE = 0x60, 0x70
# Addition, subtraction and multiplication of integers: in constant expressions by a later proposal.
_EXTENDED = (0x6A, 0x6B, 0x6C, 0x7C, 0x7D, 0x7E)
# The numbers of the sections, in the order in which they come.
ORDER = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11)


def decode(data: bytes) -> WasmModule:
    """The module that *data* is. Raises WasmError for what is malformed or of another proposal."""
    return _Decoder(data).run()


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self.module = WasmModule(data)
        self.reader = Reader(data, 0, len(data))
        self.locals = 0
        self.sections: dict[int, Callable[[], None]] = {
            1: self._types,
            2: self._imports,
            3: self._functions,
            4: self._tables,
            5: self._memories,
            6: self._globals,
            7: self._exports,
            8: self._start,
            9: self._elements,
            10: self._code,
            11: self._data,
            12: self._data_count,
        }

    def run(self) -> WasmModule:
        reader, module = self.reader, self.module
        if len(reader.data) > MAX_BYTES:
            raise WasmError("unsupported", f"a module of more than {MAX_BYTES >> 20} MiB")
        if reader.take(min(4, reader.end)) != b"\0asm":
            reader.malformed("magic header not detected", 0)
        if (version := reader.take(min(4, reader.end - 4))) != b"\1\0\0\0":
            if version == b"\x0d\0\1\0":
                raise WasmError("unsupported", "component model: the file is a component, no module")
            reader.malformed("unknown binary version", 4)
        done, last = set(), -1
        while reader.at < len(reader.data):
            start = reader.at
            number = reader.byte()
            size = reader.u32()
            if size > len(reader.data) - reader.at:
                reader.malformed("unexpected end: length out of bounds")
            end = reader.at + size
            reader.end = end
            if number == 0:
                name = reader.name()
                module.customs.setdefault(name, (reader.at, end))
                reader.at = end
            elif number not in self.sections:
                if number == 13:
                    raise WasmError("unsupported", "exception handling: a section of tags", offset=start)
                reader.malformed(f"malformed section id {number}", start)
            else:
                if number in done or ORDER.index(number) < last:
                    reader.malformed("unexpected content after last section: it is out of order", start)
                done.add(number)
                last = ORDER.index(number)
                self.sections[number]()
                if reader.at != end:
                    reader.malformed("section size mismatch")
            reader.end = len(reader.data)
        if len(module.functions) != len(module.bodies):
            reader.malformed("function and code section have inconsistent lengths")
        if module.data_count not in (None, len(module.segments)):
            reader.malformed("data count and data section have inconsistent lengths")
        return module

    def _unsupported(self, proposal: str, at: int) -> NoReturn:
        raise WasmError("unsupported", proposal, offset=at)

    def _name(self) -> str:
        """A name by which modules know things of each other."""
        at = self.reader.at
        name = self.reader.name()
        if len(name) > MAX_NAME_BYTES // 4 and len(name.encode()) > MAX_NAME_BYTES:
            self._unsupported(f"a name of more than {MAX_NAME_BYTES} bytes", at)
        return name

    # -- types --------------------------------------------------------------------------------------

    def _value_type(self) -> int:
        reader = self.reader
        code = reader.byte()
        if code not in VALUE_TYPES:
            proposal = of_type(code)
            if proposal:
                self._unsupported(proposal, reader.at - 1)
            reader.malformed(f"malformed value type {code:#04x}", reader.at - 1)
        return VALUE_TYPES[code]

    def _value_types(self) -> Types:
        return tuple(self._value_type() for _ in range(self.reader.count("types")))

    def _types(self) -> None:
        for _ in range(self.reader.count("types")):
            form = self.reader.byte()
            if form != FUNCTION_TYPE:
                if form in (0x4D, 0x4E, 0x4F, 0x50, 0x5E, 0x5F):
                    self._unsupported("garbage collection: a type that is no function's", self.reader.at - 1)
                self.reader.malformed(f"malformed type {form:#04x}", self.reader.at - 1)
            parameters = self._value_types()
            self.module.types.append(FunctionType(parameters, self._value_types()))

    def _limits(self) -> Limits:
        reader = self.reader
        flags = reader.byte()
        if flags > 1:
            proposal = of_limits(flags)
            if proposal:
                self._unsupported(proposal, reader.at - 1)
            reader.malformed("malformed limits flags: integer too large", reader.at - 1)
        minimum = reader.u32()
        return Limits(minimum, reader.u32() if flags else None)

    def _table(self) -> Limits:
        reader = self.reader
        code = reader.byte()
        if code != FUNCTION_REFERENCE:
            proposal = of_type(code)
            if proposal:
                self._unsupported(proposal, reader.at - 1)
            reader.malformed(f"malformed reference type {code:#04x}", reader.at - 1)
        return self._limits()

    def _global_type(self) -> GlobalType:
        type_ = self._value_type()
        mutable = self.reader.byte()
        if mutable > 1:
            self.reader.malformed("malformed mutability", self.reader.at - 1)
        return GlobalType(type_, mutable == 1)

    # -- sections -----------------------------------------------------------------------------------

    def _imports(self) -> None:
        reader = self.reader
        for _ in range(reader.count("imports")):
            module, name = self._name(), self._name()
            kind = self._kind("import")
            what: int | Limits | GlobalType
            if kind == "function":
                what = reader.u32()
            elif kind == "table":
                what = self._table()
            elif kind == "memory":
                what = self._limits()
            else:
                what = self._global_type()
            self.module.imports.append(Import(module, name, kind, what))

    def _kind(self, what: str) -> Kind:
        code = self.reader.byte()
        if code == 4:
            self._unsupported("exception handling: a tag", self.reader.at - 1)
        if code > 4:
            self.reader.malformed(f"malformed {what} kind {code:#04x}", self.reader.at - 1)
        return KINDS[code]

    def _functions(self) -> None:
        self.module.functions = [self.reader.u32() for _ in range(self.reader.count("functions"))]

    def _tables(self) -> None:
        self.module.tables = [self._table() for _ in range(self.reader.count("tables"))]

    def _memories(self) -> None:
        self.module.memories = [self._limits() for _ in range(self.reader.count("memories"))]

    def _globals(self) -> None:
        for _ in range(self.reader.count("globals")):
            type_ = self._global_type()
            self.module.globals.append(Global(type_, self._expression()))

    def _exports(self) -> None:
        reader = self.reader
        for _ in range(reader.count("exports")):
            name = self._name()
            kind = self._kind("export")
            self.module.exports.append(Export(name, kind, reader.u32()))

    def _start(self) -> None:
        self.module.start = self.reader.u32()

    def _data_count(self) -> None:
        self.module.data_count = self.reader.u32()

    def _elements(self) -> None:
        reader = self.reader
        for _ in range(reader.count("element segments")):
            flags = reader.u32()
            if flags > 7:
                reader.malformed("malformed elements segment kind")
            passive, stated, listed = flags & 1, flags & 2, flags & 4
            where = offset = None
            if not passive:
                where = reader.u32() if stated else 0
                offset = self._expression()
            if passive or stated:  # the kind of its elements
                kind = reader.byte()
                if kind != (FUNCTION_REFERENCE if listed else 0):
                    proposal = of_type(kind) if listed else ""
                    if proposal:
                        self._unsupported(proposal, reader.at - 1)
                    reader.malformed("malformed element kind", reader.at - 1)
            count = reader.count("elements")
            if listed:
                content = tuple(self._expression() for _ in range(count))
            else:
                content = tuple(Expression("function", reader.u32(), 0, reader.at) for _ in range(count))
            self.module.elements.append(Segment(where, offset, content, bool(passive and stated)))
        self._bounded(self.module.elements, "element")

    def _data(self) -> None:
        reader = self.reader
        for _ in range(reader.count("data segments")):
            flags = reader.u32()
            if flags > 2:
                reader.malformed("malformed data segment kind")
            where = offset = None
            if flags != 1:
                where = reader.u32() if flags == 2 else 0
                offset = self._expression()
            self.module.segments.append(Segment(where, offset, reader.take(reader.u32())))
        self._bounded(self.module.segments, "data")

    def _bounded(self, segments: list[Segment], what: str) -> None:
        if len(segments) > MAX_SEGMENTS:
            raise WasmError("unsupported", f"more than {MAX_SEGMENTS} {what} segments")

    def _expression(self) -> Expression:
        """A constant expression: its only instruction, and `end`."""
        reader = self.reader
        at = reader.at
        code = reader.byte()
        if code == 0x41:
            found = Expression("const", reader.signed(32), VALUE_TYPES[0x7F], at)
        elif code == 0x42:
            found = Expression("const", reader.signed(64), VALUE_TYPES[0x7E], at)
        elif code == 0x43:
            found = Expression("const", int.from_bytes(reader.take(4), "little"), VALUE_TYPES[0x7D], at)
        elif code == 0x44:
            found = Expression("const", int.from_bytes(reader.take(8), "little"), VALUE_TYPES[0x7C], at)
        elif code == 0x23:
            found = Expression("global", reader.u32(), -1, at)
        elif code == 0xD0:
            if reader.byte() != FUNCTION_REFERENCE:
                self._unsupported("reference types: a null that is no function", at)
            found = Expression("null", 0, 0, at)
        elif code == 0xD2:
            found = Expression("function", reader.u32(), 0, at)
        else:
            if code == 0x0B:
                raise WasmError("invalid", "type mismatch: an empty constant expression", offset=at)
            proposal = of_instruction(code)
            if proposal:
                self._unsupported(proposal, at)
            if code <= 0xC4:
                raise WasmError("invalid", "constant expression required", offset=at)
            reader.malformed(f"illegal opcode {code:#04x}", at)
        end = reader.byte()
        if end != 0x0B:
            if end in (*_EXTENDED, 0x41, 0x42, 0x23):
                if self._is_extended(end):
                    self._unsupported("extended constant expressions", at)
                raise WasmError(
                    "invalid", "constant expression required: of one instruction (type mismatch)", offset=at
                )
            if end <= 0xC4:
                raise WasmError("invalid", "constant expression required", offset=reader.at - 1)
            reader.malformed("illegal opcode in a constant expression", reader.at - 1)
        return found

    def _is_extended(self, code: int) -> bool:
        """Whether what goes on with *code* behind an expression's first instruction is an extended constant
        expression, with one value."""
        reader, values = self.reader, 1
        while code != 0x0B:
            if code in _EXTENDED and values > 1:
                values -= 1
            elif code in (0x41, 0x42):
                reader.signed(32 if code == 0x41 else 64)
                values += 1
            elif code == 0x23:
                reader.u32()
                values += 1
            else:
                return False
            code = reader.byte()
        return values == 1

    def _code(self) -> None:
        reader = self.reader
        self.module.code_at = reader.at
        count = reader.count("functions")
        section = reader.end
        for _ in range(count):
            size = reader.u32()
            if size > section - reader.at:
                reader.malformed("unexpected end: length out of bounds")
            end = reader.end = reader.at + size
            self.module.bodies.append(self._body(end))
            reader.at, reader.end = end, section

    def _body(self, end: int) -> Body:
        reader = self.reader
        runs, total = [], 0
        for _ in range(reader.count("groups of locals")):
            count = reader.u32()
            total += count
            if total > 0xFFFFFFFF:
                reader.malformed("too many locals")
            runs.append((count, self._value_type()))
        if total > MAX_FRAME_CELLS:
            self._unsupported(f"a function with more than {MAX_FRAME_CELLS} locals", reader.at)
        self.locals += total
        if self.locals > MAX_LOCALS:
            self._unsupported(f"functions with more than {MAX_LOCALS} locals together", reader.at)
        if reader.at == end or reader.data[end - 1] != 0x0B:
            reader.malformed("unexpected end: END opcode expected", end)
        locals_ = tuple(type_ for count, type_ in runs for _ in range(count))
        return Body(locals_, reader.at, end)
