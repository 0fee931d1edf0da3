"""Keys, domains, and what the kernel and the processor make of them.

After the kernel's own selftests (tools/testing/selftests/mm/protection_keys.c): rights with the page untouched and
already faulted in, the kernel's access through read and write, exhaustion, a shadow of PKRU compared at each step.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from tblvm.isolation.keys import audit, key
from tblvm.isolation.keys.domain import Domain, Region
from tblvm.isolation.keys.errors import NoKeys, Violation
from tblvm.isolation.keys.supervisor import ffi, library
from tests.harness.alone import alone
from tests.machine.keys import needs_keys

pytestmark = needs_keys
PAGE = 4096


@pytest.fixture
def domain() -> Iterator[Domain]:
    made = Domain("secrets")
    yield made
    made.close()


def rights_of(value: int, number: int) -> int:
    return value >> 2 * number & 3


# --- rights ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("touched", [True, False])
def test_without_the_right_memory_cannot_be_read_or_written(domain: Domain, touched: bool) -> None:
    region = domain.map(2 * PAGE)
    if touched:
        with domain:
            region.write(0, bytes(2 * PAGE))
    for access in ("read", "write"):
        with pytest.raises(Violation) as caught:
            region.read(PAGE + 5, 1) if access == "read" else region.write(PAGE + 5, b"x")
        error = caught.value
        assert (error.domain, error.key, error.access) == ("secrets", domain.key, access)
        assert error.address == region.address + PAGE + 5
        assert rights_of(error.fault.rights, domain.key) & 1
        assert error.fault.name == "SIGSEGV" and error.pc


@pytest.mark.parametrize("touched", [True, False])
def test_reading_is_not_writing(domain: Domain, touched: bool) -> None:
    region = domain.map(PAGE)
    if touched:
        with domain:
            region.write(0, b"abc")
    with domain.reading():
        assert region.read(0, 3) == (b"abc" if touched else bytes(3))
        with pytest.raises(Violation) as caught:
            region.write(1, b"x")
        assert caught.value.access == "write" and caught.value.key == domain.key
    with domain:
        region.write(0, b"xyz")
        assert region.read(0, 3) == b"xyz"


def test_a_violation_leaves_everything_as_it_was(domain: Domain) -> None:
    region, before = domain.map(PAGE), key.rights()
    with domain:
        region.write(0, b"abc")
    for _ in range(100):
        with pytest.raises(Violation):
            region.write(0, b"xxx")
    assert key.rights() == before
    with domain.reading():
        assert region.read(0, 3) == b"abc"


def test_other_faults_of_a_copy_have_no_key(domain: Domain) -> None:
    lib = library()
    address = lib.tb_keys_map(PAGE)  # nothing may touch it
    key.catch()
    fault = ffi().new("struct tb_keys_fault *")
    assert lib.tb_keys_copy(address, address, 1, fault) == -errno.EFAULT
    assert fault.signal == 11 and fault.key == 0 and fault.address == address
    lib.tb_keys_unmap(address, PAGE)


# --- PKRU ------------------------------------------------------------------------------------------------


def test_pkru_is_what_a_shadow_of_it_says() -> None:
    seed = int(os.environ.get("TBLVM_TEST_SEED", random.randrange(1 << 32)))
    print("TBLVM_TEST_SEED", seed)
    chance = random.Random(seed)
    domains = [Domain(f"d{i}") for i in range(4)]
    regions = [each.map(PAGE) for each in domains]
    shadow = key.rights()
    ways: list[tuple[str, Callable[[Domain], contextlib.AbstractContextManager[object]], int]] = [
        ("write", lambda each: each.writing(), 0),
        ("read", lambda each: each.reading(), 2),
        ("nothing", lambda each: each.denied(), 3),
    ]
    with contextlib.ExitStack() as stack:
        saved: list[int] = []
        for _ in range(300):
            assert key.rights() == shadow
            if saved and chance.random() < 0.45:
                leave = stack.pop_all()
                # One context, the innermost.
                callbacks = leave._exit_callbacks  # type: ignore[attr-defined]
                last = callbacks.pop()
                stack = leave
                last[1](None, None, None)
                shadow = saved.pop()
                continue
            index = chance.randrange(len(domains))
            name, way, bits = chance.choice(ways)
            saved.append(shadow)
            stack.enter_context(way(domains[index]))
            shift = 2 * domains[index].key
            shadow = shadow & ~(3 << shift) | bits << shift
            assert domains[index].access == name
            if name == "nothing":
                with pytest.raises(Violation):
                    regions[index].read(0, 1)
            else:
                regions[index].read(0, 1)
        stack.close()
    for each in domains:
        each.close()


def test_every_way_out_restores_it(domain: Domain) -> None:
    before = key.rights()
    with pytest.raises(ZeroDivisionError), domain, domain.reading():
        raise ZeroDivisionError

    def early() -> str:
        with domain:
            return domain.access

    assert early() == "write" and key.rights() == before

    def generator() -> Iterator[str]:
        with domain:
            yield domain.access

    running = generator()
    assert next(running) == "write"
    running.close()
    assert key.rights() == before
    for _ in range(3):
        with domain:
            continue
    assert key.rights() == before


def test_keys_that_are_allocated_within_stay_as_they_are(domain: Domain) -> None:
    before = key.rights()
    with domain:
        other = Domain("other")
        inner = other.reading()
        inner.__enter__()
    assert other.access == "read" and domain.access == "nothing"
    inner.__exit__(None, None, None)
    assert key.rights() == before
    other.close()


def test_a_view_is_entered_once_and_left_by_its_thread(domain: Domain) -> None:
    view = domain.reading()
    with view, pytest.raises(RuntimeError):
        view.__enter__()
    with pytest.raises(RuntimeError):
        view.__exit__(None, None, None)


def test_the_process_s_own_key_cannot_be_denied() -> None:
    before = key.rights()
    for bits in (1, 2, 3):
        with pytest.raises(ValueError, match="key 0"):
            key.set_rights(before | bits)
    assert key.set_rights(before) == before


# --- threads ---------------------------------------------------------------------------------------------


def test_rights_are_each_thread_s_own(domain: Domain) -> None:
    region = domain.map(PAGE)
    go, done = threading.Event(), threading.Event()
    found: list[object] = []

    def older() -> None:
        go.wait()
        found.append(domain.access)
        try:
            region.read(0, 1)
        except Violation as error:
            found.append(error.key)
        with domain:
            found.append(region.read(0, 1))
        found.append(domain.access)
        done.set()

    thread = threading.Thread(target=older)
    thread.start()
    with domain:
        go.set()
        done.wait()
        assert domain.access == "write"
    thread.join()
    assert found == ["nothing", domain.key, b"\0", "nothing"]


def test_a_new_thread_has_what_its_parent_has(domain: Domain) -> None:
    found: list[str] = []
    with domain.reading():
        thread = threading.Thread(target=lambda: found.append(domain.access))
        thread.start()
        thread.join()
    assert found == ["read"]


def test_a_thread_that_is_older_than_a_shared_key_may_touch_it() -> None:
    lib = library()
    number = key.take()
    address = lib.tb_keys_map(PAGE)
    assert lib.tb_keys_tag(address, PAGE, 3, number) == 0
    key.catch()
    before = key.rights()
    fault = ffi().new("struct tb_keys_fault *")
    assert lib.tb_keys_copy(address, address, 1, fault) == -errno.EFAULT
    key.share(number)
    memory = ffi().buffer(ffi().cast("char *", address), PAGE)
    memory[5] = b"x"  # not by the supervisor's copy: by whatever touches it
    assert memory[5] == b"x"
    assert rights_of(before, number) != 0 and rights_of(key.rights(), number) == 0
    key.set_rights(before)
    lib.tb_keys_unmap(address, PAGE)


# --- the kernel ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("touched", [True, False])
def test_the_kernel_honours_rights_when_it_reads_and_writes(domain: Domain, touched: bool) -> None:
    region = domain.map(PAGE)
    if touched:
        with domain:
            region.write(0, bytes(PAGE))
    left, right = os.pipe()
    try:
        with pytest.raises(OSError) as caught:
            os.writev(right, [region.buffer()])
        assert caught.value.errno == errno.EFAULT
        with domain.reading():
            assert os.writev(right, [region.buffer()]) == PAGE
            with pytest.raises(OSError) as caught:
                os.readv(left, [region.buffer()])
            assert caught.value.errno == errno.EFAULT
        with domain:
            assert os.readv(left, [region.buffer()]) in range(1, PAGE + 1)
    finally:
        os.close(left)
        os.close(right)


def tags(region: Region) -> set[tuple[str, int]]:
    return audit.tags(region.address, region.size)


def test_pages_have_the_key_and_keep_it(domain: Domain) -> None:
    region = domain.map(5 * PAGE - 7)
    assert region.size == 5 * PAGE
    assert tags(region) == {("rw-", domain.key)}
    with domain:
        region.write(0, b"abc" * 1000)
    region.zero()
    assert tags(region) == {("rw-", domain.key)}
    with domain.reading():
        assert region.read(0, region.size) == bytes(region.size)


def test_keys_at_the_edges_of_a_region_are_exact(domain: Domain) -> None:
    """Neighbours, and what lies in one huge page or is split: each page its own key."""
    lib, size = library(), 4 << 20
    address = lib.tb_keys_map(size)
    assert lib.tb_keys_tag(address, size, 3, 0) == 0
    middle = (address + (2 << 20)) & -(2 << 20)
    ffi().buffer(ffi().cast("char *", middle), PAGE)[0] = b"x"
    for at in (middle, middle + 7 * PAGE):
        assert lib.tb_keys_tag(at, PAGE, 3, domain.key) == 0
        assert audit.tags(at - PAGE, PAGE) == audit.tags(at + PAGE, PAGE) == {("rw-", 0)}
        key.catch()
        fault = ffi().new("struct tb_keys_fault *")
        copy = ffi().new("char[8]")
        there = int(ffi().cast("uintptr_t", copy))
        assert lib.tb_keys_copy(there, at - 8, 8, fault) == 0
        assert lib.tb_keys_copy(there, at + PAGE, 8, fault) == 0
        assert lib.tb_keys_copy(there, at - 4, 8, fault) == -errno.EFAULT
        assert fault.address == at and fault.key == domain.key
    lib.tb_keys_unmap(address, size)


# --- how many there are ----------------------------------------------------------------------------------


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_when_all_are_taken_it_is_an_error() -> None:
    program = """
import ctypes, os
from tblvm.isolation.keys import key, probe
from tblvm.isolation.keys.domain import Domain
libc = ctypes.CDLL(None, use_errno=True)
mine = Domain("mine")
while libc.syscall(330, 0, 0) >= 0: pass
try: Domain("late")
except Exception as error: print(type(error).__name__, error.reason, error.status)
assert probe.missing().reason == "taken"
child = os.fork()
if not child:
    try: Domain("in a child")
    except Exception as error: os._exit(7 if error.reason == "taken" else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
region = mine.map(1)
with mine: region.write(0, b"a")
number = mine.key
mine.close()
again = Domain("again")
print(again.key == number)
"""
    assert run(program).split("\n") == ["NoKeys taken 6", "7", "True"]


def test_a_key_is_used_again_and_never_freed() -> None:
    first = Domain("first")
    region = first.map(PAGE)
    with first:
        region.write(0, b"secret")
    first.close()
    second = Domain("second")
    other = second.map(PAGE)
    with second:
        assert other.read(0, 6) == bytes(6)
    second.close()
    with pytest.raises(ValueError, match="closed"):
        region.read(0, 1)
    assert audit.tagged(second.key) == 0


def test_there_are_fifteen() -> None:
    """In a process where nobody else has any: guests of other tests keep theirs for the next ones."""
    alone(there_are_fifteen)


def there_are_fifteen() -> None:
    made: list[Domain] = []
    with pytest.raises(NoKeys) as caught:
        for number in range(16):
            made.append(Domain(str(number)))
    assert (caught.value.reason, len(made)) == ("taken", 15)
    assert len({each.key for each in made}) == len(made)
    for each in made:
        each.close()
