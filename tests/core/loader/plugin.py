"""A micro-library that answers for modules instead of running them: loader and verifier in C, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary

if TYPE_CHECKING:
    from tblvm.builder.compose import Composition


def _tables(composition: Composition) -> str:
    """How many tables there are, and which is where."""
    names = [table.name for table in composition.tables]
    places = ", ".join(f"tb_the_store.image_{name}" for name in names)
    return (
        f"enum {{ TB_DRIVER_TABLES = {len(names)} }};\n"
        "static const void *tb_driver_table(u32 number) {\n"
        f"  const void *tables[] = {{{places}}};\n  return tables[number];\n}}\n"
    )


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="test-driver",
            doc="answers for modules",
            room=Path(__file__).parent,
            size=9999,
            provides=("entry", "loading"),
            requires=("loader", "frames", "platform"),
            sources=("driver.c",),
            generated=_tables,
        )
    ]
