"""Somebody else in the process who uses protection keys, and not by our library: by the C library's functions."""

from __future__ import annotations

import ctypes
import mmap
from types import TracebackType

import pytest

from tblvm.embed.errors import Violation
from tblvm.isolation.keys.domain import Domain
from tests.machine.keys import has_keys

_NO_ACCESS = 1  # PKEY_DISABLE_ACCESS
_MOST = 16


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def keys_taken() -> int:
    """How many keys this process cannot get any more; 0 where there are none."""
    if not has_keys():
        return 0
    libc = _libc()
    found = []
    while (key := libc.pkey_alloc(0, _NO_ACCESS)) > 0:
        found.append(key)
    for each in found:
        libc.pkey_free(each)
    return _MOST - 1 - len(found)


class Neighbour:
    """A key and a page that has it, which its thread denies itself; and a domain of ours that a host keeps all the
    time, also denied."""

    SECRET = b"what the neighbour keeps"

    def __init__(self) -> None:
        self._libc = _libc()
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        self._page[: len(self.SECRET)] = self.SECRET
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._page))
        self._key = self._libc.pkey_alloc(0, _NO_ACCESS)
        assert self._key > 0, "there is no key for the neighbour"
        words = (ctypes.c_void_p(self._address), ctypes.c_size_t(mmap.PAGESIZE), 3, self._key)
        assert self._libc.pkey_mprotect(*words) == 0
        self.domain = Domain("neighbour")
        self._region = self.domain.map(4096)
        with self.domain:
            self._region.write(0, self.SECRET)

    def works(self) -> None:
        """What each has is there for who asks, and for nobody else. Raises AssertionError."""
        assert self._libc.pkey_get(self._key) == _NO_ACCESS
        assert self._libc.pkey_set(self._key, 0) == 0
        assert self._page[: len(self.SECRET)] == self.SECRET
        assert self._libc.pkey_set(self._key, _NO_ACCESS) == 0
        assert self.domain.access == "nothing"
        with pytest.raises(Violation) as found:
            self._region.read(0, 1)
        assert found.value.domain == "neighbour"
        with self.domain.reading():
            assert self._region.read(0, len(self.SECRET)) == self.SECRET

    def __enter__(self) -> Neighbour:
        self.works()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.works()
        self.domain.close()
        self._libc.pkey_set(self._key, 0)
        words = (ctypes.c_void_p(self._address), ctypes.c_size_t(mmap.PAGESIZE), 3, 0)
        assert self._libc.pkey_mprotect(*words) == 0
        assert self._libc.pkey_free(self._key) == 0
