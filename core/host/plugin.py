"""What this package registers."""

from __future__ import annotations

from pathlib import Path

from ...opcodes import OpcodeSet
from ..hookspecs import hookimpl
from ..parts import MicroLibrary
from . import ops
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
            ways_out={
                "host": "a runtime that stands alone has no host: build it with --artifact shared, or load "
                "it in Python"
            },
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
