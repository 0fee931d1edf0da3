"""Thousands of runs that are hostile or crash, in one host: nothing is left of any of them.

A sample here; TBLVM_TEST_SCALE=25 makes the 10,000 runs, and 200 sandboxes at once. Behind protection keys there are
fewer of both: they run in an emulated machine."""

from __future__ import annotations

import contextlib
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
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tblvm
from tblvm import Trap
from tblvm.embed.errors import SandboxError
from tblvm.isolation import channel
from tblvm.isolation.keys.guest import alive
from tblvm.isolation.keys.places import PLACES
from tblvm.isolation.mappings import mappings
from tblvm.isolation.walls import call_number
from tests.harness.alone import alone
from tests.machine.keys import needs_keys
from tests.machine.levels import WALLED

from .native import PLUGIN, program
from .neighbour import Neighbour, keys_taken

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the hostile code is for x86-64")
SEED = int(os.environ.get("TBLVM_TEST_SEED", "17"))
SCALE = float(os.environ.get("TBLVM_TEST_SCALE", "1"))
RUNS = {"process": int(400 * SCALE), "mpk": int(100 * SCALE)}
AT_ONCE = {"process": min(200, int(48 * SCALE)), "mpk": min(200, int(24 * SCALE))}
# Seconds, for what scales.
_LONG = 270 * max(1.0, SCALE)
KINDS = ("read", "write", "jump", "stack", "deep", "trap", "fuel", "quiet", "kill")
# What needs a system call: images for protection keys have none.
ASKING = ("call", "lie")


def children() -> set[str]:
    """Processes that this one has started and nobody has waited for."""
    found: set[str] = set()
    for each in Path("/proc/self/task").iterdir():
        found.update((each / "children").read_text().split())
    return found


def held() -> dict[str, int]:
    """What a process has: descriptors, threads (of Python and others), children, arenas, guests, keys, MiB of addresses
    that have a key."""
    gc.collect()
    return {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "children": len(children()),
        "arenas": Path("/proc/self/maps").read_text().count("tblvm arena"),
        "guests": len(alive()),
        "keys": keys_taken(),
        "tagged": sum(each.end - each.start for each in mappings() if each.key) >> 20,
    }


def grown(before: dict[str, int], most: int) -> dict[str, tuple[int, int]]:
    """Of what a process has, that which is more by more than *most* than it was. The kernel takes a while to forget
    threads that have ended."""
    end = time.monotonic() + 60
    while True:
        after = held()
        found = {each: (before[each], after[each]) for each in after if after[each] > before[each] + most}
        if set(found) - {"threads"} or not found or time.monotonic() > end:
            return found
        time.sleep(0.01)


def resident() -> int:
    """KiB of memory: this process's own, and what it shares with others."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return sum(int(fields[each].split()[0]) for each in ("RssAnon", "RssShmem"))


def attack(vm: tblvm.Instance, kind: str, rng: random.Random) -> None:
    """Does what a hostile program does."""
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


MORE = """
.func divide(n: i32) -> i32
  PUSH 1
  LOAD n
  DIV
  RET
.end
.func endless()
again:
  JMP again
.end
"""
# A program that asks its host.
GO = '.import ask(n: i32) -> i32: "env", "ask"\n'
GOES = ".func go(n: i32) -> i32\n  LOAD n\n  CALL ask\n  RET\n.end\n"


@dataclass(frozen=True)
class Attacked:
    """A store at one level, and what is attacked there."""

    level: str
    store: tblvm.Store

    @property
    def text(self) -> str:
        return program(calls=self.level == "process").decode() + MORE

    def load(self, before: str = "", after: str = "", **given: Any) -> tblvm.Instance:
        return self.store.load((before + self.text + after).encode(), **given)

    def attack(self, rng: random.Random) -> tuple[str, str]:
        """What was done, and what came of it: one typed error, or nothing."""
        kind, ended = rng.choice(KINDS + ASKING if self.level == "process" else KINDS), "quiet"
        vm = self.load()
        try:
            attack(vm, kind, rng)
        except (Trap, SandboxError) as error:
            ended = type(error).__name__
        finally:
            vm.close()
        return kind, ended


def made_at(level: str) -> Attacked:
    more: dict[str, Any] = {"trust": ["hostile.memory"]} if level == "mpk" else {}
    quiet: dict[str, Any] = {"stdin": b"", "stdout": io.BytesIO()}
    made = Attacked(
        level,
        tblvm.Store(plugins=[PLUGIN], isolation=level, memory="1M", timeout=20, **quiet, **more),
    )
    made.load().close()
    return made


@pytest.fixture(params=WALLED)
def attacked(request: pytest.FixtureRequest) -> Attacked:
    return made_at(request.param)


def neighbour_at(level: str) -> contextlib.AbstractContextManager[Neighbour | None]:
    """Somebody else in the process who uses keys, where there are any."""
    return Neighbour() if level == "mpk" else contextlib.nullcontext()


@pytest.mark.timeout(_LONG + 20)
@pytest.mark.parametrize("level", WALLED)
def test_nothing_is_left_of_thousands_of_hostile_runs(level: str) -> None:
    alone(hostile_runs, level, timeout=_LONG)


def hostile_runs(level: str) -> None:
    attacked = made_at(level)
    with neighbour_at(level) as neighbour:
        _hostile_runs(attacked, neighbour)


def _hostile_runs(attacked: Attacked, neighbour: Neighbour | None) -> None:
    rng, runs = random.Random(SEED), RUNS[attacked.level]
    handled: list[int] = []
    before_handler = signal.signal(signal.SIGUSR1, lambda number, frame: handled.append(number))
    with tempfile.TemporaryFile() as said:
        faulthandler.enable(said)
        seen: dict[str, set[str]] = {}
        try:
            for _ in range(30):  # what a process has for all runs is there afterwards
                attacked.attack(rng)
            before, memory = held(), resident()
            for run in range(runs):
                kind, ended = attacked.attack(rng)
                seen.setdefault(kind, set()).add(ended)
                if run % 97 == 0:
                    signal.raise_signal(signal.SIGUSR1)
                    assert len(handled) == run // 97 + 1
                    if neighbour:
                        neighbour.works()
            assert not (more := grown(before, 2)), (more, SEED)
            # A few hundred bytes a run would be a leak.
            assert resident() - memory < max(8 << 10, runs // 4), f"{resident() - memory} KiB, seed {SEED}"
            assert faulthandler.is_enabled()
        finally:
            # To disable it would put back what was there before it, below handlers that others have put above it.
            faulthandler.enable(sys.__stderr__)
            signal.signal(signal.SIGUSR1, before_handler)
        said.seek(0)
        assert said.read() == b""  # faults were of guests, none of this process
    assert seen["quiet"] == {"quiet"} and seen["trap"] == {"Trap"} and seen["fuel"] == {"FuelExhausted"}
    assert seen["kill"] == {"Crashed"} and seen.get("call", {"Blocked"}) == {"Blocked"}
    assert all(
        # Where the guest is in this process it can be seen that it was its stack that ended.
        ends <= {"Violation", "Crashed", *(("StackExceeded",) if attacked.level == "mpk" else ())}
        for kind, ends in seen.items()
        if kind in ("read", "write", "jump", "stack", "deep")
    ), seen


@pytest.mark.timeout(_LONG + 20)
@pytest.mark.parametrize("level", WALLED)
def test_many_at_once_in_eight_threads(level: str) -> None:
    """Each thread has its share, and uses them all in turns; those that are attacked end, and no other. Behind keys
    they are more than there are keys."""
    alone(many_at_once, level, timeout=_LONG)


def many_at_once(level: str) -> None:
    attacked = made_at(level)
    with neighbour_at(level) as neighbour:
        _many_at_once(attacked, neighbour)


def _many_at_once(attacked: Attacked, neighbour: Neighbour | None) -> None:
    for each in [attacked.load() for _ in range(7)]:  # all keys that there will ever be are taken then
        each.close()
    before, parkings = held(), PLACES.parkings
    wrong: list[object] = []

    def work(number: int) -> None:
        rng = random.Random(SEED + number)
        vms = [attacked.load() for _ in range(AT_ONCE[attacked.level] // 8)]
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
                vms[victim] = attacked.load()
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
    assert not (more := grown(before, 3)), more
    if neighbour:
        neighbour.works()
        assert PLACES.parkings > parkings


# --- faults ---------------------------------------------------------------------------------------------------


def test_a_guest_is_killed_at_any_moment(attacked: Attacked) -> None:
    """SIGKILL of a worker while it runs, while it is idle, while its host function runs, and what does the same to a
    thread behind keys: Crashed, and the next one runs."""
    rng = random.Random(SEED)
    text = ".func sum(n: i32) -> i32\n  .local s: i32\nagain:\n  LOAD s\n  LOAD n\n  ADD\n  STORE s\n  LOAD n\n  DEC\n  DUP\n  STORE n\n  JNZ again\n  LOAD s\n  RET\n.end\n"
    ends = []
    for _ in range(RUNS[attacked.level] // 10):
        vm = attacked.load(after=text)
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
    assert set(ends) == {"Crashed"} and len(ends) == RUNS[attacked.level] // 10, (ends, SEED)


def test_a_storm_of_signals(attacked: Attacked) -> None:
    """An interval timer of 1 ms with a handler in Python: calls, host functions and loads are as ever."""
    ticks = [0]

    def tick(number: int, frame: object) -> None:
        ticks[0] += 1

    before = signal.signal(signal.SIGALRM, tick)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        end = time.monotonic() + 0.7 * min(SCALE, 10)
        while time.monotonic() < end:
            vm = attacked.load(GO, GOES, imports={"env": {"ask": lambda n: n + 1}})
            for n in range(RUNS[attacked.level] // 2):
                assert vm.call("go", n) == n + 1
            with pytest.raises(SandboxError):
                vm.call("read", 0)
            vm.close()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert ticks[0] > 20


def test_a_handler_that_raises_ends_the_call(attacked: Attacked) -> None:
    """Ctrl-C, while native code never looks at its flag: the exception comes through, the guest ends."""

    class Enough(Exception):
        pass

    def handler(number: int, frame: object) -> None:
        raise Enough

    before = signal.signal(signal.SIGALRM, handler)
    try:
        with attacked.load(timeout=60) as vm:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(Enough):
                vm.call("spin")
        with attacked.load() as vm:
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
store = tblvm.Store(isolation=sys.argv[1], timeout=30)
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


@pytest.mark.parametrize("level", WALLED)
def test_a_host_forks(level: str) -> None:
    """Parent and child go on; what is the parent's stays the parent's."""
    done = subprocess.run(
        [sys.executable, "-c", FORKS, level], capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 0 and "all is well" in done.stdout, done.stdout + done.stderr


def test_a_host_function_that_never_returns(attacked: Attacked) -> None:
    """The deadline holds: the host's caller goes on, and is told so."""
    never = threading.Event()
    vm = attacked.load(GO, GOES, imports={"env": {"ask": lambda n: never.wait(600) or 0}}, timeout=0.2)
    start = time.monotonic()
    with pytest.raises(tblvm.DeadlineExceeded):
        vm.call("go", 1)
    assert time.monotonic() - start < 30
    never.set()
    vm.close()


def _helpers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "tblvm host function"]


@pytest.mark.parametrize("late", ["gives", "raises"])
def test_what_comes_late_is_nobody_s(attacked: Attacked, late: str) -> None:
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

    with attacked.load(GO, GOES, imports={"env": {"ask": ask}}, timeout=0.3) as vm:
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
store = tblvm.Store(isolation=sys.argv[1], timeout=30, memory="1M")
vm = store.load(text)
what = sys.argv[2]
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


@pytest.mark.parametrize(
    ("level", "what"),
    [
        pytest.param("process", "descriptors", marks=pytest.mark.repeated),
        pytest.param("process", "addresses", marks=pytest.mark.repeated),
        pytest.param("mpk", "addresses", marks=needs_keys),
        pytest.param("mpk", "guests", marks=[needs_keys, pytest.mark.repeated]),
    ],
)
def test_the_system_gives_no_more(level: str, what: str) -> None:
    """One clear error, those that are there go on, and what they give back serves again."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, level, what], capture_output=True, text=True, check=False, timeout=250
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


@pytest.mark.repeated
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
