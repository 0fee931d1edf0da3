"""A collector that needs a write barrier: mark-sweep, with a barrier that counts reference stores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary
from tblvm.gc import plugin as gc

ROOM = Path(__file__).parent


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    [marksweep] = [each for each in gc.tblvm_micro_libraries() if each.name == "gc.marksweep"]
    return [
        replace(
            marksweep,
            name="gc.counting",
            doc="mark-sweep with a write barrier that counts",
            size=marksweep.size + 100,
            requires=(*marksweep.requires, "barrier-count"),
            include=(*marksweep.include, "tb_barrier.h"),
            needs_barrier=True,
            options=(),
            macros={**marksweep.macros, "TB_GC_STRESS": "0", "TB_GC_MARK_STACK": "8"},
        ),
        MicroLibrary(
            name="barrier-count",
            doc="prints how many references were stored",
            room=ROOM,
            requires=("traps",),
            sources=("c/count.c",),
            headers=("c",),
            store="u32 barriers;",
            on_finish=("tb_barrier_finish",),
        ),
    ]
