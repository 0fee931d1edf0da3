"""What this package registers."""

from __future__ import annotations

from pathlib import Path

from ...opcodes import OpcodeSet
from ..hookspecs import hookimpl
from ..parts import MicroLibrary
from . import ops, services
from .natives import generated, native_tables
from .tables import import_tables

_ROOM = Path(__file__).parent


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [ops.op]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="host.call",
            doc="the opcode that calls functions of the host",
            room=_ROOM,
            headers=("c",),
        ),
        MicroLibrary(
            name="host.natives",
            doc="calls the functions of micro-libraries that programs import",
            room=_ROOM,
            size=60,
            provides=("natives",),
            requires=("frames", "support"),
            headers=("c",),
            tables=native_tables,
            load_sources=("c/natives_load.c",),
            on_load=("tb_natives_load",),
            generated=generated,
            macros={
                "TB_NATIVE(cx, import)": "(TB_INDIRECT ? tb_natives(cx)[import] : (import) + 1u)",
                "TB_NATIVE_CALL(cx, number)": "tb_native_call(cx, number)",
            },
            prototypes="u32 tb_native_call(struct tb_context *cx, u32 number);",
        ),
        MicroLibrary(
            name="host.standalone",
            doc="a runtime without a host, which gives programs what micro-libraries offer",
            room=_ROOM,
            size=10,
            provides=("host",),
            requires=("natives", "entry"),
            sources=("c/standalone.c",),
            headers=("c",),
            load_sources=("c/standalone_load.c",),
            on_load=("tb_standalone_load",),
        ),
        MicroLibrary(
            name="host.exit",
            doc="programs that end themselves with an exit status",
            room=_ROOM,
            size=10,
            requires=("natives",),
            store="u32 exit_status;",
            macros={
                "TB_EXITED(cx, trap)": "((void)(cx), (trap) == TB_TRAP_EXITED)",
                "TB_EXIT_STATUS(cx)": "(tb_store_of(cx)->exit_status)",
            },
            traps=(services.EXITED,),
        ),
        MicroLibrary(
            name="host.links",
            doc="memories, tables and globals that a program imports",
            room=_ROOM,
            provides=("links",),
            requires=("sharing", "host.imports"),
            ways_out={
                "sharing": "a runtime that stands alone has no host that gives it: load the module in Python"
            },
        ),
        MicroLibrary(
            name="host.imports",
            doc="names and types of the functions that a program imports",
            room=_ROOM,
            size=100,
            requires=("support",),
            sources=("c/imports.c",),
            headers=("c",),
            tables=import_tables,
            load_sources=("c/imports_load.c",),
            on_load=("tb_host_imports_load",),
        ),
    ]
