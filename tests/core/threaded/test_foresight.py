"""What is foreseen of register code is what the translator makes, where a runtime has all variants."""

from __future__ import annotations

from pathlib import Path

import pytest

from tblvm.builder.compose import Composition
from tblvm.builder.profiling import counted
from tblvm.core.threaded import engine

ROOT = Path(__file__).parents[3]
PROGRAMS = (
    ROOT / "bench" / "programs" / "fib.c",
    ROOT / "bench" / "programs" / "matmul.c",
    ROOT / "examples" / "shapes.tba",
)
# Instructions executed that were not foreseen, of all: what the translator does otherwise is rare.
MOST = 0.01


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_what_is_executed_was_foreseen(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: set[str] = set()
    whole = engine._foreseen

    def foreseen(composition: Composition, *rest: object) -> object:
        for row in whole(composition, *rest):  # type: ignore[arg-type]
            names.update(name for part in row for name in part.names)
        return []

    monkeypatch.setattr(engine, "_foreseen", foreseen)
    monkeypatch.setattr(engine, "usual", lambda every, most: [(each,) for each in every])
    profile, status = counted((), path, ("1", "20"), "threaded")
    assert status == 0 and names
    counts: dict[str, int] = {}
    for stretch in profile.stretches:
        for name, count in zip(stretch.code, stretch.counts, strict=True):
            counts[name] = counts.get(name, 0) + count
    missed = {name: count for name, count in counts.items() if name not in names}
    assert sum(missed.values()) <= MOST * sum(counts.values()), missed
