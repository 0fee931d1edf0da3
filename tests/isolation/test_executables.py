"""Executables that shut themselves in (feature isolation): they do what they did, can make the system calls that the
linker found in them and no others, and say which one native code was stopped at."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from tblvm.builder.host import command
from tblvm.builder.pipeline import Artifact, build, translate
from tblvm.builder.resolve import Request
from tblvm.core.asm import assemble
from tblvm.core.errors import PolicyError
from tblvm.core.plugin import LINUX_TARGETS
from tblvm.core.registry import Registry, load
from tblvm.core.tbc import write
from tblvm.isolation.walls import call_name, call_names, call_number
from tblvm.stack import verify
from tests.attacks.test_native import CASES
from tests.programs import EXAMPLES, expected

# Each is built, and the walls are those of test_walls.py.
pytestmark = pytest.mark.outside

ROOT = Path(__file__).parents[2]
CPU = os.uname().machine
FOREVER = ".func main()\nagain:\n  JMP again\n.end\n"
HELLO = '.func main()\n  CONST "hello"\n  PRINT\n  HALT\n.end\n'
# What no executable has: these take a process out of any walls.
NEVER = {
    "execve",
    "clone",
    "fork",
    "ptrace",
    "socket",
    "kill",
    "prctl",
    "seccomp",
    "rt_sigaction",
    "openat",
    "mmap",
}


@pytest.fixture(scope="module")
def hostile() -> Registry:
    return load([Path(__file__).parent / "hostile"])


def built(registry: Registry, source: str | Path, *features: str, **more: Any) -> Artifact:
    """*source*: assembly, or a file of any language. more: options; target."""
    if isinstance(source, Path):
        module = translate(source.read_bytes(), source.name, registry)
    else:
        module = assemble(source, registry.isa, "prog.tba")
    options: Mapping[str, int | str] = {
        key.replace("_", "."): value for key, value in more.items() if key != "target"
    }
    request = Request(features=("isolation", *features), options=options, target=more.get("target", ""))
    return build(module, registry, request)


def ran(artifact: Artifact, folder: Path, stdin: bytes = b"", **more: Any) -> tuple[int, str, str]:
    program = folder / "program"
    program.write_bytes(artifact.image)
    program.chmod(0o755)
    words = [*command(artifact.plan.target, program), *more.pop("words", ())]
    done = subprocess.run(
        words, input=stdin, capture_output=True, check=False, timeout=100, cwd=folder, **more
    )
    program.unlink()
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def calls(artifact: Artifact) -> set[str]:
    """The system calls that an executable is let make, as the linker left them."""
    elf = ELFFile(io.BytesIO(artifact.linked.full))
    symbols, constants = elf.get_section_by_name(".symtab"), elf.get_section_by_name(".rodata")
    first, end = (symbols.get_symbol_by_name(name)[0]["st_value"] for name in ("tb_calls", "tb_calls_end"))
    data = constants.data()[first - constants["sh_addr"] : end - constants["sh_addr"]]
    cpu = artifact.plan.target.machine
    return {call_name(int.from_bytes(data[at : at + 4], "little"), cpu) for at in range(0, len(data), 4)}


def attack(hostile: Registry, call: str, *features: str, before: str = "", **more: Any) -> Artifact:
    """A program whose plug-in does *call*: an import of it with numbers, then prints what it gave."""
    name, *numbers = call.split()
    parameters = 6 if name == "call" else 1
    values = [*numbers, *["0"] * (parameters - len(numbers))]
    typed = ", ".join(f"p{number}: i64" for number in range(parameters))
    pushed = "".join(f"  CONST {value}L\n" for value in values)
    text = (
        f'.import {name}({typed}) -> i64: "hostile", "{name}"\n{before}'
        f'.func main()\n  CONST "before "\n  PRINT\n{pushed}  CALL {name}\n  LPRINT\n  HALT\n.end\n'
    )
    return built(hostile, text, *features, **more)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_do_what_they_did(path: Path, registry: Registry, tmp_path: Path) -> None:
    artifact = built(registry, path)
    what = expected(path.read_text())
    assert ran(artifact, tmp_path, what.stdin) == (0, what.output.decode(), "")
    screen = {"openat", "close", "renameat2", "unlinkat"} if ".screen" in path.read_text() else set()
    assert calls(artifact) <= {"read", "write", "exit_group"} | screen, "none of them needs more"
    assert {"isolation", "isolation.walls"} <= {row.owner for row in artifact.footprint.rows}


def test_an_executable_is_let_make_the_calls_that_are_linked_into_it(registry: Registry) -> None:
    assert calls(built(registry, HELLO)) == {"write", "exit_group"}
    reads = ".func main()\n  READ\n  PRINT\n  HALT\n.end\n"
    assert calls(built(registry, reads)) == {"read", "write", "exit_group"}
    clock = ".func main()\n  PUSH 1\n  TIME_GET\n  PRINT\n  HALT\n.end\n"
    assert calls(built(registry, clock)) == {"clock_gettime", "write", "exit_group"}
    # The handler of the deadline comes back; that it is set, nobody needs any more.
    assert calls(built(registry, HELLO, timeout=1000)) == {"rt_sigreturn", "write", "exit_group"}
    memory = ".memory m: 1, 40\n.func main()\n  PUSH 1\n  MEMORY_GROW\n  PRINT\n  HALT\n.end\n"
    assert calls(built(registry, memory)) == {"write", "exit_group"}
    guarded = built(registry, memory, "linear.guarded")
    assert calls(guarded) == {"mprotect", "rt_sigreturn", "write", "exit_group"}
    for artifact in (guarded, built(registry, clock)):
        assert not calls(artifact) & NEVER
    # What the wall itself needs is not on the list, and in executables without it there is none.
    without = build(assemble(HELLO, registry.isa, "prog.tba"), registry, Request())
    assert b"tblvm: system call" not in without.image and "tb_calls" not in without.linked.link_map


@pytest.mark.skipif(CPU != "x86_64", reason="numbers of x86-64")
@pytest.mark.parametrize(
    "name", ["open", "openat", "socket", "execve", "fork", "clone", "ptrace", "kill", "mmap"]
)
def test_native_code_is_stopped_at_a_call_that_is_not_the_programs(
    name: str, hostile: Registry, tmp_path: Path
) -> None:
    artifact = attack(hostile, f"call {call_number(name)}")
    status, _, errors = ran(artifact, tmp_path)
    assert status == 134
    assert errors.startswith(f"tblvm: system call {name} is blocked, pc 0x")
    pc = int(errors.split()[-1], 16)
    text = ELFFile(io.BytesIO(artifact.linked.full)).get_section_by_name(".text")
    assert text["sh_addr"] < pc <= text["sh_addr"] + text["sh_size"]


@pytest.mark.skipif(CPU != "x86_64", reason="numbers of x86-64")
def test_every_call_of_the_attacks_is_stopped(hostile: Registry, tmp_path: Path) -> None:
    """Those of tests/attacks/test_native.py, with their arguments, from native code of one executable, which reads
    what to do; and all other numbers that there are. What it needs itself is let through."""
    typed = ", ".join(f"p{number}: i64" for number in range(6))
    artifact = built(
        hostile,
        f'.import call({typed}) -> i64: "hostile", "call"\n.func main()\n'
        + "  READ\n  I2L\n" * 6
        + "  CALL call\n  LPRINT\n  HALT\n.end\n",
    )
    allowed = calls(artifact)
    assert allowed == {"read", "write", "exit_group"}
    program = tmp_path / "program"
    program.write_bytes(artifact.image)
    program.chmod(0o755)
    cases = {(name, *(each & 0x7FFFFFFF for each in words)) for name, words in CASES}
    cases |= {(name,) for name in call_names(CPU) if name not in ("-", "uretprobe", "uprobe")}
    wrong = []
    for name, *words in sorted(cases, key=str):
        if name in allowed:
            continue
        numbers = [call_number(name), *words, *[0] * 5][:6]
        done = subprocess.run(
            [program],
            input=" ".join(map(str, numbers)).encode(),
            capture_output=True,
            check=False,
            timeout=60,
        )
        told = f"tblvm: system call {name} is blocked, pc 0x"
        if done.returncode != 134 or not done.stderr.decode().startswith(told):
            wrong.append((name, words, done))
    assert not wrong, wrong[:5]


def test_without_the_walls_the_same_call_gets_through(hostile: Registry, tmp_path: Path) -> None:
    """The attack is one: this is what makes the test above worth something."""
    number = call_number("getpid", CPU)
    text = '.import call(a: i64, b: i64, c: i64, d: i64, e: i64, f: i64) -> i64: "hostile", "call"\n.func main()\n'
    text += f"  CONST {number}L\n" + "  CONST 0L\n" * 5 + "  CALL call\n  LPRINT\n  HALT\n.end\n"
    plain = build(assemble(text, hostile.isa, "prog.tba"), hostile, Request())
    status, output, _ = ran(plain, tmp_path)
    assert status == 0 and int(output) > 1


@pytest.mark.skipif(CPU != "x86_64", reason="of x86-64")
def test_calls_of_the_old_kind_kill(hostile: Registry, tmp_path: Path) -> None:
    assert ran(attack(hostile, "old 20"), tmp_path)[0] == -signal.SIGSYS


def test_native_code_that_goes_astray_is_told(hostile: Registry, tmp_path: Path) -> None:
    status, _, errors = ran(attack(hostile, "poke 4660"), tmp_path)
    assert status == 134
    assert errors.startswith("tblvm: signal 11 at address 0x1234, pc 0x")


def test_memory_is_never_made_executable(hostile: Registry, tmp_path: Path) -> None:
    mprotect = call_number("mprotect", CPU)
    memory = ".memory m: 1, 1\n"
    for protection, passes in ((3, True), (1, True), (5, False), (7, False), (4, False)):
        call = f"call {mprotect} 0 0 {protection}"
        status, output, errors = ran(attack(hostile, call, "linear.guarded", before=memory), tmp_path)
        if passes:
            assert (status, output) == (0, "before 0")
        else:
            assert status == 134 and "system call mprotect is blocked" in errors


def test_numbers_in_place_of_names(hostile: Registry, tmp_path: Path) -> None:
    number = call_number("getpid", CPU)
    named = attack(hostile, f"call {number}")
    bare = attack(hostile, f"call {number}", isolation_names=0)
    assert ran(named, tmp_path)[2].startswith("tblvm: system call getpid is blocked")
    assert ran(bare, tmp_path)[2].startswith(f"tblvm: system call number {number} is blocked")
    assert bare.footprint.runtime < named.footprint.runtime - 3000
    assert ran(attack(hostile, "call 100000"), tmp_path)[2].startswith(
        "tblvm: system call number 100000 is blocked"
    )


def test_deadlines_guard_pages_and_traps_are_what_they_were(registry: Registry, tmp_path: Path) -> None:
    status, _, errors = ran(built(registry, FOREVER, timeout=50), tmp_path)
    assert status == 124, errors
    outside = ".memory m: 1, 2\n.func main()\n  PUSH 70000\n  I32_LOAD 0\n  PRINT\n  HALT\n.end\n"
    for feature in ("linear.checked", "linear.guarded"):
        status, _, errors = ran(built(registry, outside, feature), tmp_path)
        assert status == 134 and "tblvm: trap: out of bounds memory access" in errors
    grows = ".memory m: 1, 3\n.func main()\n  PUSH 2\n  MEMORY_GROW\n  PRINT\n"
    grows += "  PUSH 140000\n  PUSH 7\n  I32_STORE 0\n  PUSH 140000\n  I32_LOAD 0\n  PRINT\n  HALT\n.end\n"
    for feature in ("linear.checked", "linear.guarded"):
        assert ran(built(registry, grows, feature), tmp_path) == (0, "17", "")


def test_faults_of_native_code_beside_guard_pages(hostile: Registry, tmp_path: Path) -> None:
    artifact = attack(hostile, "poke 4660", "linear.guarded", before=".memory m: 1, 1\n")
    status, _, errors = ran(artifact, tmp_path)
    assert status == 134 and errors.startswith("tblvm: signal 11 at address 0x1234")


def test_programs_that_run_others(registry: Registry, tmp_path: Path) -> None:
    inner = assemble(HELLO, registry.isa, "inner.tba")
    text = '.func main()\n  CONST "inner"\n  SCRIPT_EXEC\n  PRINT\n  HALT\n.end\n'
    request = Request(features=("isolation",), bundle={"inner": verify(inner, registry.isa)})
    artifact = build(assemble(text, registry.isa, "prog.tba"), registry, request)
    assert {"mmap", "munmap"} <= calls(artifact)
    status, output, errors = ran(artifact, tmp_path)
    assert (status, errors) == (0, "") and output.startswith("hello")


def test_a_screen_is_written_beside_nothing_else(registry: Registry, tmp_path: Path) -> None:
    text = ".screen 2, 2\n.func main()\n  PUSH 1\n  PUSH 1\n  PUSH 255\n  PIXEL_SET\n  HALT\n.end\n"
    status, _, errors = ran(built(registry, text), tmp_path)
    assert (status, errors) == (0, "")
    assert (tmp_path / "screen.png").read_bytes().startswith(b"\x89PNG")


FILES = r"""
#include <stdio.h>
int main(void) {
  char text[64] = "";
  FILE *in = fopen("/in/a", "r");
  if (in) fgets(text, sizeof text, in);
  FILE *out = fopen("/out/b", "w");
  if (out) fprintf(out, "<%s>", text), fclose(out);
  FILE *bad = fopen("/in/c", "w");
  printf("%s %d %d\n", text, out != 0, bad != 0);
  return rename("/out/b", "/out/d");
}
"""


def files(registry: Registry, tmp_path: Path) -> Artifact:
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "in" / "a").write_text("text")
    source = tmp_path / "files.c"
    source.write_text(FILES)
    return built(registry, source, dir=f"{tmp_path}/in::/in:ro\n{tmp_path}/out::/out")


def test_directories_that_were_given_stay(registry: Registry, tmp_path: Path) -> None:
    artifact = files(registry, tmp_path)
    assert {"openat", "close"} <= calls(artifact) and "openat2" not in calls(artifact)
    assert not calls(artifact) & (NEVER - {"openat"})
    status, output, errors = ran(artifact, tmp_path)
    assert (status, output, errors) == (0, "text 1 0\n", "")
    assert (tmp_path / "out" / "d").read_text() == "<text>"
    assert not (tmp_path / "in" / "c").exists()


def test_native_code_gets_no_file_but_those(hostile: Registry, tmp_path: Path) -> None:
    if not landlock():
        pytest.skip("this kernel has no landlock")
    (tmp_path / "in").mkdir()
    module = (
        '(module (import "hostile" "open" (func $open (param i64) (result i64)))'
        ' (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))'
        ' (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))'
        ' (import "wasi_snapshot_preview1" "path_open"'
        "   (func $path (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"
        ' (memory (export "memory") 1) (elem declare func $unlink $path)'
        ' (func (export "_start") (drop (call $unlink (i32.const 9) (i32.const 0) (i32.const 0)))'
        " (drop (call $path (i32.const 9) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0)"
        "   (i64.const 0) (i32.const 0) (i32.const 0)))"
        " (call $exit (i32.wrap_i64 (i64.sub (i64.const 0) (call $open (i64.const 0)))))))"
    )
    binary = tmp_path / "prog.wasm"
    binary.write_bytes(wat(module.replace("(elem declare func $unlink $path)", "")))
    artifact = built(hostile, binary, dir=f"{tmp_path}/in::/in")
    assert ran(artifact, tmp_path)[0] == 13, "EACCES, of landlock: the filter lets openat through"


def wat(text: str) -> bytes:
    import wasmtime

    return bytes(wasmtime.wat2wasm(text))


def landlock() -> bool:
    """Whether this kernel has it: asked by the system call itself."""
    import ctypes

    return ctypes.CDLL(None).syscall(444, 0, 0, 1) > 0


def test_general_runtimes_shut_themselves_in_behind_the_module_that_they_read(
    registry: Registry, tmp_path: Path
) -> None:
    from tblvm.builder.artifacts import KINDS

    request = Request(features=("isolation",), artifact=KINDS["runtime"], mode="nano")
    artifact = build(None, registry, request)
    module = tmp_path / "module.tbc"
    module.write_bytes(write(verify(assemble(HELLO, registry.isa, "prog.tba"), registry.isa).module))
    assert ran(artifact, tmp_path, words=(str(module),)) == (0, "hello", "")
    assert not calls(artifact) & (NEVER - {"openat"}), (
        "programs of WASI open files; nothing maps memory any more"
    )


def test_signals_that_were_ignored_stay_ignored(registry: Registry, tmp_path: Path) -> None:
    """As nohup starts programs."""
    text = ".func main()\n  READ\n  PRINT\n  HALT\n.end\n"
    program = tmp_path / "program"
    program.write_bytes(built(registry, text).image)
    program.chmod(0o755)
    process = subprocess.Popen(
        [program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    process.send_signal(signal.SIGHUP)
    assert process.communicate(b"41\n", timeout=60)[0] == b"41"
    assert process.returncode == 0


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
def test_a_system_that_cannot_is_told_and_nothing_runs(registry: Registry, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(built(registry, HELLO).image)
    program.chmod(0o755)
    for inject, said in (
        ("seccomp:error=EINVAL", "(filter: system error 22)"),
        ("close_range:error=ENOSYS", "(descriptors: system error 38)"),
        ("seccomp:retval=0", "was not stopped)"),
    ):
        traced = ["strace", "-o", "/dev/null", "-e", f"inject={inject}", program]
        done = subprocess.run(traced, capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (6, b"")
        assert (
            done.stderr.startswith(b"tblvm: this system cannot isolate the program")
            and said in done.stderr.decode()
        )


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
def test_dumps_and_debuggers_can_be_allowed(registry: Registry, tmp_path: Path) -> None:
    program, log = tmp_path / "program", tmp_path / "log"
    for dump in (0, 1):
        program.write_bytes(built(registry, HELLO, isolation_dump=dump, isolation_cpu=1500).image)
        program.chmod(0o755)
        done = subprocess.run(["strace", "-o", log, program], capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (0, b"hello")
        assert ("SUID_DUMP_DISABLE)" in log.read_text()) is not bool(dump)
        assert ("RLIMIT_CORE, {rlim_cur=0" in log.read_text()) is not bool(dump)
        assert "RLIMIT_CPU, {rlim_cur=2, rlim_max=3}" in log.read_text()


@pytest.mark.parametrize("target", [each.name for each in LINUX_TARGETS if each.machine != CPU])
def test_an_emulated_processor_is_refused(target: str, registry: Registry, tmp_path: Path) -> None:
    artifact = built(registry, HELLO, target=target)
    assert calls(artifact) == {"write", "exit_group"}
    status, output, errors = ran(artifact, tmp_path)
    assert (status, output) == (6, "")
    assert errors.startswith("tblvm: this system cannot isolate the program (filter: system error ")


def test_targets_without_system_calls_have_no_walls(registry: Registry) -> None:
    with pytest.raises(PolicyError, match="this target has none that can be cut off"):
        built(registry, HELLO, target="wasm32")
