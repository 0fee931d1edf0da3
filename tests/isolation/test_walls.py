"""The walls of a process: every system call that is not on the list is stopped and named, and nothing runs behind
half of the walls. What the calls are called is asked of strace, limits of Python's resource module."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest

from tblvm.builder.compile import COMPILE_FLAGS
from tblvm.builder.host import command
from tblvm.builder.toolchain import zig
from tblvm.core.plugin import LINUX_TARGETS
from tblvm.isolation.walls import CLOCKS, LIMITS, STEPS, Died, Found, call_name, call_names, call_number
from tests.harness import registry
from tests.harness.builds import built_of

HERE = Path(__file__).parent
NATIVE = f"{os.uname().machine}-linux"
PLAN = """\
struct tb_context { u8 *cage; };
static inline TB_UNUSED u8 *tb_cage(struct tb_context *cx) { return cx->cage; }
void test_ended(volatile u64 *words);
#define TB_WALLS_END(died) test_ended(died)
"""


@cache
def driver(name: str) -> Path:
    """tests/isolation/c/walls.c with the walls, for the target *name*."""
    target = registry().targets[name]
    walls, platform = registry().libraries["isolation.walls"], registry().libraries[target.platform]
    headers = [each.room / header for each in (walls, platform) for header in each.headers]
    sources = [HERE / "c" / "walls.c", *(walls.room / each for each in walls.sources)]
    sources += [platform.room / "c/platform/linux.c", platform.room / "c/rt/mem.c"]
    flags = ["-target", target.triple, *COMPILE_FLAGS, *target.flags, "-nostdlib", "-static"]

    def make(work: Path) -> None:
        (work / "tb_plan.h").write_text(PLAN)
        include = [f"-I{each}" for each in (work, *headers)]
        subprocess.run([zig(), "cc", *flags, *include, *sources, "-o", work / "driver"], check=True)

    included = [path for folder in headers for path in folder.rglob("*.h")]
    return built_of([*sources, *included], (version("ziglang"), flags, PLAN), make) / "driver"


@pytest.fixture(scope="module")
def program() -> Path:
    return driver(NATIVE)


def ran(program: Path, *words: str, **more: object) -> tuple[int, Found, str]:
    """Exit status, what the walls found, and what came of the deed."""
    arguments: dict[str, object] = {"stdin": subprocess.DEVNULL, "timeout": 60} | more
    done = subprocess.run([program, *words], capture_output=False, stdout=subprocess.PIPE, **arguments)  # type: ignore[call-overload]
    head, _, rest = done.stdout.decode().partition("\n")
    numbers = [int(word) for word in head.split()]
    return done.returncode, Found.read(b"".join(each.to_bytes(4, "little") for each in numbers)), rest.strip()


def died(text: str) -> Died:
    assert text.startswith("ended "), text
    words = [int(word) & (1 << 64) - 1 for word in text.split()[1:]]
    found = Died.read(b"".join(word.to_bytes(8, "little") for word in words))
    assert found is not None
    return found


def test_all_walls_come_up_and_say_so(program: Path) -> None:
    status, found, rest = ran(program, "limit=4:0", "limit=1:0", "dumpable=0")
    assert (status, rest) == (0, "")
    assert found.up and found.error == 0 and not found.dumpable and found.descriptors == 3
    assert found.limits == ("fsize", "core")
    assert found.tried > 40
    in_force = found.in_force()
    assert in_force["filter"].startswith("seccomp") and in_force["limits"] == "fsize, core"
    if Path("/sys/kernel/security/landlock").exists():
        assert found.landlock > 0


def test_every_call_that_is_not_on_the_list_is_stopped_and_named(program: Path) -> None:
    names = call_names(os.uname().machine)
    allowed = {names.index("read"), names.index("exit_group")}
    for number in (*range(len(names)), 1000):
        status, found, rest = ran(program, "call", str(number))
        assert found.up
        if number in allowed:
            assert status == 0
            continue
        if names[number % len(names)] in ("uretprobe", "uprobe"):
            # The kernel's own way back from a probe, which no filter sees; elsewhere it is an error.
            assert int(rest) < 0 if status == 0 else died(rest).signal in (signal.SIGILL, signal.SIGSYS)
            continue
        assert status == 134, number
        what = died(rest)
        assert (what.signal, what.call) == (signal.SIGSYS, number)
        assert what.address == what.pc
        assert what.text() == f"system call {call_name(number)} is blocked"


def test_names_are_those_that_strace_has() -> None:
    if shutil.which("strace") is None:
        pytest.skip("no strace")
    for name in (
        "execve",
        "socket",
        "openat",
        "ptrace",
        "process_vm_readv",
        "io_uring_setup",
        "pkey_mprotect",
    ):
        number = call_number(name)
        assert number is not None
        said = subprocess.run(
            ["strace", "-o", "/dev/null", "-e", f"trace={number}", "true"], capture_output=True, check=False
        )
        assert said.returncode == 0
        assert call_name(number) == name
    assert call_name(56, "aarch64") == "openat" and call_name(98765) == "number 98765"


@pytest.mark.skipif(NATIVE != "x86_64-linux", reason="of x86-64")
@pytest.mark.parametrize("words", [("int80", "20"), ("int80", "125"), ("call", str(0x40000000 + 39))])
def test_calls_of_other_numberings_kill(program: Path, words: tuple[str, str]) -> None:
    status, found, rest = ran(program, *words)
    assert found.up
    assert (status, rest) == (-signal.SIGSYS, "")


def test_a_call_is_let_through_with_the_arguments_on_the_list_alone(program: Path) -> None:
    mprotect = str(call_number("mprotect", os.uname().machine))
    listed = (f"allow={mprotect}", "only=3")
    assert ran(program, *listed, "call", mprotect, "0", "0", "3")[2] == "0"
    assert ran(program, *listed, "call", mprotect, "0", "0", "7")[2] == "0", "a bit that the mask leaves out"
    for protection in (1, 2, 3 + (1 << 32)):
        assert died(ran(program, *listed, "call", mprotect, "0", "0", str(protection))[2]).call == int(
            mprotect
        )
    other = str(call_number("getpid", os.uname().machine))
    assert died(ran(program, *listed, "call", other)[2]).call == int(other)
    # The first condition holds, and not the second one; two entries for one call.
    assert died(ran(program, *listed, "only=2", "call", mprotect, "0", "0", "3")[2]).call == int(mprotect)
    twice = (f"allow={mprotect}", "only=1", *listed)
    for protection in (1, 3):
        assert ran(program, *twice, "call", mprotect, "0", "0", str(protection))[2] == "0"
    assert died(ran(program, *twice, "call", mprotect, "0", "0", "2")[2]).call == int(mprotect)


@pytest.mark.parametrize(
    "name", ["ptrace", "execve", "socket", "mmap", "clone", "bpf", "memfd_create", "openat"]
)
def test_a_list_that_lets_through_what_it_must_not_is_found_out(program: Path, name: str) -> None:
    number = call_number(name, os.uname().machine)
    status, found, rest = ran(program, f"allow={number}")
    if name == "openat" and found.landlock:
        assert found.up, "landlock stands behind it"
        assert ran(program, f"allow={number}", "open", "/etc/passwd")[2] == "-13"
        return
    assert (status, found.step, rest) == (6, "test", "")
    assert found.failure() == f"system call {name} was not stopped"


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
@pytest.mark.parametrize(
    ("call", "step"),
    [
        ("close_range", "descriptors"),
        ("prctl:when=1", "dump"),
        ("prctl:when=2", "dump"),
        ("prctl:when=3", "privileges"),
        ("prctl:when=4", "privileges"),
        ("landlock_create_ruleset:when=2", "landlock"),
        ("landlock_restrict_self", "landlock"),
        ("prlimit64:when=1", "limits"),
        ("prlimit64:when=2", "limits"),
        ("sigaltstack", "signals"),
        ("rt_sigaction:when=9", "signals"),
        ("rt_sigprocmask", "signals"),
        ("seccomp", "filter"),
    ],
)
def test_each_step_made_to_fail_is_the_last_one(program: Path, call: str, step: str) -> None:
    name, _, when = call.partition(":")
    inject = f"inject={name}:error=EPERM" + f":{when}" * bool(when)
    traced = ["strace", "-o", "/dev/null", "-e", inject, program, "limit=4:0", "limit=1:0", "call", "39"]
    done = subprocess.run(traced, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
    numbers = [int(word) for word in done.stdout.split()]
    found = Found.read(b"".join(each.to_bytes(4, "little") for each in numbers))
    assert (done.returncode, found.step, found.error) == (6, step, 1)
    assert not found.up and found.in_force() == {}
    assert found.failure() == f"{step}: Operation not permitted"


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
def test_a_filter_that_is_not_there_is_found_out(program: Path) -> None:
    inject = "inject=seccomp:retval=0"
    traced = ["strace", "-o", "/dev/null", "-e", inject, program, "call", "39"]
    done = subprocess.run(traced, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
    numbers = [int(word) for word in done.stdout.split()]
    found = Found.read(b"".join(each.to_bytes(4, "little") for each in numbers))
    assert (done.returncode, found.step) == (6, "test")


def test_a_kernel_that_lacks_what_is_needed_says_so(program: Path) -> None:
    status, found, _ = ran(program, "landlock=99")
    assert (status, found.step) == (6, "landlock")
    assert "it needs Linux 5.13" in found.failure()


def test_descriptors_that_are_not_named_are_closed(program: Path) -> None:
    fcntl = str(call_number("fcntl", os.uname().machine))
    handles = [os.open(os.devnull, os.O_RDONLY) for _ in range(6)]
    try:
        high = os.dup2(handles[0], 300)
        kept = sorted({handles[2], handles[3]})
        words = [f"keep={each}" for each in kept]
        for handle in (*handles, high):
            status, found, rest = ran(
                program,
                *words,
                f"allow={fcntl}",
                "call",
                fcntl,
                str(handle),
                "1",
                pass_fds=[*handles, high],
            )
            assert (status, found.descriptors) == (0, 5)
            assert int(rest) == (0 if handle in kept else -9)
    finally:
        for handle in (*handles, high):
            os.close(handle)


def test_limits_are_set_and_never_raised(program: Path) -> None:
    assert {
        number: getattr(resource, f"RLIMIT_{name.upper()}", number) for number, name in LIMITS.items()
    } == {number: number for number in LIMITS}
    # What a limit does: no descriptor is to be had, and no file grows.
    dup = str(call_number("dup", os.uname().machine))
    assert ran(program, "limit=7:3", f"allow={dup}", "call", dup, "1")[2] == "-24"
    assert ran(program, "limit=7:4", f"allow={dup}", "call", dup, "1")[2] == "3"

    # A limit that was lower stays: setting it again to more must not fail, nor raise it.

    def less() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))

    status, found, rest = ran(program, "limit=7:1000", f"allow={dup}", "call", dup, "1", preexec_fn=less)
    assert (status, rest, found.limits) == (0, "3", ("nofile",))


def test_time_of_the_processor_ends_it_with_a_reason(program: Path) -> None:
    status, found, rest = ran(program, "limit=0:1", "spin")
    assert found.up and status == 134
    assert died(rest).signal == signal.SIGXCPU


def test_what_the_processor_stops_is_written_down(program: Path) -> None:
    what = died(ran(program, "write", "4660")[2])
    assert (what.signal, what.code, what.address, what.call) == (signal.SIGSEGV, 1, 4660, None)
    assert what.text().startswith("SIGSEGV at address 0x1234, pc 0x")
    assert died(ran(program, "trap")[2]).signal in (signal.SIGILL, signal.SIGTRAP)
    if NATIVE == "x86_64-linux":
        assert died(ran(program, "divide")[2]).signal == signal.SIGFPE


def test_signals_that_were_blocked_or_ignored_before_are_neither(program: Path) -> None:
    def prepared() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGSYS, signal.SIGSEGV, signal.SIGIO})
        for each in (signal.SIGSYS, signal.SIGSEGV, signal.SIGIO):
            signal.signal(each, signal.SIG_IGN)

    assert died(ran(program, "call", "39", preexec_fn=prepared)[2]).signal == signal.SIGSYS
    assert died(ran(program, "write", "16", preexec_fn=prepared)[2]).signal == signal.SIGSEGV


def test_it_ends_when_the_other_end_of_its_lifeline_is_closed(program: Path) -> None:
    inner, outer = os.pipe()
    quiet, loud = os.pipe()
    words = [program, f"keep={inner}", f"lifeline={inner}", "wait"]
    process = subprocess.Popen(words, stdin=quiet, stdout=subprocess.PIPE, pass_fds=[inner])
    assert process.stdout is not None
    assert process.stdout.readline().split()[0] == b"11"  # its walls are up
    assert process.poll() is None
    os.close(inner)
    os.close(outer)
    assert process.wait(timeout=60) == -signal.SIGIO
    for each in (quiet, loud):
        os.close(each)
    process.stdout.close()
    # Where it is closed already, nothing starts.
    inner, outer = os.pipe()
    os.close(outer)
    status, found, _ = ran(program, f"keep={inner}", f"lifeline={inner}", pass_fds=[inner])
    os.close(inner)
    assert (status, found.step, found.error) == (6, "lifeline", 32)


LOOKS = """
import ctypes, os, sys
pid, libc = int(sys.argv[1]), ctypes.CDLL(None, use_errno=True)
try:
    os.close(os.open(f"/proc/{pid}/mem", os.O_RDWR))
    print("mem", 0)
except OSError as error:
    print("mem", error.errno)
print("seize", 0 if libc.ptrace(0x4206, pid, 0, 0) == 0 else ctypes.get_errno())
here, there = (ctypes.c_uint64 * 2)(ctypes.addressof(ctypes.create_string_buffer(8)), 8), (ctypes.c_uint64 * 2)(4096, 8)
libc.process_vm_readv(pid, here, 1, there, 1, 0)
print("read", ctypes.get_errno())
"""


def test_no_debugger_attaches_and_no_core_is_dumped(program: Path) -> None:
    """Asked by another process of the same user, who is not root: root looks into every process."""
    someone: dict[str, object] = (
        {"user": 65534, "group": 65534, "extra_groups": []} if not os.geteuid() else {}
    )
    image = os.memfd_create("walls")
    os.write(image, program.read_bytes())
    os.fchmod(image, 0o755)
    yama = Path("/proc/sys/kernel/yama/ptrace_scope")
    for dumpable in (False, True):
        words = [f"/proc/self/fd/{image}", f"dumpable={int(dumpable)}", "wait"]
        process = subprocess.Popen(  # type: ignore[call-overload]
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[image], cwd="/", **someone
        )
        numbers = [int(word) for word in process.stdout.readline().split()]
        found = Found.read(b"".join(each.to_bytes(4, "little") for each in numbers))
        assert found.up and found.dumpable is dumpable
        looks = subprocess.run(  # type: ignore[call-overload]
            ["/usr/bin/env", "python3", "-I", "-c", LOOKS, str(process.pid)],
            stdout=subprocess.PIPE,
            cwd="/",
            **someone,
        )
        told = dict(line.split() for line in looks.stdout.decode().splitlines())
        if not dumpable:
            assert told == {"mem": "13", "seize": "1", "read": "1"}
        elif not yama.exists() or yama.read_text().strip() == "0":
            assert told == {"mem": "0", "seize": "0", "read": "14"}, "so that the above can fail"
        process.stdin.close()
        process.wait(timeout=60)
        process.stdout.close()
    os.close(image)


@pytest.mark.skipif(NATIVE != "x86_64-linux", reason="of x86-64")
def test_a_signal_that_dumps_core_dumps_none(program: Path, tmp_path: Path) -> None:
    """Killed by the filter, which is a signal that dumps core, with a host that has no limit of its size."""
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY:
        pytest.skip("this process has a limit itself")

    def all_of_it() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)

    def ended(*words: str | Path) -> os.waitid_result:
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, preexec_fn=all_of_it, cwd=tmp_path)
        told = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        process.wait(timeout=60)
        assert told is not None
        return told

    for dumpable in (0, 1):  # where it may be dumped, landlock has no place for it
        told = ended(program, f"dumpable={dumpable}", "int80", "20")
        assert (told.si_status, told.si_code) == (signal.SIGSYS, os.CLD_KILLED)
        assert list(tmp_path.iterdir()) == []
    if Path("/proc/sys/kernel/core_pattern").read_text().strip() == "core":
        told = ended(sys.executable, "-c", "import os; os.abort()")
        assert told.si_code == os.CLD_DUMPED, "so that the above can fail"


@pytest.mark.skipif(NATIVE != "x86_64-linux", reason="of x86-64")
def test_clocks_that_take_no_system_call_are_shut(program: Path) -> None:
    status, found, rest = ran(program, "clockless=0", "counter")
    assert (status, found.clocks, rest) == (0, (), "1")
    status, found, rest = ran(program, "clockless=1", "counter")
    assert found.clocks[0] == CLOCKS[0] and found.in_force()["clocks"].startswith("shut: ")
    assert (status, died(rest).signal) == (134, signal.SIGSEGV)
    assert found.clocks == CLOCKS, "the kernel has sealed its page: say so in docs/security.md"


@pytest.mark.outside
@pytest.mark.parametrize("target", [each.name for each in LINUX_TARGETS if each.name != NATIVE])
def test_an_emulated_processor_has_no_filter_and_nothing_runs(target: str) -> None:
    """The emulator answers for the kernel: what it has is done, and the first wall that it lacks ends it."""
    program = driver(target)
    done = subprocess.run([*command(registry().targets[target], program), "call", "1"], capture_output=True)
    numbers = [int(word) for word in done.stdout.split()]
    found = Found.read(b"".join(each.to_bytes(4, "little") for each in numbers))
    assert done.returncode == 6
    assert found.step in ("filter", "descriptors", "landlock") and found.error in (22, 38)
    assert "it needs" in found.failure()


def test_what_is_read_of_a_process_is_not_trusted() -> None:
    with pytest.raises(ValueError, match="36 bytes"):
        Found.read(b"\0" * 35)
    found = Found.read(b"\xff" * 36)
    assert found.step == "" and not found.up and found.in_force() == {}
    assert found.failure() == "the walls: error 4294967295"
    assert STEPS[11] == "up"
    assert Died.read(b"") is None and Died.read(b"\xff" * 64) is None and Died.read(bytes(64)) is None
    assert Died.read(b"\x3f" + bytes(63)) is not None
