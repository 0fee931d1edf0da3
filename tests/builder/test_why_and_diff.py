"""tbbuild why, tbbuild diff, and reports that are read again."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tblvm.builder.cli import main
from tblvm.builder.diff import growth
from tblvm.builder.report import from_json, to_json
from tblvm.core.errors import UsageError

LEAF = ".func main()\n  PUSH 1\n  PRINT\n  HALT\n.end\n"
HEAP = ".collector\n.func main()\n  NEW 3\n  POP\n  PUSH 1\n  PRINT\n  PUSH 2\n  PRINT\n  HALT\n.end\n"


def ran(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def programs(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "leaf.tba").write_text(LEAF)
    (tmp_path / "heap.tba").write_text(HEAP)
    return tmp_path / "leaf.tba", tmp_path / "heap.tba"


@pytest.fixture
def reports(programs: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    made = []
    for program in programs:
        path = program.with_suffix(".json")
        path.write_text(ran(program, "--json", "-o", tmp_path / "out").stdout)
        made.append(path)
    return made[0], made[1]


# --- why ----------------------------------------------------------------------------------------------


def test_why_names_the_place_and_all_reasons(programs: tuple[Path, Path]) -> None:
    done = ran("why", programs[1], "gc", "--no-sizes")
    assert done.exit_code == 0
    assert "because the module assumes a collector → collector → gc.marksweep" in done.stdout
    assert "because main (heap.tba:3) → NEW → heap → gc.marksweep" in done.stdout
    assert "bytes" not in done.stdout


def test_why_of_an_opcode(programs: tuple[Path, Path]) -> None:
    done = ran("why", programs[1], "PRINT", "io.output")
    assert "PRINT: 2 instructions\n" in done.stdout
    assert "first in main (heap.tba:6)" in done.stdout
    assert "bytes of the engine" in done.stdout and "bytes in the file" in done.stdout


def test_why_of_what_is_not_there(programs: tuple[Path, Path]) -> None:
    assert ran("why", programs[0], "gc").stdout == "gc is not in it: nothing needs it\n"
    assert ran("why", programs[0], "NEW").stdout == "NEW is not in it: nothing needs it\n"


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["why"], 2, "Missing argument 'PROGRAM'"),
        (["why", "{0}"], 2, "Missing argument 'NAME...'"),
        (["why", "{0}", "PRIMT"], 2, "did you mean PRINT?"),
        (["why", "nowhere", "gc"], 2, "cannot read nowhere"),
        (["why", "{1}", "gc", "--deny", "gc"], 4, "the module assumes a collector"),
        (["diff", "{0}", "{1}"], 2, "leaf.tba is no footprint report in JSON: make one with"),
        (["diff", "nowhere", "{1}"], 2, "cannot read nowhere"),
    ],
)
def test_what_makes_no_sense(
    words: list[str], status: int, message: str, programs: tuple[Path, Path]
) -> None:
    done = ran(*(word.format(*programs) for word in words))
    assert done.exit_code == status
    assert message in done.stderr and "Traceback" not in done.stderr


def test_a_program_called_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("why").write_text(LEAF)
    assert ran("./why", "--explain").exit_code == 0


# --- diff ---------------------------------------------------------------------------------------------


def test_the_difference_sums_up(reports: tuple[Path, Path]) -> None:
    old, new = (json.loads(path.read_text()) for path in reports)
    found = json.loads(ran("diff", *reports, "--json").stdout)
    assert sum(row["by"] for row in found["libraries"]) == new["file_bytes"] - old["file_bytes"]
    assert found["totals"]["file"]["by"] == new["file_bytes"] - old["file_bytes"]
    marks = {row["owner"]: (row["before"], row["after"]) for row in found["libraries"]}
    assert marks["gc.marksweep"][0] is None and marks["program"][0] is not None
    by_kind = sum(row["by"] for row in found["rows"] if row["kind"] in ("text", "rodata", "data", ""))
    assert by_kind == new["file_bytes"] - old["file_bytes"]


def test_marks(reports: tuple[Path, Path]) -> None:
    there = ran("diff", *reports).stdout
    back = ran("diff", *reversed(reports), "--details").stdout
    assert "NEW" in there and "gc.marksweep" in there and "option heap: not there → " in there
    assert "REMOVED" in back and "▼" in back and "  NEW (text)" in back
    same = ran("diff", reports[0], reports[0]).stdout
    assert "the same bytes" in same and "▲" not in same


def test_growth_has_a_limit(reports: tuple[Path, Path]) -> None:
    done = ran("diff", *reports, "--max-growth", "2%")
    assert done.exit_code == 4
    assert "gc.marksweep" in done.stdout and "more than the" in done.stderr
    assert ran("diff", *reports, "--max-growth", "64K").exit_code == 0
    assert ran("diff", *reversed(reports), "--max-growth", "0").exit_code == 0
    assert ran("diff", *reports, "--max-growth", "little").exit_code == 2


def test_percentages_are_exact() -> None:
    assert growth("2%", 4269) == 85
    assert growth("2.5%", 1000) == 25
    assert growth("0.001 %", 1_000_000) == 10
    assert growth("1K", 7) == 1024


# --- reading reports ----------------------------------------------------------------------------------


def test_a_report_comes_back(reports: tuple[Path, Path]) -> None:
    for path in reports:
        read = to_json(from_json(path.read_bytes(), path.name))
        assert json.loads(read) == json.loads(path.read_text())


def test_damaged_reports_are_refused(reports: tuple[Path, Path]) -> None:
    rng = random.Random(7)
    content = reports[0].read_text()
    data = json.loads(content)
    for key in data:
        for value in (None, 7, "x", [], {}, [[]], [{}], -1, True):
            damaged = json.dumps({**data, key: value})
            try:
                from_json(damaged, "r.json")
            except UsageError as error:
                assert "r.json" in str(error)
    for _ in range(200):
        at = rng.randrange(len(content))
        try:
            from_json(content[:at] + rng.choice('{}[]",:0x') + content[at + 1 :], "r.json")
        except UsageError as error:
            assert "r.json" in str(error)
    for text in ("", "[]", "[" * 100_000, '{"schema": 2}', b"\xff"):
        with pytest.raises(UsageError, match=r"r\.json"):
            from_json(text, "r.json")


def test_names_in_reports_cannot_control_a_terminal(reports: tuple[Path, Path], tmp_path: Path) -> None:
    data = json.loads(reports[0].read_text())
    data["program"] = data["rows"][0]["item"] = "\x1b[31mred\u202e"
    (tmp_path / "evil.json").write_text(json.dumps(data))
    done = ran("diff", tmp_path / "evil.json", reports[1], "--details")
    assert done.exit_code == 0
    assert "\x1b" not in done.stdout and "\u202e" not in done.stdout
