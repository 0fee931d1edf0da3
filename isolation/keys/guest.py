"""Guests behind protection keys: native code on a thread of its own, which can touch its own memory only.

guest = Guest(image.load(content), arena=1 << 20)
guest.run()                    # until it hands over, Ended, or a Death
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import Any

from ...embed.errors import Blocked, Crashed, IsolationError, SandboxError, StackExceeded, Trap
from ..walls import call_name
from . import key as keys
from .errors import Fault, SetUpError, Violation, checked
from .image import Image
from .places import PLACES, Pair, Places
from .supervisor import fault_of, ffi, library

_PAGE = 4096
_READ_WRITE = 3
STACK = 1 << 20
# What tb_keys_run gives.
SWITCHED, ENDED, DIED, SIGNAL, LATE = 1, 2, 3, 4, 5
_SEGV, _BUS, _SYS, _ILL = 11, 7, 31, 4
_STEPS = (
    *(
        "",
        "room for guests",
        "a thread",
        "the thread's registers",
        "a stack for signals",
        "signals of the thread",
    ),
    *("no new privileges", "a filter of system calls", "handlers of signals"),
)


class Guest:
    """A guest that has not run yet. Its memory, from lower addresses on: a page that nobody can touch, its
    stack, the arena, whose last bytes are for plug-ins too.

    tags: how often its pages were given keys; parkings: how often its keys went to another guest.
    arena, untrusted, stack: bytes, of whole pages; untrusted: of the arena, lent from the start. filter:
    whether it may make no system call, which tests of other walls turn off. address: of the arena; size:
    its bytes; base: a pointer of cffi to it. Raises NoKeys, SetUpError.
    """

    def __init__(
        self,
        image: Image,
        arena: int,
        *,
        untrusted: int = 0,
        stack: int = STACK,
        filter: bool = True,
        places: Places = PLACES,
    ) -> None:
        if arena % _PAGE or stack % _PAGE or untrusted % _PAGE:
            raise ValueError("arena, stack and untrusted are whole pages")
        if stack <= 0 or not 0 <= untrusted < arena:
            raise ValueError("there is a stack, and an arena of which some is not for plug-ins")
        self.image, self.size, self.stack = image, arena, stack
        self._places, self._owner = places, os.getpid()
        self._lock = threading.Lock()
        self._guest: Any = None
        self._has_control = False
        self._killed = False
        self.ended: int | None = None
        lib = library()
        whole = _PAGE + stack + arena + _PAGE
        self._start = checked("mapping an arena", lib.tb_keys_map(whole))
        self._whole, self._closed = whole, False
        self.address = self._start + _PAGE + stack
        # Addresses go with the last pointer, not before: whoever is late finds zeros.
        start = self._start
        self.base = ffi().gc(
            ffi().cast("char *", self.address), lambda at: lib.tb_keys_unmap(start, whole), whole
        )
        end = self.address + arena
        self._lent = [(end - untrusted, end)] if untrusted else []
        self.tags = self.parkings = 0
        try:
            places.start(self)
            try:
                self._open(filter)
            finally:
                places.stop(self)
        except BaseException:
            self._give_up()
            raise
        with _listing:
            _alive.add(self)

    def _open(self, filter: bool) -> None:
        lib, start = library(), ffi().new("struct tb_keys_start *")
        engine, linear = self._pair
        start.entry, start.arena, start.bytes = self.image.entry, self.address, self.size
        start.stack = self.address
        start.core, start.linear = keys.core(), linear
        start.rights, start.plugin_rights = _rights(engine, linear)
        start.filter = filter
        made = ffi().new("struct tb_keys_guest **")
        failed = int(lib.tb_keys_open(start, made))
        if failed:
            raise SetUpError(_STEPS[start.step], -failed)
        self._guest = made[0]

    # -- keys ---------------------------------------------------------------------------------------------

    def move(self, pair: Pair) -> None:
        """Tags all its memory with these keys."""
        lib = library()
        before = int(lib.tb_keys_tagged())
        self.parkings += pair[0] == keys.parked()
        engine, linear = self._pair = pair
        at = self._start + _PAGE
        for start, end in (*sorted(self._lent), (self.address + self.size,) * 2):
            if at < start:
                checked("tagging memory", lib.tb_keys_tag(at, start - at, _READ_WRITE, engine))
            if start < end:
                checked("tagging memory", lib.tb_keys_tag(start, end - start, _READ_WRITE, linear))
            at = end
        if self._guest is not None:
            checked("tagging memory", lib.tb_keys_rekey(self._guest, linear, *_rights(engine, linear)))
        self.tags += int(lib.tb_keys_tagged()) - before

    def lend(self, address: int, size: int) -> None:
        """Plug-ins in it may write this part of the arena too from now on: whole pages, for the guest's life.
        The host has control. Raises ValueError for what is not in the arena."""
        start, end = address, address + -(-size // _PAGE) * _PAGE
        if start % _PAGE or not self.address <= start < end <= self.address + self.size:
            raise ValueError("what plug-ins may write is whole pages of the arena")
        self._places.start(self)  # nobody parks it meanwhile
        try:
            joined = [(start, end)]
            for one, other in self._lent:
                if one <= joined[0][1] and joined[0][0] <= other:
                    joined[0] = (min(one, joined[0][0]), max(other, joined[0][1]))
                else:
                    joined.append((one, other))
            self._lent = joined
            self.move(self._pair)
        finally:
            self._places.stop(self)

    @property
    def keys(self) -> Pair:
        """(engine, linear): its keys now."""
        return self._pair

    # -- control ------------------------------------------------------------------------------------------

    def run(self, timeout: float | None = None) -> int:
        """Gives it control until it hands over: SWITCHED, ENDED when its entry function has returned, DIED,
        or LATE, where it goes on. timeout: seconds. Python's handlers of signals run meanwhile; what they
        raise comes out here, and the guest still has control."""
        self._check()
        if self._killed or self.ended is not None:
            return self.ended or DIED
        if self._has_control:
            raise RuntimeError("the guest has control already: wait for it")
        self._places.start(self)
        self._has_control = True
        end = _end(timeout)
        return self._wait(int(library().tb_keys_run(self._guest, _nanoseconds(timeout))), end)

    def wait(self, timeout: float | None = None) -> int:
        """As `run`, for one that has control."""
        self._check()
        end = _end(timeout)
        return self._wait(int(library().tb_keys_wait(self._guest, _nanoseconds(timeout))), end)

    def _wait(self, reason: int, end: float | None) -> int:
        while reason == SIGNAL:
            # What is left: signals may come faster than the time passes that was given.
            left = None if end is None else end - time.monotonic()
            reason = int(library().tb_keys_wait(self._guest, _nanoseconds(left)))
        if reason < 0:
            self._over()
            raise SetUpError("giving control to a guest", -reason)
        if reason != LATE:
            if reason != SWITCHED:
                self.ended = reason
            self._over()
        return reason

    def _over(self) -> None:
        self._has_control = False
        self._places.stop(self)

    @property
    def has_control(self) -> bool:
        """Whether it was given control and nobody was told that it has handed it over."""
        return self._has_control

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def kill(self) -> None:
        """Ends it where it is, from any thread: whoever waits for it is told that it has died."""
        with self._lock:
            self._killed = True
            if self._guest is not None and self._owner == os.getpid():
                library().tb_keys_stop(self._guest)

    def close(self) -> None:
        """Ends it and gives back what it has, zeroed."""
        if self._owner != os.getpid():
            return
        self.kill()
        while self._has_control and self.wait(1.0) == LATE:
            self.kill()
        with _listing:
            _alive.discard(self)
        self._give_up()

    def _give_up(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                self._places.leave(self, self._release)

    def _release(self) -> None:
        guest, self._guest = self._guest, None
        if guest is not None:
            checked("ending a guest", library().tb_keys_close(guest))
        self._put_away()

    def _put_away(self) -> None:
        """Nothing is in its memory any more, and no guest's key is on it."""
        lib, size = library(), self.stack + self.size
        lib.tb_keys_discard(self._start + _PAGE, size)
        checked("tagging memory", lib.tb_keys_tag(self._start + _PAGE, size, _READ_WRITE, keys.parked()))

    def _check(self) -> None:
        if self._owner != os.getpid():
            raise IsolationError(
                "this sandbox belongs to the process that was forked: load the program again here"
            )
        if self._guest is None:
            raise ValueError("the guest was closed")

    # -- what happened ------------------------------------------------------------------------------------

    @property
    def turns(self) -> int:
        """How often it was given control."""
        return int(library().tb_keys_turns(self._guest)) if self._guest is not None else 0

    def fault(self) -> Fault | None:
        """What it has died of; None where it was ended from outside, or lives."""
        if self.ended != DIED or self._guest is None:
            return None
        found = ffi().new("struct tb_keys_fault *")
        library().tb_keys_why(self._guest, found)
        fault = fault_of(found)
        return None if fault.signal == _SYS and fault.call is None else fault

    def why(self) -> SandboxError | Trap | None:
        """The error for what it has died of; None as for `fault`."""
        fault = self.fault()
        if fault is None:
            return None
        place = self.image.place(fault.pc)
        if fault.call is not None:
            return Blocked(call_name(fault.call))
        if fault.signal in (_SEGV, _BUS):
            if self._start <= fault.address < self._start + _PAGE:
                return StackExceeded("STACK_OVERFLOW", "the native stack is exhausted")
            return Violation(self.domain(fault.address, fault.key), fault, place)
        if fault.signal == _ILL and not place:
            return Crashed(fault.signal, "it went into a gate from the side")
        return Crashed(fault.signal, f"at {place}" if place else "outside of its code")

    def domain(self, address: int, key: int | None) -> str:
        """Whose memory an address is."""
        if key is not None and key == keys.core():
            return "VM_CORE"
        if 0 <= address - self.image.address < self.image.size:
            return "VM_CORE"
        if any(start <= address < end for start, end in self._lent):
            return "UNTRUSTED"
        if self._start <= address < self.address + self.size:
            return "VM_STATE"
        if any(other is not self and other.holds(address) for other in alive()):
            return "another guest"
        return "host" if key is None or key == 0 else "another domain"

    def holds(self, address: int) -> bool:
        """Whether an address is in its memory."""
        return self._start <= address < self._start + self._whole


def _rights(engine: int, linear: int) -> tuple[int, int]:
    """PKRU of the engine and of plug-ins."""
    plugin = keys.allowed(keys.allowed(keys.DENY_ALL, linear), keys.core(), write=False)
    return keys.allowed(plugin, engine), plugin


def _end(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout


def _nanoseconds(timeout: float | None) -> int:
    return -1 if timeout is None else max(0, int(timeout * 1e9))


_listing = threading.Lock()
_alive: weakref.WeakSet[Guest] = weakref.WeakSet()


def alive() -> list[Guest]:
    """The guests of this process that were not closed."""
    with _listing:
        return list(_alive)


def _forked() -> None:
    """A child has the memory of its parent's guests, and not their threads. Their keys may be another guest's
    here: so that memory goes."""
    global _listing
    _listing = threading.Lock()
    for each in list(_alive):
        if each._guest is not None:
            library().tb_keys_forget(each._guest)
            each._guest = None
        each._put_away()
    _alive.clear()
    PLACES.restart()


os.register_at_fork(after_in_child=_forked)

__all__ = ["DIED", "ENDED", "LATE", "STACK", "SWITCHED", "Guest"]
