"""A micro-library that answers for modules instead of running them: loader and verifier in C, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary
from tblvm.embed.exports import constants, export_tables
from tblvm.opcodes import OpcodeSet
from tests.core.loader import ops

if TYPE_CHECKING:
    from tblvm.builder.compose import Composition


def _tables(composition: Composition) -> str:
    """How many tables there are, and which is where."""
    names = [table.name for table in composition.tables]
    places = ", ".join(f"tb_the_store.image.{name}" for name in names)
    return (
        f"enum {{ TB_DRIVER_TABLES = {len(names)} }};\n"
        "static const void *tb_driver_table(u32 number) {\n"
        f"  const void *tables[] = {{{places}}};\n  return tables[number];\n}}\n"
    )


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [ops.op]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    here = Path(__file__).parent
    return [
        MicroLibrary(
            name="odd",
            doc="what built-in pages do not have",
            room=here,
            sources=("odd.c",),
            services=(ops.keep, ops.wait),
        ),
        # The tables of embed.api, which no executable has.
        MicroLibrary(
            name="test-exports",
            doc="what modules export",
            room=Path(export_tables.__code__.co_filename).parent,
            requires=("loading",),
            headers=("c",),
            tables=export_tables,
            load_sources=("c/exports_load.c",),
            on_load=("tb_exports_load",),
            macros=constants(),
        ),
        MicroLibrary(
            name="test-driver",
            doc="answers for modules",
            room=here,
            size=9999,
            provides=("entry", "loading"),
            requires=("loader", "frames", "platform"),
            sources=("driver.c",),
            generated=_tables,
        ),
    ]
