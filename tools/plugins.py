"""tblvm plugins: what is loaded, and what it adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .command import command, json_option, say_json

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ..core.registry import Registry


def commands(registry: Registry, own: Collection[str]) -> Mapping[str, click.Command]:
    """The commands of plug-ins. Raises UsageError where one has a name of *own*, the built-in ones."""
    from ..core.errors import UsageError

    for name in registry.commands:
        if name in own:
            plugin = registry.source("commands", name)
            raise UsageError(
                f"plug-in {plugin.name} ({plugin.origin}) has a command {name}, which is tblvm's own: "
                f"rename it, or leave the plug-in out{plugin.way_out}"
            )
    return registry.commands


@command()
@json_option
def plugins(registry: Registry, json_: bool) -> None:
    """List the loaded plug-ins, built-in rooms first: where each comes from, and what it adds."""
    from .cli import main

    commands(registry, main.commands)
    found = [(each, registry.contributions(each)) for each in registry.plugins]
    if json_:
        say_json([{"name": each.name, "origin": each.origin, "adds": adds} for each, adds in found])
        return
    for each, adds in found:
        click.echo(f"{each.name} ({each.origin})" + ("" if adds else ": adds nothing"))
        for what, names in adds.items():
            click.echo(click.wrap_text(f"{what}: {', '.join(names)}", 100, "  ", "      "))
