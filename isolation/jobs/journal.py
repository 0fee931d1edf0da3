"""The output of many jobs as a file that can be gone on with, wherever it was cut off.

The first line says what was run, each other one is a result. A line is written by one call, at the end of the
file, as soon as there is the result: whoever is killed, by kill -9 too, leaves at most a part of a line
behind. It is brought to the disk (fsync) once a second and at the end: so much a machine loses that loses
its power.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from array import array
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...core.errors import UsageError
from .lines import Line, written

_EVERY = 1.0  # seconds


class Journal:
    """Writes results to *path*, below *header*; resume: behind those that are there.

    failed: of the results that are there, how often each type of error is; "" for none.

    Raises UsageError for a file that has other content already, and for one that is no output of the same
    jobs.
    """

    def __init__(self, path: Path, header: Mapping[str, Any], *, resume: bool) -> None:
        self._path = path
        self.failed: Counter[str] = Counter()
        # Digests of the inputs that have results: of the first ones, and of those behind one that has none.
        self._first, self._others = array("Q"), dict[int, int]()
        self._synced = time.monotonic()
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            self._file = os.open(path, flags, 0o666)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from None
        try:
            self._regular = stat.S_ISREG(os.fstat(self._file).st_mode)
            if self._regular:
                self._begin(written(dict(header)), header, resume)
            elif resume:
                raise UsageError(f"{path} is no file that could be gone on with")
            else:
                self._put(written(dict(header)))
        except BaseException:
            os.close(self._file)
            raise

    def _begin(self, head: bytes, header: Mapping[str, Any], resume: bool) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(f"{self._path}: another tblvm map is writing there") from None
        with open(self._file, "rb", closefd=False) as file:
            first = file.readline()
            bare = not first or (_is_head(first) and not file.peek(1))
            if bare or (resume and head.startswith(first) and first != head):  # no result is lost
                os.ftruncate(self._file, 0)
                self._put(head)
                return
            if not resume:
                raise UsageError(
                    f"{self._path} is there already: --resume goes on with it; remove it to begin again"
                )
            self._check(first, header)
            whole = len(first)
            for number, text in enumerate(file, 2):
                if not text.endswith(b"\n"):
                    break
                self._found(number, text)
                whole += len(text)
        os.ftruncate(self._file, whole)

    def _check(self, first: bytes, header: Mapping[str, Any]) -> None:
        """Whether the first line is what it would be now."""
        there = _read(first)
        if there is None or not _is_head(first):
            raise UsageError(f"{self._path} was not written by tblvm map: it is left as it is")
        expected = json.loads(json.dumps(header))
        for name in dict.fromkeys((*expected, *there)):
            if there.get(name) != expected.get(name):
                was, now = (json.dumps(each.get(name)) for each in (there, expected))
                raise UsageError(
                    f"{self._path} has results of something else: {name} was {was}, now it is {now}: "
                    "write to another file"
                )

    def _found(self, number: int, text: bytes) -> None:
        data = _read(text)
        try:
            assert data is not None
            index, digest = data["index"], int(data["input"], 16)
            kind = data["error"]["type"] if "error" in data else ""
            assert isinstance(index, int) and isinstance(kind, str) and index >= 0
            assert 0 <= digest < 1 << 64
        except (AssertionError, KeyError, TypeError, ValueError):
            raise UsageError(f"{self._path}, line {number}: no result: remove the line") from None
        if self._digest(index) is not None:
            raise UsageError(f"{self._path}, line {number}: a second result of input {index}: remove one")
        self.failed[kind] += 1
        self._others[index] = digest
        while len(self._first) in self._others:
            self._first.append(self._others.pop(len(self._first)))

    def _digest(self, index: int) -> int | None:
        return self._first[index] if index < len(self._first) else self._others.get(index)

    @property
    def end(self) -> int:
        """How many inputs there must be, at least, for the results that are there."""
        return max(self._others, default=len(self._first) - 1) + 1

    def has(self, line: Line) -> bool:
        """Whether there is a result of this input. Raises UsageError where it is one of another input."""
        digest = self._digest(line.index)
        if digest is not None and digest != int(line.digest, 16):
            raise UsageError(
                f"{self._path} has results of other inputs: line {line.number} was another one: "
                "write to another file"
            )
        return digest is not None

    def write(self, data: dict[str, Any]) -> None:
        """Write a result."""
        self._put(written(data))
        if time.monotonic() - self._synced >= _EVERY:
            self._sync()

    def close(self) -> None:
        """All that was written is on the disk."""
        try:
            self._sync()
        finally:
            os.close(self._file)

    def _put(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._file, data) :]

    def _sync(self) -> None:
        if self._regular:
            os.fsync(self._file)
        self._synced = time.monotonic()


class Stream:
    """Writes results where there is nothing to go on with. write: to what."""

    def __init__(self, write: Callable[[bytes], Any], header: Mapping[str, Any]) -> None:
        self._write, self.failed, self.end = write, Counter[str](), 0
        write(written(dict(header)))

    def has(self, line: Line) -> bool:
        """There are no results."""
        return False

    def write(self, data: dict[str, Any]) -> None:
        """Write a result."""
        self._write(written(data))

    def close(self) -> None:
        """There is nothing to do."""


def _is_head(text: bytes) -> bool:
    """Whether it is the first line of an output, of whatever jobs."""
    return text.endswith(b"\n") and (_read(text) or {}).get("tblvm") == "map"


def _read(text: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
