"""A plug-in with an opcode that touches any address: what a mistake in somebody's C does."""

from __future__ import annotations

from pathlib import Path

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary
from tblvm.opcodes import OpcodeSet, Page, i32, memory, service, types

op = OpcodeSet(Page("wild"), library="wild")


@service("tb_wild_touch", library="wild")
def touch(address: i32) -> i32:
    """The byte at an address of the process."""
    raise AssertionError("only its C is run")


@op(0x00, "TOUCH")
def touch_(address: i32) -> i32:
    """The byte at an address of the process."""
    return touch(address)


@op(0x01, "STORE_BOTH")
def store_both(one: i32, other: i32, memory: memory) -> None:
    """Sets the bytes at both addresses to 1, or traps BAD_ADDRESS and sets none."""
    first, second = one.u_to_i64(), other.u_to_i64()
    memory.check(first, types.U8)
    memory.check(second, types.U8)
    memory.store(types.U8, first, i32(1))
    memory.store(types.U8, second, i32(1))


@op(0x02, "LOAD_NARROW")
def load_narrow(address: i32, memory: memory) -> i32:
    """The byte at the address; traps BAD_ADDRESS unless eight bytes are there."""
    place = address.u_to_i64()
    memory.check(place, types.I64)
    return memory.load(types.U8, place)  # type: ignore[no-any-return]


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [op]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="wild",
            doc="touches any address",
            room=Path(__file__).parent,
            sources=("c/wild.c",),
            services=(touch,),
        )
    ]
