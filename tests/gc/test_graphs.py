"""Generated object graphs: after every collection a walk of the heap finds exactly what is reachable.

What is reachable is the reference interpreter's own answer: it knows its values' kinds, and uses no
reference map. The mark stack of the harness has three entries, so nearly every mark overflows it.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tblvm.opcodes.traps import Trap
from tests.gc.collectors import COLLECTORS, SCALE, SEED, harness, observed
from tests.gc.graphs import Graphs
from tests.harness import Job, assembled, differences, reference

BATCH = 20
HEAP = 1 << 19  # for the programs that must not run out of it


def programs(kind: str, batch: int, size: int, count: int = BATCH) -> list[tuple[str, Job]]:
    """Programs with the name of each, which its seed is."""
    found = []
    for number in range(count):
        name = f"{SEED} {kind} {batch} {number}"
        text = Graphs(random.Random(name), size).text()
        found.append((name, Job(assembled(text), stress=True, heap=HEAP)))
    return found


@pytest.mark.parametrize("batch", range(8 * SCALE))
def test_every_collection_finds_exactly_what_is_reachable(batch: int) -> None:
    work = programs("graph", batch, 30)
    jobs = [job for _, job in work]
    runs = harness("marksweep").run(jobs)
    for (name, job), run in zip(work, runs, strict=True):
        found = differences(job, run)
        assert not found, f"seed {name}: {found}"
        assert run.collections, f"seed {name}: nothing was collected"
    moved = harness("gc.semispace").run(jobs)
    for (name, _), run, expected in zip(work, moved, runs, strict=True):
        assert observed(run) == observed(expected), f"seed {name}"


@pytest.mark.parametrize("batch", range(3 * SCALE))
def test_under_sanitizers(batch: int) -> None:
    work = programs("sanitized", batch, 30)
    jobs = [job for _, job in work]
    expected = harness("marksweep").run(jobs)
    for collector in COLLECTORS:
        runs = harness(collector, sanitize=True).run(jobs)
        for (name, _), run, other in zip(work, runs, expected, strict=True):
            assert observed(run) == observed(other), f"seed {name}: {collector}"


@pytest.mark.parametrize("batch", range(2 * SCALE))
def test_long_programs(batch: int) -> None:
    [(name, job)] = programs("long", batch, 150, 1)
    [run] = harness("marksweep").run([job])
    found = differences(job, run)
    assert not found, f"seed {name}: {found}"
    [moved] = harness("gc.semispace").run([job])
    assert observed(moved) == observed(run), f"seed {name}"


# --- heaps that are nearly too small ------------------------------------------------------------------


def tight(batch: int) -> list[tuple[str, Job]]:
    rng = random.Random(f"{SEED} tight {batch}")
    return [
        (name, replace(job, stress=False, heap=rng.choice((64, 200, 600, 1500, 4000)) + rng.randrange(600)))
        for name, job in programs("tight", batch, 25, 2 * BATCH)
    ]


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
@pytest.mark.parametrize("batch", range(2 * SCALE))
def test_a_copying_collector_runs_out_exactly_when_what_is_live_does_not_fit(
    batch: int, sanitize: bool
) -> None:
    work = [(name, replace(job, heap=job.heap & ~7)) for name, job in tight(batch)]
    # Half of the heap is for the copies.
    runs = harness("gc.semispace", sanitize=sanitize).run(
        [replace(job, heap=2 * job.heap) for _, job in work]
    )
    for (name, job), run in zip(work, runs, strict=True):
        found = differences(job, run)
        assert not found, f"seed {name}, heap {job.heap}: {found}"
    assert {"", "OUT_OF_MEMORY"} <= {run.trap for run in runs}


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
@pytest.mark.parametrize("batch", range(2 * SCALE))
def test_a_collector_that_moves_nothing_runs_out_no_later(batch: int, sanitize: bool) -> None:
    work = tight(batch)
    runs = harness("marksweep", sanitize=sanitize).run([job for _, job in work])
    for (name, job), run in zip(work, runs, strict=True):
        _, outcome, output = reference(job)
        if run.trap == Trap.OUT_OF_MEMORY.name:  # holes may be too small, so earlier is right too
            assert output.startswith(run.output), f"seed {name}, heap {job.heap}"
            assert run.fuel_used <= outcome.fuel and run.wait_status == 0
        else:
            found = differences(job, run)
            assert not found, f"seed {name}, heap {job.heap}: {found}"
    assert {"", "OUT_OF_MEMORY"} <= {run.trap for run in runs}
