"""Damaged modules: a module that the verifier and the loader take, or a refusal in words; never anything else."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tblvm.core.registry import Registry

from .mutants import mutant
from .mutated import judged
from .whole import seeds

SEED = os.environ.get("TBLVM_TEST_SEED", "20261122")
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
COUNT, PARTS = 10_000 * SCALE, 20


@pytest.mark.parametrize("part", range(PARTS))
def test_mutants(registry: Registry, part: int, tmp_path: Path) -> None:
    """What crashes is in a file of tmp_path, whose name is in the report."""
    found: Counter[str] = Counter()
    for number in range(part, COUNT, PARTS):
        content = mutant(seeds(), number, SEED)
        kept = tmp_path / "mutant.wasm"
        kept.write_bytes(content)
        try:
            found[judged(content, registry)] += 1
        except Exception as error:
            raise AssertionError(f"mutant {number} of TBLVM_TEST_SEED={SEED}, in {kept}") from error
    print(found)
    assert {"malformed", "invalid", "unsupported", "run"} <= set(found), "damages reach all that is told"
    assert found["run"] > 20, "many are valid still"
