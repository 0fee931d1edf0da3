"""Thousands of runs that are hostile or crash, in one host: nothing is left of any of them.

A sample here; TBLVM_TEST_SCALE=25 makes the 10,000 runs, and 200 sandboxes at once."""

from __future__ import annotations

import faulthandler
import fcntl
import gc
import io
import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tblvm
from tblvm import Trap
from tblvm.embed.errors import SandboxError
from tblvm.isolation import channel
from tblvm.isolation.walls import call_number

from .native import PLUGIN, program

pytestmark = [
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="the hostile code is for x86-64"),
    pytest.mark.outside,
]
SEED = int(os.environ.get("TBLVM_TEST_SEED", "17"))
SCALE = float(os.environ.get("TBLVM_TEST_SCALE", "1"))
RUNS = int(400 * SCALE)
AT_ONCE = min(200, int(48 * SCALE))
ARENA = 0x100000000000


def children() -> set[str]:
    """Processes that this one has started and nobody has waited for."""
    found: set[str] = set()
    for each in Path("/proc/self/task").iterdir():
        found.update((each / "children").read_text().split())
    return found


def held() -> dict[str, int]:
    """What a process has: descriptors, threads, children, arenas."""
    gc.collect()
    return {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "children": len(children()),
        "arenas": Path("/proc/self/maps").read_text().count("tblvm arena"),
    }


def resident() -> int:
    """KiB of memory: this process's own, and what it shares with others."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return sum(int(fields[each].split()[0]) for each in ("RssAnon", "RssShmem"))


def attack(vm: tblvm.Instance, rng: random.Random) -> str:
    """One of what a hostile program does; gives which."""
    kind = rng.choice(
        ("read", "write", "jump", "stack", "deep", "call", "trap", "fuel", "quiet", "kill", "lie")
    )
    far = rng.choice((0, 8, 1 << 46, rng.getrandbits(47)))
    if kind in ("read", "jump", "stack"):
        vm.call(kind, far)
    elif kind == "write":
        vm.call(kind, far, 1)
    elif kind == "deep":
        vm.call(kind, 1 << 40)
    elif kind == "call":
        name = rng.choice(("execve", "fork", "socket", "open", "mmap", "kill", "ptrace", "io_uring_setup"))
        vm.call("call", call_number(name), *[0] * 6)
    elif kind == "trap":
        vm.call("divide", 0)
    elif kind == "fuel":
        vm.fuel = rng.randrange(1000)
        vm.call("endless")
    elif kind == "kill":
        vm._lib.guest(vm._context).channel.kill()
        vm.call("seven")
    elif kind == "lie":
        vm.call("lie", rng.randrange(6), rng.randrange(12), rng.getrandbits(20), rng.getrandbits(63), 0)
    return kind


TEXT = (
    program().decode()
    + ".func divide(n: i32) -> i32\n  PUSH 1\n  LOAD n\n  DIV\n  RET\n.end\n.func endless()\nagain:\n  JMP again\n.end\n"
)


def attacked(store: tblvm.Store, rng: random.Random) -> tuple[str, str]:
    """What was done, and what came of it: one typed error, or nothing."""
    kind = ended = "quiet"
    vm = store.load(TEXT.encode())
    state = rng.getstate()
    try:
        kind = attack(vm, rng)
    except (Trap, SandboxError) as error:
        ended = type(error).__name__
        rng.setstate(state)
        kind = rng.choice(
            ("read", "write", "jump", "stack", "deep", "call", "trap", "fuel", "quiet", "kill", "lie")
        )
    finally:
        vm.close()
    return kind, ended


@pytest.fixture
def store() -> Iterator[tblvm.Store]:
    made = tblvm.Store(
        plugins=[PLUGIN], isolation="process", memory="1M", timeout=20, stdin=b"", stdout=io.BytesIO()
    )
    made.load(TEXT.encode()).close()
    yield made


def test_nothing_is_left_of_thousands_of_hostile_runs(store: tblvm.Store) -> None:
    rng = random.Random(SEED)
    handled: list[int] = []
    before_handler = signal.signal(signal.SIGUSR1, lambda number, frame: handled.append(number))
    with tempfile.TemporaryFile() as said:
        faulthandler.enable(said)
        seen: dict[str, set[str]] = {}
        try:
            for _ in range(30):  # what a process has for all runs is there afterwards
                attacked(store, rng)
            before, memory = held(), resident()
            for run in range(RUNS):
                kind, ended = attacked(store, rng)
                seen.setdefault(kind, set()).add(ended)
                if run % 97 == 0:
                    signal.raise_signal(signal.SIGUSR1)
                    assert len(handled) == run // 97 + 1
            after = held()
            assert after == before or all(after[each] <= before[each] + 2 for each in after), (
                before,
                after,
                SEED,
            )
            # A few hundred bytes a run would be a leak.
            assert resident() - memory < max(8 << 10, RUNS // 4), f"{resident() - memory} KiB, seed {SEED}"
            assert faulthandler.is_enabled()
        finally:
            faulthandler.disable()
            signal.signal(signal.SIGUSR1, before_handler)
        said.seek(0)
        assert said.read() == b""  # faults were of workers, none of this process
    assert seen["quiet"] == {"quiet"} and seen["trap"] == {"Trap"} and seen["fuel"] == {"FuelExhausted"}
    assert seen["call"] == {"Blocked"} and seen["kill"] == {"Crashed"}
    assert all(
        ends <= {"Violation", "Crashed"}
        for kind, ends in seen.items()
        if kind in ("read", "write", "jump", "stack", "deep")
    ), seen


def test_many_at_once_in_eight_threads(store: tblvm.Store) -> None:
    """Each thread has its share, and uses them all in turns; those that are attacked end, and no other."""
    before = held()
    wrong: list[object] = []

    def work(number: int) -> None:
        rng = random.Random(SEED + number)
        vms = [store.load(TEXT.encode()) for _ in range(AT_ONCE // 8)]
        start.wait(120)
        try:
            for _ in range(3):
                for index, vm in enumerate(vms):
                    assert vm.call("seven") == 7
                    vm.memory()[0:4] = (number << 16 | index).to_bytes(4, "little")
                for index, vm in enumerate(vms):
                    assert vm.memory()[0:4] == (number << 16 | index).to_bytes(4, "little")
                victim = rng.randrange(len(vms))
                try:
                    vms[victim].call("read", 0)
                    wrong.append("it could read")
                except SandboxError:
                    pass
                vms[victim].close()
                vms[victim] = store.load(TEXT.encode())
        except BaseException as error:
            wrong.append(error)
        finally:
            for vm in vms:
                vm.close()

    start = threading.Barrier(8)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not wrong, (wrong, SEED)
    after = held()
    assert all(after[each] <= before[each] + 3 for each in after), (before, after)


# --- faults ---------------------------------------------------------------------------------------------------


def test_a_worker_is_killed_at_any_moment(store: tblvm.Store) -> None:
    """SIGKILL while it runs, while it is idle, while its host function runs: Crashed, and the next one runs."""
    rng = random.Random(SEED)
    text = (
        TEXT
        + ".func sum(n: i32) -> i32\n  .local s: i32\nagain:\n  LOAD s\n  LOAD n\n  ADD\n  STORE s\n  LOAD n\n  DEC\n  DUP\n  STORE n\n  JNZ again\n  LOAD s\n  RET\n.end\n"
    )
    ends = []
    for _ in range(int(40 * SCALE)):
        vm = store.load(text.encode())
        guest = vm._lib.guest(vm._context)
        timer = threading.Timer(rng.random() * 0.01, guest.channel.kill)
        timer.start()
        try:
            for _ in range(100_000):
                assert vm.call("sum", 2000) == 2001000
        except SandboxError as error:
            ends.append(type(error).__name__)
        finally:
            timer.join()
            vm.close()
    assert set(ends) == {"Crashed"} and len(ends) == int(40 * SCALE), (ends, SEED)


def test_a_storm_of_signals(store: tblvm.Store) -> None:
    """An interval timer of 1 ms with a handler in Python: calls, host functions and loads are as ever."""
    ticks = [0]

    def tick(number: int, frame: object) -> None:
        ticks[0] += 1

    before = signal.signal(signal.SIGALRM, tick)
    text = (
        '.import ask(n: i32) -> i32: "env", "ask"\n'
        + TEXT
        + ".func go(n: i32) -> i32\n  LOAD n\n  CALL ask\n  RET\n.end\n"
    )
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        end = time.monotonic() + 0.7 * min(SCALE, 10)
        while time.monotonic() < end:
            vm = store.load(text.encode(), imports={"env": {"ask": lambda n: n + 1}})
            for n in range(200):
                assert vm.call("go", n) == n + 1
            with pytest.raises(SandboxError):
                vm.call("read", 0)
            vm.close()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert ticks[0] > 20


def test_a_handler_that_raises_ends_the_call(store: tblvm.Store) -> None:
    """Ctrl-C, while native code never looks at its flag: the exception comes through, the guest ends."""

    class Enough(Exception):
        pass

    def handler(number: int, frame: object) -> None:
        raise Enough

    before = signal.signal(signal.SIGALRM, handler)
    try:
        with store.load(TEXT.encode(), timeout=60) as vm:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(Enough):
                vm.call("spin")
        with store.load(TEXT.encode()) as vm:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(Enough):
                vm.call("endless")
            assert vm.call("seven") == 7
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


FORKS = """
import os, sys
import tblvm
from tests.attacks.test_endurance import children
text = b".func main()\\n  RET\\n.end\\n.func f(n: i32) -> i32\\n  LOAD n\\n  INC\\n  RET\\n.end\\n"
store = tblvm.Store(isolation="process", timeout=30)
vm = store.load(text)
assert vm.call("f", 1) == 2
for _ in range(3):
    child = os.fork()
    if not child:
        try:
            try:
                vm.call("f", 1)
            except (tblvm.IsolationError, tblvm.InstanceClosed) as error:
                print("a child has none of its parent's:", type(error).__name__)
            other = store.load(text)
            assert other.call("f", 2) == 3
            other.close()
            os._exit(0)
        finally:
            sys.stdout.flush()
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert vm.call("f", 5) == 6
    another = store.load(text)
    assert another.call("f", 6) == 7
    another.close()
vm.close()
assert not children()
print("all is well")
"""


def test_a_host_forks() -> None:
    """Parent and child go on; what is the parent's stays the parent's."""
    done = subprocess.run(
        [sys.executable, "-c", FORKS], capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 0 and "all is well" in done.stdout, done.stdout + done.stderr


def test_a_host_function_that_never_returns(store: tblvm.Store) -> None:
    """The deadline holds: the host's caller goes on, and is told so."""
    text = (
        '.import ask(n: i32) -> i32: "env", "ask"\n'
        + TEXT
        + ".func go(n: i32) -> i32\n  LOAD n\n  CALL ask\n  RET\n.end\n"
    )
    never = threading.Event()
    vm = store.load(text.encode(), imports={"env": {"ask": lambda n: never.wait(600) or 0}}, timeout=0.2)
    start = time.monotonic()
    with pytest.raises(tblvm.DeadlineExceeded):
        vm.call("go", 1)
    assert time.monotonic() - start < 30
    never.set()
    vm.close()


def _helpers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "tblvm host function"]


@pytest.mark.parametrize("late", ["gives", "raises"])
def test_what_comes_late_is_nobody_s(store: tblvm.Store, late: str) -> None:
    """A host function that was left behind ends while a later call runs: neither what it gives nor what it raises
    gets there."""
    released = threading.Event()

    def ask(n: int) -> int:
        if n == 2:
            mapped.slots[0] = 12345
            released.set()
            behind.join(60)
            assert mapped.slots[0] == 12345
            return n + 1
        released.wait(600)
        if late == "raises":
            raise ValueError("of the call before")
        return 99

    text = (
        '.import ask(n: i32) -> i32: "env", "ask"\n'
        + TEXT
        + ".func go(n: i32) -> i32\n  LOAD n\n  CALL ask\n  RET\n.end\n"
    )
    with store.load(text.encode(), imports={"env": {"ask": ask}}, timeout=0.3) as vm:
        mapped = vm._lib.guest(vm._context)
        others = _helpers()
        with pytest.raises(tblvm.DeadlineExceeded):
            vm.call("go", 1)
        (behind,) = (each for each in _helpers() if each not in others)
        assert vm.call("go", 2) == 3


LIMITED = """
import gc, os, resource, sys
import tblvm
from tests.attacks.test_endurance import children
text = b".func main()\\n  RET\\n.end\\n.func f(n: i32) -> i32\\n  LOAD n\\n  INC\\n  RET\\n.end\\n"
store = tblvm.Store(isolation="process", timeout=30, memory="1M")
vm = store.load(text)
what = sys.argv[1]
kept = []
if what == "descriptors":
    resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))
elif what == "addresses":
    now = int(open("/proc/self/statm").read().split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (now + (600 << 20), now + (600 << 20)))
try:
    for _ in range(500):
        kept.append(store.load(text))
except (tblvm.IsolationError, MemoryError) as error:
    print(type(error).__name__, error)
count = len(kept)
assert vm.call("f", 1) == 2
for each in kept:
    assert each.call("f", 3) == 4
    each.close()
del kept[:], each
gc.collect()  # addresses are given back with the last one who knows them
for _ in range(count):
    kept.append(store.load(text))
for each in kept:
    each.close()
vm.close()
assert not children()
print("all is well", count)
"""


@pytest.mark.parametrize("what", ["descriptors", "addresses"])
def test_the_system_gives_no_more(what: str) -> None:
    """One clear error, those that are there go on, and what they give back serves again."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, what], capture_output=True, text=True, check=False, timeout=250
    )
    assert done.returncode == 0 and "all is well" in done.stdout, done.stdout + done.stderr
    assert "Error" in done.stdout.splitlines()[0], done.stdout


# What starting a worker asks of the system, from Python.
SET_UP = (
    *("memfd_create", "ftruncate", "socketpair", "pipe2", "posix_spawn", "pidfd_open"),
    *("fcntl", "mmap"),
)


def _failing(calls: Iterator[int], skip: int, real: Any) -> Any:
    """The same, but that all calls fail after the first ones."""

    def call(*words: Any, **named: Any) -> Any:
        if next(calls) >= skip:
            raise OSError(12, "it was made to fail")
        return real(*words, **named)

    return call


def _given(it: object) -> object:
    return it


@pytest.mark.parametrize("name", SET_UP)
def test_each_call_of_the_set_up_fails(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An IsolationError each time, and nothing is left; the next one starts."""
    store = tblvm.Store(isolation="process", memory="1M")
    text = b".func main()\n  RET\n.end\n.func f(n: i32) -> i32\n  LOAD n\n  INC\n  RET\n.end\n"
    store.load(text).close()
    for skip in range(8):
        before = held()
        failing = partial(_failing, itertools.count(), skip)
        with monkeypatch.context() as patch:
            if name == "socketpair":
                patch.setattr(socket, "socketpair", failing(socket.socketpair))
            elif name == "fcntl":
                patch.setattr(fcntl, "fcntl", failing(fcntl.fcntl))
            elif name == "mmap":
                real = channel._system()
                broken = SimpleNamespace(mmap=failing(real.mmap), munmap=real.munmap, madvise=real.madvise)
                patch.setattr(channel, "_system", partial(_given, broken))
            else:
                patch.setattr(os, name, failing(getattr(os, name)))
            try:
                store.load(text).close()
                worked = True
            except tblvm.IsolationError as error:
                worked = False
                assert "close some sandboxes" in str(error) or "worker" in str(error)
        after = held()
        assert all(after[each] <= before[each] for each in ("descriptors", "children")), (
            name,
            skip,
            before,
            after,
        )
        if worked:
            break
    with store.load(text) as vm:
        assert vm.call("f", 1) == 2
    if name not in ("pipe2",):  # one pipe is for all workers
        assert skip > 0 or not worked, "it is not called"
