"""Handles of exports, and how long what instances share lives."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from typing import Any

import pytest

import tblvm
from tblvm import InstanceBusy, InstanceClosed, LinkError, Store, Trap, UsageError

from .programs import OWNER_TEXT, SHARER_TEXT

OWNER, SHARER = OWNER_TEXT.encode(), SHARER_TEXT.encode()


@pytest.fixture
def store() -> Store:
    return Store()


def both(store: Store) -> tuple[tblvm.Instance, tblvm.Instance]:
    owner = store.load(OWNER)
    return owner, store.load(SHARER, imports={"a": owner.exports})


def test_exports_are_what_the_program_exports(store: Store) -> None:
    owner, _ = both(store)
    assert {name: type(each).__name__ for name, each in owner.exports.items()} == {
        **dict.fromkeys(("f", "at", "getg"), "Function"),
        **dict.fromkeys(("t", "small"), "Table"),
        "m": "Memory",
        "g": "Global",
        "c": "Global",
    }
    assert owner.exports["at"].type == "(i32, i32) -> i32" and len(owner.exports) == 8
    with pytest.raises(KeyError, match="exports no function other; it exports at, f, getg"):
        owner.exports["other"]
    assert owner.exports["f"] == owner.exports["f"] != owner.exports["getg"]
    assert len({owner.exports["f"], owner.exports["f"]}) == 1
    plain = store.load(b".func main()\n  RET\n.end\n")
    assert list(plain.exports) == ["main"] and plain.exports["main"]() is None


def test_globals(store: Store) -> None:
    owner, sharer = both(store)
    count, fixed = owner.exports["g"], owner.exports["c"]
    assert (count.type, count.mutable, count.value) == ("i32", True, 7)
    assert (fixed.type, fixed.mutable, fixed.value) == ("i64", False, 1234567890123)
    count.value = -3
    assert owner.call("getg") == -3 and sharer.call("sum") == -4
    for wrong, error in ((1 << 31, OverflowError), ("1", TypeError), (None, TypeError)):
        with pytest.raises(error):
            count.value = wrong
    with pytest.raises(TypeError, match="not mutable"):
        fixed.value = 5
    assert count.value == -2


def test_a_global_with_a_reference_stays_in_its_program(store: Store) -> None:
    text = b".global s: string\n.export s: global s\n.func main()\n  RET\n.end\n"
    holder = store.load(text)
    with pytest.raises(TypeError, match="holds a reference"):
        holder.exports["s"]
    user = b'.import global s: "a", "s", string\n.func main()\n  RET\n.end\n'
    with pytest.raises(LinkError):
        store.load(user, imports={"a": {"s": owner_global(store)}})


def owner_global(store: Store) -> tblvm.Global:
    return store.global_("i32", 1, mutable=True)


def test_tables(store: Store) -> None:
    owner, sharer = both(store)
    table = owner.exports["t"]
    assert [each and each.name for each in table] == [None, "f3", "f0", None]
    table[0] = sharer.exports["half"]
    assert table[0] == sharer.exports["half"] and table[0](4) == 25 and owner.call("at", 0, 5) == 20
    table[-1] = None
    assert table.grow(2, owner.exports["f"]) == 4 and len(table) == 6 and table[5](21) == 42
    with pytest.raises(MemoryError):
        table.grow(100)
    with pytest.raises(IndexError):
        table[6]
    with pytest.raises(TypeError, match="or None"):
        table[0] = len
    with pytest.raises(TypeError, match="another store"):
        table[0] = Store().load(OWNER).exports["f"]


def test_things_of_the_host(store: Store) -> None:
    memory, table = store.memory(1, 2), store.table(3)
    assert len(memory) == 65536 and len(table) == 3
    called: list[tuple[int, float]] = []

    def note(a: int, b: float) -> int:
        called.append((a, b))
        return a + 1

    table[2] = store.function(note, "(i64, f64) -> i64")
    text = b"""
.import memory m: "h", "m", 1, 2
.import table t: "h", "t", 3
.import global k: "h", "k", fixed f32
.import global n: "h", "n", i64
.func main()
  RET
.end
.func go(x: i64) -> i64
  LOAD x
  CONST 0.5
  PUSH 2
  CALL_INDIRECT (i64, f64) -> i64
  DUP
  STOREG n
  RET
.end
.func put(at: i32)
  LOAD at
  LOADG k
  F32_STORE 0
  RET
.end
"""
    number = store.global_("i64", -(1 << 63), mutable=True)
    given = {"m": memory, "t": table, "k": store.global_("f32", 1.5), "n": number}
    user = store.load(text, imports={"h": given})
    assert user.call("go", 41) == 42 and called == [(41, 0.5)] and number.value == 42
    user.call("put", 8)
    assert memory[8:12] == b"\0\0\xc0\x3f"
    for make in (lambda: store.global_("string", 1), lambda: store.global_("u8", 1)):
        with pytest.raises(UsageError):
            make()
    with pytest.raises(OverflowError):
        store.global_("i32", 1 << 40)
    with pytest.raises(LinkError, match=r"h\.k: the global that there is has another type"):
        store.load(text, imports={"h": {**given, "k": store.global_("f64", 1.5)}})


def test_what_is_missing_or_something_else(store: Store) -> None:
    owner = store.load(OWNER)
    exports = dict(owner.exports)
    for given, why in (
        ({}, "a.m: the host offers nothing of this name"),
        ({**exports, "m": exports["t"]}, "a.m: what there is, is a table"),
        ({**exports, "m": len}, "a.m: what there is, is no memory"),
        ({**exports, "f": exports["m"]}, "a.f (i>i): what there is, is a memory"),
        ({**exports, "f": exports["at"]}, "other types"),
        ({**exports, "m": Store().memory(1)}, "a.m, which belongs to another store"),
    ):
        with pytest.raises(LinkError) as caught:
            store.load(SHARER, imports={"a": given})
        assert why in str(caught.value), caught.value
    # Nothing of these is left.
    assert store.load(SHARER, imports={"a": exports}).call("roundtrip", 1, 1) == 1001


def test_imports_of_a_load_are_for_that_load(store: Store) -> None:
    text = (
        b'.import f() -> i32: "e", "f"\n.func main()\n  RET\n.end\n.func go() -> i32\n  CALL f\n  RET\n.end\n'
    )
    made = [store.load(text, imports={"e": {"f": lambda n=n: n}}) for n in range(5)]
    assert [each.call("go") for each in made] == [0, 1, 2, 3, 4]
    with pytest.raises(LinkError):
        store.load(text)


def test_strings_go_through_python(store: Store) -> None:
    text = b".func main()\n  RET\n.end\n.func twice(s: string) -> string\n  LOAD s\n  LOAD s\n  SCONCAT\n  RET\n.end\n"
    user = (
        b'.import twice(s: string) -> string: "e", "twice"\n.func main()\n  RET\n.end\n'
        b".func go(s: string) -> string\n  LOAD s\n  CALL twice\n  RET\n.end\n"
    )
    other = store.load(text)
    assert store.load(user, imports={"e": other.exports}).call("go", "ab") == "abab"


def test_a_start_function_that_fails_leaves_what_it_did(store: Store) -> None:
    owner = store.load(OWNER)
    text = b"""
.import memory m: "a", "m", 1
.import table t: "a", "t", 4
.elem e: t, 0
  mine
.end
.data d: m, 0
  "left"
.end
.start fails
.func mine(a: i32) -> i32
  LOAD a
  PUSH 77
  ADD
  RET
.end
.func fails()
  PUSH 1
  PUSH 0
  DIV
  POP
  RET
.end
.func main()
  RET
.end
"""
    with pytest.raises(Trap) as caught:
        store.load(text, imports={"a": owner.exports})
    assert caught.value.kind == "DIVIDE_BY_ZERO" and caught.value.function == "fails"
    gc.collect()
    assert owner.call("at", 0, 1) == 78 and owner.memory()[0:4] == b"left"
    with pytest.raises(InstanceClosed):
        owner.exports["t"][0]


def test_what_is_shared_outlives_its_owner(store: Store) -> None:
    owner, sharer = both(store)
    alive = weakref.ref(owner)
    del owner
    gc.collect()
    assert alive() is None and sharer.call("roundtrip", 1, 5) == 1005
    owner, sharer = both(store)
    owner.close()
    owner.close()
    for use in (lambda: owner.call("f", 1), lambda: owner.exports, lambda: list(owner.exports)):
        if use is not None:
            with pytest.raises(InstanceClosed):
                len(use())
    assert sharer.call("roundtrip", 2, 5) == 10 and len(sharer.memory()) == 65536
    sharer.close()
    with pytest.raises(InstanceClosed):
        store.load(SHARER, imports={"a": {"m": None}}) if sharer.exports["x"] else None


def test_many_instances_come_and_go(store: Store) -> None:
    """Addresses are given back: they would not suffice for memories with 8 GiB each."""
    for _ in range(300):
        owner, sharer = both(store)
        assert sharer.call("sum") == 16
        owner.close()
        sharer.close()


def test_calls_between_instances_have_a_bound(store: Store) -> None:
    owner, sharer = both(store)
    owner.exports["t"][3] = sharer.exports["back"]
    for start in (lambda: owner.call("at", 3, 3), lambda: sharer.call("back", 3)):
        with pytest.raises(Trap) as caught:
            start()
        assert caught.value.kind == "STACK_OVERFLOW"
        names = [frame.function for frame in caught.value.frames]
        assert len(names) > 100 and set(names) >= {"at", "back"}
    assert owner.call("at", 1, 1) == 1001


SPINNER = b"""
.export spin
.export work
.func spin(x: i32) -> i32
again:
  JMP again
.end
.func work(n: i32) -> i32
again:
  LOAD n
  DEC
  DUP
  STORE n
  JNZ again
  LOAD n
  RET
.end
.func main()
  RET
.end
"""
CALLER = b"""
.import f(x: i32) -> i32: "o", "f"
.func go(x: i32) -> i32
  LOAD x
  CALL f
  RET
.end
.func main()
  RET
.end
"""


def test_time_and_interruption_reach_what_is_called() -> None:
    store = Store(timeout=0.1)
    spinner = store.load(SPINNER)
    caller = store.load(CALLER, imports={"o": {"f": spinner.exports["spin"]}})
    with pytest.raises(tblvm.DeadlineExceeded) as caught:
        caller.call("go", 1)
    assert [frame.function for frame in caught.value.frames][-2:] == ["f", "go"]
    store = Store()
    spinner = store.load(SPINNER)
    caller = store.load(CALLER, imports={"o": {"f": spinner.exports["spin"]}})
    found: list[BaseException] = []

    def run() -> None:
        try:
            caller.call("go", 1)
        except Trap as trap:
            found.append(trap)

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():  # it may not run yet
        caller.interrupt()
        thread.join(0.01)
    assert [getattr(each, "kind", "") for each in found] == ["INTERRUPTED"]


def test_each_has_fuel_of_its_own() -> None:
    store = Store(fuel=1000)
    spinner = store.load(SPINNER)
    caller = store.load(CALLER, imports={"o": {"f": spinner.exports["work"]}})
    assert caller.call("go", 100) == 0
    assert caller.fuel > 980 and spinner.fuel == 1000 - 100 * 5 - 2
    with pytest.raises(Trap) as caught:
        caller.call("go", 200)
    assert caught.value.kind == "OUT_OF_FUEL" and caught.value.function == "work"


def test_what_shares_runs_in_one_thread_at_a_time(store: Store) -> None:
    inside, leave = threading.Event(), threading.Event()

    def wait(x: int) -> int:
        inside.set()
        leave.wait()
        return x

    caller = store.load(CALLER, imports={"o": {"f": wait}})
    second = store.load(CALLER, imports={"o": {"f": caller.exports["go"]}})
    alone = store.load(SPINNER)
    thread = threading.Thread(target=lambda: caller.call("go", 1))
    thread.start()
    inside.wait()
    try:
        for use in (
            lambda: second.call("go", 1),
            second.close,
            lambda: store.load(CALLER, imports={"o": {"f": caller.exports["go"]}}),
        ):
            with pytest.raises(InstanceBusy):
                use()
        assert alone.call("work", 3) == 0
    finally:
        leave.set()
        thread.join()
    assert second.call("go", 6) == 6


def test_a_host_function_loads_what_shares_with_who_calls_it(store: Store) -> None:
    """The caller runs, and becomes one that shares, on the way."""
    made: list[Any] = []

    def load(x: int) -> int:
        made.append(store.load(CALLER, imports={"o": {"f": caller.exports["go"]}}))
        return int(made[-1].call("go", x - 1)) + 10 if x else 0

    caller = store.load(CALLER, imports={"o": {"f": load}})
    started = time.monotonic()
    assert caller.call("go", 4) == 40 and len(made) == 5
    assert caller.call("go", 0) == 0 and time.monotonic() > started
    assert made[0].call("go", 0) == 0
