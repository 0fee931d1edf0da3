"""What this machine offers for isolation, found out without changing anything here for good."""

from __future__ import annotations

import errno
import os
import platform
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cffi  # type: ignore[import-untyped]

from ..embed.errors import IsolationError
from . import levels
from .mappings import code_of_process

# Numbers of system calls: those below 424 are x86-64's, the others every machine's.
_PKEY_ALLOC, _PKEY_FREE, _LANDLOCK, _MSEAL = 330, 331, 444, 462
_PR_SET_SECCOMP, _FILTER, _VERSION = 22, 2, 1
# Oldest kernel on which workers put up their walls (close_range).
_KERNEL = (5, 9)
# Instructions that change which memory keys protect.
_GADGETS = ("wrpkru", "xrstor")

# Of each level what it is for, and what it is not.
PROTECTS = {
    "none": (
        "mistakes of programs (verified code, references in a cage, bounds)",
        "mistakes of the runtime, hostile native code",
    ),
    "mpk": (
        "these, and hostile native code that reads or writes memory of the host",
        "side channels (what caches tell of memory), mistakes of the kernel",
    ),
    "process": (
        "these, and hostile native code that makes system calls, opens files, talks to others",
        "side channels, mistakes of the kernel",
    ),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """what: of the machine. there: whether it has it. note: what was found, in a few words."""

    what: str
    there: bool
    note: str


def offers() -> Iterator[Offer]:
    """Everything that isolation uses, then the levels, then what keys cannot help against here."""
    yield _kernel()
    yield _keys()
    yield _seal()
    yield _seccomp()
    yield _landlock()
    yield _rseq()
    yield Offer("user namespaces", True, "not needed: nothing here takes rights, all of it gives rights up")
    for level in levels.LEVELS:
        if level != "auto":
            yield _level(level)
    yield _gadgets()


def _kernel() -> Offer:
    found = platform.release()
    version = tuple(int(each) for each in found.split("-")[0].split(".")[:2] if each.isdigit())
    fine = platform.system() == "Linux" and version >= _KERNEL
    return Offer("kernel", fine, f"{platform.system()} {found}; workers need Linux {_KERNEL[0]}.{_KERNEL[1]}")


def _keys() -> Offer:
    from .keys.probe import missing

    why = missing()
    if why is not None:
        return Offer("protection keys", False, str(why))
    taken: list[int] = []
    while (key := _call(_PKEY_ALLOC, 0, 0)) >= 0:
        taken.append(key)
    for key in taken:  # no page has had their tags
        _call(_PKEY_FREE, key)
    return Offer("protection keys", True, f"{len(taken)} can be had by this process")


def _seal() -> Offer:
    there = _call(_MSEAL, 0, 0, 0) != -errno.ENOSYS  # of no page
    note = "memory can be sealed" if there else "Linux 6.10 has it; filters of system calls do without"
    return Offer("mseal", there, note)


def _seccomp() -> Offer:
    # A filter at no address: refused for the address where there are filters.
    there = _control(_PR_SET_SECCOMP, _FILTER, 0) == -errno.EFAULT
    return Offer("seccomp", there, "filters of system calls" if there else "without it there are no workers")


def _landlock() -> Offer:
    version = _call(_LANDLOCK, 0, 0, _VERSION)
    if version > 0:
        return Offer("landlock", True, f"version {version}")
    return Offer("landlock", False, "filters of system calls alone keep files away")


def _rseq() -> Offer:
    """Whether the C library registers restartable sequences: threads without key 0 must not have them."""
    ffi = cffi.FFI()
    ffi.cdef("extern unsigned int __rseq_size;")
    try:
        size = int(ffi.dlopen(None).__rseq_size)
    except (AttributeError, OSError):
        size = 0
    note = "registered by the C library; threads of guests are made without" if size else "not registered"
    return Offer("rseq", True, note)


def _level(level: str) -> Offer:
    good, bad = PROTECTS[level]
    said = f"against {good}; not against {bad}"
    try:
        there = levels.choose(level) == level
    except IsolationError as error:
        return Offer(f"isolation {level}", False, f"{str(error).split(': ')[-2]}; it is {said}")
    if level == "process" and not (_kernel().there and _seccomp().there):
        return Offer(f"isolation {level}", False, f"this kernel has not what it needs; it is {said}")
    return Offer(f"isolation {level}", there, said)


def _gadgets() -> Offer:
    found: Counter[str] = Counter()
    for name, counts in _code().items():
        number = sum(counts[each] for each in _GADGETS)
        if number:
            found[os.path.basename(name) or "no file"] += number  # noqa: PTH119  of any text
    listed = ", ".join(f"{name} {number}" for name, number in found.most_common())
    note = f"this process has {listed}; code that is not scanned could jump there" if found else "all of it"
    return Offer("code without wrpkru and xrstor", not found, note)


def _code() -> dict[str, Counter[str]]:
    try:
        return code_of_process()
    except OSError:
        return {}


def _call(number: int, *words: int) -> int:
    """A system call: what it gives, or less than 0, the number of the error."""
    if platform.system() != "Linux" or (number < 424 and platform.machine() != "x86_64"):
        return -errno.ENOSYS
    ffi, libc = _libc()
    found = int(libc.syscall(number, *(ffi.cast("long", each) for each in words)))
    return found if found >= 0 else -int(ffi.errno)


def _control(*words: int) -> int:
    if platform.system() != "Linux":
        return -errno.ENOSYS
    ffi, libc = _libc()
    found = int(libc.prctl(words[0], *(ffi.cast("long", each) for each in (*words[1:], 0, 0, 0)[:4])))
    return found if found >= 0 else -int(ffi.errno)


def _libc() -> tuple[Any, Any]:
    ffi = cffi.FFI()
    ffi.cdef("long syscall(long number, ...); int prctl(int option, ...);")
    return ffi, ffi.dlopen(None)
