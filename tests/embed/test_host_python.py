"""What a stranger does with the Python API: mistakes, processes, threads, signals, files, garbage."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import io
import multiprocessing
import os
import pickle
import random
import subprocess
import sys
import textwrap
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

import tblvm
from tblvm import DeadlineExceeded, Frame, LoadError, SourceError, Store, Trap, UsageError
from tblvm.core.errors import Diagnostic
from tblvm.embed.console import Console
from tblvm.embed.deadlines import Clock

from .conftest import Load

SEED = int(os.environ.get("TBLVM_TEST_SEED", "6"))
ROOT = Path(__file__).parents[2]
FIXED = ROOT / "plugins" / "fixedpoint"
TEXT = """
.import ask(n: i32) -> i32: "env", "ask"
.func main()
    RET
.end
.func same(n: i32, s: string, a: u8[]) -> i32
    LOAD n
    RET
.end
.func bad(n: i32) -> i32
    LOAD n
    PUSH 0
    DIV
    RET
.end
.func spin()
again:
    JMP again
.end
.func go(n: i32) -> i32
    LOAD n
    CALL ask
    RET
.end
"""
ASK = {"env": {"ask": lambda n: n}}


# --- mistakes ---------------------------------------------------------------------------------------------


def test_the_package_shows_what_is_for_everybody() -> None:
    shown = dir(tblvm)
    assert set(tblvm.__all__) | {"__version__"} <= set(shown) and "TYPE_CHECKING" not in shown
    for name in tblvm.__all__:
        assert getattr(tblvm, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        tblvm.lod  # noqa: B018
    # One says what the other does, so that help and type checkers tell of both.
    own = inspect.signature(tblvm.load).parameters
    assert list(own)[1:] == list(inspect.signature(Store).parameters)


@pytest.mark.parametrize(
    ("program", "kind", "message"),
    [
        (None, TypeError, "not NoneType"),
        (3, TypeError, "a program is the name of a file, its content as bytes, or a module, not int"),
        (io.BytesIO(), TypeError, "not BytesIO"),
        (TEXT, UsageError, r"give it as bytes, text\.encode"),
        (b"", UsageError, "is no program"),
        ("nowhere.tba", UsageError, r"cannot read nowhere\.tba: No such file"),
        (Path("/"), UsageError, "Is a directory"),
    ],
)
def test_what_is_no_program(program: object, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        tblvm.load(program)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"fule": 5}, TypeError, r"load\(\) got an unexpected keyword argument 'fule'"),
        ({"features": "gc.marksweep"}, UsageError, r"features is a list of names: \['gc\.marksweep'\]"),
        ({"plugins": Path("a.py")}, UsageError, r"plugins is a list of names: \['a\.py'\]"),
        ({"grants": "clock"}, UsageError, r"grants is a list of names: \['clock'\]"),
        ({"memory": "1 MB"}, UsageError, "memory: '1 MB' is no size"),
        ({"timeout": "-1s"}, UsageError, "timeout: '-1s' is no duration"),
        ({"timeout": float("nan")}, UsageError, "not nan"),
        ({"imports": {"ask": print}}, UsageError, "imports are functions by module and name"),
        ({"imports": [print]}, UsageError, "imports are functions by module and name"),
        ({"imports": {"env": {"ask": 5}}}, UsageError, r"env\.ask is no function"),
        ({"stdin": 3}, UsageError, "stdin is bytes, text or a file that is open, not int"),
        ({"stdout": "out.txt"}, UsageError, "stdout is a file that is open, not str"),
    ],
)
def test_what_cannot_be_asked_for(given: dict[str, object], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        tblvm.load(TEXT.encode(), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        ((), TypeError, r"same\(\) missing 3 required"),
        ((1, "", b"", 4), TypeError, r"same\(\) takes 3 positional arguments but 4"),
        (
            ("1", "", b""),
            TypeError,
            r"same takes \(i32, string, u8\[\]\), not \(str, str, bytes\): an integer",
        ),
        ((1, 2, b""), TypeError, r"same takes .* a string is wanted, or None"),
        ((1, "", "text"), TypeError, "an array of u8 is wanted, not str"),
        ((1, "", [256]), OverflowError, r"same takes .*, not \(int, str, list\): unsigned byte"),
        ((2**31, "", b""), OverflowError, "2147483648 does not fit"),
    ],
)
def test_arguments_that_do_not_fit(
    loads: Load, call: tuple[object, ...], kind: type[Exception], message: str
) -> None:
    vm = loads(TEXT, imports=ASK)
    with pytest.raises(kind, match=message):
        vm.call("same", *call)
    assert vm.call("same", 7, None, None) == 7


def test_names_that_are_none(loads: Load) -> None:
    vm = loads(TEXT, imports=ASK)
    for name in ("fob", "", "same\0", "\udc80"):
        with pytest.raises(KeyError, match="exports no function"):
            vm.call(name, 1)
    for wrong in (3, b"same", None):
        with pytest.raises(TypeError, match="a function's name is a str"):
            vm.call(wrong)  # type: ignore[arg-type]


def test_an_instance_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "some.tba"
    path.write_text(TEXT)
    vm = tblvm.load(path, imports=ASK, timeout=5)
    assert repr(vm) == f"<tblvm.Instance of {path}, open>" and vm.timeout == 5
    assert "(i32) -> i32" in str(vm.function("bad").__doc__) and vm.function("bad").__name__ == "bad"
    vm.close()
    assert repr(vm).endswith("closed>")


def test_a_page_that_no_plug_in_has(tmp_path: Path) -> None:
    """A module of a plug-in: refused where it is not named, and what it is where it is."""
    plugin = FIXED / "tblvm_fixedpoint.py"
    made = tmp_path / "fixed.tbc"
    words = ["-m", "tblvm", "asm", "-p", plugin, FIXED / "example.tba", "-o", made]
    subprocess.run([sys.executable, *words], check=True)
    with pytest.raises(LoadError, match=r"fixed\.tbc: it uses page fixedpoint.*name the plug-in in plugins"):
        tblvm.load(made)
    with tblvm.load(made, plugins=[plugin]) as vm:
        # Another store of this process has other things.
        with tblvm.load(TEXT.encode(), imports=ASK) as other:
            assert other.call("go", 3) == 3
        assert vm.run().output == b"19635\n"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder for builds, which scripts share."""
    return str(tmp_path_factory.mktemp("kept"))


# --- exceptions and other processes -----------------------------------------------------------------------

ERRORS = (
    Trap("STACK_OVERFLOW", "stack overflow", (Frame("f", "a.tba", 3), Frame("g", "", 0)), 134),
    DeadlineExceeded("INTERRUPTED", "the time is up", (Frame("f", "a.tba", 3),)),
    LoadError("it is too large", 6),
    SourceError(Diagnostic("no such thing", 1, 2), "\tNOSUCH", "a.tba"),
    tblvm.ModuleError("no", "f", 3),
    UsageError("no"),
    tblvm.Halted("ended"),
    tblvm.InstanceBusy("busy"),
)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_exceptions_come_back_from_other_processes(error: Exception) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(again), str(again), repr(again)) == (type(error), str(error), repr(error))
        assert again.__dict__ == error.__dict__


@pytest.mark.parametrize("how", [pickle.dumps, copy.copy, copy.deepcopy])
def test_instances_are_not_copied(loads: Load, how: Callable[[object], object]) -> None:
    vm = loads(TEXT, imports=ASK)
    for each, message in ((vm, "an instance cannot be copied or pickled"), (vm.store, "a store cannot be")):
        with pytest.raises(TypeError, match=message):
            how(each)
    assert vm.call("go", 1) == 1


def _stopped(n: int) -> int:
    with tblvm.load(TEXT.encode(), imports=ASK) as vm:
        return int(vm.call("bad", n))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_trap_in_a_pool(method: str, kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TBLVM_CACHE_SIZE", "1G")
    monkeypatch.setenv("TBLVM_CACHE_DIR", kept)
    with multiprocessing.get_context(method).Pool(1) as pool, pytest.raises(Trap) as found:
        pool.apply_async(_stopped, (1,)).get(60)
    assert (found.value.kind, found.value.function, found.value.line) == ("DIVIDE_BY_ZERO", "bad", 13)


def script(text: str, kept: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs Python with all warnings as errors; TEXT and ASK are there. kept: the cache."""
    before = (
        f"import tblvm, threading, sys, os, signal\nTEXT = {TEXT.encode()!r}\nASK = dict(env=dict(ask=abs))\n"
    )
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", before + textwrap.dedent(text)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TBLVM_CACHE_SIZE": "1G", "TBLVM_CACHE_DIR": kept, **variables},
        timeout=60,
        check=False,
    )


def test_a_fork_behind_a_load(kept: str) -> None:
    """Parent and child go on with what they have, deadlines included, although one was running then."""
    done = script(
        """
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # later Pythons warn of forks with threads
        from tblvm.embed.deadlines import CLOCK
        vm = tblvm.load(TEXT, imports=ASK, timeout=0.1)
        CLOCK.start(1000, print)
        def use(who):
            try:
                vm.call("spin")
            except tblvm.DeadlineExceeded:
                said = f"{who} {vm.call('go', 5)} {tblvm.load(TEXT, imports=ASK).call('go', 6)}\\n"
                os.write(1, said.encode())  # one write: print may make several, which the other's come between
        child = os.fork()
        use("parent" if child else "child")
        if not child:
            os._exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
        """,
        kept,
    )
    assert (sorted(done.stdout.splitlines()), done.stderr) == (["child 5 6", "parent 5 6"], "")


def test_far_deadlines_end_nothing_and_hold_up_nothing() -> None:
    """Longer than any system waits; behind them the near ones still count."""
    clock, near = Clock(), threading.Event()
    for seconds in (1e300, float("inf"), 2.0**40):
        assert not clock.start(seconds, near.set).expired
    clock.start(0.01, near.set)
    assert near.wait(60)


@pytest.mark.parametrize(
    "wait", ["pass", "threading.Thread(target=vm.call, args=('spin',), daemon=True).start()"]
)
def test_the_interpreter_ends_with_instances(wait: str, kept: str) -> None:
    """Open ones, and one that runs in a thread of its own with its deadline far away: no word, no delay."""
    done = script(
        f"""
        vm = tblvm.load(TEXT, imports=ASK, timeout=1000)
        vm.call("go", 1)
        {wait}
        print("end")
        """,
        kept,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")


# --- threads and signals ----------------------------------------------------------------------------------


def test_asyncio(loads: Load) -> None:
    """A program in a thread beside the loop; what ends the task ends the program."""
    vm = loads(TEXT, imports=ASK)
    started = threading.Event()

    async def main() -> str:
        def work() -> object:
            started.set()
            return vm.call("spin")

        task = asyncio.create_task(asyncio.to_thread(work))
        await asyncio.to_thread(started.wait)
        while not task.done():  # the interrupt counts from the moment at which the program runs
            vm.interrupt()
            await asyncio.sleep(0)
        try:
            await task
        except Trap as trap:
            return str(trap)
        return ""

    assert asyncio.run(main()) == "interrupted\n  at spin (module:18)"


@pytest.mark.parametrize(
    ("how", "then"),
    [
        # The module is loaded by another thread, which cannot have Ctrl-C.
        ("t = threading.Thread(target=load); t.start(); t.join()", "KeyboardInterrupt"),
        # A handler that was there before the first call of a function.
        ("load(); signal.signal(signal.SIGINT, handler)", "Trap: interrupted\n  at main (module:7)"),
    ],
)
def test_ctrl_c_where_the_handler_came_late(how: str, then: str, kept: str) -> None:
    text = '.import ready(): "env", "ready"\n.func main()\n    CALL ready\n    CALL spin\n    RET\n.end\n'
    text += ".func spin()\nagain:\n    JMP again\n.end\n"
    then = then.replace("main (module:7)", "spin (module:9)\n  at main (module:4)")
    done = script(
        f"""
        def load():
            global vm
            kill = lambda: os.kill(os.getpid(), signal.SIGINT)
            vm = tblvm.load({text.encode()!r}, imports=dict(env=dict(ready=lambda: threading.Timer(0.1, kill).start())))
        handler = lambda number, frame: print("handled")
        {how}
        try:
            vm.call("main")
        except BaseException as error:
            print(f"{{type(error).__name__}}: {{error}}".strip(": "))
        """,
        kept,
    )
    assert done.stdout.removeprefix("handled\n").strip() == then, done.stderr


# --- files ------------------------------------------------------------------------------------------------


class Odd(io.RawIOBase):
    """A file that takes and gives what it likes."""

    def __init__(self, data: bytes, rng: random.Random) -> None:
        self.data, self.rng, self.taken = data, rng, b""

    def read(self, size: int = -1) -> bytes:
        count = self.rng.choice((1, 3, size, 5 * size))
        given, self.data = self.data[:count], self.data[count:]
        return given

    def write(self, data: object) -> int:
        assert isinstance(data, bytes)
        count = self.rng.randint(1, len(data))
        self.taken += data[:count]
        return count


def test_files_of_all_kinds() -> None:
    """More than was asked for, less than was given, text: all bytes come through, in order."""
    rng = random.Random(SEED)
    text = "".join(rng.choice("aé日😀\n") for _ in range(3000))
    for stdin in (
        text,
        text.encode(),
        bytearray(text.encode()),
        memoryview(text.encode()),
        io.StringIO(text),
    ):
        console, read = Console(stdin, None), b""
        while piece := console.read(count := rng.randint(1, 300)):
            assert len(piece) <= count
            read += piece
        assert read == text.encode(), f"seed {SEED}"
    odd = Odd(text.encode(), rng)
    console = Console(odd, odd)
    while piece := console.read(256):
        assert len(piece) <= 256
        console.write(piece)
    assert odd.taken == text.encode(), f"seed {SEED}"
    written, data = io.StringIO(), text.encode() + "é".encode()[:1]
    console = Console(None, written)
    while data:
        console.write(data[: (count := rng.randint(1, 5))])
        data = data[count:]
    console.end()
    assert written.getvalue() == text + "\ufffd"


def test_a_program_reads_a_file_that_gives_too_much() -> None:
    """The buffer of the program has 256 bytes; the file gives five times as many as it is asked for."""
    data = random.Random(SEED).randbytes(5000)

    class Generous(io.RawIOBase):
        at = 0

        def read(self, size: int = -1) -> bytes:
            self.at, start = self.at + 5 * size, self.at
            return data[start : self.at]

    echo = ".func main()\nagain:\n    GETCHAR\n    DUP\n    PUSH -1\n    JEQ end\n    PUTCHAR\n    JMP again\nend:\n    POP\n    HALT\n.end\n"
    with tblvm.load(echo.encode()) as vm:
        assert vm.run(stdin=Generous()).output == data


def test_a_cache_that_cannot_be(tmp_path: Path) -> None:
    """Nothing is kept, which a warning says; the program runs."""
    place = tmp_path / "file"
    place.write_text("no folder")
    done = script(
        """
        import warnings
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            vm = tblvm.load(TEXT, imports=ASK)
        print(vm.call("go", 3), *(f"{each.category.__name__}: {each.message}" for each in found))
        """,
        str(place),
    )
    assert done.stdout.startswith("3 RuntimeWarning: tblvm: nothing is kept for the next time:"), done.stderr


def test_no_compiler(tmp_path: Path) -> None:
    done = script(
        """
        sys.modules["ziglang"] = None
        try:
            tblvm.load(TEXT, imports=ASK)
        except tblvm.BuildError as error:
            print(error)
        """,
        str(tmp_path),
    )
    assert done.stdout == "the compiler is missing: pip install ziglang==0.17.0\n", done.stderr


# --- garbage ----------------------------------------------------------------------------------------------


def test_an_instance_that_its_host_function_has_is_garbage(loads: Load) -> None:
    found = []
    for _ in range(3):
        had: dict[str, tblvm.Instance] = {}
        vm = tblvm.load(TEXT.encode(), imports={"env": {"ask": lambda n, had=had: n + had["vm"].closed}})
        had["vm"] = vm
        assert vm.call("go", 2) == 2
        found += [weakref.ref(vm), weakref.ref(vm.store)]
        del vm, had
    gc.collect()
    assert [each() for each in found] == [None] * 6


def test_a_function_keeps_its_instance(loads: Load) -> None:
    function = tblvm.load(TEXT.encode(), imports=ASK).function("go")
    gc.collect()
    assert function(4) == 4


def test_one_store_in_many_threads() -> None:
    """Threads make and drop instances of the same store; each has its own."""
    store, errors = Store(imports=ASK), []

    def work(number: int) -> None:
        try:
            for each in range(60):
                vm = store.load(TEXT.encode())
                assert vm.call("go", number + each) == number + each
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number * 1000,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not errors, errors[0]
