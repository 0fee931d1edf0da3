"""tblvm completion: what a shell needs to complete words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .command import command

if TYPE_CHECKING:
    from ..core.registry import Registry


@command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(registry: Registry, shell: str) -> None:
    """Print what makes SHELL complete options, features and opcodes of tbbuild and tblvm.

    \b
    bash, in ~/.bashrc:  eval "$(tblvm completion bash)"
    zsh, in ~/.zshrc:    eval "$(tblvm completion zsh)"
    fish:                tblvm completion fish > ~/.config/fish/completions/tblvm.fish
    """
    from click.shell_completion import get_completion_class

    from ..builder.cli import main as tbbuild
    from .cli import main as tblvm

    kind = get_completion_class(shell)
    assert kind is not None, "click knows these shells"
    for program, name in ((tbbuild, "tbbuild"), (tblvm, "tblvm")):
        click.echo(kind(program, {}, name, f"_{name.upper()}_COMPLETE").source())
