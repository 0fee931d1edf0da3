"""Host functions that call the instance that has called them."""

from __future__ import annotations

import gc
import os
import random
import threading
from typing import Any

import pytest

import tblvm
from tblvm import InstanceBusy, Trap

from .conftest import Load

SEED = int(os.environ.get("TBLVM_TEST_SEED", "7"))
TEXT = """
.collector
.class Pair
    left: Pair
    number: i32
.end
.global depth: i32
.import back(n: i32, m: i64) -> i64: "env", "back"
.import text(s: string) -> string: "env", "text"
.func main()
    RET
.end
.func down(n: i32, m: i64) -> i64
    .local kept: Pair, sum: i64
    NEWOBJ Pair
    STORE kept
    LOAD kept
    LOAD n
    PUTFIELD Pair.number
    LOAD m
    LOAD n
    PUSH 1
    SUB
    LOAD m
    CALL back
    LADD
    LOAD kept
    GETFIELD Pair.number
    I2L
    LADD
    RET
.end
.func garbage(n: i32) -> i32
    .local made: Pair
again:
    NEWOBJ Pair
    STORE made
    LOAD n
    DEC
    DUP
    STORE n
    JNZ again
    LOAD n
    RET
.end
.func say(s: string) -> string
    LOAD s
    CALL text
    LOAD s
    SCONCAT
    RET
.end
.func half(n: i32) -> i32
    PUSH 1
    LOAD n
    DIV
    RET
.end
.func halts() -> i32
    HALT
.end
.func spin()
again:
    JMP again
.end
"""


def vm_with(loads: Load, back: Any, text: Any = None, **given: Any) -> tblvm.Instance:
    return loads(TEXT, imports={"env": {"back": back, "text": text or (lambda s: s)}}, **given)


def test_calls_within_calls_keep_what_is_below(loads: Load) -> None:
    """down(n, m) = m + n + (0 if n is 0 else down(n - 1, m)), with collections and other calls on the way."""
    rng = random.Random(SEED)

    def back(n: int, m: int) -> int:
        vm.call("garbage", 500)
        before = vm.call("say", f"é{n}") + vm.call("say", "\u20ac")
        assert before == f"é{n}" * 2 + "\u20ac" * 2
        return vm.call("down", n, m) if n > 0 else 0

    vm = vm_with(loads, back, memory=1 << 14)
    for _ in range(20):
        n, m = rng.randrange(1, 30), rng.randrange(-(1 << 50), 1 << 50)
        assert vm.call("down", n, m) == sum(m + each for each in range(1, n + 1)), SEED


def test_strings_both_ways_within_a_call(loads: Load) -> None:
    def text(s: str) -> str:
        gc.collect()
        return s + (vm.call("say", s[1:]) if s else "")

    def expected(s: str) -> str:
        return s + (expected(s[1:]) if s else "") + s

    vm = vm_with(loads, lambda n, m: 0, text)
    assert vm.call("say", "wörld€") == expected("wörld€")


def test_a_trap_ends_the_inner_call_alone(loads: Load) -> None:
    def back(n: int, m: int) -> int:
        with pytest.raises(Trap) as caught:
            vm.call("half", 0)
        assert caught.value.kind == "DIVIDE_BY_ZERO"
        assert [frame.function for frame in caught.value.frames] == ["half"]
        with pytest.raises(tblvm.Halted):
            vm.call("halts")
        return int(vm.call("half", 1))

    vm = vm_with(loads, back)
    assert vm.call("down", 5, 100) == 106

    def fails(n: int, m: int) -> int:
        return int(vm.call("half", 0))

    vm = vm_with(loads, fails)
    with pytest.raises(Trap) as caught:
        vm.call("down", 5, 100)
    assert caught.value.kind == "HOST_FAILED" and isinstance(caught.value.__cause__, Trap)
    assert [frame.function for frame in caught.value.frames] == ["back", "down"]
    assert caught.value.__cause__.function == "half"


def test_nesting_has_a_bound(loads: Load) -> None:
    deepest = 0

    def back(n: int, m: int) -> int:
        nonlocal deepest
        deepest += 1
        return int(vm.call("down", n, m))

    vm = vm_with(loads, back)
    with pytest.raises(Trap) as caught:
        vm.call("down", 0, 0)
    error: BaseException | None = caught.value
    kinds = []
    while isinstance(error, Trap):
        kinds.append(error.kind)
        error = error.__cause__
    assert kinds == ["HOST_FAILED"] * 100 + ["STACK_OVERFLOW"] and deepest == 100
    assert vm.call("half", 1) == 1


def test_the_stack_is_that_of_the_call_below(loads: Load) -> None:
    """The limit of cells counts through all calls: with a small stack it is reached before their number is."""
    vm = vm_with(loads, lambda n, m: int(vm.call("down", n, m)), stack=200)
    with pytest.raises(Trap) as caught:
        vm.call("down", 0, 0)
    depth, error = 0, caught.value.__cause__
    while isinstance(error, Trap):
        depth, last, error = depth + 1, error.kind, error.__cause__
    # A frame of `down` has 2 parameters, 2 locals, 3 operands, one of `back` 2, 1 and 1; each counts 2 more, and a
    # call within another one 1.
    assert last == "STACK_OVERFLOW" and depth == 1 + (200 - 15) // 16


def test_fuel_and_time_go_on(loads: Load) -> None:
    vm = vm_with(loads, lambda n, m: vm.call("garbage", 300), fuel=3000)
    vm.call("down", 0, 0)
    assert vm.fuel < 3000 - 300 * 7
    vm.fuel = 500
    with pytest.raises(Trap) as caught:
        vm.call("down", 0, 0)
    # The outer call has no more than the inner one.
    assert caught.value.kind == "OUT_OF_FUEL" and caught.value.function == "back"

    vm = vm_with(loads, lambda n, m: vm.call("spin"), timeout=0.1)
    with pytest.raises(tblvm.DeadlineExceeded):
        vm.call("down", 0, 0)
    assert vm.call("half", 1) == 1


def test_another_thread_does_not_get_in(loads: Load) -> None:
    found: list[BaseException] = []

    def use() -> None:
        for how in (lambda: vm.call("half", 1), lambda: vm.call("main"), vm.run, vm.close):
            try:
                how()
            except InstanceBusy as error:
                found.append(error)

    def back(n: int, m: int) -> int:
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        return int(vm.call("half", 1))

    vm = vm_with(loads, back)
    assert vm.call("down", 2, 0) == 3
    assert len(found) == 4


def test_an_interrupt_ends_all_of_them(loads: Load) -> None:
    inside = threading.Event()

    def back(n: int, m: int) -> int:
        inside.set()
        vm.call("spin")
        return 0

    vm = vm_with(loads, back)
    waiting = threading.Thread(target=lambda: (inside.wait(), vm.interrupt()))
    waiting.start()
    # It may come before `spin` runs: what polls next is stopped.
    with pytest.raises(Trap) as caught:
        vm.call("down", 2, 0)
    waiting.join()
    assert caught.value.kind in ("HOST_FAILED", "INTERRUPTED")
