"""Guests: what they can touch, how control goes, what stops them, what is left of them."""

from __future__ import annotations

import gc
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tblvm.embed.errors import Blocked, Crashed, StackExceeded
from tblvm.isolation.keys import audit, key
from tblvm.isolation.keys.errors import Violation
from tblvm.isolation.keys.guest import DIED, ENDED, LATE, SWITCHED, Guest
from tblvm.isolation.keys.places import PLACES
from tblvm.isolation.keys.supervisor import ffi, library
from tests.harness.alone import alone
from tests.machine.keys import needs_keys

from .puppets import WHAT, Puppet

pytestmark = needs_keys
PAGE = 4096
UNTRUSTED = 16 * PAGE


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    with Puppet(untrusted=UNTRUSTED) as made:
        yield made


class Secret:
    """Memory of the host, on its usual key."""

    def __init__(self) -> None:
        self.memory = ffi().new("char[]", 8 * PAGE)
        self.address = (int(ffi().cast("uintptr_t", self.memory)) + PAGE) & -PAGE
        self.value = 0x5EC4E75EC4E75EC4
        self.view = ffi().cast("uint64_t *", self.address)
        self.view[0] = self.value


@pytest.fixture
def secret() -> Iterator[Secret]:
    made = Secret()
    yield made
    assert made.view[0] == made.value


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


# --- what it can touch -----------------------------------------------------------------------------------


def test_it_has_its_arena(puppet: Puppet) -> None:
    at = puppet.guest.address + 8 * PAGE
    puppet.do("WRITE", at, 0x1234)
    assert puppet.do("READ", at) == 0x1234
    assert ffi().cast("uint64_t *", at)[0] == 0x1234
    assert puppet.result(1) == puppet.guest.size
    assert puppet.guest.turns == 2


@pytest.mark.parametrize("access", ["read", "write"])
def test_it_has_not_its_host_s_memory(puppet: Puppet, secret: Secret, access: str) -> None:
    with pytest.raises(Violation) as caught:
        puppet.do(access.upper(), secret.address, 0)
    error = caught.value
    assert (error.domain, error.address, error.access) == ("host", secret.address, access)
    assert error.key in (0, None) and error.fault.code == 4  # SEGV_PKUERR
    assert error.fault.rights == library_rights(puppet.guest)[0]
    assert error.function_.startswith("image+0x")
    assert puppet.guest.run() == DIED, "and it stays dead"


def library_rights(guest: Guest) -> tuple[int, int]:
    engine, linear = guest.keys
    plugin = key.allowed(key.allowed(key.DENY_ALL, linear), key.core(), write=False)
    return key.allowed(plugin, engine), plugin


@pytest.mark.parametrize("access", ["read", "write"])
def test_nor_another_guest_s(puppet: Puppet, access: str) -> None:
    with Puppet() as other:
        with pytest.raises(Violation) as caught:
            puppet.do(access.upper(), other.guest.address + 5 * PAGE, 0)
        assert caught.value.domain == "another guest"
        assert caught.value.key == other.guest.keys[0]
        assert other.do("DEEP", 3) >= 0


def test_what_it_executes_can_be_read_and_not_written(puppet: Puppet) -> None:
    at = puppet.image.address
    assert puppet.do("READ", at) & 0xFFFFFFFF == 0x464C457F  # its ELF header
    with pytest.raises(Violation) as caught:
        puppet.do("WRITE", at, 0)
    assert caught.value.domain == "VM_CORE"


def test_its_record_can_be_read_and_not_written(puppet: Puppet) -> None:
    at = int(ffi().cast("uintptr_t", puppet.guest._guest))
    assert puppet.do("READ", at) == at
    for offset in (0, 8, 32, 40, 64, 80):
        with Puppet() as other:
            at = int(ffi().cast("uintptr_t", other.guest._guest))
            with pytest.raises(Violation) as caught:
                other.do("WRITE", at + offset, 0)
            assert caught.value.domain == "VM_CORE" and caught.value.access == "write"


def test_its_memory_cannot_be_executed(puppet: Puppet) -> None:
    with pytest.raises(Violation) as caught:
        puppet.do("JUMP", puppet.guest.address + 8 * PAGE)
    assert caught.value.access == "execute" and caught.value.domain == "VM_STATE"


def test_rights_are_what_they_should_be(puppet: Puppet) -> None:
    assert puppet.do("RIGHTS") == library_rights(puppet.guest)[0]
    assert puppet.do("PLUGIN", WHAT["RIGHTS"]) == library_rights(puppet.guest)[1]
    assert puppet.do("RIGHTS") == library_rights(puppet.guest)[0]


def test_the_host_s_rights_are_as_before(puppet: Puppet) -> None:
    puppet.do("RIGHTS")
    before = key.rights()
    for _ in range(20):
        puppet.do("RIGHTS")
        puppet.do("PLUGIN", WHAT["RIGHTS"])
    with pytest.raises(Crashed):
        puppet.do("UD2")
    assert key.rights() == before


def test_every_page_of_it_has_its_key(puppet: Puppet) -> None:
    guest, core = puppet.guest, key.core()
    engine, linear = guest.keys
    inner = guest.size - UNTRUSTED
    puppet.do("DEEP", 8)
    assert audit.tags(guest.address - guest.stack, guest.stack + inner) == {("rw-", engine)}
    assert audit.tags(guest.address + inner, UNTRUSTED) == {("rw-", linear)}
    assert audit.tags(guest.address - guest.stack - PAGE, PAGE) == {("---", 0)}
    assert audit.tags(guest.address + guest.size, PAGE) == {("---", 0)}
    assert audit.tags(puppet.image.address, puppet.image.size) <= {
        ("r--", core),
        ("r-x", core),
        ("---", core),
    }


# --- plug-ins --------------------------------------------------------------------------------------------


def test_a_plug_in_gets_six_arguments_and_gives_a_result(puppet: Puppet) -> None:
    assert (
        puppet.do("PLUGIN", 90, 1, 2, 3, 4, 5) == 90 * 10**6 + 10**5 + 2 * 10**4 + 3 * 10**3 + 4 * 10**2 + 5
    )


def test_a_plug_in_has_linear_memory_and_constants(puppet: Puppet) -> None:
    linear = puppet.guest.address + puppet.guest.size - PAGE
    assert puppet.do("PLUGIN", WHAT["WRITE"], linear, 77) == 1
    assert puppet.do("PLUGIN", WHAT["READ"], linear) == 77
    assert puppet.do("READ", linear) == 77
    assert puppet.do("PLUGIN", WHAT["READ"], puppet.image.address) & 0xFFFFFFFF == 0x464C457F


@pytest.mark.parametrize("access", ["READ", "WRITE"])
@pytest.mark.parametrize("whose", ["VM_STATE", "host", "stack", "another guest"])
def test_a_plug_in_has_nothing_else(access: str, whose: str, secret: Secret) -> None:
    with Puppet() as other, Puppet(untrusted=UNTRUSTED) as puppet:
        places = {
            "VM_STATE": puppet.guest.address + 2 * PAGE,
            "host": secret.address,
            "stack": puppet.guest.address - 64,
            "another guest": other.guest.address,
        }
        with pytest.raises(Violation) as caught:
            puppet.do("PLUGIN", WHAT[access], places[whose], 1)
        assert caught.value.domain == ("VM_STATE" if whose == "stack" else whose)
        assert caught.value.access == access.lower()
        assert caught.value.fault.rights == library_rights(puppet.guest)[1]
        assert caught.value.address == places[whose]


def test_a_plug_in_has_a_stack_of_its_own(puppet: Puppet) -> None:
    slot = int(ffi().cast("uintptr_t", puppet.guest._guest))
    assert 6 * PAGE <= puppet.do("PLUGIN", WHAT["STACK"]) - slot < 14 * PAGE
    assert audit.tags(slot + 6 * PAGE, 17 * PAGE) == {("rw-", puppet.guest.keys[1])}


def test_a_plug_in_s_stack_has_an_end(puppet: Puppet) -> None:
    with pytest.raises(Violation):
        puppet.do("PLUGIN", WHAT["RECURSE"])


def test_what_a_callee_keeps_is_kept(puppet: Puppet) -> None:
    puppet.order("KEPT", 0)
    puppet.guest.run()
    assert puppet.do("KEPT", 1) == 0
    puppet.do("KEPT", 0)
    puppet.guest.run()
    assert puppet.result(0) == 0


def test_a_plug_in_leaves_no_modes_behind(puppet: Puppet) -> None:
    found = puppet.do("FLAGS_BAD")
    assert found & 0xFFFFFFFF == 0x1F80 and found >> 32 == 0x37F
    assert puppet.result(3) & (1 << 10 | 1 << 8) == 0


def test_the_host_s_turn_resets_modes(puppet: Puppet) -> None:
    puppet.order("CONTROL", 0xFFC0, 0x0C00)
    puppet.guest.run()
    puppet.guest.run()
    found = puppet.result(0)
    assert found & 0xFFFFFFFF == 0x1F80 and found >> 32 == 0x37F


def test_a_plug_in_cannot_hand_over(puppet: Puppet) -> None:
    leave = struct.unpack_from("<Q", ffi().buffer(ffi().cast("char *", puppet.guest._guest), 16), 8)[0]
    with pytest.raises(Crashed, match="gate"):
        puppet.do("PLUGIN", WHAT["JUMP"], leave)


def test_a_plug_in_cannot_go_on_as_its_engine(puppet: Puppet, gates: dict[str, list[int]]) -> None:
    """It jumps to the WRPKRU of the ways in, from the host and of plug-ins, with its engine's PKRU; that of its
    own way back is its way back."""
    back = gates["plugin"][1]
    for at in (*gates["enter"], *gates["plugin"]):
        with Puppet(untrusted=UNTRUSTED) as other:
            hostile, rights = other.symbols["jump_with"], library_rights(other.guest)[0]
            if at == back:
                other.do("PLUGIN", at, rights, 0, 0, 0, 0, hostile)
                assert other.do("RIGHTS") == rights
                continue
            with pytest.raises((Crashed, Violation)):
                other.do("PLUGIN", at, rights, 0, 0, 0, 0, hostile)


# --- gates from the side ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gates() -> dict[str, list[int]]:
    """Addresses of the WRPKRUs, by gate: in the order of gates.c."""
    from tblvm.isolation import scan
    from tblvm.isolation.mappings import mappings

    start = int(ffi().cast("uintptr_t", library().tb_keys_read))
    home = next(each for each in mappings() if each.start <= start < each.end)
    code = bytes(ffi().buffer(ffi().cast("char *", home.start), home.end - home.start))
    found = [home.start + each.offset for each in scan.scan(code) if each.instruction.name == "wrpkru"]
    write, die, leave, enter, plugin, back, signals = found
    return {
        "write": [write],
        "die": [die],
        "leave": [leave],
        "enter": [enter],
        "plugin": [plugin, back],
        "signal": [signals],
    }


# A frame of a signal must be writable under the rights that are interrupted.
OLD = tuple(int(each) for each in os.uname().release.split(".")[:2]) < (6, 12)


@pytest.mark.parametrize("gate", ["write", "die", "enter", "plugin", "signal"])
@pytest.mark.parametrize("value", [0, 1 << 2, 0x55555554, 0xFFFFFFFF])
def test_a_jump_into_the_middle_of_a_gate_dies(
    gates: dict[str, list[int]], gate: str, value: int, secret: Secret
) -> None:
    if OLD and gate in ("enter", "plugin") and value & 0x55555550:
        # The comparison faults where the guest's own memory is denied: see docs/isolation.md.
        program = f"{BEGIN}\nwith Puppet() as puppet: puppet.do('JUMP', {{}}, {value})"
        begin = int(ffi().cast("uintptr_t", library().tb_keys_read))
        from_begin = f"int(ffi().cast('uintptr_t', library().tb_keys_read)) + {gates[gate][0] - begin}"
        run(program.format(from_begin), -signal.SIGSEGV)
        return
    for at in gates[gate]:
        with Puppet() as puppet, pytest.raises((Crashed, Violation)):
            puppet.do("JUMP", at, value, value)
        with Puppet() as puppet, pytest.raises((Crashed, Violation)):
            puppet.do("JUMP", at, value, value, secret.address, secret.address)


def test_a_jump_into_the_way_out_hands_over_and_no_more(gates: dict[str, list[int]]) -> None:
    """With PKRU 0, as the gate has it itself: the host has control, and the guest's stack is what it says."""
    with Puppet() as puppet:
        puppet.order("JUMP", gates["leave"][0], 0, 0, 0, 0, 0, 0)
        assert puppet.guest.run() in (SWITCHED, ENDED)
        assert puppet.guest.run() in (DIED, ENDED)


@pytest.mark.parametrize("gate", ["write", "leave", "enter", "plugin", "signal"])
@pytest.mark.parametrize("selector", [0, 0x2B])
def test_nor_with_another_gs(gates: dict[str, list[int]], gate: str, selector: int) -> None:
    for at in gates[gate]:
        with Puppet() as puppet, pytest.raises((Crashed, Violation)):
            puppet.do("NO_GS", at, selector, 0, 0)


def test_a_fault_without_gs_is_reported() -> None:
    with Puppet() as puppet, pytest.raises(Crashed) as caught:
        puppet.do("NO_GS", 0, 0)
    assert caught.value.signal == signal.SIGILL


@pytest.mark.parametrize("gate", ["write", "leave", "enter", "plugin", "signal"])
def test_single_steps_through_a_gate_are_stopped(gates: dict[str, list[int]], gate: str) -> None:
    for at in gates[gate]:
        with Puppet() as puppet:
            with pytest.raises(Crashed) as caught:
                puppet.do("SINGLE", at, 0)
            assert caught.value.signal in (signal.SIGTRAP, signal.SIGILL)


def test_a_forged_signal_is_told_as_its_own_death(gates: dict[str, list[int]], secret: Secret) -> None:
    """It jumps to the handler of signals with a frame of its own making, and with another guest's stack."""
    for other_slot in (0, 1):
        with Puppet() as other, Puppet() as puppet:
            slot = int(ffi().cast("uintptr_t", (other if other_slot else puppet).guest._guest))
            with pytest.raises((Crashed, Violation)) as caught:
                puppet.do("STACK", slot + 20 * PAGE, gates["signal"][0], 0)
            assert str(secret.value) not in str(caught.value)
            assert other.do("RIGHTS") == library_rights(other.guest)[0]


def test_the_supervisor_s_functions_do_nothing_for_a_guest(secret: Secret) -> None:
    lib = library()
    for name in (
        "tb_keys_write",
        "tb_keys_copy",
        "tb_keys_tag",
        "tb_keys_alloc",
        "tb_keys_share",
        "tb_keys_run",
    ):
        address = int(ffi().cast("uintptr_t", getattr(lib, name)))
        with Puppet() as puppet, pytest.raises((Crashed, Violation, Blocked)):
            puppet.do("CALL", address, 0, secret.address, 8)
            puppet.do("READ", secret.address)


# --- faults ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "number"),
    [("DIVIDE", signal.SIGFPE), ("UD2", signal.SIGILL), ("INT3", signal.SIGTRAP)],
)
def test_a_fault_ends_the_guest_and_nobody_else(what: str, number: int) -> None:
    for _ in range(3):
        with Puppet() as other, Puppet() as puppet:
            with pytest.raises(Crashed) as caught:
                puppet.do(what)
            assert caught.value.signal == number
            assert "image+" in caught.value.note
            assert other.do("RIGHTS")


def test_the_stack_has_an_end() -> None:
    with Puppet(stack=64 * PAGE) as puppet:
        assert puppet.do("DEEP", 40) >= 0
        with pytest.raises(StackExceeded):
            puppet.do("RECURSE")


def test_a_stack_pointer_in_host_memory(secret: Secret) -> None:
    with Puppet() as puppet:
        with pytest.raises(Violation) as caught:
            puppet.do("STACK", secret.address + 8)
        assert caught.value.domain == "host" and caught.value.address == secret.address


def test_memory_that_nobody_has(puppet: Puppet) -> None:
    with pytest.raises(Violation) as caught:
        puppet.do("READ", 0x10)
    assert caught.value.key is None


def test_it_can_end(puppet: Puppet) -> None:
    puppet.order("END")
    assert puppet.guest.run() == ENDED
    assert puppet.guest.run() == ENDED
    assert puppet.guest.why() is None


def test_one_that_does_not_stop_is_stopped() -> None:
    for _ in range(10):
        with Puppet() as puppet:
            puppet.order("LOOP")
            assert puppet.guest.run(0.01) == LATE
            puppet.guest.kill()
            assert puppet.guest.wait() == DIED
            assert puppet.guest.why() is None
            assert puppet.guest.run() == DIED


def test_also_in_a_plug_in() -> None:
    with Puppet(untrusted=UNTRUSTED) as puppet:
        puppet.order("PLUGIN", WHAT["LOOP"], 0, 0, 0, 0, 0, 0)
        assert puppet.guest.run(0.01) == LATE
        puppet.guest.kill()
        assert puppet.guest.wait() == DIED


def test_stopping_one_that_hands_over_meanwhile() -> None:
    """Whichever comes first: it has died, or has handed over and is killed the next time."""
    for turn in range(30):
        with Puppet() as puppet:
            stopper = threading.Thread(target=puppet.guest.kill)
            puppet.order("DEEP", turn % 7)
            stopper.start()
            reason = puppet.guest.run(60)
            stopper.join()
            assert reason in (1, DIED)
            assert puppet.guest.run() == DIED


# --- system calls ----------------------------------------------------------------------------------------


def test_the_scanner_refuses_them() -> None:
    from tblvm.isolation.keys import image

    from .puppets import content

    with pytest.raises(image.ImageError, match=r"syscall|int 0x80|wrpkru|wrgsbase"):
        image.load(content("puppet", "hostile"))


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (39, "getpid"),
        (10, "mprotect"),
        (329, "pkey_mprotect"),
        (15, "rt_sigreturn"),
        (310, "process_vm_readv"),
    ],
)
def test_a_system_call_is_blocked_and_named(number: int, name: str) -> None:
    with Puppet(hostile=True) as puppet:
        with pytest.raises(Blocked) as caught:
            puppet.do("CALL", puppet.symbols["system_call"], number)
        assert caught.value.call == name


def test_also_in_32_bits_and_under_other_numbers() -> None:
    with Puppet(hostile=True) as puppet, pytest.raises(Blocked):
        puppet.do("CALL", puppet.symbols["system_call_32"], 20)
    with Puppet(hostile=True) as puppet, pytest.raises(Blocked):
        puppet.do("CALL", puppet.symbols["system_call"], 0x40000000 | 39)


def test_it_cannot_end_its_thread_nor_wait_for_ever() -> None:
    with Puppet(hostile=True) as puppet, pytest.raises(Blocked) as caught:
        puppet.do("CALL", puppet.symbols["system_call"], 60, 0)
    assert caught.value.call == "exit"
    with Puppet(hostile=True) as puppet, pytest.raises(Blocked) as caught:
        puppet.do("CALL", puppet.symbols["system_call"], 202, puppet.guest.address)
    assert caught.value.call == "futex"


def test_without_the_filter_they_work() -> None:
    """So the test above can fail."""
    with Puppet(hostile=True, filter=False) as puppet:
        assert puppet.do("CALL", puppet.symbols["system_call"], 39) == os.getpid()


def test_the_host_is_not_filtered() -> None:
    with Puppet() as puppet:
        puppet.do("RIGHTS")
        status = Path(f"/proc/self/task/{threading.get_native_id()}/status").read_text()
        assert "\nSeccomp:\t0" in status and "\nNoNewPrivs:\t0" in status
        thread = library().tb_keys_thread(puppet.guest._guest)
        status = Path(f"/proc/self/task/{thread}/status").read_text()
        assert "\nSeccomp:\t2" in status and "\nNoNewPrivs:\t1" in status


# --- nothing is left -------------------------------------------------------------------------------------


def test_memory_of_one_that_has_gone_is_zeroed_for_the_next() -> None:
    with Puppet(untrusted=UNTRUSTED) as puppet:
        at = puppet.do("PLUGIN", WHAT["STACK"]) & -PAGE
        puppet.do("PLUGIN", WHAT["WRITE"], at, 0x7777)
        pair = puppet.guest.keys
        address, size = puppet.guest._start, puppet.guest._whole
    assert audit.tags(address, size) == {("rw-", key.parked()), ("---", 0)}
    assert audit.resident(address, size) == 0
    assert ffi().buffer(puppet.guest.base, 64)[:] == bytes(64)  # whoever is late
    del puppet
    gc.collect()
    assert audit.tags(address, size) == {("", 0)}
    with Puppet(untrusted=UNTRUSTED) as puppet:
        assert puppet.do("READ", at) != 0x7777
        assert puppet.guest.keys == pair


def test_many_in_a_row_leave_nothing() -> None:
    with Puppet() as puppet:
        puppet.do("RIGHTS")
    before = (threads(), len(list(Path("/proc/self/fd").iterdir())), PLACES.pairs, _mappings())
    for number in range(100):
        with Puppet(untrusted=UNTRUSTED) as puppet:
            if number % 3 == 0:
                puppet.do("RIGHTS")
            elif number % 3 == 1:
                with pytest.raises(Crashed):
                    puppet.do("UD2")
            else:
                with pytest.raises(Violation):
                    puppet.do("WRITE", 0x1000, 1)
    gc.collect()  # errors have tracebacks, and these the guests
    end = time.monotonic() + 60
    while threads() > before[0] and time.monotonic() < end:
        time.sleep(0.01)  # the kernel takes a while to forget one that has ended
    after = (threads(), len(list(Path("/proc/self/fd").iterdir())), PLACES.pairs, _mappings())
    assert after[:3] == before[:3] and abs(after[3] - before[3]) < 20


def _mappings() -> int:
    return len(Path("/proc/self/maps").read_text().splitlines())


# --- the host goes on ------------------------------------------------------------------------------------


def run(program: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


BEGIN = """
import faulthandler, signal, os, sys, threading
from tests.isolation.keys.puppets import Puppet
from tblvm.isolation.keys.supervisor import ffi, library
from tblvm.isolation.keys.errors import Violation
def violate():
    with Puppet() as puppet:
        try: puppet.do("READ", 0x1000)
        except Violation: return True
"""


@pytest.mark.parametrize("when", ["before", "between", "after"])
def test_faulthandler_goes_on_working(when: str) -> None:
    enable = {
        each: "faulthandler.enable()" if each == when else "" for each in ("before", "between", "after")
    }
    program = f"""
{BEGIN}
faulthandler.disable()
{enable["before"]}
assert violate()
{enable["between"]}
assert violate()
{enable["after"]}
def die_here(): faulthandler._sigsegv()
die_here()
"""
    done = run(program, -signal.SIGSEGV)
    assert "die_here" in done.stderr
    assert done.stderr.count("Fatal Python error") == 1


def test_other_handlers_go_on_working() -> None:
    """Before and after ours, of Python and of C; signals that are sent, too."""
    program = f"""
{BEGIN}
heard = []
signal.signal(signal.SIGFPE, lambda number, frame: heard.append(number))
assert violate()
signal.signal(signal.SIGTRAP, lambda number, frame: heard.append(number))
signal.signal(signal.SIGSYS, lambda number, frame: heard.append(number))
assert violate()
for number in (signal.SIGFPE, signal.SIGTRAP, signal.SIGSYS):
    os.kill(os.getpid(), number)
    signal.raise_signal(number)
signal.signal(signal.SIGBUS, signal.SIG_IGN)
assert violate()
os.kill(os.getpid(), signal.SIGBUS)
assert violate()
print(heard)
"""
    heard = run(program).stdout.strip()
    assert heard == str([n for n in (8, 5, 31) for _ in range(2)])


def test_a_signal_that_is_sent_still_ends_the_process() -> None:
    for number in (signal.SIGSEGV, signal.SIGSYS):
        run(
            f"{BEGIN}\nassert violate()\nos.kill(os.getpid(), {int(number)})\nimport time; time.sleep(60)",
            -number,
        )


def test_signals_during_a_run_are_the_host_s(puppet: Puppet) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: heard.append(number))
    other = signal.signal(signal.SIGPROF, lambda number, frame: heard.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.03)
        signal.setitimer(signal.ITIMER_PROF, 0.02, 0.03)
        puppet.order("LOOP")
        rights = key.rights()
        reason, end = puppet.guest.run(0.05), time.monotonic() + 60
        while (len(heard) < 3 or len(set(heard)) < 2) and time.monotonic() < end:
            assert reason == LATE
            reason = puppet.guest.wait(0.05)
        assert key.rights() == rights
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGALRM, before)
        signal.signal(signal.SIGPROF, other)
    puppet.guest.kill()
    assert puppet.guest.wait() == DIED
    assert set(heard) == {signal.SIGALRM, signal.SIGPROF}


def test_what_a_handler_raises_comes_out_and_the_guest_goes_on(puppet: Puppet) -> None:
    def handler(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handler)
    try:
        puppet.order("LOOP")
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            puppet.guest.run()
        with pytest.raises(RuntimeError, match="control already"):
            puppet.guest.run()
        assert puppet.guest.wait(0.01) == LATE
    finally:
        signal.signal(signal.SIGALRM, before)


def test_in_a_child_of_fork_there_are_no_guests_of_its_parent(puppet: Puppet) -> None:
    at = puppet.guest.address + 8 * PAGE
    puppet.do("WRITE", at, 5)
    child = os.fork()
    if not child:
        status = 1
        try:
            assert audit.tags(puppet.guest.address, PAGE) == {("rw-", key.parked())}
            try:
                puppet.guest.run()
            except Exception as error:
                assert "forked" in str(error)
            with Puppet() as other:
                assert other.do("RIGHTS")
                other.do("WRITE", other.guest.address + PAGE, 3)
            status = 7
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert puppet.do("READ", at) == 5


# --- more guests than keys -------------------------------------------------------------------------------


def test_more_guests_than_keys() -> None:
    count = 2 * max(PLACES.pairs, 6) + 3
    puppets = [Puppet(untrusted=UNTRUSTED) for _ in range(count)]
    before = PLACES.parkings
    try:
        for turn in range(2):
            for number, puppet in enumerate(puppets):
                at = puppet.guest.address + 8 * PAGE
                if turn:
                    assert puppet.do("READ", at) == number
                puppet.do("WRITE", at, number)
        assert PLACES.parkings > before
        homes = [each.guest.keys for each in puppets]
        away = [pair for pair in homes if pair == (key.parked(), key.parked())]
        assert len(away) == count - PLACES.pairs
        own = [pair for pair in homes if pair not in away]
        assert len({each for pair in own for each in pair}) == 2 * len(own)
        for puppet, pair in zip(puppets, homes, strict=True):
            inner = puppet.guest.size - UNTRUSTED
            assert audit.tags(puppet.guest.address, inner) == {("rw-", pair[0])}
            assert audit.tags(puppet.guest.address + inner, UNTRUSTED) == {("rw-", pair[1])}
            slot = int(ffi().cast("uintptr_t", puppet.guest._guest))
            assert audit.tags(slot + 6 * PAGE, 17 * PAGE) == {("rw-", pair[1])}
        # One that runs reaches none that is parked.
        away_one = next(each for each in puppets if each.guest.keys == (key.parked(),) * 2)
        with pytest.raises(Violation) as caught:
            puppets[-1].do("READ", away_one.guest.address)
        assert caught.value.domain == "another guest" and caught.value.key == key.parked()
    finally:
        for each in puppets:
            each.guest.close()


def test_tags_for_each_parking_are_three() -> None:
    with Puppet(untrusted=UNTRUSTED) as puppet:
        puppet.do("RIGHTS")
        before = puppet.guest.tags
        puppet.guest.move((key.parked(), key.parked()))
        assert puppet.guest.tags - before == 3


def test_whoever_wants_keys_while_all_run_waits() -> None:
    alone(whoever_wants_keys_while_all_run_waits)


def whoever_wants_keys_while_all_run_waits() -> None:
    # As many as there are pairs, where nobody else has keys: of fifteen, one is for VM_CORE, one for who is parked.
    runners = [Puppet() for _ in range(6)]
    late = Puppet()
    try:
        for each in runners:
            each.order("LOOP")
            assert each.guest.run(0.01) == LATE
        assert PLACES.pairs == 6
        found: list[int] = []
        waiter = threading.Thread(target=lambda: found.append(late.do("RIGHTS")))
        waits = PLACES.waits
        waiter.start()
        end = time.monotonic() + 60
        while PLACES.waits == waits and time.monotonic() < end:
            time.sleep(0.01)
        assert not found
        runners[0].guest.kill()
        runners[0].guest.wait()
        waiter.join(60)
        assert found == [library_rights(late.guest)[0]]
    finally:
        for each in (*runners, late):
            each.guest.close()


def test_guests_in_many_threads_at_once() -> None:
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(15):
                with Puppet(untrusted=UNTRUSTED) as puppet:
                    at = puppet.guest.address + 8 * PAGE
                    puppet.do("WRITE", at, number * 100 + turn)
                    # Its keys may be another pair by the time that somebody looks: two bits of one, one of VM_CORE.
                    assert (~puppet.do("PLUGIN", WHAT["RIGHTS"]) & 0xFFFFFFFF).bit_count() == 3
                    assert puppet.do("READ", at) == number * 100 + turn
                    if turn % 4 == 3:
                        with pytest.raises(Violation):
                            puppet.do("READ", 0x1000)
        except BaseException as error:
            problems.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert not problems


def test_memory_can_be_lent_to_plug_ins() -> None:
    with Puppet() as puppet:
        at, guest = puppet.guest.address + 8 * PAGE, puppet.guest
        guest.lend(at, PAGE + 1)
        assert puppet.do("PLUGIN", WHAT["WRITE"], at + PAGE, 5) == 1
        assert puppet.do("READ", at + PAGE) == 5
        guest.lend(at + 2 * PAGE, PAGE)
        engine, linear = guest.keys
        assert audit.tags(at, 3 * PAGE) == {("rw-", linear)}
        assert audit.tags(guest.address, 8 * PAGE) == audit.tags(at + 3 * PAGE, PAGE) == {("rw-", engine)}
        for wrong in ((guest.address - PAGE, PAGE), (at + 1, 1), (guest.address + guest.size, PAGE), (at, 0)):
            with pytest.raises(ValueError):
                guest.lend(*wrong)
        with pytest.raises(Violation) as caught:
            puppet.do("PLUGIN", WHAT["READ"], at + 3 * PAGE)
        assert caught.value.domain == "VM_STATE"


def test_each_system_call_of_the_set_up_may_fail() -> None:
    """In a child for each, whose filter gives EPERM: an error that names the step, and nothing is left."""
    program = f"""
{BEGIN}
import ctypes, struct, gc, time
from tblvm.isolation.keys import audit, key
from tblvm.isolation.keys.errors import SetUpError
libc = ctypes.CDLL(None, use_errno=True)
def forbid(number):
    steps = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7fff0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *each) for each in steps))
    filter = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(steps), ctypes.addressof(code)))
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, filter, 0, 0) == 0
with Puppet() as puppet: puppet.do("RIGHTS")
del puppet
CALLS = {{9: "mapping", 329: "tagging", 13: "handlers", 56: "thread", 14: "thread", 158: "registers",
         131: "stack for signals", 157: "privileges", 317: "filter"}}
for number, step in CALLS.items():
    sys.stdout.flush()
    child = os.fork()
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, (number, step)
        continue
    gc.disable()
    forbid(number)
    status = 1
    try:
        Puppet()
    except SetUpError as error:
        print(number, error)
        end = time.monotonic() + 60
        while len(os.listdir("/proc/self/task")) > 1 and time.monotonic() < end:
            time.sleep(0.01)  # the kernel takes a while to forget one that has ended
        left = len(os.listdir("/proc/self/task"))
        status = 0 if step in str(error) and left == 1 else 2
    os._exit(status)
with Puppet() as puppet: assert puppet.do("RIGHTS")
"""
    run(program)
