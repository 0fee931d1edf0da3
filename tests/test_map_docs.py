"""docs/map.md, executed: its Python as it stands, its commands with inputs as it describes them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tblvm.tools.cli import main

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "map.md").read_text()


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with fib.tba and inputs, and the current one."""
    (tmp_path / "fib.tba").write_text((ROOT / "examples" / "fib.tba").read_text())
    (tmp_path / "inputs.jsonl").write_text("10\n[20]\n\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_python(work: Path) -> None:
    found = re.findall(r"^```python\n(.*?)^```$", DOCUMENT, re.M | re.S)
    assert len(found) == 5
    names: dict[str, object] = {"__name__": "document"}
    for block in found:
        lines = DOCUMENT[: DOCUMENT.index(block)].count("\n")  # so that a failure names the document's line
        exec(compile("\n" * lines + block, str(ROOT / "docs" / "map.md"), "exec"), names)


def test_commands_and_members(work: Path) -> None:
    """What is run, what is gone on with, and that results have just the members of the table."""
    first, again = re.findall(r"^    tblvm (map fib\.tba .*)$", DOCUMENT, re.M)
    done = CliRunner().invoke(main, first.split())
    assert (done.exit_code, done.output) == (0, "")
    before = (work / "out.jsonl").read_text()
    assert CliRunner().invoke(main, first.split()).exit_code == 2
    assert CliRunner().invoke(main, again.split()).exit_code == 0
    assert (work / "out.jsonl").read_text() == before
    _, *results = map(json.loads, before.splitlines())
    assert [each["value"] for each in results] == [55, 6765]
    table = DOCUMENT[DOCUMENT.index("| member |") : DOCUMENT.index("Results come as")]
    members = {
        name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`(\w+)`", row)
    }
    assert members - {"status", "output", "error", "attempts"} == {*results[0]}
