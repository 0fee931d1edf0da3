"""Configuration files, environment and command line: which one counts, and budgets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tblvm.builder.cli import main
from tblvm.builder.config import Config, find
from tblvm.core.errors import UsageError

LEAF = ".func main()\n  PUSH 1\n  PRINT\n  HALT\n.end\n"
HEAP = ".func main()\n  NEW 3\n  POP\n  PUSH 1\n  PRINT\n  HALT\n.end\n"
Run = Callable[..., Result]


@pytest.fixture
def tbbuild(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("leaf.tba").write_text(LEAF)
    Path("heap.tba").write_text(HEAP)
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


def options(done: Result) -> dict[str, tuple[str, str]]:
    """What --explain says of options: name -> value, origin."""
    assert done.exit_code == 0, done.output
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("  option ")]
    return {words[1]: (words[3], " ".join(words[4:]).partition(")")[0].strip("(")) for words in lines}


def test_what_is_nearer_to_the_person_counts(tbbuild: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert options(tbbuild("leaf.tba", "--explain"))["stack"] == ("65536", "default")
    Path("pyproject.toml").write_text('[tool.other]\nx = 1\n[tool.tblvm]\nstack = "2K"\n')
    found = options(tbbuild("leaf.tba", "--explain"))
    assert found["stack"] == ("2048", "pyproject.toml [tool.tblvm]")
    Path("tblvm.toml").write_text('stack = 700\n[options]\n"io.buffer" = "64"\n')
    found = options(tbbuild("leaf.tba", "--explain"))
    assert found["stack"] == ("700", "tblvm.toml")
    assert found["io.buffer"] == ("64", "tblvm.toml")
    monkeypatch.setenv("TBLVM_STACK", "800")
    found = options(tbbuild("leaf.tba", "--explain"))
    assert found["stack"] == ("800", "TBLVM_STACK")
    found = options(tbbuild("leaf.tba", "--explain", "--stack", "900"))
    assert found["stack"] == ("900", "command line")
    # Options that are given add to those of the file.
    found = options(tbbuild("leaf.tba", "--explain", "-O", "io.buffer=32"))
    assert found["io.buffer"] == ("32", "command line") and found["stack"][0] == "800"


def test_modes_and_features_have_an_origin(tbbuild: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("tblvm.toml").write_text('mode = "nano"\nfeatures = ["core.fuel", "nan.canonical"]\n')
    done = tbbuild("leaf.tba", "--explain").stdout
    assert "mode nano: from tblvm.toml" in done
    assert "features core.fuel,nan.canonical: from tblvm.toml" in done
    monkeypatch.setenv("TBLVM_MODE", "micro")
    assert "mode micro: from TBLVM_MODE" in tbbuild("leaf.tba", "--explain").stdout


def test_folders_above_are_searched_and_paths_are_relative_to_the_file(
    tbbuild: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Path("tblvm.toml").write_text('plugins = ["plug.py"]\n[bundle]\nb = "leaf.tba"\n')
    Path("plug.py").write_text("")
    Path("work").mkdir()
    Path("work/calls.tba").write_text('.func main()\n  CONST "b"\n  SCRIPT_EXEC\n  POP\n  HALT\n.end\n')
    monkeypatch.chdir(tmp_path / "work")
    config = find(Path.cwd())
    assert config.folder == tmp_path.resolve()
    assert config.given["plugins"] == (tmp_path.resolve() / "plug.py",)
    done = tbbuild("calls.tba", "--run", "--report", "none")
    assert (done.exit_code, done.stderr) == (0, "")
    Path("pyproject.toml").write_text("[project]\n")  # nearer, and nothing for us in it
    assert find(Path.cwd()).folder == tmp_path.resolve()
    Path("pyproject.toml").write_text("[tool.tblvm]\n")
    assert find(Path.cwd()) == Config("pyproject.toml [tool.tblvm]", Path.cwd())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stak = 3\n", "no setting is called stak; did you mean stack?"),
        ("stack = 3.5\n", "stack takes a number or a text"),
        ("stack = \n", "tblvm.toml: "),
        ("features = [3]\n", "features takes texts"),
        ("mode = 3\n", "mode takes texts"),
        ("options = 3\n", "options is no table"),
        ("[options]\nheap = []\n", "options.heap takes a number or a text"),
        ("[budget]\ntotl = 3\n", "no budget is called totl; did you mean total?"),
        ("[budget]\ntotal = []\n", "budget total takes a size"),
        ('[budget]\ntotal = "many"\n', "budget total: 'many' is no size"),
        ("[budget]\nlibs = 3\n", "budget libs is a table"),
        ('[budget]\nmax-growth = "2%"\n', "needs baseline"),
        ('[budget]\nmax-growth = "2%"\nbaseline = "none.json"\n', "none.json"),
        ('mode = "nona"\n', "did you mean nano?"),
        ('[options]\n"io.bufer" = 64\n', "did you mean io.buffer?"),
        ("[bundle]\nb = 3\n", "bundle takes texts"),
    ],
)
def test_mistakes_are_named(text: str, message: str, tbbuild: Run) -> None:
    Path("tblvm.toml").write_text(text)
    done = tbbuild("leaf.tba", "-o", "out")
    assert done.exit_code == 2
    assert message in done.stderr and "Traceback" not in done.stderr
    assert not Path("out").exists()


def test_files_that_are_no_text(tbbuild: Run) -> None:
    Path("tblvm.toml").write_bytes(b"\xff\xfe")
    assert tbbuild("leaf.tba").exit_code == 2
    with pytest.raises(UsageError, match=r"tblvm\.toml"):
        find(Path.cwd())


def test_budgets(tbbuild: Run) -> None:
    tbbuild("leaf.tba", "--report", "none", "-o", "one")
    size = Path("one").stat().st_size
    Path("tblvm.toml").write_text(
        f'[budget]\ntotal = {size}\nruntime = "4KiB"\nram = "1M"\n[budget.libs]\nio = 1000\n'
    )
    done = tbbuild("leaf.tba", "-o", "two")
    assert done.exit_code == 0 and Path("two").exists()
    assert f"budget total: {size:,} of {size:,} bytes, within budget" in done.stdout
    Path("tblvm.toml").write_text(f"[budget]\ntotal = {size - 1}\n[budget.libs]\nio = 10\n")
    done = tbbuild("leaf.tba", "-o", "three")
    assert done.exit_code == 4 and not Path("three").exists()
    assert "OVER budget" in done.stdout  # the report first, the verdict second
    assert f"budget total: {size} bytes exceed the budget of {size - 1}" in done.stderr.replace(",", "")
    assert "budget libs.io" in done.stderr


def test_growth_against_a_baseline(tbbuild: Run) -> None:
    Path("base.json").write_text(tbbuild("leaf.tba", "--json", "-o", "one").stdout)
    Path("tblvm.toml").write_text('[budget]\nmax-growth = "5%"\nbaseline = "base.json"\n')
    assert tbbuild("leaf.tba", "-o", "one").exit_code == 0
    done = tbbuild("heap.tba", "-o", "two")
    assert done.exit_code == 4 and "budget max-growth 5%" in done.stderr


def test_a_setting_of_a_file_need_not_have_an_effect(tbbuild: Run) -> None:
    Path("tblvm.toml").write_text('heap = "64K"\n')
    assert tbbuild("leaf.tba", "-o", "one").stderr == ""
    done = tbbuild("leaf.tba", "-o", "one", "--heap", "64K")
    assert done.stderr == "tbbuild: note: option heap has no effect: nothing here has it\n"


def test_the_cache_knows_the_file(tbbuild: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TBLVM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("TBLVM_CACHE_SIZE")
    sizes = []
    for buffer in (32, 64, 32):
        Path("tblvm.toml").write_text(f'[options]\n"io.buffer" = {buffer}\n')
        done = tbbuild("leaf.tba", "--json", "-o", "one")
        assert f'"value": {buffer}' in done.stdout
        sizes.append(done.stdout)
    assert sizes[0] == sizes[2] != sizes[1]
