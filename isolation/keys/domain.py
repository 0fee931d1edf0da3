"""Domains: memory of this process that only those threads can touch which have asked for it.

with Domain("secrets") as secrets: ...

secrets = Domain("secrets")
page = secrets.map(4096)
with secrets:                       # this thread may read and write it
    page.write(0, b"...")
    with secrets.reading():         # now it may only read
        ...
page.read(0, 3)                     # Violation: domain secrets, key 3, a read of address ...
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

from . import key as keys
from .errors import Violation, checked
from .probe import page_size
from .supervisor import fault_of, ffi, library

READ, WRITE, EXECUTE = 1, 2, 4

_lock = threading.Lock()
_domains: dict[int, Domain] = {}


class Region:
    """Private anonymous memory of a domain, zeroed. address; size: bytes, whole pages."""

    def __init__(self, domain: Domain, address: int, size: int) -> None:
        self.domain, self.address, self.size = domain, address, size

    def read(self, offset: int, size: int) -> bytes:
        """A copy. Raises Violation where this thread has no right to it, ValueError outside of the region."""
        self._within(offset, size)
        copy = ffi().new("char[]", size)
        self._copy(int(ffi().cast("uintptr_t", copy)), self.address + offset, size)
        return bytes(ffi().buffer(copy, size))

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Puts *data* there. Raises Violation where this thread has no right to, ValueError."""
        view = ffi().from_buffer(data)
        self._within(offset, len(view))
        self._copy(self.address + offset, int(ffi().cast("uintptr_t", view)), len(view))

    def buffer(self) -> Any:
        """The memory itself, as a buffer of cffi: who touches it without the right ends the process."""
        return ffi().buffer(ffi().cast("char *", self.address), self.size)

    def zero(self) -> None:
        """Zeros it, without touching it: its key stays."""
        checked("zeroing a region", library().tb_keys_discard(self.address, self.size))

    def _within(self, offset: int, size: int) -> None:
        if self.domain.closed:
            raise ValueError(f"domain {self.domain.name} was closed")
        if not (0 <= offset <= self.size and 0 <= size <= self.size - offset):
            raise ValueError(f"{size} bytes from {offset} on are not within a region of {self.size} bytes")

    def _copy(self, to: int, start: int, size: int) -> None:
        keys.catch()
        fault = ffi().new("struct tb_keys_fault *")
        if library().tb_keys_copy(to, start, size, fault):
            raise violation(fault)


class Domain:
    """Memory with a protection key of its own, which threads are denied until they ask. name: for errors.

    As a context it gives this thread the right to read and write, and takes back what it gave on every way
    out; contexts nest. Raises NoKeys where there is no key to be had.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.closed = False
        self.regions: list[Region] = []
        self.key = keys.take()
        self._views = threading.local()
        with _lock:
            _domains[self.key] = self

    def map(self, size: int) -> Region:
        """Memory of *size* bytes, rounded up to pages, zeroed, in this domain. Raises SetUpError."""
        if self.closed:
            raise ValueError(f"domain {self.name} was closed")
        if size <= 0:
            raise ValueError(f"a region has at least one byte, not {size}")
        lib, page = library(), page_size()
        size = (size + page - 1) & -page
        address = checked("mapping memory", lib.tb_keys_map(size))
        try:
            checked("tagging memory", lib.tb_keys_tag(address, size, READ | WRITE, self.key))
        except BaseException:
            lib.tb_keys_unmap(address, size)
            raise
        region = Region(self, address, size)
        self.regions.append(region)
        return region

    @property
    def access(self) -> str:
        """What this thread may do: "nothing", "read" or "write"."""
        bits = keys.rights() >> 2 * self.key & 3
        return "nothing" if bits & keys.DENY_ACCESS else "read" if bits else "write"

    def reading(self) -> View:
        """A context in which this thread may read, and not write."""
        return View(self, write=False)

    def writing(self) -> View:
        """A context in which this thread may read and write."""
        return View(self, write=True)

    def denied(self) -> View:
        """A context in which this thread may not touch it."""
        return View(self, write=None)

    def __enter__(self) -> Domain:
        view = self.writing()
        view.__enter__()
        self._entered().append(view)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered().pop().__exit__(kind, error, trace)

    def _entered(self) -> list[View]:
        if not hasattr(self._views, "entered"):
            self._views.entered = []
        entered: list[View] = self._views.entered
        return entered

    def close(self) -> None:
        """Unmaps its memory and gives its key to whoever wants one next. All views of it must have ended."""
        if self.closed:
            return
        self.closed = True
        with _lock:
            del _domains[self.key]
        for region in self.regions:
            checked("unmapping memory", library().tb_keys_unmap(region.address, region.size))
        keys.give_back(self.key)

    def __repr__(self) -> str:
        return f"<Domain {self.name}, key {self.key}{', closed' if self.closed else ''}>"


class View:
    """What a thread may do with a domain, for a while. write: None for nothing at all."""

    def __init__(self, domain: Domain, write: bool | None) -> None:
        self._domain, self._write = domain, write
        self._before: int | None = None
        self._thread = 0

    def __enter__(self) -> View:
        if self._before is not None:
            raise RuntimeError("this view is entered already: make another one")
        if self._domain.closed:
            raise ValueError(f"domain {self._domain.name} was closed")
        now, key = keys.rights(), self._domain.key
        wanted = keys.denied(now, key) if self._write is None else keys.allowed(now, key, write=self._write)
        self._before, self._thread = now >> 2 * key & 3, threading.get_ident()
        keys.set_rights(wanted)
        return self

    def __exit__(self, *exception: object) -> None:
        before, self._before = self._before, None
        if before is None:
            raise RuntimeError("this view was not entered")
        if self._thread != threading.get_ident():
            raise RuntimeError("a view is left by the thread that has entered it")
        shift = 2 * self._domain.key
        # The two bits that it has changed: other keys may have been allocated meanwhile.
        keys.set_rights(keys.rights() & ~(3 << shift) | before << shift)


def violation(found: Any) -> Violation:
    """The error for a fault that a thread of the host has got."""
    fault = fault_of(found)
    with _lock:
        domain = _domains.get(fault.key or 0)
    return Violation(domain.name if domain else "", fault)
