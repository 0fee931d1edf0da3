"""Hook implementations: engine `threaded`, and its micro-library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..hookspecs import hookimpl
from ..parts import Engine, Memory, MicroLibrary, Table
from ..superinstructions.options import SUPERINSTRUCTIONS
from .options import ALIGNMENT, REGISTERS, VARIANTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...builder.compose import Composition
    from ...builder.resolve import Plan
    from ..parts import Handler
    from ..program import Program, Use
    from ..superinstructions.profile import Function

ROOM = Path(__file__).parent


# What an engine does is imported when it is chosen: most builds have another one.
def _handlers(plan: Plan, uses: Iterable[Use]) -> tuple[Handler, ...]:
    from .engine import handlers

    return handlers(plan, uses)


def _print(composition: Composition) -> dict[str, str]:
    from .engine import print_engine

    return print_engine(composition)


def _generated(composition: Composition) -> str:
    from .engine import translator_head

    return translator_head(composition)


def _counted(composition: Composition, content: bytes) -> tuple[Function, ...]:
    from .engine import counted

    return counted(composition, content)


def _memory(plan: Plan, program: Program | None) -> int:
    from .tables import memory_bytes

    return memory_bytes(plan, program)


def _tables(program: Program) -> tuple[Table, ...]:
    from .tables import register_tables

    return register_tables(program)


@hookimpl
def tblvm_engines() -> list[Engine]:
    return [
        Engine(
            name="threaded",
            library="core.threaded",
            doc="register code, made at a function's first call, and tail calls: fast",
            handlers=_handlers,
            print=_print,
            flags=("-O2", "-Xclang", "-O2"),
            counted=_counted,
            speed=True,
        )
    ]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="core.threaded",
            doc="engine `threaded`: from resolved code to register code, dispatch",
            room=ROOM,
            size=8000,
            provides=("dispatch", "register-code"),
            requires=("frames", "support", "platform"),
            sources=("c/threaded.c", "c/fuse.c", "c/translate.c"),
            headers=("c",),
            store="struct tb_record *records;\nstruct tb_threaded *threaded;",
            macros={
                "TB_FRAME_HERE(cx)": "tb_threaded_here(cx)",
                "TB_METHOD_RESULTS": "TB_CLASSES",
                "TB_FRAME_CALLER(cx, place, link)": "tb_threaded_caller(cx, place, link)",
            },
            prototypes=(
                "struct tb_place;\nstruct tb_link;\nstruct tb_record;\nstruct tb_threaded;\n"
                "struct tb_place tb_threaded_here(struct tb_context *cx);\n"
                "u32 tb_threaded_caller(\n"
                "    struct tb_context *cx, struct tb_place *place, const struct tb_link *link);"
            ),
            on_start=("tb_threaded_start",),
            load_sources=("c/threaded_load.c",),
            on_load=("tb_threaded_load",),
            memory=(Memory("registers", "register code", _memory),),
            tables=_tables,
            generated=_generated,
            options=(
                SUPERINSTRUCTIONS,
                REGISTERS,
                ALIGNMENT,
                VARIANTS,
            ),
        )
    ]
