"""What a driver gives of a program on some engine."""

from __future__ import annotations

import importlib
import os
from typing import Any

from .given import Given
from .machines import Imports, Machine
from .manifest import Program

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261122"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))


class _Opened:
    """What drivers open their program with."""

    def __init__(self, content: bytes, engine: type[Machine]) -> None:
        self.content, self._engine = content, engine

    def __call__(
        self, imports: Imports | None = None, *, content: bytes | None = None, beside: Machine | None = None
    ) -> Machine:
        make: Any = self._engine
        return make(content or self.content, imports or {}, beside)  # type: ignore[no-any-return]


def transcript(program: Program, data: bytes, engine: type[Machine]) -> list[object]:
    """What *program*, with the bytes *data*, does on *engine*."""

    driver = importlib.import_module(f"tests.corpus.drivers.{program.driver}")
    found: list[object] = driver.drive(_Opened(data, engine), Given(program, SEED, SCALE))
    assert found, "a driver gives what its program did"
    return found
