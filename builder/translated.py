"""Programs as .tbc files: from the cache, or translated and kept there.

What is found is neither translated nor verified again: the runtime verifies every file that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from . import cache as caches
from .cache import Kept


@dataclass(frozen=True, slots=True)
class Translated:
    """A program as a .tbc file. content: its bytes; said: what somebody wants to know of it besides."""

    content: bytes
    said: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def translated(
    program: bytes,
    name: str,
    plugins: Iterable[str | Path],
    purpose: str,
    make: Callable[[], tuple[Translated, set[Path]]],
) -> Translated:
    """What *make* makes of the content *program* of a file called *name*, from the cache or made and kept.

    plugins: as `-p` takes them; purpose: what tells this use from others with the same program. make: gives
    the files, too, that it has read besides. Raises what *make* raises.
    """
    cache = caches.standard()
    if cache is None:
        return make()[0]
    given = [str(each) for each in plugins]
    what = {
        "translated": purpose,
        "name": name,
        "plugins": [[each, str(Path(each).resolve())] for each in given],
    }
    key = caches.key_of(what, [program])
    found = cache.find(key)
    if found is not None and isinstance(said := found.head.get("said"), dict):
        return Translated(found.body, {name: tuple(words) for name, words in said.items()})
    made, files = make()
    cache.keep(key, Kept({"said": dict(made.said)}, made.content), files)
    return made
