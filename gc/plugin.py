"""Hook implementations of the room `gc`: collectors."""

from __future__ import annotations

from pathlib import Path

from ..core.hookspecs import hookimpl
from ..core.parts import MicroLibrary, Option
from .tables import walk_tables

ROOM = Path(__file__).parent


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="gc-walk",
            doc="walks objects, frames and roots, for collectors",
            room=ROOM,
            size=450,
            provides=("walk",),
            requires=("frames", "types", "collector", "support"),
            sources=("c/walk.c",),
            headers=("c",),
            tables=walk_tables,
            load_sources=("c/walk_load.c",),
            on_load=("tb_walk_load",),
        ),
        MicroLibrary(
            name="gc.marksweep",
            doc="precise mark-sweep collector that moves nothing",
            room=ROOM,
            size=900,
            provides=("collector", "heap"),
            requires=("cage", "memory.allocate", "walk"),
            sources=("c/marksweep.c",),
            headers=("c",),
            include=("tb_gc.h",),
            macros={
                "TB_HEAP_ROUND(size)": "(size)",
                "TB_GC_AUDIT(cx)": "((void)0)",
                "TB_HEAP_FREE(cx)": "tb_marksweep_unused(cx)",
            },
            prototypes="u32 tb_marksweep_unused(struct tb_context *cx);",
            store="u32 gc_hole;\nu32 gc_depth;\nu32 gc_overflow;\nu32 gc_stack[TB_GC_MARK_STACK];",
            on_start=("tb_marksweep_start",),
            options=(
                Option(
                    name="gc.mark-stack",
                    default=64,
                    kind="number",
                    macro="TB_GC_MARK_STACK",
                    doc="Entries of the mark stack; smaller means more walks of the heap.",
                    minimum=1,
                    maximum=1 << 20,
                ),
                Option(
                    name="gc.stress",
                    default=0,
                    kind="flag",
                    macro="TB_GC_STRESS",
                    doc="Collect at every allocation: finds references that a map forgets.",
                    maximum=1,
                ),
            ),
        ),
    ]
