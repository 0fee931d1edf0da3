"""Opcodes of page long that page int does not have: conversions, and what the core page has for i32."""

from __future__ import annotations

from ...opcodes import Trap, i32, i64, imm_s, jump_if, target, trap_if
from .family import INTEGER_OVERFLOW, long_op


@long_op(0x32, "LEXTEND32")
def lextend32(a: i64) -> i64:
    """The low 32 bits, sign-extended."""
    return a.extend32()


@long_op(0x3C, "JLEQ")
def jleq(a: i64, b: i64, to: target) -> None:
    """Goes on at the target if a = b."""
    jump_if(a == b, to)


@long_op(0x3D, "JLNE")
def jlne(a: i64, b: i64, to: target) -> None:
    """Goes on at the target if a is not b."""
    jump_if(a != b, to)


@long_op(0x3E, "JLLT")
def jllt(a: i64, b: i64, to: target) -> None:
    """Goes on at the target if a < b, both signed."""
    jump_if(a < b, to)


@long_op(0x3F, "JLGT")
def jlgt(a: i64, b: i64, to: target) -> None:
    """Goes on at the target if a > b, both signed."""
    jump_if(a > b, to)


@long_op(0x40, "LADD")
def ladd(a: i64, b: i64) -> i64:
    """Sum, wrapping at 64 bits."""
    return a + b


@long_op(0x41, "LSUB")
def lsub(a: i64, b: i64) -> i64:
    """Difference, wrapping at 64 bits."""
    return a - b


@long_op(0x42, "LMUL")
def lmul(a: i64, b: i64) -> i64:
    """Product, wrapping at 64 bits."""
    return a * b


@long_op(0x43, "LDIV")
def ldiv(a: i64, b: i64) -> i64:
    """Quotient, truncated toward zero; MIN / -1 wraps. Traps DIVIDE_BY_ZERO."""
    trap_if(b == 0, Trap.DIVIDE_BY_ZERO)
    return a.div_wrap(b)


@long_op(0x44, "LMOD")
def lmod(a: i64, b: i64) -> i64:
    """Remainder with the sign of the dividend; MIN % -1 is 0. Traps DIVIDE_BY_ZERO."""
    trap_if(b == 0, Trap.DIVIDE_BY_ZERO)
    return a.rem_wrap(b)


@long_op(0x45, "LNEG")
def lneg(a: i64) -> i64:
    """-a; that of MIN is MIN."""
    return -a


@long_op(0x46, "LINC")
def linc(a: i64) -> i64:
    """a + 1, wrapping."""
    return a + 1


@long_op(0x47, "LDEC")
def ldec(a: i64) -> i64:
    """a - 1, wrapping."""
    return a - 1


@long_op(0x48, "LAND")
def land(a: i64, b: i64) -> i64:
    """Bitwise and."""
    return a & b


@long_op(0x49, "LOR")
def lor(a: i64, b: i64) -> i64:
    """Bitwise or."""
    return a | b


@long_op(0x4A, "LPUSH")
def lpush(value: imm_s) -> i64:
    """The number, which has at most 32 bits; CONST has all."""
    return value.to_i64()


@long_op(0x4B, "I2L")
def i2l(a: i32) -> i64:
    """Sign-extended."""
    return a.to_i64()


@long_op(0x4C, "U2L")
def u2l(a: i32) -> i64:
    """Zero-extended."""
    return a.u_to_i64()


@long_op(0x4D, "L2I")
def l2i(a: i64) -> i32:
    """The low 32 bits."""
    return a.to_i32()


@long_op(0x4E, "L2I_EXACT")
def l2i_exact(a: i64) -> i32:
    """The number as an i32. Traps INTEGER_OVERFLOW where it is none."""
    trap_if(a.extend32() != a, INTEGER_OVERFLOW)
    return a.to_i32()
