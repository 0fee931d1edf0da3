"""Whether this machine has memory protection keys."""

from __future__ import annotations

import ctypes
import errno
import os
from functools import cache
from pathlib import Path

import pytest

INSIDE = "TBLVM_MACHINE"  # set in the emulated machine: the kernel that was asked for
_PKEY_ALLOC, _PKEY_FREE = 330, 331  # x86-64


@cache
def has_keys() -> bool:
    """Whether a key can be had: the CPU has them, the kernel uses them and lets this process (containers often
    do not)."""
    if os.uname().machine != "x86_64":
        return False
    # The kernel sets this flag where it uses them. Without it pkey_alloc says that all are taken.
    if "ospke" not in Path("/proc/cpuinfo").read_text().split():
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    key = libc.syscall(_PKEY_ALLOC, 0, 0)
    if key > 0:
        libc.syscall(_PKEY_FREE, key)
    return key > 0 or ctypes.get_errno() == errno.ENOSPC


# Inside the machine they run in any case: a machine without keys must not look like a success.
needs_keys = pytest.mark.skipif(
    INSIDE not in os.environ and not has_keys(), reason="no protection keys here: `make machine` runs this"
)
