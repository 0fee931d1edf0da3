"""tblvm run: a program on the general runtime, which is built once and kept."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .command import command, translated

if TYPE_CHECKING:
    from ..builder.cache import Entry
    from ..core.registry import Registry
    from ..core.verified import Verified

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
    from ..builder.run import run as execute
    from ..core import tbc
    from ..stack import verify

    verified = verify(translated(registry, file), registry.isa)
    entry = _runtime(tuple(_words(registry, verified, limits)))
    with tempfile.TemporaryDirectory(prefix="tblvm-run-", ignore_cleanup_errors=True) as folder:
        module = Path(folder) / (file.stem + ".tbc")
        module.write_bytes(tbc.write(verified.module))
        status = execute(entry.image, entry.host, (str(module),))
    sys.exit(status)


def _words(registry: Registry, verified: Verified, limits: dict[str, str | None]) -> Iterator[str]:
    """What `tbbuild --artifact runtime` is told: an allocator that the program can have, and its limits."""
    from ..builder.need import demands

    # An opcode may ask for an allocator by name (FREE does); all other programs can have a collector.
    asked = {each.name for each in demands((form, "") for form in verified.forms)[0]}
    own = [library.name for library in registry.interfaces.get("heap", ()) if library.name in asked]
    features = own or ["collector"]
    module = verified.module
    if any(registry.isa.pages[page.name].prefix is None for page in module.pages):
        # Pages of plug-ins come where they are named; then the others must be, too.
        features += [name for name, page in registry.isa.pages.items() if page.prefix is not None]
        features += [page.name for page in module.pages]
    yield from ("--features", ",".join(dict.fromkeys(features)))
    for plugin in registry.plugins:
        if plugin.path:
            yield from ("-p", plugin.path)
    least = {"stack": module.min_stack, "heap": module.min_heap}
    for name in _LIMITS:
        value = limits[name] or least.get(name)
        if value:
            yield from (f"--{name}", str(value))


def _runtime(words: tuple[str, ...]) -> Entry:
    """The runtime that is built so; of the configuration only what the environment says counts."""
    from ..builder.cached import made
    from ..builder.cli import main
    from ..builder.config import Config

    def say(stage: str) -> None:
        if stage == "compile" and sys.stderr.isatty():
            click.echo("tblvm: building the general runtime: this happens once", err=True)

    words = ("--artifact", "runtime", *words)
    with click.Command.make_context(main, "tbbuild", list(words), obj=Config()) as context:
        return made(None, context.params, "runtime", say)
