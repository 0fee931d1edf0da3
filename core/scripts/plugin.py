"""What this package registers."""

from __future__ import annotations

from pathlib import Path

from ...opcodes import OpcodeSet
from ..hookspecs import hookimpl
from ..parts import MicroLibrary, Option
from . import ops, services

_ROOM = Path(__file__).parent


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [ops.op]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(name="scripts", doc="the opcode that runs other programs", room=_ROOM),
        MicroLibrary(
            name="scripts.none",
            doc="runs no other program",
            room=_ROOM,
            size=10,
            provides=("script-runner",),
            sources=("c/none.c",),
            services=(services.script_exec,),
        ),
        MicroLibrary(
            name="scripts.bundled",
            doc="runs programs that were built in, by name",
            room=_ROOM,
            size=150,
            provides=("script-runner", "bundle"),
            requires=("instances",),
            sources=("c/bundled.c",),
            headers=("c",),
            services=(services.script_exec,),
            context="u32 script_depth;",
            on_start=("tb_scripts_start",),
            on_enter=("tb_scripts_enter",),
            recursive={"tb_scripts_exec": "scripts.depth"},
            options=(
                Option(
                    name="scripts.depth",
                    default=4,
                    kind="number",
                    macro="TB_SCRIPTS_DEPTH",
                    doc="Programs that can be under way besides the main one, each run by the one before.",
                    minimum=1,
                    maximum=64,
                ),
            ),
        ),
    ]
