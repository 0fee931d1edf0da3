"""Hook implementations of the room `isolation`."""

from __future__ import annotations

from ..core.hookspecs import hookimpl
from ..core.parts import MicroLibrary


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return []
