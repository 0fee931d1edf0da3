"""Hook implementations of engine `aot`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..hookspecs import hookimpl
from ..parts import Engine, Handler, MicroLibrary, Option, Table
from ..program import Program, Use

if TYPE_CHECKING:
    from ...builder.compose import Composition
    from ...builder.resolve import Plan

ROOM = Path(__file__).parent
# The C of the program is what is to be fast. Line tables tell functions apart; stack sizes are the report's.
FLAGS = ("-Xclang", "-O2", "-fvectorize", "-fslp-vectorize", "-falign-functions=32")


def handlers(plan: Plan, uses: Iterable[Use]) -> tuple[Handler, ...]:
    """One for each form, without code and text: it is printed wherever an instruction has it."""
    each = sorted(uses, key=lambda use: (use.form.name, use.far))
    return tuple(
        Handler(number, b"", (use,), use.form.declaration.library, use.form.declaration.label, "")
        for number, use in enumerate(each)
    )


def _tables(program: Program) -> tuple[Table, ...]:
    from .units import program_tables

    return program_tables(program)


def _print(composition: Composition) -> dict[str, str]:
    from .units import print_engine  # imports much

    return print_engine(composition)


AOT = Engine(
    name="aot",
    library="core.aot",
    doc="the program itself as C: the fastest engine, for programs that are there when it is built",
    handlers=handlers,
    print=_print,
    flags=FLAGS,
    loads=False,
    speed=True,
)


@hookimpl
def tblvm_engines() -> list[Engine]:
    return [AOT]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="core.aot",
            doc="what stands around a program that was compiled: entry, traps",
            room=ROOM,
            size=9999,
            provides=("dispatch",),
            requires=("frames", "platform", "support"),
            sources=("c/aot.c",),
            headers=("../c", "c"),
            on_start=("tb_aot_start",),
            on_enter=("tb_aot_hand",),
            context=(
                "u32 stopped;\ncell *passed;\nstruct tb_link *passed_link;\n"
                "uptr native_end;\nu64 native_room;"
            ),
            prototypes="struct tb_link;",
            tables=_tables,
            macros={"TB_PC(cx)": "((u32)(uptr)(cx)->ip)"},
            options=(
                Option(
                    name="aot.traces",
                    default=1,
                    kind="flag",
                    macro="TB_AOT_TRACES",
                    doc="Whether a stack trace of engine aot has all frames; else the innermost alone.",
                    maximum=1,
                ),
                Option(
                    name="aot.stack-limit",
                    default=1,
                    kind="flag",
                    macro="TB_AOT_STACK_LIMIT",
                    doc="Whether engine aot counts cells against the stack limit; else the native stack "
                    "alone stops recursion.",
                    maximum=1,
                ),
                Option(
                    name="aot.native-stack",
                    default=6 << 20,
                    hosted=1 << 20,
                    kind="size",
                    macro="TB_AOT_NATIVE_STACK",
                    doc="Native stack that calls of engine aot may take; 0: nobody looks.",
                    maximum=1 << 30,
                ),
            ),
        )
    ]
