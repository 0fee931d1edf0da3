"""What the tests here load in the machine is built outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

import tblvm
from tblvm.embed import library
from tblvm.isolation import levels

from .fake import build
from .native import PLUGIN, program


class Built(Exception):
    """The image is there: nothing is loaded."""


def built(content: bytes, **given: Any) -> None:
    """Make what `load` takes for a program where there are protection keys, whether there are any here or not. Raises
    what making it raises."""

    def only(level: str, words: Iterable[str]) -> None:
        library.built(tuple(words))
        raise Built

    keys = mock.patch.object(levels, "choose", lambda level: "mpk")
    with suppress(Built), keys, mock.patch.object(levels, "library", only):
        tblvm.load(content, isolation="mpk", **given)


def prebuild() -> Iterator[Path]:
    plain = b".func main()\n  RET\n.end\n"
    poll = (
        b'.memory m: 1\n.import poll(a: i32, b: i32, n: i32, made: i32) -> i32: "wasi_snapshot_preview1", '
        b'"poll_oneoff"\n' + plain
    )
    # What programs behind keys are compared with.
    tblvm.load(plain).close()
    tblvm.load(plain, grants=["clock"]).close()
    built(program(calls=False), plugins=[PLUGIN], trust=["hostile.memory"])
    built(plain)
    built(plain, grants=["clock"])
    built(poll, grants=["clock"])
    yield build()
