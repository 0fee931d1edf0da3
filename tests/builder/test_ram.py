"""What reports say about RAM, against programs that run: their mappings, their memory, their stack pointer."""

from __future__ import annotations

import ctypes
import io
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from tblvm.builder.compile import COMPILE_FLAGS
from tblvm.builder.graph import graph
from tblvm.builder.native_stack import native_stack
from tblvm.builder.pipeline import Artifact
from tblvm.builder.report import as_data, report_of
from tblvm.builder.report_text import show_details, show_text
from tblvm.builder.toolchain import compiler
from tblvm.core.registry import Registry

Build = Callable[..., Artifact]
TINY = Path(__file__).parents[2] / "examples" / "tiny.tba"
BUFFERS = {"io.buffer": 32, "io.input-buffer": 32}
TARGETS = ("x86_64-linux", "aarch64-linux", "riscv64-linux")


@pytest.fixture
def tiny(builds: Build) -> Artifact:
    """tiny.tba as its heading says to build it."""
    return builds(TINY, mode="nano", options=BUFFERS)


def written(made: Artifact, folder: Path) -> Path:
    path = folder / "program"
    path.write_bytes(made.image)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("target", TARGETS)
def test_tiny_runs_in_a_kilobyte(builds: Build, target: str) -> None:
    made = builds(TINY, mode="nano", options=BUFFERS, target=target)
    data = as_data(report_of("tiny.tba", made))
    ram = data["ram"]
    assert isinstance(ram, dict)
    assert ram.keys() == {"static data", "VM stack", "heap cage", "native stack"}
    assert data["ram_bytes"] == sum(ram.values()) <= 1024


def test_the_text_says_the_same(tiny: Artifact) -> None:
    report = report_of("tiny.tba", tiny)
    ram = report.ram()
    parts = ", ".join(f"{what} {size}" for what, size in ram.items())
    assert f"RAM: {sum(ram.values())} bytes: {parts}" in show_text(report).splitlines()
    assert "native stack at its deepest: _start → tb_entry → tb_run → " in show_details(report)


def state(made: Artifact) -> tuple[int, int]:
    """Address and size of what the executable has writable."""
    [segment] = [
        each for each in ELFFile(io.BytesIO(made.image)).iter_segments("PT_LOAD") if each["p_flags"] & 2
    ]
    return segment["p_vaddr"], segment["p_memsz"]


def address(made: Artifact, name: str) -> int:
    table = ELFFile(io.BytesIO(made.linked.full)).get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    [symbol] = table.get_symbol_by_name(name) or []
    return int(symbol["st_value"])


def test_the_executable_reserves_what_the_report_says(tiny: Artifact) -> None:
    ram = report_of("tiny.tba", tiny).ram()
    said = ram["static data"] + ram["VM stack"] + ram["heap cage"]
    _, size = state(tiny)
    assert said <= size < said + 32  # alignment of three arrays


@pytest.fixture
def running(tiny: Artifact, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """tiny.tba, which has taken two readings and waits for the third."""
    process = subprocess.Popen([written(tiny, tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(b"3\n1234 5678\n")
    process.stdin.flush()
    assert (process.stdout.readline(), process.stdout.readline()) == (b"1234\n", b"3456\n")
    yield process
    process.stdin.close()
    process.stdout.close()
    process.kill()
    process.wait()


def test_nothing_else_is_mapped(tiny: Artifact, running: subprocess.Popen[bytes]) -> None:
    begin, size = state(tiny)
    page = os.sysconf("SC_PAGE_SIZE")
    lines = Path(f"/proc/{running.pid}/maps").read_text().splitlines()
    writable = [line.split() for line in lines if line.split()[1][1] == "w"]
    regions = [
        tuple(int(end, 16) for end in words[0].split("-")) for words in writable if words[-1] != "[stack]"
    ]
    assert regions == [(begin // page * page, -(-(begin + size) // page) * page)]


def test_the_arrays_are_the_stack_and_the_heap(tiny: Artifact, running: subprocess.Popen[bytes]) -> None:
    ram = report_of("tiny.tba", tiny).ram()
    with Path(f"/proc/{running.pid}/mem").open("rb", 0) as memory:
        memory.seek(address(tiny, "tb_memory_cage"))
        cage = memory.read(ram["heap cage"])
        memory.seek(address(tiny, "tb_memory_stack"))
        stack = memory.read(ram["VM stack"])
    strings = len(tiny.composition.program.strings)
    window = cage[8 + strings + 8 :]
    assert [int.from_bytes(window[at : at + 4], "little") for at in (0, 4, 8)] == [1234, 5678, 0]
    assert any(stack)


# --- the native stack -----------------------------------------------------------------------------------

TRACEME, CONT_STEP, GETREGS = 0, 9, 12
RSP = 19  # of the numbers in struct user_regs_struct


def deepest(program: Path, given: bytes, folder: Path) -> int:
    """Bytes of native stack that a process takes, by looking at its stack pointer after each instruction."""
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.restype = ctypes.c_long
    ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    (folder / "input").write_bytes(given)
    child = os.fork()
    if not child:
        try:
            os.dup2(os.open(folder / "input", os.O_RDONLY), 0)
            os.dup2(os.open(folder / "output", os.O_WRONLY | os.O_CREAT), 1)
            if ptrace(TRACEME, 0, None, None) == 0:
                os.execv(program, [str(program)])
        finally:
            os._exit(99)
    registers = (ctypes.c_ulonglong * 27)()
    pointers: list[int] = []
    while os.WIFSTOPPED(status := os.waitpid(child, 0)[1]):
        assert os.WSTOPSIG(status) == signal.SIGTRAP
        assert ptrace(GETREGS, child, None, registers) == 0
        pointers.append(registers[RSP])
        assert ptrace(CONT_STEP, child, None, None) == 0
    if not pointers:
        pytest.skip("this system does not let processes trace their children")
    assert os.waitstatus_to_exitcode(status) in (0, 134)
    return pointers[0] - min(pointers)


def test_the_bound_of_the_native_stack_is_what_output_takes(tiny: Artifact, tmp_path: Path) -> None:
    """The deepest chain is met when the buffer is full."""
    given = b"12 " + b"-500000000 " * 12
    taken = deepest(written(tiny, tmp_path), given, tmp_path)
    assert (tmp_path / "output").read_bytes() == b"-500000000\n" * 12
    bound = tiny.footprint.native_stack.bytes
    assert bound is not None and bound - 24 <= taken <= bound  # calls in the last place take no more


def test_the_bound_holds_for_a_collector(builds: Build, tmp_path: Path) -> None:
    made = builds("boxes.tba", mode="micro")
    bound = made.footprint.native_stack.bytes
    assert bound is not None
    assert 0 < deepest(written(made, tmp_path), b"", tmp_path) <= bound


CHAIN = """\
void used(volatile char *);
static __attribute__((noinline)) void inner(int n) { volatile char b[1000]; b[n] = 1; used(b); }
static __attribute__((noinline)) void other(int n) { volatile char b[2000]; b[n] = 1; used(b); }
__attribute__((noinline)) void used(volatile char *at) { *at = 2; }
volatile int n;
void _start(void) { inner(n); other(n); other(n); inner(n); n = 1; }
"""
CIRCLES = {
    "itself": """\
static __attribute__((noinline)) unsigned down(volatile unsigned *n) {
  return *n ? *n + down(n) * *n : 0;
}
void _start(void) { volatile unsigned n = 3; n = down(&n) + 1; }
""",
    "each other": """\
unsigned odd(volatile unsigned *n);
__attribute__((noinline)) unsigned even(volatile unsigned *n) { return *n ? 3 * odd(n) + *n : 1; }
__attribute__((noinline)) unsigned odd(volatile unsigned *n) { return *n ? 5 * even(n) + *n : 0; }
void _start(void) { volatile unsigned n = 3; n = even(&n) + 1; }
""",
}


def object_file(text: str, target: str, registry: Registry, folder: Path) -> bytes:
    (folder / "a.c").write_text(text)
    known = registry.targets[target]
    command = [*compiler(known), *COMPILE_FLAGS, "-c", "a.c", "-o", "a.o"]
    caches = {f"ZIG_{which}_CACHE_DIR": str(folder / "cache") for which in ("LOCAL", "GLOBAL")}
    subprocess.run(command, cwd=folder, check=True, env={**os.environ, **caches})
    return (folder / "a.o").read_bytes()


@pytest.mark.parametrize("target", TARGETS)
def test_the_bound_is_the_deepest_of_several_chains(target: str, registry: Registry, tmp_path: Path) -> None:
    found = native_stack(graph([object_file(CHAIN, target, registry, tmp_path)]))
    assert found.bytes is not None and 2000 <= found.bytes <= 2100
    assert found.path == ("_start", "other", "used")


@pytest.mark.parametrize("circle", CIRCLES)
@pytest.mark.parametrize("target", TARGETS)
def test_circles_have_no_bound(circle: str, target: str, registry: Registry, tmp_path: Path) -> None:
    found = native_stack(graph([object_file(CIRCLES[circle], target, registry, tmp_path)]))
    assert found.bytes is None
    assert set(found.path) == {"itself": {"down"}, "each other": {"even", "odd"}}[circle]
