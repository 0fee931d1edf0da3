"""TIME_GET and EVENT_WAIT: what holds whatever the time is."""

from __future__ import annotations

import subprocess
import time
from types import SimpleNamespace
from typing import Any

import pytest

from tblvm.core.devices import services
from tblvm.opcodes import i32
from tests.harness import EVERYWHERE

SHOW = "  PRINT\n  PUSH 10\n  PUTCHAR\n"


def program(*steps: str) -> str:
    return ".func main()\n" + "".join(steps) + "  HALT\n.end\n"


def get(what: int) -> str:
    return f"  PUSH {what}\n  TIME_GET\n{SHOW}"


def wait(milliseconds: int) -> str:
    return f"  CONST {milliseconds}\n  EVENT_WAIT\n{SHOW}"


def numbers(done: subprocess.CompletedProcess[bytes]) -> list[int]:
    assert (done.returncode, done.stderr) == (0, b"")
    return [int(line) & 0xFFFFFFFF for line in done.stdout.split()]


@pytest.mark.parametrize("target", EVERYWHERE)
def test_clocks(ready: Any, target: str) -> None:
    made = ready(program(get(4), get(1), get(3), get(4), get(0), get(2), get(4), get(0)), target)
    before = time.time()
    zero, seconds, low, high, milliseconds, micro, micro_high, again = numbers(made.run())
    after = time.time()
    assert zero == 0
    assert int(before) <= seconds <= after
    assert before - 1 <= (high << 32 | low) / 1e6 <= after + 1
    steady = (micro_high << 32 | micro) // 1000
    assert 0 <= (steady - milliseconds) % 2**32 < 60_000
    assert 0 <= (again - steady) % 2**32 < 60_000


@pytest.mark.parametrize("target", EVERYWHERE)
def test_waiting_takes_the_time_that_it_says(ready: Any, target: str) -> None:
    made = ready(program(get(0), wait(40), wait(0), get(0)), target)
    process = subprocess.Popen(made.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    before, event, at_once, after = (int(line) & 0xFFFFFFFF for line in process.stdout.read().split())
    process.stdin.close()
    process.stdout.close()
    assert process.wait() == 0
    assert (event, at_once) == (0, 0)
    assert 40 <= (after - before) % 2**32 < 60_000


@pytest.mark.parametrize("target", EVERYWHERE)
def test_waiting_ends_with_input_and_with_its_end(ready: Any, target: str) -> None:
    text = program(
        "  PUSH 62\n  PUTCHAR\n", wait(-1), "  GETCHAR\n" + SHOW, wait(-1), "  GETCHAR\n" + SHOW, wait(-5)
    )
    made = ready(text, target)
    process = subprocess.Popen(made.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert process.stdin is not None and process.stdout is not None
    assert process.stdout.read(1) == b">"  # what was printed is there before the wait
    process.stdin.write(b"ab")  # one read takes both: the second wait finds the buffer
    process.stdin.close()
    assert process.stdout.read().split() == [b"1", b"97", b"1", b"98", b"2"]
    process.stdout.close()
    assert process.wait() == 0


@pytest.mark.parametrize("target", EVERYWHERE)
def test_a_deadline_ends_a_wait(ready: Any, target: str) -> None:
    made = ready(program(wait(-1)), target, timeout=100)
    process = subprocess.Popen(made.words, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None and process.stderr is not None
    assert process.stderr.read().splitlines()[0] == b"tblvm: trap: interrupted: the time is up"
    process.stdin.close()
    process.stderr.close()
    assert process.wait() == 124


def test_a_closed_input_is_at_its_end(ready: Any) -> None:
    made = ready(program(wait(-1)))
    done = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *made.words], capture_output=True, check=False)
    assert done.stdout == b"2\n"


def test_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = services.Clock(steady=(5 << 52) + 123_456_789, real=1_795_000_000_987_654_321)
    monkeypatch.setattr(services, "machine", lambda: SimpleNamespace(state=lambda cls: clock))

    def reading(what: int) -> int:
        low = services.time_get.model(i32(what)).v & 0xFFFFFFFF
        return (services.time_get.model(i32(4)).v & 0xFFFFFFFF) << 32 | low

    assert [reading(what) for what in range(4)] == [
        clock.steady // 10**6,
        clock.real // 10**9,
        clock.steady // 10**3,
        clock.real // 10**3,
    ]
