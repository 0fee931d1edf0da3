"""A plug-in whose native code does what it must not: one opcode an attack. Behind a gate each has one outcome, which its
docstring says; without one it is as bad as it looks."""

from __future__ import annotations

from pathlib import Path

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary
from tblvm.opcodes import OpcodeSet, Page, Trap, i32, i64, service

LIBRARY = "hostile"
op = OpcodeSet(Page("hostile"), library=LIBRARY)


@service("test_hostile_read", library=LIBRARY)
def read_from(address: i64) -> i64:
    return address


@service("test_hostile_write", library=LIBRARY)
def write_to(address: i64, value: i64) -> None: ...


@service("test_hostile_jump", library=LIBRARY)
def jump_to(address: i64, rax: i64, rdi: i64) -> i64:
    return address


@service("test_hostile_context", library=LIBRARY)
def context() -> i64:
    return i64(0)


@service("test_hostile_code", library=LIBRARY)
def code() -> None: ...


@service("test_hostile_loop", library=LIBRARY)
def loop() -> None: ...


@service("test_hostile_recurse", library=LIBRARY)
def recurse() -> i64:
    return i64(0)


@service("test_hostile_smash", library=LIBRARY)
def smash(words: i32) -> None: ...


@service("test_hostile_status", library=LIBRARY, traps=(Trap.BAD_INDEX,))
def status(number: i32) -> i32:
    return number


@service("test_hostile_garbage", library=LIBRARY)
def garbage() -> i32:
    return i32(-1)


@service("test_hostile_segment", library=LIBRARY)
def segment(fault: i32) -> None: ...


@service("test_hostile_flags", library=LIBRARY)
def flags(bits: i32) -> None: ...


@service("test_hostile_registers", library=LIBRARY)
def registers() -> None: ...


@service("test_hostile_leave", library=LIBRARY)
def leave(slot: i32) -> None: ...


@op(0x00, "HOSTILE_READ")
def hostile_read(address: i64) -> i64:
    """Reads 8 bytes: what is not linear memory is a violation."""
    return read_from(address)


@op(0x01, "HOSTILE_WRITE")
def hostile_write(address: i64, value: i64) -> None:
    """Writes 8 bytes: what is not linear memory is a violation."""
    write_to(address, value)


@op(0x02, "HOSTILE_JUMP")
def hostile_jump(address: i64, rax: i64, rdi: i64) -> i64:
    """Calls any address with rax and rdi as given, ecx and edx 0: into the middle of a gate, to a function of the
    supervisor or of the host. No more rights come of it; mostly the guest dies."""
    return jump_to(address, rax, rdi)


@op(0x03, "HOSTILE_CONTEXT")
def hostile_context() -> i64:
    """Changes what its context would be, had it one: its own words only."""
    return context()


@op(0x04, "HOSTILE_CODE")
def hostile_code() -> None:
    """Writes its own code: a violation."""
    code()


@op(0x05, "HOSTILE_LOOP")
def hostile_loop() -> None:
    """Never comes back: the deadline ends it."""
    loop()


@op(0x06, "HOSTILE_RECURSE")
def hostile_recurse() -> i64:
    """Goes down to the end of its stack and beyond: a violation."""
    return recurse()


@op(0x07, "HOSTILE_SMASH")
def hostile_smash(words: i32) -> None:
    """Writes upwards from its frame, return addresses too: it goes nowhere with more rights."""
    smash(words)


@op(0x08, "HOSTILE_STATUS")
def hostile_status(number: i32) -> i32:
    """Gives a trap's number that is none: the program ends with a message."""
    return status(number)


@op(0x09, "HOSTILE_GARBAGE")
def hostile_garbage() -> i32:
    """Gives 64 bits where 32 are due: the lower ones count."""
    return garbage()


@op(0x0A, "HOSTILE_SEGMENT")
def hostile_segment(fault: i32) -> None:
    """Sets %gs and %fs to nothing, and then divides by zero if asked: the guest dies, the host does not."""
    segment(fault)


@op(0x0B, "HOSTILE_FLAGS")
def hostile_flags(bits: i32) -> None:
    """Leaves with flags set: the direction, single steps (0x100), alignment checks (0x40000). They end at the gate, or the
    guest does."""
    flags(bits)


@op(0x0C, "HOSTILE_REGISTERS")
def hostile_registers() -> None:
    """Leaves with all registers, MXCSR and the x87 control word changed: the engine computes as ever."""
    registers()


@op(0x0D, "HOSTILE_LEAVE")
def hostile_leave(slot: i32) -> None:
    """Goes through the gates of the engine (8: to the host, 16: to a plug-in): the guest dies."""
    leave(slot)


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [op]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name=LIBRARY,
            doc="native code that attacks",
            room=Path(__file__).parent,
            size=300,
            sources=("c/hostile.c",),
        )
    ]
