"""tblvm wast: run WebAssembly's specification tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ....tools.command import command, json_option, say_json

if TYPE_CHECKING:
    from ....core.registry import Registry

_path = click.Path(path_type=Path)


@command()
@click.argument("files", type=_path, nargs=-1, required=True, metavar="FILE...")
@click.option("--leave-out", "lists", type=_path, multiple=True, metavar="LIST",
              help="Do not run what this TOML file lists: [[left_out]] file, lines, reason.")  # fmt: skip
@json_option
def wast(registry: Registry, files: Sequence[Path], lists: Sequence[Path], json_: bool) -> None:
    """Run scripts of WebAssembly's specification tests: .wast, or the JSON of wast2json.

    Shows each command that failed with file and line, what was left out and why, and how many of each kind
    passed. The status is 1 where a command failed or a script could not be read.
    """
    from .left_out import read
    from .suite import as_json, judged, shown

    listed = tuple(each for path in lists for each in read(path))
    results = [judged(path, listed) for path in files]
    if json_:
        say_json(as_json(results))
    else:
        click.echo("\n".join(shown(results)))
    if any(each.failed for each in results):
        raise click.exceptions.Exit(1)
