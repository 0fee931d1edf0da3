"""Linear memory by guard pages: an access outside ends as one that was compared with the size, on every target.

What no access of a program causes is nobody's business here: it ends the process, or goes to whoever was there before.
"""

from __future__ import annotations

import os
import random
from functools import cache
from pathlib import Path

import pytest

from tests.differential.spaces import PAGE
from tests.differential.test_targets import CANONICAL
from tests.harness import TARGETS, Job, Run, assembled, compiled, differences, registry
from tests.memory.test_webassembly import ACCESSES, Scenario, ends_of_memory

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261123"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
PROGRAMS = 40 * SCALE
SAMPLE = 7  # each access is there, at every end in turn
VARIANTS = ("linear.checked", "linear.guarded")


def wandering(number: int) -> str:
    """A program that stores and loads around the ends of two memories, which grow, until one access is outside."""
    rng = random.Random(f"{SEED} ends {number}")
    made = Scenario(rng)
    for _ in range(12):
        name, type_, value = rng.choice(ACCESSES)
        second = rng.random() < 0.4
        if rng.random() < 0.3:
            made.number("i32", rng.choice((0, 1, 1, 2)))
            made.tba += [f"MEMORY_GROW {'n' if second else ''}", "POP"]
        pages = rng.choice((0, 1, 1, 2, 3))
        place = max(
            0, pages * PAGE + rng.choice((-8, -4, -2, -1, 0, 1, 7, 2**31, 2**32)) + rng.randrange(-2, 1)
        )
        address = rng.randrange(max(0, place - 2**32 + 1), min(place, 2**32 - 1) + 1)
        made.number("i32", address)
        if value:
            made.number(type_, rng.getrandbits(int(type_[1:])))
        made.tba.append(f"{name.upper().replace('.', '_')} {'n, ' if second else ''}{place - address}")
        if not value:
            made.show(type_)
    return made.as_tba()


@cache
def jobs() -> tuple[Job, ...]:
    """Each access at the ends of what it reaches, and programs that wander around the ends."""
    texts = [made.as_tba() for each in ACCESSES for made in ends_of_memory(*each)]
    texts += [wandering(number) for number in range(PROGRAMS)]
    return tuple(Job(assembled(text)) for text in texts)


@cache
def runs(variant: str, target: str, step: int) -> list[Run]:
    """How every so many of the programs end."""
    return compiled("marksweep", target=target, more=(*CANONICAL, variant)).run(jobs()[::step])


@pytest.mark.parametrize("variant", VARIANTS)
def test_accesses_at_the_ends_of_memory(variant: str) -> None:
    ends = set()
    for number, (job, run) in enumerate(zip(jobs(), runs(variant, TARGETS[0], 1), strict=True)):
        found = differences(job, run)
        assert not found, f"seed {SEED}, program {number}: {found}"
        ends.add(run.trap)
    assert ends == {"", "BAD_ADDRESS"}


def test_comparisons_that_are_not_of_the_next_access_stay() -> None:
    """An opcode that looks at two places before it writes, or at more than it reads."""
    plugin = Path(__file__).with_name("wild.py")
    reg = registry((plugin,))
    memory = ".page wild\n.memory m: 1, 1\n.func main()\n"
    end = "  HALT\n.end\n"
    places = [(3, 5), (3, PAGE), (PAGE, 3), (PAGE - 1, PAGE - 1)]
    texts = [f"{memory}  PUSH {one}\n  PUSH {other}\n  STORE_BOTH\n{end}" for one, other in places]
    texts += [f"{memory}  PUSH {PAGE - 8 + i}\n  LOAD_NARROW\n  PRINT\n{end}" for i in (0, 1, 8)]
    work = [Job(assembled(text, reg)) for text in texts]
    found = compiled("marksweep", plugins=(plugin,), more=("linear.guarded",)).run(work)
    assert [run.trap != "" for run in found] == [False, True, True, False, False, True, True]
    for job, run in zip(work, found, strict=True):
        assert not differences(job, run, reg=reg)


# An emulator takes a fraction of a second to reserve addresses.
@pytest.mark.parametrize("target", TARGETS[1:])
@pytest.mark.parametrize("variant", VARIANTS)
def test_they_are_the_same_on_every_target(variant: str, target: str) -> None:
    found = runs(variant, target, SAMPLE)
    assert {run.trap for run in found} == {"", "BAD_ADDRESS"}
    assert found == runs(variant, TARGETS[0], 1)[::SAMPLE], f"seed {SEED}"
