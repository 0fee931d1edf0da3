"""Hook implementations of the room `isolation`: guests, and what they are built for."""

from __future__ import annotations

from pathlib import Path

from ..core.hookspecs import hookimpl
from ..core.parts import MicroLibrary, Target
from ..core.plugin import LINUX_TARGETS

ROOM = Path(__file__).parent


def _worker(cpu: str) -> MicroLibrary:
    """The platform layer of a guest in a process of its own."""
    return MicroLibrary(
        name=f"platform.{cpu}-worker",
        doc=f"a guest's platform layer, in a process of its own, on {cpu}",
        room=ROOM.parent,
        size=60,
        provides=("platform", "gate", "files", "random-bytes", "system-calls"),
        requires=("walls",),
        sources=("isolation/c/platform.c", "isolation/c/no_files.c", "isolation/c/worker/worker.c"),
        headers=(
            *("isolation/c", "isolation/c/alone", "isolation/c/worker", "core/c", "core/c/platform"),
            f"core/c/platform/{cpu}",
        ),
    )


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="isolation.guest",
            doc="what a host calls in its guest",
            room=ROOM,
            size=900,
            provides=("guest", "keyboard"),
            requires=("embedding", "gate"),
            conflicts=("embed.keyboard",),
            sources=("c/guest.c", "c/guest_calls.c", "c/keyboard.c"),
            headers=("c",),
        ),
        MicroLibrary(
            name="isolation.walls",
            doc="shuts a process in: system calls, files, network, limits",
            room=ROOM,
            size=2500,
            provides=("walls",),
            requires=("system-calls",),
            sources=tuple(f"c/walls{part}.c" for part in ("", "_filter", "_lifeline", "_signals", "_test")),
            headers=("c",),
        ),
        *(_worker(target.machine) for target in LINUX_TARGETS),
        MicroLibrary(
            name="platform.x86_64-guest",
            doc="a guest's platform layer, behind protection keys, on x86-64",
            room=ROOM.parent,
            size=60,
            provides=("platform", "gate", "files", "random-bytes"),
            sources=("isolation/c/platform.c", "isolation/c/no_files.c", "isolation/c/image/image.c"),
            headers=(
                *("isolation/c", "isolation/c/alone", "isolation/c/image", "isolation/keys/c", "core/c"),
                "core/c/platform/x86_64",
            ),
        ),
    ]


@hookimpl
def tblvm_targets() -> list[Target]:
    from dataclasses import replace

    return [
        replace(
            target,
            name=f"{target.machine}-worker",
            platform=f"platform.{target.machine}-worker",
            library_script="",
            doc=f"a guest in a process of its own, on Linux on {target.machine}",
            kind="worker",
        )
        for target in LINUX_TARGETS
    ] + [
        replace(
            target,
            name="x86_64-guest",
            platform="platform.x86_64-guest",
            link_script=str(ROOM / "c" / "image.ld"),
            library_script="",
            doc="a guest behind protection keys, on Linux on x86-64",
            kind="guest",
        )
        for target in LINUX_TARGETS
        if target.machine == "x86_64"
    ]
