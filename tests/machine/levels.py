"""The levels of isolation, for tests that are the same at each."""

from __future__ import annotations

import platform
from typing import Any

import pytest

from .keys import needs_keys

ON_LINUX = pytest.mark.skipif(platform.system() != "Linux", reason="isolation is for Linux")

NONE = pytest.param("none", marks=pytest.mark.outside)
# Shown without the machine; there it is run again, on its kernels, by whoever asks for all.
PROCESS = pytest.param("process", marks=[ON_LINUX, pytest.mark.repeated])
# In the machine (tests/machine), or where the processor has protection keys.
MPK = pytest.param("mpk", marks=needs_keys)
LEVELS = [NONE, PROCESS, MPK]
WALLED = [PROCESS, MPK]


def given(level: str) -> dict[str, Any]:
    """What `tblvm.load` is told for a level: for none, what it takes untold."""
    return {} if level == "none" else {"isolation": level}
