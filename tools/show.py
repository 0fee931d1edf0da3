"""tblvm show c, show ir: what is derived from an opcode's declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..builder.runtimes import ENGINE
from ..core.command import EXIT_STATUS
from ..core.complete import among, opcodes
from ..core.errors import UsageError
from .command import SETTINGS, command, found
from .limits import engine_option

if TYPE_CHECKING:
    from ..core.registry import Registry


@click.group(epilog=EXIT_STATUS, context_settings=SETTINGS)
def show() -> None:
    """Show what is derived from an opcode's declaration."""


_name = click.argument("name", shell_complete=among(opcodes))


@command("c")
@_name
@engine_option("The engine whose C to show.  [default: switch]", ENGINE)
def show_c(registry: Registry, name: str, engine: str) -> None:
    """The C by which an engine executes opcode NAME.

    Where the opcode has type variables, it is shown for i32, f32 and a reference; forms with the same C
    are one handler.
    """
    from ..core.registry import choose
    from .reference.entry import handlers
    from .reference.text import shown_c

    chosen = registry.engines[choose("engine", engine, registry.engines)]
    shown = handlers(registry, found(registry, name), chosen)
    if not shown:
        raise UsageError(
            f"engine {chosen.name} prints whole programs: tbbuild --engine {chosen.name} --keep DIR PROGRAM "
            "shows the C of one"
        )
    click.echo("\n".join(shown_c(shown)))


@command("ir")
@_name
def show_ir(registry: Registry, name: str) -> None:
    """The op IR of opcode NAME: what everything else is derived from.

    Where the opcode has type variables, it is shown for i32, f32 and a reference.
    """
    from .reference.entry import forms
    from .reference.text import indented

    texts = (f"{form.name}:\n{indented(form.graph.text())}" for form in forms(found(registry, name)))
    click.echo("\n\n".join(texts))


show.add_command(show_c)
show.add_command(show_ir)
