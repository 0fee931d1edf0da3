"""Hostile native code behind protection keys, in the host's own process: programs as hosts load them.

tests/isolation/keys has the gates, signals, stacks and keys one by one; here are the same attacks from the opcodes of a
plug-in, through everything that a host has."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import tblvm
from tblvm import DeadlineExceeded, Trap
from tblvm.embed.errors import SandboxError, Violation
from tblvm.isolation.keys.guest import alive
from tests.machine.keys import needs_keys

from . import test_forged as forged
from .liar import lying
from .native import PLUGIN, program, signed
from .test_native import OLD_PAGE, SECRET, canary

pytestmark = needs_keys
SEED = int(os.environ.get("TBLVM_TEST_SEED", "5"))
SCALE = float(os.environ.get("TBLVM_TEST_SCALE", "1"))
TEXT = program(calls=False)


def load(**given: object) -> tblvm.Instance:
    """Native code with the engine's own rights: what is not trusted has less (tests/isolation/keys/test_plugins.py)."""
    return tblvm.load(TEXT, plugins=[PLUGIN], trust=["hostile.memory"], isolation="mpk", **given)  # type: ignore[arg-type]


@pytest.fixture
def vm() -> Iterator[tblvm.Instance]:
    with load() as made:
        assert made.call("seven") == 7
        yield made


def the_host_goes_on() -> None:
    with load() as other:
        assert other.call("seven") == 7


def test_the_canary_is_not_readable_in_process(vm: tblvm.Instance) -> None:
    kept, at = canary()
    with pytest.raises(Violation) as found:
        vm.call("read", at)
    assert found.value.address == at and found.value.key == 0 and kept.value == SECRET
    the_host_goes_on()


def test_the_canary_is_not_writable_in_process(vm: tblvm.Instance) -> None:
    kept, at = canary()
    with pytest.raises(Violation) as found:
        vm.call("write", at, 0)
    assert found.value.address == at and found.value.key == 0 and kept.value == SECRET
    the_host_goes_on()


def test_memory_of_the_host_s_libraries_and_stack_is_not_writable() -> None:
    """Of each kind of mapping that the host has, and the mappings themselves stay what they are."""
    places = {}
    for line in Path("/proc/self/maps").read_text().splitlines():
        fields = line.split()
        if fields[1].startswith("rw") and "[" not in line.replace("[heap]", "").replace("[stack]", ""):
            places[fields[5] if len(fields) > 5 else "anonymous"] = int(fields[0].split("-")[0], 16)
    assert "[heap]" in places and "[stack]" in places
    for what in ("[heap]", "[stack]", next(each for each in places if "libc" in each)):
        with load() as vm, pytest.raises(Violation) as found:
            vm.call("write", places[what], 0)
        assert found.value.address == places[what], what


def test_another_guest_s_memory_is_not_there(vm: tblvm.Instance) -> None:
    for what in (0, 1):
        at = vm.call("here", what)
        with load() as other, pytest.raises(Violation):
            other.call("read", at)
    assert vm.call("seven") == 7


def test_code_is_not_writable_in_process(vm: tblvm.Instance) -> None:
    """The image is one for all guests: who writes it has them all."""
    for what in (2, 3):
        with load() as other:
            at = other.call("here", what)
            with pytest.raises(Violation):
                other.call("write", at, 0xC3)
    assert vm.call("seven") == 7


@pytest.mark.parametrize("where", ["null", "heap", "arena"])
def test_jumps_into_data_in_process(vm: tblvm.Instance, where: str) -> None:
    kept, at = canary()
    with pytest.raises(SandboxError):
        vm.call("jump", {"null": 0, "heap": at, "arena": vm.call("here", 1)}[where])
    assert kept.value == SECRET
    the_host_goes_on()


def test_a_jump_into_the_c_library_reaches_no_system_call() -> None:
    """getpid's own code is there for everybody to execute; the filter of the guest's thread stops what it asks for."""
    libc = ctypes.CDLL(None)
    at = ctypes.cast(libc.getpid, ctypes.c_void_p).value
    assert at
    with load() as vm, pytest.raises(SandboxError):
        vm.call("jump", at)
    the_host_goes_on()
    assert os.getpid() == libc.getpid()


@pytest.mark.parametrize("at", OLD_PAGE)
def test_the_page_of_old_system_calls_gives_none_in_process(at: int) -> None:
    """gettimeofday, time, getcpu: the filter of the guest's thread sees them, where the page is there."""
    with load() as vm, pytest.raises(SandboxError):
        vm.call("jump", signed(at))
    the_host_goes_on()


def test_the_kernel_s_clock_is_not_readable_in_process() -> None:
    """The pages of the time are the host's."""
    pages = [
        int(line.split("-")[0], 16)
        for line in Path("/proc/self/maps").read_text().splitlines()
        if "[vvar" in line or "[vdso]" in line
    ]
    assert pages
    for at in pages:
        with load() as vm, pytest.raises(Violation) as found:
            vm.call("read", at)
        assert found.value.address == at


def test_the_processor_s_clock_is_shut_in_process() -> None:
    with load() as vm, pytest.raises(SandboxError):
        vm.call("clock")
    the_host_goes_on()


@pytest.mark.parametrize("how", [0, 1], ids=["far return", "iret"])
@pytest.mark.parametrize("segment", [0x23, 0x33, 0x10, 0, 0xFFF0, 0x0F], ids=hex)
def test_code_of_other_segments_in_process(how: int, segment: int) -> None:
    """To 32-bit code, the kernel's, none; at an address of data, and of which the low half is the host's or nobody's."""
    kept, at = canary()
    with load() as vm, pytest.raises(SandboxError):
        vm.call("far", how, segment, at)
    assert kept.value == SECRET
    the_host_goes_on()


def test_the_native_stack_ends_in_process(vm: tblvm.Instance) -> None:
    assert vm.call("deep", 4) >= 0
    with pytest.raises((SandboxError, Trap)):
        vm.call("deep", 1 << 40)
    the_host_goes_on()


def test_the_stack_pointer_is_moved_in_process() -> None:
    kept, at = canary()
    with load() as vm, pytest.raises(SandboxError):
        vm.call("stack", at + 32)
    assert kept.value == SECRET
    the_host_goes_on()


def test_native_code_that_never_ends_in_process() -> None:
    with load(timeout=0.5) as vm, pytest.raises((DeadlineExceeded, SandboxError)):
        vm.call("spin")
    the_host_goes_on()


@pytest.mark.parametrize("part", range(4))
def test_lies_from_behind_keys(part: int) -> None:
    """Mail that says anything at all, from any moment on: answers, or errors that the host is told, and nothing else."""
    rng = random.Random(SEED + part)
    ends = set()
    for _ in range(int(10 * SCALE)):
        seed, honest = rng.getrandbits(32), rng.choice((0, 3, 8, 12, 16, 20, 25, 30, 40))
        kept, _ = canary()
        with lying(seed, honest) as started:
            vm = None
            try:
                vm = forged.load(isolation="mpk", timeout=2)
                for use in forged.uses(vm).values():
                    with contextlib.suppress(*forged.TOLD):
                        use()
            except forged.TOLD as error:
                ends.add(type(error).__name__)
                assert len(str(error)) < 10_000 and "\x1b" not in str(error), f"seed {SEED}"
            finally:
                if vm is not None:
                    vm.close()
        assert started and kept.value == SECRET
    gc.collect()
    assert not alive(), f"seed {SEED}"
    the_host_goes_on()


def test_threads_are_attacked_at_the_same_time() -> None:
    wrong: list[BaseException] = []

    def work() -> None:
        try:
            kept, at = canary()
            for _ in range(3):
                with load() as vm, pytest.raises(Violation):
                    vm.call("write", at, 0)
            assert kept.value == SECRET
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not wrong


@pytest.mark.skipif(sys.platform != "linux", reason="Linux")
def test_a_crash_of_a_guest_is_none_of_its_host() -> None:
    """Many in a row, in a process of its own, whose exit status tells."""
    code = (
        "from tests.attacks.test_keys import load\n"
        "from tblvm.embed.errors import SandboxError\n"
        "for n in range(30):\n"
        "    with load() as vm:\n"
        "        try:\n"
        "            vm.call('jump' if n % 2 else 'read', n)\n"
        "        except SandboxError:\n"
        "            pass\n"
        "print('all is well')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=250
    )
    assert done.stdout == "all is well\n", done.stderr[-2000:]
