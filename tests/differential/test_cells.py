"""Runtimes with cells of 32 bits, on every target: what has no 64-bit value runs as it does with 64 bits, and is
stopped at the same instruction."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tblvm.builder.need import need
from tblvm.builder.pipeline import build, plan, translate
from tblvm.builder.resolve import Request
from tblvm.core.registry import Registry
from tblvm.core.verified import Form, Verified
from tests.differential import programs, vectors
from tests.differential.programs import sketch
from tests.differential.test_opcodes import SEED, forms, jobs
from tests.differential.test_programs import CANONICAL
from tests.harness import TARGETS, Job, assembled, compiled, disagreements, registry
from tests.programs import EXAMPLES, expected

SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
PROGRAMS = 60 * SCALE


def is_narrow(verified: Verified) -> bool:
    return not need(verified, registry().isa).wide


def has_64_bits(form: Form) -> bool:
    return form.is_wide or any(type_.name in ("i64", "f64") for _, type_ in form.bindings)


@pytest.fixture
def no_64_bits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The generators know no 64-bit types."""
    for module in (programs, vectors):
        for name, value in list(vars(module).items()):
            if isinstance(value, tuple) and "i64" in {str(each).removesuffix("[]") for each in value}:
                fewer = tuple(each for each in value if each.removesuffix("[]") not in ("i64", "f64"))
                monkeypatch.setattr(module, name, fewer)
                if (
                    module is vectors
                ):  # as many locals as before: the last ones are far from the frame's start
                    fillers = vectors.FILLERS + len(value) - len(fewer)
                    monkeypatch.setattr(vectors, "FILLERS", fillers)
    programs.numeric.cache_clear()
    yield
    programs.numeric.cache_clear()


def agree(
    work: list[tuple[str, Job]], heap: str, *, sanitize: bool = False, targets: Sequence[str] = TARGETS
) -> None:
    built: dict[str, Any] = {"cell_bits": 32, "sanitize": sanitize, "more": CANONICAL}
    assert compiled(heap, **built).composition.plan.cell_bits == 32
    assert all(is_narrow(job.verified) for _, job in work)
    targets = targets[:1] if sanitize else targets
    for number, found in disagreements([job for _, job in work], heap, targets, canonical=True, **built):
        raise AssertionError(f"seed {SEED}: {work[number][0]}: {found}")


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
def test_every_opcode_without_64_bits(no_64_bits: None, sanitize: bool) -> None:
    chosen = [form for form in forms("marksweep") if not has_64_bits(form)]
    assert len(chosen) > 80
    agree([(form.name, job) for form in chosen for job in jobs(form, 50, 0)], "marksweep", sanitize=sanitize)


@pytest.mark.parametrize(("heap", "stress"), [("marksweep", False), ("marksweep", True), ("freelist", False)])
def test_programs(no_64_bits: None, heap: str, stress: bool) -> None:
    rngs = [random.Random(f"{SEED} narrow {number} {heap} {stress}") for number in range(PROGRAMS)]
    made = [sketch(rng, free=heap == "freelist") for rng in rngs]
    size = 1 << (22 if heap == "freelist" else 20)
    work = [
        (each.text, Job(assembled(each.text), each.stdin, each.fuel, each.stack, heap=size, stress=stress))
        for each in made
    ]
    agree(work, heap)


# Frames of different sizes, and how deep each goes is the limit's affair alone. The shortest frame counts
# two cells: with cells of 32 bits it takes three.
_DOWN = {
    "nothing": ".func down()\n  CALL down\n  RET\n.end\n.func main()\n  CALL down\n  HALT\n.end\n",
    "locals": ".func down(n: i32)\n  .local a: i32\n  .local b: any\n  LOAD n\n  INC\n  STORE a\n  LOAD a\n"
    "  CALL down\n  RET\n.end\n.func main()\n  PUSH 0\n  CALL down\n  HALT\n.end\n",
}


@pytest.mark.parametrize("name", _DOWN)
def test_the_stack_ends_at_the_same_call(name: str) -> None:
    verified = assembled(_DOWN[name])
    work = [(name, Job(verified, stack=stack)) for stack in (*range(4, 40), 1000, 4095, 65535, 65536)]
    agree(work, "marksweep")


NARROW = [path for path in EXAMPLES if is_narrow(assembled(path.read_text()))]
assert len(NARROW) > len(EXAMPLES) // 2


@pytest.mark.parametrize("path", NARROW, ids=lambda path: path.stem)
def test_examples_say_the_same(path: Path) -> None:
    verified = assembled(path.read_text())
    heap = "freelist" if any(form.declaration.name == "FREE" for form in verified.forms) else "marksweep"
    job = Job(verified, expected(path.read_text()).stdin)
    narrow, wide = (compiled(heap, cell_bits=bits).run([job])[0] for bits in (32, 64))
    assert narrow == wide and narrow.fuel_used > 0


# --- which width a plan has ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (".func main()\n  HALT\n.end\n", ""),
        (".global g: f32\n.func main()\n  LOADG g\n  PRINT\n  HALT\n.end\n", ""),
        (".global g: i64\n.func main()\n  HALT\n.end\n", "a type, local, global or constant has 64 bits"),
        (".func main()\n  .local x: f64\n  HALT\n.end\n", "a type, local, global or constant has 64 bits"),
        (".class K\n  x: i64\n.end\n.func main()\n  HALT\n.end\n", "a type, local, global or constant has"),
        (".func f(x: f64)\n  RET\n.end\n.func main()\n  HALT\n.end\n", "a type, local, global or constant"),
    ],
)
def test_one_64_bit_value_makes_all_cells_wide(text: str, reason: str, registry: Registry) -> None:
    module = translate(text.encode(), "x.tba", registry)
    as_it_is = Request(passes=())  # a pass leaves out what nothing uses
    _, needed, planned = plan(module, registry, as_it_is)
    assert needed.wide.startswith(reason) and bool(needed.wide) == bool(reason)
    assert planned.cell_bits == (64 if reason else 32)
    assert plan(module, registry, Request(cell_bits=64))[2].cell_bits == 64


def test_narrow_cells_save_memory(registry: Registry) -> None:
    from tblvm.builder.report import report_of

    module = translate(EXAMPLES[0].read_bytes(), EXAMPLES[0].name, registry)
    narrow, wide = (build(module, registry, Request(cell_bits=bits)) for bits in (32, 64))
    needs = [report_of("x", each).ram()["VM stack"] for each in (narrow, wide)]
    # A frame of no more than its link: 12 bytes rather than 16; all others save more.
    assert needs == [65536 * 6, 65536 * 8]
    assert len(narrow.image) < len(wide.image)
