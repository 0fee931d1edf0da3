"""Whether protection keys can be had here, and if not, why: without compiling anything."""

from __future__ import annotations

import errno
import os
import platform
import struct
from pathlib import Path

import cffi  # type: ignore[import-untyped]

from .errors import NoKeys

# Numbers of arch/x86/entry/syscalls/syscall_64.tbl.
_PKEY_ALLOC, _PKEY_FREE = 330, 331
# Entry of the auxiliary vector, and its bit: user code may read %gs's base, which gates do.
_AT_HWCAP2, _FSGSBASE = 26, 2

_WHY = {
    "machine": "protection keys are for Linux on x86-64",
    "cpu": "this CPU has no protection keys",
    "kernel": "the kernel does not use the CPU's protection keys, or not with fsgsbase",
    "forbidden": "a container or sandbox around this process forbids protection keys (pkey_alloc)",
    "taken": "all protection keys of this process are taken",
}


def no_keys(reason: str) -> NoKeys:
    """The error for a reason."""
    return NoKeys(reason, _WHY[reason])


def missing() -> NoKeys | None:
    """Why this process can have no key now; None where it can. A key is taken and given back for that."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return no_keys("machine")
    flags = _flags()
    if "pku" not in flags:
        return no_keys("cpu")
    if "ospke" not in flags or not _hwcap2() & _FSGSBASE:
        return no_keys("kernel")
    ffi = cffi.FFI()
    ffi.cdef("long syscall(long number, ...);")
    libc = ffi.dlopen(None)
    key = libc.syscall(_PKEY_ALLOC, ffi.cast("long", 0), ffi.cast("long", 0))
    if key >= 0:
        # It was nobody's: no page has its tag.
        libc.syscall(_PKEY_FREE, ffi.cast("long", key))
        return None
    return refused(ffi.errno)


def refused(number: int) -> NoKeys:
    """The error for what pkey_alloc gives on a CPU with keys."""
    if number == errno.ENOSPC:
        return no_keys("taken")
    return no_keys("kernel" if number == errno.ENOSYS and not _contained() else "forbidden")


def _contained() -> bool:
    """Whether a filter of system calls is in force."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return False
    return "\nSeccomp:\t2" in status


def _flags() -> set[str]:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return set()
    return next((set(line.split()) for line in text.splitlines() if line.startswith("flags")), set())


def _hwcap2() -> int:
    try:
        vector = Path("/proc/self/auxv").read_bytes()
    except OSError:
        return 0
    return next((value for kind, value in struct.iter_unpack("QQ", vector) if kind == _AT_HWCAP2), 0)


def page_size() -> int:
    """Bytes of a page."""
    return os.sysconf("SC_PAGE_SIZE")
