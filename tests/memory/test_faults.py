"""Faults in processes: which of them are traps of a program, which end a process, and which are for others.

The processes are executables and Pythons that embed programs, of which this one only looks at the end.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tblvm.builder.artifacts import KINDS
from tblvm.builder.host import command
from tblvm.builder.pipeline import Artifact, build, plan
from tblvm.builder.resolve import Request
from tblvm.core.asm import assemble
from tblvm.core.errors import PolicyError
from tblvm.core.registry import Registry, load
from tblvm.stack import verify
from tests.harness import TARGETS

ROOT = Path(__file__).parents[2]
GUARDED = ("linear.guarded",)
OUTSIDE = "  PUSH 65533\n  I32_LOAD 0\n  PRINT\n  HALT\n.end\n"
MEMORY = ".memory m: 1, 3\n"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load([ROOT / "tests" / "memory" / "wild.py"])


def artifact(registry: Registry, text: str, **asked: object) -> Artifact:
    asked = {"features": GUARDED, **asked}
    return build(assemble(text, registry.isa, "test.tba"), registry, Request(**asked))  # type: ignore[arg-type]


def made(folder: Path, registry: Registry, text: str, **asked: object) -> Path:
    path = folder / "program"
    path.write_bytes(artifact(registry, text, **asked).image)
    path.chmod(0o755)
    return path


def ran(*words: str | Path, **more: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(words, capture_output=True, timeout=60, check=False, **more)  # type: ignore[call-overload,no-any-return]


def test_a_trap_has_its_place(tmp_path: Path, registry: Registry) -> None:
    text = (
        MEMORY
        + ".func main()\n  CALL deep\n  HALT\n.end\n.func deep()\n"
        + OUTSIDE.replace("  HALT", "  RET")
    )
    done = ran(made(tmp_path, registry, text))
    assert (done.returncode, done.stdout) == (134, b"")
    assert done.stderr == (
        b"tblvm: trap: out of bounds memory access\n  at deep (test.tba:8)\n  at main (test.tba:3)\n"
    )


@pytest.mark.parametrize("target", TARGETS)
def test_programs_in_programs(tmp_path: Path, registry: Registry, target: str) -> None:
    """Each has memories of its own, which are given back; the one that runs them goes on, and may fault itself."""
    inner = (
        MEMORY
        + ".func main()\n  PUSH 0\n  I32_LOAD 0\n  PRINT\n  PUSH 0\n  PUSH 9\n  I32_STORE 0\n"
        + OUTSIDE
    )
    rounds = 40 if target == TARGETS[0] else 3  # an emulator is slow to reserve addresses
    again = f".local left: i32\n  PUSH {rounds}\n  STORE left\nagain:\n"
    calls = (
        '  CONST "inner"\n  SCRIPT_EXEC\n  PRINT\n  PUSH 0\n  PUSH 0\n  I32_LOAD 0\n  INC\n  I32_STORE 0\n'
    )
    count = "  LOAD left\n  DEC\n  DUP\n  STORE left\n  JNZ again\n  PUSH 0\n  I32_LOAD 0\n  PRINT\n"
    text = MEMORY + ".func main()\n" + again + calls + count + OUTSIDE
    bundle = {"inner": verify(assemble(inner, registry.isa, "inner.tba"), registry.isa)}
    # Addresses for three memories and no more: those of programs that have ended are there again.
    limit = (3 << 33) + (64 << 20)
    path = made(tmp_path, registry, text, bundle=bundle, target=target)
    words = command(registry.targets[target], path)

    def limited() -> None:
        if target == TARGETS[0]:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    done = ran(*words, preexec_fn=limited)
    assert (done.returncode, done.stdout) == (134, b"0134" * rounds + str(rounds).encode())
    assert done.stderr.count(b"inner.tba") == rounds and done.stderr.endswith(b"at main (test.tba:24)\n")


def test_what_is_no_access_of_the_program_ends_the_process(tmp_path: Path, registry: Registry) -> None:
    start = MEMORY + ".func main()\n  PUSH 0\n  I32_LOAD 0\n  PRINT\n"
    path = made(tmp_path, registry, ".page wild\n" + start + "  PUSH 16\n  TOUCH\n  PRINT\n  HALT\n.end\n")
    assert ran(path).returncode == -signal.SIGSEGV


def test_a_signal_that_was_sent_ends_the_process(tmp_path: Path, registry: Registry) -> None:
    text = (
        MEMORY
        + ".func main()\n  PUSH 0\n  I32_LOAD 0\n  PUSH 65\n  PUTCHAR\n  GETCHAR\n  PRINT\n  HALT\n.end\n"
    )
    path = made(tmp_path, registry, text)
    with subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(1) == b"A"  # it waits for input now
        process.send_signal(signal.SIGSEGV)
        assert process.wait(60) == -signal.SIGSEGV


def test_a_process_that_starts_with_the_signal_blocked(tmp_path: Path, registry: Registry) -> None:
    path = made(tmp_path, registry, MEMORY + ".func main()\n" + OUTSIDE)
    done = ran(path, preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGSEGV]))
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        134,
        b"tblvm: trap: out of bounds memory access",
    )


def test_growth_that_the_system_refuses(tmp_path: Path, registry: Registry) -> None:
    """It is refused to the program, which goes on with what it has."""
    grow = "  PUSH {}\n  MEMORY_GROW\n  PRINT\n  PUSH 32\n  PUTCHAR\n"
    text = ".memory m: 1, 256\n.func main()\n" + "".join(map(grow.format, (1, 200, 1, 0)))
    text += "  CONST 196600\n  PUSH 7\n  I32_STORE 4\n  CONST 196600\n  I32_LOAD 4\n  PRINT\n  HALT\n.end\n"
    path = made(tmp_path, registry, text)
    done = ran(path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (4 << 20, 4 << 20)))
    assert (done.returncode, done.stdout) == (0, b"1 -1 2 3 7")


def test_without_addresses_it_says_so(tmp_path: Path, registry: Registry) -> None:
    path = made(tmp_path, registry, MEMORY + ".func main()\n" + OUTSIDE)
    done = ran(path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)))
    assert done.returncode == 134
    assert (
        done.stderr
        == b"tblvm: no 8 GiB of addresses for a linear memory: --features linear.checked takes none\n"
    )


def test_who_takes_guard_pages(registry: Registry) -> None:
    """The fewest bytes are the rule; mode standard takes what is faster, where there is such a thing and the process
    is the program's own."""
    text = MEMORY + ".func main()\n" + OUTSIDE

    def taken(**asked: object) -> tuple[str, tuple[str, ...]]:
        _, _, found = plan(assemble(text, registry.isa), registry, Request(**asked))  # type: ignore[arg-type]
        name = found.interfaces["linear-bounds"]
        return name, found.reasons[name]

    assert taken()[0] == "linear.checked"
    name, why = taken(mode="standard")
    assert name == "linear.guarded" and "mode standard takes it as faster than linear.checked" in why
    assert taken(mode="standard", features=("linear.checked",))[0] == "linear.checked"
    assert taken(mode="standard", artifact=KINDS["shared"])[0] == "linear.checked"
    assert taken(mode="standard", target="wasm32")[0] == "linear.checked"
    assert taken(mode="standard", artifact=KINDS["c"])[0] == "linear.checked"
    assert taken(target="riscv64-linux", features=GUARDED)[0] == "linear.guarded"
    with pytest.raises(
        PolicyError, match=r"guard-pages .* this target has none: leave it to linear\.checked"
    ):
        taken(target="wasm32", features=GUARDED)
    with pytest.raises(PolicyError, match="both provide linear-bounds"):
        taken(features=("linear.checked", "linear.guarded"))


# --- embedded -----------------------------------------------------------------------------------------------------

HOST = f'''
import ctypes, faulthandler, sys, threading
if "first" in sys.argv: faulthandler.enable()
import tblvm
PROGRAM = b"""
.memory m: 1, 4
.func main()
  RET
.end
.func peek(a: i32) -> i32
  LOAD a
  I32_LOAD 0
  RET
.end
.func poke(a: i32, v: i32)
  LOAD a
  LOAD v
  I32_STORE 0
  RET
.end
.func grow(n: i32) -> i32
  LOAD n
  MEMORY_GROW
  RET
.end
"""
store = tblvm.Store(features={GUARDED!r})
def uses(store, rounds):
    vm = store.load(PROGRAM)
    for i in range(rounds):
        try:
            vm.call("peek", 65533 + i)
        except tblvm.Trap as trap:
            assert str(trap).startswith("out of bounds memory access\\n  at peek"), trap
        else:
            raise SystemExit("no trap")
        vm.call("poke", 4 * i, i)
        assert vm.call("peek", 4 * i) == i
    view = vm.memory().view()
    assert vm.call("grow", 2) == 1
    vm.call("poke", 3 * 65536 - 4, -1)
    view[0:4] = b"\\1\\2\\3\\4"
    assert vm.call("peek", 0) == 0x04030201 and bytes(vm.memory()[-4:]) == b"\\xff" * 4
    return vm
uses(store, 10)
'''


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runtimes are compiled once."""
    return tmp_path_factory.mktemp("cache")


def hosted(kept: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    path = kept / "host.py"
    path.write_text(HOST + text)
    return subprocess.run(
        [sys.executable, "-X", "utf8", path, *words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONFAULTHANDLER": "", "TBLVM_CACHE_SIZE": "1G", "TBLVM_CACHE_DIR": str(kept)},
    )


def test_threads(kept: Path) -> None:
    """Faults in many threads at once, of two runtimes, are each an exception of its own call."""
    text = f"""
other = tblvm.Store(features=[*{GUARDED!r}, "nan.canonical"])
failed = []
def work(number):
    try:
        uses((store, other)[number % 2], 300)
    except BaseException as error:
        failed.append(error)
threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
for each in threads: each.start()
for each in threads: each.join()
print(failed)
"""
    done = hosted(kept, text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_many_instances(kept: Path) -> None:
    """Each takes addresses; without more of them there is an error, and they are given back."""
    text = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (100 << 33, 100 << 33))
made = []
try:
    while len(made) < 100: made.append(store.load(PROGRAM))
except tblvm.LoadError as error:
    print(error)
assert len(made) > 80, len(made)
for each in made: each.close()
print(store.load(PROGRAM).call("peek", 4))
"""
    done = hosted(kept, text)
    said = (
        "no 8 GiB of addresses for a linear memory: --features linear.checked takes none: set a larger limit"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"module: {said}\n0\n", "")


@pytest.mark.parametrize("handler", [False, True], ids=["alone", "with a handler before"])
def test_faults_of_others(kept: Path, handler: bool) -> None:
    """They end the process, and a handler that was there before is called."""
    done = hosted(kept, "print('there', flush=True)\nctypes.string_at(8)\n", *["first"] * handler)
    assert (done.returncode, done.stdout) == (-signal.SIGSEGV, "there\n")
    assert done.stderr.startswith("Fatal Python error: Segmentation fault") if handler else not done.stderr
