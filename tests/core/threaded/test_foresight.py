"""What is foreseen of register code is what the translator makes, where a runtime has all variants."""

from __future__ import annotations

from pathlib import Path

import pytest

from tblvm.builder import pipeline
from tblvm.builder.compose import Composition, compose
from tblvm.builder.profiling import counted
from tblvm.builder.resolve import Request
from tblvm.core.registry import load
from tblvm.core.threaded import engine
from tblvm.core.threaded.foresight import LOOP, Foreseen
from tblvm.core.threaded.variants import variants

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
        for functions in whole(composition, *rest):  # type: ignore[arg-type]
            names.update(name for each in functions for part in each.parts for name in part.names)
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


@pytest.mark.parametrize("depth", range(4))
def test_what_is_in_more_loops_counts_more(depth: int) -> None:
    text = ".func main() -> i32\n.local n: i32\n"
    text += "".join(f"again{at}:\nLOAD n\nPOP\n" for at in range(depth))
    text += "LOAD n\nPUSH 3\nMUL\nSTORE n\n"
    text += "".join(f"LOAD n\nJNZ again{at}\n" for at in reversed(range(depth)))
    text += "PUSH 0\nRET\n.end\n"
    registry = load()
    module = pipeline.translate(text.encode(), "loops.tba", registry)
    verified, _, plan = pipeline.plan(module, registry, Request(engine="threaded"))
    seen: list[float] = []

    def row(function: Foreseen) -> list[float]:
        return [w for part, w in zip(function.parts, function.weights, strict=True) if "MUL" in part.names[0]]

    whole = engine._foreseen
    composition = compose(plan, verified, registry.isa)
    forms = engine.register_code(composition).forms
    every = {id(form): list(variants(form, polls=False)) for form in forms if form.shape.kind != "MOVE"}
    for functions in whole(composition, forms, every):
        seen += [weight for each in functions for weight in row(each)]
    assert seen == [LOOP**depth]
