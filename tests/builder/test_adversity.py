"""What the machine does to a build: signals, full disks, closed streams, compilers that are none."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
LEAF = ".func main()\n  PUSH 1\n  PRINT\n  HALT\n.end\n"
LOOP = f'.func main()\n  CONST "{"R" * 300}"\n  PRINT\nagain:\n  JMP again\n.end\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with programs, and one for temporary files."""
    (tmp_path / "leaf.tba").write_text(LEAF)
    (tmp_path / "loop.tba").write_text(LOOP)
    (tmp_path / "tmp").mkdir()
    return tmp_path


@pytest.fixture
def started(place: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts a command line in a process group of its own, with a folder for temporary files."""

    def start(*words: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [BIN / words[0], *words[1:]],
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(place / "tmp"), **env},
        )

    return start


Started = Callable[..., subprocess.Popen[str]]


def compiler(place: Path, script: str) -> str:
    """A package ziglang whose compiler is a shell script; what PYTHONPATH is then. $REAL is the real one."""
    from tblvm.builder.toolchain import zig

    folder = place / "fake" / "ziglang"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "zig").write_text(f"#!/bin/sh\nREAL={zig()}\n{script}\n")
    (folder / "zig").chmod(0o755)
    return str(folder.parent)


# --- signals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_while_it_compiles_leaves_nothing(name: str, place: Path, started: Started) -> None:
    os.mkfifo(place / "begun")
    fake = compiler(place, f"echo $$ > '{place}/begun'; exec sleep 1000")
    process = started("tbbuild", "leaf.tba", PYTHONPATH=fake)
    with (place / "begun").open() as begun:  # opens when a compiler runs
        number = int(begun.readline())
    assert [each.name.startswith("tblvm-") for each in (place / "tmp").iterdir()] == [True]
    process.send_signal(getattr(signal, name))
    output, errors = process.communicate(timeout=60)
    status = 128 + getattr(signal, name)
    assert (process.returncode, output) == (status, "")
    assert errors == ("\ntbbuild: interrupted\n" if name == "SIGINT" else "")
    assert list((place / "tmp").iterdir()) == [] and not (place / "leaf").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_reaches_the_program_that_runs(name: str, place: Path, started: Started) -> None:
    for _ in range(3):  # program and tool get Ctrl-C at once: none may lose the other's end
        process = started("tbbuild", "-q", "--run", "loop.tba")
        assert process.stdout is not None and process.stdout.read(1) == "R"
        if name == "SIGINT":
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.terminate()
        output, errors = process.communicate(timeout=60)
        assert set(output) <= {"R"} and errors == ""
        assert process.returncode == 128 + getattr(signal, name)
        assert list((place / "tmp").iterdir()) == []


# --- disks and streams --------------------------------------------------------------------------------------


def limited(place: Path, words: list[str], most: int) -> subprocess.CompletedProcess[str]:
    """A command that cannot write files of more bytes: what a full disk does, without a disk."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    environment = {**os.environ, "TMPDIR": str(place / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [BIN / words[0], *words[1:]],
        cwd=place,
        capture_output=True,
        text=True,
        env=environment,
        preexec_fn=limit,
        check=False,
    )


@pytest.mark.parametrize("most", [0, 2000, 10_000])
def test_no_room_to_compile(most: int, place: Path) -> None:
    done = limited(place, ["tbbuild", "--no-cache", "leaf.tba"], most)
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert done.stderr.startswith("tbbuild: ") and "Traceback" not in done.stderr
    assert any(each in done.stderr for each in ("File too large", "No usable temporary", "room, in memory"))
    assert list((place / "tmp").iterdir()) == [] and not (place / "leaf").exists()


def test_no_room_for_what_was_made(place: Path) -> None:
    (place / "leaf.tbc").write_bytes(b"as before")
    done = limited(place, ["tblvm", "asm", "leaf.tba"], 50)
    assert (done.returncode, done.stderr) == (2, "tblvm: cannot write leaf.tbc: File too large\n")
    assert (place / "leaf.tbc").read_bytes() == b"as before"
    assert {each.name for each in place.iterdir()} == {"leaf.tba", "leaf.tbc", "loop.tba", "tmp"}


FULL = (
    *("tbbuild leaf.tba -o out", "tbbuild --report html leaf.tba -o out", "tbbuild --explain leaf.tba"),
    *("tbbuild --help", "tbbuild why --help", "tblvm --version", "tblvm ops", "tblvm dis leaf.tba"),
)


@pytest.mark.parametrize("line", FULL)
def test_standard_output_on_a_full_disk(line: str, place: Path) -> None:
    tool, *words = line.split()
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [BIN / tool, *words], cwd=place, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    told = f"{tool}: No space left on device: free some space or give access\n"
    assert (done.returncode, done.stderr) == (3, told)
    assert not (place / "out").exists()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_lead_nowhere(closed: str, place: Path) -> None:
    """And no file takes their place: what is written is whole."""
    line = f"'{BIN}/tbbuild' leaf.tba -o out {closed}"
    done = subprocess.run(["sh", "-c", line], cwd=place, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert subprocess.run([place / "out"], capture_output=True, check=True).stdout == b"1"
    line = f"'{BIN}/tbbuild' gone.tba {closed}"
    assert subprocess.run(["sh", "-c", line], cwd=place, capture_output=True, check=False).returncode == 2


def test_nobody_reads_any_more(started: Started) -> None:
    for words in (["tblvm", "ops"], ["tbbuild", "leaf.tba", "-o", "out"], ["tbbuild", "--help"]):
        process = started(*words)
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait(timeout=60)) == ("", 1)
        process.stderr.close()


# --- compilers ----------------------------------------------------------------------------------------------

AGAIN = "pip install --force-reinstall ziglang"
COMPILERS = {
    "printf '\\033[31mrubbish\\377\\n'": f"the C compiler made no object file of engine.c: {AGAIN}",
    "printf '\\033[31mrubbish\\n' >&2; exit 1": "the C compiler failed:\n?[31mrubbish",
    "kill -9 $$": "the C compiler was ended by signal 9: is there room, in memory and on the disk?",
    'for a; do :; done; echo hello > "$a"': f"the C compiler made no object file of engine.c: {AGAIN}",
    '[ $1 = clang ] && exec $REAL "$@"; exit 0': f"the linker failed:\nit made no executable: {AGAIN}",
    '[ $1 = clang ] && exec $REAL "$@"; for a; do :; done; echo hello > "$a"': (
        f"the linker failed:\nit made no executable: {AGAIN}"
    ),
    '[ $1 = clang ] && exec $REAL "$@"; kill -9 $$': "the linker was ended by signal 9: is there room, in memory and on the disk?",
}


@pytest.mark.parametrize("script", COMPILERS, ids=range(len(COMPILERS)))
def test_a_compiler_that_is_none(script: str, place: Path, started: Started) -> None:
    process = started("tbbuild", "-q", "leaf.tba", PYTHONPATH=compiler(place, script))
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (3, "", f"tbbuild: {COMPILERS[script]}\n")
    assert list((place / "tmp").iterdir()) == [] and not (place / "leaf").exists()


def test_no_compiler_at_all(place: Path, started: Started) -> None:
    (place / "none").mkdir()
    (place / "none" / "ziglang.py").write_text("raise ImportError")
    for words in (["tbbuild", "leaf.tba"], ["tblvm", "run", "leaf.tba"]):
        process = started(*words, PYTHONPATH=str(place / "none"))
        output, errors = process.communicate(timeout=60)
        told = f"{words[0]}: the compiler is missing: pip install ziglang==0.17.0\n"
        assert (process.returncode, output, errors) == (3, "", told)
