"""Attacks that bytecode can make: the verifier, the cage, fuel and the checks of the host stop them, at every level."""

from __future__ import annotations

import ctypes
import io
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tblvm
from tblvm import DeadlineExceeded, InstanceBusy, InstanceClosed, LinkError, LoadError, Trap
from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.module import Export
from tblvm.core.registry import load
from tblvm.stack import verify
from tests.programs import EXAMPLES, expected

from .levels import Loads

SEED = int(os.environ.get("TBLVM_TEST_SEED", "11"))
SCALE = float(os.environ.get("TBLVM_TEST_SCALE", "1"))
NOTHING = ".func main()\n  RET\n.end\n"


def spent(vm: tblvm.Instance, call: Callable[[], object]) -> tuple[int, tuple[Any, ...]]:
    """The fuel that a call has taken, and how it ended."""
    before = vm.fuel
    try:
        ended: tuple[Any, ...] = ("gave", call())
    except Trap as trap:
        ended = (trap.kind, trap.message, trap.frames)
    assert before is not None and vm.fuel is not None
    return before - vm.fuel, ended


# --- the same at every level --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_levels_agree(loads: Loads, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Output, status and fuel are those of level none; there they are the executable's (tests/embed)."""
    program, wanted = path.resolve(), expected(path.read_text())
    monkeypatch.chdir(tmp_path)  # where pictures go
    if "mandelbrot" in path.stem and loads.level != "none":
        pytest.skip("pictures are files, of which guests have none")
    grants = ["clock", "screen"] if loads.level == "none" else ["clock"]
    fuel = 1 << 40
    vm = loads(program.read_bytes(), fuel=fuel, grants=grants)
    alone = tblvm.load(program.read_bytes(), fuel=fuel, grants=grants)
    done, other = vm.run(stdin=wanted.stdin), alone.run(stdin=wanted.stdin)
    assert (done.output, done.status) == (other.output, other.status) == (wanted.output, other.status)
    if "TIME_GET" not in path.read_text() and "EVENT_WAIT" not in path.read_text():
        assert vm.fuel == alone.fuel


LOOPS = {
    "endless": ".func go()\nagain:\n  NOP\n  NOP\n  JMP again\n.end\n",
    "straight": ".func leaf()\n  RET\n.end\n.func go()\nagain:\n"
    + "  NOP\n" * 5000
    + "  CALL leaf\n  JMP again\n.end\n",
    "two loops": ".func go()\n  .local n: i32\nouter:\n  PUSH 9\n  STORE n\ninner:\n  LOAD n\n  DEC\n  DUP\n"
    "  STORE n\n  JNZ inner\n  JMP outer\n.end\n",
    "calls": ".func go()\n  CALL other\n  RET\n.end\n.func other()\nagain:\n  CALL leaf\n  JMP again\n.end\n"
    ".func leaf()\n  RET\n.end\n",
}


@pytest.mark.parametrize("name", LOOPS)
def test_fuel_ends_at_the_same_place(loads: Loads, name: str) -> None:
    """Each amount of fuel ends the program at one place: again and again, and at every level."""
    alone = tblvm.load((NOTHING + LOOPS[name]).encode(), fuel=0)
    vm = loads(NOTHING + LOOPS[name], fuel=0)
    rng = random.Random(SEED)
    places = set()
    for fuel in [*range(12), *(rng.randrange(12, 30_000) for _ in range(20))]:
        runs = []
        for each in (alone, vm, vm):
            each.fuel = fuel
            with pytest.raises(Trap) as found:
                each.call("go")
            assert found.value.kind == "OUT_OF_FUEL"
            runs.append((each.fuel, found.value.frames))
        assert runs[0] == runs[1] == runs[2], f"seed {SEED}, fuel {fuel}"
        places.add(runs[0][1][0].line)
    assert name != "calls" or len(places) > 1  # the place is told, not just any


def test_deep_recursion_ends(loads: Loads) -> None:
    vm = loads(NOTHING + ".func go(n: i32) -> i32\n  LOAD n\n  INC\n  CALL go\n  RET\n.end\n", stack=5000)
    ends = []
    for _ in range(3):
        with pytest.raises(Trap) as found:
            vm.call("go", 0)
        assert found.value.kind == "STACK_OVERFLOW" and found.value.function == "go"
        ends.append(len(found.value.frames))
    assert len(set(ends)) == 1 and ends[0] > 500


def test_a_trap_is_charged(loads: Loads) -> None:
    """What was spent before a trap is gone, and a guest cannot trap for ever."""
    text = """
.func go(n: i32, by: i32) -> i32
  .local left: i32
  LOAD n
  STORE left
again:
  LOAD left
  DEC
  DUP
  STORE left
  JNZ again
  PUSH 1
  LOAD by
  DIV
  RET
.end
"""
    vm = loads(NOTHING + text, fuel=100_000)
    whole, ended = spent(vm, lambda: vm.call("go", 500, 1))
    assert ended == ("gave", 1)
    trapped, ended = spent(vm, lambda: vm.call("go", 500, 0))
    assert ended[0] == "DIVIDE_BY_ZERO" and whole - 1 <= trapped <= whole
    for _ in range(100_000 // trapped + 1):
        _, ended = spent(vm, lambda: vm.call("go", 500, 0))
        if ended[0] == "OUT_OF_FUEL":
            break
    assert ended[0] == "OUT_OF_FUEL" and vm.fuel is not None and vm.fuel <= 0


# --- memory -------------------------------------------------------------------------------------------------


BOMBS = {
    "one array": "  CONST 2147483647\n  NEWARRAY i64[]\n  POP\n  RET\n",
    "a list": "  .local kept: Cell, made: Cell\nagain:\n  NEWOBJ Cell\n  STORE made\n  LOAD made\n  LOAD kept\n"
    "  PUTFIELD Cell.next\n  LOAD made\n  STORE kept\n  JMP again\n",
    "arrays that grow": "  .local n: i32\n  PUSH 16\n  STORE n\nagain:\n  LOAD n\n  NEWARRAY u8[]\n  POP\n"
    "  LOAD n\n  DUP\n  ADD\n  STORE n\n  JMP again\n",
    "strings": '  .local s: string\n  CONST "bomb"\n  STORE s\nagain:\n  LOAD s\n  LOAD s\n  SCONCAT\n  STORE s\n'
    "  JMP again\n",
}


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("name", BOMBS)
def test_memory_bombs(loads: Loads, name: str) -> None:
    most = 4 << 20
    text = f".collector\n.class Cell\n  next: Cell\n.end\n{NOTHING}.func go()\n{BOMBS[name]}.end\n"
    text += ".func after() -> i32\n  PUSH 100\n  NEWARRAY u8[]\n  ALENGTH\n  RET\n.end\n"
    vm = loads(text, memory=most)
    before = resident()
    for _ in range(3):
        with pytest.raises(Trap) as found:
            vm.call("go")
        assert found.value.kind == "OUT_OF_MEMORY" and found.value.function == "go"
    assert resident() - before < 4 * most
    assert vm.call("after") == 100  # what was taken is given back: the guest goes on


def test_churn_is_no_bomb(loads: Loads) -> None:
    """A hundred times its memory, of which nothing is kept."""
    text = """
.func go(n: i32) -> i32
again:
  PUSH 1000
  NEWARRAY i32[]
  POP
  LOAD n
  DEC
  DUP
  STORE n
  JNZ again
  PUSH 7
  RET
.end
"""
    vm = loads(".collector\n" + NOTHING + text, memory=1 << 20)
    before = resident()
    assert vm.call("go", 25_000) == 7
    assert resident() - before < 8 << 20


def test_linear_memory_that_grows_without_end(loads: Loads) -> None:
    text = ".memory m: 1\n" + NOTHING + ".func go() -> i32\n  PUSH 1\n  MEMORY_GROW\n  RET\n.end\n"
    vm = loads(text, memory=2 << 20)
    grown = [vm.call("go") for _ in range(40)]
    assert grown[:31] == list(range(1, 32)) and set(grown[31:]) == {-1}


STORES = """
.memory m: 2
.func main()
  RET
.end
.func fill(value: i32)
  PUSH 0
  LOAD value
  CONST 131072
  MEMORY_FILL
  RET
.end
.func at(place: i32) -> i32
  LOAD place
  I32_LOAD8_U 0
  RET
.end
.func litter(n: i32) -> u8[]
  LOAD n
  NEWARRAY u8[]
  RET
.end
"""


def test_recycled_memory_is_zero(loads: Loads) -> None:
    """What one guest has written, none that comes later reads."""
    for round_ in range(4):
        vm = loads(STORES, memory=4 << 20)
        memory = vm.memory()
        assert memory[:] == bytes(len(memory)), f"round {round_}"
        assert bytes(vm.call("litter", 100_000)) == bytes(100_000)
        vm.call("fill", 0xA5)
        assert vm.call("at", 131071) == 0xA5
        vm.call("litter", 3_000_000)
        vm.close()


def test_a_guest_has_its_own_memory(loads: Loads) -> None:
    one, two = loads(STORES), loads(STORES)
    one.call("fill", 1)
    assert two.memory()[:] == bytes(131072) and two.call("at", 5) == 0
    two.call("fill", 2)
    assert set(one.memory()[:]) == {1}
    for place in (131072, -1, -131072, 1 << 30, -(1 << 31)):
        with pytest.raises(Trap) as found:
            one.call("at", place)
        assert found.value.kind == "BAD_ADDRESS"


# --- what a guest says to its host --------------------------------------------------------------------------


ASKS = """
.memory m: 1
.import ask(a: i64, n: i32) -> i32: "env", "ask"
.func main()
  RET
.end
.func go(a: i64, n: i32) -> i32
  LOAD a
  LOAD n
  CALL ask
  RET
.end
.func seven() -> i32
  PUSH 7
  RET
.end
.func spin()
again:
  JMP again
.end
"""


def test_addresses_of_the_host_are_no_addresses(loads: Loads) -> None:
    """A host function that looks up what a guest has named, by the guest's memory: nothing else is in reach."""
    secret = bytearray(b"a secret of the host" * 10)
    place = ctypes.addressof(ctypes.c_char.from_buffer(secret))

    def ask(at: int, count: int) -> int:
        seen.append(vm.memory()[at : at + count])
        try:
            vm.memory()[at] = 0xFF
        except IndexError:
            return 1
        return 0

    seen: list[bytes] = []
    vm = loads(ASKS, imports={"env": {"ask": ask}})
    for at in (place, place - 65536, 65536, 1 << 62, (1 << 63) - 1):
        assert vm.call("go", at, 20) == 1
    assert vm.call("go", 65535, 1) == 0
    assert seen == [b""] * 5 + [b"\0"] and secret == b"a secret of the host" * 10


def test_a_host_function_raises_closes_and_calls(loads: Loads) -> None:
    def ask(what: int, n: int) -> int:
        if what == 0:
            raise LookupError("no")
        if what == 1:
            return int(vm.call("seven")) + n
        if what == 2:
            with pytest.raises(InstanceBusy):
                vm.close()
            with pytest.raises(InstanceBusy):
                vm.run()
            return 2
        if what == 3:
            return "no number"  # type: ignore[return-value]
        return 1 << 40

    vm = loads(ASKS, imports={"env": {"ask": ask}})
    for what, cause in ((0, LookupError), (3, TypeError), (4, OverflowError)):
        with pytest.raises(Trap) as found:
            vm.call("go", what, 0)
        assert found.value.kind == "HOST_FAILED" and isinstance(found.value.__cause__, cause)
        assert vm.call("go", 1, 5) == 12
    assert vm.call("go", 2, 0) == 2 and vm.call("seven") == 7


def test_what_was_not_granted_is_named(loads: Loads) -> None:
    with pytest.raises(LinkError, match="env") as found:
        loads(ASKS)
    assert "ask" in str(found.value)
    waits = ".func main()\n  PUSH 0\n  TIME_GET\n  POP\n  RET\n.end\n"
    with pytest.raises(LoadError, match="clock"):
        loads(waits)
    vm = loads(waits, grants=["clock"])
    assert vm.run().status == 0


def test_stale_handles(loads: Loads) -> None:
    """What is left of a closed guest names nothing: not the next one, which may be where it was."""
    old = loads(STORES)
    memory, function = old.memory(), old.function("at")
    old.close()
    new = loads(STORES)
    new.call("fill", 9)
    for use in (
        lambda: memory[0],
        lambda: memory[:],
        lambda: memory.__setitem__(0, 1),
        lambda: function(0),
        lambda: old.call("at", 0),
        lambda: old.memory(),
        lambda: old.fuel,
    ):
        with pytest.raises(InstanceClosed):
            use()  # type: ignore[no-untyped-call]
    assert set(new.memory()[:]) == {9}


SHARES = '.import memory m: "a", "m", 1\n' + NOTHING
SHARED = ".memory m: 1, 1\n.table t: 2\n.export m: memory m\n.export t: table t\n.export main\n" + NOTHING


def test_things_of_another_guest(loads: Loads) -> None:
    one = loads(SHARED)
    with pytest.raises(LinkError):
        loads(SHARES, imports={"a": one.exports})
    with pytest.raises(TypeError):
        loads(SHARED).exports["t"][0] = one.exports["main"]


def test_another_thread_does_not_get_in(loads: Loads) -> None:
    inside, out = threading.Event(), threading.Event()

    def ask(what: int, n: int) -> int:
        inside.set()
        assert out.wait(60)
        return 3

    vm = loads(ASKS, imports={"env": {"ask": ask}})
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(vm.call("go", 0, 0)))
    thread.start()
    assert inside.wait(60)
    try:
        for use in (lambda: vm.call("seven"), vm.run, vm.close):
            with pytest.raises(InstanceBusy):
                use()
    finally:
        out.set()
        thread.join()
    assert found == [3] and vm.call("seven") == 7


# --- time and output ----------------------------------------------------------------------------------------

_MOST = 20.0  # seconds, where a deadline is a tenth of one: other work on the machine takes its time


def test_a_deadline_ends_a_sleep(loads: Loads) -> None:
    """poll_oneoff with a clock alone, that rings in an hour."""
    subscription = bytearray(48)
    subscription[16] = 1  # the monotonic clock
    subscription[24:32] = (3600 * 10**9).to_bytes(8, "little")
    text = (
        ".memory m: 1\n.import poll(a: i32, b: i32, n: i32, made: i32) -> i32: "
        '"wasi_snapshot_preview1", "poll_oneoff"\n'
        + NOTHING
        + ".func go() -> i32\n  PUSH 64\n  CONST 256\n  PUSH 1\n  CONST 512\n  CALL poll\n  RET\n.end\n"
    )
    vm = loads(text, grants=["clock"], timeout=0.1)
    vm.memory()[64:112] = bytes(subscription)
    start = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        vm.call("go")
    assert time.monotonic() - start < _MOST


def test_a_handler_that_raises_while_the_host_serves(loads: Loads) -> None:
    """Ctrl-C at any moment: the guest has control, or it waits for an answer of its host, or control just came
    back. It stops, and serves again."""
    if loads.level == "none":
        pytest.skip("there the engine looks at signals by itself: tests/embed/test_host_python.py")

    class Enough(Exception):
        pass

    def handler(number: int, frame: object) -> None:
        raise Enough

    rng = random.Random(SEED)
    # Standard input is at its end: it asks for that again and again.
    seven = ".func seven() -> i32\n  PUSH 7\n  RET\n.end\n"
    vm = loads(
        NOTHING + seven + ".func wait()\nagain:\n  PUSH 1000\n  EVENT_WAIT\n  POP\n  JMP again\n.end\n"
    )
    before = signal.signal(signal.SIGALRM, handler)
    try:
        for _ in range(int(20 * SCALE)):
            with pytest.raises(Enough):
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.002, 0.02))
                vm.call("wait")
            assert vm.call("seven") == 7 and not vm.report().ended, SEED
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_deadline_holds_where_a_host_function_sleeps(loads: Loads) -> None:
    """A host function is the host's own code: its time counts, and the guest does not go on afterwards."""
    after: list[int] = []

    def ask(what: int, n: int) -> int:
        if what == 1:
            after.append(n)
        time.sleep(0.3)
        return 0

    text = ASKS + ".func twice()\nagain:\n  CONST 1L\n  PUSH 5\n  CALL ask\n  POP\n  JMP again\n.end\n"
    vm = loads(text, imports={"env": {"ask": ask}}, timeout=0.1)
    with pytest.raises(DeadlineExceeded):
        vm.call("twice")
    assert after == [5]


def test_what_a_program_prints_is_passed_on_as_it_is(loads: Loads) -> None:
    """Every byte but zero, codes that control a terminal among them: whoever shows it looks at it first."""
    prints = "".join(f"  PUSH {code}\n  PUTCHAR\n" for code in [*range(1, 128), 27, 93, 50, 7])
    done = loads(f".func main()\n{prints}  HALT\n.end\n").run()
    assert done.output == bytes([*range(1, 128), 27, 93, 50, 7])


def test_a_host_function_is_called_with_everything_that_there_is(loads: Loads) -> None:
    """What was granted is the program's, with any arguments of the types: a host function looks at them itself."""
    seen: list[tuple[object, ...]] = []
    text = '.import ask(n: i32, m: i64, s: string): "env", "ask"\n' + NOTHING
    text += ".func go(n: i32, m: i64, s: string)\n  LOAD n\n  LOAD m\n  LOAD s\n  CALL ask\n  RET\n.end\n"
    vm = loads(text, imports={"env": {"ask": lambda *given: seen.append(given)}})
    hostile = [
        (0, 0, ""),
        (-(1 << 31), -(1 << 63), None),
        ((1 << 31) - 1, (1 << 63) - 1, "\0" * 100),
        (-1, 1, "../../etc/passwd\n\x1b]0;"),
        (1, -1, "\ud800"),
    ]
    for each in hostile:
        vm.call("go", *each)
    assert seen == hostile


def test_limits_hold_in_a_start_function(loads: Loads) -> None:
    text = ".start go\n" + NOTHING + ".func go()\nagain:\n  JMP again\n.end\n"
    with pytest.raises(Trap) as found:
        loads(text, fuel=1000)
    assert found.value.kind == "OUT_OF_FUEL"
    start = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        loads(text, timeout=0.1)
    assert time.monotonic() - start < _MOST


def test_output_without_end(loads: Loads) -> None:
    """What a program prints is no more memory of the host than is said."""
    text = '.func main()\nagain:\n  CONST "0123456789abcdef"\n  PRINT\n  JMP again\n.end\n'
    vm = loads(text, output="64K", fuel=100_000_000)
    with pytest.raises(tblvm.OutputExceeded) as found:
        vm.run(stdout=(out := io.BytesIO()))
    assert len(out.getvalue()) == 65536 and found.value.kind


def test_names_cannot_control_a_terminal(loads: Loads) -> None:
    name = "evil\x1b]0;owned\x07\x1b[2J\u202e\x9b31m"
    isa = load().isa
    text = NOTHING + ".func half(n: i32) -> i32\n  PUSH 1\n  LOAD n\n  DIV\n  RET\n.end\n"
    made = verify(assemble(text, isa, name + ".tba"), isa).module
    names = replace(made.debug, functions=(*made.debug.functions[:1], name), source=name)
    content = tbc.write(replace(made, debug=names, exports=(Export(name, "function", 1),)))
    vm = loads(content)
    with pytest.raises(Trap) as found:
        vm.call(name, 0)
    with pytest.raises(KeyError) as missing:
        vm.call("another")
    for said in (str(found.value), str(missing.value), found.value.function):
        assert not any(each in said for each in "\x1b\x07\u202e\x9b"), said
