"""A plug-in for tblvm: fixed-point arithmetic in i32 cells, 16 bits before the point, 16 behind it (Q16.16).

The value of a cell is its integer divided by 65536. Products round to the nearest number, upward where two
are as near; quotients and square roots are cut off toward zero. Where it does not say otherwise, results keep
their low 32 bits, as sums of integers do.
"""

from __future__ import annotations

from tblvm.core.hookspecs import hookimpl
from tblvm.opcodes import OpcodeSet, Page, Trap, i32, i64, trap_if

op = OpcodeSet(Page("fixedpoint"), library="fixedpoint")

OVERFLOW = Trap("FIXED_OVERFLOW", "a number does not fit 16 bits before the point")
NEGATIVE = Trap("NEGATIVE_ROOT", "the square root of a negative number")
MOST, LEAST = 0x7FFFFFFF, -0x80000000


def product(a: i32, b: i32) -> i64:
    """The product, rounded, in 64 bits."""
    return (a.to_i64() * b.to_i64() + 0x8000) >> 16


def clamped(value: i64) -> i32:
    """What fits, else the largest or the smallest number."""
    low = (value < LEAST).select(i64(LEAST), value)
    return (low > MOST).select(i64(MOST), low).to_i32()


@op(0x00, "FXFROM")
def fxfrom(a: i32) -> i32:
    """The integer as a fixed-point number. Traps FIXED_OVERFLOW outside of -32768 to 32767."""
    trap_if((a < -32768) | (a > 32767), OVERFLOW)
    return a << 16


@op(0x01, "FXTRUNC")
def fxtrunc(a: i32) -> i32:
    """The integer part, toward zero."""
    return a.div_wrap(65536)


@op(0x02, "FXFLOOR")
def fxfloor(a: i32) -> i32:
    """The largest integer that is no larger."""
    return a >> 16


@op(0x03, "FXROUND")
def fxround(a: i32) -> i32:
    """The nearest integer, upward where two are as near."""
    return ((a.to_i64() + 0x8000) >> 16).to_i32()


@op(0x04, "FXFRAC")
def fxfrac(a: i32) -> i32:
    """The distance from FXFLOOR: 0 or more and less than 1."""
    return a & 0xFFFF


@op(0x08, "FXMUL")
def fxmul(a: i32, b: i32) -> i32:
    """Product, wrapping."""
    return product(a, b).to_i32()


@op(0x09, "FXDIV")
def fxdiv(a: i32, b: i32) -> i32:
    """Quotient, toward zero, wrapping. Traps on a zero divisor."""
    trap_if(b == 0, Trap.DIVIDE_BY_ZERO)
    return (a.to_i64() << 16).div_wrap(b.to_i64()).to_i32()


@op(0x0A, "FXMULADD")
def fxmuladd(a: i32, b: i32, c: i32) -> i32:
    """a * b + c, rounded once, wrapping."""
    return (product(a, b) + c.to_i64()).to_i32()


@op(0x0B, "FXLERP")
def fxlerp(a: i32, b: i32, t: i32) -> i32:
    """Between a and b: a where t is 0, b where t is 1, wrapping."""
    return (a.to_i64() + (((b.to_i64() - a.to_i64()) * t.to_i64() + 0x8000) >> 16)).to_i32()


@op(0x0C, "FXSQRT")
def fxsqrt(a: i32) -> i32:
    """Square root, toward zero. Traps NEGATIVE_ROOT below 0."""
    trap_if(a < 0, NEGATIVE)
    # Below 2**47, where the root of an f64 rounds up to no integer that it does not reach.
    return (a.to_i64() << 16).to_f64().sqrt().to_i32()


@op(0x10, "FXADDS")
def fxadds(a: i32, b: i32) -> i32:
    """Sum; the largest or smallest number where it does not fit."""
    return clamped(a.to_i64() + b.to_i64())


@op(0x11, "FXSUBS")
def fxsubs(a: i32, b: i32) -> i32:
    """Difference; the largest or smallest number where it does not fit."""
    return clamped(a.to_i64() - b.to_i64())


@op(0x12, "FXMULS")
def fxmuls(a: i32, b: i32) -> i32:
    """Product; the largest or smallest number where it does not fit."""
    return clamped(product(a, b))


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [op]
