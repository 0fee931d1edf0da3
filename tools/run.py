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
@click.option("--stack", metavar="CELLS", help="Stack limit.")
@click.option("--heap", metavar="BYTES", help="Heap size.")
@click.option("--fuel", metavar="N", help="Stop the program after N instructions.")
@click.option("--timeout", metavar="TIME", help="Stop the program after this time: 500ms, 2s, 1m.")
def run(registry: Registry, file: Path, **limits: str | None) -> None:
    """Run FILE (.tba, .tbc) on a runtime that has every standard page.

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
        status = execute(entry.image, entry.host, (str(module),))
    sys.exit(status)
