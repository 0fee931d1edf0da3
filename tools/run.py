"""tblvm run: a program on the general runtime, which is built once and kept."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .command import command, translated

if TYPE_CHECKING:
    from ..core.registry import Registry

_LIMITS = ("stack", "heap", "fuel", "timeout")


@command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--dir",
    "dirs",
    multiple=True,
    metavar="HOST[::GUEST][:ro]",
    help="Let the program have this directory, with all that is below it.",
)
@click.option(
    "--env",
    "variables",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Let the program have this variable of the environment; * for all.",
)
@click.option("--stack", metavar="CELLS", help="Stack limit.")
@click.option("--heap", metavar="BYTES", help="Heap size.")
@click.option("--fuel", metavar="N", help="Stop the program after N instructions.")
@click.option("--timeout", metavar="TIME", help="Stop the program after this time: 500ms, 2s, 1m.")
def run(
    registry: Registry,
    file: Path,
    arguments: tuple[str, ...],
    dirs: tuple[str, ...],
    variables: tuple[str, ...],
    **limits: str | None,
) -> None:
    """Run FILE (.tba, .tbc) on a runtime that has every standard page.

    What stands behind FILE is the program's arguments. It has no files and no environment but what --dir and
    --env let it have.
    The runtime is built the first time, for these limits, and kept (`tblvm cache`). The exit status is the
    program's. `tbbuild FILE --run` composes a runtime for the program alone instead.
    """
    from ..builder.pipeline import plan
    from ..builder.resolve import Request
    from ..builder.run import run as execute
    from ..builder.runtimes import features_for, runtime, words
    from ..core import tbc
    from ..stack import verify

    def say(stage: str) -> None:
        if stage == "compile" and sys.stderr.isatty():
            click.echo("tblvm: building the general runtime: this happens once", err=True)

    verified = verify(translated(registry, file), registry.isa)
    if verified.module.imports:  # nobody gives them here: that is said as a build of the program says it
        plan(verified.module, registry, Request())
    given = [*words(registry, "runtime", features_for(registry, verified))]
    least = {"stack": verified.module.min_stack, "heap": verified.module.min_heap}
    for name in _LIMITS:
        value = limits[name] or least.get(name)
        if value:
            given += [f"--{name}", str(value)]
    entry = runtime(given, say)
    with tempfile.TemporaryDirectory(prefix="tblvm-run-", ignore_cleanup_errors=True) as folder:
        module = Path(folder) / (file.stem + ".tbc")
        module.write_bytes(tbc.write(verified.module))
        let = [word for each in dirs for word in ("--dir", each)]
        let += [word for each in variables for word in ("--env", each)]
        shown = ("--name", str(file)) if registry.imports else ()
        status = execute(entry.image, entry.host, (*let, *shown, str(module), *arguments))
    sys.exit(status)
