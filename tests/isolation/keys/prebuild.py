"""What the tests here use and is compiled: see tests/machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from unittest import mock

import tblvm
from tblvm.embed import library
from tblvm.isolation import levels
from tblvm.isolation.keys import supervisor

from .puppets import build
from .test_plugins import loaded


class _Built(Exception):
    pass


def _image(level: str, words: Iterable[str]) -> None:
    library.built(tuple(words))
    raise _Built


def prebuild() -> Iterator[Path]:
    supervisor.image()
    # What `load` takes where there are keys.
    with (
        suppress(_Built),
        mock.patch.object(levels, "choose", lambda level: "mpk"),
        mock.patch.object(levels, "library", _image),
    ):
        tblvm.load(b".func main()\n  RET\n.end\n", isolation="mpk")
    with (
        suppress(_Built),
        mock.patch.object(levels, "choose", lambda level: "mpk"),
        mock.patch.object(levels, "library", _image),
    ):
        loaded()
    yield build("puppet")
    yield build("puppet", "hostile")
