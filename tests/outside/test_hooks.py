"""docs/plugins.md: every hook is there, and the plug-in that its examples make works."""

from __future__ import annotations

import inspect
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from tblvm.builder.cli import main as tbbuild
from tblvm.core import hookspecs
from tblvm.core.registry import load
from tblvm.tools.cli import main as tblvm

TEXT = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()
HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("tblvm_"))


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TBLVM_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "mine.py").write_text("\n".join(re.findall(r"```python\n(.*?)```", TEXT, re.S)))
    return "mine.py"


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_has_its_section_with_its_signature(hook: str) -> None:
    specification = getattr(hookspecs, hook)
    [signature] = re.findall(rf"^### `({hook}\(.*)`$", TEXT, re.M)
    assert signature == f"{hook}{inspect.signature(specification)}".replace("'", "")
    section = TEXT.split(f"### `{signature}`")[1].split("\n### ")[0]
    assert f"def {hook}():" in section


def test_the_examples_have_every_hook(plugin: str) -> None:
    registry = load([plugin])
    added = registry.contributions(registry.plugins[-1])
    assert sorted("tblvm_" + each.replace(" ", "_") for each in added) == HOOKS
    assert all(added.values())


def test_the_examples_work(plugin: str, tmp_path: Path) -> None:
    """One build that uses all that the plug-in adds."""
    (tmp_path / "numbers").write_text("sum 3 4 14")
    words = ["-p", plugin, "--report", "line", "--engine", "noted", "--target", "x86_64-v2-linux"]
    words += ["--mode", "sensor", "--passes", "unused,bare", "-O", "mine.level=3", "--keep", "made"]
    done = CliRunner().invoke(tbbuild, [*words, "numbers", "-o", "program"])
    assert done.exit_code == 0, done.output
    size = (tmp_path / "program").stat().st_size
    assert done.stdout == f"numbers {size}\n"
    texts = [path.read_text() for path in (tmp_path / "made").glob("*.[ch]")]
    assert any(text.startswith("/* by my plug-in */") for text in texts)
    assert any("#define TB_MINE_LEVEL 3\n" in text for text in texts)
    assert CliRunner().invoke(tblvm, ["-p", plugin, "hello"]).stdout == "hello\n"
    explained = CliRunner().invoke(tbbuild, [*words, "--explain", "numbers"]).stdout
    assert "\nmode sensor: from command line\n" in explained and "\npass bare: " in explained


def test_what_the_examples_build_prints_the_sum(plugin: str, tmp_path: Path) -> None:
    (tmp_path / "numbers").write_text("sum 3 4 14")
    assert CliRunner().invoke(tbbuild, ["-q", "-p", plugin, "numbers", "-o", "program"]).exit_code == 0
    assert subprocess.run([tmp_path / "program"], capture_output=True, check=True).stdout == b"42"
