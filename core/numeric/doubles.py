"""Opcodes of page double that page float does not have, or the core page has for f32."""

from __future__ import annotations

from ...opcodes import f32, f64, i32, i64
from .family import double_op


@double_op(0x28, "U2D")
def u2d(a: i32) -> f64:
    """The unsigned integer as binary64."""
    return a.u_to_f64()


@double_op(0x29, "L2D")
def l2d(a: i64) -> f64:
    """The integer as binary64, rounded to nearest even."""
    return a.to_f64()


@double_op(0x2A, "UL2D")
def ul2d(a: i64) -> f64:
    """The unsigned integer as binary64, rounded to nearest even."""
    return a.u_to_f64()


@double_op(0x2C, "D2BITS")
def d2bits(a: f64) -> i64:
    """The bits of the number."""
    return a.bits()


@double_op(0x2D, "BITS2D")
def bits2d(a: i64) -> f64:
    """The number with these bits."""
    return a.as_float()


@double_op(0x40, "DADD")
def dadd(a: f64, b: f64) -> f64:
    """IEEE 754 binary64 sum."""
    return a + b


@double_op(0x41, "DSUB")
def dsub(a: f64, b: f64) -> f64:
    """IEEE 754 binary64 difference."""
    return a - b


@double_op(0x42, "DMUL")
def dmul(a: f64, b: f64) -> f64:
    """IEEE 754 binary64 product."""
    return a * b


@double_op(0x43, "DDIV")
def ddiv(a: f64, b: f64) -> f64:
    """IEEE 754 binary64 quotient."""
    return a / b


@double_op(0x44, "I2D")
def i2d(a: i32) -> f64:
    """The integer as binary64."""
    return a.to_f64()


@double_op(0x45, "D2I")
def d2i(a: f64) -> i32:
    """Truncated toward zero, saturating at the ends of i32; NaN gives 0."""
    return a.to_i32()


@double_op(0x46, "F2D")
def f2d(a: f32) -> f64:
    """The same number as binary64."""
    return a.to_f64()


@double_op(0x47, "D2F")
def d2f(a: f64) -> f32:
    """The nearest binary32, ties to even."""
    return a.to_f32()
