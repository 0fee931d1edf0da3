"""Superinstructions against the reference: random programs in a runtime whose superinstructions are those that these
programs have room for, whatever they pay; outputs, traps, stack traces, fuel."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import pytest

from tblvm.builder.resolve import Plan
from tblvm.core.superinstructions.chosen import can_be_one
from tblvm.core.superinstructions.profile import LONGEST
from tblvm.core.threaded import engine
from tblvm.core.threaded.variants import Fixed, Variant
from tblvm.core.verified import Verified
from tests import harness
from tests.differential.programs import Sketch, sketch
from tests.harness import Job, assembled, differences

SEED = os.environ.get("TBLVM_TEST_SEED", "super")
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
PROGRAMS, SEQUENCES = 80 * SCALE, 300
Part = Variant | Fixed


def programs() -> list[Sketch]:
    return [sketch(random.Random(f"{SEED} {number}")) for number in range(PROGRAMS)]


def rows(modules: Sequence[Verified], variants: Sequence[Part]) -> Iterator[tuple[Part, ...]]:
    """Sequences of variants whose forms follow each other in the modules, once moves are left out: all kinds of
    operands that the variants have."""
    of_form: dict[Any, list[Part]] = {}
    of_kind: dict[str, list[Part]] = {}
    kinds = {}
    for each in variants:
        if isinstance(each, Fixed):
            of_kind.setdefault(each.kind, []).append(each)
            continue
        for use in each.form.handler.uses:
            of_form.setdefault(use.form, []).append(each)
    for verified in modules:
        for function in verified.functions:
            forms = [verified.forms[number] for number in function.forms]
            for form in forms:
                transfer = form.graph.transfer
                name = transfer.primitive.name if transfer is not None else ""
                kinds[form] = {"jump": "JUMP", "invoke": "CALL", "return": "RETURN"}.get(name, "")
            parts = [of_form.get(form) or of_kind.get(kinds[form], []) for form in forms]
            parts = [each for each in parts if each]
            for start in range(len(parts)):
                for length in range(2, LONGEST + 1):
                    for row in product(*parts[start : start + length]):
                        if len(row) == length and can_be_one(row):
                            yield row


def traps(part: Part) -> bool:
    """Whether it can end the program."""
    return part.graph is not None and any(
        node.primitive.name in ("trap_if", "bounds", "memory_bounds", "allocate") for node in part.graph.nodes
    )


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> Callable[[Sequence[Verified]], list[tuple[Part, ...]]]:
    """Makes the engine take sequences that *modules* have room for; gives those that it took."""

    def install(modules: Sequence[Verified]) -> list[tuple[Part, ...]]:
        taken: list[tuple[Part, ...]] = []

        def chosen(
            plan: Plan, variants: Sequence[Part], given: Any, estimated: Any
        ) -> list[tuple[Part, ...]]:
            if not taken:
                found = Counter(rows(modules, variants))
                for row in given:
                    del found[row]
                # Half of them are those in which something behind the first part can trap; of each length as many.
                trapping = {row for row in found if any(map(traps, row[1:]))}
                for length in range(2, LONGEST + 1):
                    for these in (trapping, found.keys() - trapping):
                        counted = Counter({row: found[row] for row in these if len(row) == length})
                        taken.extend(row for row, _ in counted.most_common(SEQUENCES // 6))
            return taken

        monkeypatch.setattr(engine, "chosen", chosen)
        return taken

    return install


Everything = Callable[[Sequence[Verified]], list[tuple[Part, ...]]]


def built() -> harness.Harness:
    """A runtime of the sequences that were installed."""
    make = harness._compiled.__wrapped__
    found: harness.Harness = make(
        "marksweep", False, False, (), ("nan.canonical",), "x86_64-linux", "threaded", 64
    )
    return found


def check(jobs: Sequence[Job], texts: Sequence[str], made: harness.Harness) -> Counter[str]:
    """Compares all jobs; how they ended."""
    ends: Counter[str] = Counter()
    for number, (job, run) in enumerate(zip(jobs, made.run(jobs), strict=True)):
        found = differences(job, run, canonical=True)
        assert not found, f"seed {SEED}, program {number}: {found}\n{texts[number]}"
        ends[run.trap] += 1
    return ends


def test_random_programs(everything: Everything) -> None:
    made = programs()
    modules = [assembled(each.text) for each in made]
    taken = everything(modules)
    runtime = built()
    assert len(taken) > 100 and {len(each) for each in taken} == {2, 3, 4}
    jobs = [
        Job(module, each.stdin, each.fuel, each.stack, heap=1 << 20)
        for module, each in zip(modules, made, strict=True)
    ]
    check(jobs, [each.text for each in made], runtime)


OPERATIONS = ("ADD", "DIV", "MOD", "int.XOR", "DIV")


def loop(rng: random.Random) -> str:
    """A loop of divisions and other arithmetic over four locals, some of them zero."""
    lines = [".func f(a: i32, b: i32, c: i32, d: i32) -> i32", "again:"]
    for _ in range(rng.randrange(3, 9)):
        one, other, to = (rng.choice("abc") for _ in range(3))
        lines += [f"  LOAD {one}", f"  LOAD {other}", f"  {rng.choice(OPERATIONS)}", f"  STORE {to}"]
    lines += ["  LOAD d", "  DEC", "  STORE d", "  LOAD d", "  JNZ again", "  LOAD a", "  RET", ".end"]
    values = [rng.choice((0, 1, 3, -1, 1000)) for _ in range(3)]
    lines += [".func main()", *(f"  PUSH {each}" for each in (*values, rng.randrange(1, 5)))]
    return "\n".join([*lines, "  CALL f", "  PRINT", "  HALT", ".end", ""])


def test_every_part_can_trap(everything: Everything) -> None:
    """All of this code is in superinstructions: what traps, and how much fuel is left, is told by the part."""
    rng = random.Random(SEED)
    texts = [loop(rng) for _ in range(150 * SCALE)]
    modules = [assembled(each) for each in texts]
    taken = everything(modules)
    runtime = built()
    assert len(taken) > 50
    jobs = [Job(module, b"", rng.choice((1 << 30, rng.randrange(20, 90))), 1000) for module in modules]
    ends = check(jobs, texts, runtime)
    assert ends["DIVIDE_BY_ZERO"] > len(jobs) / 4 and ends[""] > 5 and ends["OUT_OF_FUEL"] > 5, ends
