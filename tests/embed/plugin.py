"""The entry point of executables that embed themselves: tests of the C API on every target, and by sanitizers."""

from __future__ import annotations

from pathlib import Path

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="embed-exercise",
            doc="calls all of the C API",
            room=Path(__file__).parent,
            size=9999,
            provides=("entry",),
            requires=("embedding", "platform"),
            sources=("c/entry.c", "c/exercise.c"),
            headers=("c",),
        ),
        MicroLibrary(
            name="embed-exercise-sharing",
            doc="shares what there is between instances",
            room=Path(__file__).parent,
            requires=("embed-exercise", "sharing"),
            comes_along="needed",
            sources=("c/sharing.c",),
            headers=("c",),
        ),
    ]
