"""Real programs: what they do here is what wasmtime says, and what Python's own libraries do."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

import pytest

from tblvm.builder.pipeline import translate
from tblvm.core.errors import ModuleError
from tblvm.core.registry import Registry
from tests.corpus.fetch import Unavailable, content
from tests.corpus.given import Given
from tests.corpus.machines import ENGINES, Imports, Machine
from tests.corpus.manifest import Program, programs, refused

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261122"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))


def transcript(engine: str, data: bytes, given: Given) -> list[object]:
    """What the program's driver gives on *engine*."""

    def open_(imports: Imports | None = None) -> Machine:
        return ENGINES[engine](data, imports or {})

    driver = importlib.import_module(f"tests.corpus.drivers.{given.program.driver}")
    found: list[object] = driver.drive(open_, given)
    return found


@pytest.mark.parametrize("program", programs(), ids=lambda program: program.name)
def test_it_does_what_it_does_elsewhere(program: Program, unavailable: Callable[[Exception], Any]) -> None:
    try:
        data = content(program)
    except Unavailable as error:
        return unavailable(error)
    given = Given(program, SEED, SCALE)
    expected = transcript("wasmtime", data, given)
    assert expected, "a driver gives what its program did"
    assert transcript("tblvm", data, given) == expected, f"TBLVM_TEST_SEED={SEED}"
    return None


@pytest.mark.parametrize("program", refused(), ids=lambda program: program.name)
def test_what_it_needs_is_refused_by_name(
    program: Program, registry: Registry, unavailable: Callable[[Exception], Any]
) -> None:
    try:
        data = content(program)
    except Unavailable as error:
        return unavailable(error)
    with pytest.raises(ModuleError, match=rf"unsupported: .*{program.refused}"):
        translate(data, f"{program.name}.wasm", registry)
    return None
