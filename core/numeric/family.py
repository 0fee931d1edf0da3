"""Families: pages whose opcodes mean the same for another type, declared by one function each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ...opcodes import Float, Int, OpcodeSet, Page, Trap, f32, f64, i32, i64

Function = TypeVar("Function", bound=Callable[..., Any])

INT = Page("int", prefix=0x60)
LONG = Page("long", prefix=0x61)
DOUBLE = Page("double", prefix=0x62)
FLOAT = Page("float", prefix=0x63)

int_op = OpcodeSet(INT, library="int", types={Int: i32}, later=True)
long_op = OpcodeSet(LONG, library="long", types={Int: i64}, later=True)
double_op = OpcodeSet(DOUBLE, library="double", types={Float: f64}, later=True)
float_op = OpcodeSet(FLOAT, library="float", types={Float: f32}, later=True)

INTEGER_OVERFLOW = Trap("INTEGER_OVERFLOW", "integer overflow")
INVALID_CONVERSION = Trap("INVALID_CONVERSION", "invalid conversion to integer")


class Family:
    """The sets of a family; calling it gives the decorator that declares a function in each of them.

    sets: each with the letters that its opcodes' names have where the name has a star: `*SHL` is SHL on page
    int and LSHL on page long.
    """

    def __init__(self, *sets: tuple[OpcodeSet, str]) -> None:
        self.sets = sets

    def __call__(self, code: int, name: str) -> Callable[[Function], Function]:
        def declare(function: Function) -> Function:
            for op, letters in self.sets:
                op(code, name.replace("*", letters))(function)
            return function

        return declare


integers = Family((int_op, ""), (long_op, "L"))
floats = Family((float_op, "F"), (double_op, "D"))
