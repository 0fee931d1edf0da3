"""tblvm plugins: what is loaded, and what it adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .command import command, json_option, say_json

if TYPE_CHECKING:
    from ..core.registry import Registry


@command()
@json_option
def plugins(registry: Registry, json_: bool) -> None:
    """List the loaded plug-ins, built-in rooms first: where each comes from, and what it adds."""
    found = [(each, registry.contributions(each)) for each in registry.plugins]
    if json_:
        say_json([{"name": each.name, "origin": each.origin, "adds": adds} for each, adds in found])
        return
    for each, adds in found:
        click.echo(f"{each.name} ({each.origin})" + ("" if adds else ": adds nothing"))
        for what, names in adds.items():
            click.echo(click.wrap_text(f"{what}: {', '.join(names)}", 100, "  ", "      "))
