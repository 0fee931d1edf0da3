"""The way of inputs to results: what is taken, submitted, done, lost, and whose turn it is."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import Any, Final
from weakref import WeakSet

from ...core.errors import TblvmError
from ...embed.errors import Crashed, IsolationError
from .errors import InputError, WorkerLost
from .executors import Supply
from .result import Result
from .worker import Job, forget, interrupt, keep, work

# What an input is that is not there yet: `wake` is called when it is.
NOT_YET: Final = object()
# Seconds in which what runs in this process has to end when nobody wants it any more. Host functions may not.
_PATIENCE = 5.0
# Seconds after which a signal is seen that came just before Python began to wait.
_LOOK = 0.25
# Not the program's doing, as far as is known.
_LOST = (WorkerLost, Crashed, IsolationError)


@dataclass(slots=True)
class _Flight:
    """An input under way. given: what the worker gets of it. with_job: whether it is sent the job too."""

    index: int
    input: Any
    given: Any
    attempts: int = 1
    with_job: bool = False


class Flow:
    """Results of a job, for inputs that are read as they are needed. An iterator for one thread.

    prepare: makes of an input what the worker gets, or raises InputError. ordered: results come in the
    order of the inputs, else as they are done. retries: how often an input is run again whose worker was
    lost. ahead: how many inputs are read beyond those whose results were delivered.
    """

    def __init__(
        self,
        job: Job,
        inputs: Iterable[Any],
        prepare: Callable[[Any], Any],
        supply: Supply,
        *,
        ordered: bool,
        retries: int,
        ahead: int,
    ) -> None:
        self._job, self._source, self._prepare, self._supply = job, iter(inputs), prepare, supply
        self._ordered, self._retries, self._ahead = ordered, retries, ahead
        self._key, self._process = uuid.uuid4().hex, os.getpid()
        self._events: SimpleQueue[Any] = SimpleQueue()
        self._flying: dict[Any, _Flight] = {}
        self._again: deque[_Flight] = deque()
        self._done: dict[int, Result] = {}
        self._taken = self._delivered = 0
        self._ended = self._isolates = False
        self._failure: Exception | None = None

    def wake(self) -> None:
        """There may be another input, after one that was NOT_YET there. For any thread."""
        self._events.put(None)

    def __iter__(self) -> Generator[Result, None, None]:
        _live.add(self)
        keep(self._key, self._job)
        finished = False
        try:
            while True:
                waits = self._fill()
                while not self._events.empty():
                    self._arrived(self._events.get())
                found = self._next()
                if found is not None:
                    yield found
                elif self._again:
                    continue
                elif self._flying or waits:
                    with contextlib.suppress(Empty):
                        self._arrived(self._events.get(timeout=_LOOK))
                else:
                    break
            finished = True
        finally:
            if finished:
                self._supply.close(wait=True)
                forget(self._key)
            else:
                self.stop()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Nobody wants results any more: what waits is dropped, what runs in this process is stopped; in
        other processes it ends by itself."""
        if os.getpid() != self._process:
            return  # of a process that was forked meanwhile: it has a copy, and nobody who serves it
        for future in [*self._flying]:
            future.cancel()
        self._supply.close(wait=False)
        forget(self._key)
        end = time.monotonic() + _PATIENCE
        while interrupt(self._key) and time.monotonic() < end:
            with contextlib.suppress(Empty):
                self._events.get(timeout=0.01)

    # -- inside
    # ---------------------------------------------------------------------------------------------------

    def _fill(self) -> bool:
        """Submit what can be; whether the next input is still awaited."""
        while self._again:
            if self._submit(self._again.popleft()):
                return False
        room = 2 * self._supply.workers  # so that a worker that is done has the next one
        while not self._ended and len(self._flying) < room and self._taken - self._delivered < self._ahead:
            try:
                item = next(self._source)
            except StopIteration:
                self._ended = True
                break
            except Exception as error:  # told when what was read before it has its results
                self._ended, self._failure = True, error
                break
            if item is NOT_YET:
                return True
            index = self._taken
            self._taken += 1
            try:
                given = self._prepare(item)
            except InputError as error:
                self._done[index] = Result(index, item, error=error)
                continue
            if self._submit(_Flight(index, item, given)):
                break  # executors that do it at once: it is delivered before the next one is read
        return False

    def _submit(self, flight: _Flight) -> bool:
        """Whether it is done already."""
        job = self._job if flight.with_job else None
        try:
            future = self._supply.submit(work, self._key, job, flight.index, flight.given)
        except RuntimeError as error:  # BrokenExecutor among them
            self._ended = True
            self._failure = self._failure or error
            lost = WorkerLost(f"it was not run, the executor takes nothing more: {error}")
            self._done[flight.index] = Result(flight.index, flight.input, error=lost, attempts=0)
            return False
        self._flying[future] = flight
        future.add_done_callback(self._events.put)
        return future.done()

    def _arrived(self, future: Future[Any] | None) -> None:
        flight = None if future is None else self._flying.pop(future, None)
        if future is None or flight is None:
            return
        if future.cancelled():
            self._lost(flight, WorkerLost("it was not run: the executor was shut down"))
            return
        error = future.exception()
        if isinstance(error, BrokenExecutor):
            self._lost(flight, WorkerLost("the executor broke while it had the input: a worker was killed"))
        elif error is not None:
            # With the job: it cannot be sent there.
            if isinstance(error, TblvmError) or flight.with_job or not isinstance(error, Exception):
                raise error
            self._done[flight.index] = Result(
                flight.index, flight.input, error=error, attempts=flight.attempts
            )
        elif (found := future.result()) is None:
            flight.with_job = True
            self._again.append(flight)
        elif isinstance(found.error, IsolationError) and not self._isolates:
            raise found.error  # there never was a sandbox
        elif isinstance(found.error, _LOST):
            self._lost(flight, found.error, found)
        else:
            self._isolates = True
            self._done[flight.index] = replace(found, input=flight.input, attempts=flight.attempts)

    def _lost(self, flight: _Flight, error: Exception, found: Result | None = None) -> None:
        if flight.attempts <= self._retries:
            flight.attempts += 1
            self._again.append(flight)
            return
        found = found or Result(flight.index, error=error)
        self._done[flight.index] = replace(found, input=flight.input, attempts=flight.attempts)

    def _next(self) -> Result | None:
        """The result whose turn it is."""
        if not self._done:
            return None
        index = self._delivered if self._ordered else next(iter(self._done))
        found = self._done.pop(index, None)
        self._delivered += found is not None
        return found


_live: WeakSet[Flow] = WeakSet()


def _stop_all() -> None:
    for each in [*_live]:
        each.stop()


# Threads of executors are waited for when the interpreter ends, before anything of `atexit` is called: a
# program that runs for ever would keep it for ever. What the standard library's own executors end
# themselves with is not public.
getattr(threading, "_register_atexit", lambda function: None)(_stop_all)
