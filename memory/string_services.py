"""Services for strings, with their models."""

from __future__ import annotations

import re
from fractions import Fraction

from ..core.io import shortest
from ..opcodes import Trap, chars, f32, f64, i32, i64, service, string, types
from ..opcodes.meaning import machine
from ..opcodes.primitives.integer import wrap
from ..opcodes.traps import TrapSignal
from ..opcodes.values import HEADER_BYTES

_READ, _MAKE, _FORMAT = "object.string.read", "object.string.make", "object.string.format"
_INTEGER, _FLOAT = "object.string.integer", "object.string.float"
_NEW = {"safepoint", "writes heap"}
_FULL = (Trap.OUT_OF_MEMORY,)
_NULL = list(b"null")


@service("tb_string_equals", library=_READ)
def equals(a: string, b: string) -> i32:
    return i32(int(b.v != 0 and machine().units(a.v) == machine().units(b.v)))


@service("tb_string_compare", library=_READ)
def compare(a: string, b: string) -> i32:
    one, other = machine().units(a.v), machine().units(b.v)
    differences = (x - y for x, y in zip(one, other, strict=False) if x != y)
    return i32(next(differences, len(one) - len(other)))


@service("tb_string_hash", library=_READ)
def hash_(a: string) -> i32:
    value = 0
    for unit in machine().units(a.v):
        value = (31 * value + unit) & 0xFFFFFFFF
    return i32(wrap(value, 32))


def _find(text: list[int], wanted: list[int], start: int) -> int:
    start = max(0, min(start, len(text)))
    last = len(text) - len(wanted)
    return next((at for at in range(start, last + 1) if text[at : at + len(wanted)] == wanted), -1)


@service("tb_string_index_of", library=_READ)
def index_of(a: string, b: string, start: i32) -> i32:
    return i32(_find(machine().units(a.v), machine().units(b.v), start.v))


@service("tb_string_index_of_char", library=_READ)
def index_of_char(a: string, char: i32, start: i32) -> i32:
    if not 0 <= char.v <= 0x10FFFF:
        return i32(-1)
    encoded = chr(char.v).encode("utf-16-le", "surrogatepass")
    units = [encoded[at] | encoded[at + 1] << 8 for at in range(0, len(encoded), 2)]
    return i32(_find(machine().units(a.v), units, start.v))


@service("tb_string_get_chars", library=_READ, effects={"writes heap"})
def get_chars(a: string, begin: i32, end: i32, to: chars, at: i32) -> None:
    for number, unit in enumerate(machine().units(a.v)[begin.v : end.v]):
        machine().heap_store(types.U16, to.v, HEADER_BYTES + 2 * (at.v + number), unit)


@service("tb_string_concat", library=_MAKE, effects=_NEW, traps=_FULL)
def concat(a: string, b: string) -> string:
    one, other = (machine().units(each.v) if each.v else _NULL for each in (a, b))
    return string(machine().new_string(one + other))


@service("tb_string_slice", library=_MAKE, effects=_NEW, traps=_FULL)
def substring(a: string, begin: i32, end: i32) -> string:
    return string(machine().new_string(machine().units(a.v)[begin.v : end.v]))


@service("tb_string_slice", library=_MAKE, effects={*_NEW, "makes strings"}, traps=_FULL)
def from_chars(a: chars, begin: i32, end: i32) -> string:
    return string(machine().new_string(machine().units(a.v)[begin.v : end.v]))


@service("tb_string_from_char", library=_MAKE, effects={*_NEW, "makes strings"}, traps=_FULL)
def from_char(unit: i32) -> string:
    return string(machine().new_string([unit.v]))


@service("tb_string_from_i64", library=_FORMAT, effects=_NEW, traps=_FULL)
def from_i64(value: i64) -> string:
    return string(machine().new_string(b"%d" % value.v))


@service("tb_string_from_f32", library=_FORMAT, effects=_NEW, traps=_FULL)
def from_f32(value: f32) -> string:
    return string(machine().new_string(shortest.text(value.v, *shortest.F32).encode()))


@service("tb_string_from_f64", library=_FORMAT, effects=_NEW, traps=_FULL)
def from_f64(value: f64) -> string:
    return string(machine().new_string(shortest.text(value.v, *shortest.F64).encode()))


# --- text to number -------------------------------------------------------------------------------------

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<nan>NaN)|(?P<infinity>Infinity)"
    r"|(?:(?P<whole>[0-9]+)\.?(?P<part>[0-9]*)|\.(?P<only>[0-9]+))(?:[eE](?P<ten>[+-]?[0-9]+))?[fFdD]?"
    r"|0[xX](?:(?P<hex>[0-9a-fA-F]+)\.?(?P<hexpart>[0-9a-fA-F]*)|\.(?P<hexonly>[0-9a-fA-F]+))"
    r"[pP](?P<two>[+-]?[0-9]+)[fFdD]?)"
)
# What String.trim takes away.
_BLANKS = "".join(map(chr, range(0x21)))


def integer_value(text: str, bits: int) -> int | None:
    """The number that *text* is, if it is one of so many bits."""
    if not _WHOLE.fullmatch(text):
        return None
    digits = text.lstrip("+-").lstrip("0")[:25] or "0"  # 25 are too many already
    value = -int(digits) if text[0] == "-" else int(digits)
    return value if -(1 << (bits - 1)) <= value < 1 << (bits - 1) else None


_MOST = 2000  # digits; two numbers have at most 767 in common with what is halfway between them


def float_bits(text: str, exponent_bits: int, fraction_bits: int) -> int | None:
    """The bits of the nearest number of that format, if *text* is one as Java has them."""
    match = _NUMBER.fullmatch(text.strip(_BLANKS))
    if match is None:
        return None
    sign = (match["sign"] == "-") << (exponent_bits + fraction_bits)
    infinity = ((1 << exponent_bits) - 1) << fraction_bits
    if match["nan"]:
        return infinity | 1 << (fraction_bits - 1)
    if match["infinity"]:
        return sign | infinity
    base, group = (16, "hex") if match["two"] else (10, "")
    whole = match[group or "whole"] or ""
    part = match[f"{group}part" if group else "part"] or match[f"{group}only" if group else "only"] or ""
    digits = (whole + part).lstrip("0")
    if not digits:
        return sign
    power = _exponent(match["two"] or match["ten"] or "0") - len(part) * (4 if group else 1)
    if len(digits) > _MOST:  # of those behind it only matters whether one is not 0
        rest = digits[_MOST:]
        digits = digits[:_MOST] + str(int(rest.strip("0") != ""))
        power += (len(rest) - 1) * (4 if group else 1)
    size = power + len(digits) * (4 if group else 1)  # about the number's exponent, to its base
    if abs(size) > 5000:
        return sign | (infinity if size > 0 else 0)
    value = Fraction(int(digits, base)) * Fraction(2 if group else 10) ** power
    return sign | _nearest(value, exponent_bits, fraction_bits)


def _exponent(text: str) -> int:
    digits = text.lstrip("+-").lstrip("0")
    value = int(digits or "0") if len(digits) < 20 else 10**20
    return -value if text[0] == "-" else value


def _nearest(value: Fraction, exponent_bits: int, fraction_bits: int) -> int:
    """The bits of the nearest number, of two the even one, by their definition."""
    least = 2 - (1 << (exponent_bits - 1))
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    exponent -= value < Fraction(2) ** exponent
    exponent = max(exponent, least)
    mantissa = round(value / Fraction(2) ** (exponent - fraction_bits))
    infinity = ((1 << exponent_bits) - 1) << fraction_bits
    return min(((exponent - least) << fraction_bits) + mantissa, infinity)


def _text(a: string) -> str:
    return "".join(map(chr, machine().units(a.v)))


_FORMATS = {32: shortest.F32, 64: shortest.F64}


@service("tb_string_to_integer", library=_INTEGER, traps=(Trap.NUMBER_FORMAT,))
def to_integer(a: string, bits: i32) -> i64:
    value = integer_value(_text(a), bits.v)
    if value is None:
        raise TrapSignal(Trap.NUMBER_FORMAT)
    return i64(value)


@service("tb_string_is_integer", library=_INTEGER)
def is_integer(a: string, bits: i32) -> i32:
    return i32(int(a.v != 0 and integer_value(_text(a), bits.v) is not None))


@service("tb_string_to_float", library=_FLOAT, traps=(Trap.NUMBER_FORMAT,))
def to_float(a: string, bits: i32) -> i64:
    value = float_bits(_text(a), *_FORMATS[bits.v])
    if value is None:
        raise TrapSignal(Trap.NUMBER_FORMAT)
    return i64(wrap(value, 64))


@service("tb_string_is_float", library=_FLOAT)
def is_float(a: string) -> i32:
    return i32(int(a.v != 0 and float_bits(_text(a), *shortest.F32) is not None))
