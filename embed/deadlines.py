"""Deadlines: one thread for the whole process stops what has had its time."""

from __future__ import annotations

import heapq
import itertools
import os
import threading
import time
from collections.abc import Callable

# Systems have a longest time to wait. The clock looks up from time to time; deadlines far away stay far away.
_LOOK = 3600.0


def _nothing() -> None:
    """Stops nothing."""


class Deadline:
    """The end of the time of one call. expired: whether it was stopped for that."""

    __slots__ = ("_done", "_lock", "_stop", "expired")

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._done = self.expired = False
        self._lock = threading.Lock()

    def expire(self) -> None:
        """The time is up: stops the call, unless it is over."""
        with self._lock:
            if not self._done:
                self.expired = True
                self._stop()

    def over(self) -> None:
        """The call is over: nothing is stopped from here on, and the clock holds nothing of it any more."""
        with self._lock:
            self._done, self._stop = True, _nothing


class Clock:
    """A thread that waits for the next deadline; it runs while there are some. now: the time in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self.reset()

    def reset(self) -> None:
        """Forgets all deadlines: a process that was forked has none of the threads that it had."""
        # The lock itself is entered, not the condition: that is a function of Python, and what a handler of
        # a signal raises within it, behind its taking the lock, would leave that taken for ever.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._waiting: list[tuple[float, int, Deadline]] = []
        self._number = itertools.count()
        self._running = False

    def start(self, seconds: float, stop: Callable[[], None]) -> Deadline:
        """A deadline that many *seconds* from now, at which *stop* is called in another thread."""
        deadline = Deadline(stop)
        with self._lock:
            heapq.heappush(self._waiting, (self._now() + seconds, next(self._number), deadline))
            self._wake()
        return deadline

    def _wake(self) -> None:
        """There is a new deadline."""
        if not self._running:
            # In this order: an exception in between leaves two threads, and not none.
            threading.Thread(target=self._run, name="tblvm deadlines", daemon=True).start()
            self._running = True
        self._changed.notify()

    def _due(self) -> Deadline | float | None:
        """One that has come, else the seconds until the next one; None where there is none."""
        while self._waiting and self._waiting[0][2]._done:
            heapq.heappop(self._waiting)
        if not self._waiting:
            return None
        left = self._waiting[0][0] - self._now()
        return left if left > 0 else heapq.heappop(self._waiting)[2]

    def _run(self) -> None:
        while True:
            with self._lock:
                due = self._due()
                if due is None:
                    self._running = False
                    return
                if not isinstance(due, Deadline):
                    self._changed.wait(min(due, _LOOK))
                    continue
            due.expire()


CLOCK = Clock()
os.register_at_fork(after_in_child=CLOCK.reset)
