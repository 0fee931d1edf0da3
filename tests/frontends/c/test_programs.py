"""Programs in C as people write them: what tbbuild makes of them does what gcc's executables do."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"
# With the options of gcc's that make them the same there.
NAMES = sorted(path.stem for path in PROGRAMS.glob("*.c") if path.stem != "files")
Compile = Callable[..., Path]


def outcome(executable: Path, stdin: bytes) -> tuple[int, bytes]:
    done = subprocess.run([executable], input=stdin, capture_output=True)
    return done.returncode, done.stdout


def test_there_are_as_many_as_promised() -> None:
    assert len(NAMES) >= 10
    assert all(len((PROGRAMS / f"{name}.c").read_text().splitlines()) > 100 for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_as_gcc_s(name: str, tblvm: Compile, gcc: Compile) -> None:
    source, given = PROGRAMS / f"{name}.c", PROGRAMS / f"{name}.in"
    stdin = given.read_bytes() if given.exists() else b""
    expected = outcome(gcc(source), stdin)
    assert len(expected[1]) > 80, "a program that prints nothing shows nothing"
    assert outcome(tblvm(source), stdin) == expected
