"""docs/embedding.md, docs/isolation.md and the README's lines on it, executed: Python as it stands, C against a library built here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tblvm.builder.cli import main as tbbuild

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "embedding.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    """What stands in the document's code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with fib.tba, and the current one."""
    (tmp_path / "fib.tba").write_text((ROOT / "examples" / "fib.tba").read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("document", "count"), [("embedding.md", 11), ("isolation.md", 1)])
def test_python(work: Path, document: str, count: int) -> None:
    path = ROOT / "docs" / document
    text = path.read_text()
    found = blocks(text, "python")
    assert len(found) >= count
    names: dict[str, object] = {"__name__": "document"}
    for block in found:
        lines = text[: text.index(block)].count("\n")  # so that a failure names the document's line
        exec(compile("\n" * lines + block, str(path), "exec"), names)


def test_the_readme(work: Path) -> None:
    [block] = [each for each in blocks((ROOT / "README.md").read_text(), "python") if "tblvm.load" in each]
    (work / "examples").mkdir()
    (work / "examples" / "fib.tba").write_text((work / "fib.tba").read_text())
    exec(compile(block, "README.md", "exec"), {})


def test_c(work: Path) -> None:
    """The document's program, its two commands, what it says of the output and of the size."""
    [program] = blocks(DOCUMENT, "c")
    (work / "host.c").write_text(program)
    [built] = re.findall(r"`tbbuild (--artifact shared fib\.tba [^`]*)`", DOCUMENT)
    words = ["-c", f"from {tbbuild.__module__} import main; main()", "-q", *built.split()]
    subprocess.run([sys.executable, *words], check=True, timeout=120)
    assert (work / "tblvm.h").read_bytes() == (ROOT / "embed" / "c" / "tblvm.h").read_bytes()
    [command] = re.findall(r"^    cc (host\.c .*) && \./host$", DOCUMENT, re.M)
    strict = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    subprocess.run(["gcc", *strict, *command.split()], check=True, timeout=60)
    done = subprocess.run(["./host"], capture_output=True, text=True, check=False, timeout=60)
    first, second = re.findall(r"It prints `(.*)` and `(.*)`\.", DOCUMENT)[0]
    assert (done.stdout.splitlines(), done.stderr, done.returncode) == ([first, second], "", 0)
    [said] = re.findall(r"\(([\d.]+) KB for `fib`", DOCUMENT)
    assert abs((work / "libfib.so").stat().st_size / 1000 - float(said)) < 0.1
