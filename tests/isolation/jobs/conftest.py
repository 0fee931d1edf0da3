"""What sees the inputs that programs are run for."""

from __future__ import annotations

from pathlib import Path

import pytest

from .programs import Seen


@pytest.fixture
def seen(tmp_path: Path) -> Seen:
    path = tmp_path / "seen"
    path.touch()
    return Seen(str(path))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What processes of their own build is built once."""
    return tmp_path_factory.mktemp("cache")
