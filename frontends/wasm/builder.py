"""From a WasmModule to a Module. Index spaces keep their numbers; what is added comes behind them.

functions   imports, each a function that asks the host; the module's own; what instantiates it; the entry
types       the module's; those of the functions that were added
segments    those whose place is known to fit are there from the start, the others are copied by code
"""

from __future__ import annotations

from collections.abc import Sequence

from ...core.asm_import import body_of_import
from ...core.code import write_leb
from ...core.errors import ModuleError
from ...core.module import (
    MAX_ELEMENTS,
    MAX_PAGES,
    DataSegment,
    Debug,
    ElementSegment,
    Function,
    FunctionTable,
    FunctionType,
    Import,
    Memory,
    Module,
)
from ...opcodes import Isa, Opcode
from . import model
from .body import Translator
from .codes import Codes
from .decode import decode
from .errors import WasmError
from .lines import Lines
from .model import NAMES, Expression, Segment, WasmModule
from .names import read_names
from .validate import Spaces, validate

ENTRY = "_start"
# The module whose functions are opcodes, by name.
OPCODES = "tblvm"
PAGE = 0x10000
LOAD, RETURN = "LOAD", "RET"


def translated(content: bytes, name: str, isa: Isa) -> Module:
    """See `tblvm.frontends.wasm.translate`."""
    wasm = decode(bytes(content))
    return _Builder(wasm, validate(wasm), name, isa).run()


class _Builder:
    """A module on its way."""

    def __init__(self, wasm: WasmModule, spaces: Spaces, name: str, isa: Isa) -> None:
        self.wasm, self.spaces, self.name = wasm, spaces, name
        self.codes = Codes(isa)
        self.types = list(wasm.types)
        self.functions: list[Function] = []
        self.lines: list[tuple[tuple[int, int], ...]] = []
        self.names, self.source = read_names(wasm), Lines.read(wasm)
        self.imports = [each for each in wasm.imports if not _is_opcode(each)]

    def run(self) -> Module:
        wasm, spaces, codes = self.wasm, self.spaces, self.codes
        self._add_imports()
        used = self._add_bodies()
        memories = tuple(
            Memory(each.minimum, MAX_PAGES if each.maximum is None else each.maximum)
            for each in spaces.memories
        )
        tables = tuple(
            FunctionTable(each.minimum, MAX_ELEMENTS if each.maximum is None else each.maximum)
            for each in spaces.tables
        )
        # How large what is imported is, and what it holds, is the host's business.
        owned, listed = memories[len(wasm.imported("memory")) :], tables[len(wasm.imported("table")) :]
        data = _settled(wasm.segments, PAGE * owned[0].minimum if owned else 0)
        elements = _settled(wasm.elements, listed[0].minimum if listed else 0)
        start = self._add_start(elements, data)
        entry = self._entry()
        return Module(
            types=tuple(self.types),
            pool=tuple(codes.pool),
            globals=tuple(each.type for each in spaces.globals),
            functions=tuple(self.functions),
            entry=entry,
            pages=codes.pages(used),
            memories=memories,
            data=tuple(
                DataSegment(_bytes(each), *(() if place is None else (0, place)))
                for each, place in zip(wasm.segments, data, strict=True)
            ),
            tables=tables,
            elements=tuple(
                ElementSegment(_references(each), *(() if place is None else (0, place)))
                for each, place in zip(wasm.elements, elements, strict=True)
            ),
            imports=self._imports(),
            exports=tuple(sorted(wasm.exports, key=lambda each: each.name)),
            start=start,
            fixed_globals=tuple(index for index, each in enumerate(spaces.globals) if not each.mutable),
            debug=self._debug(),
        )

    # -- functions ------------------------------------------------------------------------------------

    def _add(self, code: bytes, type_: int, locals_: model.Types = (), max_stack: int = 0) -> int:
        self.functions.append(Function(code, type_, locals_, max_stack))
        self.lines.append(())
        return len(self.functions) - 1

    def _type(self, wanted: FunctionType) -> int:
        if wanted not in self.types:
            self.types.append(wanted)
        return self.types.index(wanted)

    def _add_imports(self) -> None:
        number = -1  # of imports that are asked of the host, whatever they are
        for each in self.wasm.imports:
            number += not _is_opcode(each)
            if each.kind != "function":
                continue
            assert isinstance(each.what, int)
            type_ = self.types[each.what]
            if _is_opcode(each):
                self._add_opcode(each, each.what)
                continue
            body = body_of_import(self.codes.isa, number, type_)
            if not body:
                raise ModuleError("no page that is there has an opcode that calls imports")
            code = b"".join(
                self.codes[opcode.name] + b"".join(map(write_leb, values)) for opcode, values in body
            )
            self._add(code, each.what, type_.results, len(type_.results))

    def _add_opcode(self, each: model.Import, type_index: int) -> None:
        """A function that does what an opcode does."""
        type_ = self.types[type_index]
        try:
            opcode = self.codes.opcode(each.name)
        except ModuleError as error:
            raise WasmError("invalid", f"import {OPCODES}.{each.name}: {error.message}") from None
        if not _does(opcode, type_):
            given, got = (
                ", ".join(NAMES[code] for code in codes) for codes in (type_.parameters, type_.results)
            )
            raise WasmError(
                "invalid", f"import {OPCODES}.{each.name} is ({given}) -> ({got}), and the opcode is not"
            )
        loads = [self.codes[LOAD] + write_leb(at) for at in range(len(type_.parameters))]
        code = b"".join(loads) + self.codes[each.name] + self.codes[RETURN]
        self._add(code, type_index, (), max(len(type_.parameters), len(type_.results)))

    def _add_bodies(self) -> set[str]:
        """The module's own functions; names of opcodes that they need."""
        wasm, spaces = self.wasm, self.spaces
        translator = Translator(wasm.data, spaces, self.codes, wasm.data_count, len(wasm.elements))
        for body in wasm.bodies:
            index = len(self.functions)
            try:
                done = translator.translate(index, body, self.source.marks(body))
            except WasmError as error:
                raise error.within(self.names.get(index, f"f{index}")) from None
            self._add(done.code, spaces.functions[index], (*body.locals, *done.added), done.deepest)
            self.lines[-1] = self.source.of(done.places, len(done.code))
        return translator.used()

    def _add_start(self, elements: Sequence[int | None], data: Sequence[int | None]) -> int | None:
        """The function that instantiates the module, None where nothing is left to do."""
        codes, wasm = self.codes, self.wasm
        code = bytearray()
        first = self.spaces.imported_globals
        for number, each in enumerate(wasm.globals):
            if each.value.kind == "global" or each.value.value:  # they are zero before
                code += self._value(each.value) + codes["STOREG"] + write_leb(first + number)
        deepest = 1 if code else 0
        for segments, places, init, drop in (
            (wasm.elements, elements, "TABLE_INIT", "ELEM_DROP"),
            (wasm.segments, data, "MEMORY_INIT", "DATA_DROP"),
        ):
            for number, (segment, place) in enumerate(zip(segments, places, strict=True)):
                if segment.where is not None and place is None:
                    code += self._copy(segment, codes[init], codes[drop], number)
                    deepest = 3
        if not code:
            return wasm.start
        if wasm.start is not None:
            code += codes["CALL"] + write_leb(wasm.start)
        self.names[len(self.functions)] = "(instantiate)"
        return self._add(bytes(code + codes[RETURN]), self._type(FunctionType((), ())), (), deepest)

    def _copy(self, segment: Segment, init: bytes, drop: bytes, number: int) -> bytes:
        """Copies a segment to its place, as instructions of the module would."""
        assert segment.offset is not None
        push = self.codes["PUSH"]
        count = write_leb(len(segment.content), signed=True)
        which = write_leb(number)
        return b"".join(
            (self._value(segment.offset), push, b"\0", push, count, init, which, b"\0", drop, which)
        )

    def _value(self, value: Expression) -> bytes:
        if value.kind == "global":
            return self.codes["LOADG"] + write_leb(value.value)
        return self.codes.number(NAMES[value.type], value.value)

    def _entry(self) -> int:
        """What runs first: the exported `_start`, or nothing."""
        for each in self.wasm.exports:
            if each.name == ENTRY and each.kind == "function":
                type_ = self.types[self.spaces.functions[each.index]]
                if not type_.parameters and type_.results in ((), (model.I32,)):
                    return each.index
        self.names[len(self.functions)] = "(nothing)"
        return self._add(self.codes[RETURN], self._type(FunctionType((), ())))

    # -- the rest -------------------------------------------------------------------------------------

    def _imports(self) -> tuple[Import, ...]:
        passed: dict[str, int] = {}
        made = []
        for each in self.imports:
            index = passed[each.kind] = passed.get(each.kind, -1) + 1
            made.append(
                Import(each.module, each.name, each.what if isinstance(each.what, int) else index, each.kind)
            )
        return tuple(made)

    def _debug(self) -> Debug:
        count = len(self.functions)
        imported = [each for each in self.wasm.imports if each.kind == "function"]
        functions = {index: f"{each.module}.{each.name}" for index, each in enumerate(imported)}
        functions |= {each.index: each.name for each in self.wasm.exports if each.kind == "function"}
        functions |= self.names
        return Debug(
            source=self.source.source or self.name,
            functions=tuple(functions.get(index, "") for index in range(count)),
            lines=tuple(self.lines) if any(self.lines) else (),
        )


def _is_opcode(each: model.Import) -> bool:
    return each.kind == "function" and each.module == OPCODES


def _does(opcode: Opcode, type_: FunctionType) -> bool:
    """Whether some form of *opcode*, without immediates, takes and gives what *type_* says."""
    wanted = tuple(tuple(NAMES[code] for code in codes) for codes in (type_.parameters, type_.results))
    for declaration in opcode.declarations:
        signature = declaration.signature
        operands = tuple(str(pattern) for _, pattern in signature.operands)
        if not opcode.kinds and (operands, tuple(map(str, signature.results))) == wanted:
            return True
    return False


def _settled(segments: Sequence[Segment], room: int) -> list[int | None]:
    """For each segment the offset where it is from the start: of those that surely fit in *room*, up to the
    first that does not, because they are copied in order."""
    places: list[int | None] = []
    known = True
    for each in segments:
        place = None
        if each.where is not None:
            assert each.offset is not None
            at = each.offset.value & 0xFFFFFFFF
            known = known and each.offset.kind == "const" and at + len(each.content) <= room
            place = at if known else None
        places.append(place)
    return places


def _bytes(segment: Segment) -> bytes:
    assert isinstance(segment.content, bytes)
    return segment.content


def _references(segment: Segment) -> tuple[int | None, ...]:
    """The functions of an element segment; of one that is only declared none: nothing can copy it."""
    found = []
    for each in () if segment.declared else segment.content:
        assert isinstance(each, Expression)
        found.append(each.value if each.kind == "function" else None)
    return tuple(found)
