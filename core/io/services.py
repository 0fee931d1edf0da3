"""Console services: their declarations and models. The C is in c/."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...opcodes import Trap, f32, f64, i32, i64, service, string
from ...opcodes.meaning import machine
from ...opcodes.traps import TrapSignal
from . import shortest

_BLANKS = b" \t\n\v\f\r"
_DIGITS = b"0123456789"


@dataclass(slots=True)
class Console:
    """The console of a run. input: all of standard input; at: how far it is read; output: all written."""

    input: bytes = b""
    at: int = 0
    output: bytearray = field(default_factory=bytearray)

    def inner(self) -> Console:
        """Programs that this one runs have the same console."""
        return self

    def skip(self, among: bytes, most: int | None = None) -> bytes:
        """Reads bytes as long as they are *among* these, at most so many."""
        start = self.at
        end = len(self.input) if most is None else min(len(self.input), start + most)
        while self.at < end and self.input[self.at] in among:
            self.at += 1
        return self.input[start : self.at]


def utf8(text: str | None) -> bytes:
    """What printing a string writes: surrogates in pairs combine, lone ones become question marks."""
    if text is None:
        return b"null"
    units = text.encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "surrogatepass").encode("utf-8", "replace")


@service("tb_io_print_i32", library="io.output", effects={"writes output"})
def print_i32(value: i32) -> None:
    machine().state(Console).output += b"%d" % value.v


@service("tb_io_print_f32", library="io.output", effects={"writes output"})
def print_f32(value: f32) -> None:
    machine().state(Console).output += shortest.text(value.v, *shortest.F32).encode()


@service("tb_io_print_i64", library="io.output", effects={"writes output"})
def print_i64(value: i64) -> None:
    machine().state(Console).output += b"%d" % value.v


@service("tb_io_print_f64", library="io.output", effects={"writes output"})
def print_f64(value: f64) -> None:
    machine().state(Console).output += shortest.text(value.v, *shortest.F64).encode()


@service("tb_io_print_string", library="io.output", effects={"writes output"})
def print_string(value: string) -> None:
    machine().state(Console).output += utf8(machine().string(value.v))


@service("tb_io_put_byte", library="io.output", effects={"writes output"})
def put_byte(value: i32) -> None:
    machine().state(Console).output.append(value.v & 0xFF)


@service("tb_io_read_i32", library="io.input", effects={"reads input", "may block"}, traps=(Trap.BAD_INPUT,))
def read_i32() -> i32:
    console = machine().state(Console)
    console.skip(_BLANKS)
    sign = console.skip(b"+-", 1)
    digits = console.skip(_DIGITS)
    if digits:
        significant = digits.lstrip(b"0")[:11] or b"0"  # 11 are too many already
        value = int(sign + significant)
        if -(1 << 31) <= value < 1 << 31:
            return i32(value)
    raise TrapSignal(Trap.BAD_INPUT)


@service("tb_io_get_byte", library="io.input", effects={"reads input", "may block"})
def get_byte() -> i32:
    console = machine().state(Console)
    if console.at == len(console.input):
        return i32(-1)
    console.at += 1
    return i32(console.input[console.at - 1])
