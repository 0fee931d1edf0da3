"""Functions that programs import: of every type, one that fails, one that ends the program."""

from __future__ import annotations

from pathlib import Path

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary, NativeImport

ROOM = Path(__file__).parent


def native(name: str, parameters: str, result: str, *, ends: bool = False) -> NativeImport:
    return NativeImport("tests", name, tuple(parameters.split()), result, f"tb_tests_{name}", "a test", ends)


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="offers.numbers",
            doc="functions of numbers",
            room=ROOM,
            sources=("numbers.c",),
            imports=(
                native("twice", "i32", "i32"),
                native("mixed", "i32 i64 f32 f64", "f64"),
                native("long", "i64", "i64"),
                native("half", "f32", "f32"),
                native("nothing", "", ""),
                native("dividing", "i32 i32", "i32", ends=True),
            ),
        ),
        MicroLibrary(
            name="offers.end",
            doc="a function that ends the program",
            room=ROOM,
            requires=("host.exit",),
            sources=("end.c",),
            imports=(native("end", "i32", "", ends=True),),
        ),
    ]
