"""Where lines of input come from: a file, which can be looked through first, or a stream, whose lines are
awaited."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any, Protocol

from ...core.errors import UsageError
from .flow import NOT_YET
from .lines import Line, lines

_QUEUED = 64  # lines of a stream that are read before anybody asks


class Done(Protocol):
    """What has results already. end: how many inputs there must be for them, at least."""

    @property
    def end(self) -> int: ...

    def has(self, line: Line) -> bool:
        """Whether there is one of this input. Raises UsageError where it is one of another input."""


class Source:
    """Inputs in *path*, "-" for standard input. Raises UsageError."""

    def __init__(self, path: Path) -> None:
        self._name = "standard input" if str(path) == "-" else str(path)
        try:
            # Not sys.stdin: a thread may wait for it when the interpreter ends.
            self._file: IO[bytes] = os.fdopen(os.dup(0), "rb") if str(path) == "-" else path.open("rb")
        except OSError as error:
            raise UsageError(f"cannot read {self._name}: {error.strerror}") from None
        self._regular = stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)

    def count(self, done: Done) -> int | None:
        """How many inputs there are, each that *done* has the one that it was; None for a stream, which
        nobody can read twice. Raises UsageError."""
        if not self._regular:
            return None
        start, count = self._file.tell(), 0
        for line in lines(self._file):
            done.has(line)
            count += 1
        self._complete(count, done)
        self._file.seek(start)
        return count

    def pending(self, done: Done, wake: Callable[[], None]) -> Iterator[Any]:
        """The inputs that *done* has not, or NOT_YET where the next one is not there: *wake* is called
        when it is. Raises UsageError."""
        count = 0
        for line in lines(self._file) if self._regular else _awaited(self._file, wake):
            if line is NOT_YET:
                yield line
                continue
            count += 1
            if not done.has(line):
                yield line
        self._complete(count, done)

    def _complete(self, count: int, done: Done) -> None:
        if count < done.end:
            raise UsageError(
                f"{self._name} has {count} inputs, and there are results of {done.end}: write to another file"
            )


def _awaited(file: IO[bytes], wake: Callable[[], None]) -> Iterator[Any]:
    """Lines of *file*, NOT_YET while there is none."""
    queue: Queue[Any] = Queue(_QUEUED)
    end: list[Exception | None] = []

    def read() -> None:
        failure = None
        try:
            for line in lines(file):
                queue.put(line)
                wake()
        except Exception as error:
            failure = error
        end.append(failure)
        wake()

    threading.Thread(target=read, name="tblvm-inputs", daemon=True).start()
    while True:
        ended = bool(end)  # looked at first: behind it nothing is put
        try:
            yield queue.get_nowait()
        except Empty:
            if not ended:
                yield NOT_YET
            elif end[0] is not None:
                raise end[0] from None
            else:
                return
