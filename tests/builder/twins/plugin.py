"""Two micro-libraries whose C has the same names at file scope: types, constants, functions, macros."""

from __future__ import annotations

from pathlib import Path

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary
from tblvm.opcodes import OpcodeSet, Page, i32, service

PAGE = Page("twins")
left = OpcodeSet(PAGE, library="twins.left")
right = OpcodeSet(PAGE, library="twins.right")


@service("twins_left", library="twins.left")
def three_times(a: i32) -> i32:
    return i32(a.v * 3)


@service("twins_right", library="twins.right")
def five_times(a: i32) -> i32:
    return i32(a.v * 5)


@left(0x00, "LEFT")
def left_(a: i32) -> i32:
    """Three times as much."""
    return three_times(a)


@right(0x01, "RIGHT")
def right_(a: i32) -> i32:
    """Five times as much."""
    return five_times(a)


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [left, right]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    room = Path(__file__).parent
    return [
        MicroLibrary("twins.left", "a twin", room, sources=("c/left.c",), services=(three_times,)),
        MicroLibrary("twins.right", "the other", room, sources=("c/right.c",), services=(five_times,)),
    ]
