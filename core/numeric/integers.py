"""Opcodes that pages int and long share. Names on page long begin with L.

00 bits   10 comparisons that give 1 or 0   20 extremes, unsigned division   28 checked arithmetic
30 sign extension   38 branches
"""

from __future__ import annotations

from ...opcodes import Int, Trap, i32, jump_if, target, trap_if
from .family import INTEGER_OVERFLOW, integers


@integers(0x00, "*XOR")
def xor(a: Int, b: Int) -> Int:
    """Bitwise exclusive or."""
    return a ^ b


@integers(0x01, "*NOT")
def not_(a: Int) -> Int:
    """Every bit inverted."""
    return ~a


@integers(0x02, "*SHL")
def shl(a: Int, count: Int) -> Int:
    """Left shift; the count is taken modulo the width."""
    return a << count


@integers(0x03, "*SHR")
def shr(a: Int, count: Int) -> Int:
    """Right shift that repeats the sign; the count is taken modulo the width."""
    return a >> count


@integers(0x04, "*SHRU")
def shru(a: Int, count: Int) -> Int:
    """Right shift that fills with zeros; the count is taken modulo the width."""
    return a.shr_u(count)


@integers(0x05, "*ROTL")
def rotl(a: Int, count: Int) -> Int:
    """Rotation to the left; the count is taken modulo the width."""
    return a.rotl(count)


@integers(0x06, "*ROTR")
def rotr(a: Int, count: Int) -> Int:
    """Rotation to the right; the count is taken modulo the width."""
    return a.rotr(count)


@integers(0x07, "*CLZ")
def clz(a: Int) -> Int:
    """Leading zero bits; the width for 0."""
    return a.clz()


@integers(0x08, "*CTZ")
def ctz(a: Int) -> Int:
    """Trailing zero bits; the width for 0."""
    return a.ctz()


@integers(0x09, "*POPCNT")
def popcnt(a: Int) -> Int:
    """One bits."""
    return a.popcnt()


@integers(0x0A, "*BSWAP")
def bswap(a: Int) -> Int:
    """The bytes in reverse order."""
    return a.bswap()


@integers(0x0B, "*BITREV")
def bitrev(a: Int) -> Int:
    """The bits in reverse order."""
    return a.bitrev()


@integers(0x10, "*EQZ")
def eqz(a: Int) -> i32:
    """1 if a = 0, else 0."""
    return (a == 0).to_i32()


@integers(0x11, "*EQ")
def eq(a: Int, b: Int) -> i32:
    """1 if a = b, else 0."""
    return (a == b).to_i32()


@integers(0x12, "*NE")
def ne(a: Int, b: Int) -> i32:
    """0 if a = b, else 1."""
    return (a != b).to_i32()


@integers(0x13, "*LT")
def lt(a: Int, b: Int) -> i32:
    """1 if a < b, both signed, else 0."""
    return (a < b).to_i32()


@integers(0x14, "*LTU")
def ltu(a: Int, b: Int) -> i32:
    """1 if a < b, both unsigned, else 0."""
    return a.lt_u(b).to_i32()


@integers(0x15, "*GT")
def gt(a: Int, b: Int) -> i32:
    """1 if a > b, both signed, else 0."""
    return (a > b).to_i32()


@integers(0x16, "*GTU")
def gtu(a: Int, b: Int) -> i32:
    """1 if a > b, both unsigned, else 0."""
    return a.gt_u(b).to_i32()


@integers(0x17, "*LE")
def le(a: Int, b: Int) -> i32:
    """1 if a <= b, both signed, else 0."""
    return (a <= b).to_i32()


@integers(0x18, "*LEU")
def leu(a: Int, b: Int) -> i32:
    """1 if a <= b, both unsigned, else 0."""
    return a.le_u(b).to_i32()


@integers(0x19, "*GE")
def ge(a: Int, b: Int) -> i32:
    """1 if a >= b, both signed, else 0."""
    return (a >= b).to_i32()


@integers(0x1A, "*GEU")
def geu(a: Int, b: Int) -> i32:
    """1 if a >= b, both unsigned, else 0."""
    return a.ge_u(b).to_i32()


@integers(0x1B, "*CMP")
def cmp(a: Int, b: Int) -> i32:
    """-1, 0 or 1, as a is below, equal to or above b, both signed."""
    return (a > b).to_i32() - (a < b).to_i32()


@integers(0x1C, "*CMPU")
def cmpu(a: Int, b: Int) -> i32:
    """-1, 0 or 1, as a is below, equal to or above b, both unsigned."""
    return a.gt_u(b).to_i32() - a.lt_u(b).to_i32()


@integers(0x20, "*MIN")
def min_(a: Int, b: Int) -> Int:
    """The smaller one, both signed."""
    return (a < b).select(a, b)


@integers(0x21, "*MAX")
def max_(a: Int, b: Int) -> Int:
    """The larger one, both signed."""
    return (a > b).select(a, b)


@integers(0x22, "*ABS")
def abs_(a: Int) -> Int:
    """The absolute value; that of MIN is MIN."""
    return (a < 0).select(-a, a)


@integers(0x23, "*DIVU")
def divu(a: Int, b: Int) -> Int:
    """Quotient of unsigned numbers. Traps DIVIDE_BY_ZERO."""
    trap_if(b == 0, Trap.DIVIDE_BY_ZERO)
    return a.div_u(b)


@integers(0x24, "*MODU")
def modu(a: Int, b: Int) -> Int:
    """Remainder of unsigned numbers. Traps DIVIDE_BY_ZERO."""
    trap_if(b == 0, Trap.DIVIDE_BY_ZERO)
    return a.rem_u(b)


@integers(0x28, "*ADD_EXACT")
def add_exact(a: Int, b: Int) -> Int:
    """Sum. Traps INTEGER_OVERFLOW where the wrapped sum is not the sum."""
    trap_if(a.add_overflows(b), INTEGER_OVERFLOW)
    return a + b


@integers(0x29, "*SUB_EXACT")
def sub_exact(a: Int, b: Int) -> Int:
    """Difference. Traps INTEGER_OVERFLOW."""
    trap_if(a.sub_overflows(b), INTEGER_OVERFLOW)
    return a - b


@integers(0x2A, "*MUL_EXACT")
def mul_exact(a: Int, b: Int) -> Int:
    """Product. Traps INTEGER_OVERFLOW."""
    trap_if(a.mul_overflows(b), INTEGER_OVERFLOW)
    return a * b


@integers(0x2B, "*NEG_EXACT")
def neg_exact(a: Int) -> Int:
    """-a. Traps INTEGER_OVERFLOW on MIN."""
    trap_if((a != 0) & (a == -a), INTEGER_OVERFLOW)
    return -a


@integers(0x2C, "*INC_EXACT")
def inc_exact(a: Int) -> Int:
    """a + 1. Traps INTEGER_OVERFLOW on MAX."""
    trap_if(a.add_overflows(1), INTEGER_OVERFLOW)
    return a + 1


@integers(0x2D, "*DEC_EXACT")
def dec_exact(a: Int) -> Int:
    """a - 1. Traps INTEGER_OVERFLOW on MIN."""
    trap_if(a.sub_overflows(1), INTEGER_OVERFLOW)
    return a - 1


@integers(0x2E, "*DIV_EXACT")
def div_exact(a: Int, b: Int) -> Int:
    """Quotient truncated toward zero. Traps DIVIDE_BY_ZERO, and INTEGER_OVERFLOW on MIN / -1.

    WebAssembly's signed division.
    """
    trap_if(b == 0, Trap.DIVIDE_BY_ZERO)
    trap_if((b == -1) & (a != 0) & (a == -a), INTEGER_OVERFLOW)
    return a.div_wrap(b)


@integers(0x2F, "*ABS_EXACT")
def abs_exact(a: Int) -> Int:
    """The absolute value. Traps INTEGER_OVERFLOW on MIN."""
    trap_if((a != 0) & (a == -a), INTEGER_OVERFLOW)
    return (a < 0).select(-a, a)


@integers(0x30, "*EXTEND8")
def extend8(a: Int) -> Int:
    """The low byte, sign-extended."""
    return a.extend8()


@integers(0x31, "*EXTEND16")
def extend16(a: Int) -> Int:
    """The low 16 bits, sign-extended."""
    return a.extend16()


@integers(0x38, "J*LE")
def jle(a: Int, b: Int, to: target) -> None:
    """Goes on at the target if a <= b, both signed."""
    jump_if(a <= b, to)


@integers(0x39, "J*GE")
def jge(a: Int, b: Int, to: target) -> None:
    """Goes on at the target if a >= b, both signed."""
    jump_if(a >= b, to)


@integers(0x3A, "J*LTU")
def jltu(a: Int, b: Int, to: target) -> None:
    """Goes on at the target if a < b, both unsigned."""
    jump_if(a.lt_u(b), to)


@integers(0x3B, "J*GEU")
def jgeu(a: Int, b: Int, to: target) -> None:
    """Goes on at the target if a >= b, both unsigned."""
    jump_if(a.ge_u(b), to)
