"""Programs that are compiled, as the reference runs them: the opcodes' vectors and random programs, many in one
executable. Fewer than of engines that load programs: each costs the compiler's time."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from tests.differential.programs import sketch
from tests.differential.test_cells import no_64_bits as no_64_bits
from tests.differential.test_opcodes import FORMS, SCALE, SEED, forms, jobs, named
from tests.differential.test_programs import CANONICAL, sketches
from tests.harness import TARGETS, Job, assembled, differences, run_compiled

ENGINE = "aot"
VECTORS, WILD = 4 * SCALE, 2 * SCALE
PARTS = 4


def check(
    work: Sequence[Job], heap: str = "marksweep", *, sanitize: bool = False, canonical: bool = False
) -> None:
    wrong = []
    more = CANONICAL if canonical else ()
    runs = run_compiled(work, heap, ENGINE, sanitize=sanitize, more=more)
    for number, (job, run) in enumerate(zip(work, runs, strict=True)):
        found = differences(job, run, collector=heap != "freelist", canonical=canonical)
        if found:
            wrong.append(f"{number}: {found}")
    assert not wrong, f"seed {SEED}: " + "\n".join(wrong[:5])


@pytest.mark.parametrize("part", range(PARTS))
def test_opcodes(part: int) -> None:
    names = sorted(FORMS)[part::PARTS]
    check([job for name in names for job in jobs(FORMS[name], VECTORS, WILD)])


def test_opcodes_without_a_collector() -> None:
    """Frames that nobody looks at are not there."""
    those = {named(form): form for form in forms("freelist")}
    some = sorted(those)[SEED % 6 :: 6]
    work = [job for name in some for job in jobs(those[name], VECTORS, WILD)]
    check([Job(j.verified, j.stdin, j.fuel, j.stack, 1 << 22) for j in work], "freelist")


@pytest.mark.parametrize("heap", ["marksweep", "freelist"])
@pytest.mark.parametrize("stress", [False, True], ids=["", "stressed"])
def test_programs(heap: str, stress: bool) -> None:
    if stress and heap == "freelist":
        pytest.skip("nothing collects")
    free = heap == "freelist"
    programs = sketches(70_000 + 10_000 * stress, 24 * SCALE, free=free)
    size = 1 << 22 if free else 1 << 20
    work = [
        Job(assembled(each.text), each.stdin, each.fuel, each.stack, heap=size, stress=stress)
        for each in programs
    ]
    check(work, heap, canonical=True)


@pytest.mark.parametrize("target", TARGETS[1:])
def test_other_targets(target: str) -> None:
    """Bit for bit what the reference does there too."""
    work = [
        Job(assembled(each.text), each.stdin, each.fuel, each.stack, heap=1 << 20)
        for each in sketches(90_000, 8 * SCALE, free=False)
    ]
    runs = run_compiled(work, "marksweep", ENGINE, more=CANONICAL, target=target)
    for number, (job, run) in enumerate(zip(work, runs, strict=True)):
        assert not (found := differences(job, run, canonical=True)), f"seed {SEED}: {number}: {found}"


def test_cells_of_32_bits(no_64_bits: None) -> None:
    rngs = [random.Random(f"{SEED} narrow aot {number}") for number in range(16 * SCALE)]
    made = [sketch(rng, free=False) for rng in rngs]
    work = [Job(assembled(each.text), each.stdin, each.fuel, each.stack, heap=1 << 20) for each in made]
    runs = run_compiled(work, "marksweep", ENGINE, more=CANONICAL, cell_bits=32)
    for each, job, run in zip(made, work, runs, strict=True):
        assert not (found := differences(job, run, canonical=True)), f"seed {SEED}: {found}\n{each.text}"


def test_under_sanitizers() -> None:
    some = sorted(FORMS)[SEED % 8 :: 8]
    check([job for name in some for job in jobs(FORMS[name], VECTORS, WILD)], sanitize=True)


def test_a_function_that_gives_another_result_is_noticed() -> None:
    """What this file rests on."""
    wrong = assembled(".func main() -> i32\n  PUSH 1\n  RET\n.end\n")
    right = assembled(".func main() -> i32\n  PUSH 2\n  RET\n.end\n")
    [run] = run_compiled([Job(wrong)], "freelist", ENGINE)
    assert differences(Job(right), run, collector=False)
