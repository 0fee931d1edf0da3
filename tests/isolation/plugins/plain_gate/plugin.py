"""A gate that is none: what crosses it does so as behind protection keys, and rights stay what they are."""

from __future__ import annotations

from pathlib import Path

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary
from tblvm.isolation.plugins import generated


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="plain-gate",
            doc="calls native code of plug-ins",
            room=Path(__file__).parent,
            provides=("plugin-gate",),
            sources=("c/plain.c",),
            headers=("../../../../isolation/c",),
            generated=generated,
        )
    ]
