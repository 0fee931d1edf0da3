"""Keys, and what a thread may do by them.

A key that was taken from the system is never freed: pages that still have its tag would belong to whoever
gets it next. This process keeps it for whoever wants one.
"""

from __future__ import annotations

import os
import threading

from ...core.once import once
from .errors import SetUpError
from .probe import refused
from .supervisor import ffi, library

COUNT = 16
# Bits of a key in PKRU.
DENY_ACCESS, DENY_WRITE = 1, 2
# PKRU that denies all but nothing.
DENY_ALL = 0xFFFFFFFF

_lock = threading.Lock()
_spare: list[int] = []
_shared = 0


def take() -> int:
    """A key that nobody has: no page has its tag. Raises NoKeys."""
    lib = library()
    with _lock:
        if _spare:
            return _spare.pop()
        key = int(lib.tb_keys_alloc())
        if key < 0:
            raise refused(-key)
        return key


def give_back(key: int) -> None:
    """Nobody has it any more; no page has its tag."""
    with _lock:
        _spare.append(key)


def rights() -> int:
    """PKRU of the calling thread."""
    return int(library().tb_keys_read())


def set_rights(value: int) -> int:
    """Sets PKRU of the calling thread: what it was. Key 0 is the process's own memory: it must stay
    accessible, or the process ends. Raises ValueError."""
    if value & 3:
        raise ValueError("key 0 is all of this process's other memory: it cannot be denied")
    return int(library().tb_keys_write(value))


def allowed(value: int, key: int, *, write: bool = True) -> int:
    """The value of PKRU that allows *key* besides."""
    return (value & ~(3 << 2 * key)) | (0 if write else DENY_WRITE << 2 * key)


def denied(value: int, key: int) -> int:
    """The value of PKRU that denies *key*."""
    return value | 3 << 2 * key


@once
def core() -> int:
    """VM_CORE: the key of what guests can only read, one for the whole process. Raises NoKeys."""
    key = take()
    share(key)
    return key


@once
def parked() -> int:
    """The key of guests that do not run, one for all of them. Raises NoKeys."""
    key = take()
    share(key)
    return key


def share(key: int) -> None:
    """Every thread of the host may touch what has this key; threads that are older than it get the right when
    they do."""
    global _shared
    with _lock:
        _shared |= 1 << key
        library().tb_keys_share(_shared)


def _forked() -> None:
    """Another thread may have had it."""
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_forked)


def catch() -> None:
    """Puts the supervisor's handlers of signals in front of others. Raises SetUpError."""
    failed = int(library().tb_keys_catch())
    if failed:
        raise SetUpError("handlers of signals", -failed)


__all__ = [
    "COUNT",
    "DENY_ACCESS",
    "DENY_ALL",
    "DENY_WRITE",
    "allowed",
    "catch",
    "core",
    "denied",
    "ffi",
    "give_back",
    "parked",
    "rights",
    "set_rights",
    "share",
    "take",
]
