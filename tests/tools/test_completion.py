"""Completion in shells: what is offered, and that bash can use what is printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = {
    "tbbuild": "from tblvm.builder.cli import main; main()",
    "tblvm": "from tblvm.__main__ import main; main()",
}


def offered(line: str, cwd: Path | None = None) -> list[str]:
    """What is offered for the last word of *line*."""
    program = line.split()[0]
    words = line.split() + [""] * line.endswith(" ")
    environment = os.environ | {
        f"_{program.upper()}_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    code = f"import sys; sys.argv[0] = {program!r}; {PROGRAMS[program]}"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, cwd=cwd
    )
    return [each.partition(",")[2] for each in done.stdout.split("\n") if each]


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("tbbuild --features g", {"gc", "gc.marksweep"}),
        ("tbbuild --features core,gc.m", {"core,gc.marksweep"}),
        ("tbbuild --deny coll", {"collector"}),
        ("tbbuild --mode n", {"nano"}),
        ("tbbuild --target r", {"riscv64-linux"}),
        ("tbbuild --engine s", {"switch"}),
        ("tblvm run --engine t", {"threaded"}),
        ("tblvm map --engine s", {"switch"}),
        ("tblvm profile --engine t", {"threaded"}),
        ("tbbuild --report d", {"details"}),
        ("tbbuild -O io.b", {"io.buffer="}),
        ("tbbuild --featu", {"--features"}),
        ("tbbuild w", {"why"}),
        ("tblvm ops PRI", {"PRINT"}),
        ("tblvm show c DI", {"DIV"}),
        ("tblvm comp", {"completion"}),
        ("tblvm completion z", {"zsh"}),
    ],
)
def test_what_is_offered(line: str, some: set[str], tmp_path: Path) -> None:
    found = offered(line, tmp_path)
    assert some <= set(found)
    assert all(each.startswith(line.split()[-1]) for each in found), found


def test_a_broken_plug_in_offers_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("1 / 0\n")
    assert offered(f"tbbuild -p {tmp_path / 'bad.py'} --mode n") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_shells_are_told(shell: str) -> None:
    command = [sys.executable, "-m", "tblvm", "completion", shell]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f"_TBBUILD_COMPLETE={shell}_complete" in text and f"_TBLVM_COMPLETE={shell}_complete" in text
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=text, text=True, check=True)
