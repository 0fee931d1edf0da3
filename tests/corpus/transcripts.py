"""What a driver gives of a program on some engine."""

from __future__ import annotations

import importlib
import os

from .given import Given
from .machines import Imports, Machine
from .manifest import Program

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261122"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))


def transcript(program: Program, data: bytes, engine: type[Machine]) -> list[object]:
    """What *program*, with the bytes *data*, does on *engine*."""

    def open_(imports: Imports | None = None) -> Machine:
        return engine(data, imports or {})  # type: ignore[call-arg]

    driver = importlib.import_module(f"tests.corpus.drivers.{program.driver}")
    found: list[object] = driver.drive(open_, Given(program, SEED, SCALE))
    assert found, "a driver gives what its program did"
    return found
