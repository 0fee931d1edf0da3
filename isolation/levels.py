"""Levels of isolation: which one there is, and runtimes for each."""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Iterable

from ..embed.errors import IsolationError
from .channel import Channel, Worker, started_from
from .proxy import Library

# From the strongest wall in this process to none; a process of its own is the strongest of all.
LEVELS = ("auto", "mpk", "process", "none")
# Of each level the kind of artifact that programs run in.
KINDS = {"none": "shared", "process": "worker", "mpk": "guest"}


def choose(level: str) -> str:
    """The level that a request stands for: `auto` is `mpk` where this machine has protection keys, else
    `process`. Raises UsageError for no level, IsolationError for one that cannot be had."""
    from ..core.registry import choose as one_of

    one_of("isolation level", level, LEVELS)
    if level == "none":
        return level
    missing = _without_keys()
    if level == "mpk" and missing:
        raise IsolationError(f"isolation mpk: {missing}: take --isolation process, or auto")
    if level in ("auto", "mpk") and not missing:
        return "mpk"
    if platform.system() != "Linux":
        raise IsolationError("isolation is for Linux: take --isolation none, where you trust the program")
    return "process"


def _without_keys() -> str:
    """Why there is no level `mpk` here, "" where there is."""
    from .keys.places import PLACES
    from .keys.probe import missing

    absent = missing()
    # Where all are taken, some may be of guests: those make room for each other.
    if absent is None or (absent.reason == "taken" and PLACES.pairs):
        return ""
    return str(absent)


_lock = threading.Lock()
_libraries: dict[tuple[str, tuple[str, ...]], Library] = {}


def library(level: str, words: Iterable[str]) -> Library:
    """The runtime that `tbbuild` makes of these words, behind the walls of *level*: one of a kind for the
    whole process. Raises TblvmError: of the build; IsolationError."""
    key = (level, tuple(words))
    with _lock:
        if key not in _libraries:
            _libraries[key] = _made(level, key[1])
        return _libraries[key]


def _made(level: str, words: tuple[str, ...]) -> Library:
    from ..builder.report import from_json
    from ..embed.library import built

    made = built(words)
    settings = from_json(made.report, "report").settings
    limits = {each.name.encode(): each.value for each in settings if isinstance(each.value, int)}
    return Library(level, _launch(level, made.image), limits)


def _launch(level: str, content: bytes) -> Callable[..., Channel]:
    if level == "mpk":
        from .keys.channel import Keyed
        from .keys.image import load

        loaded = load(content)
        return lambda size: Keyed(loaded, size)
    image = started_from(content)
    return lambda size, *given: Worker(image, size, *given)
