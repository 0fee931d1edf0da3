"""Console opcodes and their services."""

from __future__ import annotations

from ...opcodes import CORE, OpcodeSet, f32, f64, i32, i64, string
from ..numeric.family import DOUBLE, LONG
from . import services

output = OpcodeSet(CORE, library="io.output", later=True)
long_output = OpcodeSet(LONG, library="io.output", later=True)
double_output = OpcodeSet(DOUBLE, library="io.output", later=True)
input_ = OpcodeSet(CORE, library="io.input", later=True)


@output(0x40, "PRINT")
def print_i32(value: i32) -> None:
    """Prints the value, by its type, without a newline: an i32 in decimal."""
    services.print_i32(value)


@output(0x40, "PRINT")
def print_f32(value: f32) -> None:
    """An f32 in the shortest form that reads back as the same number, laid out as Java does."""
    services.print_f32(value)


@output(0x40, "PRINT")
def print_string(value: string) -> None:
    """A string, as UTF-8; null prints as "null", a lone surrogate as a question mark."""
    services.print_string(value)


@input_(0x41, "READ")
def read() -> i32:
    """The next integer of standard input: skips blanks, takes an optional sign and decimal digits.

    Traps BAD_INPUT at the end of input, for anything else, and for a number that is no i32.
    """
    return services.read_i32()


@input_(0x42, "GETCHAR")
def getchar() -> i32:
    """The next byte of standard input, or -1 at its end."""
    return services.get_byte()


@output(0x43, "PUTCHAR")
def putchar(value: i32) -> None:
    """Writes the low byte of the value to standard output."""
    services.put_byte(value)


@long_output(0x50, "LPRINT")
def print_i64(value: i64) -> None:
    """Prints the value in decimal."""
    services.print_i64(value)


@double_output(0x50, "DPRINT")
def print_f64(value: f64) -> None:
    """Prints the value in the shortest form that reads back as the same number, laid out as Java does."""
    services.print_f64(value)
