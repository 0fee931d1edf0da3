"""Workers: guests in processes of their own, as their host sees them."""

from __future__ import annotations

import fcntl
import mmap
import os
import select
import signal
import socket
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

from ..embed.errors import IsolationError, SandboxError
from . import mail
from .walls import Found

# A worker is there within milliseconds; on a machine that is very busy it may take longer.
START = 30.0
# How long one that has hung up may take to be gone, before it is ended.
_LEAVE = 2.0
# Descriptors of a worker (c/worker/worker.c); where ours are is out of their way.
_GATE, _ARENA, _LIFELINE, _FREE = 3, 4, 5, 16


class Gone(Exception):
    """The guest has ended. status: as waitpid gives it, None where nobody knows it. why: the error, where the
    channel knows more."""

    def __init__(self, status: int | None, why: SandboxError | None = None) -> None:
        super().__init__(f"the guest has ended: {why or status}")
        self.status, self.why = status, why


class Channel(Protocol):
    """A guest as its host reaches it.

    level: how it is kept apart; walls: what is in force, each with a few words. base: where its arena is
    here, as a pointer of cffi; address: where the arena is for the guest; size: its bytes.
    """

    level: str
    walls: Mapping[str, str]
    base: Any
    address: int
    size: int

    def switch(self) -> None:
        """Hands control over to the guest, and comes back when it hands it over. Raises Gone when it has
        ended instead."""

    def await_(self, seconds: float) -> bool:
        """Waits for control once more, where switch was left by an exception: whether it came. Raises
        Gone."""

    def kill(self) -> None:
        """Ends the guest, also from another thread, and also if it was told before."""

    def close(self) -> None:
        """Gives back what the guest has; nobody looks at the arena any more."""


class Worker:
    """A process that runs a guest. image: what `started_from` gives; size: bytes of the arena.

    Raises IsolationError where it does not start.
    """

    level = "process"
    walls: Mapping[str, str]
    address = mail.WORKER_ADDRESS

    def __init__(self, image: int, size: int) -> None:
        self.size = size
        self.pid = 0
        self._owner = os.getpid()
        try:
            self._memory = _arena(size)
            self.base = mail.ffi().from_buffer(self._memory[0], require_writable=True)
            self._start(image)
        except OSError as error:
            raise IsolationError(
                f"a worker process cannot be started: {error.strerror or error}: close some sandboxes, or "
                "raise the limits of this process"
            ) from None
        _alive.add(self)

    def _start(self, image: int) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        line, held = os.pipe2(os.O_CLOEXEC)
        moved: list[int] = []
        try:
            for descriptor in (theirs.fileno(), self._memory[1], line):
                moved.append(fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FREE))
            actions = [
                (os.POSIX_SPAWN_DUP2, descriptor, number)
                for descriptor, number in zip(moved, (_GATE, _ARENA, _LIFELINE), strict=True)
            ]
            self.pid = os.posix_spawn(
                f"/proc/self/fd/{image}",
                ["tblvm-worker"],
                {},
                file_actions=actions,
                setsid=True,  # Ctrl-C is for the host
                setsigmask=(),
                setsigdef=signal.valid_signals(),
            )
        except BaseException:
            ours.close()
            os.close(held)
            raise
        finally:
            theirs.close()
            for descriptor in (*moved, line, self._memory[1]):
                os.close(descriptor)
        self._gate, self._held = ours, held
        try:
            if not self.await_(START):
                raise IsolationError(f"a worker process did not start within {START:.0f} seconds")
        except Gone as gone:
            found = self._found()
            told = _ending(gone.status) if found.up or not found.step else f"its walls: {found.failure()}"
            self.close()
            raise IsolationError(f"a worker process ended while it started ({told})") from None
        except BaseException:
            self.close()
            raise
        self.walls = self._found().in_force()

    def _found(self) -> Found:
        return Found.read(bytes(mail.ffi().buffer(mail.mail_at(self.base).text, Found.BYTES)))

    def switch(self) -> None:
        self._check()
        try:
            self._gate.send(b"g")
            heard = self._gate.recv(1)
        except (ConnectionError, BrokenPipeError):
            heard = b""
        if not heard:
            raise Gone(self._reap())

    def await_(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._gate, select.POLLIN)
        if not poll.poll(max(seconds, 0) * 1000):
            return False
        try:
            heard = self._gate.recv(1)
        except ConnectionError:
            heard = b""
        if not heard:
            raise Gone(self._reap())
        return True

    def kill(self) -> None:
        if self.pid and self._owner == os.getpid():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        _alive.discard(self)
        self._hang_up()
        if self._owner == os.getpid():
            self._reap()
            with suppress(OSError):  # what is in the arena goes now; its addresses go with the last pointer
                self._memory[0].madvise(mmap.MADV_REMOVE)

    def _hang_up(self) -> None:
        self._gate.close()
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    def _check(self) -> None:
        if self._owner != os.getpid():
            raise IsolationError(
                "this sandbox belongs to the process that was forked: load the program again here"
            )

    def _reap(self) -> int | None:
        """The end of the process."""
        if not self.pid:
            return None
        pid, status = self.pid, None
        try:
            try:
                watched = os.pidfd_open(pid)
            except OSError:
                watched = -1
            if watched >= 0:
                poll = select.poll()
                poll.register(watched, select.POLLIN)
                ended = poll.poll(_LEAVE * 1000)
                os.close(watched)
                if not ended:
                    self.kill()
            else:
                self.kill()
            status = os.waitpid(pid, 0)[1]
        except ChildProcessError:
            pass  # somebody else has waited for it
        self.pid = 0
        return status


def started_from(executable: bytes) -> int:
    """A descriptor of a file with *executable*, which has no name and which nobody can write, out of the
    way of a worker's own."""
    made = os.memfd_create("tblvm worker", os.MFD_CLOEXEC)
    try:
        with open(made, "wb", closefd=False) as file:
            file.write(executable)
        reading = os.open(f"/proc/self/fd/{made}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(made)
    try:
        return fcntl.fcntl(reading, fcntl.F_DUPFD_CLOEXEC, _FREE)
    finally:
        os.close(reading)


def _arena(size: int) -> tuple[mmap.mmap, int]:
    """Memory that a worker shares with its host, which neither can make shorter; and its descriptor."""
    descriptor = os.memfd_create("tblvm arena", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(descriptor, size)
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        return mmap.mmap(descriptor, size, flags=mmap.MAP_SHARED), descriptor
    except BaseException:
        os.close(descriptor)
        raise


def _ending(status: int | None) -> str:
    if status is None:
        return "nobody knows why"
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}"
    return f"exit status {os.WEXITSTATUS(status)}"


_alive: weakref.WeakSet[Worker] = weakref.WeakSet()


def _forked() -> None:
    """A child has none of its parent's workers, and does not keep them alive."""
    for each in list(_alive):
        each._hang_up()
        each.pid = 0
    _alive.clear()


os.register_at_fork(after_in_child=_forked)

# Time as limits of waiting are counted; tests have a clock of their own.
now = time.monotonic
