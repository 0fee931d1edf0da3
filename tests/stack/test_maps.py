"""Reference maps and safepoints of whole programs, against what is on the operand stack as they run."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tblvm.core.asm import assemble
from tblvm.core.io.services import Console
from tblvm.opcodes import Isa
from tblvm.opcodes.meaning import Limits
from tblvm.stack import verify
from tests.differential.programs import sketch
from tests.harness.host import HOST
from tests.stack.watch import Watcher

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.tba"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path: Path, isa: Isa) -> None:
    verified = verify(assemble(path.read_text(), isa, path.name), isa)
    machine = Watcher(verified, limits=Limits(fuel=20_000))
    machine.run(isa)
    assert machine.seen


@pytest.mark.parametrize("batch", range(4))
def test_random_programs(batch: int, isa: Isa) -> None:
    compared = 0
    for number in range(batch, 60, 4):
        program = sketch(random.Random(f"maps {number}"))
        console = Console()
        console.input = program.stdin
        verified = verify(assemble(program.text, isa), isa)
        machine = Watcher(verified, limits=Limits(fuel=2000, heap=1 << 20), states=(console, HOST))
        machine.run(isa)
        compared += machine.maps[0]
    assert compared > 50
