"""What this package registers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.hookspecs import hookimpl
from ...core.parts import FrontEnd
from . import MAGIC, translate

if TYPE_CHECKING:
    import click


@hookimpl
def tblvm_front_ends() -> list[FrontEnd]:
    return [FrontEnd("WebAssembly", lambda content, name: content.startswith(MAGIC), translate)]


@hookimpl
def tblvm_commands() -> list[click.Command]:
    from .conformance.command import wast

    return [wast]
