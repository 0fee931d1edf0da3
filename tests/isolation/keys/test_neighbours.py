"""Others in the process: runtimes with handlers of signals of their own, and users of protection keys."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tblvm
from tblvm import Trap
from tblvm.isolation.keys import key as keys
from tests.harness.alone import alone
from tests.machine.keys import needs_keys

TEXT = b""".func main()
  RET
.end
.func seven() -> i32
  PUSH 7
  RET
.end
.func half(n: i32) -> i32
  PUSH 14
  LOAD n
  DIV
  RET
.end
.import ask(n: i32) -> i32: "env", "ask"
.func go(n: i32) -> i32
  LOAD n
  CALL ask
  RET
.end
"""


def load(ask: object = lambda n: n) -> tblvm.Instance:
    return tblvm.load(TEXT, isolation="mpk", memory="1M", imports={"env": {"ask": ask}})  # type: ignore[dict-item]


# What wasmtime does to its thread where it was built with protection keys: nothing but its own memory while its code
# runs, all of the process's keys when it is back.
def _only(key: int) -> None:
    libc = ctypes.CDLL(None)
    for each in range(1, keys.COUNT):
        assert libc.pkey_set(each, 0 if each == key else 1) == 0


def _all() -> None:
    libc = ctypes.CDLL(None)
    for each in range(1, keys.COUNT):
        assert libc.pkey_set(each, 0) == 0


@contextlib.contextmanager
def another() -> Iterator[int]:
    """A key that is not ours."""
    libc = ctypes.CDLL(None)
    with load():  # ours are there already
        pass
    made = libc.pkey_alloc(0, 0)
    assert made > 0
    yield made
    assert libc.pkey_free(made) == 0


def others(rights: int) -> int:
    """The rights that are not about keys of tblvm's."""
    return rights & ~sum(3 << 2 * each for each in range(keys.COUNT) if keys._shared >> each & 1)


@needs_keys
@pytest.mark.parametrize("state", ["all", "only"])
def test_rights_that_others_have_set_stay(state: str) -> None:
    """A guest is run by a thread that another user of keys has left with all rights, or with its own alone: it has what
    it always has, and the thread what it had."""
    alone(rights_stay, state)


def rights_stay(state: str) -> None:
    with another() as key:
        left = {"all": _all, "only": lambda: _only(key)}[state]

        def ask(n: int) -> int:
            assert others(keys.rights()) == others(wanted)
            if n == 2:
                _only(key)
            return n + 1

        with load(ask) as vm:
            left()
            wanted = keys.rights()
            assert vm.call("seven") == 7 and vm.call("go", 1) == 2
            with pytest.raises(Trap):
                vm.call("half", 0)
            with load() as other:
                assert other.call("half", 2) == 7
            assert others(keys.rights()) == others(wanted)
            # Changed in a function of the host, as by a call of the other one there.
            assert vm.call("go", 2) == 3
            _only(key)
            wanted = keys.rights()
            assert vm.call("seven") == 7 and others(keys.rights()) == others(wanted)


@needs_keys
def test_who_takes_all_keys_that_are_left() -> None:
    alone(all_taken)


def all_taken() -> None:
    libc = ctypes.CDLL(None)
    with contextlib.ExitStack() as stack:
        vms = [stack.enter_context(load()) for _ in range(3)]
        taken = []
        while (made := libc.pkey_alloc(0, 1)) > 0:
            taken.append(made)
        assert taken
        # Those that are there and further ones share the keys that there are.
        vms += [stack.enter_context(load()) for _ in range(6)]
        for _ in range(2):
            assert [vm.call("seven") for vm in vms] == [7] * 9
        with Held(taken[0]):
            assert [vm.call("half", 7) for vm in vms] == [2] * 9


class Held:
    """A page with somebody's key, that stays as it is."""

    def __init__(self, key: int) -> None:
        self._libc, self._key = ctypes.CDLL(None), key
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        self._page[:4] = b"kept"
        self._at = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(self._page)))

    def __enter__(self) -> None:
        assert self._libc.pkey_mprotect(self._at, ctypes.c_size_t(mmap.PAGESIZE), 3, self._key) == 0

    def __exit__(self, *error: object) -> None:
        assert self._libc.pkey_get(self._key) == 1
        assert self._libc.pkey_set(self._key, 0) == 0 and self._page[:4] == b"kept"
        assert self._libc.pkey_mprotect(self._at, ctypes.c_size_t(mmap.PAGESIZE), 3, 0) == 0


# --- wasmtime -------------------------------------------------------------------------------------------------

WASMTIME = """
import ctypes, faulthandler, sys
import wasmtime
from wasmtime import _bindings as c
import tblvm
from tests.isolation.keys.test_neighbours import load
from tests.attacks.neighbour import Neighbour
TEXT = '''(module (import "env" "ask" (func $ask (param i32) (result i32)))
  (memory (export "memory") 1 1)
  (func (export "at") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "stop") unreachable)
  (func (export "half") (param i32) (result i32) (i32.div_s (i32.const 14) (local.get 0)))
  (func $deep (export "deep") (result i32) (i32.add (call $deep) (i32.const 1)))
  (func (export "go") (param i32) (result i32) (call $ask (local.get 0))))'''

class Wasmtime:
    def __init__(self, pooling, ask):
        config = wasmtime.Config()
        if pooling:
            pool = c.wasmtime_pooling_allocation_config_new()
            c.wasmtime_pooling_allocation_config_total_memories_set(pool, 4)
            c.wasmtime_pooling_allocation_config_total_core_instances_set(pool, 4)
            c.wasmtime_pooling_allocation_config_max_memory_size_set(pool, 1 << 20)
            c.wasmtime_pooling_allocation_strategy_set(config.ptr(), pool)
            c.wasmtime_pooling_allocation_config_delete(pool)
        engine = wasmtime.Engine(config)
        self.store = wasmtime.Store(engine)
        kind = wasmtime.FuncType([wasmtime.ValType.i32()], [wasmtime.ValType.i32()])
        made = wasmtime.Instance(self.store, wasmtime.Module(engine, TEXT), [wasmtime.Func(self.store, kind, ask)])
        self.of = made.exports(self.store)
    def call(self, name, *words):
        return self.of[name](self.store, *words)
    def traps(self):
        for name, words, said in (("at", (1 << 20,), "out of bounds"), ("at", (-8,), "out of bounds"),
                                  ("stop", (), "unreachable"), ("half", (0,), "divide by zero"),
                                  ("deep", (), "stack")):
            try:
                self.call(name, *words)
            except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
                assert said in str(error), (name, str(error))
            else:
                raise AssertionError(name)
        assert self.call("at", 8) == 0 and self.call("half", 2) == 7

def ours(ask=lambda n: n):
    with load(ask) as vm:
        for n in (0, 2):
            try:
                assert vm.call("half", n) == 7 and n
            except tblvm.Trap as trap:
                assert trap.kind == "DIVIDE_BY_ZERO" and not n
        assert vm.call("go", 5) == 5
        vm._lib.guest(vm._context).channel.kill()
        try:
            vm.call("seven")
        except tblvm.SandboxError:
            pass
        else:
            raise AssertionError("it lives")

when, pooling = sys.argv[1], sys.argv[2] == "pooling"
faulthandler.enable()
neighbour = Neighbour()
if when == "after":
    ours()
vm = load(lambda n: theirs.call("half", n))
theirs = Wasmtime(pooling, lambda n: vm.call("half", n) if n else 0)
for _ in range(3):
    theirs.traps()
    ours()
    assert theirs.call("go", 2) == 7          # theirs calls ours, and ours theirs
    assert vm.call("go", 7) == 2
    ours(lambda n: theirs.call("at", 8) + n)
    def within(n):
        theirs.traps()
        return n
    ours(within)
    neighbour.works()
vm.close()
print("all is well")
"""


@needs_keys
@pytest.mark.parametrize(("when", "memory"), [("before", "on demand"), ("after", "pooling")])
def test_wasmtime_in_the_same_process(when: str, memory: str) -> None:
    """It catches faults to make traps of them, before our handlers are there or after: both see what is theirs."""
    pytest.importorskip("wasmtime")
    done = subprocess.run(
        [sys.executable, "-c", WASMTIME, when, memory],
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )
    assert (done.returncode, done.stdout) == (0, "all is well\n"), done.stderr[-3000:]


def test_wasmtime_s_wheel_uses_no_keys() -> None:
    """Why it is no second user of keys here: built without them, it has neither WRPKRU nor RDPKRU. Should that change,
    the test above is to be run with its keys, and docs/isolation.md has to say so."""
    wasmtime = pytest.importorskip("wasmtime")
    [library] = Path(wasmtime.__file__).parent.glob("linux-x86_64/*.so")
    content = library.read_bytes()
    assert content.count(b"\x0f\x01\xef") == content.count(b"\x0f\x01\xee") == 0
    assert b"wasmtime_pooling_allocation_strategy_set" in content
    assert b"memory_protection_keys_set" not in content
