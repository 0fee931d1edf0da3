"""Loader and verifier in C accept and refuse what those in Python do, for the same place, and make the same
reference maps, resolved code and tables."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.stack import verify
from tests.core.loader import Answer, built
from tests.core.loader.mutants import mutant
from tests.programs import EXAMPLES

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261121"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
MUTANTS = 2000 * SCALE
BATCH = 500


def agree(files: list[bytes], what: str) -> Counter[int]:
    """How the files ended, by status; fails where C and Python differ."""
    driver = built()
    expected = [driver.expected(file) for file in files]
    ends: Counter[int] = Counter()
    for number, (file, wanted, (found, message)) in enumerate(
        zip(files, expected, driver.answers(files, expected), strict=True)
    ):
        ends[wanted.answer.status] += 1
        if wanted.answer == found:
            continue
        tables = [name for name, data in found.tables if dict(wanted.answer.tables).get(name) != data]
        raise AssertionError(
            f"{what} {number}: C: {found} ({message}), Python: {wanted.answer} ({wanted.message}), "
            f"tables that differ: {tables}\n{file.hex()}"
        )
    return ends


@pytest.mark.parametrize("start", range(0, MUTANTS, BATCH))
def test_mutants(start: int) -> None:
    ends = agree(
        [mutant(built().reg, start + n, SEED) for n in range(BATCH)], f"seed {SEED}, mutant {start} +"
    )
    assert ends[0] > BATCH // 20, ends
    assert ends[5] > BATCH // 3, ends


def test_examples() -> None:
    isa = built().reg.isa
    files = [tbc.write(verify(assemble(path.read_text(), isa, path.name), isa).module) for path in EXAMPLES]
    ends = agree(files, "example")
    assert ends[0] == len(files) - 1  # one frees, which this runtime does not


def test_every_truncation() -> None:
    isa = built().reg.isa
    file = tbc.write(verify(assemble(EXAMPLES[0].read_text(), isa, "x.tba"), isa).module)
    assert agree([file[:size] for size in range(len(file))], "truncation") == {5: len(file)}


def test_an_answer_says_where() -> None:
    driver = built()
    file = b"TBCO"
    wanted = driver.expected(file)
    assert wanted.answer == Answer(5)
    assert driver.answers([file], [wanted]) == [(Answer(5), "the file ends inside its header")]
