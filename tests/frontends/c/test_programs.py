"""Programs in C as people write them: what tbbuild makes of them does what gcc's executables do."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"
NAMES = sorted(path.stem for path in PROGRAMS.glob("*.c") if path.stem != "files")
Compile = Callable[..., Path]


def outcome(executable: Path, stdin: bytes) -> tuple[int, bytes]:
    done = subprocess.run([executable], input=stdin, capture_output=True)
    return done.returncode, done.stdout


def test_there_are_as_many_as_promised() -> None:
    assert len(NAMES) >= 10
    assert all(len((PROGRAMS / f"{name}.c").read_text().splitlines()) > 100 for name in NAMES)


FILES = """
count in.txt sort in.txt out.txt count out.txt backwards out.txt append out.txt more count out.txt append new.txt x
rename new.txt newer.txt count newer.txt remove newer.txt count newer.txt records r.bin backwards missing count -
"""


def test_files_and_arguments(tblvm: Compile, gcc: Compile, tmp_path: Path) -> None:
    """A program that works on files, below a directory that it is given; what it leaves there is the same, too."""
    source, found = PROGRAMS / "files.c", []
    for name, executable in (("ours", tblvm(source, dir=".")), ("gcc", gcc(source))):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "in.txt").write_text("pear\napple\nfig\n" + "x" * 200 + "\n")
        done = subprocess.run([executable, *FILES.split()], cwd=folder, input=b"a b\n c", capture_output=True)
        assert done.stdout.count(b"\n") > 20
        kept = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert kept.keys() == {"in.txt", "out.txt", "r.bin"}
        found.append((done.returncode, done.stdout, done.stderr, kept))
    assert found[0] == found[1]


def test_files_of_others_stay_theirs(tblvm: Compile, tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "secret.txt"
    inside.mkdir()
    outside.write_text("secret")
    executable = tblvm(PROGRAMS / "files.c", dir=".")
    for name in ("../secret.txt", str(outside), "./../inside/../secret.txt"):
        done = subprocess.run([executable, "backwards", name], cwd=inside, capture_output=True)
        assert (done.returncode, b"terces" in done.stdout) == (1, False)


def test_environment_status_and_standard_error(tblvm: Compile, tmp_path: Path) -> None:
    source = tmp_path / "ends.c"
    source.write_text(
        "#include <assert.h>\n#include <errno.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <time.h>\n"
        'static void bye(void) { puts("bye"); }\nstatic void later(void) { puts("later"); }\n'
        "int main(int argc, char **argv) {\n  atexit(bye), atexit(later);\n"
        '  const char *home = getenv("HOME_OF_TEST"), *none = getenv("HOME_OF");\n'
        '  printf("%s %s %d %s\\n", home ? home : "?", none ? none : "-", argc, argv[argc - 1]);\n'
        '  fprintf(stderr, "to %s\\n", "stderr");\n  errno = ENOENT;\n  perror("it");\n'
        "  clock_t start = clock(); time_t now = time(NULL);\n  if (clock() < start || now < 1600000000) return 1;\n"
        "  assert(argc > 1);\n  exit(300);\n}\n"
    )
    executable = tblvm(source, env="HOME_OF_TEST")

    def run(*words: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [executable, *words],
            env={"HOME_OF_TEST": "/home", "HOME_OF_TESTS": "x"},
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout, done.stderr.replace(str(source), "ends.c")

    said = "to stderr\nit: No such file or directory\n"
    assert run("a", "last one") == (300 & 255, "/home - 3 last one\nlater\nbye\n", said)
    status, out, error = run()
    assert (status, out) == (134, f"/home - 1 {executable}\n")
    assert error.startswith(said + "ends.c:17: main: assertion failed: argc > 1\ntblvm: trap: unreachable\n")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_as_gcc_s(name: str, tblvm: Compile, gcc: Compile) -> None:
    source, given = PROGRAMS / f"{name}.c", PROGRAMS / f"{name}.in"
    stdin = given.read_bytes() if given.exists() else b""
    expected = outcome(gcc(source), stdin)
    assert len(expected[1]) > 80, "a program that prints nothing shows nothing"
    assert outcome(tblvm(source), stdin) == expected
