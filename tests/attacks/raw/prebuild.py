"""What the machine needs of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from . import executable


def prebuild() -> Iterator[Path]:
    yield executable().parent
