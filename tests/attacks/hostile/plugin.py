"""A plug-in whose native code is hostile: its services do what a program tells them, to whatever it names.

What stands between them and the host are the walls alone: nothing here is verified, bounded or counted. Page `hostile`
has what any native code can do; page `hostile.calls` asks the kernel, and images that may not do so are not built with it.
"""

from __future__ import annotations

from pathlib import Path

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary
from tblvm.opcodes import OpcodeSet, Page, i32, i64, service

ROOM = Path(__file__).parent

memory = OpcodeSet(Page("hostile"), library="hostile.memory")
calls = OpcodeSet(Page("calls"), library="hostile.calls")


@service("tb_hostile_read", library="hostile.memory", effects={"may block"})
def read_(address: i64) -> i32:
    raise NotImplementedError


@service("tb_hostile_write", library="hostile.memory", effects={"may block"})
def write_(address: i64, value: i32) -> None:
    raise NotImplementedError


@service("tb_hostile_jump", library="hostile.memory", effects={"may block"})
def jump_(address: i64) -> i64:
    raise NotImplementedError


@service("tb_hostile_deep", library="hostile.memory", effects={"may block"})
def deep_(levels: i64) -> i64:
    raise NotImplementedError


@service("tb_hostile_spin", library="hostile.memory", effects={"may block"})
def spin_() -> None:
    raise NotImplementedError


@service("tb_hostile_stack", library="hostile.memory", effects={"may block"})
def stack_(address: i64) -> None:
    raise NotImplementedError


@service("tb_hostile_here", library="hostile.memory", effects={"may block"})
def here_(what: i32) -> i64:
    raise NotImplementedError


@service("tb_hostile_clock", library="hostile.memory", effects={"may block"})
def clock_() -> i64:
    raise NotImplementedError


@service("tb_hostile_far", library="hostile.memory", effects={"may block"})
def far_(how: i32, segment: i64, address: i64) -> None:
    raise NotImplementedError


@service("tb_hostile_call", library="hostile.calls", effects={"may block"})
def call_(number: i64, a: i64, b: i64, c: i64, d: i64, e: i64, f: i64) -> i64:
    raise NotImplementedError


@service("tb_hostile_old_call", library="hostile.calls", effects={"may block"})
def old_call_(number: i64, a: i64, b: i64, c: i64) -> i64:
    raise NotImplementedError


@service("tb_hostile_lie", library="hostile.calls", effects={"may block"})
def lie_(kind: i64, what: i64, first: i64, second: i64, result: i64) -> i64:
    raise NotImplementedError


@memory(0x00, "HOSTILE_READ")
def read(address: i64) -> i32:
    """The byte at an address, whichever."""
    return read_(address)


@memory(0x01, "HOSTILE_WRITE")
def write(address: i64, value: i32) -> None:
    """Writes a byte there."""
    write_(address, value)


@memory(0x02, "HOSTILE_JUMP")
def jump(address: i64) -> i64:
    """Calls what is there."""
    return jump_(address)


@memory(0x03, "HOSTILE_DEEP")
def deep(levels: i64) -> i64:
    """Calls itself so many times, with 4 KiB of native stack each."""
    return deep_(levels)


@memory(0x04, "HOSTILE_SPIN")
def spin() -> None:
    """Never ends, and never looks whether it should."""
    spin_()


@memory(0x05, "HOSTILE_STACK")
def stack(address: i64) -> None:
    """Moves the stack pointer there, and pushes."""
    stack_(address)


@memory(0x06, "HOSTILE_HERE")
def here(what: i32) -> i64:
    """An address: 0 of the context, 1 of a local variable, 2 of this code, 3 of read-only data."""
    return here_(what)


@memory(0x07, "HOSTILE_CLOCK")
def clock() -> i64:
    """The processor's counter: RDTSC."""
    return clock_()


@memory(0x08, "HOSTILE_FAR")
def far(how: i32, segment: i64, address: i64) -> None:
    """Goes there in another code segment: by a far return (0), by IRET (1)."""
    far_(how, segment, address)


@calls(0x00, "HOSTILE_CALL")
def call(number: i64, a: i64, b: i64, c: i64, d: i64, e: i64, f: i64) -> i64:
    """A system call, with its result."""
    return call_(number, a, b, c, d, e, f)


@calls(0x01, "HOSTILE_OLD_CALL")
def old_call(number: i64, a: i64, b: i64, c: i64) -> i64:
    """One of 32 bits, by `int 0x80`."""
    return old_call_(number, a, b, c)


@calls(0x02, "HOSTILE_LIE")
def lie(kind: i64, what: i64, first: i64, second: i64, result: i64) -> i64:
    """In a worker: writes the mail, hands control to the host, and gives its answer."""
    return lie_(kind, what, first, second, result)


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [memory, calls]


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(
            name="hostile.memory",
            doc="native code that reads, writes and jumps as it is told",
            room=ROOM,
            sources=("c/memory.c",),
            services=(read_, write_, jump_, deep_, spin_, stack_, here_, clock_, far_),
            size=9999,
        ),
        MicroLibrary(
            name="hostile.calls",
            doc="native code that asks the kernel",
            room=ROOM,
            sources=("c/calls.c",),
            services=(call_, old_call_, lie_),
            size=9999,
        ),
    ]
