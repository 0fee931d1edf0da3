"""Functions that call themselves and may leave before they have done anything: engine aot makes two C functions of
each. Results, traps, their place, fuel and stack limit as the reference has them."""

from __future__ import annotations

import os
import random

from tblvm.builder.compose import compose
from tblvm.builder.need import need as find_need
from tblvm.builder.resolve import Request, resolve
from tblvm.core.aot.units import print_engine
from tblvm.core.registry import Registry
from tests.harness import Job, assembled, differences, run_compiled

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261122"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
PROGRAMS = 60 * SCALE


def pure(rng: random.Random, names: list[str]) -> list[str]:
    """Sets a local to what is computed of others."""
    one, other = (rng.choice(("n", "a", *names)) for _ in "12")
    return [
        f"LOAD {one}",
        f"LOAD {other}",
        rng.choice(("ADD", "SUB", "MUL", "XOR")),
        f"STORE {rng.choice(names)}",
    ]


def program(rng: random.Random) -> str:
    """A function of two numbers that counts the first one down, by up to two calls of itself or by a tail call."""
    lines = [line for _ in range(rng.randrange(3)) for line in pure(rng, ["b", "c"])]
    if not rng.randrange(5):
        lines += ["LOAD a", "PRINT"]  # this one has done something before
    if not rng.randrange(5):
        lines += ["LOAD n", "PUSH 1", "SUB", "STORE n"]  # what the rest is given is no longer what was given
    leave = [line for _ in range(rng.randrange(2)) for line in pure(rng, ["a", "b"])]
    leave += ["LOAD a", f"LOAD {rng.choice('bcn')}", "ADD", "RET"]
    left = ["LOAD c"] if (kept := not rng.randrange(3)) else []  # an operand that lives across the branch
    drop = ["POP"] if kept else []
    again = ["LOAD n", f"PUSH {rng.choice((1, 1, 2))}", "SUB", "LOAD a", f"PUSH {rng.randrange(9)}", "ADD"]
    match rng.randrange(4):
        case 0:
            rest = [*again, "CALL f", "STORE b", *again, "CALL f", "LOAD b", "SUB", "RET"]
        case 1:
            rest = [*again, "RETURN_CALL f"]
        case 2:
            rest = ["LOAD n", "PUTCHAR", *again, "CALL f", "LOAD n", "DIV", "RET"]
        case _:
            rest = [*again, "CALL f", "PUSH 3", "MUL", "RET"]
    test = ["LOAD n", f"PUSH {rng.randrange(3)}"]
    if rng.randrange(2):
        lines += [*left, *test, "JLT out", *drop, *rest, "out:", *drop, *leave]
    else:
        lines += [*left, *test, "JGT on", *drop, *leave, "on:", *drop, *rest]
    body = "".join(f"  {line}\n" if not line.endswith(":") else f"{line}\n" for line in lines)
    return (
        f".func main() -> i32\n  PUSH {rng.choice((0, 1, 5, 9, 60))}\n  PUSH {rng.randrange(100)}\n  CALL f\n"
        f"  PUSH 4\n  PUSH 1\n  CALL f\n  ADD\n  RET\n.end\n"
        f".func f(n: i32, a: i32) -> i32\n  .local b: i32\n  .local c: i32\n{body}.end\n"
    )


def texts() -> list[str]:
    return [program(random.Random(f"{SEED} {at}")) for at in range(PROGRAMS)]


def test_they_end_as_in_the_reference() -> None:
    rng = random.Random(SEED)
    work = [
        Job(assembled(text), fuel=rng.choice((20, 100, 3000)), stack=rng.choice((60, 4000)))
        for text in texts()
    ]
    runs = run_compiled(work, "freelist", "aot")
    ends = set()
    for text, job, run in zip(texts(), work, runs, strict=True):
        found = differences(job, run, collector=False)
        assert not found, f"seed {SEED}: fuel {job.fuel}, stack {job.stack}: {found}\n{text}"
        ends.add(run.trap)
    assert ends >= {"", "OUT_OF_FUEL", "STACK_OVERFLOW"}


def test_some_are_two_functions(registry: Registry) -> None:
    """What the test above is about."""
    there = 0
    for text in texts():
        verified = assembled(text)
        plan = resolve(find_need(verified, registry.isa), registry, Request(engine="aot"))
        [unit] = print_engine(compose(plan, verified, registry.isa)).values()
        there += "_rest(" in unit
    assert PROGRAMS // 3 < there < PROGRAMS
