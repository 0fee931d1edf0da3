"""Native code of plug-ins behind protection keys: it does its work, and nothing else."""

from __future__ import annotations

import ctypes
import mmap
import struct
from pathlib import Path

import pytest

import tblvm
from tblvm.embed.errors import Crashed, DeadlineExceeded, SandboxError, Violation
from tblvm.embed.instance import Instance
from tblvm.isolation.mappings import audit, mappings
from tests.machine.keys import needs_keys

pytestmark = needs_keys

PLUGINS = Path(__file__).parents[1] / "plugins"
PROGRAM = """\
.memory bytes: 1, 2
.func main()
    RET
.end
.func add(a: i32, b: i64, c: i32) -> i64
    LOAD a
    LOAD b
    LOAD c
    NATIVE_ADD
    RET
.end
.func mean(a: f64, b: f32) -> f64
    LOAD a
    LOAD b
    NATIVE_MEAN
    RET
.end
.func divide(a: i64, b: i64) -> i64
    LOAD a
    LOAD b
    NATIVE_DIVIDE
    RET
.end
.func fill(at: i32, value: i32, count: i32)
    LOAD at
    LOAD value
    LOAD count
    NATIVE_FILL
    RET
.end
.func sum(at: i32, count: i32) -> i32
    LOAD at
    LOAD count
    NATIVE_SUM
    RET
.end
.func grow() -> i32
    PUSH 1
    MEMORY_GROW bytes
    RET
.end
.func read(address: i64) -> i64
    LOAD address
    HOSTILE_READ
    RET
.end
.func write(address: i64, value: i64)
    LOAD address
    LOAD value
    HOSTILE_WRITE
    RET
.end
.func jump(address: i64, rax: i64, rdi: i64) -> i64
    LOAD address
    LOAD rax
    LOAD rdi
    HOSTILE_JUMP
    RET
.end
.func context() -> i64
    HOSTILE_CONTEXT
    RET
.end
.func code()
    HOSTILE_CODE
    RET
.end
.func loop()
    HOSTILE_LOOP
    RET
.end
.func recurse() -> i64
    HOSTILE_RECURSE
    RET
.end
.func smash(words: i32)
    LOAD words
    HOSTILE_SMASH
    RET
.end
.func status(number: i32) -> i32
    LOAD number
    HOSTILE_STATUS
    RET
.end
.func garbage() -> i32
    HOSTILE_GARBAGE
    RET
.end
.func segment(fault: i32)
    LOAD fault
    HOSTILE_SEGMENT
    RET
.end
.func flags(bits: i32)
    LOAD bits
    HOSTILE_FLAGS
    RET
.end
.func registers()
    HOSTILE_REGISTERS
    RET
.end
.func leave(slot: i32)
    LOAD slot
    HOSTILE_LEAVE
    RET
.end
"""


def loaded(timeout: float | None = None) -> Instance:
    plugins = [PLUGINS / "native", PLUGINS / "hostile"]
    return tblvm.load(
        PROGRAM.encode(), plugins=plugins, isolation="mpk", memory="8M", timeout=timeout, fuel=10**9
    )


def works(vm: Instance) -> None:
    assert vm.call("add", -5, 1 << 60, 7) == (1 << 60) + 2
    assert vm.call("mean", 3.0, 2.0) == 2.5
    assert vm.call("sum", 65530, 6) == vm.call("sum", 65530, 6)


def test_it_does_its_work() -> None:
    with loaded() as vm:
        works(vm)
        assert vm.call("divide", -7, 2) == -4
        with pytest.raises(tblvm.Trap, match="divide by zero"):
            vm.call("divide", 1, 0)
        vm.call("fill", 65526, 7, 10)
        assert vm.call("sum", 65520, 16) == 70
        with pytest.raises(tblvm.Trap, match="out of bounds memory access"):
            vm.call("fill", 65527, 7, 10)
        # What grows is lent with all that it is then.
        assert vm.call("grow") == 1
        vm.call("fill", 2 * 65536 - 4, 3, 4)
        assert vm.call("sum", 65520, 65536 + 16) == 70 + 12
        assert vm.call("garbage") == -1
        assert vm.call("context") != 0


@pytest.fixture(scope="module")
def canary() -> ctypes.Array[ctypes.c_char]:
    """A secret in memory of the host."""
    return ctypes.create_string_buffer(b"the host's own secret, 32 bytes.")


def test_a_canary_in_host_memory_is_neither_read_nor_written(canary: ctypes.Array[ctypes.c_char]) -> None:
    address, before = ctypes.addressof(canary), canary.raw
    for access, arguments in (("read", ("read", address)), ("write", ("write", address, 0))):
        with loaded() as vm:
            works(vm)
            with pytest.raises(Violation) as caught:
                vm.call(*arguments)
            assert (caught.value.address, caught.value.access) == (address, access)
            assert "host" in caught.value.domain
        assert canary.raw == before
        with loaded() as vm:
            works(vm)


def test_engine_memory_and_code_are_not_to_be_written() -> None:
    """VM_STATE: the arena's start, where the mail is; VM_CORE: the code."""
    from tblvm.isolation.keys.guest import alive

    with loaded() as vm:
        works(vm)
        [guest] = alive()
        with pytest.raises(Violation) as caught:
            vm.call("write", guest.address, 0)
        assert (caught.value.address, caught.value.access) == (guest.address, "write")
    with loaded() as vm, pytest.raises(Violation) as caught:
        works(vm)
        vm.call("read", next(iter(alive())).address)
    assert caught.value.access == "read"
    with loaded() as vm, pytest.raises(SandboxError) as stopped:
        works(vm)
        vm.call("code")
    assert isinstance(stopped.value, Violation) and stopped.value.access == "write"


def test_code_of_guests_is_as_the_audit_wants_it() -> None:
    from tblvm.isolation.keys.guest import alive

    with loaded() as vm:
        works(vm)
        image = next(iter(alive())).image
        assert image.code and audit(image.code) == ()
        inside = [each for each in mappings() if image.address <= each.start < image.address + image.size]
        assert not any(each.write for each in inside)
        assert sum(each.execute for each in inside) == 1 < len(inside)


def test_a_trap_that_is_none_ends_the_guest() -> None:
    for number in (2, -1):
        with (
            loaded() as vm,
            pytest.raises(Crashed, match="native code of a plug-in gave what it cannot give"),
        ):
            vm.call("status", number)


def test_it_is_ended_where_it_never_comes_back() -> None:
    with loaded(timeout=0.5) as vm, pytest.raises(DeadlineExceeded):
        vm.call("loop")
    with loaded() as vm:
        works(vm)


@pytest.mark.parametrize(
    "call",
    [
        ("recurse",),
        ("smash", 64),
        ("smash", 1 << 20),
        ("segment", 1),
        ("leave", 8),
        ("leave", 16),
        ("leave", 0),
        ("flags", 0x100),
        ("jump", 0, 0, 0),
    ],
    ids=lambda call: " ".join(map(str, call)),
)
def test_the_guest_ends_and_the_host_goes_on(call: tuple[str | int, ...]) -> None:
    with loaded(timeout=5) as vm:
        works(vm)
        with pytest.raises((SandboxError, Crashed, DeadlineExceeded)):
            vm.call(*call)
    with loaded() as vm:
        works(vm)


@pytest.mark.parametrize("call", [("registers",), ("flags", 0x400), ("flags", 0x40000), ("segment", 0)])
def test_what_it_leaves_behind_is_put_right(call: tuple[str | int, ...]) -> None:
    """Or the guest ends; never is anything computed wrongly."""
    with loaded() as vm:
        works(vm)
        try:
            vm.call(*call)
        except SandboxError:
            return
        works(vm)
        assert struct.pack("<d", vm.call("mean", 0.1, 0.5)) == struct.pack("<d", (0.1 + 0.5) / 2)
        assert mmap.PAGESIZE == 4096


def test_gates_give_no_rights_from_their_middle(canary: ctypes.Array[ctypes.c_char]) -> None:
    """Case 13: each WRPKRU of the supervisor, and each function of it that Python calls, jumped to with 0 in eax and edi;
    then the secret is tried."""
    from tblvm.isolation.inventory import inventory
    from tblvm.isolation.keys import supervisor

    places = [each.address for each in inventory(supervisor.image()) if each.hit.instruction.name == "wrpkru"]
    assert len(places) >= 6
    base = min(each.start for each in mappings() if "tblvm supervisor" in each.name)
    address, before = ctypes.addressof(canary), canary.raw
    for place in places:
        with loaded(timeout=5) as vm:
            works(vm)
            with pytest.raises((SandboxError, DeadlineExceeded)):
                vm.call("jump", base + place, 0, 0)
                vm.call("write", address, 0)
        assert canary.raw == before
