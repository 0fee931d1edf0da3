"""What the tests here use and is compiled: see tests/machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tblvm.isolation.keys import supervisor

from .puppets import build


def prebuild() -> Iterator[Path]:
    supervisor.image()
    yield build("puppet")
    yield build("puppet", "hostile")
