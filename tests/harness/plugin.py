"""Micro-libraries and targets of the test harness: a runtime with every opcode that loads programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary, Target

ROOM = Path(__file__).parent


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    entry: dict[str, Any] = {"room": ROOM, "headers": ("c",), "provides": ("entry",)}
    entry["requires"] = ("frames", "cage", "fuel")
    return [
        MicroLibrary(
            name="harness.linux", doc="runs images", sources=("c/harness.c", "c/linux.c"), size=9999, **entry
        ),
        MicroLibrary(name="harness.hosted", doc="runs images", sources=("c/harness.c",), size=9999, **entry),
        MicroLibrary(
            name="harness.audit",
            doc="reports a walk of the heap after each collection",
            room=ROOM,
            requires=("walk",),
            sources=("c/audit.c",),
            headers=("c",),
        ),
        MicroLibrary(
            name="harness.host",
            doc="gives programs all that they import",
            room=ROOM,
            provides=("host",),
            requires=("host.imports", "memory.allocate", "cage", "support"),
            sources=("c/host.c",),
            headers=("c",),
            size=9999,
        ),
        MicroLibrary(
            name="platform.hosted",
            doc="a C library",
            room=ROOM,
            provides=("platform", "standard-functions"),
            sources=("c/hosted.c",),
            headers=("c", "c/hosted"),
            macros={"TB_HOSTED": "1"},
            size=9999,
        ),
    ]


@hookimpl
def tblvm_targets() -> list[Target]:
    return [Target("hosted", "", "", "platform.hosted", "", "a C library and the system's compiler")]
