"""Runtimes that are not for one program: what they are built with, built once and kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from ..core.errors import UsageError

if TYPE_CHECKING:
    from ..core.parts import Engine
    from ..core.registry import Registry
    from ..core.verified import Verified
    from .cache import Entry


ENGINE = "switch"  # of builds where nobody says which one


def usual_engine() -> str:
    """The engine of builds where no option names one: what the environment says, or ENGINE."""
    return os.environ.get("TBLVM_ENGINE") or ENGINE


def loading_engine(registry: Registry, name: str) -> Engine:
    """The engine *name*, for programs that come at run time. Raises UsageError for one that cannot run such,
    and where there is none of that name."""
    from ..core.registry import choose

    engine = registry.engines[choose("engine", name, registry.engines)]
    if engine.loads:
        return engine
    others = " or ".join(each.name for each in registry.engines.values() if each.loads)
    raise UsageError(
        f"engine {name} compiles programs when they are built, and cannot load any: take engine {others}, or "
        f"build an executable of the program alone: tbbuild --engine {name} PROGRAM"
    )


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


def words(
    paths: Iterable[str], kind: str, features: Iterable[str], engine: str | None = None
) -> Iterator[str]:
    """What `tbbuild` is told for such a runtime. paths: as `-p` takes them. engine: None for the usual."""
    yield from ("--artifact", kind, "--features", ",".join(features))
    for path in paths:
        yield from ("-p", path)
    yield from engine_words(engine)


def engine_words(engine: str | None) -> tuple[str, ...]:
    """What `tbbuild` is told of an engine: nothing, where it takes that one anyway."""
    return () if engine in (None, usual_engine()) else ("--engine", str(engine))


def runtime(given: Iterable[str], say: Callable[[str], None]) -> Entry:
    """The runtime that `tbbuild` makes of these words, from the cache or built; of the configuration only
    what the environment says counts. say: told each stage. Raises TblvmError."""
    import click

    from .cached import made
    from .cli import main
    from .config import Config

    with click.Command.make_context(main, "tbbuild", list(given), obj=Config()) as context:
        return made(None, context.params, "runtime", say)
