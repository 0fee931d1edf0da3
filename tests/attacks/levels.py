"""Programs at one level of isolation."""

from __future__ import annotations

from typing import Any

import tblvm
from tests.machine.levels import given as at


class Loads:
    """Loads programs at one level; closes them at the end."""

    def __init__(self, level: str) -> None:
        self.level = level
        self.made: list[tblvm.Instance] = []

    def __call__(self, text: str | bytes, **given: Any) -> tblvm.Instance:
        content = text.encode() if isinstance(text, str) else text
        self.made.append(tblvm.load(content, **at(self.level), **given))
        return self.made[-1]

    def store(self, **given: Any) -> tblvm.Store:
        return tblvm.Store(**at(self.level), **given)

    def close(self) -> None:
        for each in self.made:
            each.close()
