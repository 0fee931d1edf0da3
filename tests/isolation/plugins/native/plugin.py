"""A plug-in with native code that needs no trust: numbers in, numbers out, and linear memory."""

from __future__ import annotations

import struct
from pathlib import Path

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary, NativeImport
from tblvm.opcodes import OpcodeSet, Page, Trap, f32, f64, i32, i64, service
from tblvm.opcodes.meaning import machine
from tblvm.opcodes.traps import TrapSignal

LIBRARY = "native"
op = OpcodeSet(Page("native"), library=LIBRARY)


@service("test_native_add", library=LIBRARY)
def added(a: i32, b: i64, c: i32) -> i64:
    return i64((a.v + b.v + c.v + 2**63) % 2**64 - 2**63)


@service("test_native_mean", library=LIBRARY)
def averaged(a: f64, b: f32) -> f64:
    [first] = struct.unpack("<d", (a.v % 2**64).to_bytes(8, "little"))
    [second] = struct.unpack("<f", (b.v % 2**32).to_bytes(4, "little"))
    return f64(int.from_bytes(struct.pack("<d", (first + second) / 2), "little"))


@service("test_native_divide", library=LIBRARY, traps=(Trap.DIVIDE_BY_ZERO, Trap.BAD_INDEX))
def divided(a: i64, b: i64) -> i64:
    if not b.v:
        raise TrapSignal(Trap.DIVIDE_BY_ZERO)
    if b.v < 0:
        raise TrapSignal(Trap.BAD_INDEX)
    return i64(a.v // b.v)


@service("test_native_sum", library=LIBRARY, traps=(Trap.BAD_ADDRESS,))
def summed(at: i32, count: i32) -> i32:
    start, size = at.v & 0xFFFFFFFF, count.v & 0xFFFFFFFF
    machine().memories.check(0, start, size)
    return i32(sum(machine().memories.bytes[0][start : start + size]))


@service("test_native_fill", library=LIBRARY, effects={"writes linear memory"}, traps=(Trap.BAD_ADDRESS,))
def filled(at: i32, value: i32, count: i32) -> None:
    machine().memories.fill(0, at.v & 0xFFFFFFFF, value.v, count.v & 0xFFFFFFFF)


@op(0x00, "NATIVE_ADD")
def native_add(a: i32, b: i64, c: i32) -> i64:
    """The sum, wrapping."""
    return added(a, b, c)


@op(0x01, "NATIVE_MEAN")
def native_mean(a: f64, b: f32) -> f64:
    """The mean."""
    return averaged(a, b)


@op(0x02, "NATIVE_DIVIDE")
def native_divide(a: i64, b: i64) -> i64:
    """The quotient, rounded down; traps where the divisor is not above zero."""
    return divided(a, b)


@op(0x03, "NATIVE_SUM")
def native_sum(at: i32, count: i32) -> i32:
    """The sum of bytes of linear memory."""
    return summed(at, count)


@op(0x04, "NATIVE_FILL")
def native_fill(at: i32, value: i32, count: i32) -> None:
    """Sets bytes of linear memory."""
    filled(at, value, count)


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [op]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    doc = "twice the number"
    return [
        MicroLibrary(
            name=LIBRARY,
            doc="native code that needs no trust",
            room=Path(__file__).parent,
            size=300,
            requires=("linear-memory",),
            sources=("c/native.c",),
            headers=("c",),
            services=(added, averaged, divided, summed, filled),
            imports=(NativeImport("native", "twice", ("i32", "f64"), "f64", "test_native_twice", doc),),
        )
    ]
