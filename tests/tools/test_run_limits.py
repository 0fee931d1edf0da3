"""tblvm run with limits and behind walls: what arrives, what is said, how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tblvm import IsolationError
from tblvm.isolation import levels
from tblvm.tools.cli import main
from tests.programs import EXAMPLES, expected

PROGRAMS = {
    "hello": '.func main() -> i32\n CONST "hello\\n"\n PRINT\n PUSH 7\n RET\n.end\n',
    "spin": ".func main()\nagain:\n JMP again\n.end\n",
    "yes": '.func main()\nagain:\n CONST "y\\n"\n PRINT\n JMP again\n.end\n',
    "deep": ".func main()\n CALL main\n RET\n.end\n",
    "fill": ".func main()\n PUSH 100000\n NEWARRAY u8[]\n POP\n RET\n.end\n",
    "zero": ".func main()\n PUSH 1\n PUSH 0\n DIV\n POP\n RET\n.end\n",
    "clock": ".func main()\n PUSH 0\n TIME_GET\n POP\n RET\n.end\n",
    "echo": (
        ".func main()\nagain:\n GETCHAR\n DUP\n PUSH -1\n JEQ end\n PUTCHAR\n JMP again\nend:\n POP\n RET\n.end\n"
    ),
    "add": ".export add\n.func main()\n RET\n.end\n.func add(a: i32, b: i32) -> i32\n LOAD a\n LOAD b\n ADD\n RET\n.end\n",
}


def has(level: str) -> bool:
    with contextlib.suppress(IsolationError):
        return levels.choose(level) == level
    return False


AUTO = levels.choose("auto")
LEVELS = ["none", *filter(has, ("process", "mpk"))]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All runs share what is built."""
    return {"TBLVM_CACHE_DIR": str(tmp_path_factory.mktemp("cache")), "TBLVM_CACHE_SIZE": "1G"}


@pytest.fixture
def invoke(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for name, text in PROGRAMS.items():
        (tmp_path / f"{name}.tba").write_text(text)

    def run(*arguments: str, stdin: bytes = b"") -> Result:
        return CliRunner().invoke(main, ["run", *arguments], input=stdin)

    return run


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("program", "limit", "reason", "status", "message"),
    [
        ("spin", ["--fuel", "1e4"], "fuel", 134, "tblvm: trap: out of fuel\n  at main (spin.tba:3)\n"),
        ("fill", ["--memory", "16K"], "memory", 134, "tblvm: trap: out of memory\n  at main (fill.tba:3)\n"),
        ("deep", ["--stack", "1K"], "stack", 134, "tblvm: trap: stack overflow\n  at main (deep.tba:2)\n"),
        ("yes", ["--output", "10"], "output", 134, "tblvm: trap: too much output: the limit is 10 bytes\n"),
        ("spin", ["--timeout", "50ms"], "deadline", 124, "tblvm: trap: the time is up: the call took more"),
        (
            "zero",
            ["--fuel", "9"],
            "trap",
            134,
            "tblvm: trap: integer divide by zero\n  at main (zero.tba:4)\n",
        ),
    ],
)
def test_every_limit_ends_it_and_says_so(
    invoke: Callable[..., Result],
    level: str,
    program: str,
    limit: list[str],
    reason: str,
    status: int,
    message: str,
) -> None:
    done = invoke("--isolation", level, *limit, f"{program}.tba")
    assert done.exit_code == status and done.stderr.startswith(message)
    assert done.stdout == ("y\n" * 5 if program == "yes" else "")
    # What machines read of it.
    done = invoke("--isolation", level, *limit, "--report", "--json", f"{program}.tba")
    data = json.loads(done.stderr[done.stderr.index("{") :])
    assert (data["exit_reason"], data["status"], data["isolation"]) == (reason, status, level)
    assert done.exit_code == status and data["ended"] == ""


def test_nothing_is_said_that_was_not_asked_for(invoke: Callable[..., Result]) -> None:
    for words in (["--isolation", "none"], ["--fuel", "1e6"], ["--isolation", "auto", "--output", "6"]):
        done = invoke(*words, "hello.tba")
        assert (done.exit_code, done.stdout, done.stderr) == (7, "hello\n", "")


def test_a_limit_or_a_grant_brings_the_strongest_walls(invoke: Callable[..., Result]) -> None:
    for words, level in (
        (["--fuel", "1e6"], AUTO),
        (["--heap", "1M"], AUTO),
        (["--grant", "clock"], AUTO),
        ([], "none"),
        (["--isolation", "none", "--fuel", "1e6"], "none"),
    ):
        done = invoke(*words, "--report", "hello.tba")
        assert done.exit_code == 7 and f"isolation      {level}\n" in done.stderr
        assert done.stderr.startswith("exit reason    ended, status 7\nprogram        hello.tba\n")
    assert f"{10**6:,} instructions" in invoke("--fuel", "1e6", "--report", "hello.tba").stderr


def test_what_is_not_granted_is_refused(invoke: Callable[..., Result]) -> None:
    done = invoke("--fuel", "1e6", "clock.tba")
    assert done.exit_code == 4 and "not granted: clock" in done.stderr and done.stdout == ""
    assert invoke("--grant", "clock", "clock.tba").exit_code == 0
    assert invoke("clock.tba").exit_code == 0  # without any limit or grant it may use all
    done = invoke("--grant", "clok", "clock.tba")
    assert done.exit_code == 2 and "did you mean clock" in done.stderr


def test_what_cannot_be_had_is_status_6(invoke: Callable[..., Result]) -> None:
    words = ["--grant", "screen"]
    done = invoke(*words, "hello.tba")
    assert done.exit_code == 6 and "a screen is a file" in done.stderr and "--isolation none" in done.stderr
    assert invoke("--isolation", "none", *words, "hello.tba").exit_code == 7
    assert invoke("--fuel", "1e6", "--dir", ".", "hello.tba").exit_code == 7  # workers have them
    if not has("mpk"):
        done = invoke("--isolation", "mpk", "hello.tba")
        assert done.exit_code == 6 and "--isolation process" in done.stderr and done.stdout == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--fuel", "lots"], "fuel: 'lots' is no number"),
        (["--memory", "1"], "memory is from 64"),
        (["--timeout", "0"], "a timeout is a number of seconds above 0"),
        (["--isolation", "some"], "no isolation level is called some"),
        (["--json"], "--json is for --report"),
        (["--memry", "1M"], "No such option"),
    ],
)
def test_wrong_usage(invoke: Callable[..., Result], words: list[str], message: str) -> None:
    done = invoke(*words, "hello.tba")
    assert done.exit_code == 2 and message in done.stderr and done.stdout == ""


@pytest.mark.parametrize("level", LEVELS)
def test_input_and_arguments(invoke: Callable[..., Result], level: str) -> None:
    data = bytes(range(1, 256)) * 40
    done = invoke("--isolation", level, "--timeout", "60s", "echo.tba", stdin=data)
    assert (done.exit_code, done.stdout_bytes) == (0, data)
    done = invoke("--isolation", level, "add.tba", "--invoke", "add", "30", "12")
    assert (done.exit_code, done.stdout) == (0, "42\n")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_behind_walls(path: Path, invoke: Callable[..., Result]) -> None:
    """They do what they do without; those that draw cannot."""
    wanted = expected(path.read_text())
    done = invoke("--timeout", "1m", "--output", "1M", "--grant", "clock", str(path), stdin=wanted.stdin)
    if "PIXEL_SET" in path.read_text():
        assert done.exit_code == 4 and "not granted: screen" in done.stderr
        return
    assert done.stdout_bytes == wanted.output and done.stderr == ""


# --- as a process -----------------------------------------------------------------------------------------


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    for name, text in PROGRAMS.items():
        (tmp_path / f"{name}.tba").write_text(text)
    with contextlib.ExitStack() as stack:

        def run(*words: str) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(
                [sys.executable, "-m", "tblvm", "run", *words],
                cwd=tmp_path,
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield run


@pytest.mark.parametrize("level", LEVELS)
def test_as_a_process(start: Callable[..., subprocess.Popen[bytes]], level: str) -> None:
    """Signals, pipes that close, input that comes bit by bit, input that never comes."""
    # Whoever asks us to end is obeyed.
    for number, said in ((signal.SIGINT, b"\ntblvm: interrupted\n"), (signal.SIGTERM, b"")):
        process = start("--isolation", level, "yes.tba")
        assert process.stdout is not None
        assert process.stdout.readline() == b"y\n"
        process.send_signal(number)
        assert process.communicate(timeout=120)[1] == said and process.returncode == 128 + number
    # A reader that has enough ends an endless writer.
    process = start("--isolation", level, "yes.tba")
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline() == b"y\n"
    process.stdout.close()
    assert process.wait(timeout=120) == 1 and process.stderr.read() == b""
    # What has come is read, answered before more comes.
    process = start("--isolation", level, "--output", "2", "echo.tba")
    assert process.stdin is not None and process.stdout is not None
    for letter in (b"a", b"b"):
        process.stdin.write(letter)
        process.stdin.flush()
        assert process.stdout.read(1) == letter
    process.stdin.close()
    assert process.wait(timeout=120) == 0
    # A deadline does not wait for input.
    process = start("--isolation", level, "--timeout", "200ms", "echo.tba")
    assert process.wait(timeout=120) == 124
    assert process.stderr is not None and b"the time is up" in process.stderr.read()
