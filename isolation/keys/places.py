"""Who has which keys: guests are more than keys.

One key is for what all guests can read (VM_CORE), one for all that are parked. A guest that runs has two of
its own: for what its engine writes, and for what its plug-ins may write besides. It keeps them until another
one needs them and it has not got control; then its memory is tagged as parked. Where all others have
control, who wants keys waits.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from . import key as keys
from .errors import NoKeys

# (engine, linear)
Pair = tuple[int, int]
# Seconds between two looks of who waits: who was to tell may have been interrupted by an exception.
_LOOK = 1.0


class Tenant(Protocol):
    """What has keys: a guest."""

    def move(self, pair: Pair) -> None:
        """Tags all its memory with these keys; nobody of it runs."""


class Places:
    """The pairs of keys of this process. parkings: how many guests were parked so far; waits: how often
    somebody had to wait."""

    def __init__(self) -> None:
        self._free: list[Pair] = []
        self._made = 0
        self._homes: OrderedDict[int, tuple[Tenant, Pair]] = OrderedDict()  # least recently used first
        self._running: set[int] = set()
        self._locks()
        self.parkings = self.waits = 0

    def _locks(self) -> None:
        # The lock itself is entered, not the condition: that is a function of Python, and what a handler of
        # a signal raises within it, behind its taking the lock, would leave that taken for ever.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)

    def start(self, tenant: Tenant) -> None:
        """*tenant* is about to run: it gets keys, if it has none. Waits for some. Raises NoKeys where there
        can be none at all."""
        number = id(tenant)
        with self._lock:
            waited = False
            while number not in self._homes:
                pair = self._take()
                if pair is None:
                    self.waits += not waited
                    waited = True
                    self._changed.wait(_LOOK)
                    continue
                try:
                    tenant.move(pair)
                except BaseException:
                    self._free.append(pair)
                    raise
                self._homes[number] = (tenant, pair)
            self._homes.move_to_end(number)
            self._running.add(number)

    def stop(self, tenant: Tenant) -> None:
        """It has handed over control."""
        with self._lock:
            self._running.discard(id(tenant))
            self._changed.notify_all()

    def leave(self, tenant: Tenant, release: Callable[[], None]) -> None:
        """It goes. release: gives back its memory, which nobody parks meanwhile."""
        with self._lock:
            release()
            self._running.discard(id(tenant))
            home = self._homes.pop(id(tenant), None)
            if home is not None:
                self._free.append(home[1])
                self._changed.notify_all()

    def restart(self) -> None:
        """In a child of fork: all tenants have gone, with their memory."""
        self._free += [pair for _, pair in self._homes.values()]
        self._homes.clear()
        self._running.clear()
        self._locks()

    @property
    def pairs(self) -> int:
        """How many guests can have control at once, as far as is known."""
        return self._made

    def _take(self) -> Pair | None:
        if self._free:
            return self._free.pop()
        try:
            return self._more()
        except NoKeys as error:
            if error.reason != "taken" or not self._made:
                raise
        for number, (tenant, pair) in self._homes.items():
            if number not in self._running:
                tenant.move((keys.parked(), keys.parked()))
                del self._homes[number]
                self.parkings += 1
                return pair
        return None

    def _more(self) -> Pair:
        keys.parked()  # while there is one
        engine = keys.take()
        try:
            linear = keys.take()
        except BaseException:
            keys.give_back(engine)
            raise
        for each in (engine, linear):
            keys.share(each)
        self._made += 1
        return engine, linear


PLACES = Places()
