"""Opcodes of page `object` for strings, with Java's semantics: sequences of UTF-16 units.

A string is stored as Latin-1 exactly when all its units fit a byte, so that equal strings have equal bytes.
Every opcode that gives a string gives a new object.
"""

from __future__ import annotations

from ..opcodes import OpcodeSet, Trap, bounds, chars, f32, f64, i32, i64, string, trap_if
from ..opcodes.values import anyref
from . import string_services as services
from .objects import OBJECT

read = OpcodeSet(OBJECT, library="object.string.read", later=True)
make = OpcodeSet(OBJECT, library="object.string.make", later=True)
format_ = OpcodeSet(OBJECT, library="object.string.format", later=True)
integer = OpcodeSet(OBJECT, library="object.string.integer", later=True)
floating = OpcodeSet(OBJECT, library="object.string.float", later=True)


def _present(*references: anyref) -> None:
    for each in references:
        trap_if(each.is_null(), Trap.NULL_REFERENCE)


def _range(begin: i32, end: i32, length: i32) -> None:
    """Trap BAD_INDEX unless 0 <= begin <= end <= length."""
    trap_if(begin.gt_u(end) | end.gt_u(length), Trap.BAD_INDEX)


@read(0x20, "SLENGTH")
def length(a: string) -> i32:
    """The number of UTF-16 units. Traps NULL_REFERENCE."""
    _present(a)
    return a.length()


@read(0x21, "SCHARAT")
def char_at(a: string, index: i32) -> i32:
    """The UTF-16 unit at the index. Traps NULL_REFERENCE and BAD_INDEX."""
    _present(a)
    bounds(index, a.length())
    return a.unit(index)


@read(0x22, "SEQUALS")
def equals(a: string, b: string) -> i32:
    """1 if both have the same units, else 0, also if b is null. Traps NULL_REFERENCE if a is."""
    _present(a)
    return services.equals(a, b)


@read(0x23, "SCOMPARE")
def compare(a: string, b: string) -> i32:
    """The difference of the first units that differ, or of the lengths: String.compareTo. Traps
    NULL_REFERENCE."""
    _present(a, b)
    return services.compare(a, b)


@read(0x24, "SHASH")
def hash_(a: string) -> i32:
    """String.hashCode: over all units, h = 31 * h + unit. Computed each time. Traps NULL_REFERENCE."""
    _present(a)
    return services.hash_(a)


@read(0x25, "SINDEXOF")
def index_of(a: string, b: string, start: i32) -> i32:
    """Where b occurs first in a, not before start; -1 for nowhere: String.indexOf, whose start may be
    anything. Traps NULL_REFERENCE."""
    _present(a, b)
    return services.index_of(a, b, start)


@read(0x26, "SINDEXOFCHAR")
def index_of_char(a: string, char: i32, start: i32) -> i32:
    """Where a code point, a unit or a pair of surrogates, occurs first in a, not before start; -1 for
    nowhere: String.indexOf. Traps NULL_REFERENCE."""
    _present(a)
    return services.index_of_char(a, char, start)


@read(0x27, "SGETCHARS")
def get_chars(a: string, begin: i32, end: i32, to: chars, at: i32) -> None:
    """Copies the units from begin to before end into the array, from its element at on: String.getChars.
    Traps NULL_REFERENCE and BAD_INDEX."""
    _present(a, to)
    _range(begin, end, a.length())
    room = to.length()
    trap_if(at.gt_u(room), Trap.BAD_INDEX)
    trap_if((end - begin).gt_u(room - at), Trap.BAD_INDEX)
    services.get_chars(a, begin, end, to, at)


@make(0x28, "SCONCAT")
def concat(a: string, b: string) -> string:
    """The units of a, then those of b; null stands for "null", as in Java's +. Traps OUT_OF_MEMORY."""
    return services.concat(a, b)


@make(0x29, "SSUBSTRING")
def substring(a: string, begin: i32, end: i32) -> string:
    """The units from begin to before end. Traps NULL_REFERENCE, BAD_INDEX and OUT_OF_MEMORY."""
    _present(a)
    _range(begin, end, a.length())
    return services.substring(a, begin, end)


@make(0x2A, "SFROMCHAR")
def from_char(unit: i32) -> string:
    """The string of one unit, the low 16 bits. Traps OUT_OF_MEMORY."""
    return services.from_char(unit & 0xFFFF)


@make(0x2B, "SFROMCHARS")
def from_chars(a: chars, begin: i32, end: i32) -> string:
    """The elements of an array from begin to before end as a string. Traps NULL_REFERENCE, BAD_INDEX and
    OUT_OF_MEMORY."""
    _present(a)
    _range(begin, end, a.length())
    return services.from_chars(a, begin, end)


@format_(0x2C, "I2STR")
def from_i32(value: i32) -> string:
    """The number in decimal. Traps OUT_OF_MEMORY."""
    return services.from_i64(value.to_i64())


@format_(0x2D, "L2STR")
def from_i64(value: i64) -> string:
    """The number in decimal. Traps OUT_OF_MEMORY."""
    return services.from_i64(value)


@format_(0x2E, "F2STR")
def from_f32(value: f32) -> string:
    """The number in the shortest form that reads back as the same: Float.toString since JDK 19. Traps
    OUT_OF_MEMORY."""
    return services.from_f32(value)


@format_(0x2F, "D2STR")
def from_f64(value: f64) -> string:
    """The number in the shortest form that reads back as the same: Double.toString since JDK 19. Traps
    OUT_OF_MEMORY."""
    return services.from_f64(value)


@integer(0x30, "STR2I")
def to_i32(a: string) -> i32:
    """The number that the text is: a sign or none, then digits 0 to 9: Integer.parseInt. Traps
    NULL_REFERENCE, and NUMBER_FORMAT for anything else."""
    _present(a)
    return services.to_integer(a, i32(32)).to_i32()


@integer(0x31, "STR2L")
def to_i64(a: string) -> i64:
    """As STR2I: Long.parseLong."""
    _present(a)
    return services.to_integer(a, i32(64))


@floating(0x32, "STR2F")
def to_f32(a: string) -> f32:
    """The nearest number, of two the even one: Float.parseFloat. Blanks around it are skipped. A sign or
    none, then NaN, Infinity, a decimal number with a point or an exponent or none, or a hexadecimal one with
    an exponent, as in Java's source, and a suffix f, F, d, D or none. Traps NULL_REFERENCE, and NUMBER_FORMAT
    for anything else."""
    _present(a)
    return services.to_float(a, i32(32)).to_i32().as_float()


@floating(0x33, "STR2D")
def to_f64(a: string) -> f64:
    """As STR2F: Double.parseDouble."""
    _present(a)
    return services.to_float(a, i32(64)).as_float()


@integer(0x34, "SISINT")
def is_i32(a: string) -> i32:
    """1 if STR2I gives a number, 0 if it traps."""
    return services.is_integer(a, i32(32))


@integer(0x35, "SISLONG")
def is_i64(a: string) -> i32:
    """1 if STR2L gives a number, 0 if it traps."""
    return services.is_integer(a, i32(64))


@floating(0x36, "SISFLOAT")
def is_float(a: string) -> i32:
    """1 if STR2F and STR2D give a number, 0 if they trap."""
    return services.is_float(a)
