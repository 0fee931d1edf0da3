"""Limits hold at exactly their values, and each comes back as an error of its own."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import random
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import tblvm
from tblvm import (
    Blocked,
    Crashed,
    DeadlineExceeded,
    Frame,
    FuelExhausted,
    HostError,
    IsolationError,
    MemoryExceeded,
    OutputExceeded,
    SandboxError,
    StackExceeded,
    Stopped,
    Store,
    TblvmError,
    TooLarge,
    Trap,
    UsageError,
    Violation,
)
from tblvm.core.registry import Registry
from tblvm.embed import instance as instances
from tblvm.embed.deadlines import Clock, Deadline
from tests.machine.levels import LEVELS

from .conftest import Load

SEED = int(os.environ.get("TBLVM_TEST_SEED", "6"))


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest) -> str:
    """A level of isolation: limits are the same at all."""
    return str(request.param)


@pytest.fixture
def loads(level: str) -> Iterator[Load]:
    """Loads a program from its text, in a store of its own; what was loaded is closed at the end."""
    with contextlib.ExitStack() as stack:
        yield lambda text, **given: stack.enter_context(Store(isolation=level, **given).load(text.encode()))


# --- the errors -------------------------------------------------------------------------------------------

FRAMES = (Frame("inner", "a.tba", 7), Frame("main", "a.tba", 12))
ERRORS = (
    FuelExhausted("OUT_OF_FUEL", "out of fuel", FRAMES),
    MemoryExceeded("OUT_OF_MEMORY", "out of memory"),
    StackExceeded("STACK_OVERFLOW", "stack overflow", FRAMES),
    OutputExceeded("OUTPUT_EXCEEDED", "too much output", FRAMES),
    DeadlineExceeded("INTERRUPTED", "the time is up", FRAMES, 124),
    Violation("VM_CORE", 0x7F0000001000, "write", 3, FRAMES),
    Violation("", 64, "read"),
    Blocked("openat", FRAMES),
    Crashed(11, "while it was started"),
    Crashed(0),
    IsolationError("this machine has no protection keys: use isolation='process'"),
    TooLarge("too large"),
)


@pytest.mark.parametrize("error", ERRORS, ids=lambda each: type(each).__name__)
def test_errors_come_back_from_other_processes(error: Any) -> None:
    error.output = b"so far"
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error) and vars(again) == vars(error)


def test_what_errors_are() -> None:
    for each in ERRORS:
        limit = type(each) in (FuelExhausted, MemoryExceeded, StackExceeded, OutputExceeded, DeadlineExceeded)
        assert isinstance(each, Trap) == limit
        wall = type(each) in (Violation, Blocked, Crashed)
        assert isinstance(each, SandboxError) == (wall or type(each) is IsolationError)
        assert isinstance(each, Stopped) == (wall or limit)
        assert isinstance(each, TblvmError) == (not isinstance(each, Stopped))
    assert issubclass(DeadlineExceeded, TimeoutError) and issubclass(IsolationError, HostError)
    assert [each.status for each in ERRORS] == [134] * 4 + [124] + [134] * 5 + [6, 6]


def test_errors_say_what_happened() -> None:
    violation = Violation("VM_CORE", 0x7F0000001000, "write", 3, FRAMES)
    assert str(violation) == (
        "stopped at a wall: write of memory of VM_CORE, address 0x7f0000001000, key 3\n"
        "  at inner (a.tba:7)\n  at main (a.tba:12)"
    )
    assert (violation.function, violation.file, violation.line) == ("inner", "a.tba", 7)
    assert str(Violation("", 64, "read")) == (
        "stopped at a wall: read of memory that is not its own, address 0x40"
    )
    assert str(Blocked("openat")) == "stopped at a wall: system call openat"
    assert str(Crashed(9)) == "the sandbox ended by signal 9 (SIGKILL)"
    assert str(Crashed(0, "while it was started")) == "the sandbox ended without a word: while it was started"
    assert str(Crashed(250)) == "the sandbox ended by signal 250 (unknown)"


# --- how they are written ---------------------------------------------------------------------------------


def test_numbers_with_units(loads: Load) -> None:
    text = ".func main()\n    RET\n.end\n"
    vm = loads(text, memory="16K", stack="1K", fuel="1e6", timeout="1.5s", output="2k")
    assert (vm.fuel, vm.timeout, vm.output_left) == (10**6, 1.5, 2048)
    assert vm.store._limits["heap"] == vm.store._limits["linear"] == 16384
    assert vm.store._limits["stack"] == 1024
    vm = loads(text, fuel=1e9, timeout=2, output=0)
    assert (vm.fuel, vm.timeout, vm.output_left) == (10**9, 2, 0)
    vm.fuel = 1e3  # type: ignore[assignment]
    assert vm.fuel == 1000
    assert vm.store.load(text.encode(), timeout="20ms").timeout == 0.02


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"memory": "lots"}, "memory: 'lots' is no size"),
        ({"memory": 1.5}, "memory is a whole number"),
        ({"stack": "3"}, "stack is from 4 to"),
        ({"fuel": float("inf")}, "fuel is a whole number"),
        ({"fuel": "1.5"}, "it must be whole"),
        ({"timeout": "0s"}, "a timeout is a number of seconds above 0, not '0s'"),
        ({"timeout": "soon"}, "timeout: 'soon' is no duration"),
        ({"timeout": float("nan")}, "a timeout is a number of seconds above 0"),
        ({"output": -1}, "output is a whole number from 0"),
        ({"output": []}, "output is a whole number from 0"),
    ],
)
def test_what_is_no_limit(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Store(**given)


# --- fuel -------------------------------------------------------------------------------------------------

# Three instructions, then two for each round of the loop and its test.
LOOP = """
.func main()
    RET
.end
.func loop(n: i32)
again:
    LOAD n
    JZ end
    LOAD n
    DEC
    STORE n
    JMP again
end:
    RET
.end
.func flat()
    PUSH 1
    POP
    PUSH 2
    POP
    RET
.end
"""


def test_fuel_is_exact(loads: Load) -> None:
    """Each instruction costs one; what stops is the first taken back-edge, or entry, with less than none left."""
    rng = random.Random(SEED)
    for n in (1, 2, rng.randrange(3, 500)):
        vm = loads(LOOP, fuel=10**6)
        vm.call("loop", n)
        spent = 10**6 - vm.fuel
        assert spent == 6 * n + 3  # n rounds of six, the test that ends it, and the return
        vm.fuel = spent
        vm.call("loop", n)
        assert vm.fuel == 0
        # The last test is at the last back-edge, behind 6 n instructions: one less is too little.
        vm.fuel = 6 * n
        vm.call("loop", n)
        assert vm.fuel == -3
        vm.fuel = 6 * n - 1
        with pytest.raises(FuelExhausted, match="out of fuel") as found:
            vm.call("loop", n)
        assert (found.value.kind, found.value.status, vm.fuel) == ("OUT_OF_FUEL", 134, -1)
        assert found.value.function == "loop" and found.value.line == 12


def test_fuel_below_none_stops_at_the_entry(loads: Load) -> None:
    vm = loads(LOOP, fuel=2)
    vm.call("flat")
    assert vm.fuel == -3
    with pytest.raises(FuelExhausted) as found:
        vm.call("flat")
    assert (found.value.frames, vm.fuel) == ((), -3)
    vm.fuel = 0
    vm.call("flat")
    assert vm.fuel == -5


def test_fuel_of_a_trap_is_spent(loads: Load) -> None:
    vm = loads(".func main()\n    PUSH 1\n    PUSH 0\n    DIV\n    POP\n    RET\n.end\n", fuel=100)
    with pytest.raises(Trap, match="divide by zero"):
        vm.run()
    assert vm.fuel == 97


def test_fuel_of_a_start_function(loads: Load) -> None:
    text = ".start spin\n.func main()\n    RET\n.end\n.func spin()\nagain:\n    JMP again\n.end\n"
    with pytest.raises(FuelExhausted, match="out of fuel"):
        loads(text, fuel=1000)


# --- stack ------------------------------------------------------------------------------------------------

DOWN = """
.func main()
    RET
.end
.func down(n: i32) -> i32
    LOAD n
    JZ end
    LOAD n
    DEC
    CALL down
    RET
end:
    PUSH 0
    RET
.end
"""


@pytest.mark.parametrize("depth", [0, 1, 17])
def test_the_stack_is_exact(loads: Load, depth: int) -> None:
    """A frame of `down` counts its parameter, its one operand, and two."""
    cells = 4 * (depth + 1)
    vm = loads(DOWN, stack=cells)
    assert vm.call("down", depth) == 0
    if depth:
        vm = loads(DOWN, stack=cells - 1)
        with pytest.raises(StackExceeded, match="stack overflow") as found:
            vm.call("down", depth)
        assert (found.value.kind, found.value.status) == ("STACK_OVERFLOW", 134)
        assert vm.call("down", depth - 1) == 0


# --- memory -----------------------------------------------------------------------------------------------

HEAP = """
.func main()
    RET
.end
.func make(n: i32)
    LOAD n
    NEWARRAY u8[]
    POP
    RET
.end
"""


def least(works: Callable[[int], bool], low: int, high: int) -> int:
    """The least number that works, of those above *low*, which does not, up to *high*, which does."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if works(middle) else (middle, high)
    return high


@pytest.mark.parametrize("size", [100, 1000, 50_000])
def test_the_heap_is_exact(loads: Load, size: int) -> None:
    """The heap has so many bytes: an array of just as many fits, without what is before it, and one more does not."""

    def makes(memory: int, count: int) -> bool:
        try:
            loads(HEAP, memory=memory).call("make", count)
        except MemoryExceeded as found:
            assert (found.kind, found.status, str(found).split("\n")[0]) == (
                "OUT_OF_MEMORY",
                134,
                "out of memory",
            )
            return False
        return True

    needed = least(lambda memory: makes(memory, size), 64, size + 4096)
    assert makes(needed, size) and not makes(needed - 1, size)
    # Its bytes in eights, as objects are, and a fixed number besides.
    other = least(lambda memory: makes(memory, size + 64), needed - 1, size + 5000)
    assert other == needed + 64
    assert size < needed <= size + 128


def grows(pages: int) -> str:
    return (
        f".memory m: {pages}\n.func main()\n    RET\n.end\n"
        ".func grow(n: i32) -> i32\n    LOAD n\n    MEMORY_GROW\n    RET\n.end\n"
    )


def test_linear_memory_is_exact(loads: Load) -> None:
    page = 65536
    vm = loads(grows(1), memory=4 * page)
    assert vm.call("grow", 3) == 1 and vm.call("grow", 1) == -1 and len(vm.memory()) == 4 * page
    vm = loads(grows(1), memory=4 * page - 1)
    assert vm.call("grow", 3) == -1 and vm.call("grow", 2) == 1 and len(vm.memory()) == 3 * page
    loads(grows(4), memory=4 * page)
    with pytest.raises(TooLarge, match="more linear memory") as found:
        loads(grows(4), memory=4 * page - 1)
    assert found.value.status == 6


def test_tables_and_modules_are_exact(registry: Registry, level: str) -> None:
    """Limits that `load` has no word for: their value, and one less."""
    from tblvm.core import tbc
    from tblvm.core.asm import assemble
    from tblvm.stack import verify

    text = ".table t: 10\n.func main()\n    RET\n.end\n.func size() -> i32\n    TABLE_SIZE t\n    RET\n.end\n"
    module = verify(assemble(text, registry.isa, "t.tba"), registry.isa).module

    def loads_with(name: str, value: int) -> bool:
        store = Store(isolation=level)
        store._limits[name] = value
        try:
            with store.load(module) as vm:
                assert vm.call("size") == 10
        except TooLarge as error:
            assert "larger tables" in str(error) or "more memory than this runtime has" in str(error)
            return False
        return True

    assert loads_with("tables", 10) and not loads_with("tables", 9)
    content = len(tbc.write(module))
    needed = least(lambda value: loads_with("load.memory", value), 4095, 1 << 20)
    assert needed >= content and loads_with("load.memory", needed)
    assert needed == 4096 or not loads_with("load.memory", needed - 1)


# --- output -----------------------------------------------------------------------------------------------

SAY = """
.import tell(): "env", "tell"
.func main()
    PUSH 10
    CALL say
    RET
.end
.func say(n: i32)
again:
    LOAD n
    JZ end
    PUSH 'x'
    PUTCHAR
    LOAD n
    DEC
    STORE n
    JMP again
end:
    RET
.end
.func spin()
again:
    PUSH 'y'
    PUTCHAR
    JMP again
.end
.func quiet() -> i32
    PUSH 5
    RET
.end
.func told(n: i32) -> i32
    LOAD n
    CALL say
    CALL tell
    PUSH 6
    RET
.end
.func wrong(n: i32)
    LOAD n
    CALL say
    PUSH 1
    PUSH 0
    DIV
    POP
    RET
.end
"""


def say(loads: Load, limit: int | str | None, tell: Callable[[], None] = lambda: None) -> Any:
    out = io.BytesIO()
    return loads(SAY, output=limit, stdout=out, imports={"env": {"tell": tell}}), out


@pytest.mark.parametrize("count", [0, 1, 10, 5000])
def test_output_is_exact(loads: Load, count: int) -> None:
    """So many bytes arrive, whether they come at once or one by one, from `call` or `run`."""
    vm, out = say(loads, count)
    vm.call("say", count)
    assert (out.getvalue(), vm.output_left) == (b"x" * count, 0)
    with pytest.raises(OutputExceeded, match=f"too much output: the limit is {count} bytes") as found:
        vm.call("say", 1)
    assert (found.value.kind, found.value.status, len(out.getvalue())) == ("OUTPUT_EXCEEDED", 134, count)
    vm, out = say(loads, count)
    with pytest.raises(OutputExceeded):
        vm.call("say", count + 1)
    assert len(out.getvalue()) == count
    vm, out = say(loads, count + 3)
    vm.call("say", count)
    with pytest.raises(OutputExceeded):
        vm.call("spin")
    assert out.getvalue() == b"x" * count + b"yyy"
    # What it does not write is not limited, and more can be allowed.
    assert vm.call("quiet") == 5
    vm.output_left = 2
    vm.call("say", 2)
    with pytest.raises(OutputExceeded, match=f"the limit is {count + 5} bytes"):
        vm.call("say", 1)
    assert len(out.getvalue()) == count + 5


@pytest.mark.parametrize("limit", [9, 10])
def test_output_of_a_run(loads: Load, limit: int) -> None:
    vm, _ = say(loads, limit)
    if limit == 10:
        assert vm.run().output == b"x" * 10
    with pytest.raises(OutputExceeded) as found:
        vm.run()
    assert found.value.output == (b"" if limit == 10 else b"x" * 9)


def test_an_endless_writer_is_stopped_where_it_writes(loads: Load) -> None:
    vm, out = say(loads, "64K")
    with pytest.raises(OutputExceeded) as found:
        vm.call("spin")
    assert len(out.getvalue()) == 65536 and found.value.function == "spin"


def test_what_was_too_much_counts_before_what_went_wrong_later(loads: Load) -> None:
    vm, _ = say(loads, 5)
    with pytest.raises(Trap, match="divide by zero"):
        vm.call("wrong", 5)
    with pytest.raises(OutputExceeded) as found:
        vm.call("wrong", 1)
    assert found.value.__cause__ is None


def test_standard_error_counts(level: str) -> None:
    """Both streams share the limit: a program of WebAssembly writes to either."""
    pytest.importorskip("wasmtime")
    import wasmtime

    module = wasmtime.wat2wasm("""
      (module (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 64) "abcdefgh")
        (func (export "say") (param i32 i32)
          (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (local.get 1))
          (drop (call $w (local.get 0) (i32.const 0) (i32.const 1) (i32.const 16)))))""")
    out, err = io.BytesIO(), io.BytesIO()
    with tblvm.load(bytes(module), output=8, stdout=out, stderr=err, isolation=level) as vm:
        vm.call("say", 1, 4)
        vm.call("say", 2, 3)
        with pytest.raises(OutputExceeded):
            vm.call("say", 2, 2)
        with pytest.raises(OutputExceeded):
            vm.call("say", 1, 1)
    assert (out.getvalue(), err.getvalue()) == (b"abcd", b"abca")


def test_output_within_a_host_function(loads: Load) -> None:
    """Who waits is told, not who was called meanwhile; and not the one whose host function another one stopped."""
    inner, _ = say(loads, 100)
    results: list[Any] = []

    def tell() -> None:
        results.append(inner.call("quiet"))

    vm, out = say(loads, 4, tell)
    with pytest.raises(OutputExceeded) as found:
        vm.call("told", 5)
    assert len(out.getvalue()) == 4 and found.value.__cause__ is None and results in ([], [5])
    vm, _ = say(loads, 4, lambda: inner.call("say", 101))
    with pytest.raises(Trap) as other:
        vm.call("told", 4)
    assert other.value.kind == "HOST_FAILED" and isinstance(other.value.__cause__, OutputExceeded)
    assert vm.call("quiet") == inner.call("quiet") == 5


def test_output_of_an_instance_that_another_one_calls() -> None:
    writes = b".export say\n.func main()\n RET\n.end\n.func say(n: i32)\n LOAD n\n PUTCHAR\n RET\n.end\n"
    calls = (
        b'.import say(n: i32): "a", "say"\n.func main()\n RET\n.end\n'
        b".func twice()\n PUSH 'a'\n CALL say\n PUSH 'b'\n CALL say\n RET\n.end\n"
    )
    out = io.BytesIO()
    store = Store(output=1, stdout=out)
    a = store.load(writes)
    b = store.load(calls, imports={"a": a.exports})
    with pytest.raises(OutputExceeded):
        b.call("twice")
    assert out.getvalue() == b"a"
    a.output_left = 2
    b.call("twice")
    assert out.getvalue() == b"aab"


def test_a_console_that_fails_in_a_call(loads: Load) -> None:
    """The error is told at once, and nothing of it is left for later calls."""

    class Full(io.RawIOBase):
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

    vm = loads(SAY, output=100, stdout=Full(), imports={"env": {"tell": lambda: None}})
    with pytest.raises(OSError, match="No space"):
        vm.call("say", 1)
    assert vm.call("quiet") == 5


def test_there_is_nothing_to_allow_without_a_limit(loads: Load) -> None:
    vm, _ = say(loads, None)
    assert vm.output_left is None
    with pytest.raises(UsageError, match="give one when it is loaded"):
        vm.output_left = 5


# --- time -------------------------------------------------------------------------------------------------


class ManualClock(Clock):
    """Time goes on when the test says so."""

    def __init__(self) -> None:
        self.time = 1000.0
        super().__init__(lambda: self.time)

    def _wake(self) -> None:
        pass

    def advance(self, seconds: float) -> None:
        self.time += seconds
        while isinstance(due := self._due(), Deadline):
            due.expire()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    made = ManualClock()
    monkeypatch.setattr(instances, "CLOCK", made)
    return made


WAITS = """
.import wait(): "env", "wait"
.func main()
    CALL wait
    RET
.end
.func wait_again()
    CALL wait
    CALL wait
    RET
.end
.func spin()
    CALL wait
again:
    JMP again
.end
"""


def test_a_call_that_is_over_is_held_by_no_deadline(clock: ManualClock) -> None:
    """The clock knows it until its time has come; what it was to stop may be gone long before."""

    class Call:
        def stop(self) -> None:
            raise AssertionError("it is over")

    call = Call()
    deadline, gone = clock.start(30, call.stop), weakref.ref(call)
    deadline.over()
    del call
    assert gone() is None
    clock.advance(31)


def test_a_deadline_is_exact(loads: Load, clock: ManualClock) -> None:
    """A host function takes the time: just less than there is, and just what there is."""
    waits = [0.0]
    vm = loads(WAITS, timeout="2s", imports={"env": {"wait": lambda: clock.advance(waits[0])}})
    for run in (vm.function("main"), vm.run):
        waits[0] = 2.0 - 2**-20
        run()
        for waits[0] in (2.0, 2.0 + 2**-20):
            with pytest.raises(DeadlineExceeded, match=r"more than 2\.0 seconds") as found:
                run()
            assert (found.value.status, isinstance(found.value, TimeoutError)) == (124, True)
    # Each call has time of its own; within one, host functions use up the same.
    vm = loads(WAITS, timeout=2, imports={"env": {"wait": lambda: clock.advance(1.0 - 2**-20)}})
    vm.call("wait_again")
    vm.call("wait_again")
    vm = loads(WAITS, timeout=2, imports={"env": {"wait": lambda: clock.advance(1.0)}})
    with pytest.raises(DeadlineExceeded):
        vm.call("wait_again")
    vm = loads(WAITS, timeout=2, imports={"env": {"wait": lambda: clock.advance(2.0)}})
    with pytest.raises(DeadlineExceeded):
        vm.call("spin")


def test_the_thread_of_a_clock_ends() -> None:
    """It sleeps until the time has come, stops what has had its time, and goes."""
    import threading

    clock, stopped = Clock(), threading.Event()
    first = clock.start(3600.0, lambda: None)
    second = clock.start(0.001, stopped.set)
    assert stopped.wait(60) and second.expired and not first.expired
    first.over()
    clock.start(0.001, lambda: None)
    threads = [each for each in threading.enumerate() if each.name == "tblvm deadlines"]
    for each in threads:
        each.join(60)
    assert not clock._running


def test_limits_can_be_combined(loads: Load) -> None:
    """Whichever is reached first says so."""
    rng = random.Random(SEED)
    for _ in range(20):
        fuel, output = rng.randrange(1, 3000), rng.randrange(0, 300)
        out = io.BytesIO()
        vm = loads(SAY, fuel=fuel, output=output, stdout=out, imports={"env": {"tell": lambda: None}})
        with pytest.raises((FuelExhausted, OutputExceeded)) as found:
            vm.call("spin")
        # Three instructions a byte; the back-edge behind each is where it ends.
        wrote = fuel // 3 + 1
        assert type(found.value) is (OutputExceeded if wrote > output else FuelExhausted), (fuel, output)
        assert len(out.getvalue()) == min(wrote, output), f"seed {SEED}"
