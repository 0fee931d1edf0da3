"""The C API where nothing is around it: on every target, and compiled by gcc with sanitizers. All of them say the same."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tblvm.core import tbc
from tblvm.core.errors import ModuleError
from tblvm.core.registry import load
from tblvm.stack import verify
from tests.core.loader.mutants import change_file, mutant

from .drivers import built, known
from .programs import (
    ANY,
    LOADING,
    NARROW,
    NARROW_TEXT,
    NUL,
    OWNER_TEXT,
    SHARER_TEXT,
    SHARING,
    WIDE,
    WIDE_TEXT,
    module,
    told,
    with_zeros,
)

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261122"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
MUTANTS = 1000 * SCALE
OTHERS = ("aarch64-linux", "riscv64-linux")
TARGETS = ("x86_64-linux", *OTHERS)


@pytest.fixture(scope="module")
def exercises() -> bytes:
    reg = known()
    narrow, wide = module(NARROW_TEXT, reg), module(WIDE_TEXT, reg)
    shared = [(SHARING, module(each, reg)) for each in (OWNER_TEXT, SHARER_TEXT)]
    return told([(NARROW, narrow), (WIDE, wide), (LOADING, narrow), (NUL, with_zeros(reg)), *shared])


@pytest.fixture(scope="module")
def mutants() -> Sequence[bytes]:
    """Modules of all kinds, most of them wrong; some of them call the host, which mutants do not."""
    reg, rng = known(), random.Random(SEED)
    narrow = module(NARROW_TEXT, reg)
    hosted = [change_file(narrow, rng) for _ in range(MUTANTS // 5)]
    return [*(mutant(reg, number, SEED) for number in range(MUTANTS - len(hosted))), *hosted]


def test_targets_are_all_tested() -> None:
    assert {name for name, each in load().targets.items() if each.library_script} == {*TARGETS}


@pytest.mark.parametrize("target", ["hosted", *OTHERS])
def test_everything(target: str, exercises: bytes) -> None:
    assert built(target).run(exercises) == built("x86_64-linux").run(exercises)


@pytest.mark.parametrize("target", ["hosted", *OTHERS])
def test_cells_of_32_bits(target: str) -> None:
    inside = told([(NARROW, b"")])
    assert built(target, program=True).run(inside) == built("x86_64-linux", program=True).run(inside)


@pytest.mark.parametrize("target", ["hosted", "x86_64-linux", *OTHERS])
def test_a_program_that_was_compiled(target: str) -> None:
    inside = told([(NARROW, b"")])
    compiled = built(target, program=True, engine="aot")
    assert compiled.run(inside) == built("x86_64-linux", program=True).run(inside)


def test_a_message_is_cut_between_characters() -> None:
    read = verify(tbc.read(module(WIDE_TEXT, known())), known().isa).module
    names = tuple("x" + "\u20ac" * 300 for _ in read.functions)
    wrong = replace(read.functions[0], max_stack=9)
    for more in ("", "x", "xx"):
        debug = replace(read.debug, functions=(more + names[0], *names[1:]))
        file = tbc.write(replace(read, debug=debug, functions=(wrong, *read.functions[1:])))
        said = built("x86_64-linux").run(told([(ANY, file)]))
        assert "\u20ac\u20ac\n" in said and "\ufffd" not in said


def test_mutants(mutants: Sequence[bytes]) -> None:
    """They are refused as Python refuses them; those that are valid run, and everything is given back."""
    given = told((ANY, file) for file in mutants)
    said = built("hosted").run(given)
    # A line for each, and one for those that ran.
    rows = iter(said.splitlines())
    ends: Counter[int] = Counter()
    for number, file in enumerate(mutants):
        status = int(next(rows).split()[0])
        ends[status] += 1
        if status == 0:
            next(rows)
        try:
            verify(tbc.read(file), known().isa)
        except ModuleError as error:
            assert status == 5, f"seed {SEED}, {number}: {status}, {error.message}\n{file.hex()}"
        else:
            assert status != 5, f"seed {SEED}, {number}: {status}\n{file.hex()}"
    assert ends[0] > len(mutants) // 20 and ends[5] > len(mutants) // 3, ends
    for target in TARGETS:
        assert built(target).run(given) == said, target
