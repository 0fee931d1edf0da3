"""Hook implementations of the room `embed`: runtimes inside other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core.hookspecs import hookimpl
from ..core.parts import MicroLibrary
from ..core.plugin import LOAD_MEMORY
from ..core.plugin import ROOM as CORE
from ..opcodes import Trap
from .exports import constants, export_tables

if TYPE_CHECKING:
    from ..builder.compose import Composition

ROOM = Path(__file__).parent


def _generated(composition: Composition) -> str:
    """The limits that a host can set, and the kinds of traps."""
    limits = "".join(
        f'  {{"{option.name}", {composition.plan.options[option.name]}ull, {option.minimum}ull, '
        f"{option.maximum}ull}},\n"
        for option in composition.limits
    )
    traps = "".join(
        f'  {{"{trap.name}", "{trap.message}", {trap.status}}},\n' for trap in composition.plan.traps
    )
    return (
        f'#include "tb_embed.h"\nconst struct tb_limit tb_limits[] = {{\n{limits}}};\n'
        f"const struct tb_trap_row tb_trap_rows[] = {{\n{traps}}};\n"
    )


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="embed.api",
            doc="the C API of a runtime inside another program",
            room=ROOM,
            size=2500,
            provides=("embedding",),
            requires=(
                "program-source",
                "instances",
                "embed.traps",
                "embed.interrupt",
                "fuel",
                "frames",
                "bindings",
            ),
            conflicts=("scripts.bundled",),
            sources=("c/store.c", "c/instance.c", "c/call.c", "c/inspect.c", "c/console.c"),
            headers=("c",),
            traps=(Trap.STACK_OVERFLOW,),
            context="const u64 *limits;\ncell *base;",
            tables=export_tables,
            load_sources=("c/exports_load.c",),
            on_load=("tb_exports_load",),
            macros={
                **constants(),
                "TB_FAIL(cx, message)": 'tb_embed_fail(cx, message ": set a larger limit")',
                "TB_CONSOLE_READ(cx, to, bytes)": "tb_embed_read(cx, to, bytes)",
                "TB_CONSOLE_WRITE(cx, from, bytes)": "tb_embed_write(cx, from, bytes)",
                "TB_CONSOLE_WAIT(cx, nanoseconds)": "tb_embed_wait(cx, nanoseconds)",
                "TB_ON_FAULTS(cx, table)": "((void)(cx), tb_platform_share_faults(table))",
                "TB_CONSOLE_ERROR(cx, from, bytes)": "tb_embed_write_error(cx, from, bytes)",
                "TB_SLEEP(cx, nanoseconds)": "tb_embed_sleep(cx, nanoseconds)",
                "TB_FRAMES(cx)": "((cx)->fp != 0)",
                "TB_RUN_PARAMETERS(function)": "((function)->parameters)",
                "TB_RUN_BASE(cx)": "((cx)->base)",
                "TB_FRAME_BELOW(cx, place)": "tb_embed_below(cx, place)",
            },
            prototypes=(
                "_Noreturn void tb_embed_fail(struct tb_context *cx, const char *message);\n"
                "struct tb_place;\nu32 tb_embed_below(struct tb_context *cx, struct tb_place *place);\n"
                "long tb_embed_read(struct tb_context *cx, void *to, u64 bytes);\n"
                "long tb_embed_write(struct tb_context *cx, const void *from, u64 bytes);\n"
                "long tb_embed_write_error(struct tb_context *cx, const void *from, u64 bytes);\n"
                "int tb_embed_wait(struct tb_context *cx, u64 nanoseconds);\n"
                "int tb_embed_sleep(struct tb_context *cx, u64 nanoseconds);"
            ),
            generated=_generated,
        ),
        MicroLibrary(
            name="embed.program",
            doc="the program that the library was built for",
            room=ROOM,
            size=50,
            provides=("program-source",),
            requires=("embedding",),
            sources=("c/built_in.c",),
            headers=("c",),
        ),
        MicroLibrary(
            name="embed.modules",
            doc="modules that the host loads",
            room=ROOM,
            size=2000,
            provides=("program-source", "loading"),
            requires=("embedding", "module-loading"),
            sources=("c/loads.c",),
            headers=("c",),
            options=(LOAD_MEMORY,),
        ),
        MicroLibrary(
            name="embed.objects",
            doc="strings and arrays between host and program",
            room=ROOM,
            size=900,
            requires=("embedding", "memory.allocate"),
            comes_along="needed",
            sources=("c/objects.c",),
            headers=("c",),
            macros={"TB_STRING_KINDS": "2", "TB_HEAP_STRINGS": "1"},
        ),
        MicroLibrary(
            name="embed.no-host",
            doc="a program that imports nothing",
            room=ROOM,
            size=5,
            provides=("bindings",),
            requires=("embedding",),
            sources=("c/no_host.c",),
            headers=("c",),
        ),
        MicroLibrary(
            name="embed.host",
            doc="functions of the host that programs import",
            room=ROOM,
            size=900,
            provides=("bindings", "host"),
            requires=("embedding", "host.imports"),
            sources=("c/host.c",),
            headers=("c",),
        ),
        MicroLibrary(
            name="embed.roots",
            doc="references that the host has are reachable",
            room=ROOM,
            size=60,
            requires=("embedding", "collector"),
            comes_along="needed",
            sources=("c/roots.c",),
            headers=("c",),
            on_roots=("tb_embed_roots",),
        ),
        MicroLibrary(
            name="embed.traps",
            doc="traps that the host asks about",
            room=CORE,
            size=9000,
            provides=("traps",),
            requires=("embedding", "platform", "support"),
            # Nothing is reported; what libraries say that could not be done goes to standard error as ever.
            sources=("c/traps_say.c",),
            headers=("c",),
            macros={"TB_REPORT(cx, trap)": "tb_embed_report(cx, trap)"},
            prototypes="u32 tb_embed_report(struct tb_context *cx, u32 trap);",
        ),
        MicroLibrary(
            name="embed.interrupt",
            doc="stops a program when its host says so",
            room=ROOM,
            size=9000,
            provides=("interrupt",),
            requires=("embedding", "traps"),
            sources=("c/interrupt.c", "c/keyboard.c"),
            headers=("c",),
            traps=(Trap.INTERRUPTED,),
            context="volatile u32 interrupted;",
            macros={"TB_INTERRUPTED(cx)": "((cx)->interrupted)"},
        ),
    ]
