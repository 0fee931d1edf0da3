"""A plug-in with an opcode that touches any address: what a mistake in somebody's C does."""

from __future__ import annotations

from pathlib import Path

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary
from tblvm.opcodes import OpcodeSet, Page, i32, service

op = OpcodeSet(Page("wild"), library="wild")


@service("tb_wild_touch", library="wild")
def touch(address: i32) -> i32:
    """The byte at an address of the process."""
    raise AssertionError("only its C is run")


@op(0x00, "TOUCH")
def touch_(address: i32) -> i32:
    """The byte at an address of the process."""
    return touch(address)


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
