"""Profiles: the file, what is refused of it, adding up; and what is chosen from them."""

from __future__ import annotations

import json
import os
import random
from itertools import product
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tblvm.core.errors import UsageError
from tblvm.core.superinstructions.profile import (
    MAX_FILE,
    Function,
    Profile,
    Profiled,
    Stretch,
    from_json,
    sequences,
    to_json,
    together,
)
from tblvm.core.superinstructions.select import Costs, Weighted, choose, covering, dispatches, weighted

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "profile.schema.json").read_text())
SEED = os.environ.get("TBLVM_TEST_SEED", "profiles")
NAMES = ("ADD:si", "int.LT:sa", "JNZ", "object.GETFIELD(C=any,F=i32):s", "LOAD~:")
COSTS = Costs(work=lambda name: 1.0, bytes=lambda code: 64)


@st.composite
def stretch(draw: st.DrawFn) -> Stretch:
    code = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=9))
    counts = draw(st.lists(st.integers(0, 1 << 40), min_size=len(code), max_size=len(code)))
    targets = draw(st.dictionaries(st.sampled_from(("f", "a name")), st.integers(1, 9)))
    return Stretch(tuple(code), tuple(counts), draw(st.integers(0, 9)), targets or None)


def profile(*stretches: Stretch, sha256: str = "0" * 64) -> Profile:
    return Profile("threaded", (Profiled("p.c", sha256, 1, (Function("main", 0, stretches),)),))


@given(st.lists(stretch(), max_size=5))
def test_a_file_holds_the_profile(stretches: list[Stretch]) -> None:
    made = profile(*stretches)
    text = to_json(made)
    jsonschema.validate(json.loads(text), SCHEMA)
    assert from_json(text.encode(), "p.json") == made
    assert to_json(from_json(text.encode(), "p.json")) == text


GOOD = json.loads(to_json(profile(Stretch(("ADD:si", "JNZ"), (5, 5), 3, {"f": 2}))))


def broken() -> list[tuple[tuple[str | int, ...], object, str]]:
    """Where something else stands in a good file, what, and what the message says."""
    to = ("programs", 0, "functions", 0, "stretches", 0)
    return [
        (("format",), "tblvm profiles", "something else"),
        (("version",), 2, "version 2"),
        (("engine",), 7, "a name is a text"),
        (("instructions",), ["ADD:si"], "not listed"),
        (("instructions",), ["ADD:si", "\x1b[2J"], "no name of an instruction"),
        (("instructions",), ["ADD:si", "x" * 256], "a name is a text of up to 255"),
        (("programs",), {}, "no list"),
        (("programs", 0, "sha256"), "0", "64 hexadecimal digits"),
        (("programs", 0, "runs"), -1, "not negative"),
        (("programs", 0, "runs"), True, "not negative"),
        (("programs", 0, "more"), 1, "a program has"),
        ((*to, "code"), [0], "a count for each"),
        ((*to, "code"), [0, 2], "not listed"),
        ((*to, "code"), [], "a count for each"),
        ((*to, "counts"), [5, 1 << 62], "not negative"),
        ((*to, "counts"), [5, 1.5], "not negative"),
        ((*to, "targets"), [], "targets are an object"),
        ((*to, "targets"), {"f": "2"}, "not negative"),
        (to, 5, "a stretch has code, counts"),
    ]


@pytest.mark.parametrize("case", range(len(broken())))
def test_what_is_no_profile_is_refused_with_one_message(case: int) -> None:
    where, what, message = broken()[case]
    data = json.loads(json.dumps(GOOD))
    at = data
    for key in where[:-1]:
        at = at[key]
    at[where[-1]] = what
    with pytest.raises(UsageError, match=message) as caught:
        from_json(json.dumps(data).encode(), "p.json")
    assert "\n" not in str(caught.value) and "tblvm profile -o p.json PROGRAM" in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_files_that_are_not_json_or_too_large() -> None:
    for content in (b"", b"[" * 100_000, b"\xff", b"null", b'{"format": 1e999}'):
        with pytest.raises(UsageError, match="is no profile"):
            from_json(content, "p.json")
    with pytest.raises(UsageError, match="more than the"):
        from_json(b" " * (MAX_FILE + 1), "p.json")


def test_opcodes_that_nobody_has_are_refused() -> None:
    text = json.dumps(GOOD).encode()
    assert from_json(text, "p.json", {"ADD", "JNZ"}.__contains__)
    with pytest.raises(UsageError, match="counts opcode ADD and 1 more, which is not among"):
        from_json(text, "p.json", lambda form: False)


def test_runs_are_added_up() -> None:
    one = profile(Stretch(("ADD:si", "JNZ"), (5, 5), 3, {"f": 2}), Stretch(("JNZ",), (1,)))
    other = profile(Stretch(("ADD:si", "JNZ"), (7, 8), 1, {"g": 1}))
    (program,) = together([one, other]).programs
    assert program.runs == 2
    assert program.functions[0].stretches == (
        Stretch(("ADD:si", "JNZ"), (12, 13), 4, {"f": 2, "g": 1}),
        Stretch(("JNZ",), (1,)),
    )
    assert len(together([one, profile(sha256="1" * 64)]).programs) == 2
    with pytest.raises(UsageError, match="only those of one"):
        together([one, Profile("other", ())])


def test_sequences_are_counted_as_often_as_they_ran() -> None:
    """Against every entry followed by hand."""
    rng = random.Random(SEED)
    for _ in range(200):
        code = tuple(rng.choice("ABC") for _ in range(rng.randrange(1, 8)))
        entered = [rng.randrange(4) for _ in code]
        walked: dict[tuple[str, ...], int] = {}
        counts = [0] * len(code)
        for start, times in enumerate(entered):
            for at in range(start, len(code)):
                counts[at] += times
                for end in range(at + 1, min(at + 4, len(code)) + 1):
                    walked[code[at:end]] = walked.get(code[at:end], 0) + times
        assert sequences([Stretch(code, tuple(counts))]) == {k: n for k, n in walked.items() if n}
        # Dispatches: each entry follows the superinstructions that stand where it is.
        chosen = {tuple(rng.choice("ABC") for _ in range(rng.randrange(2, 5))) for _ in range(3)}
        steps = covering(code, chosen)
        total = 0
        for start, times in enumerate(entered):
            at = start
            while at < len(code):
                total += times
                at += steps[at]
        assert dispatches(Stretch(code, tuple(counts)), chosen) == total


def test_the_cover_is_the_shortest() -> None:
    rng = random.Random(SEED)
    for _ in range(200):
        code = tuple(rng.choice("AB") for _ in range(rng.randrange(1, 9)))
        chosen = {tuple(rng.choice("AB") for _ in range(rng.randrange(2, 5))) for _ in range(4)}
        steps = covering(code, chosen)
        at = taken = 0
        while at < len(code):
            assert steps[at] == 1 or code[at : at + steps[at]] in chosen
            at += steps[at]
            taken += 1
        assert at == len(code)
        best = min(
            (
                len(lengths)
                for count in range(1, len(code) + 1)
                for lengths in product((1, 2, 3, 4), repeat=count)
                if sum(lengths) == len(code) and _splits(code, lengths, chosen)
            ),
        )
        assert taken == best


def _splits(code: tuple[str, ...], lengths: tuple[int, ...], chosen: set[tuple[str, ...]]) -> bool:
    at = 0
    for length in lengths:
        if length > 1 and code[at : at + length] not in chosen:
            return False
        at += length
    return True


def test_what_saves_most_for_its_bytes_is_chosen_first() -> None:
    hot = Stretch(("A", "B", "C"), (100, 100, 100))
    cold = Stretch(("X", "Y"), (3, 3))
    chosen = choose(weighted([(hot, cold)], COSTS), COSTS, 64)
    assert [each.code for each in chosen] == [("A", "B", "C")]
    chosen = choose(weighted([(hot, cold)], COSTS), COSTS, 1000)
    assert [each.code for each in chosen] == [("A", "B", "C"), ("X", "Y")]  # and none that saves nothing more
    assert abs(chosen[0].saves - 200 / (2 * 306)) < 1e-9
    assert choose(weighted([(hot,)], COSTS), COSTS, 63) == []
    assert choose(weighted([(hot,)], COSTS), COSTS, 1000, fits=lambda code: "B" not in code) == []


def test_programs_count_alike_however_long_they_run() -> None:
    long, short = Stretch(("A", "B"), (10**9, 10**9)), Stretch(("C", "D"), (10, 10))
    also = Stretch(("C", "D", "A"), (7, 7, 7))
    first = choose(weighted([(long,), (short,), (also,)], COSTS), COSTS, 64)
    assert first[0].code == ("C", "D") and first[0].programs == 2
    both = choose(weighted([(long,), (short,), (also,)], COSTS), COSTS, 640, least_programs=2)
    assert [each.code for each in both] == [("C", "D")]


def test_the_greedy_choice_loses_little() -> None:
    """Against the best of all sets, over small programs; and its figures add up."""
    rng = random.Random(SEED)
    for _ in range(30):
        stretches = tuple(map(_random, [rng] * 3))
        chosen = choose([Weighted(stretches, 1.0)], COSTS, 128)
        saved = _saved(stretches, {each.code for each in chosen})
        assert abs(sum(each.saves for each in chosen) - saved) < 1e-6
        candidates = [code for code in sequences(stretches) if len(code) > 1]
        assert saved >= 0.75 * max(_saved(stretches, {a, b}) for a in candidates for b in candidates)


def _random(rng: random.Random) -> Stretch:
    code = tuple(rng.choice("ABC") for _ in range(rng.randrange(2, 6)))
    return Stretch(code, (rng.randrange(1, 50),) * len(code))


def _saved(stretches: tuple[Stretch, ...], chosen: set[tuple[str, ...]]) -> int:
    return sum(dispatches(each, ()) - dispatches(each, chosen) for each in stretches)
