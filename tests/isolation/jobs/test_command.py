"""`tblvm map`: its output wherever it is cut off, what it refuses, how it ends."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.isolation.jobs.journal import Journal
from tblvm.isolation.jobs.lines import Line, written
from tblvm.opcodes import Isa
from tblvm.stack import verify
from tblvm.tools.cli import main

from .programs import PLAIN

SEED = int(os.environ.get("TBLVM_TEST_SEED", "1"))
LINES = ["[7, 2]", "[1, 0]", "{bad", "[-9, 3]"]

Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isa: Isa) -> Path:
    """One with a program and inputs; the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.tbc").write_bytes(tbc.write(verify(assemble(PLAIN, isa), isa).module))
    (tmp_path / "in.jsonl").write_text("\n".join(LINES))
    return tmp_path


def run(*words: str, inputs: str = "in.jsonl", call: str = "div", level: str = "none") -> Result:
    """The command, in this process, without walls: these are tested elsewhere, and cost time."""
    given = ["map", "p.tbc", inputs, "--call", call, "--isolation", level, *words]
    return CliRunner().invoke(main, given)


def results(text: str | bytes) -> list[dict[str, Any]]:
    """All but what is another one each time."""
    head, *found = [json.loads(each) for each in text.splitlines()]
    assert head["tblvm"] == "map"
    for each in found:
        del each["spent"], each["seconds"]
    return found


def plain(text: bytes) -> list[dict[str, Any]]:
    return sorted(results(text), key=lambda each: each["index"])


def test_results(folder: Path) -> None:
    done = run()
    assert done.exit_code == 134
    found = results(done.stdout)
    digests = [each.pop("input") for each in found]
    assert len({*digests}) == 4 and all(len(each) == 16 for each in digests)
    stopped = {"type": "Trap", "kind": "DIVIDE_BY_ZERO", "message": "integer divide by zero"}
    wrong = "line 3: no JSON: Expecting property name enclosed in double quotes, column 2"
    assert found == [
        {"index": 0, "value": 3},
        {"index": 1, "error": {**stopped, "function": "div", "line": 30}},
        {"index": 2, "error": {"type": "InputError", "message": wrong}},
        {"index": 3, "value": -3},
    ]
    assert done.stderr.splitlines() == [
        f"tblvm: {wrong}",
        "tblvm: 2 of 4 inputs have no result: 1 InputError, 1 Trap",
    ]


@pytest.mark.repeated  # it is files that count
@pytest.mark.parametrize("order", [[], ["--unordered"]])
def test_cut_off_anywhere_and_gone_on_with(folder: Path, order: list[str]) -> None:
    """At every byte: the file is what it would have been."""
    assert run("-o", "whole", *order).exit_code == 134
    whole = (folder / "whole").read_bytes()
    out = folder / "out"
    for size in range(len(whole) + 1):
        out.write_bytes(whole[:size])
        done = run("-o", "out", "--resume", *order)
        assert (done.exit_code, plain(out.read_bytes())) == (134, plain(whole)), size
        kept = whole[:size].rpartition(b"\n")[0]
        assert out.read_bytes().startswith(kept)  # what was there was not run again
        if not order:
            assert results(out.read_bytes()) == results(whole)


def test_every_byte_of_a_journal(tmp_path: Path) -> None:
    """The file alone, at each offset, with two results whose turn it was not yet."""
    head = {"tblvm": "map", "schema": 1, "ä": "\u2028"}
    inputs = [Line(index, index + 1, b"%d" % index) for index in range(5)]
    told = {
        each.index: {"index": each.index, "input": each.digest, "value": "ä" * each.index} for each in inputs
    }
    order, path = [0, 3, 1, 4, 2], tmp_path / "out"
    lines = [written(head), *(written(told[each]) for each in order)]
    whole = b"".join(lines)
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        journal = Journal(path, head, resume=True)
        missing = [each for each in inputs if not journal.has(each)]
        there = max(0, whole[:size].count(b"\n") - 1)
        assert sorted(order[there:]) == [each.index for each in missing]
        assert journal.failed.total() == there and journal.end == max(order[:there], default=-1) + 1
        for each in missing:
            journal.write(told[each.index])
        journal.close()
        after = path.read_bytes().splitlines(keepends=True)
        assert after[: there + 1] == lines[: there + 1] and sorted(after) == sorted(lines)


def test_results_in_any_order_with_gaps(folder: Path) -> None:
    run("-o", "whole")
    head, *found = (folder / "whole").read_bytes().splitlines(keepends=True)
    chance = random.Random(SEED)
    for _ in range(10):
        kept = chance.sample(found, chance.randrange(5))
        (folder / "out").write_bytes(head + b"".join(kept))
        assert run("-o", "out", "--resume").exit_code == 134
        text = (folder / "out").read_bytes()
        assert text.startswith(head + b"".join(kept)) and plain(text) == plain(head + b"".join(found))


def test_what_has_no_result_is_nothing_to_go_on_with(folder: Path) -> None:
    """The first run named what there is not; the next one is another one."""
    assert run("-o", "out", call="nothing").exit_code == 2
    assert len((folder / "out").read_bytes().splitlines()) == 1
    assert run("-o", "out").exit_code == 134
    assert len((folder / "out").read_bytes().splitlines()) == 5
    assert run("-o", "other", inputs="nothing").exit_code == 2 and not (folder / "other").exists()


def test_inputs_may_become_more(folder: Path) -> None:
    (folder / "in.jsonl").write_text("[8, 2]\n")
    assert run("-o", "out", "--resume").exit_code == 0
    (folder / "in.jsonl").write_text("[8, 2]\n[9, 2]\n")
    done = run("-o", "out", "--resume")
    assert (done.exit_code, done.output) == (0, "")
    assert [each["value"] for each in results((folder / "out").read_bytes())] == [4, 4]


def change(what: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        name, _, text = what.partition(" ")
        (folder / name).write_text(text)

    return spoil


def damage(edit: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        out = folder / "out"
        out.write_bytes(b"".join(edit(out.read_bytes().splitlines(keepends=True))))

    return spoil


REFUSED: dict[str, tuple[Callable[[Path], Any], list[str], str]] = {
    "not asked": (lambda _: None, [], "out is there already: --resume goes on with it; remove it"),
    "another limit": (
        lambda _: None,
        ["--resume", "--fuel", "1000"],
        "has results of something else: options was",
    ),
    "another function": (
        lambda _: None,
        ["--resume", "--call", "again"],
        'call was "div", now it is "again"',
    ),
    "another program": (
        lambda folder: (folder / "p.tbc").write_bytes((folder / "q.tbc").read_bytes()),
        ["--resume"],
        "program was",
    ),
    "another input": (
        change("in.jsonl [7, 2]\n[1, 1]\n{bad\n[-9, 3]"),
        ["--resume"],
        "line 2 was another one",
    ),
    "fewer inputs": (change("in.jsonl [7, 2]"), ["--resume"], "has 1 inputs, and there are results of 4"),
    "another file": (
        change("out important\n"),
        ["--resume"],
        "was not written by tblvm map: it is left as it is",
    ),
    "no lines": (change("out important"), ["--resume"], "was not written by tblvm map: it is left as it is"),
    "an empty line": (damage(lambda lines: [lines[0], b"\n", *lines[1:]]), ["--resume"], "line 2: no result"),
    "a torn line": (
        damage(lambda lines: [lines[0], lines[1][:9] + b"\n"]),
        ["--resume"],
        "line 2: no result",
    ),
    "no index": (
        damage(lambda lines: [lines[0], b'{"index": -1, "input": "0"}\n']),
        ["--resume"],
        "line 2: no",
    ),
    "twice": (damage(lambda lines: [*lines, lines[1]]), ["--resume"], "line 6: a second result of input 0"),
    "a pipe": (lambda _: None, ["--resume", "-o", "-"], "--resume goes on with a file"),
    "a device": (
        lambda _: None,
        ["--resume", "-o", "/dev/null"],
        "/dev/null is no file that could be gone on",
    ),
}


@pytest.mark.parametrize(("spoil", "words", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(
    folder: Path, isa: Isa, spoil: Callable[[Path], Any], words: list[str], message: str
) -> None:
    other = PLAIN.replace("DIV", "MUL")
    (folder / "q.tbc").write_bytes(tbc.write(verify(assemble(other, isa), isa).module))
    run("-o", "out")
    spoil(folder)
    before = (folder / "out").read_bytes()
    done = run("-o", "out", *words)
    assert done.exit_code == 2 and done.stderr.startswith("tblvm: ") and message in done.stderr
    assert done.stderr.count("\n") == 1 and (folder / "out").read_bytes() == before


def test_two_at_a_time_are_one_too_many(folder: Path) -> None:
    import fcntl

    with (folder / "out").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = run("-o", "out", "--resume")
    assert (done.exit_code, done.stderr) == (2, "tblvm: out: another tblvm map is writing there\n")


@pytest.mark.parametrize(
    ("inputs", "words", "status"),
    [
        ("[6, 2]\n[5, 5]", [], 0),
        ("", [], 0),
        ("[6, 2]\nx", [], 1),
        ("[6, 2]\n[1]", [], 1),
        ("[6, 2]\n[1, 0]\nx", [], 134),
        ("[6, 2]\nx", ["--call", "spin", "--timeout", "20ms"], 1),
        ("0\n1\nx", ["--call", "spin", "--timeout", "20ms"], 124),
        ("0\n1\n1", ["--call", "spin", "--fuel", "1e4"], 134),
        ("1", ["--call", "nothing"], 2),
        ("1", ["--fuel", "much"], 2),
        ("1", ["--grant", "nothing"], 2),
        ("1", ["--workers", "0"], 2),
    ],
)
def test_exit_statuses(folder: Path, inputs: str, words: list[str], status: int) -> None:
    (folder / "in.jsonl").write_text(inputs)
    done = run(*words)
    assert done.exit_code == status
    if status == 2:
        assert done.stderr and "Traceback" not in done.stderr
    quiet = run(*words, "-q")
    assert "have no result" not in quiet.stderr and quiet.exit_code == status


def test_statuses_of_what_was_there_count(folder: Path) -> None:
    run("-o", "out")
    done = run("-o", "out", "--resume")
    assert done.exit_code == 134 and "2 of 4 inputs have no result: 1 InputError, 1 Trap" in done.stderr


def test_messages_have_an_end(folder: Path) -> None:
    (folder / "in.jsonl").write_text("x\n" * 30)
    done = run()
    assert len(done.stderr.splitlines()) == 11 and "others are told in the output alone" in done.stderr
    assert len(results(done.stdout)) == 30


def test_files_that_are_not_there(folder: Path) -> None:
    for words in (
        ["p.tbc", "nothing"],
        ["nothing", "in.jsonl"],
        ["p.tbc", "in.jsonl", "-o", "no/out"],
        ["p.tbc", "."],
    ):
        done = CliRunner().invoke(main, ["map", "--isolation", "none", *words])
        assert (
            done.exit_code == 2 and "Traceback" not in done.stderr and done.stderr.startswith("tblvm: cannot")
        )
