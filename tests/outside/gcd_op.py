"""A plug-in in one file: opcodes on a page of their own. Everything else follows from the functions.

tbbuild -p tests/outside/gcd_op.py program.tba --run
"""

from __future__ import annotations

from pathlib import Path

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary
from tblvm.opcodes import OpcodeSet, Page, Trap, i32, jump_if, target, trap_if

NO_DIVISOR = Trap("NO_DIVISOR", "zero divides nothing")

op = OpcodeSet(Page("outside"), library="outside")


@op(0x00, "MULADD")
def multiply_add(a: i32, b: i32, c: i32) -> i32:
    """a * b + c, wrapping at 32 bits."""
    return a * b + c


@op(0x01, "GCDSTEP")
def gcd_step(a: i32, b: i32) -> tuple[i32, i32]:
    """One step of Euclid's algorithm: b and the remainder of a by b. Traps NO_DIVISOR."""
    trap_if(b == 0, NO_DIVISOR)
    return b, a.rem_wrap(b)


@op(0x07, "JDIVIDES")
def jump_divides(a: i32, b: i32, to: target) -> None:
    """Goes on at the target if a divides b. Traps NO_DIVISOR."""
    trap_if(a == 0, NO_DIVISOR)
    jump_if(b.rem_wrap(a) == 0, to)


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [op]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [MicroLibrary(name="outside", doc="opcodes from outside", room=Path(__file__).parent)]
