"""The plug-in fixedpoint: its declarations against exact fractions, its native code against its declarations."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tblvm.core.registry import Registry, load
from tblvm.opcodes import i32
from tblvm.opcodes.meaning import Machine
from tblvm.opcodes.traps import TrapSignal
from tests.harness import Job, assembled, compiled, differences, reference
from tests.programs import expected

FOLDER = Path(__file__).parents[2] / "plugins" / "fixedpoint"
FILE = FOLDER / "tblvm_fixedpoint.py"
SEED = int(os.environ.get("TBLVM_TEST_SEED", "11"))
ONE = 65536
numbers = st.integers(-(2**31), 2**31 - 1) | st.sampled_from(
    (0, 1, -1, ONE, -ONE, ONE // 2, 2**31 - 1, -(2**31))
)


@pytest.fixture(scope="module")
def plugin() -> Registry:
    return load([FILE])


def wrapped(number: int) -> int:
    return (number + 2**31) % 2**32 - 2**31


def clamped(number: int) -> int:
    return max(-(2**31), min(2**31 - 1, number))


def near(number: Fraction) -> int:
    """The nearest integer, upward where two are as near."""
    return math.floor(number + Fraction(1, 2))


def cut(number: Fraction) -> int:
    return math.trunc(number)


def value(a: int) -> Fraction:
    return Fraction(a, ONE)


# Each opcode by exact arithmetic on what its operands stand for; None where it traps.
MEANING: dict[str, Callable[..., int | None]] = {
    "FXFROM": lambda a: a * ONE if -32768 <= a <= 32767 else None,
    "FXTRUNC": lambda a: cut(value(a)),
    "FXFLOOR": lambda a: math.floor(value(a)),
    "FXROUND": lambda a: near(value(a)),
    "FXFRAC": lambda a: int((value(a) - math.floor(value(a))) * ONE),
    "FXMUL": lambda a, b: wrapped(near(value(a) * value(b) * ONE)),
    "FXDIV": lambda a, b: wrapped(cut(value(a) / value(b) * ONE)) if b else None,
    "FXMULADD": lambda a, b, c: wrapped(near((value(a) * value(b) + value(c)) * ONE)),
    "FXLERP": lambda a, b, t: wrapped(near((value(a) + (value(b) - value(a)) * value(t)) * ONE)),
    "FXSQRT": lambda a: math.isqrt(a * ONE) if a >= 0 else None,
    "FXADDS": lambda a, b: clamped(a + b),
    "FXSUBS": lambda a, b: clamped(a - b),
    "FXMULS": lambda a, b: clamped(near(value(a) * value(b) * ONE)),
}


def test_every_opcode_has_a_meaning(plugin: Registry) -> None:
    assert {opcode.name for opcode in plugin.isa.page("fixedpoint").values()} == set(MEANING)


@pytest.mark.parametrize("name", MEANING)
def test_declarations_mean_exact_fractions(name: str, plugin: Registry) -> None:
    [declaration] = plugin.isa.find(name).declarations
    count = len(declaration.signature.operands)
    machine = Machine(assembled(".func main()\n  HALT\n.end\n"))

    @given(st.tuples(*[numbers] * count))
    def check(operands: tuple[int, ...]) -> None:
        from tblvm.opcodes import values

        before = values.enter(machine)
        try:
            found = declaration.function(*map(i32, operands)).v
        except TrapSignal:
            found = None
        finally:
            values.enter(before)
        assert found == MEANING[name](*operands)

    check()


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
def test_native_code_does_what_the_declarations_say(sanitize: bool) -> None:
    print("seed", SEED)
    rng = random.Random(SEED)
    harness = compiled("freelist", sanitize=sanitize, plugins=(FILE,))
    jobs = []
    for name in MEANING:
        count = len(harness.reg.isa.find(name).declarations[0].signature.operands)
        for _ in range(4):
            lines = []
            for _ in range(100):
                operands = [
                    rng.choice((rng.getrandbits(32) - 2**31, rng.randrange(-ONE, ONE))) for _ in range(count)
                ]
                if MEANING[name](*operands) is not None:
                    lines += [f"  CONST {each}" for each in operands] + [
                        f"  {name}",
                        "  PRINT",
                        '  CONST " "',
                        "  PRINT",
                    ]
            trapping = {"FXFROM": "  CONST 40000\n", "FXDIV": "  PUSH 1\n  PUSH 0\n", "FXSQRT": "  PUSH -1\n"}
            end = trapping[name] + f"  {name}\n" if name in trapping else ""
            text = ".func main()\n" + "\n".join(lines) + f"\n{end}  HALT\n.end\n"
            jobs.append(Job(assembled(text, harness.reg)))
    for job, run in zip(jobs, harness.run(jobs), strict=True):
        assert not differences(job, run, collector=harness.collector, reg=harness.reg)


def test_the_example(plugin: Registry) -> None:
    text = (FOLDER / "example.tba").read_text()
    _, outcome, output = reference(Job(assembled(text, plugin)), plugin)
    assert (outcome.trap, output) == (None, expected(text).output)
