"""What is done in a worker, whatever thread or process of whatever machine that is.

A worker keeps the programs that it was given lately, by a key that stands for one `map`: with an input
comes the key alone. One that does not know it says so, without having run anything, and is sent the
program.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from ...core.errors import TblvmError, UsageError
from ...embed.errors import IsolationError, TooLarge, Trap
from ...embed.instance import Instance
from ...embed.report import Spent
from ...embed.store import load
from .result import Result

_KEPT = 8
_STOPPED = 256


@dataclass(frozen=True, slots=True)
class Job:
    """What is the same for all inputs. content: the program as a .tbc file; call: the function that is
    called, None to run the program from its entry point; level: of isolation; options: the others of
    `tblvm.load`."""

    content: bytes
    call: str | None
    level: str
    options: Mapping[str, Any]


class _State:
    """Of this process. Who forks may do so while another thread holds the lock: the child has one of its
    own."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.jobs: OrderedDict[str, Job] = OrderedDict()
        # What is at work for a job, with its instance as soon as that is loaded.
        self.at_work: dict[str, list[list[Instance]]] = {}
        # Whose results nobody wants any more, lately.
        self.stopped: OrderedDict[str, None] = OrderedDict()

    def forked(self) -> None:
        self.lock, self.at_work = Lock(), {}


_state = _State()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_state.forked)


def keep(key: str, job: Job) -> None:
    """Know *job* in this process from now on."""
    with _state.lock:
        _state.jobs[key] = job
        while len(_state.jobs) > _KEPT:
            _state.jobs.popitem(last=False)


def forget(key: str) -> None:
    """The opposite."""
    with _state.lock:
        _state.jobs.pop(key, None)


def interrupt(key: str) -> bool:
    """Stop what runs of a job in this process; whether there was anything. Who is about to run will not. Who
    begins in this moment may not be reached: ask again."""
    with _state.lock:
        _state.stopped[key] = None
        while len(_state.stopped) > _STOPPED:
            _state.stopped.popitem(last=False)
        found = [*_state.at_work.get(key, ())]
    for each in found:
        for instance in each:
            with contextlib.suppress(Exception):  # it may end in this moment, and then it is no more
                instance.interrupt()
    return bool(found)


def work(key: str, job: Job | None, index: int, given: Any) -> Result | None:
    """Run the program for one input: the arguments of a call, or bytes of standard input. None where nobody
    has told this process what *key* stands for; nothing was run then.

    Raises TblvmError for what would be the same for any other input: the program cannot be loaded, it has
    no such function.
    """
    if job is not None:
        keep(key, job)
    else:
        with _state.lock:
            job = _state.jobs.get(key)
        if job is None:
            return None
    began, output = time.perf_counter(), io.BytesIO()
    loaded, spent = False, Spent()
    what: dict[str, Any] = {}
    try:
        with _begun(key, job, output) as (vm, function):
            loaded = True
            with _state.lock:
                if key in _state.stopped:  # while it was loaded
                    raise Trap("INTERRUPTED", "interrupted")
            try:
                if function is not None:
                    what["value"] = function(*given)
                else:
                    what["status"] = vm.run(stdin=given, stdout=output).status
            finally:
                spent = vm.report().spent
    except Exception as error:
        # There may be memory for the next one, or a worker; all else that is refused before it runs will be
        # the same.
        if not loaded and isinstance(error, TblvmError) and not isinstance(error, (TooLarge, IsolationError)):
            raise
        # Its frames would keep the instance, and what it is made of, as long as the result.
        what["error"] = error.with_traceback(None)
    return Result(index, output=output.getvalue(), spent=spent, seconds=time.perf_counter() - began, **what)


@contextlib.contextmanager
def _begun(key: str, job: Job, output: io.BytesIO) -> Iterator[tuple[Instance, Callable[..., Any] | None]]:
    """A fresh instance and the function of it that is to be called; `interrupt` reaches it."""
    mine: list[Instance] = []
    with _state.lock:
        _state.at_work.setdefault(key, []).append(mine)
    try:
        with load(job.content, isolation=job.level, **job.options, stdin=b"", stdout=output) as vm:
            mine.append(vm)
            yield vm, None if job.call is None else _function(vm, job.call)
    finally:
        with _state.lock:
            others = [each for each in _state.at_work[key] if each is not mine]
            if others:
                _state.at_work[key] = others
            else:
                del _state.at_work[key]


def _function(vm: Instance, name: str) -> Callable[..., Any]:
    try:
        return vm.function(name)
    except (KeyError, TypeError) as error:  # it has none, or one whose values stay in the program
        raise UsageError(error.args[0]) from None
