"""Every opcode and a sample of programs on all targets, two of them under their emulators.

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
from tests.harness import ENGINES, TARGETS, Job, compiled, disagreements, registry

SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
PROGRAMS = 25 * SCALE


@cache
def sample(heap: str) -> tuple[tuple[str, Job], ...]:
    """Fifty vectors and a wild one for each form; of a heap without a collector, for what only it
    runs."""
    before = forms("marksweep") if heap == "freelist" else ()
    chosen = [form for form in forms(heap) if form not in before]
    return tuple((form.name, job) for form in chosen for job in jobs(form, 50 * SCALE, SCALE))


@pytest.mark.parametrize("engine", ENGINES)
def test_every_opcode_is_run_and_agrees_with_its_declaration(engine: str) -> None:
    seen, handlers = set(), set()
    for heap in ("marksweep", "freelist"):
        work = sample(heap)
        jobs = [job for _, job in work]
        for number, found in disagreements(
            jobs, heap, TARGETS, canonical=True, engines=(engine,), more=CANONICAL
        ):
            raise AssertionError(f"{work[number][0]}: {found}")
        seen |= {each.use for job in jobs for each in instructions(job.verified, registry().isa)}
        for target in TARGETS:
            handlers |= set(compiled(heap, target=target, engine=engine, more=CANONICAL).composition.handlers)
    every = {opcode.label for opcode in registry().isa}
    assert every == {use.form.declaration.label for use in seen}
    missing = [each.label for each in handlers if not seen & set(each.uses)]
    assert not missing


@pytest.mark.parametrize("heap", ["marksweep", "freelist"])
def test_programs(heap: str) -> None:
    check(0 if heap == "marksweep" else 30_000, PROGRAMS, heap=heap, targets=TARGETS)


def test_programs_with_a_collection_at_every_allocation() -> None:
    check(20_000, PROGRAMS, stress=True, targets=TARGETS)
