"""`tblvm map` as a process, in sandboxes: pipes, signals, kill -9 in the middle, terminals."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .programs import PLAIN

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(cache: Path, tmp_path: Path) -> Start:
    (tmp_path / "p.tba").write_text(PLAIN)

    def start(*words: str, **more: Any) -> subprocess.Popen[bytes]:
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        environment = {
            each: os.environ[each] for each in os.environ if each not in ("CI", "NO_COLOR", "FORCE_COLOR")
        }
        environment |= {"TBLVM_CACHE_SIZE": "100M", "TBLVM_CACHE_DIR": str(cache), "TERM": "xterm"}
        environment |= more.pop("env", {})
        return subprocess.Popen(
            [sys.executable, "-m", "tblvm", "map", "p.tba", *words],
            cwd=tmp_path,
            **{**streams, "env": environment, **more},
        )

    return start


def values(text: bytes) -> list[int]:
    return [json.loads(each)["value"] for each in text.splitlines()[1:]]


def test_a_pipe_in_and_out(start: Start) -> None:
    """A result is there before the next input is: who writes may wait for it."""
    host = start("-", "--call", "div", "--workers", "2")
    assert host.stdin is not None and host.stdout is not None
    for n in range(5):
        host.stdin.write(b"[%d, 1]\n" % n)
        host.stdin.flush()
        if n == 0:
            head = json.loads(host.stdout.readline())
            assert head["tblvm"] == "map" and head["level"] in ("process", "mpk")
        assert json.loads(host.stdout.readline())["value"] == n
    host.stdin.close()
    assert (host.stdout.read(), host.stderr and host.stderr.read(), host.wait(60)) == (b"", b"", 0)


@pytest.mark.repeated
def test_nobody_reads_any_more(start: Start) -> None:
    host = start("-", "--call", "div")
    assert host.stdin is not None and host.stdout is not None
    host.stdin.write(b"[1, 1]\n" * 3)
    host.stdin.flush()
    host.stdout.readline()
    host.stdout.close()
    _, err = host.communicate(b"[1, 1]\n" * 1000, timeout=60)
    assert (err, host.returncode) == (b"", 1)


def written(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.parametrize("order", [[], pytest.param(["--unordered"], marks=pytest.mark.repeated)])
def test_kill_9_in_the_middle(start: Start, tmp_path: Path, order: list[str]) -> None:
    """As often as it takes: at the end there is one result of each, and nothing that was there has changed."""
    count, out = 60, tmp_path / "out"
    (tmp_path / "in").write_text("".join(f"[{n}, 1]\n" for n in range(count)))
    before = b""
    for limit in (2, 20, 45):
        host = start("in", "-o", "out", "--resume", "--call", "div", *order)
        while host.poll() is None and written(out) < limit:
            time.sleep(0.001)
        host.kill()
        host.communicate()
        kept, before = before[: before.rfind(b"\n") + 1], out.read_bytes()
        assert before.startswith(kept)
    _, err = start("in", "-o", "out", "--resume", "--call", "div", *order).communicate(timeout=100)
    found = values(out.read_bytes())
    assert err == b"" and (found if not order else sorted(found)) == [*range(count)]


def sandboxes(number: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == number and b"tblvm-worker" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_kill_9_of_a_sandbox(start: Start) -> None:
    """Its input has an error of its own; the other one is done."""
    host = start("-", "--call", "spin", "--workers", "1", "--isolation", "process")
    assert host.stdin is not None and host.stdout is not None
    host.stdin.write(b"1\n0\n")
    host.stdin.close()
    host.stdout.readline()
    while not (found := sandboxes(host.pid)):
        time.sleep(0.001)
    os.kill(found[0], signal.SIGKILL)
    first, second = (json.loads(host.stdout.readline()) for _ in range(2))
    assert first["error"]["type"] in ("Crashed", "IsolationError") and second["value"] == 1
    assert host.wait(60) in (134, 1)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_it_at_once(start: Start, tmp_path: Path, number: signal.Signals, status: int) -> None:
    """What has a result keeps it, and no sandbox is left."""
    (tmp_path / "in").write_text("0\n1\n1\n1\n")
    host = start("in", "-o", "out", "--call", "spin", "--workers", "2")
    while written(tmp_path / "out") < 2:
        time.sleep(0.001)
    mine = sandboxes(host.pid)
    host.send_signal(number)
    _, err = host.communicate(timeout=60)
    assert host.returncode == status and err == (b"\ntblvm: interrupted\n" if status == 130 else b"")
    assert values((tmp_path / "out").read_bytes()) == [1]
    assert not any(b"tblvm-worker" in name(each) for each in mine)


def name(number: int) -> bytes:
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return b""


def on_a_terminal(start: Start, *words: str, **more: Any) -> bytes:
    """What standard error has, where that is a terminal."""
    ours, theirs = pty.openpty()
    host = start(*words, stderr=theirs, **more)
    os.close(theirs)
    text = b""
    while True:
        select.select([ours], [], [], 60)
        try:
            if not (data := os.read(ours, 4096)):
                break
        except OSError:  # the other end is closed
            break
        text += data
    os.close(ours)
    host.communicate(timeout=60)
    assert host.returncode == 0
    return text


COLOUR = re.compile(rb"\x1b\[[0-9;]*m")


@pytest.mark.repeated
def test_progress_is_for_terminals(start: Start, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("[4, 2]\n" * 5)
    words = ("in", "--call", "div")
    shown = on_a_terminal(start, *words, "-o", "one")
    assert b"5/5" in shown and COLOUR.search(shown)
    shown = on_a_terminal(start, *words, "-o", "two", env={"NO_COLOR": "1"})
    assert b"5/5" in shown and not [
        each for each in COLOUR.findall(shown) if each not in (b"\x1b[0m", b"\x1b[1m")
    ]
    assert on_a_terminal(start, *words, "-o", "three", "-q") == b""
    assert on_a_terminal(start, *words, "-o", "four", env={"CI": "1"}) == b""
    out, err = start(*words).communicate(timeout=60)
    assert err == b"" and values(out) == [2] * 5
