"""Assembly that runs one opcode on generated operands and shows what came out."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from tblvm.core.verified import Form
from tblvm.opcodes import Declaration, Trap, values
from tblvm.opcodes.signature import Pattern
from tblvm.opcodes.trace import arguments
from tblvm.opcodes.traps import TrapSignal
from tests.differential.spaces import Spaces, declarations

NUMBERS = ("i32", "i64", "f32", "f64")
STORED = (*NUMBERS, "i8", "u8", "i16", "u16", "any", "function")
# Eighteen locals come before; the first two behind the fillers have indexes 126 and 127, whose
# slots need a longer immediate than they have.
FILLERS = 108
CELLS, ELEMENTS, GLOBALS = 8, 8, 10
SCREEN = (13, 7)

_INTERESTING = (
    0,
    1,
    -1,
    2,
    -2,
    7,
    10,
    31,
    32,
    33,
    63,
    64,
    127,
    128,
    255,
    256,
    -128,
    -129,
    32767,
    32768,
    65535,
    65536,
)
_EDGES = (2**31 - 1, -(2**31), 2**31 - 2, -(2**31) + 1, 2**24, 2**24 + 1, -(2**24) - 1, 46340, 46341, 1 << 30)
_F32 = (
    0x00000000, 0x80000000, 0x3F800000, 0xBF800000, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000,
    0x7F800001, 0x00000001, 0x80000001, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x4F000000,
    0xCF000000, 0x4EFFFFFF, 0xCF000001, 0x3F000000, 0xBF000000, 0x3EAAAAAB, 0x4B800000, 0x4B000001,
)  # fmt: skip
_F64 = (
    0x0000000000000000, 0x3FF0000000000000, 0x7FF0000000000000, 0x7FF8000000000000, 0x7FF0000000000001,
    0x0000000000000001, 0x000FFFFFFFFFFFFF, 0x0010000000000000, 0x7FEFFFFFFFFFFFFF, 0x3FE0000000000000,
    0x3FDFFFFFFFFFFFFF, 0x3FF8000000000000, 0x41DFFFFFFFC00000, 0x41DFFFFFFFFFFFFF, 0x41E0000000000000,
    0x41E0000000100000, 0x41EFFFFFFFE00000, 0x41EFFFFFFFFFFFFF, 0x41F0000000000000, 0x43DFFFFFFFFFFFFF,
    0x43E0000000000000, 0x43EFFFFFFFFFFFFF, 0x43F0000000000000, 0x4330000000000000, 0x4330000000000001,
    0x432FFFFFFFFFFFFF, 0x4340000000000000, 0x3FD5555555555555, 0x36A0000000000000, 0x47EFFFFFE0000000,
)  # fmt: skip


def integer(rng: random.Random) -> int:
    kind = rng.random()
    if kind < 0.35:
        return rng.choice(_INTERESTING)
    if kind < 0.55:
        return rng.choice(_EDGES)
    if kind < 0.7:
        return rng.randrange(-20, 20)
    return rng.randrange(-(2**31), 2**31)


def float32(rng: random.Random) -> int:
    """Bits of a binary32."""
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(_F32)
    if kind < 0.7:
        number = rng.choice((-1, 1)) * rng.random() * 10.0 ** rng.randrange(-6, 12)
        return int(struct.unpack("<I", struct.pack("<f", number))[0])
    return rng.getrandbits(32)


def long(rng: random.Random) -> int:
    kind = rng.random()
    if kind < 0.4:
        return integer(rng)
    if kind < 0.6:
        near = (1 << rng.choice((31, 32, 52, 53, 62, 63))) + rng.randrange(-2, 2)
        return (near * rng.choice((-1, 1)) + 2**63) % 2**64 - 2**63
    return rng.getrandbits(64) - 2**63


def float64(rng: random.Random) -> int:
    """Bits of a binary64."""
    kind = rng.random()
    if kind < 0.3:  # what is an edge of binary32, and next to it
        [bits] = struct.unpack(
            "<Q", struct.pack("<d", *struct.unpack("<f", struct.pack("<I", rng.choice(_F32))))
        )
        return int(max(0, min(bits + rng.choice((0, 0, -1, 1)), 2**64 - 1)))
    if kind < 0.5:
        return rng.choice(_F64) ^ rng.choice((0, 1 << 63))
    if kind < 0.7:
        number = rng.choice((-1, 1)) * rng.random() * 10.0 ** rng.randrange(-6, 24)
        number = round(number * 2) / 2 if rng.random() < 0.5 else number
        return int(struct.unpack("<Q", struct.pack("<d", number))[0])
    return rng.getrandbits(64)


def bits(type_: str, rng: random.Random) -> int:
    """A number of *type_* as opcodes see it: integers signed, floats as their bits."""
    return {"i32": integer, "i64": long, "f32": float32, "f64": float64}[type_](rng)


def spelled(type_: str, value: int) -> str:
    """How CONST writes that number."""
    if type_ in ("i32", "i64"):
        return f"{value}L" if type_ == "i64" else str(value)
    return f"{type_}:{value:#0{10 if type_ == 'f32' else 18}x}"


def literal(type_: str, rng: random.Random) -> str:
    """A constant of *type_* for CONST."""
    if type_ in NUMBERS:
        return spelled(type_, bits(type_, rng))
    return rng.choice(('"text"', '""', '"caf\\u00e9"', '"\\u20ac \\u{1F600}"', quoted(units(rng))))


def units(rng: random.Random, most: int = 12) -> list[int]:
    """UTF-16 units: of ASCII, of Latin-1, or any, with surrogates in pairs and alone; often the same ones."""
    kinds = ([97, 98], [97, 0xFF, 0x80, 0], [97, 0x100, 0x20AC, 0xFF], [0xD83D, 0xDE00, 97, 0xD800, 0xDFFF])
    kind = rng.choice(kinds)
    return [
        rng.choice((*kind, rng.choice(kind), rng.randrange(kind[-1] + 1))) for _ in range(rng.randrange(most))
    ]


def quoted(text: list[int]) -> str:
    """How CONST writes a string of these UTF-16 units."""
    return '"' + "".join(f"\\u{unit:04x}" for unit in text) + '"'


def number_text(rng: random.Random, kind: str) -> str:
    """A text that is an i32, an i64, or a floating-point number."""
    if kind in ("i32", "i64"):
        value = bits(kind, rng)
        edge = 1 << (31 if kind == "i32" else 63)
        return rng.choice((str(value), f"{value:+d}", f"{value:025d}", str(edge - 1), str(-edge)))
    if rng.random() < 0.1:
        return rng.choice(
            ("NaN", "-NaN", "Infinity", "+Infinity", "-Infinity", " -Infinity\n", "0", "-0.0e99999")
        )
    sign, suffix = rng.choice(("", "-", "+")), rng.choice(("", "", "f", "F", "d", "D"))
    if rng.random() < 0.3:
        digits = f"{rng.getrandbits(rng.choice((8, 53, 54, 60, 64, 100))):x}"
        point = rng.randrange(len(digits) + 1)
        power = rng.choice((rng.randrange(-20, 20), rng.randrange(-1200, 1200), rng.randrange(-200, 200)))
        return f"{sign}0{rng.choice('xX')}{digits[:point]}.{digits[point:]}{rng.choice('pP')}{power}{suffix}"
    exact = rng.random() < 0.4
    if exact:  # halfway between two numbers, or next to that
        mantissa = rng.getrandbits(rng.choice((24, 53))) * 2 + 1
        power = rng.choice((rng.randrange(-60, 60), rng.randrange(-1080, 960), rng.randrange(-155, 110)))
        value = Fraction(mantissa) * Fraction(2) ** power
        places = max(0, -power)
        digits = str(int(value * 10**places)).rjust(places + 1, "0")
        digits = f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}"
        return sign + digits + rng.choice(("", "0" * 30, "0" * 30 + "1")) + suffix
    digits = "".join(rng.choice("0123456789") for _ in range(rng.choice((1, 3, 9, 17, 25, 800))))
    point = rng.randrange(len(digits) + 1)
    power = rng.choice((0, rng.randrange(-20, 20), rng.randrange(-340, 330), -(10**12), 10**12))
    exponent = f"{rng.choice('eE')}{rng.choice(('', '+')) if power >= 0 else ''}{power}" if power else ""
    return rng.choice(("", "  ", "\t\0")) + f"{sign}{digits[:point]}.{digits[point:]}{exponent}{suffix}"


BAD_NUMBERS = (
    "", "+", "-", " 1", "1 ", "+-1", "2147483648", "-2147483649", "9223372036854775808", "1.0", "0x10", "1_0",
    "\u0661", "e", ".", "1e", "1e+", "0x1", "0x1p", "0x.p1", "p1", "NaNf", "nan", "Infinityd", "1.2.3", "1ff",
    "--1", "1,5", "\u00a01", "0x1.8q3", "1e1.5", "\u20ac", "99999999999999999999999999",
)  # fmt: skip


class _Probe:
    """Notices a trap of an opcode that computes with its operands; what touches a machine is nothing here."""

    def trap_if(self, condition: int, trap: Trap) -> None:
        if condition:
            raise TrapSignal(trap)

    def __getattr__(self, name: str) -> Callable[..., int]:
        return lambda *arguments: 0


def traps(form: Form, operands: list[int]) -> bool:
    """Whether the opcode traps on these numbers, by its own declaration."""
    declaration = form.declaration
    before = values.enter(_Probe())  # type: ignore[arg-type]
    try:
        immediates = [0] * len(declaration.signature.immediates)
        given = arguments(declaration.signature, operands, immediates, dict(form.bindings))
        declaration.function(*given)
    except TrapSignal:
        return True
    finally:
        values.enter(before)
    return False


CLASSES = (
    ".interface Face\n  tell(i32) -> i32\n  swap(f32, any, i32) -> (i32, f32)\n.end",
    ".interface Other\n  more() -> string\n  tell(i32) -> i32\n.end",
    ".class B implements Face\n  b: i8\n  r: any\n  .method tell: b_tell\n  .method swap: b_swap\n.end",
    ".class D extends B implements Other\n  d: f32\n  .method more: d_more\n  .override tell: d_tell\n.end",
    ".class E extends B\n  e: u8\n  s: any\n  .override swap: e_swap\n.end",
    ".func b_tell(self: B, a: i32) -> i32\n  LOAD a\n  INC\n  RET\n.end",
    ".func d_tell(self: Other, a: i32) -> i32\n  LOAD a\n  NEG\n  RET\n.end",
    ".func b_swap(self: any, a: f32, b: any, c: i32) -> (i32, f32)\n  LOAD c\n  LOAD a\n  RET\n.end",
    ".func e_swap(self: E, a: f32, b: any, c: i32) -> (i32, f32)\n"
    "  LOAD c\n  LOAD c\n  ADD\n  LOAD a\n  RET\n.end",
    '.func d_more(self: D) -> string\n  .local x: i32\n  NEWOBJ D\n  POP\n  CONST "d"\n  RET\n.end',
)
OBJECTS = {"B": "BDE", "D": "D", "E": "E", "Face": "BDE", "Other": "D"}
_TELL = ("tell", ("i32",), ("i32",))
_FACE = (_TELL, ("swap", ("f32", "any", "i32"), ("i32", "f32")))
_MORE = ("more", (), ("string",))
METHODS = {"B": _FACE, "E": _FACE, "D": (*_FACE, _MORE), "Face": _FACE, "Other": (_MORE, _TELL)}
TESTED = ("any", "cells", "string", "K", "B", "D", "E", "i8[]", "any[]")


@dataclass
class Program(Spaces):
    """Lines of `main`, which hold objects in locals and consume what opcodes leave."""

    rng: random.Random
    wild: bool = False  # operands that trap: null, indexes out of bounds, zero divisors on purpose
    full: bool = False  # objects of every type and all globals are there, not only those that the lines name
    lines: list[str] = field(default_factory=list)
    labels: int = 0
    stores: int = 0
    spaces: bool = False  # memories and tables are declared
    imports: list[str] = field(default_factory=list)

    def text(self) -> str:
        named = {part for line in self.lines for word in line.split() for part in word.rstrip(",").split(".")}
        full = self.full or any(name.endswith("_far") for name in named)  # what is far is far from something
        fields = "\n".join(f"  {type_}_: {type_}" for type_ in STORED)
        kinds = (*NUMBERS, "any", "function")
        arrays = [type_ for type_ in STORED if full or f"{type_}_array" in named]
        locals_ = [f"{type_}_near: {type_}" for type_ in kinds if full or f"{type_}_near" in named]
        locals_ += ["cells_: cells", "object_: K", *(f"{type_}_array: {type_}[]" for type_ in arrays)]
        if full:
            locals_ += [f"filler{i}: i32" for i in range(FILLERS)]
            assert len(locals_) == 126
            locals_ += [f"{type_}_far: {type_}" for type_ in self.rng.sample(kinds, len(kinds))]
        start = ["  NEW 8", "  STORE cells_", "  NEWOBJ K", "  STORE object_"]
        for type_ in arrays:
            start += [f"  PUSH {ELEMENTS}", f"  NEWARRAY {type_}[]", f"  STORE {type_}_array"]
        globals_ = [(f"{type_}_{i}", type_) for type_ in kinds for i in range(GLOBALS)]
        parts = [
            f".screen {SCREEN[0]}, {SCREEN[1]}",
            *(f".global {name}: {type_}" for name, type_ in globals_ if full or name in named),
            f".class K\n{fields}\n.end",
            ".func none()\n  RET\n.end",
            ".func swapped(a: i32, b: f32) -> (f32, i32)\n  .local c: any\n  LOAD b\n  LOAD a\n  RET\n.end",
            *(CLASSES if full or named & OBJECTS.keys() else ()),
            ".func deep(a: i32) -> i32\n  PUSH 3\n  PUSH 4\n  LOAD a\n  RET\n.end",
            *(declarations(self.rng) if self.spaces else ()),
            *self.imports,
            ".func main()",
            f"  .local {', '.join(locals_)}",
            *start,
        ]
        return "\n".join([*parts, *self.lines, "  HALT", ".end"]) + "\n"

    def emit(self, *lines: str) -> None:
        self.lines += [f"  {line}" for line in lines]

    def label(self) -> str:
        self.labels += 1
        return f"L{self.labels}"

    # -- operands -----------------------------------------------------------------------------------

    def push(self, type_: str) -> None:
        """Leave a generated value of *type_* on the stack."""
        if type_ in ("i8", "u8", "i16", "u16"):
            type_ = "i32"
        if type_ in NUMBERS:
            self.emit(f"CONST {literal(type_, self.rng)}")
        elif type_ == "function":
            self.emit(self.rng.choice(("REF_NULL", "REF_FUNC none", "REF_FUNC deep", "REF_FUNC swapped")))
        elif self.wild and self.rng.random() < 0.3:
            self.emit(f"NULL {type_}")
        elif type_ == "cells":
            self.emit("LOAD cells_")
        elif type_ == "string":
            self.emit(f"CONST {literal('string', self.rng)}")
        elif type_ == "K":
            self.emit("LOAD object_")
        elif type_ in ("B", "D", "E", "Face", "Other"):
            self.emit(f"NEWOBJ {self.rng.choice(OBJECTS[type_])}")
        elif type_.endswith("[]"):
            self.emit(f"LOAD {type_[:-2]}_array")
        else:
            self.emit(
                self.rng.choice(("LOAD cells_", "LOAD object_", "LOAD i8_array", "NULL any", 'CONST "s"'))
            )

    def push_index(self, length: int) -> None:
        if self.wild:
            self.emit(f"CONST {self.rng.choice((-1, length, length - 1, 2**31 - 1, -(2**31), length + 1))}")
        else:
            self.emit(f"PUSH {self.rng.randrange(length)}")

    def consume(self, type_: str) -> None:
        """Take a value of *type_* off the stack and show it."""
        if type_ in ("i8", "u8", "i16", "u16"):
            type_ = "i32"
        if type_ in ("i32", "f32"):
            self.emit("PRINT", "PUSH 32", "PUTCHAR")
        elif type_ in ("i64", "f64") and self.rng.random() < 0.1:
            self.emit("LPRINT" if type_ == "i64" else "DPRINT", "PUSH 32", "PUTCHAR")
        elif type_ in (*NUMBERS, "function"):
            self.emit(f"STOREG {type_}_{self.stores % GLOBALS}")
            self.stores += 1
        elif type_ == "string":
            self.emit("PRINT")
        else:
            self.emit("ISNULL", "PRINT")

    # -- one opcode -------------------------------------------------------------------------------------

    def run(self, form: Form) -> None:
        """The opcode of *form*, on generated operands."""
        declaration = form.declaration
        bound = {name: type_.name for name, type_ in form.bindings}
        if any(slot.kind == "pool" for slot in declaration.signature.immediates) and bound["T"] == "function":
            bound["T"] = "any"  # no constant is a function
        name = declaration.function.__name__  # the same in several pages, where they mean different things
        special = getattr(self, f"_{declaration.page.name}_{name}", None) or getattr(self, f"_{name}", None)
        if declaration.page.name in ("linear", "indirect"):
            self.spaces = True
            if any(slot.kind == "memory" for slot in declaration.signature.immediates):
                special = special or self._access
        if special is not None:
            special(declaration, bound)
            return
        signature = declaration.signature
        label = self.label()
        operands = [
            self._immediate(slot.kind, slot.variables, bound, label, declaration)
            for slot in signature.immediates
        ]
        types_ = [self._type(pattern, bound) for _, pattern in signature.operands]
        if types_ and set(types_) <= set(NUMBERS):
            for type_, value in zip(types_, self._numbers(form, types_), strict=True):
                self.emit(f"CONST {spelled(type_, value)}")
        else:
            for (name, _), type_ in zip(signature.operands, types_, strict=True):
                if name == "index":
                    self.push_index(CELLS)
                else:
                    self.push(type_)
        self.emit(f"{declaration.label.removeprefix('core.')} {' '.join(o for o in operands if o)}".rstrip())
        for pattern in reversed(signature.results):
            self.consume(self._type(pattern, bound))
        if any(slot.kind == "target" for slot in signature.immediates):
            end = self.label()
            if declaration.graph().transfer.primitive.name == "jump_if":
                self.emit("PUSH 0", f"JMP {end}")
            self.lines.append(f"{label}:")
            self.emit("PUSH 1")
            self.lines.append(f"{end}:")
            self.emit("PRINT")

    def _numbers(self, form: Form, types_: list[str]) -> list[int]:
        """Operands on which the opcode does not trap, so that what follows is reached; if wild, on which it
        does, where some are found."""
        for _ in range(30):
            found = [bits(type_, self.rng) for type_ in types_]
            if traps(form, found) == self.wild:
                break
        return found

    def _type(self, pattern: Pattern, bound: dict[str, str]) -> str:
        if pattern.kind == "type":
            assert pattern.type is not None
            return pattern.type.name
        if pattern.kind == "array":
            return bound[pattern.variable] + "[]"
        if pattern.kind == "chars":
            return "u16[]"
        return "K" if pattern.kind == "instance" else bound[pattern.variable]

    def _immediate(
        self,
        kind: str,
        variables: tuple[str, ...],
        bound: dict[str, str],
        label: str,
        declaration: Declaration,
    ) -> str:
        type_ = bound[variables[-1]] if variables else ""
        if kind == "imm_s":
            return str(integer(self.rng))
        if kind == "imm_u":
            return (
                str(self.rng.choice((0, 0, 1, 2)))
                if declaration.name != "NEW"
                else str(self.rng.randrange(1, 9))
            )
        if kind == "local":
            return f"{type_}_{self.rng.choice(('near', 'far'))}"
        if kind == "pool":
            return literal("string" if type_ == "any" else type_, self.rng)
        if kind == "global":
            return f"{type_}_{self.rng.randrange(GLOBALS)}"
        if kind == "target":
            return label
        if kind == "class":
            return "" if any(slot.kind == "field" for slot in declaration.signature.immediates) else "K"
        if kind == "func":
            return self.rng.choice(("none", "swapped", "deep"))
        if kind == "field":
            return f"K.{type_}_"
        if kind == "array":
            return f"{type_}[]"
        assert kind == "reftype", kind
        return self.rng.choice(("any", "cells", "string", "K", "i8[]"))

    # -- classes ------------------------------------------------------------------------------------------

    def _method(self, opcode: str, owner: str) -> None:
        name, parameters, results = self.rng.choice(METHODS[owner])
        self.push(owner)
        for type_ in parameters:
            self.push(type_)
        self.emit(f"{opcode} {owner}.{name}")
        for type_ in reversed(results):
            self.consume(type_)

    def _invoke_virtual(self, declaration: Declaration, bound: dict[str, str]) -> None:
        self._method("INVOKEVIRTUAL", self.rng.choice(("B", "D", "E")))

    def _invoke_interface(self, declaration: Declaration, bound: dict[str, str]) -> None:
        self._method("INVOKEINTERFACE", self.rng.choice(("Face", "Other")))

    def _tested(self, wanted: Sequence[str]) -> str:
        """A type to test for; an object is pushed, of that type unless wild."""
        type_ = self.rng.choice(wanted)
        given = self.rng.choice(TESTED) if self.wild or self.rng.random() < 0.3 else type_
        if given in ("cells", "string", "K") and self.rng.random() < 0.2:
            self.emit("NULL any")
        else:
            self.push(given)
        return type_

    def _implements(self, declaration: Declaration, bound: dict[str, str]) -> None:
        wanted = ("Face", "Other") if declaration.when else TESTED
        self._tested(wanted)
        self.emit(f"INSTANCEOF {self.rng.choice(wanted)}")
        self.consume("i32")

    _instance_of = _implements

    def _cast(self, declaration: Declaration, bound: dict[str, str]) -> None:
        wanted = ("Face", "Other") if declaration.when else TESTED
        if self.wild:
            self._tested(wanted)
            self.emit(f"CAST {self.rng.choice(wanted)}")
        else:
            type_ = self.rng.choice(wanted)
            self.push(type_) if self.rng.random() < 0.8 else self.emit("NULL any")
            self.emit(f"CAST {type_}")
        self.emit("ISNULL", "PRINT")

    _cast_interface = _cast

    # -- functions of the host ------------------------------------------------------------------------------

    def _host_host(self, declaration: Declaration, bound: dict[str, str]) -> None:
        """Calls of imported functions of random types, of which some fail if wild; some as written out."""
        number = len(self.imports)
        kinds = (*NUMBERS, "function", "any", "string", "K", "cells", "i8[]")
        parameters, results = (
            [self.rng.choice(kinds) for _ in range(self.rng.choice((0, 1, 2, 3, 6)))] for _ in range(2)
        )
        name, field = f"host{number}", self.rng.choice(("", "make", "mü", "swap", *["fail"] * self.wild))
        given = ", ".join(f"p{at}: {type_}" for at, type_ in enumerate(parameters))
        self.imports.append(f'.import {name}({given}) -> ({", ".join(results)}): "tests{number}", "{field}"')
        for _ in range(self.rng.choice((1, 1, 2))):
            for type_ in parameters:
                self.push(type_)
            self.emit(f"CALL {name}")
            for type_ in reversed(results):
                self.consume(type_)

    # -- strings ------------------------------------------------------------------------------------------

    def _string(self) -> list[int]:
        text = units(self.rng)
        self.emit("NULL string" if self.wild and self.rng.random() < 0.2 else f"CONST {quoted(text)}")
        return text

    def _between(self, length: int) -> list[int]:
        """Pushes the ends of a range of so many, if wild of one that is mostly outside."""
        ends = sorted((self.rng.randrange(length + 1), self.rng.randrange(length + 1)))
        if self.wild:
            ends[self.rng.randrange(2)] = self.rng.choice((-1, length + 1, 2**31 - 1, -(2**31)))
            self.rng.shuffle(ends)
        self.emit(*(f"CONST {end}" for end in ends))
        return ends

    def _char_at(self, declaration: Declaration, bound: dict[str, str]) -> None:
        length = len(self._string())
        if not length and not self.wild:
            self.emit("POP", 'CONST "x"')
            length = 1
        self.push_index(length)
        self.emit("SCHARAT")
        self.consume("i32")

    def _equals(self, declaration: Declaration, bound: dict[str, str]) -> None:
        text = self._string()
        changed = [*text, 97] if self.rng.random() < 0.3 else text[: self.rng.randrange(len(text) + 1)]
        choice = self.rng.random()
        if choice < 0.4:
            self.emit(f"CONST {quoted(changed)}")
        elif choice < 0.6:  # the same text in another object
            self.emit(f"CONST {quoted(text)}", 'CONST ""', "SCONCAT")
        else:
            self._string()
        self.emit(declaration.name)
        self.consume("i32")

    _compare = _equals

    def _index_of(self, declaration: Declaration, bound: dict[str, str]) -> None:
        text = self._string()
        at = self.rng.randrange(len(text) + 1)
        if self.rng.random() < 0.7:
            self.emit(f"CONST {quoted(text[at : at + self.rng.randrange(4)])}")
        else:
            self._string()
        self.emit(f"CONST {self.rng.choice((0, 0, 1, at, -1, len(text), 2**31 - 1, -(2**31)))}", "SINDEXOF")
        self.consume("i32")

    def _index_of_char(self, declaration: Declaration, bound: dict[str, str]) -> None:
        text = self._string()
        at = self.rng.randrange(len(text) + 1)
        near = text[at] if at < len(text) else 97
        char = self.rng.choice((near, near, near, 0x1F600, 0x110000, -1, 0x20AC, 0xDE00, 255, near + 256))
        self.emit(f"CONST {char}", f"CONST {self.rng.choice((0, 0, 1, at, -1, len(text), 2**31 - 1))}")
        self.emit("SINDEXOFCHAR")
        self.consume("i32")

    def _get_chars(self, declaration: Declaration, bound: dict[str, str]) -> None:
        length = min(len(self._string()), ELEMENTS // 2)
        self._between(length)
        self.push("u16[]")
        self.emit(
            f"CONST {self.rng.choice((-1, 4, 7, 8, 9, 2**31 - 1)) if self.wild else self.rng.randrange(5)}"
        )
        self.emit("SGETCHARS")
        self.emit("LOAD u16_array", "PUSH 0", f"PUSH {ELEMENTS}", "SFROMCHARS", "PRINT")

    def _substring(self, declaration: Declaration, bound: dict[str, str]) -> None:
        text = self._string()
        begin, end = self._between(len(text))
        self.emit("SSUBSTRING")
        # Equal strings have equal bytes, wherever they come from.
        self.emit("DUP", f"CONST {quoted(text[begin:end] if begin >= 0 else text)}", "SEQUALS", "PRINT")
        self._shown()

    def _from_chars(self, declaration: Declaration, bound: dict[str, str]) -> None:
        for index, unit in enumerate(units(self.rng, ELEMENTS)):
            self.emit("LOAD u16_array", f"PUSH {index}", f"PUSH {unit}", "ASTORE")
        self.push("u16[]")
        self._between(ELEMENTS)
        self.emit("SFROMCHARS")
        self._shown()

    def _shown(self) -> None:
        """Prints the string on top, and whether it is in its canonical form: its hash and its equality."""
        self.emit("DUP", "PRINT", "DUP", "SLENGTH", "PRINT", "DUP", "SHASH", "PRINT", "POP")

    def _concat(self, declaration: Declaration, bound: dict[str, str]) -> None:
        self._string()
        self._string() if self.rng.random() < 0.8 else self.emit("NULL string")
        self.emit("SCONCAT")
        self._shown()

    def _to_number(self, declaration: Declaration, bound: dict[str, str]) -> None:
        tests = {"SISINT": "i32", "SISLONG": "i64", "SISFLOAT": "f64"}
        kinds = {"STR2I": "i32", "STR2L": "i64", "STR2F": "f32", "STR2D": "f64"} | tests
        kind = kinds[declaration.name]
        is_test = declaration.name in tests
        if self.wild and self.rng.random() < 0.2:
            self.emit("NULL string")
        elif self.wild or (is_test and self.rng.random() < 0.5):
            self.emit(f"CONST {quoted(list(map(ord, self.rng.choice(BAD_NUMBERS))))}")
        else:
            self.emit(f"CONST {quoted(list(map(ord, number_text(self.rng, kind))))}")
        self.emit(declaration.name)
        self.consume("i32" if is_test else kind)

    _object_to_i32 = _object_to_i64 = _object_to_f32 = _object_to_f64 = _to_number
    _is_i32 = _is_i64 = _is_float = _to_number

    # -- opcodes whose operands mean something to each other ----------------------------------------------

    def _call(self, declaration: Declaration, bound: dict[str, str]) -> None:
        which = self.rng.randrange(3)
        if which == 0:
            self.emit("CALL none")
        elif which == 1:
            self.push("i32")
            self.push("f32")
            self.emit("CALL swapped")
            self.consume("i32")
            self.consume("f32")
        else:
            self.push("i32")
            self.emit("CALL deep")
            self.consume("i32")

    _ret = _call  # a call is a return

    def _halt_(self, declaration: Declaration, bound: dict[str, str]) -> None:
        self.push("i32")
        self.emit("JNZ " + (end := self.label()), declaration.name)
        self.lines.append(f"{end}:")

    _unreachable = _halt_  # as final

    def _load(self, declaration: Declaration, bound: dict[str, str]) -> None:
        where = f"{bound['T']}_{self.rng.choice(('near', 'far'))}"
        self.push(bound["T"])
        self.emit(f"STORE {where}", f"LOAD {where}")
        self.consume(bound["T"])

    _store = _load

    def _select(self, declaration: Declaration, bound: dict[str, str]) -> None:
        type_ = self.rng.choice(("cells", "string", "K")) if bound["T"] == "any" else bound["T"]
        for each in (type_, type_, "i32"):
            self.push(each)
        self.emit("SELECT")
        self.consume(type_)

    def _loadg(self, declaration: Declaration, bound: dict[str, str]) -> None:
        where = f"{bound['T']}_{self.rng.randrange(GLOBALS)}"
        self.push(bound["T"])
        self.emit(f"STOREG {where}", f"LOADG {where}")
        self.consume(bound["T"])

    _storeg = _loadg

    def _storem(self, declaration: Declaration, bound: dict[str, str]) -> None:
        offset = self.rng.choice((0, 0, 1, 2, 2**31 - 1)) if self.wild else self.rng.randrange(3)
        index = (
            self.rng.choice((-1, 7, 8, -(2**31), 2**31 - 1))
            if self.wild
            else self.rng.randrange(CELLS) - offset
        )
        self.push("cells")
        self.emit(f"CONST {index}")
        self.push("i32")
        self.emit(f"STOREM {offset}")
        self.push("cells")
        self.emit(f"CONST {index}", f"LOADM {offset}")
        self.consume("i32")

    _loadm = _storem

    def _array_store(self, declaration: Declaration, bound: dict[str, str]) -> None:
        type_ = bound["E"]
        index = (
            self.rng.choice((-1, 7, 8, -(2**31), 2**31 - 1)) if self.wild else self.rng.randrange(ELEMENTS)
        )
        self.push(f"{type_}[]")
        self.emit(f"CONST {index}")
        self.push(type_)
        self.emit("ASTORE")
        self.push(f"{type_}[]")
        self.emit(f"CONST {index}", "ALOAD")
        self.consume(type_)

    _array_load = _array_store

    def _put_field(self, declaration: Declaration, bound: dict[str, str]) -> None:
        type_ = bound["F"]
        self.push("K")
        self.push(type_)
        self.emit(f"PUTFIELD K.{type_}_")
        self.push("K")
        self.emit(f"GETFIELD K.{type_}_")
        self.consume(type_)

    _get_field = _put_field

    # -- what the machine says: only that of which both sides know the same is shown ------------------------

    def _space_info(self, declaration: Declaration, bound: dict[str, str]) -> None:
        if self.wild:
            self.emit(f"CONST {self.rng.choice((-1, 7, 8, -(2**31), 2**31 - 1))}", "SPACE_INFO", "PRINT")
            return
        which = self.rng.randrange(7)
        self.emit(f"PUSH {which}", "SPACE_INFO")
        self.consume("i32") if which in (2, 3, 4) else self.emit("POP")

    def _time_get(self, declaration: Declaration, bound: dict[str, str]) -> None:
        if self.wild:
            self.emit(f"CONST {self.rng.choice((-1, 5, 6, -(2**31), 2**31 - 1))}", "TIME_GET", "PRINT")
        else:
            self.emit(f"PUSH {self.rng.randrange(5)}", "TIME_GET", "POP")

    def _event_wait(self, declaration: Declaration, bound: dict[str, str]) -> None:
        self.push("i32")
        self.emit("EVENT_WAIT")
        self.consume("i32")
        if self.rng.random() < 0.3:
            self.emit("GETCHAR")
            self.consume("i32")

    def _pixel_set(self, declaration: Declaration, bound: dict[str, str]) -> None:
        place = [self.rng.randrange(size) for size in SCREEN]
        if self.wild:
            place[self.rng.randrange(2)] = self.rng.choice((-1, -(2**31), *SCREEN, 2**31 - 1))
        elif self.rng.random() < 0.1:
            place = [-1, -1]
        self.emit(*(f"CONST {number}" for number in place))
        self.push("i32")
        self.emit("PIXEL_SET")

    def _count(self) -> int:
        return self.rng.choice((-1, -(2**31), 2**31 - 1, 2**28)) if self.wild else self.rng.randrange(20)

    def _new_counted(self, declaration: Declaration, bound: dict[str, str]) -> None:
        self.emit(f"CONST {self._count()}", "NEW 0")
        self.consume("cells")

    def _new_array(self, declaration: Declaration, bound: dict[str, str]) -> None:
        self.emit(f"CONST {self._count()}", f"NEWARRAY {bound['E']}[]", "DUP", "ALENGTH")
        self.consume("i32")
        self.consume("any")

    def _free(self, declaration: Declaration, bound: dict[str, str]) -> None:
        size = self.rng.randrange(1, 12)
        self.emit(f"NEW {size}", "DUP", "PUSH 0")
        self.push("i32")
        self.emit("STOREM 0", "DUP", "PUSH 0", "LOADM 0")
        self.consume("i32")
        self.emit("DUP", "FREE")
        if self.wild:
            self.emit(
                *self.rng.choice(
                    (["DUP", "FREE"], ["DUP", "PUSH 0", "LOADM 0", "PRINT"], ["NULL cells", "FREE"])
                )
            )
        self.emit("POP")
