"""Opcodes of the core page that touch nothing but the operand stack and the program counter."""

from __future__ import annotations

from ..opcodes import (
    CORE,
    OpcodeSet,
    T,
    Trap,
    U,
    f32,
    func,
    halt,
    i32,
    imm_s,
    invoke,
    jump,
    jump_if,
    pool,
    return_,
    target,
    trap_if,
)

op = OpcodeSet(CORE, library="core", later=True)


@op(0x00, "NOP")
def nop() -> None:
    """Does nothing."""


@op(0x01, "PUSH")
def push(value: imm_s) -> i32:
    """The immediate, sign-extended."""
    return value


@op(0x02, "POP")
def pop(a: T) -> None:
    """Drops the top cell, whatever its type."""


@op(0x03, "DUP")
def dup(a: T) -> tuple[T, T]:
    """The top cell twice."""
    return a, a


@op(0x04, "SWAP")
def swap(a: T, b: U) -> tuple[U, T]:
    """The two top cells, exchanged."""
    return b, a


@op(0x07, "CONST")
def const(entry: pool[T]) -> T:
    """The entry of the constant pool: a number of any type, or a string."""
    return entry.get()


@op(0x10, "ADD")
def add(a: i32, b: i32) -> i32:
    """Sum of the two top cells, wrapping at 32 bits."""
    return a + b


@op(0x11, "SUB")
def sub(a: i32, b: i32) -> i32:
    """Difference, wrapping at 32 bits."""
    return a - b


@op(0x12, "MUL")
def mul(a: i32, b: i32) -> i32:
    """Product, wrapping at 32 bits."""
    return a * b


@op(0x13, "DIV")
def div(a: i32, b: i32) -> i32:
    """Quotient, truncated toward zero; MIN / -1 wraps. Traps on a zero divisor."""
    trap_if(b == 0, Trap.DIVIDE_BY_ZERO)
    return a.div_wrap(b)


@op(0x14, "MOD")
def mod(a: i32, b: i32) -> i32:
    """Remainder with the dividend's sign; MIN % -1 is 0. Traps on a zero divisor."""
    trap_if(b == 0, Trap.DIVIDE_BY_ZERO)
    return a.rem_wrap(b)


@op(0x15, "NEG")
def neg(a: i32) -> i32:
    """Negation; MIN stays MIN."""
    return -a


@op(0x16, "INC")
def inc(a: i32) -> i32:
    """One more, wrapping."""
    return a + 1


@op(0x17, "DEC")
def dec(a: i32) -> i32:
    """One less, wrapping."""
    return a - 1


@op(0x18, "FADD")
def fadd(a: f32, b: f32) -> f32:
    """IEEE 754 binary32 sum."""
    return a + b


@op(0x19, "FSUB")
def fsub(a: f32, b: f32) -> f32:
    """IEEE 754 binary32 difference."""
    return a - b


@op(0x1A, "FMUL")
def fmul(a: f32, b: f32) -> f32:
    """IEEE 754 binary32 product."""
    return a * b


@op(0x1B, "FDIV")
def fdiv(a: f32, b: f32) -> f32:
    """IEEE 754 binary32 quotient; never traps."""
    return a / b


@op(0x1C, "I2F")
def i2f(a: i32) -> f32:
    """The integer as binary32, rounded to nearest even."""
    return a.to_f32()


@op(0x1D, "F2I")
def f2i(a: f32) -> i32:
    """Truncated toward zero, saturating at the ends of i32; NaN gives 0."""
    return a.to_i32()


@op(0x1E, "AND")
def and_(a: i32, b: i32) -> i32:
    """Bitwise and."""
    return a & b


@op(0x1F, "OR")
def or_(a: i32, b: i32) -> i32:
    """Bitwise or."""
    return a | b


@op(0x20, "JMP")
def jmp(to: target) -> None:
    """Goes on at the target."""
    jump(to)


@op(0x21, "JZ")
def jz(a: i32, to: target) -> None:
    """Goes on at the target if the cell is zero."""
    jump_if(a == 0, to)


@op(0x22, "JNZ")
def jnz(a: i32, to: target) -> None:
    """Goes on at the target if the cell is not zero."""
    jump_if(a != 0, to)


@op(0x23, "JEQ")
def jeq(a: i32, b: i32, to: target) -> None:
    """Goes on at the target if a = b."""
    jump_if(a == b, to)


@op(0x24, "JNE")
def jne(a: i32, b: i32, to: target) -> None:
    """Goes on at the target if a is not b."""
    jump_if(a != b, to)


@op(0x25, "JLT")
def jlt(a: i32, b: i32, to: target) -> None:
    """Goes on at the target if a < b, both signed."""
    jump_if(a < b, to)


@op(0x26, "JGT")
def jgt(a: i32, b: i32, to: target) -> None:
    """Goes on at the target if a > b, both signed."""
    jump_if(a > b, to)


@op(0x27, "CALL")
def call(callee: func) -> None:
    """Calls the function: takes its parameters from the operand stack, leaves its results there.

    Traps STACK_OVERFLOW in the caller when the callee's frame does not fit.
    """
    invoke(callee)


@op(0x28, "RET")
def ret() -> None:
    """Leaves the function with its results, the top of the operand stack; drops what is below them."""
    return_()


@op(0x29, "HALT")
def halt_() -> None:
    """Ends the program with status 0."""
    halt()
