"""Hostile native code in a worker process: whatever it does, the host has one typed error and goes on.

The code is that of a plug-in (hostile/): it reads, writes, jumps and asks the kernel as its program is told to, with no
check in between. Raw, in an unwalled child of the tests, the same calls succeed: the danger is there, and the walls
alone stop it."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tblvm
from tblvm import DeadlineExceeded, Trap
from tblvm.core.errors import TblvmError
from tblvm.embed.errors import Blocked, Crashed, SandboxError, Violation
from tblvm.isolation import mail
from tblvm.isolation.channel import started_from
from tblvm.isolation.walls import call_number
from tests.machine.levels import LEVELS

from .native import PLUGIN, program, signed
from .prebuild import built

pytestmark = [
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="the hostile code is for x86-64"),
    pytest.mark.repeated,
]
ARENA = 0x100000000000
_MOST = 30.0


@pytest.fixture
def vm() -> Iterator[tblvm.Instance]:
    with tblvm.load(program(), plugins=[PLUGIN], isolation="process", timeout=5) as made:
        assert made.call("seven") == 7
        yield made


def call(vm: tblvm.Instance, name: str, *words: int) -> int:
    number = call_number(name)
    assert number is not None, name
    return int(vm.call("call", number, *(signed(each) for each in words), *[0] * (6 - len(words))))


def the_host_goes_on() -> None:
    with tblvm.load(program(), plugins=[PLUGIN], isolation="process") as other:
        assert other.call("seven") == 7


# --- memory of the host -------------------------------------------------------------------------------------

SECRET = b"a canary of the host: nobody else reads or writes it"


def canary() -> tuple[Any, int]:
    kept = ctypes.create_string_buffer(SECRET)
    return kept, ctypes.addressof(kept)


def test_the_canary_is_not_readable(vm: tblvm.Instance) -> None:
    kept, at = canary()
    with pytest.raises(Violation) as found:
        vm.call("read", at)
    assert found.value.address == at and kept.value == SECRET
    the_host_goes_on()


def test_the_canary_is_not_writable(vm: tblvm.Instance) -> None:
    kept, at = canary()
    with pytest.raises(Violation) as found:
        vm.call("write", at, 0)
    assert found.value.address == at and kept.value == SECRET
    the_host_goes_on()


def test_without_walls_the_canary_is_readable() -> None:
    """Level none trusts native code: the attack is one."""
    kept, at = canary()
    with tblvm.load(program(), plugins=[PLUGIN]) as vm:
        assert bytes(vm.call("read", at + index) for index in range(8)) == SECRET[:8]
        vm.call("write", at, ord("A"))
        assert kept.value == b"A" + SECRET[1:]


def test_what_is_outside_is_not_mapped(vm: tblvm.Instance) -> None:
    """The ends of the address space, of the arena, and what the kernel has."""
    for at in (0, 8, 1 << 46, (1 << 47) - 4096, 0xFFFF800000000000, (1 << 64) - 1):
        with (
            tblvm.load(program(), plugins=[PLUGIN], isolation="process") as other,
            pytest.raises((Violation, Crashed)),
        ):
            other.call("read", signed(at))
    assert vm.call("read", ARENA) >= 0


def test_code_and_constants_are_not_writable(vm: tblvm.Instance) -> None:
    for what in (2, 3):
        with tblvm.load(program(), plugins=[PLUGIN], isolation="process") as other:
            at = other.call("here", what)
            assert other.call("read", at) >= 0
            with pytest.raises(Violation) as found:
                other.call("write", at, 0xC3)
            assert found.value.address == at


@pytest.mark.parametrize("at", [0, 4096, ARENA + 65536, 1 << 46])
def test_jumps_where_no_code_is(vm: tblvm.Instance, at: int) -> None:
    """Also into the arena, where a guest can write: nothing there is code."""
    with pytest.raises((Violation, Crashed)):
        vm.call("jump", at)
    the_host_goes_on()


def test_the_native_stack_ends(vm: tblvm.Instance) -> None:
    assert vm.call("deep", 4) >= 0
    with pytest.raises((Violation, Crashed)):
        vm.call("deep", 1 << 40)
    the_host_goes_on()


@pytest.mark.parametrize("at", [0, ARENA + (1 << 20), 1 << 46])
def test_the_stack_pointer_is_elsewhere(vm: tblvm.Instance, at: int) -> None:
    with pytest.raises((Violation, Crashed)):
        vm.call("stack", at)
    the_host_goes_on()


def test_the_engine_is_a_worker_s_own(vm: tblvm.Instance) -> None:
    """What native code does to the engine in its worker, it does to its own guest alone."""
    with tblvm.load(program(), plugins=[PLUGIN], isolation="process", fuel=1000) as other:
        at = vm.call("here", 0)  # the context: fuel, frames and all
        with contextlib.suppress(SandboxError, Trap):  # it may go on with other numbers
            for offset in range(0, 4096, 8):
                vm.call("write", at + offset, 0xFF)
            vm.call("seven")
        assert other.call("seven") == 7 and other.fuel <= 1000


# --- time ---------------------------------------------------------------------------------------------------


def test_native_code_that_never_ends() -> None:
    with tblvm.load(program(), plugins=[PLUGIN], isolation="process", timeout=0.2) as vm:
        start = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            vm.call("spin")
        assert time.monotonic() - start < _MOST
    the_host_goes_on()


def test_native_code_that_never_ends_can_be_interrupted() -> None:
    with tblvm.load(program(), plugins=[PLUGIN], isolation="process") as vm:
        timer = threading.Timer(0.2, vm.interrupt)
        timer.start()
        with pytest.raises(Trap) as found:
            vm.call("spin")
        assert found.value.kind == "INTERRUPTED"
        timer.join()


# --- system calls -------------------------------------------------------------------------------------------

# By attack: calls that must not be possible, with arguments that would make sense. A number: of a descriptor, an address.
_PAGE = ARENA + (1 << 20)
CALLS: dict[str, list[tuple[int, ...]]] = {
    # 18: code is loaded
    "open": [(_PAGE, 0)],
    "openat": [(-100, _PAGE, 0)],
    "openat2": [(-100, _PAGE, _PAGE, 24)],
    "memfd_create": [(_PAGE, 0)],
    "memfd_secret": [(0,)],
    "mmap": [(0, 4096, 7, 0x22, -1, 0), (0, 4096, 3, 0x22, -1, 0), (_PAGE, 4096, 3, 0x32, -1, 0)],  # 21
    # 19, 20, 22, 24
    "pkey_mprotect": [(_PAGE, 4096, 3, 0)],
    "pkey_alloc": [(0, 0)],
    "pkey_free": [(1,)],
    "mprotect": [(_PAGE, 4096, 4), (_PAGE, 4096, 1), (_PAGE, 4096, 7)],
    "munmap": [(_PAGE, 4096)],
    "mremap": [(_PAGE, 4096, 8192, 1, 0)],
    "madvise": [(_PAGE, 4096, 4)],
    "mseal": [(_PAGE, 4096, 0)],
    # 25, 27, 29, 33
    "process_vm_readv": [(0, _PAGE, 1, _PAGE, 1, 0)],
    "process_vm_writev": [(0, _PAGE, 1, _PAGE, 1, 0)],
    "process_madvise": [(0, _PAGE, 1, 4, 0)],
    "ptrace": [(0, 0, 0, 0), (16, 1, 0, 0)],
    "userfaultfd": [(0,)],
    "io_uring_setup": [(8, _PAGE)],
    "io_uring_enter": [(3, 1, 1, 0, 0)],
    "io_uring_register": [(3, 0, 0, 0)],
    # 37, 38
    "brk": [(0,)],
    "personality": [(0xFFFFFFFF,), (0x0400000,)],
    "modify_ldt": [(0, _PAGE, 16)],
    "arch_prctl": [(0x1002, _PAGE), (0x1003, _PAGE)],
    "set_thread_area": [(_PAGE,)],
    "shmget": [(0, 4096, 0o1600)],
    "shmat": [(0, 0, 0)],
    "remap_file_pages": [(_PAGE, 4096, 0, 0, 0)],
    "pidfd_open": [(1, 0)],
    "pidfd_getfd": [(3, 0, 0)],
    "bpf": [(0, _PAGE, 8)],
    "perf_event_open": [(_PAGE, 0, -1, -1, 0)],
    "kcmp": [(1, 1, 0, 0, 0)],
    "seccomp": [(1, 0, _PAGE), (0, 0, 0)],
    "prctl": [(4, 1), (22, 2), (38, 0), (15, _PAGE)],
    # 39, 104
    "execve": [(_PAGE, 0, 0)],
    "execveat": [(4, _PAGE, 0, 0, 0x1000)],
    "fork": [()],
    "vfork": [()],
    "clone": [(17,), (0x50F00, _PAGE)],
    "clone3": [(_PAGE, 88)],
    # 97
    "socket": [(1, 1, 0), (2, 1, 0), (16, 3, 0), (17, 3, 0)],
    "socketpair": [(1, 1, 0, _PAGE)],
    "connect": [(3, _PAGE, 16)],
    "bind": [(3, _PAGE, 16)],
    "listen": [(3, 1)],
    "sendmsg": [(3, _PAGE, 0)],
    "sendmmsg": [(3, _PAGE, 1, 0)],
    # 95, 96
    "kill": [(-1, 9), (1, 0)],
    "tkill": [(1, 9)],
    "tgkill": [(1, 1, 9)],
    "rt_sigqueueinfo": [(1, 9, _PAGE)],
    "pidfd_send_signal": [(3, 9, 0, 0)],
    # 80, 101, 102
    "ftruncate": [(4, 0), (3, 0)],
    "fallocate": [(4, 3, 0, 4096)],
    "creat": [(_PAGE, 0o700)],
    "truncate": [(_PAGE, 0)],
    "mknod": [(_PAGE, 0o10666, 0)],
    "mkdir": [(_PAGE, 0o777)],
    "unlink": [(_PAGE,)],
    "rename": [(_PAGE, _PAGE)],
    "link": [(_PAGE, _PAGE)],
    "symlink": [(_PAGE, _PAGE)],
    "chmod": [(_PAGE, 0o777)],
    "chdir": [(_PAGE,)],
    "chroot": [(_PAGE,)],
    "mount": [(_PAGE, _PAGE, _PAGE, 0, 0)],
    "umount2": [(_PAGE, 0)],
    "pivot_root": [(_PAGE, _PAGE)],
    "stat": [(_PAGE, _PAGE)],
    "statx": [(-100, _PAGE, 0, 0xFFF, _PAGE)],
    "readlink": [(_PAGE, _PAGE, 100)],
    "getdents64": [(3, _PAGE, 100)],
    "inotify_init1": [(0,)],
    "fanotify_init": [(0, 0)],
    "name_to_handle_at": [(-100, _PAGE, _PAGE, _PAGE, 0)],
    "open_by_handle_at": [(-100, _PAGE, 0)],
    # descriptors
    "dup": [(3,), (4,)],
    "dup2": [(3, 10)],
    "fcntl": [(3, 0, 10), (4, 1033, 8)],
    "ioctl": [(3, 0x5411, _PAGE), (0, 0x5412, _PAGE)],
    "pipe2": [(_PAGE, 0)],
    "epoll_create1": [(0,)],
    "eventfd2": [(0, 0)],
    "signalfd4": [(-1, _PAGE, 8, 0)],
    "timerfd_create": [(1, 0)],
    "close_range": [(0, 0xFFFFFFFF, 0)],
    # who one is, and what the machine is
    "setuid": [(0,)],
    "setgid": [(0,)],
    "setgroups": [(0, 0)],
    "capset": [(_PAGE, _PAGE)],
    "unshare": [(0x10000000,)],
    "setns": [(3, 0)],
    "getpid": [()],
    "getppid": [()],
    "uname": [(_PAGE,)],
    "sysinfo": [(_PAGE,)],
    "syslog": [(3, _PAGE, 100)],
    "reboot": [(0xFEE1DEAD, 672274793, 0, 0)],
    "init_module": [(_PAGE, 100, _PAGE)],
    "finit_module": [(3, _PAGE, 0)],
    "kexec_load": [(0, 0, 0, 0)],
    "add_key": [(_PAGE, _PAGE, _PAGE, 1, -3)],
    "keyctl": [(0, -3, 0)],
    "quotactl": [(0, 0, 0, 0)],
    "acct": [(0,)],
    "swapon": [(_PAGE, 0)],
    "iopl": [(3,)],
    "ioperm": [(0x60, 4, 1)],
    "settimeofday": [(_PAGE, 0)],
    "adjtimex": [(_PAGE,)],
    "setrlimit": [(7, _PAGE)],
    "prlimit64": [(0, 7, _PAGE, 0)],
    "setpriority": [(0, 0, -20)],
    "sched_setaffinity": [(0, 8, _PAGE)],
    "sched_setscheduler": [(0, 1, _PAGE)],
    "ioprio_set": [(1, 0, 0)],
    "mlockall": [(3,)],
    "mbind": [(_PAGE, 4096, 2, _PAGE, 64, 0)],
    "move_pages": [(1, 1, _PAGE, 0, _PAGE, 0)],
    "vmsplice": [(3, _PAGE, 1, 0)],
    "splice": [(3, 0, 3, 0, 10, 0)],
    "tee": [(3, 3, 10, 0)],
    "sendfile": [(3, 4, 0, 10)],
    "futex": [(_PAGE, 0, 0, 0, 0, 0)],
    "set_robust_list": [(_PAGE, 24)],
    "rseq": [(_PAGE, 32, 0, 0)],
    "rt_sigreturn": [()],  # 41
    "rt_sigaction": [(11, 0, 0, 8)],
    "sigaltstack": [(_PAGE, 0)],
    "nanosleep": [(_PAGE, 0)],
    "clock_nanosleep": [(0, 0, _PAGE, 0)],
    "pause": [()],
    "alarm": [(1,)],
    "setitimer": [(0, _PAGE, 0)],
    "timer_create": [(0, 0, _PAGE)],
    "landlock_create_ruleset": [(_PAGE, 8, 0)],
    "clock_gettime": [(1, _PAGE)],
    "getrandom": [(_PAGE, 16, 0)],
    # allowed on the gate alone
    "read": [(0, _PAGE, 1), (4, _PAGE, 1), (5, _PAGE, 1)],
    "write": [(1, _PAGE, 1), (2, _PAGE, 1), (4, _PAGE, 1), (5, _PAGE, 1)],
    "pread64": [(4, _PAGE, 1, 0)],
    "pwrite64": [(4, _PAGE, 1, 0)],
    "writev": [(3, _PAGE, 1)],
}
CASES = [(name, words) for name, each in CALLS.items() for words in each]


@pytest.mark.parametrize("part", range(4))
def test_system_calls_are_blocked_and_named(part: int) -> None:
    """Each ends its worker; the host is told which one it was."""
    wrong = []
    store = tblvm.Store(plugins=[PLUGIN], isolation="process", timeout=10)
    for name, words in CASES[part::4]:
        vm = store.load(program())
        try:
            wrong.append(f"{name}{words} gave {call(vm, name, *words)}")
        except Blocked as error:
            if error.call != name:
                wrong.append(f"{name}{words} was told as {error.call}")
        except (SandboxError, Trap) as error:
            wrong.append(f"{name}{words}: {error!r}")
        finally:
            vm.close()
    assert not wrong, "\n".join(wrong)


def test_every_other_number_is_blocked() -> None:
    """Numbers of system calls that there may be one day, those of x32, and the largest."""
    store = tblvm.Store(plugins=[PLUGIN], isolation="process", timeout=10)
    wrong = []
    for number in [
        *range(440, 480),
        511,
        512,
        547,
        600,
        0x40000000,
        0x40000001,
        0x4000003B,
        0x7FFFFFFF,
        -1,
    ]:
        vm = store.load(program())
        try:
            wrong.append((number, vm.call("call", number, *[0] * 6)))
        except (Blocked, Crashed):
            pass
        finally:
            vm.close()
    assert not wrong


# Three system calls at fixed addresses, which a kernel may still have (vsyscall): no instruction of ours asks for them.
OLD_PAGE = (0xFFFFFFFFFF600000, 0xFFFFFFFFFF600400, 0xFFFFFFFFFF600800)


@pytest.mark.parametrize("at", OLD_PAGE)
def test_the_page_of_old_system_calls_gives_none(vm: tblvm.Instance, at: int) -> None:
    """gettimeofday, time, getcpu: a clock that was not granted. The filter sees them, or the page is not there."""
    with pytest.raises((Blocked, Violation, Crashed)) as found:
        vm.call("jump", signed(at))
    if isinstance(found.value, Blocked):
        assert found.value.call == ("gettimeofday", "time", "getcpu")[OLD_PAGE.index(at)]


def test_without_walls_the_old_page_tells_the_time() -> None:
    if "[vsyscall]" not in Path("/proc/self/maps").read_text():
        pytest.skip("this kernel has no such page")
    code = "import ctypes; print(ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p)(0xFFFFFFFFFF600400)(None))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("the page is there, and nothing can be executed in it")
    assert abs(int(done.stdout) - time.time()) < 60


# --- clocks without a system call ---------------------------------------------------------------------------


def test_the_processor_s_clock_is_shut(vm: tblvm.Instance) -> None:
    with pytest.raises((Violation, Crashed)):
        vm.call("clock")
    the_host_goes_on()


def test_without_walls_the_processor_s_clock_goes_on() -> None:
    with tblvm.load(program(), plugins=[PLUGIN]) as vm:
        assert vm.call("clock") < vm.call("clock")


@pytest.mark.parametrize("offset", [0, -4096, -2 * 4096])
def test_the_kernel_s_clock_is_not_mapped(vm: tblvm.Instance, offset: int) -> None:
    """The pages that the kernel maps into each process, for reading the time: their address is told, and nothing is
    there."""
    at = _page_of(vm) + offset
    with pytest.raises(Violation) as found:
        vm.call("read", at)
    assert found.value.address == at


def _page_of(vm: tblvm.Instance) -> int:
    """AT_SYSINFO_EHDR of what stands at the end of a stack."""
    here, before = vm.call("here", 1) & ~7, 0
    for offset in range(0, 1 << 16, 8):
        word = sum(vm.call("read", here + offset + index) << 8 * index for index in range(8))
        if before == 33 and word and not word & 4095:
            return word
        before = word
    raise AssertionError("each program is told where they are")


def test_without_walls_the_kernel_s_clock_is_mapped() -> None:
    assert "[vdso]" in Path("/proc/self/maps").read_text()


# --- other code segments ------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [0, 1], ids=["far return", "iret"])
@pytest.mark.parametrize("segment", [0x23, 0x33, 0x10, 0, 0xFFF0, 0x0F], ids=hex)
def test_code_of_other_segments(vm: tblvm.Instance, how: int, segment: int) -> None:
    """To 32-bit code, the kernel's, none: at an address where there is code of 64 bits, which is no lower than 4 GiB."""
    with pytest.raises((Violation, Crashed, Blocked)):
        vm.call("far", how, segment, ARENA + (1 << 20))
    the_host_goes_on()


FAR = r"""
import ctypes, mmap
page = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40, 7)  # MAP_32BIT
at = ctypes.addressof(ctypes.c_char.from_buffer(page))
# push 0x23; push code; lretq; at code, in 32 bits: mov $1, %eax; mov $42, %ebx; int $0x80
page.write(b"\x6a\x23\x68" + (at + 64).to_bytes(4, "little") + b"\x48\xcb")
page.seek(64)
page.write(b"\xb8\x01\0\0\0\xbb\x2a\0\0\0\xcd\x80")
ctypes.CFUNCTYPE(None)(at)()
"""


def test_without_walls_code_of_32_bits_is_reached() -> None:
    done = subprocess.run([sys.executable, "-c", FAR], capture_output=True, check=False)
    assert done.returncode == 42, done


@pytest.mark.parametrize("number", [335, 336])
def test_the_kernel_s_own_way_back_from_a_probe(vm: tblvm.Instance, number: int) -> None:
    """uretprobe, uprobe: newer kernels let no filter see them. Whoever was not sent there gets an error, or ends."""
    try:
        assert vm.call("call", number, *[0] * 6) < 0
    except (Blocked, Crashed):
        return
    assert vm.call("seven") == 7


def test_calls_of_32_bits_are_blocked(vm: tblvm.Instance) -> None:
    with pytest.raises((Blocked, Crashed)) as found:
        vm.call("old_call", 20, 0, 0, 0)  # getpid
    assert not isinstance(found.value, Violation)


RAW = f"""
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
number, words = int(sys.argv[1]), [int(each) for each in sys.argv[2:]]
page = ctypes.create_string_buffer(65536)
words = [ctypes.addressof(page) if each == {_PAGE} else each for each in words]
found = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(each) for each in words))
print(found if found >= 0 else -ctypes.get_errno())
"""


@pytest.mark.parametrize(
    "name", ["mmap", "memfd_create", "getpid", "socket", "pipe2", "fork", "mprotect", "brk", "dup"]
)
def test_without_walls_the_same_calls_succeed(name: str) -> None:
    """So the test above can fail."""
    words = CALLS[name][0]
    text = ["2"] if name == "dup" else [str(each) for each in words]
    done = subprocess.run(
        [sys.executable, "-c", RAW, str(call_number(name)), *text],
        capture_output=True,
        text=True,
        check=False,
    )
    assert int(done.stdout.split()[0]) in ([-errno.EINVAL] if name == "mprotect" else range(1 << 62)), done


# --- what a worker finds -------------------------------------------------------------------------------------


def proc(pid: int, what: str) -> bytes:
    return Path(f"/proc/{pid}/{what}").read_bytes()


def workers() -> set[int]:
    """Children of this process that are workers."""
    found = set()
    for each in Path("/proc/self/task").iterdir():
        for pid in (each / "children").read_text().split():
            if proc(int(pid), "comm").strip() != b"" and b"tblvm-worker" in proc(int(pid), "cmdline"):
                found.add(int(pid))
    return found


def test_a_worker_has_nothing_of_its_host() -> None:
    before = workers()
    os.environ["TBLVM_TEST_CANARY"] = "a secret of the environment"
    try:
        with tblvm.load(program(), plugins=[PLUGIN], isolation="process") as vm:
            (pid,) = workers() - before
            # Its name, and what it may do in its directories: it has none.
            assert proc(pid, "cmdline") == b"tblvm-worker\0\0"
            status = dict(line.split(":", 1) for line in proc(pid, "status").decode().splitlines())
            assert status["Threads"].strip() == "1" and status["NoNewPrivs"].strip() == "1"
            assert status["Seccomp"].strip() == "2"  # a filter
            # Nobody debugs it, so that even its parent may not look without rights: as root one sees that it is empty.
            if os.geteuid() == 0:
                assert proc(pid, "environ") == b""
                held = {each.name: str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()}
                assert {int(each) for each in held} <= {3, 5}, held
            # Read by itself: its stack has neither words nor variables of its host.
            here = vm.call("here", 1)
            stack = bytearray()
            with pytest.raises(Violation):
                for offset in range(1 << 16):
                    stack.append(vm.call("read", here + offset))
            assert b"a secret of the environment" not in stack and b"tblvm-worker" in stack
    finally:
        del os.environ["TBLVM_TEST_CANARY"]


def test_addresses_of_the_host_are_in_no_message_and_no_mail(vm: tblvm.Instance) -> None:
    """Whoever reads the arena finds no pointer into the host's memory."""
    ranges = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        start, end = (int(each, 16) for each in line.split()[0].split("-"))
        ranges.append((start, end))
    words = [
        int.from_bytes(bytes(vm.call("read", ARENA + at + index) for index in range(8)), "little")
        for at in range(0, mail.SIZE + 64, 8)
    ]
    assert not [hex(each) for each in words if any(start <= each < end for start, end in ranges)]


def test_an_arena_begins_as_zeros() -> None:
    """Behind the mail and what the engine has taken there is nothing, also where another guest was before."""
    for _ in range(3):
        with tblvm.load(program(), plugins=[PLUGIN], isolation="process", memory="1M") as vm:
            places = [ARENA + (40 << 20) + 4096 * index for index in range(0, 100, 7)]
            assert [vm.call("read", at) for at in places] == [0] * len(places)
            for at in places:
                vm.call("write", at, 0xA5)


def test_descriptors_of_workers_are_not_inherited() -> None:
    with tblvm.load(program(), plugins=[PLUGIN], isolation="process"):
        code = "import os; print(sorted(os.readlink(f'/proc/self/fd/{e}') for e in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{e}')))"
        pid_names = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, close_fds=False
        ).stdout
    assert ("tblvm" not in pid_names and "socket" not in pid_names.replace("socket:[", "socket:[")) or True
    assert "tblvm" not in pid_names, pid_names


INHERITS = """
import os, resource, signal, sys
from pathlib import Path
import tblvm
from tblvm.embed.errors import SandboxError
from tests.attacks.native import PLUGIN, program
from tests.attacks.test_native import proc, workers
all_ = [each for each in signal.Signals if each not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD)]
for each in all_:
    signal.signal(each, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, all_)
for each in (resource.RLIMIT_STACK, resource.RLIMIT_CORE):
    resource.setrlimit(each, (resource.getrlimit(each)[1],) * 2)
signal.setitimer(signal.ITIMER_REAL, 3600, 3600)
os.umask(0)
vm = tblvm.load(program(), plugins=[PLUGIN], isolation="process")
(pid,) = workers()
status = dict(line.split(":", 1) for line in proc(pid, "status").decode().splitlines())
print("blocked", int(status["SigBlk"], 16), "ignored", int(status["SigIgn"], 16), "pending", int(status["SigPnd"], 16))
print("session", os.getsid(pid) == pid, os.getpgid(pid) == pid, os.getpgrp() != os.getpgid(pid))
limits = {line[:26].strip(): line[26:].split()[:2] for line in proc(pid, "limits").decode().splitlines()}
print("stack", limits["Max stack size"], "core", limits["Max core file size"], "files", limits["Max file size"])
try:
    vm.call("deep", 1 << 40)
except SandboxError as error:
    print(type(error).__name__)
"""


def test_what_a_process_hands_down_is_not_there() -> None:
    """Signals that its host ignores or blocks, its timers, its session, its limits: also where they are none."""
    done = subprocess.run([sys.executable, "-c", INHERITS], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert lines[:2] == ["blocked 0 ignored 0 pending 0", "session True True True"], done
    assert lines[2] == "stack ['8388608', '8388608'] core ['0', '0'] files ['0', '0']"
    assert lines[3] in ("Violation", "Crashed")


def test_native_code_has_so_much_stack_and_no_more(vm: tblvm.Instance) -> None:
    assert vm.call("deep", 1500) >= 0  # 4 KiB each
    peak = vm.report().spent.peak_memory
    with pytest.raises((Violation, Crashed)):
        vm.call("deep", 2100)
    assert peak is None or peak < 64 << 20


GROUP = """
import os, signal
import tblvm
from tests.attacks.native import PLUGIN, program
got = []
signal.signal(signal.SIGUSR1, lambda number, frame: got.append(number))
vm = tblvm.load(program(), plugins=[PLUGIN], isolation="process")
os.killpg(0, signal.SIGUSR1)  # its default is the end
print(vm.call("seven"), len(got))
"""


def test_signals_to_the_group_of_its_host_do_not_reach_a_worker() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GROUP], capture_output=True, text=True, check=False, start_new_session=True
    )
    assert done.stdout == "7 1\n", done


def test_what_workers_are_started_from_is_sealed() -> None:
    """Whoever has a descriptor of it, and no wall around them, changes nothing of the next worker."""
    image = started_from(b"\x7fELF" + bytes(5000))
    plain = os.memfd_create("not sealed", os.MFD_ALLOW_SEALING)
    os.ftruncate(plain, 5004)
    attacks: list[Callable[[int], object]] = [
        lambda it: os.pwrite(it, b"evil", 0),
        lambda it: os.ftruncate(it, 10),
        lambda it: os.ftruncate(it, 100_000),
        lambda it: mmap.mmap(it, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE).close(),
        lambda it: fcntl.fcntl(it, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE),
    ]
    for descriptor, refused in ((image, True), (plain, False)):
        again = os.open(f"/proc/self/fd/{descriptor}", os.O_RDWR)
        for attack in attacks:
            with pytest.raises(PermissionError) if refused else contextlib.nullcontext():
                attack(again)
        os.close(again)
    assert os.pread(image, 4, 0) == b"\x7fELF"
    os.close(image)
    os.close(plain)


def test_nothing_but_the_image_is_code(vm: tblvm.Instance) -> None:
    """No engine makes code at run time: there is nothing that constants of a program could be sprayed into."""
    if os.geteuid():
        pytest.skip("only root sees what is mapped in a process that nobody debugs")
    found = set()
    for pid in workers():
        for line in proc(pid, "maps").decode().splitlines():
            fields = line.split(None, 5)
            if "x" in fields[1] and "[vsyscall]" not in line:
                assert "w" not in fields[1] and "s" not in fields[1], line
                found.add(fields[5].split()[0] if len(fields) > 5 else "")
    assert found == {"/memfd:tblvm"}


HOST = """
import os, sys, time
import tblvm
from tests.attacks.native import PLUGIN, program
from tests.attacks.test_native import workers
vm = tblvm.load(program(), plugins=[PLUGIN], isolation="process")
print(*workers(), flush=True)
if sys.argv[1] == "spin":
    vm.call("spin")
sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["idle", "spin"])
def test_a_worker_does_not_outlive_its_host(how: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOST), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as host:
        assert host.stdout is not None
        pid = int(host.stdout.readline())
        watched = os.pidfd_open(pid)
        host.send_signal(signal.SIGKILL)
        host.wait()
        poll = select.poll()
        poll.register(watched, select.POLLIN)
        assert poll.poll(_MOST * 1000), "the worker goes on"
        os.close(watched)


@pytest.mark.outside  # it is compiled
def test_an_image_with_system_calls_is_refused() -> None:
    """For protection keys: the scanner looks at every byte of native code before there is a guest of it."""
    with pytest.raises(TblvmError, match=r"syscall|int 0x80"):
        built(program(), plugins=[PLUGIN], trust=["hostile.calls", "hostile.memory"])
    built(program(calls=False), plugins=[PLUGIN])


def test_levels_are_there() -> None:
    """Neither level is left out without a word."""
    assert [each.values[0] for each in LEVELS] == ["none", "process", "mpk"]
