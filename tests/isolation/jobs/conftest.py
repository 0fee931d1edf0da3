"""What sees the inputs that programs are run for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.machine.keys import INSIDE

from .programs import Seen


@pytest.fixture
def seen(tmp_path: Path) -> Seen:
    path = tmp_path / "seen"
    path.touch()
    return Seen(str(path))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What processes of their own build is built once; in the emulated machine it was built outside."""
    if INSIDE in os.environ:
        return Path(os.environ["TBLVM_CACHE_DIR"])
    return tmp_path_factory.mktemp("cache")
