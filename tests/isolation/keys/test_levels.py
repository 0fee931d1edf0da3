"""Programs behind protection keys: `isolation="mpk"`."""

from __future__ import annotations

import gc
import os
import signal
import threading
from pathlib import Path

import pytest

import tblvm
from tblvm.core.errors import UsageError
from tblvm.embed.errors import FuelExhausted, IsolationError
from tblvm.isolation import levels
from tblvm.isolation.keys import key
from tblvm.isolation.keys.guest import alive
from tests.machine.keys import INSIDE, has_keys, needs_keys
from tests.machine.levels import WALLED

EXAMPLES = Path(__file__).parents[3] / "examples"
FIB = EXAMPLES / "fib.tba"


@pytest.mark.skipif(has_keys() or INSIDE in os.environ, reason="there are keys here")
def test_without_keys_it_is_an_error_with_the_way_out() -> None:
    with pytest.raises(IsolationError, match=r"keys.*process") as caught:
        tblvm.load(FIB, isolation="mpk")
    assert caught.value.status == 6
    assert levels.choose("auto") == "process"
    with pytest.raises(UsageError):
        levels.choose("keys")


@needs_keys
def test_a_program_runs_behind_them() -> None:
    with tblvm.load(FIB, isolation="mpk", memory="16M", fuel=10**7) as vm:
        assert vm.call("fib", 15) == 610
        assert vm.run().output == b"fib(20) = 6765\n"
        told = vm.report()
        assert told.isolation == "mpk" and "protection keys" in told.walls
        assert told.spent.switches and told.spent.parkings == 0
        assert 0 < (told.spent.peak_memory or 0) < 16 << 20
    assert levels.choose("auto") == "mpk"


@pytest.mark.parametrize("level", WALLED)
def test_limits_and_host_functions_are_as_everywhere(level: str) -> None:
    text = """\
.import double(n: i32) -> i32: "host", "double"
.func main()
  RET
.end
.func twice(n: i32) -> i32
  LOAD n
  CALL double
  RET
.end
.func spin()
again:
  JMP again
.end
"""
    heard: list[tuple[int, int]] = []

    def double(n: int) -> int:
        heard.append((n, key.rights() if has_keys() else 0))
        if n == 13:
            raise KeyError(n)
        return 2 * n

    imports = {"host": {"double": tblvm.HostFunction(double, "(i32) -> i32")}}
    with tblvm.load(text.encode(), isolation=level, imports=imports, memory="16M", fuel=10**6) as vm:
        assert vm.call("twice", 21) == 42
        with pytest.raises(tblvm.Trap) as caught:
            vm.call("twice", 13)
        assert isinstance(caught.value.__cause__, KeyError)
        assert len({rights for _, rights in heard}) == 1
        with pytest.raises(FuelExhausted):
            vm.call("spin")
    with tblvm.load(text.encode(), isolation=level, imports=imports, timeout=0.2) as vm:
        with pytest.raises(tblvm.DeadlineExceeded):
            vm.call("spin")
        assert vm.call("twice", 4) == 8


@pytest.mark.parametrize("level", WALLED)
def test_ctrl_c_stops_it(level: str) -> None:
    text = ".func main()\n  RET\n.end\n.func spin()\nagain:\n  JMP again\n.end\n.func one() -> i32\n  PUSH 1\n  RET\n.end\n"
    with tblvm.load(text.encode(), isolation=level) as vm:
        vm.call("one")
        # Whoever started the tests may have had it ignored.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            vm.call("spin")
        signal.signal(signal.SIGINT, before)
        assert vm.call("one") == 1


@needs_keys
def test_more_programs_than_keys() -> None:
    vms = [tblvm.load(FIB, isolation="mpk", memory="4M") for _ in range(9)]
    try:
        for _ in range(2):
            assert [vm.call("fib", 9) for vm in vms] == [34] * len(vms)
        assert sum(vm.report().spent.parkings or 0 for vm in vms) > 0
    finally:
        for vm in vms:
            vm.close()
    del vms
    gc.collect()
    assert not alive()


@needs_keys
def test_programs_in_threads() -> None:
    problems: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(3):
                with tblvm.load(FIB, isolation="mpk", memory="4M") as vm:
                    assert vm.call("fib", 10) == 55
        except BaseException as error:
            problems.append(error)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert not problems
