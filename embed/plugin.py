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
from .links import handlers_of_links

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
            conflicts=("scripts.bundled", "host.standalone"),
            sources=("c/store.c", "c/instance.c", "c/call.c", "c/inspect.c", "c/console.c"),
            headers=("c",),
            traps=(Trap.STACK_OVERFLOW, Trap.OUT_OF_FUEL),
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
            name="embed.links",
            doc="memories, tables, globals and functions that programs share",
            room=ROOM,
            size=4000,
            provides=("sharing",),
            requires=(
                *("embedding", "loading", "embed.host", "memory.globals", "memory.linear", "stack.tables"),
                *("memory.linear-grow", "stack.tables-grow", "stack.function-types"),
            ),
            comes_along="needed",
            sources=tuple(f"c/links{part}.c" for part in ("", "_tables", "_call", "_api")),
            load_sources=("c/links_load.c",),
            headers=("c",),
            context="struct tb_links *links;\nu32 shares;",
            on_load=("tb_links_load_module",),
            generated=handlers_of_links,
            macros={
                "TB_LINKS": "1",
                "TB_FUNCTIONS_BEYOND": "(1u << 16)",
                "TB_MEMORIES_GIVEN(cx)": "tb_links_given(cx, 2)",
                "TB_MEMORY_OWNER(cx, memory)": "tb_links_memory_owner(&(cx), &(memory))",
                "TB_MEMORY_GREW(cx, memory)": "tb_links_memory_grew(cx, memory)",
                "TB_TABLES_GIVEN(cx)": "tb_links_given(cx, 1)",
                "TB_TABLE_OWNER(cx, table, value)": "tb_links_table_owner(&(cx), &(table), &(value))",
                "TB_TABLE_GREW(cx, table, before)": "tb_links_table_grew(cx, table, before)",
                "TB_TABLE_WROTE(cx, table, index, count)": (
                    "((cx)->shares ? tb_links_table_wrote(cx, table, index, count) : (void)0)"
                ),
                "TB_BEFORE_LINK(cx, module)": "tb_links_before(cx, module)",
                "TB_GLOBAL_NUMBER(module, number)": (
                    "((number) < (module)->aliased ? (s64)(module)->aliases[number] : (number))"
                ),
                "TB_FUNCTION_FOREIGN(cx, index)": "tb_links_foreign(cx, index)",
            },
            prototypes=(
                "u32 tb_links_given(struct tb_context *cx, u32 kind);\n"
                "void tb_links_memory_owner(struct tb_context **cx, u32 *memory);\n"
                "void tb_links_memory_grew(struct tb_context *cx, u32 memory);\n"
                "void tb_links_table_owner(struct tb_context **cx, u32 *table, u32 *value);\n"
                "void tb_links_table_grew(struct tb_context *cx, u32 table, u32 before);\n"
                "void tb_links_table_wrote(struct tb_context *cx, u32 table, u32 index, u32 count);\n"
                "void tb_links_before(struct tb_context *cx, struct tb_module *module);\n"
                "u32 tb_links_foreign(struct tb_context *cx, u32 function);"
            ),
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
            requires=("embedding", "traps", "keyboard"),
            sources=("c/interrupt.c",),
            headers=("c",),
            traps=(Trap.INTERRUPTED,),
            context="volatile u32 interrupted;",
            macros={"TB_INTERRUPTED(cx)": "((cx)->interrupted)"},
        ),
        MicroLibrary(
            name="embed.keyboard",
            doc="Ctrl-C, for hosts whose own handler runs late",
            room=ROOM,
            size=200,
            provides=("keyboard",),
            requires=("embedding", "platform"),
            sources=("c/keyboard.c",),
            headers=("c",),
        ),
    ]
