"""Runtimes that are not for one program: what they are built with, built once and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..core.registry import Registry
    from ..core.verified import Verified
    from .cache import Entry


def features_for(registry: Registry, verified: Verified) -> tuple[str, ...]:
    """What `--features` names for a runtime that can run the program: an allocator that it can have, and the
    pages of plug-ins."""
    from .need import demands

    # An opcode may ask for an allocator by name (FREE does); all other programs can have a collector.
    asked = {each.name for each in demands((form, "") for form in verified.forms)[0]}
    own = [library.name for library in registry.interfaces.get("heap", ()) if library.name in asked]
    features = own or ["collector"]
    module = verified.module
    if any(registry.isa.pages[page.name].prefix is None for page in module.pages):
        # Pages of plug-ins come where they are named; then the others must be, too.
        features += [name for name, page in registry.isa.pages.items() if page.prefix is not None]
        features += [page.name for page in module.pages]
    return tuple(dict.fromkeys(features))


def words(paths: Iterable[str], kind: str, features: Iterable[str]) -> Iterator[str]:
    """What `tbbuild` is told for such a runtime. paths: as `-p` takes them."""
    yield from ("--artifact", kind, "--features", ",".join(features))
    for path in paths:
        yield from ("-p", path)


def runtime(given: Iterable[str], say: Callable[[str], None]) -> Entry:
    """The runtime that `tbbuild` makes of these words, from the cache or built; of the configuration only
    what the environment says counts. say: told each stage. Raises TblvmError."""
    from .cached import made
    from .cli import main
    from .config import Config

    with click.Command.make_context(main, "tbbuild", list(given), obj=Config()) as context:
        return made(None, context.params, "runtime", say)
