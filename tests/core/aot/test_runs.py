"""Accesses whose bounds engine aot tests together, at both ends of memory and where addresses wrap, as the reference
has them: output, memory, trap, its place and fuel."""

from __future__ import annotations

import os
import random

from tblvm.builder.compose import compose
from tblvm.builder.need import need as find_need
from tblvm.builder.resolve import Request, resolve
from tblvm.core.aot.units import print_engine
from tblvm.core.registry import Registry
from tests.differential.spaces import PAGE
from tests.harness import Job, assembled, differences, run_compiled

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261122"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
PROGRAMS = 80 * SCALE
LOADS = {"I32_LOAD": 4, "I32_LOAD8_U": 1, "I32_LOAD16_S": 2, "I64_LOAD": 8}
STORES = {"I32_STORE": 4, "I32_STORE8": 1, "I32_STORE16": 2}
DISTANCES = (0, 0, 1, 4, 8, 16, 24, -1, -4, -8, 65_000, -2_000_000_000)


def wrapped(value: int) -> int:
    return (value + 2**31) % 2**32 - 2**31


def address(rng: random.Random, wild: bool) -> list[str]:
    """A pointer, and what is often beside it; wild: or far away."""
    found = [f"LOAD {rng.choice('ppq')}"]
    if not rng.randrange(4):
        found += ["LOAD i", f"PUSH {rng.choice((0, 2, 3, 33))}", "SHL", "ADD"]
    for _ in range(rng.choice((0, 1, 1, 2))):
        distance = rng.choice(DISTANCES) if wild and not rng.randrange(4) else rng.choice((0, 4, 8, 12, -4))
        found += [f"CONST {distance}", rng.choice(("ADD", "ADD", "SUB"))]
    return found


def step(rng: random.Random, wild: bool) -> list[str]:
    match rng.randrange(8):
        case 0:
            return ["LOAD sum", f"PUSH {rng.randrange(100)}", "XOR", "STORE sum"]
        case 1:  # the pointer moves between accesses
            return [f"LOAD {(name := rng.choice('pq'))}", "PUSH 4", "ADD", f"STORE {name}"]
        case 2 if wild:  # and may be anything
            return [*address(rng, wild), "I32_LOAD 0", "PUSH 255", "AND", "LOAD p", "ADD", "STORE q"]
        case 3 | 4:
            name = rng.choice(list(STORES))
            return [*address(rng, wild), "LOAD sum", f"{name} {rng.choice((0, 0, 4, 20, 70_000 * wild))}"]
        case _:
            name = rng.choice(list(LOADS))
            narrow = ["L2I"] if name.startswith("I64") else []
            load = f"{name} {0 if rng.randrange(5) else rng.choice((4, 9, 65_530 * wild))}"
            return [*address(rng, wild), load, *narrow, "LOAD sum", "ADD", "STORE sum"]


def program(rng: random.Random) -> str:
    """A loop over a few accesses that begins somewhere near an end, or in the middle, and goes on from there."""
    ends = (0, 8, 32, PAGE - 40, 2 * PAGE - 40, PAGE // 2, 2**32 - 16, 2**31 - 8)
    starts = [
        wrapped(rng.choice(those) + rng.randrange(-3, 40)) for those in (ends, (*[PAGE // 2] * 9, *ends))
    ]
    go = rng.choice(("ADD", "SUB"))
    if rng.randrange(3):  # inside, and out of it after a while
        starts[0] = {"ADD": PAGE, "SUB": 150}[go] - rng.randrange(40, 100)
    wild = not rng.randrange(4)
    body = [line for _ in range(rng.randrange(5, 14)) for line in step(rng, wild)]
    grow = ["PUSH 1", "MEMORY_GROW", "POP"] if not rng.randrange(4) else []
    lines = [
        *(line for name, at in zip("pq", starts, strict=True) for line in (f"CONST {at}", f"STORE {name}")),
        *grow,
        "loop:",
        *body,
        "LOAD p",
        f"PUSH {rng.choice((1, 1, 1, 16))}",
        go,
        "STORE p",
        "LOAD i",
        "INC",
        "DUP",
        "STORE i",
        f"PUSH {rng.choice((3, 100, 100))}",
        "JLT loop",
        "LOAD sum",
        "RET",
    ]
    locals_ = "".join(f"  .local {name}: i32\n" for name in ("p", "q", "i", "sum"))
    code = "".join(f"  {line}\n" if not line.endswith(":") else f"{line}\n" for line in lines)
    data = f'.data $a: m, 0\n  "{"abcdefgh" * 8}"\n.end\n'
    return f".memory m: 1, 2\n{data}.func main() -> i32\n{locals_}{code}.end\n"


def texts() -> list[str]:
    return [program(random.Random(f"{SEED} {at}")) for at in range(PROGRAMS)]


def test_traps_come_where_they_come_in_the_reference() -> None:
    work = [Job(assembled(text), fuel=8000) for text in texts()]
    runs = run_compiled(work, "freelist", "aot")
    ends = set()
    for text, job, run in zip(texts(), work, runs, strict=True):
        found = differences(job, run, collector=False)
        assert not found, f"seed {SEED}: {found}\n{text}"
        ends.add(run.trap)
    assert ends == {"", "BAD_ADDRESS", "OUT_OF_FUEL"}


def test_comparisons_are_made_together(registry: Registry) -> None:
    """What the test above is about."""
    together = 0
    for text in texts():
        verified = assembled(text)
        plan = resolve(find_need(verified, registry.isa), registry, Request(engine="aot"))
        [unit] = print_engine(compose(plan, verified, registry.isa)).values()
        together += "TB_LIKELY(b" in unit
    assert together > PROGRAMS // 3
