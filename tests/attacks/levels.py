"""The levels of isolation that this machine has."""

from __future__ import annotations

from typing import Any

import pytest

import tblvm
from tests.machine.keys import needs_keys


def _given(level: str) -> dict[str, Any]:
    return {} if level == "none" else {"isolation": level}


# Protection keys are in the machine (tests/machine), or where the processor has them; all else is shown without it.
LEVELS = [
    pytest.param("none", marks=pytest.mark.outside),
    pytest.param("process", marks=pytest.mark.outside),
    pytest.param("mpk", marks=needs_keys),
]


class Loads:
    """Loads programs at one level; closes them at the end."""

    def __init__(self, level: str) -> None:
        self.level = level
        self.made: list[tblvm.Instance] = []

    def __call__(self, text: str | bytes, **given: Any) -> tblvm.Instance:
        content = text.encode() if isinstance(text, str) else text
        self.made.append(tblvm.load(content, **_given(self.level), **given))
        return self.made[-1]

    def store(self, **given: Any) -> tblvm.Store:
        return tblvm.Store(**_given(self.level), **given)

    def close(self) -> None:
        for each in self.made:
            each.close()
