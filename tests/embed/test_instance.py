"""Instances in Python: what they run, what stops them, what is refused."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import random
import resource
import signal
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path

import pytest

import tblvm
from tblvm import (
    DeadlineExceeded,
    Halted,
    InstanceBusy,
    InstanceClosed,
    LoadError,
    Store,
    Trap,
)
from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.errors import ModuleError, SourceError, UsageError
from tblvm.core.module import Export
from tblvm.opcodes import Isa
from tblvm.stack import verify
from tests.programs import EXAMPLES, STOPPED, expected

from .conftest import Load

SEED = int(os.environ.get("TBLVM_TEST_SEED", "5"))
SPIN = (
    ".func main()\n    RET\n.end\n.func spin()\nagain:\n    JMP again\n.end\n.func quiet()\n    RET\n.end\n"
)
COUNT = """
.global count: i32
.func main()
    RET
.end
.func next(step: i32) -> i32
    LOADG count
    LOAD step
    ADD
    DUP
    STOREG count
    RET
.end
.func half(n: i32) -> i32
    LOAD n
    PUSH 0
    DIV
    RET
.end
"""
ASKS = """
.import ask(n: i32) -> i32: "env", "ask"
.func main()
    RET
.end
.func go(n: i32) -> i32
    LOAD n
    CALL ask
    RET
.end
"""


# --- running ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_do_what_executables_do(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where pictures go
    wanted = expected(path.read_text())
    with tblvm.load(path, grants=["clock", "screen"]) as vm:
        assert vm.run(stdin=wanted.stdin).output == wanted.output
        # Anew, on the same instance or on another one: globals go on, so that only a new one is the same.
    with tblvm.load(path, grants=["clock", "screen"]) as vm:
        done = vm.run(stdin=io.BytesIO(wanted.stdin), stdout=(out := io.BytesIO()))
        assert (out.getvalue(), done.output, done.truncated) == (wanted.output, b"", False)


# Instances have a collector wherever they can.
OTHERWISE = ("fuel", "time", "heap, no collector")


@pytest.mark.parametrize("name", [name for name in STOPPED if name not in OTHERWISE])
def test_what_stops_an_executable_stops_an_instance(name: str, tmp_path: Path) -> None:
    case = STOPPED[name]
    path = tmp_path / "stopped.tba"
    path.write_text(case.text)
    with tblvm.load(path) as vm, pytest.raises(Trap) as found:
        vm.run()
    assert (found.value.message, found.value.status) == (case.message, case.status)
    for place in case.places:
        assert place in str(found.value)


def test_the_stack_of_a_trap(loads: Load) -> None:
    vm = loads(COUNT)
    with pytest.raises(Trap) as found:
        vm.call("half", 1)
    trap = found.value
    assert (trap.kind, trap.function, trap.line) == ("DIVIDE_BY_ZERO", "half", 17)
    assert [str(each) for each in trap.frames] == ["half (module:17)"]
    # The instance goes on where it was.
    assert vm.call("next", 5) == 5 and vm.call("next", 1) == 6


def test_a_program_that_halts_gives_no_results(loads: Load) -> None:
    vm = loads(".func main() -> i32\n    PUSH 7\n    RET\n.end\n.func stop() -> i32\n    HALT\n.end\n")
    with pytest.raises(Halted):
        vm.call("stop")
    assert vm.run().status == 7 and vm.call("main") == 7


def test_names_are_those_that_are_exported(loads: Load) -> None:
    vm = loads(
        '.export "an odd name": add\n'
        + textwrap.dedent("""
        .func main()
            RET
        .end
        .func add(a: i32, b: i32) -> i32
            LOAD a
            LOAD b
            ADD
            RET
        .end
        """)
    )
    assert vm.functions == {"an odd name": "(i32, i32) -> i32"}
    assert vm.call("an odd name", 2, 3) == vm.function("an odd name")(2, 3) == 5
    with pytest.raises(KeyError, match="exports no function add; it exports an odd name"):
        vm.call("add", 1, 2)


def test_names_with_a_zero(isa: Isa) -> None:
    names = ("", "\0", "a", "a\0", "a\0b", "\xc0\x80", "\0\0")
    text = "".join(f".func f{n}() -> i32\n PUSH {n}\n RET\n.end\n" for n in range(len(names)))
    exports = [Export(name, "function", number) for number, name in enumerate(names)]
    text += ".func main()\n RET\n.end\n"
    module = replace(assemble(text, isa, "m.tba"), exports=tuple(sorted(exports, key=lambda each: each.name)))
    with tblvm.load(module) as vm:
        assert set(vm.functions) == set(names)
        assert [vm.call(name) for name in names] == list(range(len(names)))
        with pytest.raises(KeyError):
            vm.call("a\0c")


def test_modules_come_in_every_form(isa: Isa, tmp_path: Path) -> None:
    module = assemble(COUNT, isa, "count.tba")
    path = tmp_path / "count.tbc"
    path.write_bytes(tbc.write(verify(module, isa).module))
    for program in (module, path, str(path), path.read_bytes(), COUNT.encode()):
        with tblvm.load(program) as vm:
            assert vm.call("next", 2) == 2


# --- limits -----------------------------------------------------------------------------------------------


def test_fuel(loads: Load) -> None:
    vm = loads(SPIN, fuel=1000)
    assert vm.fuel == 1000
    vm.call("quiet")
    assert vm.fuel == 999
    with pytest.raises(Trap, match="out of fuel") as found:
        vm.call("spin")
    assert found.value.kind == "OUT_OF_FUEL" and vm.fuel <= 0
    vm.fuel = 5
    vm.call("quiet")
    assert vm.fuel == 4


def test_a_deadline_ends_a_call_and_nothing_else(loads: Load) -> None:
    vm = loads(SPIN, timeout=0.05)
    for _ in range(3):
        with pytest.raises(DeadlineExceeded, match=r"more than 0\.05 seconds") as found:
            vm.call("spin")
        assert isinstance(found.value, TimeoutError) and found.value.function == "spin"
        vm.call("quiet")


def test_another_thread_interrupts(loads: Load) -> None:
    """A host function tells that the program runs; from then on the interrupt counts."""
    vm = loads(
        '.import ask(): "env", "ask"\n.func main()\n    RET\n.end\n'
        ".func spin()\n    CALL ask\nagain:\n    JMP again\n.end\n",
        imports={"env": {"ask": lambda: threading.Thread(target=vm.interrupt).start()}},
    )
    with pytest.raises(Trap, match="interrupted") as found:
        vm.call("spin")
    assert found.value.kind == "INTERRUPTED" and not isinstance(found.value, DeadlineExceeded)


def test_memory_and_stack(loads: Load) -> None:
    text = """
.func main()
    RET
.end
.func make(n: i32)
    LOAD n
    NEWARRAY u8[]
    POP
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
    small, large = loads(text, memory=4096, stack=100), loads(text, memory=1 << 20, stack=10_000)
    large.call("make", 100_000)
    assert large.call("down", 1000) == 0
    with pytest.raises(Trap, match="out of memory"):
        small.call("make", 100_000)
    with pytest.raises(Trap, match="stack overflow"):
        small.call("down", 1000)
    small.call("make", 100)
    assert small.call("down", 5) == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"memory": 1}, "memory is from 64 to 2147483632, not 1"),
        ({"memory": 1 << 50}, "memory is from 64 to 2147483632"),
        ({"stack": -1}, "stack is a whole number"),
        ({"fuel": 1.5}, "fuel is a whole number"),
        ({"timeout": 0}, "a timeout is a number of seconds above 0"),
        ({"grants": ["clok"]}, "no grant is called clok; did you mean clock"),
        ({"features": ["gc.marksweeep"]}, "did you mean gc.marksweep"),
        ({"plugins": ["nowhere.py"]}, "there is no plug-in at nowhere.py"),
    ],
)
def test_limits_that_cannot_be(loads: Load, given: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        loads(COUNT, **given)


def test_what_is_not_granted_is_refused_when_it_is_loaded(loads: Load) -> None:
    text = ".func main()\n    PUSH 0\n    TIME_GET\n    POP\n    RET\n.end\n"
    with pytest.raises(LoadError, match=r"built without.*\(not granted: clock, screen\)") as found:
        loads(text)
    assert found.value.status == 4
    loads(text, grants=["clock"]).run()


# --- what is refused --------------------------------------------------------------------------------------


def test_what_is_no_module(loads: Load, isa: Isa) -> None:
    with pytest.raises(SourceError):
        loads(".func main()\n    NOSUCH\n.end\n")
    with pytest.raises(UsageError, match="is no program"):
        tblvm.load(b"\0\1\2")
    with pytest.raises(UsageError, match=r"cannot read nowhere\.tba"):
        tblvm.load("nowhere.tba")
    good = tbc.write(verify(assemble(COUNT, isa, "count.tba"), isa).module)
    with pytest.raises(ModuleError):
        tblvm.load(good[:60])


def test_mutants_are_refused_or_run(isa: Isa) -> None:
    """Bytes of a module changed at random: an error that says so, or a program; never a crash."""
    rng = random.Random(SEED)
    good = tbc.write(verify(assemble(COUNT, isa, "count.tba"), isa).module)
    store, refused = Store(fuel=10_000), 0
    for _ in range(int(300 * float(os.environ.get("TBLVM_TEST_SCALE", "1")))):
        data = bytearray(good)
        for _ in range(rng.choice((1, 1, 2, 5))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            vm = store.load(bytes(data))
        except (LoadError, ModuleError, UsageError) as error:
            refused += 1
            assert "\x1b" not in str(error)
            continue
        with vm, contextlib.suppress(Trap):
            vm.run()
    assert refused > 50, f"seed {SEED}"


def test_use_after_close_is_refused(loads: Load) -> None:
    vm = loads(COUNT)
    function = vm.function("next")
    assert vm.call("next", 1) == 1
    vm.close()
    vm.close()
    assert vm.closed
    for use in (
        lambda: vm.call("next", 1),
        lambda: vm.call("main"),
        lambda: function(1),
        vm.run,
        lambda: vm.functions,
        lambda: vm.fuel,
        lambda: vm.memory(),
        vm.interrupt,
    ):
        with pytest.raises(InstanceClosed, match="the instance was closed"):
            use()
    with pytest.raises(InstanceClosed):
        vm.fuel = 3


# --- host functions that do not behave --------------------------------------------------------------------


def test_a_host_function_that_raises(loads: Load) -> None:
    def ask(n: int) -> int:
        raise LookupError(f"no {n}")

    vm = loads(ASKS, imports={"env": {"ask": ask}})
    for n in (1, 2):
        with pytest.raises(Trap) as found:
            vm.call("go", n)
        assert found.value.kind == "HOST_FAILED"
        assert isinstance(found.value.__cause__, LookupError) and str(found.value.__cause__) == f"no {n}"
        assert [each.function for each in found.value.frames] == ["ask", "go"]


def test_a_host_function_that_ends_everything(loads: Load) -> None:
    vm = loads(ASKS, imports={"env": {"ask": lambda n: sys.exit(n)}})
    with pytest.raises(SystemExit) as found:
        vm.call("go", 3)
    assert found.value.code == 3


@pytest.mark.parametrize("result", ["text", None, 1.5, 2**31, (1, 2)])
def test_a_host_function_that_gives_something_else(loads: Load, result: object) -> None:
    vm = loads(ASKS, imports={"env": {"ask": lambda n: result}})
    with pytest.raises(Trap, match="a host function failed") as found:
        vm.call("go", 1)
    assert isinstance(found.value.__cause__, (TypeError, OverflowError))


@pytest.mark.parametrize("how", ["run", "close", "fuel"])
def test_a_host_function_that_uses_its_instance(loads: Load, how: str) -> None:
    def ask(n: int) -> int:
        {
            "run": vm.run,
            "close": vm.close,
            "fuel": lambda: setattr(vm, "fuel", 5),
        }[how]()
        return n

    vm = loads(ASKS, imports={"env": {"ask": ask}})
    with pytest.raises(Trap, match="a host function failed") as found:
        vm.call("go", 1)
    assert isinstance(found.value.__cause__, InstanceBusy)
    # It is as it was.
    assert not vm.closed and vm.functions


def test_modules_that_call_each_other(loads: Load) -> None:
    """Several modules in one store: what one exports another one imports; they have memory of their own."""
    store = Store(fuel=10_000)
    with store.load(COUNT.encode()) as counter:
        other = Store(fuel=10_000, imports={"env": {"ask": counter.function("next")}})
        with other.load(ASKS.encode()) as one, other.load(ASKS.encode()) as two:
            assert [one.call("go", 1), two.call("go", 10), one.call("go", 1)] == [1, 11, 12]
    # A trap of the inner one is the cause of the outer one's.
    with store.load(COUNT.encode()) as counter:
        other = Store(imports={"env": {"ask": counter.function("half")}})
        with other.load(ASKS.encode()) as one, pytest.raises(Trap) as found:
            one.call("go", 1)
        cause = found.value.__cause__
        assert isinstance(cause, Trap) and cause.kind == "DIVIDE_BY_ZERO"


# --- console ----------------------------------------------------------------------------------------------

ECHO = """
.func main() -> i32
again:
    GETCHAR
    DUP
    PUSH -1
    JEQ end
    PUTCHAR
    JMP again
end:
    POP
    PUSH 3
    RET
.end
"""


def test_input_and_output(loads: Load) -> None:
    vm = loads(ECHO)
    data = random.Random(SEED).randbytes(3000)
    assert vm.run(stdin=data) == tblvm.Finished(3, data)
    assert vm.run(stdin="grün").output == "grün".encode()
    assert vm.run().output == b""
    text = io.StringIO()
    assert vm.run(stdin="text", stdout=text).output == b"" and text.getvalue() == "text"
    with pytest.raises(tblvm.UsageError, match="args: 1 is no text"):
        vm.run(args=[1])  # type: ignore[list-item]
    assert vm.run(args=["a"]).output == vm.run().output


def test_a_file_that_fails(loads: Load) -> None:
    class Full(io.RawIOBase):
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        loads(ECHO).run(stdin=b"x" * 1000, stdout=Full())


def test_what_was_said_before_a_trap(loads: Load) -> None:
    vm = loads(
        '.func main()\n    CONST "so far"\n    PRINT\n    PUSH 1\n    PUSH 0\n    DIV\n    POP\n    RET\n.end\n'
    )
    with pytest.raises(Trap) as found:
        vm.run()
    assert found.value.output == b"so far"


def test_output_of_calls_goes_where_the_store_says(loads: Load) -> None:
    out = io.BytesIO()
    text = '.func main()\n    RET\n.end\n.func say()\n    CONST "hello\\n"\n    PRINT\n    RET\n.end\n'
    vm = loads(text, stdout=out)
    vm.call("say")
    assert out.getvalue() == b"hello\n"
    code = f"import tblvm\ntblvm.load({text.encode()!r}).call('say')\nprint('behind', flush=True)\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"hello\nbehind\n"


# --- linear memory ----------------------------------------------------------------------------------------

LINEAR = """
.memory m: 1, 4
.func main()
    RET
.end
.func byte(at: i32) -> i32
    LOAD at
    I32_LOAD8_U 0
    RET
.end
.func grow() -> i32
    PUSH 1
    MEMORY_GROW
    RET
.end
"""


def test_linear_memory(loads: Load) -> None:
    vm = loads(LINEAR)
    memory = vm.memory()
    assert len(memory) == 65536 and memory[:4] == bytes(4)
    memory[10:13] = b"abc"
    memory[-1] = 255
    assert [vm.call("byte", at) for at in (10, 12, 65535)] == [97, 99, 255]
    assert (memory[11], memory[10:14], memory[65535]) == (98, b"abc\0", 255)
    assert vm.call("grow") == 1 and len(memory) == 131072
    for wrong in (lambda: memory[131072], lambda: memory[-131073]):
        with pytest.raises(IndexError, match="outside of the memory"):
            wrong()
    with pytest.raises(ValueError, match="a memory keeps its size"):
        memory[0:2] = b"abc"
    with pytest.raises(ValueError, match="no step"):
        memory[0:8:2]
    with pytest.raises(KeyError, match="no linear memory 1"):
        vm.memory(1)


def test_a_memory_that_never_has_a_byte_is_there(loads: Load) -> None:
    memory = loads(".memory m: 0, 0\n.func main()\n RET\n.end\n").memory()
    assert len(memory) == 0 and memory[:] == b""


def test_a_view_keeps_the_memory(loads: Load) -> None:
    vm = loads(LINEAR)
    view = vm.memory().view()
    view[5] = 42
    assert vm.call("byte", 5) == 42
    part = view[4:8]
    del view
    with pytest.raises(BufferError, match="views of the instance's memory"):
        vm.close()
    assert part[1] == 42
    del part
    gc.collect()
    vm.close()


def test_a_view_outlives_growth(loads: Load) -> None:
    """A memory stays where it is: what an old view writes, the program reads."""
    text = (
        ".memory m: 1, 64\n.func grow(n: i32) -> i32\n LOAD n\n MEMORY_GROW\n RET\n.end\n"
        ".func byte(at: i32) -> i32\n LOAD at\n I32_LOAD8_U 0\n RET\n.end\n.func main()\n RET\n.end\n"
    )
    vm = loads(text)
    view = vm.memory().view()
    view[65535] = 1
    for number, pages in enumerate((1, 20, 0, 42), 2):
        assert vm.call("grow", pages) > 0
        view[65535] = number
        assert vm.call("byte", 65535) == number
    assert vm.call("grow", 1) == -1
    assert (len(view), len(vm.memory())) == (65536, 64 << 16)
    assert vm.call("byte", (64 << 16) - 1) == 0
    with pytest.raises(Trap, match="out of bounds memory access"):
        vm.call("byte", 64 << 16)
    del view
    gc.collect()


# --- threads, and many of them ----------------------------------------------------------------------------


def test_eight_threads_with_a_hundred_instances_each() -> None:
    content = (Path(__file__).parent.parent.parent / "examples" / "fib.tba").read_bytes()
    errors: list[BaseException] = []
    begin = threading.Barrier(8)

    def work(number: int) -> None:
        try:
            begin.wait()
            store = Store(imports={"env": {"ask": lambda n: n + number}})
            for each in range(100):
                with store.load(content) as vm, store.load(ASKS.encode()) as asks:
                    assert vm.call("fib", 12) == 144
                    assert asks.call("go", each) == each + number
                    assert vm.run().output == b"fib(20) = 6765\n"
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not errors, errors[0]


def test_threads_that_share_an_instance_get_it_one_at_a_time(loads: Load) -> None:
    """One call waits in a host function; whoever else calls is told so at once."""
    entered, leave = threading.Event(), threading.Event()

    def ask(n: int) -> int:
        entered.set()
        leave.wait()
        return n

    vm = loads(ASKS, imports={"env": {"ask": ask}})
    results: list[int] = []
    first = threading.Thread(target=lambda: results.append(vm.call("go", 7)))
    first.start()
    entered.wait()
    for use in (lambda: vm.call("go", 1), lambda: vm.call("main"), vm.run, vm.close):
        with pytest.raises(InstanceBusy):
            use()
    leave.set()
    first.join()
    assert results == [7]


def test_the_lock_of_python_is_free_while_a_program_runs(loads: Load) -> None:
    """Two instances wait for each other's host function: with the lock kept they would for ever."""
    meeting = threading.Barrier(2)
    text = SPIN.replace(".func main()", '.import meet(): "env", "meet"\n.func main()').replace(
        "again:\n    JMP again", "    CALL meet\n    RET"
    )
    vms = [loads(text, imports={"env": {"meet": lambda: (meeting.wait(60), None)[1]}}) for _ in range(2)]
    threads = [threading.Thread(target=vm.call, args=("spin",)) for vm in vms]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not meeting.broken


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_loads_leave_nothing_behind() -> None:
    """10,000 loads, calls and ends, some by close and some by the garbage collector."""
    content = ASKS.encode()
    store = Store(imports={"env": {"ask": lambda n: n}})
    module = None

    def round_() -> None:
        for number in range(1000):
            vm = store.load(content if module is None else module)
            assert vm.call("go", number) == number
            if number % 2:
                vm.close()

    round_()
    gc.collect()
    before = resident()
    for _ in range(int(1 + 9 * min(1.0, float(os.environ.get("TBLVM_TEST_SCALE", "0.25"))))):
        round_()
    gc.collect()
    assert resident() - before < 2 << 20
    maps = Path("/proc/self/maps").read_text().count("\n")
    assert maps < 2000


# --- the keyboard -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["call", "run"])
def test_ctrl_c_ends_a_call(where: str) -> None:
    """SIGINT while a program spins: KeyboardInterrupt, at once, and the instance lives on."""
    text = '.import ready(): "env", "ready"\n.func main()\n    CALL ready\nagain:\n    JMP again\n.end\n'
    code = textwrap.dedent(f"""
        import tblvm
        vm = tblvm.load({text.encode()!r}, imports={{"env": {{"ready": lambda: print("ready", flush=True)}}}})
        try:
            vm.{"call('main')" if where == "call" else "run()"}
        except KeyboardInterrupt:
            print("interrupted", vm.functions, flush=True)
        """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "interrupted {'ready': '()', 'main': '()'}\n"
    assert process.returncode == 0


def test_what_never_ran_leaves_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = b".screen 2, 2\n.func main()\n    PUSH 0\n    PUSH 1\n    PUSH 255\n    PIXEL_SET\n    RET\n.end\n"
    with tblvm.load(text, grants=["screen"]):
        pass
    assert not list(tmp_path.iterdir())
    with tblvm.load(text, grants=["screen"]) as vm:
        vm.run()
        [picture] = tmp_path.iterdir()
        picture.unlink()
    assert not list(tmp_path.iterdir())  # it has been written
    with tblvm.load(text, grants=["screen"]) as vm:
        vm.call("main")
    assert picture.exists()
