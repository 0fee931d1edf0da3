"""Hook implementations of the room `isolation`: guests, and what they are built for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core.hookspecs import hookimpl
from ..core.parts import MicroLibrary, Option, Target
from ..core.plugin import LINUX_TARGETS

if TYPE_CHECKING:
    from ..builder.compose import Composition

ROOM = Path(__file__).parent
_PROTOTYPES = """\
void tb_isolation_up(struct tb_context *cx);
void tb_isolation_place(int descriptor, u32 changes);
void tb_isolation_on_faults(const s32 *table);
void tb_isolation_end(volatile u64 *died);
"""
_OPTIONS = (
    Option(
        name="isolation.memory",
        default=0,
        kind="size",
        macro="TB_ISOLATION_MEMORY",
        doc="Bytes of addresses that the process can have; 0 for no limit of its own.",
        maximum=1 << 46,
    ),
    Option(
        name="isolation.cpu",
        default=0,
        kind="duration",
        macro="TB_ISOLATION_CPU",
        doc="Time of the processor after which the process ends, in whole seconds; 0 for no limit.",
    ),
    Option(
        name="isolation.dump",
        default=0,
        kind="flag",
        macro="TB_ISOLATION_DUMP",
        doc="Whether core can be dumped and debuggers can attach.",
        maximum=1,
    ),
    Option(
        name="isolation.names",
        default=1,
        kind="flag",
        macro="TB_ISOLATION_NAMES",
        doc="Whether a message names the system call that was blocked; else its number.",
        maximum=1,
    ),
)


def _names(composition: Composition) -> str:
    """C of the names of all system calls of the target's processor."""
    from .walls import call_names

    plan = composition.plan
    names = call_names(plan.target.machine) if plan.number("isolation.names") else ()
    text = "\n".join(f'  "{name}\\0"' for name in names)
    return f'extern const char tb_isolation_names[];\nconst char tb_isolation_names[] =\n{text}\n  "";'


def _worker(cpu: str) -> MicroLibrary:
    """The platform layer of a guest in a process of its own."""
    return MicroLibrary(
        name=f"platform.{cpu}-worker",
        doc=f"a guest's platform layer, in a process of its own, on {cpu}",
        room=ROOM.parent,
        size=60,
        provides=("platform", "gate", "files", "random-bytes", "system-calls"),
        requires=("walls",),
        sources=("isolation/c/platform.c", "core/c/platform/linux_files.c", "isolation/c/worker/worker.c"),
        macros={"TB_CALLS_LISTED": "1"},
        headers=(
            *("isolation/c", "isolation/c/alone", "isolation/c/worker", "core/c", "core/c/platform"),
            f"core/c/platform/{cpu}",
        ),
    )


def _plugins(composition: Composition) -> str:
    from .plugins import generated

    return generated(composition)


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
            name="isolation",
            doc="a program's process shuts itself in before the program runs",
            room=ROOM,
            size=1500,
            requires=("walls", "entry", "platform"),
            sources=("c/isolation.c",),
            headers=("c",),
            generated=_names,
            prototypes=_PROTOTYPES,
            macros={
                "TB_CALLS_LISTED": "1",
                "TB_BEFORE_RUN(cx)": "tb_isolation_up(cx)",
                "TB_PLACE(cx, descriptor, changes)": "((void)(cx), tb_isolation_place(descriptor, changes))",
                "TB_ON_FAULTS(cx, table)": "((void)(cx), tb_isolation_on_faults(table))",
                "TB_WALLS_END(died)": "tb_isolation_end(died)",
            },
            options=_OPTIONS,
            ways_out={"system-calls": "this target has none that can be cut off: build for one of Linux"},
        ),
        MicroLibrary(
            name="isolation.walls",
            doc="shuts a process in: system calls, files, network, limits",
            room=ROOM,
            size=2500,
            provides=("walls",),
            requires=("system-calls",),
            sources=tuple(
                f"c/walls{part}.c"
                for part in ("", "_clocks", "_filter", "_lifeline", "_listed", "_signals", "_test")
            ),
            headers=("c",),
        ),
        MicroLibrary(
            name="isolation.plugins",
            doc="calls native code of plug-ins with the rights of linear memory",
            room=ROOM,
            size=200,
            provides=("plugin-gate",),
            requires=("protection-keys",),
            sources=("c/plugin_gate.c",),
            headers=("c", "keys/c"),
            macros={"TB_LINEAR_APART": "4096u"},
            generated=_plugins,
        ),
        *(_worker(target.machine) for target in LINUX_TARGETS),
        MicroLibrary(
            name="platform.x86_64-guest",
            doc="a guest's platform layer, behind protection keys, on x86-64",
            room=ROOM.parent,
            size=60,
            provides=("platform", "gate", "files", "random-bytes", "protection-keys"),
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
            # Nobody keeps a worker on a disk: its loops may start where the processor likes it.
            flags=(*target.flags, "-falign-functions=64"),
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
