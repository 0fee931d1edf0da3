"""`tblvm.map` against Python's own, with executors that do things in any order, late, at once, or break."""

from __future__ import annotations

import contextlib
import os
import pickle
import random
import resource
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tblvm
from tblvm.isolation.jobs import worker
from tblvm.isolation.jobs.flow import NOT_YET
from tblvm.isolation.jobs.mapping import Results, job_of
from tblvm.isolation.levels import choose

from .executors import AnyOrder, AtOnce
from .programs import TEXT, Seen

SEED = int(os.environ.get("TBLVM_TEST_SEED", "1"))
NUMBER = st.integers(-(2**31), 2**31 - 1) | st.integers(-3, 3)


def offered(function: Callable[[int], int] = abs) -> dict[str, dict[str, Callable[[int], int]]]:
    return {"env": {"seen": function}}


def mapped(inputs: Any, *, seen: Callable[[int], int] = abs, isolation: str = "none", **more: Any) -> Results:
    return tblvm.map(TEXT, inputs, imports=offered(seen), isolation=isolation, **more)


def levels() -> Iterator[str]:
    """Those that this machine has."""
    for each in ("none", "process", "mpk"):
        with contextlib.suppress(tblvm.IsolationError):
            yield choose(each)


@pytest.fixture(params=levels())
def level(request: pytest.FixtureRequest) -> str:
    """What is the same at all levels."""
    return str(request.param)


def quotient(pair: tuple[int, int]) -> int | str:
    """What `div` of the programs does."""
    a, b = pair
    if b == 0:
        return "DIVIDE_BY_ZERO"
    found = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return found if found < 2**31 else -(2**31)


def outcome(result: tblvm.Result) -> Any:
    return result.error.kind if isinstance(result.error, tblvm.Trap) else result.get()


@pytest.mark.outside
@given(st.lists(st.tuples(NUMBER, NUMBER), max_size=40), st.integers(1, 4), st.integers(1, 9), st.booleans())
@settings(max_examples=30)
def test_it_is_map_whatever_is_done_first(
    pairs: list[tuple[int, int]], workers: int, ahead: int, ordered: bool
) -> None:
    with AnyOrder(random.Random(SEED)) as executor:
        found = list(
            mapped(pairs, call="div", executor=executor, workers=workers, ahead=ahead, ordered=ordered)
        )
    if not ordered:
        found.sort(key=lambda each: each.index)
    assert [outcome(each) for each in found] == list(map(quotient, pairs))
    assert [(each.index, each.input) for each in found] == list(enumerate(pairs))
    assert all(each.attempts == 1 and each.spent.fuel and each.seconds > 0 for each in found)


EXECUTORS: dict[str, Callable[[], Executor | None]] = {
    "at once": AtOnce,
    "threads": lambda: ThreadPoolExecutor(3),
    "our own": lambda: None,
}


@pytest.mark.parametrize("make", EXECUTORS.values(), ids=EXECUTORS)
def test_executors(make: Callable[[], Executor | None], level: str) -> None:
    pairs = [(a, b) for a in range(-3, 4) for b in range(-1, 2)]
    executor = make()
    results = mapped(pairs, call="div", executor=executor, isolation=level)
    assert results.isolation == level
    found = list(results)
    assert [outcome(each) for each in found] == list(map(quotient, pairs))
    if executor is not None:  # it is as it was
        assert executor.submit(len, "ab").result() == 2
        executor.shutdown()


def test_a_pool_of_forked_processes_that_run_already(seen: Seen, level: str) -> None:
    """They have to be sent the program; each input is run once all the same."""
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        assert [*pool.map(abs, range(8))] == [*range(8)]
        found = list(mapped(range(30), call="told", executor=pool, seen=seen, isolation=level))
    assert [each.get() for each in found] == [*range(1, 31)]
    assert sorted(seen.all) == [*range(30)]


def test_a_run_reads_and_writes_bytes(level: str) -> None:
    inputs = [b"\x00\xff", "Jörg", None, bytearray(b"x" * 10_000)]
    expected = [b"\x00\xff", "Jörg".encode(), b"", b"x" * 10_000]
    found = list(mapped(inputs, isolation=level))
    assert [(each.status, each.output, each.get()) for each in found] == [
        (7, each, each) for each in expected
    ]


def test_output_of_calls_and_of_what_fails(level: str) -> None:
    found = list(mapped([4, 0], call="say", isolation=level))
    assert [each.output for each in found] == [b"4", b"0"]
    assert found[0].get() == 0 and outcome(found[1]) == "DIVIDE_BY_ZERO"
    with pytest.raises(tblvm.Trap):
        found[1].get()


def test_nothing_crosses_from_one_input_to_another(level: str) -> None:
    assert [each.get() for each in mapped([()] * 9, call="count", workers=2, isolation=level)] == [1] * 9


def test_limits_are_those_of_each(level: str) -> None:
    found = list(mapped([0, 1, 0, 1, 0], call="spin", fuel=1000, isolation=level))
    assert [outcome(each) for each in found] == [1, "OUT_OF_FUEL", 1, "OUT_OF_FUEL", 1]
    assert type(found[1].error) is tblvm.FuelExhausted and found[1].spent.fuel >= 1000
    found = list(mapped([0, 1, 0], call="spin", timeout="50ms", isolation=level))
    assert [type(each.error) for each in found] == [type(None), tblvm.DeadlineExceeded, type(None)]
    found = list(mapped([b"1234", b"12345"], output=4, isolation=level))
    assert [(type(each.error), each.output) for each in found] == [
        (type(None), b"1234"),
        (tblvm.OutputExceeded, b"1234"),
    ]


@pytest.mark.outside
@pytest.mark.parametrize("ordered", [True, False])
def test_inputs_are_read_as_they_are_needed(ordered: bool) -> None:
    read = 0

    def endless() -> Iterator[tuple[int, int]]:
        nonlocal read
        while True:
            read += 1
            yield read, 1

    with mapped(endless(), call="div", ahead=7, workers=2, ordered=ordered) as results:
        assert read == 0
        for delivered, result in enumerate(results):
            assert result.get() == result.index + 1
            assert delivered < read <= delivered + 7
            if delivered == 100:
                break
    before = read
    assert list(results) == [] and read == before


def test_what_is_done_at_once_is_delivered_at_once() -> None:
    events: list[str] = []

    def inputs() -> Iterator[int]:
        for each in range(3):
            events.append(f"read {each}")
            yield each

    for each in mapped(inputs(), call="say", executor=AtOnce()):
        events.append(f"result {each.index}")
    assert events == [f"{what} {each}" for each in range(3) for what in ("read", "result")]


def test_an_input_may_be_awaited() -> None:
    """Results come while the next input is not there yet."""
    there: list[Any] = [(4, 2)]

    def inputs() -> Iterator[Any]:
        while len(there) < 4:
            yield there.pop() if there and there[-1] != 0 else NOT_YET

    results = mapped([], call="div")
    flow = results.flow
    flow._source = inputs()
    assert next(results).get() == 2

    def arrive() -> None:
        there.append((9, 3))
        flow.wake()

    threading.Timer(0.01, arrive).start()
    assert next(results).get() == 3
    there.extend([0] * 4)
    assert list(results) == []


def test_what_inputs_raise_comes_through_behind_the_results_before() -> None:
    def inputs() -> Iterator[tuple[int, int]]:
        yield 6, 3
        yield 6, 0
        raise LookupError("no more")

    found: list[Any] = []
    with pytest.raises(LookupError, match="no more"):
        for each in mapped(inputs(), call="div"):
            found.append(outcome(each))
    assert found == [2, "DIVIDE_BY_ZERO"]


def test_inputs_that_do_not_fit_are_told_one_by_one() -> None:
    found = list(mapped([(1, 2), (1,), ("a", 2), (2**31, 1), (8, 4)], call="div"))
    assert [type(each.error).__name__ for each in found] == [
        *("NoneType", "TypeError", "TypeError", "OverflowError", "NoneType")
    ]
    found = list(mapped([b"", 5, "\ud800", b"x"]))
    assert [type(each.error).__name__ for each in found] == [
        "NoneType",
        "InputError",
        "InputError",
        "NoneType",
    ]


def test_a_host_function_that_raises(seen: Seen, level: str) -> None:
    bad = Seen(seen.path, raises=3)
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        for executor in (None, pool):
            found = list(mapped(range(6), call="told", seen=bad, executor=executor, isolation=level))
            assert [outcome(each) for each in found] == [1, 2, 3, "HOST_FAILED", 5, 6]
            cause = found[3].error.__cause__
            assert isinstance(cause, LookupError) and cause.args == ("nothing at 3",)


def test_no_memory_on_the_host_is_one_input_s_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from tblvm.isolation.jobs import worker

    real, loads = worker.load, 0

    def load(*args: Any, **more: Any) -> Any:
        nonlocal loads
        loads += 1
        if loads == 2:
            raise MemoryError
        if loads == 4:
            raise tblvm.TooLarge("module: no memory for it")
        return real(*args, **more)

    monkeypatch.setattr(worker, "load", load)
    found = list(mapped(range(6), call="told", executor=AtOnce()))
    assert [type(each.error).__name__ for each in found] == [
        *("NoneType", "MemoryError", "NoneType", "TooLarge", "NoneType", "NoneType")
    ]


def test_what_would_be_the_same_for_all_is_raised() -> None:
    read = []
    inputs = (read.append(each) or each for each in range(1000))
    with pytest.raises(tblvm.LinkError, match="seen"):
        list(tblvm.map(TEXT, inputs, call="told", ahead=5, isolation="none"))
    assert len(read) <= 5
    with pytest.raises(tblvm.UsageError, match="exports no function nothing"):
        list(mapped([1], call="nothing"))
    for wrong in (
        {"workers": 0},
        {"ahead": 0},
        {"retries": -1},
        {"executor": 5},
        {"call": 5},
        {"fuel": -1},
        {"timeout": 0},
        {"grants": ["nothing"]},
        {"isolation": "nothing"},
    ):
        with pytest.raises(tblvm.UsageError):  # at once, not with the first result
            mapped([1], **wrong)
    for single in ("text", b"bytes", {"a": 1}):
        with pytest.raises(tblvm.UsageError, match="inputs are several"):
            mapped(single)
    with pytest.raises(TypeError):
        mapped(5)


@pytest.mark.outside
@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize("seed", range(SEED, SEED + 5))
def test_executors_that_break(seed: int, retries: int) -> None:
    """Nothing is lost; nothing is run twice unless asked, and then not oftener than that."""
    chance, ran = random.Random(seed), Counter[int]()

    def count(n: int) -> int:
        ran[n] += 1
        return n + 1

    found = list(
        mapped(
            range(80),
            call="told",
            seen=count,
            executor=lambda: AnyOrder(chance, breaks=12),
            workers=3,
            retries=retries,
        )
    )
    assert [each.index for each in found] == [*range(80)]
    assert max(ran.values()) <= 1 + retries
    lost = [each for each in found if each.error is not None]
    assert all(isinstance(each.error, tblvm.WorkerLost) and each.attempts == 1 + retries for each in lost)
    assert all(each.get() == each.index + 1 and ran[each.index] for each in found if each not in lost)
    assert lost or retries


def test_an_executor_that_breaks_and_is_the_only_one() -> None:
    read = []
    inputs = (read.append(each) or each for each in range(1000))
    found: list[tblvm.Result] = []
    with pytest.raises(BrokenExecutor):
        for each in mapped(inputs, call="told", executor=AnyOrder(random.Random(SEED), breaks=10), workers=2):
            found.append(each)
    assert [each.input for each in found] == read  # each input that was read has its result


def test_an_executor_that_was_shut_down() -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    found: list[tblvm.Result] = []
    with pytest.raises(RuntimeError, match="after shutdown"):
        for each in mapped(range(9), call="told", executor=executor):
            found.append(each)
    assert [(type(each.error), each.attempts) for each in found] == [(tblvm.WorkerLost, 0)]


@pytest.mark.parametrize("retries", [0, 1])
def test_kill_9_of_a_process_in_a_pool(seen: Seen, retries: int) -> None:
    killing = Seen(seen.path, kills=13, once=seen.path + ".once" if retries else "")

    def pool() -> Executor:
        return ProcessPoolExecutor(2, mp_context=get_context("fork"))

    found = list(mapped(range(40), call="told", seen=killing, executor=pool, workers=2, retries=retries))
    assert [each.index for each in found] == [*range(40)]
    lost = [each.index for each in found if isinstance(each.error, tblvm.WorkerLost)]
    assert [each.get() for each in found if each.index not in lost] == [
        each + 1 for each in range(40) if each not in lost
    ]
    times = Counter(killing.all)
    if retries:
        assert lost == [] and times[13] == 2 and max(times.values()) == 2
    else:
        assert 13 in lost and len(lost) <= 4 and max(times.values()) == 1


def sandboxes() -> list[int]:
    """Numbers of this process's worker processes."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid() and b"tblvm-worker" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


@pytest.mark.parametrize("retries", [0, 1])
def test_kill_9_of_a_sandbox(retries: int) -> None:
    """The one input has an error of its own, the others go on; it is run again only if that is asked for."""
    times: Counter[int] = Counter()

    def seen(n: int) -> int:
        times[n] += 1
        if n == 3 and times[n] == 1:
            for each in sandboxes():
                os.kill(each, signal.SIGKILL)
        return n + 1

    found = list(mapped(range(7), call="told", seen=seen, isolation="process", workers=1, retries=retries))
    assert times == {each: 1 + (each == 3 and retries) for each in range(7)}
    lost = found.pop(3) if not retries else None
    assert [each.get() for each in found] == [each.index + 1 for each in found]
    if lost is not None:
        assert isinstance(lost.error, tblvm.Crashed) and lost.error.signal == signal.SIGKILL
    else:
        assert [each.attempts for each in found] == [1, 1, 1, 2, 1, 1, 1]


def test_sandboxes_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there never was one that is the answer; later it is that of an input."""
    from tblvm.isolation.jobs import worker

    real, loads, fails = worker.load, 0, {1}

    def load(*args: Any, **more: Any) -> Any:
        nonlocal loads
        loads += 1
        if loads in fails:
            raise tblvm.IsolationError("no worker process")
        return real(*args, **more)

    monkeypatch.setattr(worker, "load", load)
    with pytest.raises(tblvm.IsolationError):
        list(mapped(range(3), call="told", executor=AtOnce()))
    loads, fails = 0, {2}
    found = list(mapped(range(3), call="told", executor=AtOnce()))
    assert [isinstance(each.error, tblvm.IsolationError) for each in found] == [False, True, False]
    loads = 0
    assert [each.attempts for each in mapped(range(3), call="told", executor=AtOnce(), retries=1)] == [
        1,
        2,
        1,
    ]


def taken(limit: int) -> int:
    """How much of a limit this process has, with a little for itself where it is memory."""
    if limit == resource.RLIMIT_NOFILE:
        return next(each for each in range(1 << 16) if not Path(f"/proc/self/fd/{each}").exists())
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + (64 << 20)


@pytest.mark.parametrize("limit", [resource.RLIMIT_NOFILE, resource.RLIMIT_AS])
def test_a_host_without_descriptors_or_memory(limit: int) -> None:
    """It is the error of the inputs that it concerns, and those behind them go on."""
    before = resource.getrlimit(limit)
    results = mapped(range(4), call="told", executor=AtOnce(), isolation="process")
    assert next(results).get() == 0
    resource.setrlimit(limit, (taken(limit), before[1]))
    try:
        found = next(results)
    finally:
        resource.setrlimit(limit, before)
    assert isinstance(found.error, (tblvm.IsolationError, MemoryError, tblvm.TooLarge)), found
    assert [each.get() for each in results] == [2, 3]


def test_a_host_function_that_never_returns() -> None:
    """Its sandbox does without it, as soon as the time of the call is up."""
    ever = threading.Event()

    def seen(n: int) -> int:
        if n == 1:
            ever.wait()
        return n + 1

    found = list(mapped(range(4), call="told", seen=seen, timeout=3, isolation="process", workers=2))
    ever.set()
    assert isinstance(found[1].error, tblvm.DeadlineExceeded)
    assert [each.get() for each in found if each.index != 1] == [1, 3, 4]


def test_a_host_that_forks(level: str) -> None:
    """A child has no use of what its parent maps, and does not disturb it."""
    results = mapped(range(6), call="told", seen=lambda n: n + 1, isolation=level, workers=2)
    assert next(results).get() == 1
    if (child := os.fork()) == 0:
        with contextlib.suppress(BaseException):
            results.close()
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert [each.get() for each in results] == [2, 3, 4, 5, 6]


def test_closing_ends_what_runs(level: str) -> None:
    before = {each.name for each in threading.enumerate()}
    results = mapped([0, *[1] * 50], call="spin", workers=2, isolation=level)
    assert next(results).get() == 1
    results.close()
    for each in threading.enumerate():
        if each.name not in before and each.name.startswith("tblvm-map"):
            each.join(20)
            assert not each.is_alive()
    assert list(results) == []


def test_what_was_being_loaded_when_all_was_stopped_does_not_run() -> None:
    """Loading may take longer than anybody waits for those that run."""
    job, _ = job_of(TEXT, "spin", "none", {"imports": offered(), "fuel": 10_000})
    found = worker.work("one", job, 0, (1,))
    assert found is not None and isinstance(found.error, tblvm.FuelExhausted)
    assert not worker.interrupt("one")
    found = worker.work("one", job, 0, (1,))
    assert found is not None and isinstance(found.error, tblvm.Trap) and found.error.kind == "INTERRUPTED"


def test_results_and_their_causes_can_be_pickled() -> None:
    class Odd(Exception):
        def __init__(self, a: int, b: int) -> None:
            super().__init__(f"{a} and {b}")

    def odd(n: int) -> int:
        raise Odd(1, 2)

    for function, kind, message in (
        (odd, RuntimeError, "Odd: 1 and 2"),
        (Seen(os.devnull, raises=5), LookupError, "nothing at 5"),
    ):
        [found] = mapped([5], call="told", seen=function)
        again = pickle.loads(pickle.dumps(found))
        cause = again.error.__cause__
        assert type(cause) is kind and cause.args == (message,)
        assert (again.index, again.spent, str(again.error)) == (found.index, found.spent, str(found.error))
