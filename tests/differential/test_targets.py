"""Every opcode and a sample of programs on the other targets, under their emulators.

The vectors are the first of those that the target of this machine gets in test_opcodes and test_programs;
the oracle is the same: the reference interpreter. With canonical NaNs, every bit agrees on every target.
"""

from __future__ import annotations

import os
from functools import cache

import pytest

from tblvm.core.program import instructions
from tests.differential.test_opcodes import forms, jobs
from tests.differential.test_programs import CANONICAL, check
from tests.harness import TARGETS, Job, compiled, differences, registry

SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
OTHERS = [target for target in TARGETS if target != "x86_64-linux"]
PROGRAMS = 25 * SCALE


@cache
def sample(heap: str) -> tuple[tuple[str, Job], ...]:
    """Fifty vectors and a wild one for each form; of a heap without a collector, for what only it
    runs."""
    before = forms("marksweep") if heap == "freelist" else ()
    chosen = [form for form in forms(heap) if form not in before]
    return tuple((form.name, job) for form in chosen for job in jobs(form, 50 * SCALE, SCALE))


@pytest.mark.parametrize("engine", registry().engines)
@pytest.mark.parametrize("target", OTHERS)
def test_every_opcode_is_run_and_agrees_with_its_declaration(target: str, engine: str) -> None:
    seen = set()
    for heap in ("marksweep", "freelist"):
        harness = compiled(heap, target=target, engine=engine, more=CANONICAL)
        work = sample(heap)
        for (name, job), run in zip(work, harness.run([job for _, job in work]), strict=True):
            found = differences(job, run, collector=harness.collector, canonical=True)
            assert not found, f"{name}: {found}"
            seen |= {each.use for each in instructions(job.verified, registry().isa)}
    every = {opcode.label for opcode in registry().isa}
    assert every == {use.form.declaration.label for use in seen}
    missing = [each.label for each in harness.composition.handlers if not seen & set(each.uses)]
    assert not missing


@pytest.mark.parametrize("target", OTHERS)
@pytest.mark.parametrize("heap", ["marksweep", "freelist"])
def test_programs(target: str, heap: str) -> None:
    check(0 if heap == "marksweep" else 30_000, PROGRAMS, heap=heap, target=target)


@pytest.mark.parametrize("target", OTHERS)
def test_programs_with_a_collection_at_every_allocation(target: str) -> None:
    check(20_000, PROGRAMS, stress=True, target=target)
