"""Program: a verified module linked for one runtime, in resolved code.

Linking rewrites every instruction in place, same length and offsets:

    module      [prefix] opcode immediate ...
    resolved    number   LEB128 ...                   the last LEB128 padded to fill the instruction

`number` is what the runtime's engine calls the form: a byte, or two for instructions with a prefix where one
byte cannot name all forms. An immediate that the form's op IR does not read is dropped (the class of
GETFIELD); the others become what the engine needs: a local its slot in the frame, a field its byte offset, a
function type the number that equal ones share, the targets of a branch table their place in a side table.
What is left of a branch table behind that is zeros: control never gets there.
An instruction longer than its number always has at least one LEB128 (perhaps an unread one), so that an
engine can fetch it before it knows the opcode.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple

from ..opcodes import Isa, Service, types
from ..opcodes.meaning import FRAME_COST
from ..opcodes.primitives.leaves import IMMEDIATE
from ..opcodes.values import LATIN1, UTF16
from .code import Decoder, write_leb
from .errors import BuildError
from .hierarchy import interface_numbers, layouts
from .module import ArrayType, ClassType, canonical_types
from .parts import Table
from .verified import Form, Verified

LINK_BYTES = 12  # of a frame: return pc, function, distance to the caller's frame

MAX_BRANCH_PLACE = 5  # bytes of the LEB128 that says where a branch table's targets are
MAX_PADDED = 9  # bytes of a LEB128 in resolved code: what engines shift by stays below 64
STRINGS_START = 8  # cage offset of the first string; 0 is null


def link_cells(cell_bits: int) -> int:
    """Cells that the link of a frame takes, between its parameters and its locals."""
    return -(-LINK_BYTES * 8 // cell_bits)


def stack_bytes(cells: int, cell_bits: int) -> int:
    """Bytes that hold all frames that count *cells* against the stack limit. A frame counts FRAME_COST
    cells for its link, whatever the link takes (tb_frame.h)."""
    return cells * link_cells(cell_bits) // FRAME_COST * (cell_bits // 8)


_LONGEST_LINK = link_cells(32)


@dataclass(frozen=True, slots=True)
class Use:
    """A form as resolved code has it.

    far: the immediates that name a local whose index may need a longer LEB128 once the link cells are
    skipped (the same ones for every width of cells); the engine adds them instead.
    """

    form: Form
    far: tuple[int, ...] = ()

    @property
    def opcode_bytes(self) -> int:
        """Bytes of the opcode in a module: 2 with a prefix."""
        return 1 if self.form.declaration.page.prefix == -1 else 2

    def operands(self, number_bytes: int) -> int:
        """How many LEB128 numbers stand behind a number of so many bytes."""
        longer = bool(self.form.declaration.signature.immediates) or self.opcode_bytes > number_bytes
        return max(len(read_immediates(self.form)), int(longer))


@cache
def read_immediates(form: Form) -> tuple[int, ...]:
    """The indexes of the immediates that the form's op IR reads, in encoding order; and of what says the type
    of a callee that is found when it runs, which some engines need before."""
    graph = form.graph
    live = graph.live()
    found: set[int] = set()
    for node in graph.nodes:
        if node.primitive is IMMEDIATE:
            if node in live:
                found.add(node.attribute)  # type: ignore[arg-type]
        elif isinstance(node.attribute, int) and not node.primitive.pure:
            found.add(node.attribute)
    return tuple(sorted(found))


@dataclass(frozen=True, slots=True, eq=False)
class Resolved:
    """What instructions of the same bytes become that have the same form. use: their shape; number: of that
    in Resolver.uses; length: their bytes; values: of the immediates that are kept, as the engine needs them,
    and which of them are signed; targets: of a branch table, whose last value tells where these are."""

    use: Use
    number: int
    length: int
    values: tuple[int, ...]
    signed: tuple[bool, ...]
    targets: tuple[int, ...] = ()


class Instruction(NamedTuple):
    """An instruction on its way from module to resolved code."""

    function: int
    offset: int
    resolved: Resolved

    @property
    def use(self) -> Use:
        return self.resolved.use


MAX_RESOLVED = 1 << 17  # instructions that a resolver remembers


class Resolver:
    """Tells what the instructions of a module become for a runtime with cells of this width; equal ones are
    the same object, as long as they are remembered. uses: the shapes that there have been, in order;
    decoder: of the module's code."""

    def __init__(self, verified: Verified, isa: Isa, cell_bits: int = 64) -> None:
        self.verified, self.uses = verified, list[Use]()
        module = verified.module
        self._link = link_cells(cell_bits)
        self.decoder = Decoder(isa, module.pages)
        self._canonical = canonical_types(module)
        self._layout = layouts(module.types)
        self._interfaces = interface_numbers(module.types)
        self._numbers: dict[tuple[int, ...], int] = {}  # of uses, by form and far immediates
        self._forget()

    def _forget(self) -> None:
        # By form and bytes; where locals are named, by the number of parameters too.
        self._known: list[dict[bytes, Resolved] | None] = [
            None if "local" in (slot.kind for slot in form.declaration.signature.immediates) else {}
            for form in self.verified.forms
        ]
        self._local: dict[tuple[int, int, bytes], Resolved] = {}
        self._size = 0

    def function(self, index: int) -> list[Resolved]:
        """The instructions of a function, in order."""
        module, checked = self.verified.module, self.verified.functions[index]
        parameters = len(module.function_type(index).parameters)
        if self._size > MAX_RESOLVED:
            self._forget()
        known, local, found = self._known, self._local.get, list[Resolved]()
        for form, code in zip(checked.forms, checked.split(module.functions[index].code), strict=True):
            row = known[form]
            resolved = local((parameters, form, code)) if row is None else row.get(code)
            if resolved is None:
                resolved = self._resolve(form, code, parameters)
                self._size += 1
                if row is None:
                    self._local[parameters, form, code] = resolved
                else:
                    row[code] = resolved
            found.append(resolved)
        return found

    def _resolve(self, number: int, code: bytes, parameters: int) -> Resolved:
        module, form = self.verified.module, self.verified.forms[number]
        opcode, immediates = self.decoder.decode(code)
        values: list[int] = []
        signed: list[bool] = []
        far: list[int] = []
        targets: tuple[int, ...] = ()
        for which in read_immediates(form):
            kind, value = opcode.kinds[which], immediates[which]
            if kind == "local" and value >= parameters:
                if len(write_leb(value + _LONGEST_LINK)) != len(write_leb(value)):
                    far.append(which)
                else:
                    value += self._link
            elif kind == "field":
                value = self._layout[immediates[which - 1] - types.FIRST_MODULE_TYPE].offsets[value]
            elif kind == "method":
                owner = module.type_entry(immediates[which - 1])
                if isinstance(owner, ClassType):
                    # One number for slot and place of the object; it takes no more bytes than two.
                    called = module.function_type(owner.virtuals[value])
                    value = value << 7 | len(called.parameters)
                else:  # there are not more than two bytes can name
                    value += self._interfaces[immediates[which - 1]][1]
            elif kind == "reftype" and value in self._interfaces:
                value = self._interfaces[value][0]
            elif kind == "functype":
                value = self._canonical[value]
            elif kind == "targets":
                targets, value = immediates[which:], 0
            values.append(value)
            signed.append(opcode.signed[which])
        shape = (number, *far)
        place = self._numbers.get(shape)
        if place is None:
            place = self._numbers[shape] = len(self.uses)
            self.uses.append(Use(form, tuple(far)))
        return Resolved(self.uses[place], place, len(code), tuple(values), tuple(signed), targets)


def instructions(verified: Verified, isa: Isa, cell_bits: int = 64) -> Iterator[Instruction]:
    """Every instruction of the module with what it becomes."""
    resolver = Resolver(verified, isa, cell_bits)
    for index, checked in enumerate(verified.functions):
        for offset, resolved in zip(checked.offsets, resolver.function(index), strict=True):
            yield Instruction(index, offset, resolved)


@dataclass(frozen=True, slots=True)
class Program:
    """A module linked for a runtime. code: resolved, all functions; starts: where each begins;
    strings: the immortal string objects; pool: for each constant its cell; cell_bits: the width of cells;
    branches: the side table of branch tables: for each the number of its targets without the default, then
    all of them. natives: for each import the number that the runtime gives its C function, from 1 on; 0 for
    what no micro-library offers."""

    verified: Verified
    code: bytes
    starts: tuple[int, ...]
    strings: bytes
    pool: tuple[int, ...]
    cell_bits: int
    branches: tuple[int, ...] = ()
    natives: tuple[int, ...] = ()

    def after(self, function: int, offset: int) -> int:
        """Offset in `code` of the instruction behind the one at *offset* of *function*."""
        offsets = self.verified.functions[function].offsets
        low, high = 0, len(offsets)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if offsets[middle] <= offset else (low, middle)
        end = len(self.verified.module.functions[function].code)
        return self.starts[function] + (offsets[low] if low < len(offsets) else end)


def link(verified: Verified, isa: Isa, numbers: Mapping[Use, bytes] | None, cell_bits: int) -> Program:
    """Resolved code for a runtime with cells of this width, whose engine gives the forms these *numbers*;
    None: whose engine reads no code. Then functions start where they would.

    Raises BuildError for an instruction that does not fit resolved code.
    """
    strings, pool = _constants(verified)
    if numbers is None:
        ends = accumulate(len(each.code) for each in verified.module.functions)
        return Program(verified, b"", (0, *ends)[: len(verified.functions)], strings, pool, cell_bits)
    resolver = Resolver(verified, isa, cell_bits)
    places, branches = _branch_tables(resolver)
    starts: list[int] = []
    code = bytearray()
    encoded: dict[Resolved, bytes] = {}
    for index in range(len(verified.functions)):
        starts.append(len(code))
        if len(encoded) > MAX_RESOLVED:
            encoded.clear()
        tables = iter(places.get(index, ()))
        for each in resolver.function(index):
            if each.targets:
                code += _encode(each, numbers, next(tables), len(branches))
                continue
            if each not in encoded:
                encoded[each] = _encode(each, numbers)
            code += encoded[each]
    return Program(verified, bytes(code), tuple(starts), strings, pool, cell_bits, branches)


def _encode(each: Resolved, numbers: Mapping[Use, bytes], place: int = 0, words: int = 0) -> bytes:
    """The instruction in resolved code. place: of its branch table, of all *words* of them."""
    encoded, length = numbers[each.use], each.length
    values, signed = each.values, each.signed
    if not values and length > len(encoded):
        values, signed = (0,), (False,)
    if each.targets:
        values = (*values[:-1], place)
    for position, (value, sign) in enumerate(zip(values, signed, strict=True)):
        room = length - len(encoded) if position == len(values) - 1 else 0
        if each.targets and position == len(values) - 1:
            room = min(room, MAX_BRANCH_PLACE)
            if value >= 1 << 7 * room:
                raise BuildError(f"the module has too many branch tables: {words} words")
        elif room > MAX_PADDED:
            raise BuildError(f"{each.use.form.name}: its immediates are {room} bytes long")
        encoded += write_leb(value, signed=sign, length=room)
    return encoded.ljust(length, b"\0")


def _branch_tables(resolver: Resolver) -> tuple[dict[int, list[int]], tuple[int, ...]]:
    """The side table of branch tables, and by function where in it those of its instructions start.

    Short ones come first: their instructions have the least room for the place.
    """
    verified = resolver.verified
    having = {
        number
        for number, form in enumerate(verified.forms)
        if any(slot.kind == "targets" for slot in form.declaration.signature.immediates)
    }
    found = [
        (index, each.targets)
        for index, checked in enumerate(verified.functions)
        if not having.isdisjoint(checked.forms)
        for each in resolver.function(index)
        if each.targets
    ]
    places: dict[int, list[int]] = {}
    words: list[int] = []
    starts = [0] * len(found)
    for number in sorted(range(len(found)), key=lambda one: len(found[one][1])):
        starts[number] = len(words)
        words += [len(found[number][1]) - 1, *found[number][1]]
    for (index, _), start in zip(found, starts, strict=True):
        places.setdefault(index, []).append(start)
    return places, tuple(words)


def string_units(text: str) -> tuple[int, bytes]:
    """The type index of the string object for *text*, and its contents."""
    try:
        return LATIN1, text.encode("latin-1")
    except UnicodeEncodeError:
        return UTF16, text.encode("utf-16-le", "surrogatepass")


def _constants(verified: Verified) -> tuple[bytes, tuple[int, ...]]:
    blob = bytearray()
    pool: list[int] = []
    for constant in verified.module.pool:
        if isinstance(constant.value, int):
            bits = 64 if constant.kind in ("i64", "f64") else 32
            pool.append(constant.value & ((1 << bits) - 1))
            continue
        type_, contents = string_units(constant.value)
        pool.append(STRINGS_START + len(blob))
        blob += struct.pack("<II", type_, len(contents) // (2 if type_ == UTF16 else 1)) + contents
        blob += bytes(-len(blob) % 8)
    return bytes(blob), tuple(pool)


# What any string needs of a printer: for programs that make strings, or are not known yet.
ALL_STRINGS = 2


def string_kinds(verified: Verified) -> int:
    """What the program's strings need of a printer: 0 ASCII only, 1 Latin-1 too, 2 UTF-16 too."""
    kinds = 0
    for constant in verified.module.pool:
        if isinstance(constant.value, str) and not constant.value.isascii():
            kinds = max(kinds, 1 if string_units(constant.value)[0] == LATIN1 else 2)
    return kinds


def calls(program: Program, service: Service[..., Any]) -> bool:
    """Whether the program can call *service*."""
    return any(node.attribute is service for form in program.verified.forms for node in form.graph.nodes)


# --- the tables that every runtime reads --------------------------------------------------------------


def program_tables(program: Program) -> tuple[Table, ...]:
    """Code if there is any, functions, constants. The layout of rows is drawn in tb_frame.h."""
    module, size = program.verified.module, program.cell_bits // 8
    rows = bytearray()
    for index, function in enumerate(module.functions):
        signature = module.function_type(index)
        cells = len(signature.parameters) + len(function.locals) + function.max_stack + FRAME_COST
        rows += struct.pack(
            "<IHHHH",
            program.starts[index],
            len(signature.parameters),
            len(signature.results),
            len(function.locals),
            cells,
        )
    code = (Table("code", "u8", program.code, align=1),) if program.code else ()
    return (
        *code,
        Table("functions", "struct tb_function", bytes(rows), align=4),
        Table("pool", f"u{8 * size}", b"".join(c.to_bytes(size, "little") for c in program.pool), align=size),
        Table("strings", "u8", program.strings, align=8),
    )


def type_sizes(program: Program) -> bytes:
    """For each entry of the type table: bytes of an object of the class; of an array, bytes of an
    element with bit 31 set."""
    sizes = bytearray()
    module = program.verified.module
    for entry, layout in zip(module.types, layouts(module.types), strict=True):
        size = 0
        if isinstance(entry, ClassType):
            size = layout.size
        elif isinstance(entry, ArrayType):
            size = types.storage(entry.element).size | 0x80000000
        sizes += struct.pack("<I", size)
    return bytes(sizes)
