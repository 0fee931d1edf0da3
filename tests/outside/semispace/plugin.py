"""A plug-in with a collector of its own: one that moves objects. It uses public hooks only.

tbbuild -p tests/outside/semispace --features gc.semispace examples/binary_trees.tba --run
"""

from __future__ import annotations

from pathlib import Path

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary, Option


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="gc.semispace",
            doc="copying collector: half of the heap at a time",
            room=Path(__file__).parent,
            size=1000,
            provides=("collector", "heap"),
            requires=("cage", "memory.allocate", "walk"),
            sources=("c/semispace.c",),
            include=("tb_gc.h",),
            macros={"TB_HEAP_ROUND(size)": "(size)", "TB_GC_AUDIT(cx)": "((void)0)"},
            store="u32 gc_from;\nu32 gc_to;\nu32 gc_half;\nu32 gc_free;",
            on_start=("tb_semispace_start",),
            options=(
                # The same as the built-in collector's: what fills the same interface may share options.
                Option(
                    name="gc.stress",
                    default=0,
                    kind="flag",
                    macro="TB_GC_STRESS",
                    doc="Collect at every allocation: finds references that a map forgets.",
                    maximum=1,
                ),
            ),
        )
    ]
