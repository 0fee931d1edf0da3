"""What this room registers."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

from ...opcodes import OpcodeSet
from ..hookspecs import hookimpl
from ..module import MAX_SCREEN
from ..parts import Memory, MicroLibrary, Option, Table
from ..program import Program
from . import ops, services

if TYPE_CHECKING:
    from ...builder.resolve import Plan

_ROOM = Path(__file__).parent


def _screen_table(program: Program) -> tuple[Table, ...]:
    """Columns and rows."""
    return (Table("screen", "u32", struct.pack("<2I", *program.verified.module.screen)),)


def _screen_bytes(plan: Plan, program: Program | None) -> int:
    width, height = program.verified.module.screen if program else (MAX_SCREEN, MAX_SCREEN)
    return 3 * width * height


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [ops.space, ops.time, ops.events, ops.screen, ops.prompt]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="devices.space",
            doc="tells what there is of processors, memory, stack and heap",
            room=_ROOM,
            size=120,
            requires=("platform", "frames"),
            sources=("c/space.c",),
            headers=("c",),
            services=(services.space_info,),
        ),
        MicroLibrary(
            name="devices.time",
            doc="reads clocks",
            room=_ROOM,
            size=100,
            requires=("platform",),
            sources=("c/time.c",),
            headers=("c",),
            services=(services.time_get,),
            context="u32 time_high;",
        ),
        MicroLibrary(
            name="devices.events",
            doc="waits for time or input",
            room=_ROOM,
            size=100,
            requires=("platform", "io.input"),
            sources=("c/event.c",),
            headers=("c",),
            services=(services.event_wait,),
        ),
        MicroLibrary(
            name="devices.screen",
            doc="a screen of pixels, written to a PNG file",
            room=_ROOM,
            size=1100,
            requires=("platform", "traps", "support"),
            sources=("c/screen.c", "c/screen_places.c", "c/png.c"),
            headers=("c",),
            services=(services.pixel_set,),
            store="u8 *screen_pixels;\nu32 screen_failed;",
            on_places=("tb_screen_places",),
            macros={"TB_FAILED(cx)": "(tb_store_of(cx)->screen_failed)"},
            on_start=("tb_screen_start",),
            on_finish=("tb_screen_finish",),
            memory=(Memory("screen", "screen", _screen_bytes),),
            tables=_screen_table,
            load_sources=("c/screen_load.c",),
            on_load=("tb_screen_load",),
            options=(
                Option(
                    name="screen.file",
                    default="screen.png",
                    kind="text",
                    macro="TB_SCREEN_FILE",
                    doc="The file that shows the screen; empty for none.",
                    maximum=4000,
                ),
            ),
        ),
        MicroLibrary(
            name="devices.prompt",
            doc="reads lines of input as strings",
            room=_ROOM,
            size=150,
            requires=("io.input", "io.output", "memory.utf8"),
            sources=("c/prompt.c",),
            headers=("c",),
            services=(services.prompt_read,),
            store="u8 prompt_line[TB_PROMPT_LINE];",
            options=(
                Option(
                    name="prompt.line",
                    default=1024,
                    kind="size",
                    macro="TB_PROMPT_LINE",
                    doc="Bytes that a line of input may have.",
                    minimum=16,
                    maximum=1 << 20,
                ),
            ),
        ),
    ]
