"""Opcodes that leave results and transfer control (the results are on the stack before control goes on), and
one with several signed immediates."""

from __future__ import annotations

from tblvm.core.hookspecs import hookimpl
from tblvm.opcodes import OpcodeSet, Page, T, U, func, i32, imm_s, invoke, jump_if, local, target

op = OpcodeSet(Page("transfer"), library="transfer")


@op(0, "JDUP")
def jdup(a: i32, limit: imm_s, to: target) -> tuple[i32, i32]:
    """Leaves the value and the one above it; goes to the target if it is less than the limit."""
    jump_if(a < limit, to)
    return a, a + 1


@op(1, "CALLK")
def callk(k: imm_s, callee: func) -> i32:
    """Calls with a constant as the last argument."""
    invoke(callee)
    return k


@op(2, "CLAMP")
def clamp(a: i32, low: imm_s, high: imm_s) -> i32:
    """The value, or the bound that it exceeds."""
    return (a < low).select(low, (a > high).select(high, a))


@op(3, "BOTH")
def both(a: local[T], b: local[U], by: imm_s) -> tuple[U, T, i32]:
    """Two locals, the second first, and a number."""
    return b.get(), a.get(), by


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [op]
