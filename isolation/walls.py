"""The walls of a process (isolation/c/walls.c) as Python sees them: what is in force, what failed, what died.

The walls, each with what it is for:

    descriptors   all files but those that are named are closed
    clocks        those that take no system call: the processor's counter, the kernel's page
    dump          no core dump, no debugger attaches (PR_SET_DUMPABLE)
    privileges    no program that is started gets rights by its owner (no_new_privs)
    landlock      no file and directory but those that are granted, no TCP, no signal or socket to others
    limits        memory, processor time, descriptors, processes: setrlimit
    lifeline      the process ends when the one that started it does
    signals       what the processor stops is written down, then the process ends
    filter        system calls: those on a list, with their arguments; others end the process (seccomp)
    test          calls that must not be possible were tried
"""

from __future__ import annotations

import errno
import os
import signal
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from .calls import CALLS

# Steps by their number; 0: not begun.
STEPS = (
    *("", "descriptors", "clocks", "dump", "privileges", "landlock", "limits", "lifeline", "signals"),
    *("filter", "test", "up"),
)
# Limits that the walls can set, by their number (uapi/asm-generic/resource.h).
LIMITS: Mapping[int, str] = {
    0: "cpu",
    1: "fsize",
    2: "data",
    3: "stack",
    4: "core",
    6: "nproc",
    7: "nofile",
    8: "memlock",
    9: "as",
    11: "sigpending",
    12: "msgqueue",
    13: "nice",
    14: "rtprio",
}
# Clocks that take no system call (TB_WALLS_COUNTER, TB_WALLS_PAGE).
CLOCKS = ("the processor's counter", "the kernel's page")
_NEEDS = {
    "descriptors": "Linux 5.9 or newer (close_range)",
    "landlock": "Linux 5.13 or newer, with landlock",
    "filter": "a kernel with seccomp, and a processor of its own (an emulated one has none)",
}


@cache
def call_names(cpu: str) -> tuple[str, ...]:
    """The system calls of a processor (as targets name it) by their numbers, "-" where there is none."""
    return tuple(CALLS.get(cpu, "").split())


def call_name(number: int, cpu: str = "x86_64") -> str:
    """What Linux calls a system call on this processor; its number where it is unknown."""
    names = call_names(cpu)
    name = names[number] if 0 <= number < len(names) else "-"
    return name if name != "-" else f"number {number}"


def call_number(name: str, cpu: str = "x86_64") -> int | None:
    """The number of a system call on this processor, None where there is none of that name."""
    names = call_names(cpu)
    return names.index(name) if name in names and name != "-" else None


@dataclass(frozen=True, slots=True)
class Found:
    """What came of putting the walls up (struct tb_walls_found).

    step: one of STEPS, "up" when all are. error: the system's number of what went wrong; of step "test" the
    number of the system call that got through. landlock: its version, 0 for none. filter: instructions of the
    filter of system calls. limits: names of those that were set. tried: how many system calls the test tried.
    dumpable: whether debuggers can attach. descriptors: how many are open. clocks: those that
    take no system call and are shut."""

    step: str
    error: int
    landlock: int
    filter: int
    limits: tuple[str, ...]
    tried: int
    dumpable: bool
    descriptors: int
    clocks: tuple[str, ...]

    BYTES = 36

    @staticmethod
    def read(data: bytes) -> Found:
        """From the struct's bytes, of which nothing is trusted. Raises ValueError when they are too few."""
        if len(data) < Found.BYTES:
            raise ValueError(f"walls are told of in {Found.BYTES} bytes, not in {len(data)}")
        words = struct.unpack_from("<9I", data)
        step, error, landlock, length, limits, tried, dumpable, descriptors, clocks = words
        return Found(
            step=STEPS[step] if step < len(STEPS) else "",
            error=error,
            landlock=landlock,
            filter=length,
            limits=tuple(name for number, name in LIMITS.items() if limits >> number & 1),
            tried=tried,
            dumpable=bool(dumpable),
            descriptors=descriptors,
            clocks=tuple(name for bit, name in enumerate(CLOCKS) if clocks >> bit & 1),
        )

    @property
    def up(self) -> bool:
        """Whether all walls are up."""
        return self.step == "up"

    def failure(self, cpu: str = "x86_64") -> str:
        """Why they are not: half a sentence."""
        if self.step == "test":
            return f"system call {call_name(self.error, cpu)} was not stopped"
        # No system has that many errors: whoever says so lies.
        why = os.strerror(self.error) if self.error < 1 << 31 else f"error {self.error}"
        what = f"{self.step or 'the walls'}: {why}"
        missing = self.error in (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)
        return f"{what}; it needs {_NEEDS[self.step]}" if missing and self.step in _NEEDS else what

    def in_force(self) -> dict[str, str]:
        """The walls that are up, each with a few words, for reports; empty where not all of them are."""
        if not self.up:
            return {}
        return {
            "descriptors": f"{self.descriptors} open",
            "clocks": f"shut: {', '.join(self.clocks)}" if self.clocks else "not shut",
            "dump": "allowed" if self.dumpable else "none",
            "privileges": "no new ones",
            "landlock": f"version {self.landlock}" if self.landlock else "none: this kernel has none",
            "limits": ", ".join(self.limits) or "none",
            "filter": f"seccomp, {self.filter} instructions",
            "test": f"{self.tried} system calls tried",
        }


@dataclass(frozen=True, slots=True)
class Died:
    """What a handler of signals wrote down before its process ended (tb_mail.died).

    signal: its number. code: why it came (si_code). address: where the access went, or the system call is
    that was stopped. pc: where the program was. call: the number of that call, None for other signals."""

    signal: int
    code: int
    address: int
    pc: int
    call: int | None

    @staticmethod
    def read(data: bytes) -> Died | None:
        """From the words' bytes, of which nothing is trusted; None where no signal is in them."""
        if len(data) < 40:
            return None
        number, code, address, pc, call = struct.unpack_from("<Qq3Q", data)
        if not 0 < number <= 64:
            return None
        blocked = number == signal.SIGSYS
        return Died(number, code, address, pc, call & 0xFFFFFFFF if blocked else None)

    def text(self, cpu: str = "x86_64") -> str:
        """What happened: half a sentence."""
        if self.call is not None:
            return f"system call {call_name(self.call, cpu)} is blocked"
        try:
            name = signal.Signals(self.signal).name
        except ValueError:
            name = f"signal {self.signal}"
        at = f" at address {self.address:#x}" if self.signal in (signal.SIGSEGV, signal.SIGBUS) else ""
        return f"{name}{at}, pc {self.pc:#x}"
