"""A plug-in with C of its own: services that give a result, trap, block, and allocate.

tbbuild -p tests/outside/gcd program.tba --run
"""

from __future__ import annotations

import math
from pathlib import Path

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary
from tblvm.opcodes import OpcodeSet, Page, Trap, i32, service, types
from tblvm.opcodes.meaning import machine
from tblvm.opcodes.traps import TrapSignal

NO_GCD = Trap("NO_GCD", "every number divides zero and zero", status=135)
TOO_LARGE = Trap("TOO_LARGE", "the result is no i32")

numbers = OpcodeSet(Page("numbers"), library="numbers")
heap = OpcodeSet(Page("numbers"), library="numbers.heap")


@service("tb_numbers_gcd", library="numbers", traps=(NO_GCD, TOO_LARGE))
def greatest_common_divisor(a: i32, b: i32) -> i32:
    found = math.gcd(a.v, b.v)
    if found == 0 or found == 1 << 31:
        raise TrapSignal(TOO_LARGE if found else NO_GCD)
    return i32(found)


@service("tb_numbers_wait", library="numbers", effects={"may block"})
def wait(rounds: i32) -> None:
    """Takes a while, and has no other effect."""


@service(
    "tb_numbers_shed",
    library="numbers.heap",
    effects={"safepoint", "writes heap"},
    traps=(Trap.OUT_OF_MEMORY,),
)
def shed(count: i32) -> i32:
    for _ in range(max(0, count.v)):
        machine().allocate(16, types.CELLS.code, 2)
    return i32(count.v)


@numbers(0x00, "GCD")
def gcd(a: i32, b: i32) -> i32:
    """The greatest common divisor, positive. Traps NO_GCD for two zeros, TOO_LARGE for 2^31."""
    return greatest_common_divisor(a, b)


@numbers(0x01, "WAIT")
def wait_(rounds: i32) -> None:
    """Waits."""
    wait(rounds)


@heap(0x02, "SHED")
def shed_(count: i32) -> i32:
    """Makes so many objects that nobody keeps, and gives their number. Traps OUT_OF_MEMORY."""
    return shed(count)


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [numbers, heap]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    room = Path(__file__).parent
    return [
        MicroLibrary(
            name="numbers",
            doc="divisors, by a C function",
            room=room,
            sources=("c/gcd.c",),
            services=(greatest_common_divisor, wait),
        ),
        MicroLibrary(
            name="numbers.heap",
            doc="litter, by a C function",
            room=room,
            requires=("heap",),
            sources=("c/shed.c",),
            services=(shed,),
        ),
    ]
