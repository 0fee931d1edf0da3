"""What programs find outside: files in memory, for those that emscripten or WASI made."""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable
from typing import Any

from .machines import Machine

# Numbers of errors are the same in WASI and emscripten.
_BAD_FILE, _EXISTS, _INVALID, _NO_ENTRY, _NO_SYSTEM_CALL = 8, 20, 28, 44, 52
_CREATE, _EXCLUSIVE, _TRUNCATE = 0o100, 0o200, 0o1000
_REGULAR, _FOLDER, _CHARACTERS = 0o100644, 0o040755, 0o020666
# It is always this time, in seconds: what a program says is to be the same each time.
NOW = 1_700_000_000


class Ended(Exception):
    """The program ended itself. status: as it says."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Open:
    def __init__(self, name: str, at: int = 0) -> None:
        self.name, self.at = name, at


class Host:
    """Files by absolute name, descriptors 0 to 2 as streams, random numbers that are always the same.

    machine: the program, set once it is loaded.
    """

    machine: Machine

    def __init__(self, seed: int, stdin: bytes = b"", arguments: tuple[bytes, ...] = ()) -> None:
        self.files: dict[str, bytearray] = {}
        self.written = {1: bytearray(), 2: bytearray()}
        self.arguments = arguments
        self.environment = (b"LANG=C.UTF-8",)
        self._numbers = random.Random(seed)
        self._stdin = stdin
        self._open: dict[int, _Open] = {}

    # -- both -----------------------------------------------------------------------------------------------

    def _vectors(self, at: int, count: int) -> list[tuple[int, int]]:
        found = struct.unpack(f"<{2 * count}I", self.machine.read(at, 8 * count))
        return list(zip(found[::2], found[1::2], strict=True))

    def fd_write(self, fd: int, vectors: int, count: int, done: int) -> int:
        total = 0
        for at, size in self._vectors(vectors, count):
            data = self.machine.read(at, size)
            if fd in self.written:
                self.written[fd] += data
            elif fd in self._open:
                self._put(self._open[fd], data)
            else:
                return _BAD_FILE
            total += size
        self.machine.put(done, "I", total)
        return 0

    def _put(self, file: _Open, data: bytes) -> None:
        content = self.files[file.name]
        content += bytes(max(0, file.at - len(content)))
        content[file.at : file.at + len(data)] = data
        file.at += len(data)

    def fd_read(self, fd: int, vectors: int, count: int, done: int) -> int:
        total = 0
        for at, size in self._vectors(vectors, count):
            data = self._taken(fd, size)
            if data is None:
                return _BAD_FILE
            self.machine.write(at, data)
            total += len(data)
            if len(data) < size:
                break
        self.machine.put(done, "I", total)
        return 0

    def _taken(self, fd: int, size: int) -> bytes | None:
        if fd == 0:
            data, self._stdin = self._stdin[:size], self._stdin[size:]
            return data
        file = self._open.get(fd)
        if file is None:
            return None
        if file.name == "/dev/urandom":
            return self._numbers.randbytes(size)
        data = bytes(self.files[file.name][file.at : file.at + size])
        file.at += len(data)
        return data

    def fd_seek(self, fd: int, offset: int, whence: int, answer: int) -> int:
        file = self._open.get(fd)
        if file is None:
            return _BAD_FILE
        file.at = (0, file.at, len(self.files.get(file.name, b"")))[whence] + offset
        self.machine.put(answer, "Q", file.at)
        return 0

    def fd_close(self, fd: int) -> int:
        return 0 if self._open.pop(fd, None) else _BAD_FILE

    def fd_sync(self, fd: int) -> int:
        return 0

    def fd_fdstat_get(self, fd: int, at: int) -> int:
        if fd not in (0, 1, 2):
            return _BAD_FILE
        self.machine.put(at, "BxHxxxxQQ", 2, 0, 0, 0)
        return 0

    def proc_exit(self, status: int) -> None:
        raise Ended(status)

    def random_get(self, at: int, size: int) -> int:
        self.machine.write(at, self._numbers.randbytes(size))
        return 0

    def clock_time_get(self, clock: int, precision: int, at: int) -> int:
        self.machine.put(at, "Q", NOW * 10**9)
        return 0

    def _texts(self, texts: tuple[bytes, ...], pointers: int, at: int) -> int:
        for number, text in enumerate(texts):
            self.machine.put(pointers + 4 * number, "I", at)
            self.machine.write(at, text + b"\0")
            at += len(text) + 1
        return 0

    def _sizes(self, texts: tuple[bytes, ...], count: int, size: int) -> int:
        self.machine.put(count, "I", len(texts))
        self.machine.put(size, "I", sum(len(text) + 1 for text in texts))
        return 0

    def args_get(self, pointers: int, at: int) -> int:
        return self._texts(self.arguments, pointers, at)

    def args_sizes_get(self, count: int, size: int) -> int:
        return self._sizes(self.arguments, count, size)

    def environ_get(self, pointers: int, at: int) -> int:
        return self._texts(self.environment, pointers, at)

    def environ_sizes_get(self, count: int, size: int) -> int:
        return self._sizes(self.environment, count, size)

    def fd_prestat_get(self, fd: int, at: int) -> int:
        return _BAD_FILE

    def fd_prestat_dir_name(self, fd: int, at: int, size: int) -> int:
        return _BAD_FILE

    # -- emscripten ------------------------------------------------------------------------------------------

    def _name(self, at: int) -> str:
        text = self.machine.string(at).decode()
        return text if text.startswith("/") else "/" + text

    def openat(self, folder: int, path: int, flags: int, more: int) -> int:
        name = self._name(path)
        if name != "/dev/urandom":
            if name not in self.files:
                if not flags & _CREATE:
                    return -_NO_ENTRY
                self.files[name] = bytearray()
            elif flags & _EXCLUSIVE and flags & _CREATE:
                return -_EXISTS
            if flags & _TRUNCATE:
                self.files[name].clear()
        fd = next(number for number in range(3, 1000) if number not in self._open)
        self._open[fd] = _Open(name)
        return fd

    def _stat(self, name: str, at: int) -> int:
        if name == "/":
            mode, size = _FOLDER, 0
        elif name == "/dev/urandom":
            mode, size = _CHARACTERS, 0
        elif name in self.files:
            mode, size = _REGULAR, len(self.files[name])
        else:
            return -_NO_ENTRY
        self.machine.put(at, "6IQii", 1, mode, 1, 0, 0, 0, size, 4096, size // 512)
        number = 1 + sorted({*self.files, name}).index(name)
        self.machine.put(at + 40, "QIxxxxQIxxxxQIxxxxQ", NOW, 0, NOW, 0, NOW, 0, number)
        return 0

    def stat64(self, path: int, at: int) -> int:
        return self._stat(self._name(path), at)

    def newfstatat(self, folder: int, path: int, at: int, flags: int) -> int:
        return self._stat(self._name(path), at)

    def fstat64(self, fd: int, at: int) -> int:
        return self._stat(self._open[fd].name, at) if fd in self._open else -_BAD_FILE

    def ftruncate64(self, fd: int, size: int) -> int:
        content = self.files[self._open[fd].name]
        content[size:] = bytes(max(0, size - len(content)))
        return 0

    def faccessat(self, folder: int, path: int, mode: int, flags: int) -> int:
        return 0 if self._name(path) in {*self.files, "/", "/dev/urandom"} else -_NO_ENTRY

    def unlinkat(self, folder: int, path: int, flags: int) -> int:
        return 0 if self.files.pop(self._name(path), None) is not None else -_NO_ENTRY

    def fcntl64(self, fd: int, command: int, more: int) -> int:
        return 0  # locks are free

    def getcwd(self, at: int, size: int) -> int:
        self.machine.write(at, b"/\0")
        return 2

    def readlinkat(self, folder: int, path: int, at: int, size: int) -> int:
        return -_INVALID

    def localtime(self, seconds: int, at: int) -> int:
        """The time at zero, wherever we are."""
        now = time.gmtime(seconds)
        parts = (now.tm_sec, now.tm_min, now.tm_hour, now.tm_mday, now.tm_mon - 1, now.tm_year - 1900)
        self.machine.put(at, "10i", *parts, (now.tm_wday + 1) % 7, now.tm_yday - 1, 0, 0)
        return 0

    def tzset(self, zone: int, summer: int, name: int, other: int) -> None:
        self.machine.put(zone, "i", 0)
        self.machine.put(summer, "i", 0)
        for at in (name, other):
            self.machine.write(at, b"UTC\0")

    def now(self) -> float:
        """Milliseconds."""
        return NOW * 1000.0

    def assert_fail(self, condition: int, file: int, line: int, function: int) -> None:
        raise AssertionError(self.machine.string(condition), self.machine.string(file), line)

    def abort(self) -> None:
        raise AssertionError("the program gave up")


def fixed(answer: Any) -> Callable[..., Any]:
    """A function that always gives the same."""
    return lambda *arguments: answer
