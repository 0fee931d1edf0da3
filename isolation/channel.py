"""Workers: guests in processes of their own, as their host sees them."""

from __future__ import annotations

import fcntl
import mmap
import os
import re
import select
import signal
import socket
import struct
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from ..core.once import once
from ..embed.errors import IsolationError
from . import mail
from .walls import Found

# A worker is there within milliseconds; on a machine that is very busy it may take longer.
START = 30.0
# How long one that has hung up may take to be gone, before it is ended.
_LEAVE = 2.0
# What no worker says that keeps to the protocol: one that does is waited for.
_NOTHING = 0xFF
# Microseconds between two looks at the clock, where there is a limit.
_LOOK = 200_000
# Descriptors of a worker (c/worker/worker.c); where ours are is out of their way.
_GATE, _ARENA, _LIFELINE, FIRST_DIRECTORY, _FREE = 3, 4, 5, 6, 16
# Directories that a worker can have.
DIRECTORIES = 64


class Gone(Exception):
    """The guest has ended. status: as waitpid gives it, None where nobody knows it. why: the error, where the
    channel knows more."""

    def __init__(self, status: int | None, why: Exception | None = None) -> None:
        super().__init__(f"the guest has ended: {why or status}")
        self.status, self.why = status, why


class Channel(Protocol):
    """A guest as its host reaches it.

    level: how it is kept apart; walls: what is in force, by name, each in a few words; parkings: how often
    its protection keys were given to another one. base: where its arena is here, as a pointer of cffi;
    address: where the arena is for the guest; size: its bytes. away: whether the guest has control.
    """

    level: str
    walls: Mapping[str, str]
    base: Any
    address: int
    size: int

    @property
    def parkings(self) -> int: ...

    @property
    def away(self) -> bool: ...

    def switch(self, seconds: float | None = None) -> None:
        """Hands control over to the guest, and comes back when it hands it over. seconds: how long it may
        take. Raises Gone when it has ended instead, TimeoutError when it does not come back."""

    def await_(self, seconds: float | None = None) -> bool:
        """Waits for control once more, where switch was left by an exception: whether it came. Raises
        Gone."""

    def lend(self, address: int, size: int) -> None:
        """Native code of plug-ins in the guest may write this part of the arena: its linear memory. Raises
        ValueError for what is not in the arena."""

    def kill(self) -> None:
        """Ends the guest, also from another thread, and also if it was told before."""

    def close(self) -> None:
        """Gives back what the guest has; nobody looks at the arena any more."""

    def peak(self) -> int | None:
        """Bytes of memory that the guest has had at most; None where nobody knows."""


class Worker:
    """A process that runs a guest. image: what `started_from` gives; size: bytes of the arena; directories:
    those that it has, each as a descriptor and whether it is for reading alone.

    Raises IsolationError where it does not start.
    """

    level = "process"
    walls: Mapping[str, str]
    address = mail.WORKER_ADDRESS
    parkings = 0

    def __init__(self, image: int, size: int, directories: Sequence[tuple[int, bool]] = ()) -> None:
        self.size = size
        if len(directories) > DIRECTORIES:
            raise IsolationError(f"a program behind walls can have {DIRECTORIES} directories, no more")
        self._owner, self.pid, self._process = os.getpid(), 0, -1
        # Whether it has control, and what it said with it: anything but this.
        self.away, self._heard = True, bytearray((_NOTHING,))
        self._ending = threading.Lock()
        try:
            self._memory = _Arena(size)
            self.base = self._memory.at
            self._start(image, directories)
        except OSError as error:
            raise IsolationError(
                f"a worker process cannot be started: {error.strerror or error}: close some sandboxes, or "
                "raise the limits of this process"
            ) from None

    def _start(self, image: int, directories: Sequence[tuple[int, bool]]) -> None:
        try:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except OSError:
            os.close(self._memory.descriptor)
            raise
        moved: list[int] = []
        line = -1
        try:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 0, _LOOK))
            line = _lifeline()
            free = _FREE + len(directories)
            given = [descriptor for descriptor, _ in directories]
            for descriptor in (theirs.fileno(), self._memory.descriptor, line, *given, image):
                moved.append(fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, free))
            numbers = (_GATE, _ARENA, _LIFELINE, *range(FIRST_DIRECTORY, FIRST_DIRECTORY + len(directories)))
            self.pid = os.posix_spawn(
                f"/proc/self/fd/{moved[-1]}",
                ["tblvm-worker", "".join("wr"[read_only] for _, read_only in directories)],
                {},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, descriptor, number)
                    for descriptor, number in zip(moved[:-1], numbers, strict=True)
                ],
                setsid=True,  # Ctrl-C is for the host
                setsigmask=(),
                setsigdef=signal.valid_signals(),
            )
            try:
                self._process = os.pidfd_open(self.pid)
            except OSError:
                # Nobody has waited for it yet, so the number is still its own.
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            for descriptor in (*moved, line, self._memory.descriptor):
                if descriptor >= 0:
                    os.close(descriptor)
        self._gate = ours
        _alive.add(self)
        try:
            if not self.await_(START):
                raise IsolationError(f"a worker process did not start within {START:.0f} seconds")
        except Gone as gone:
            found = self._found()
            told = _ending(gone.status) if found.up or not found.step else f"its walls: {found.failure()}"
            self.close()
            raise IsolationError(f"a worker process ended while it started ({told})") from None
        except BaseException:
            self.kill()
            self.close()
            raise
        found = self._found()
        if not found.up:
            self.kill()
            self.close()
            raise IsolationError(f"a worker process has no walls ({found.failure()})")
        self.walls = {
            "process": f"number {self.pid}, without environment, in a session of its own",
            "arena": f"{self.size:,} bytes, all that it shares with this process",
            **found.in_force(),
        }

    def _found(self) -> Found:
        return Found.read(bytes(mail.ffi().buffer(mail.mail_at(self.base).text, Found.BYTES)))

    def switch(self, seconds: float | None = None) -> None:
        self._check()
        self._heard[0] = _NOTHING
        self.away = True  # no handler of a signal runs between this and the call
        try:
            self._gate.send(b"g")
        except (ConnectionError, BrokenPipeError):
            raise Gone(self._reap()) from None
        if not self.await_(seconds):
            raise TimeoutError

    def await_(self, seconds: float | None = None) -> bool:
        end = None if seconds is None else now() + seconds
        # What was heard is in the buffer, also where the handler of a signal raised just then.
        while self.away and self._heard[0] == _NOTHING:
            try:
                count = self._gate.recv_into(self._heard)
            except BlockingIOError:  # a look at the clock
                if end is not None and now() >= end:
                    return False
                continue
            except ConnectionError:
                count = 0
            if not count:
                raise Gone(self._reap())
            break
        self.away = False
        return True

    def lend(self, address: int, size: int) -> None:
        """In a process of its own nothing separates them."""

    def kill(self) -> None:
        with self._ending, suppress(ProcessLookupError):
            if self._process >= 0 and self._owner == os.getpid():
                signal.pidfd_send_signal(self._process, signal.SIGKILL)

    def close(self) -> None:
        _alive.discard(self)
        self._gate.close()
        if self._owner == os.getpid():
            self._reap()
            # What is in the arena goes now; its addresses go with the last pointer.
            self._memory.empty()

    def peak(self) -> int | None:
        if not self.pid:
            return None
        with suppress(OSError):
            found = re.search(r"^VmHWM:\s*(\d+) kB", Path(f"/proc/{self.pid}/status").read_text(), re.M)
            return int(found[1]) << 10 if found else None
        return None

    def leave(self) -> None:
        """In a process that was forked: the guest is its parent's."""
        self._ending = threading.Lock()
        self._gate.close()
        if self._process >= 0:
            os.close(self._process)
        self._process, self.pid = -1, 0

    def _check(self) -> None:
        if self._owner != os.getpid():
            raise IsolationError(
                "this sandbox belongs to the process that was forked: load the program again here"
            )

    def _reap(self) -> int | None:
        """The end of the process."""
        if self._process < 0:
            return None
        poll, ending = select.poll(), None
        poll.register(self._process, select.POLLIN)
        if not poll.poll(_LEAVE * 1000):
            self.kill()
        # The number of the process would be somebody else's where somebody else has waited for it.
        with suppress(ChildProcessError):
            ending = os.waitid(os.P_PIDFD, self._process, os.WEXITED)
        with self._ending:
            os.close(self._process)
            self._process, self.pid = -1, 0
        if ending is None:
            return None
        # As waitpid tells it: CLD_EXITED is 1, all others are signals.
        return ending.si_status << 8 if ending.si_code == 1 else ending.si_status


def started_from(executable: bytes) -> int:
    """A descriptor of a file with *executable*, which has no name and which nobody can write, out of the
    way of a worker's own."""
    made = os.memfd_create("tblvm worker", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(made, "wb", closefd=False) as file:
            file.write(executable)
        # Also not by a worker that has got out of its walls, for the next one.
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(made, fcntl.F_ADD_SEALS, seals)
        reading = os.open(f"/proc/self/fd/{made}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(made)
    try:
        return fcntl.fcntl(reading, fcntl.F_DUPFD_CLOEXEC, _FREE)
    finally:
        os.close(reading)


class _Arena:
    """Memory that a worker shares with its host, and that neither of them can make shorter; there as long as
    this. Python's own mmap would keep a descriptor for each.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.descriptor = os.memfd_create("tblvm arena", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(self.descriptor, size)
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
            fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, seals)
            protection, shared = mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED
            at = _system().mmap(mail.ffi().NULL, size, protection, shared, self.descriptor, 0)
            if at == mail.ffi().cast("void *", -1):
                raise OSError(mail.ffi().errno, os.strerror(mail.ffi().errno))
        except BaseException:
            os.close(self.descriptor)
            raise
        # Looked up now: at the interpreter's end cffi can no longer make what it first needs then.
        unmap = _system().munmap
        self.at = mail.ffi().gc(mail.ffi().cast("char *", at), lambda at: unmap(at, size), size)

    def empty(self) -> None:
        """Gives back what is in it."""
        _system().madvise(self.at, self.size, mmap.MADV_REMOVE)


@once
def _system() -> Any:
    return mail.ffi().dlopen(None)


def _ending(status: int | None) -> str:
    if status is None:
        return "nobody knows why"
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}"
    return f"exit status {os.WEXITSTATUS(status)}"


_alive: weakref.WeakSet[Worker] = weakref.WeakSet()
_held: list[int] = []  # both ends of the pipe of which every worker has one


def _lifeline() -> int:
    """A descriptor of the end for one worker: a file of its own, for signals have one owner a file."""
    if not _held:
        _held.extend(os.pipe2(os.O_CLOEXEC))
    return os.open(f"/proc/self/fd/{_held[0]}", os.O_RDONLY | os.O_CLOEXEC)


def _forked() -> None:
    """A child has none of its parent's workers, and does not keep them alive."""
    for each in list(_alive):
        each.leave()
    _alive.clear()
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_forked)

# Time as limits of waiting are counted; tests have a clock of their own.
now = time.monotonic
