"""What the machine needs of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .test_walls import NATIVE, driver


def prebuild() -> Iterator[Path]:
    yield driver(NATIVE).parent
