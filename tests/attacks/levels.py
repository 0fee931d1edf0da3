"""The levels of isolation that this machine has."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import tblvm
from tblvm.embed.errors import IsolationError

HOSTILE = "tests/attacks/hostile"


def _given(level: str) -> dict[str, Any]:
    return {} if level == "none" else {"isolation": level}


def _missing(level: str) -> str:
    """Why this machine does not have it; "" where it does."""
    if level == "none":
        return ""
    if "isolation" not in inspect.signature(tblvm.Store).parameters:
        return "there are no levels yet"
    if level == "mpk":
        try:
            tblvm.load(b".func main()\n  RET\n.end\n", isolation="mpk").close()
        except IsolationError as error:
            return str(error)
    return ""


LEVELS = [
    pytest.param(level, marks=pytest.mark.skipif(bool(why := _missing(level)), reason=why))
    for level in ("none", "process", "mpk")
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
