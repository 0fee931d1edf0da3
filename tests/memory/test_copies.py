"""Copies and fills of linear memory against Python's bytes: all lengths, alignments and overlaps, with memory
functions of both kinds (option `copy.wide`), on all targets."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from tblvm.builder.host import command
from tblvm.builder.pipeline import build
from tblvm.builder.resolve import Request
from tblvm.core.asm import assemble
from tblvm.core.registry import Registry
from tests.harness import EVERYWHERE

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261122"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
STEPS = 1500 * SCALE
BYTES = 512
# Reads steps, does each of them and prints a checksum of the first BYTES bytes behind it. What a step is comes in
# three numbers: where to, where from or what with, how many; of fills where from is at or above BYTES.
TEXT = f"""
.memory m: 1, 1
.func main()
  .local steps: i32
  .local to: i32
  .local from: i32
  .local count: i32
  READ
  STORE steps
step:
  READ
  STORE to
  READ
  STORE from
  READ
  STORE count
  LOAD to
  LOAD from
  LOAD count
  LOAD from
  PUSH {BYTES}
  JLT copies
  MEMORY_FILL
  JMP shows
copies:
  MEMORY_COPY
shows:
  CALL sum
  PRINT
  PUSH 10
  PUTCHAR
  LOAD steps
  PUSH 1
  SUB
  DUP
  STORE steps
  JNZ step
  HALT
.end
.func sum() -> i32
  .local at: i32
  .local found: i32
next:
  LOAD found
  PUSH 31
  MUL
  LOAD at
  I32_LOAD8_U 0
  ADD
  STORE found
  LOAD at
  PUSH 1
  ADD
  DUP
  STORE at
  PUSH {BYTES}
  JLT next
  LOAD found
  RET
.end
"""


def steps(rng: random.Random) -> list[tuple[int, int, int]]:
    """At first bytes that all differ; then copies, most of them short or of what overlaps, and a few fills."""
    found = [(at, BYTES + rng.randrange(256), 1) for at in range(BYTES)]
    while len(found) < BYTES + STEPS:
        count = rng.choice((rng.randrange(20), rng.randrange(70), rng.randrange(BYTES + 1)))
        to = rng.randrange(BYTES - count + 1)
        near = min(max(to + rng.randrange(-40, 41), 0), BYTES - count)
        from_ = rng.choice((near, rng.randrange(BYTES - count + 1)))
        found.append((to, from_ if rng.randrange(8) else BYTES + rng.randrange(256), count))
    return found


def expected(given: list[tuple[int, int, int]]) -> list[int]:
    """The checksums behind each step."""
    memory, found = bytearray(BYTES), []
    for to, from_, count in given:
        memory[to : to + count] = (
            bytes(memory[from_ : from_ + count]) if from_ < BYTES else bytes([from_ & 255]) * count
        )
        total = 0
        for byte in memory:
            total = total * 31 + byte
        found.append((total + 2**31) % 2**32 - 2**31)
    return found


@pytest.mark.parametrize("target", EVERYWHERE)
@pytest.mark.parametrize("wide", ["off", "on"])
def test_copies_and_fills(tmp_path: Path, registry: Registry, target: str, wide: str) -> None:
    module = assemble(TEXT, registry.isa, "test.tba")
    path = tmp_path / "program"
    request = Request(target=target, options={"copy.wide": int(wide == "on")})
    path.write_bytes(build(module, registry, request).image)
    path.chmod(0o755)
    given = steps(random.Random(f"{SEED} {target}"))
    text = "\n".join(" ".join(map(str, each)) for each in [(len(given),), *given])
    done = subprocess.run(
        command(registry.targets[target], path), input=text, capture_output=True, text=True, timeout=100
    )
    assert (done.returncode, done.stderr) == (0, "")
    sums = list(map(int, done.stdout.split()))
    for step, found, right in zip(given, sums, expected(given), strict=True):
        assert found == right, f"seed {SEED}: (to, from, count) {step}"
