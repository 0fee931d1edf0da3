"""A program with more handlers than a byte can number: what has a prefix gets numbers of two bytes."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tblvm.builder.pipeline import build
from tblvm.builder.resolve import Request
from tblvm.core.asm import assemble
from tblvm.core.registry import load
from tests.harness import Job, reference

PLUGIN = Path(__file__).parent / "many_ops.py"


def lines(count: int) -> Iterator[str]:
    rng = random.Random(f"many {count}")
    for page in "AB":
        for code in range(count):
            if code % 8 == 5:
                yield f"  MUL{code}{page} {rng.choice((1, -3, 300))}, {rng.choice((-1, 5, -70, 100000))}"
            else:
                yield f"  ADD{code}{page}"
            yield "  DUP\n  PRINT\n  PUSH 10\n  PUTCHAR"


@pytest.mark.parametrize("count", [100, 200, 256])
def test_it_runs_as_the_reference_does(count: int, tmp_path: Path) -> None:
    registry = load([PLUGIN])
    text = "\n".join([".func main()", "  PUSH 1", *lines(count), "  POP", "  HALT", ".end", ""])
    module = assemble(text, registry.isa, "many.tba")
    made = build(module, registry, Request())
    widths = {len(handler.code) for handler in made.composition.handlers}
    assert widths == ({1} if count == 100 else {1, 2})
    _, outcome, expected = reference(Job(made.verified), registry)
    assert outcome.trap is None
    executable = tmp_path / "many"
    executable.write_bytes(made.image)
    executable.chmod(0o755)
    done = subprocess.run([executable], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, expected)
