"""Accesses at the ends of linear memory in executables: what is known of a program's memory when it is built is in
their code, and in no harness that loads programs."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from tblvm.builder.pipeline import build
from tblvm.builder.resolve import Request
from tblvm.core.asm import assemble
from tblvm.core.registry import Registry
from tests.differential.spaces import PAGE

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261124"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
RUNS = 60 * SCALE
# Pages that the memory has, can have, and grows by: in an array of a size that is settled, in one that is not, mapped.
SHAPES = {
    "settled": (2, 2, None),
    "growing": (1, 3, 1),
    "mapped": (40, 40, None),
    "mapped, growing": (20, 40, 3),
    "empty": (0, 0, None),
    "first of two": (2, 2, None),
}
# What one run does at an address: a load, or a store and the same load; bytes that it touches.
CASES = {
    "I32_LOAD8_U 0": 1,
    "I32_LOAD 3": 4,
    "I64_LOAD 0\n  L2I": 8,
    "I64_LOAD16_S 4000000000\n  L2I": 2,
    "PUSH 7\n  I32_STORE8 0\n  LOAD at\n  I32_LOAD8_U 0": 1,
    "PUSH 7\n  I32_STORE16 65535\n  LOAD at\n  I32_LOAD16_U 65535": 2,
    "CONST 7L\n  I64_STORE 1\n  LOAD at\n  I64_LOAD 1\n  L2I": 8,
    "CONST 7\n  I32_STORE 0\n  LOAD at\n  I32_LOAD 0": 4,
}


def text(shape: str) -> str:
    """Reads what to do and where, does it, and prints what is there."""
    least, most, grows = SHAPES[shape]
    cases = "".join(
        f"case{number}:\n  LOAD at\n  {case}\n  PRINT\n  HALT\n" for number, case in enumerate(CASES)
    )
    grow = f"  PUSH {grows}\n  MEMORY_GROW\n  POP\n" if grows is not None else ""
    other = ".memory n: 1, 1\n" if "two" in shape else ""
    return (
        f".memory m: {least}, {most}\n{other}.func main()\n  .local at: i32\n{grow}  READ\n  READ\n  STORE at\n"
        f"  BR_TABLE {', '.join(f'case{number}' for number in range(len(CASES)))}\n{cases}.end\n"
    )


@pytest.mark.parametrize("variant", ["linear.checked", "linear.guarded"])
@pytest.mark.parametrize("shape", SHAPES)
def test_accesses_at_the_ends(tmp_path: Path, registry: Registry, shape: str, variant: str) -> None:
    least, _, grows = SHAPES[shape]
    module = assemble(text(shape), registry.isa, "test.tba")
    path = tmp_path / "program"
    path.write_bytes(build(module, registry, Request(features=(variant,))).image)
    path.chmod(0o755)
    rng = random.Random(f"{SEED} {shape} {variant}")
    has = (least + (grows or 0)) * PAGE
    ends = set()
    for _ in range(RUNS):
        number, (case, width) = rng.choice(list(enumerate(CASES.items())))
        offset = int(case.split("_")[-1].split("\n")[0].split()[-1])
        place = rng.choice((has, has - width, 2**32 + offset, offset)) + rng.randrange(-2, 3)
        address = (place - offset) % 2**32
        inside = address + offset + width <= has
        signed = address - 2**32 if address >= 2**31 else address
        done = subprocess.run([path], input=f"{number} {signed}", capture_output=True, text=True, timeout=60)
        where = f"seed {SEED}: {case} at {address} of {has} bytes: {done}"
        assert done.returncode == (0 if inside else 134), where
        assert done.stdout == ("" if not inside else "7" if "STORE" in case else "0"), where
        assert inside or done.stderr.startswith("tblvm: trap: out of bounds memory access\n  at main"), where
        ends.add(inside)
    assert ends == ({False} if not has else {False, True})
