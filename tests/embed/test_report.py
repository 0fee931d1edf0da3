"""What a report says of an instance: what is in force, and what was spent."""

from __future__ import annotations

import json
from typing import Any

import pytest

import tblvm
from tblvm import Crashed, FuelExhausted, InstanceClosed, Store
from tests.machine.levels import ON_LINUX

from .test_limits import level  # noqa: F401  a fixture

TEXT = b"""
.import ask(n: i32) -> i32: "env", "ask"
.memory m: 1, 4
.heap 8192
.func main()
    CONST "hello"
    PRINT
    RET
.end
.func twice(n: i32) -> i32
    LOAD n
    CALL ask
    CALL ask
    RET
.end
"""


def load(level: str, **given: Any) -> tblvm.Instance:  # noqa: F811
    return Store(isolation=level, imports={"env": {"ask": lambda n: n + 1}}, **given).load(TEXT)


def test_limits_and_grants(level: str) -> None:  # noqa: F811
    given = {"memory": "2M", "stack": 500, "fuel": "1e6", "timeout": 60, "output": "1K"}
    with load(level, **given, grants=["clock"], env={"LANG": "C"}) as vm:
        report = vm.report()
        assert report.isolation == level and report.program == "module" and report.ended == ""
        assert report.limits == {
            "heap": 2 << 20,
            "linear": 2 << 20,
            "stack": 500,
            "tables": 1 << 20,
            "load.memory": 64 << 20,
            **({"registers": 128 << 20} if report.engine == "threaded" else {}),
            "fuel": 10**6,
            "timeout": 60,
            "output": 1024,
        }
        assert (report.grants, report.functions) == (("clock",), ("env.ask",))
        assert (report.environment, report.directories) == (("LANG",), ())
        assert bool(report.walls) == (level != "none")
        assert json.loads(report.json()) == {
            "schema": 1,
            **{
                name: json.loads(json.dumps(report.data()[name]))
                for name in report.data()
                if name != "schema"
            },
        }
        text = str(report)
        assert f"isolation      {level}" in text and "fuel         1,000,000 instructions" in text
        assert "environment  LANG" in text and "directories  nothing" in text
    with pytest.raises(InstanceClosed):
        vm.report()
    # Where nobody says anything: what the module asks for, else what there is anyway.
    with load(level) as vm:
        limits = vm.report().limits
        assert (limits["heap"], limits["stack"], limits["fuel"]) == (8192, 65536, None)
        assert vm.report().grants == () and "fuel         none" in str(vm.report())


def test_what_was_spent(level: str) -> None:  # noqa: F811
    with load(level, fuel=1000, output=100) as vm:
        before = vm.report().spent
        assert (before.fuel, before.output) == (0, 0)
        assert vm.call("twice", 5) == 7
        first = vm.report().spent
        # Four instructions, and of each host function HOST, the result, and RET.
        assert first.fuel == 1000 - vm.fuel == 4 + 2 * 3
        vm.run()
        vm.fuel = 5000
        vm.call("twice", 5)
        spent = vm.report().spent
        assert spent.output == 5 and spent.fuel == 2 * 10 + 3
        assert vm.report().limits["fuel"] == 5000 + 10 + 3
        if level == "none":
            assert spent.calls is spent.seconds is spent.switches is spent.peak_memory is None
            return
        assert spent.calls == before.calls + 3 and spent.host_calls == 4  # type: ignore[operator]
        assert spent.switches > first.switches > before.switches  # type: ignore[operator]
        assert 0 < spent.seconds < 60 and 0 < spent.host_seconds < 60  # type: ignore[operator]
        assert 4096 <= spent.peak_memory < 1 << 30  # type: ignore[operator]


def test_a_call_crosses_twice_and_a_host_call_once_more(level: str) -> None:  # noqa: F811
    """Switches are counted, each over and back."""
    if level == "none":
        pytest.skip("nothing is crossed")
    with load(level) as vm:
        call = vm.function("twice")
        call(1)
        before = vm.report().spent.switches
        own = vm.report().spent.switches - before  # type: ignore[operator]
        call(1)
        assert vm.report().spent.switches - before == 1 + 2 + 2 * own  # type: ignore[operator]


@pytest.mark.outside
def test_output_is_counted_where_it_goes_through_python() -> None:
    with load("none") as vm:
        assert vm.report().spent.output is None
        assert vm.run().output == b"hello" and vm.report().spent.output == 5


def test_a_program_that_was_stopped(level: str) -> None:  # noqa: F811
    text = b".func main()\nagain:\n    JMP again\n.end\n"
    with tblvm.load(text, fuel=100, isolation=level) as vm:
        with pytest.raises(FuelExhausted):
            vm.run()
        assert vm.report().spent.fuel == 101


@ON_LINUX
@pytest.mark.repeated
def test_a_worker_that_was_killed() -> None:
    import os
    import signal

    vm = load("process")
    vm.call("twice", 1)
    os.kill(int(vm.report().walls["process"].split()[1].rstrip(",")), signal.SIGKILL)
    with pytest.raises(Crashed) as found:
        vm.call("twice", 1)
    assert found.value.signal == signal.SIGKILL
    report = vm.report()
    assert "SIGKILL" in report.ended and report.spent.fuel is None and report.spent.host_calls == 2
    assert "ended          the sandbox ended by signal 9 (SIGKILL)" in str(report)
