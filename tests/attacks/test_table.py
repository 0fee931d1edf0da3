"""Every attack has its test and every test its attack; the table is complete, and docs/security.md shows it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from .table import ATTACKS, DOCUMENT, HERE, LAYERS, LEVELS, NO, NOTHING, ROOT, Attack, markdown, split

pytestmark = pytest.mark.outside
# The list that this table began with: its numbers, not all of which were given.
FIRST = (
    *(
        1,
        2,
        3,
        4,
        6,
        7,
        8,
        9,
        10,
        11,
        12,
        13,
        15,
        16,
        17,
        18,
        19,
        20,
        21,
        22,
        24,
        25,
        26,
        27,
        28,
        29,
        30,
        33,
        34,
    ),
    *(
        35,
        36,
        37,
        38,
        39,
        41,
        42,
        43,
        44,
        46,
        47,
        48,
        49,
        50,
        51,
        52,
        53,
        54,
        55,
        56,
        57,
        58,
        60,
        62,
        63,
        64,
        65,
    ),
    *(66, 68, 69, 70, 71, 73, 74),
)


@cache
def functions(path: Path) -> frozenset[str]:
    """The tests that a file has."""
    tree = ast.parse(path.read_text())
    found = (each.name for each in tree.body if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return frozenset(name for name in found if name.startswith("test_"))


def test_no_attack_of_the_first_list_is_missing() -> None:
    numbers = [each.number for each in ATTACKS]
    assert numbers == sorted(set(numbers)) and set(FIRST) <= set(numbers)
    # All that came later, without gaps.
    assert numbers[len(FIRST) :] == list(range(75, numbers[-1] + 1))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: str(each.number))
def test_a_row(attack: Attack) -> None:
    for level in LEVELS:
        said = attack.levels[level]
        assert said in (NO, NOTHING) or set(attack.layers(level)) <= LAYERS.keys(), said
    assert attack.tests or attack.open, "nothing carries it out, and nothing says why"
    for each in attack.tests:
        file, _, function = each.partition("::")
        assert function in functions(ROOT / file), each


def test_every_test_here_is_of_an_attack() -> None:
    named = {each for attack in ATTACKS for each in attack.tests}
    files = [path for path in HERE.rglob("test_*.py") if path.name != Path(__file__).name]
    here = {f"{path.relative_to(ROOT)}::{name}" for path in files for name in functions(path)}
    assert here - named == set()


def test_every_layer_has_an_attack() -> None:
    used = {layer for attack in ATTACKS for level in LEVELS for layer in attack.layers(level)}
    assert used == LAYERS.keys()


def test_the_document_shows_the_table() -> None:
    """`python -m tests.attacks.table` writes it there."""
    _, table, _ = split(DOCUMENT.read_text())
    assert table == markdown()
    text = DOCUMENT.read_text()
    for attack in ATTACKS:
        if attack.needs_worker:
            assert f"[{attack.number}]" in text, (
                f"attack {attack.number} needs a worker, and the text does not say so"
            )
