"""Opcodes that pages float and double share. Names begin with F on page float, with D on page double.

    00 arithmetic   10 comparisons that give 1 or 0   20 conversions to integers: saturating, then trapping
    28 conversions from integers   2C bits

Saturating is Java's conversion and WebAssembly's trunc_sat, trapping WebAssembly's trunc.
"""

from __future__ import annotations

from ...opcodes import Float, boolean, i32, i64, trap_if
from .family import INTEGER_OVERFLOW, INVALID_CONVERSION, floats


@floats(0x00, "*NEG")
def neg(a: Float) -> Float:
    """The sign inverted, of a NaN too."""
    return -a


@floats(0x01, "*ABS")
def abs_(a: Float) -> Float:
    """The sign cleared, of a NaN too."""
    return a.abs()


@floats(0x02, "*COPYSIGN")
def copysign(a: Float, b: Float) -> Float:
    """a with the sign of b, NaNs too."""
    return a.copysign(b)


@floats(0x03, "*CEIL")
def ceil(a: Float) -> Float:
    """The smallest integer that is not below a."""
    return a.ceil()


@floats(0x04, "*FLOOR")
def floor(a: Float) -> Float:
    """The largest integer that is not above a."""
    return a.floor()


@floats(0x05, "*TRUNC")
def trunc(a: Float) -> Float:
    """a without its fraction."""
    return a.trunc()


@floats(0x06, "*NEAREST")
def nearest(a: Float) -> Float:
    """The nearest integer, ties to even: Java's rint."""
    return a.nearest()


@floats(0x07, "*SQRT")
def sqrt(a: Float) -> Float:
    """The square root, rounded to nearest even."""
    return a.sqrt()


@floats(0x08, "*MIN")
def min_(a: Float, b: Float) -> Float:
    """The smaller one; -0 is below 0; NaN if one of them is."""
    return a.min(b)


@floats(0x09, "*MAX")
def max_(a: Float, b: Float) -> Float:
    """The larger one; -0 is below 0; NaN if one of them is."""
    return a.max(b)


@floats(0x0A, "*REM")
def rem(a: Float, b: Float) -> Float:
    """The remainder of the quotient truncated toward zero, exact: Java's %, C's fmod."""
    return a.rem(b)


@floats(0x10, "*EQ")
def eq(a: Float, b: Float) -> i32:
    """1 if a = b, else 0."""
    return (a == b).to_i32()


@floats(0x11, "*NE")
def ne(a: Float, b: Float) -> i32:
    """0 if a = b, else 1; NaN differs from all."""
    return (a != b).to_i32()


@floats(0x12, "*LT")
def lt(a: Float, b: Float) -> i32:
    """1 if a < b, else 0."""
    return (a < b).to_i32()


@floats(0x13, "*GT")
def gt(a: Float, b: Float) -> i32:
    """1 if a > b, else 0."""
    return (a > b).to_i32()


@floats(0x14, "*LE")
def le(a: Float, b: Float) -> i32:
    """1 if a <= b, else 0."""
    return (a <= b).to_i32()


@floats(0x15, "*GE")
def ge(a: Float, b: Float) -> i32:
    """1 if a >= b, else 0."""
    return (a >= b).to_i32()


@floats(0x16, "*CMPL")
def cmpl(a: Float, b: Float) -> i32:
    """-1, 0 or 1, as a is below, equal to or above b; -1 if one is NaN."""
    return (a >= b).to_i32() - (~(a > b)).to_i32()


@floats(0x17, "*CMPG")
def cmpg(a: Float, b: Float) -> i32:
    """-1, 0 or 1, as a is below, equal to or above b; 1 if one is NaN."""
    return (~(a < b)).to_i32() - (a <= b).to_i32()


@floats(0x20, "*2U")
def trunc_u32(a: Float) -> i32:
    """Truncated toward zero, saturating at the ends of unsigned 32 bits; NaN gives 0."""
    return a.to_u32()


@floats(0x21, "*2L")
def trunc_i64(a: Float) -> i64:
    """Truncated toward zero, saturating at the ends of i64; NaN gives 0."""
    return a.to_i64()


@floats(0x22, "*2UL")
def trunc_u64(a: Float) -> i64:
    """Truncated toward zero, saturating at the ends of unsigned 64 bits; NaN gives 0."""
    return a.to_u64()


def _check(a: Float, fits: boolean) -> None:
    trap_if(a.is_nan(), INVALID_CONVERSION)
    trap_if(~fits, INTEGER_OVERFLOW)


@floats(0x24, "*2I_EXACT")
def trunc_i32_exact(a: Float) -> i32:
    """Truncated toward zero. Traps INVALID_CONVERSION on NaN, INTEGER_OVERFLOW on what is no i32 then."""
    _check(a, a.fits_i32())
    return a.to_i32()


@floats(0x25, "*2U_EXACT")
def trunc_u32_exact(a: Float) -> i32:
    """Truncated toward zero to unsigned 32 bits. Traps INVALID_CONVERSION and INTEGER_OVERFLOW."""
    _check(a, a.fits_u32())
    return a.to_u32()


@floats(0x26, "*2L_EXACT")
def trunc_i64_exact(a: Float) -> i64:
    """Truncated toward zero. Traps INVALID_CONVERSION on NaN, INTEGER_OVERFLOW on what is no i64 then."""
    _check(a, a.fits_i64())
    return a.to_i64()


@floats(0x27, "*2UL_EXACT")
def trunc_u64_exact(a: Float) -> i64:
    """Truncated toward zero to unsigned 64 bits. Traps INVALID_CONVERSION and INTEGER_OVERFLOW."""
    _check(a, a.fits_u64())
    return a.to_u64()
