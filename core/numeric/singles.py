"""Opcodes of page float that page double has under another name: conversions that give an f32, its bits."""

from __future__ import annotations

from ...opcodes import f32, i32, i64
from .family import float_op


@float_op(0x28, "U2F")
def u2f(a: i32) -> f32:
    """The unsigned integer as binary32, rounded to nearest even."""
    return a.u_to_f32()


@float_op(0x29, "L2F")
def l2f(a: i64) -> f32:
    """The integer as binary32, rounded to nearest even."""
    return a.to_f32()


@float_op(0x2A, "UL2F")
def ul2f(a: i64) -> f32:
    """The unsigned integer as binary32, rounded to nearest even."""
    return a.u_to_f32()


@float_op(0x2C, "F2BITS")
def f2bits(a: f32) -> i32:
    """The bits of the number."""
    return a.bits()


@float_op(0x2D, "BITS2F")
def bits2f(a: i32) -> f32:
    """The number with these bits."""
    return a.as_float()
