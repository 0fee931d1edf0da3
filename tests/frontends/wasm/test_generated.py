"""Modules that `wasm-tools smith` makes do on tblvm what they do on wasmtime: results, traps, memories, globals."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from .compare import compared
from .smith import module

SEED = int(os.environ.get("TBLVM_TEST_SEED", "1"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
COUNT, PARTS = 500 * SCALE, 10


@pytest.mark.parametrize("part", range(PARTS))
def test_generated_modules(part: int, tmp_path: Path) -> None:
    """One that differs is in tmp_path; `wasm-tools shrink` makes it small, see docs/webassembly.md."""
    calls = results = 0
    traps: Counter[str] = Counter()
    for number in range(part, COUNT, PARTS):
        content = module(SEED * 1_000_000 + number)
        kept = tmp_path / f"generated-{number}.wasm"
        kept.write_bytes(content)
        try:
            seen = compared(content, number)
        except Exception as error:
            raise AssertionError(f"module {number} of TBLVM_TEST_SEED={SEED}, in {kept}") from error
        kept.unlink()
        calls, results = calls + seen.calls, results + seen.results
        traps.update(seen.traps)
    print(f"{calls} calls, {results} gave results, traps: {dict(traps)}")
    assert results > calls / 10 and len(traps) >= 3, "they do something"
