"""One guest, and its host's side of the mail.

Nothing that comes from a guest is believed: numbers are read once, addresses must be in its arena, texts end
where the arena ends; a guest that breaks the protocol is ended.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from ..embed.deadlines import CLOCK, Deadline
from ..embed.errors import Blocked, Crashed, InstanceBusy, InstanceClosed, SandboxError, Violation
from ..embed.library import BUSY, CLOSED, OK, ffi
from . import mail
from .arena import SLOTS
from .channel import Channel, Gone
from .helper import Helper
from .services import Services
from .store import Store
from .walls import Died, call_name

# How long a guest that was told to stop may go on, before it is ended.
GRACE = 0.5
# Seconds between two times that it is told.
_LOOK = 0.02
# Seconds in which a guest answers what runs nothing of its program; and those of what takes longer.
ANSWER = 10.0
# Calls in which the program runs, or what it has written still goes out; what is asked for in these alone.
RUNS = frozenset(("CALL", "RUN", "BEGIN", "CLOSE"))
RUNNING = frozenset((mail.HOST, mail.READ, mail.WRITE, mail.ERROR, mail.WAIT))
BOUNDED: dict[str, float | None] = {"CALL": None, "RUN": None, "BEGIN": None, "MAKE": 60.0}


class Late(SandboxError):
    """A guest did not stop when it was told to, and was ended. What the caller sees is the trap."""

    def __init__(self) -> None:
        super().__init__("it did not stop when it was told to")


class Guest(Services):
    """number: what its context is called by; module: bytes of its program."""

    def __init__(self, number: int, channel: Channel, store: Store, module: int) -> None:
        super().__init__(ffi().cast("tblvm_context *", number), channel, store)
        self.number, self.module = number, module
        self.closed = False
        # Why it has ended, as text: an error that was raised has its traceback, and with it the instance.
        self.ended = ""
        self.stopped = False  # ended because it did not stop when it was told to
        self.kept: list[Any] = []
        self._flag = 0
        self._room = (0, 0)
        self._lock = threading.Lock()
        self._owner = 0
        self._depth = 0
        self._in_host = self._running = False
        self._grace: Deadline | None = None
        self._helper: Helper | None = None

    # -- what goes in -------------------------------------------------------------------------------------

    def pass_(self, *texts: bytes) -> list[int]:
        """Puts texts where the guest can read them: their addresses."""
        whole = b"".join(each + b"\0" for each in texts)
        start = self.room(whole)
        lengths = itertools.accumulate((len(each) + 1 for each in texts), initial=0)
        return [start + at for at, _ in zip(lengths, texts, strict=False)]

    def room(self, data: bytes | Any) -> int:
        """Puts data where the guest can read it: its address."""
        size = len(data)
        if size > self._room[1]:
            at = self.call("ROOM", size)
            if not at:
                raise MemoryError("the sandbox has no room for it: set a larger memory limit")
            self.pointer(at, size)
            self._room = (at, size)
        ffi().memmove(self.pointer(self._room[0], size), data, size)
        return self._room[0]

    # -- control ------------------------------------------------------------------------------------------

    def take(self) -> int:
        """Whether the calling thread may have the guest: a status of tblvm.h."""
        if self.closed:
            return CLOSED
        self._mend()
        return OK if not self._owner or self.nested() else BUSY

    def _mend(self) -> None:
        """A handler of signals may raise anywhere, also where a call ends: what is left undone is done."""
        me = threading.get_ident()
        with self._lock:
            if self._owner not in (0, me) or self._in_host or self.ended:
                return
            if not self._owner and not self.channel.away and self.mail.kind in (mail.DONE, mail.CALL):
                return
            if _is_in(Guest.call, self):
                return
            self._owner, self._depth, self._running = me, 0, True
        self._recall(InterruptedError())
        with self._lock:
            self._owner, self._running, self.interrupted = 0, False, False

    def call(self, what: str, *words: int) -> int:
        """Calls in the guest: its result. Raises SandboxError when the guest ends, InstanceClosed when it has
        ended before, InstanceBusy when another thread has it."""
        me = threading.get_ident()
        self._mend()
        with self._lock:
            if self._owner and not (self._in_host and self._owner == me):
                raise InstanceBusy("the instance runs, or is asked something, in another thread")
            if self.closed and what != "CLOSE":
                raise InstanceClosed("the instance was closed: load the program again")
            if self.ended:
                raise InstanceClosed(f"the sandbox has ended ({self.ended}): load the program again")
            outer, self._owner = (self._owner, self._in_host), me
            self._in_host = False
        post = self.mail
        post.what = mail.numbers()[what]
        for index, word in enumerate(words):
            post.words[index] = word & 0xFFFFFFFFFFFFFFFF
        post.kind = mail.CALL
        self._depth += 1
        began, self._running = time.perf_counter(), True
        counters, bound = self.counters, BOUNDED.get(what, ANSWER)
        end = None if bound is None else time.monotonic() + bound
        try:
            while True:
                counters.switches += 1
                # What it asks for in between does not make the time longer.
                self._switch(None if end is None else max(end - time.monotonic(), 0), bound)
                kind = post.kind
                if kind == mail.DONE:
                    return int(post.result)
                if kind != mail.ASK:
                    raise self.lies("mail of no kind")
                counters.seconds += time.perf_counter() - began
                asked = int(post.what)
                if asked in RUNNING and what not in RUNS:
                    raise self.lies("a request where no program runs")
                answer = self.serve(asked, int(post.words[0]), int(post.words[1]))
                began = time.perf_counter()
                post.result = answer & 0xFFFFFFFFFFFFFFFF
                post.kind = mail.ANSWER
        except Gone as gone:
            raise self._died(gone) from None
        except BaseException as error:
            # Ctrl-C, mostly: the guest has control, or waits for an answer.
            if not self.ended:
                self._recall(error)
            raise
        finally:
            counters.seconds += time.perf_counter() - began
            self._depth -= 1
            with self._lock:
                self._owner, self._in_host = outer
                grace = None
                if not self._depth:
                    self._running = self.interrupted = False
                    grace, self._grace = self._grace, None
            # Without the lock: who is about to look at the flag has that deadline, and wants the lock.
            if grace is not None:
                grace.over()

    def _switch(self, seconds: float | None, bound: float | None) -> None:
        try:
            self.channel.switch(seconds)
        except TimeoutError:
            self.channel.kill()
            late = Crashed(0, f"it was ended: it did not answer within {bound} seconds")
            raise self.over(late) from None

    def _recall(self, error: BaseException) -> None:
        """Gets control back: the guest is told to stop, and ended if it does not."""
        end, post = time.monotonic() + GRACE, self.mail
        self.interrupt()
        try:
            # Where control is here, the mail says what for.
            if self.channel.away and not self.channel.await_(end - time.monotonic()):
                raise TimeoutError
            # A call that was never handed over is none.
            while post.kind not in (mail.DONE, mail.CALL):
                if time.monotonic() >= end:
                    raise TimeoutError
                post.result, post.kind = -4 & 0xFFFFFFFFFFFFFFFF, mail.ANSWER
                self.channel.switch(end - time.monotonic())
            return
        except (Gone, TimeoutError):
            pass
        except BaseException:
            self.channel.kill()
        self.channel.kill()
        self.over(Crashed(0, f"it was ended by {type(error).__name__}"))

    def interrupt(self) -> None:
        """Stops what runs: by the flag that the guest polls, and, if that does not help, by ending it."""
        if not self._running or self.interrupted or self.ended:
            return
        self.interrupted = True
        self._nudge(time.monotonic() + GRACE)

    def _nudge(self, end: float) -> None:
        """Sets the flag, until it is seen: a call that only begins clears it."""
        with self._lock:
            if not self.interrupted:
                return
            if time.monotonic() >= end:
                self._end()
                return
            if self._flag:
                ffi().cast("volatile uint32_t *", self.pointer(self._flag, 4))[0] = 1
            self._grace = CLOCK.start(_LOOK, lambda: self._nudge(end))

    def _end(self) -> None:
        self.stopped = True
        self.channel.kill()

    def lies(self, what: str) -> BaseException:
        """The error for a guest that breaks the protocol, which is its end."""
        self.channel.kill()
        return self.over(Crashed(0, f"it was ended: it gave its host {what}"))

    def over(self, error: BaseException) -> BaseException:
        self.ended = str(error)
        return error

    def _died(self, gone: Gone) -> BaseException:
        """The error for a guest that has ended by itself."""
        status = gone.status
        died = Died.read(bytes(mail.ffi().buffer(self.mail.died)))
        if self.stopped:
            return self.over(Late())
        if gone.why is not None:
            return self.over(gone.why)
        if died is not None and died.call is not None:
            return self.over(Blocked(call_name(died.call)))
        if died is not None and died.signal in (signal.SIGSEGV, signal.SIGBUS):
            return self.over(Violation("", died.address, "read or write"))
        if died is not None:
            return self.over(Crashed(died.signal, died.text()))
        if status is not None and os.WIFSIGNALED(status):
            return self.over(Crashed(os.WTERMSIG(status)))
        return self.over(Crashed(0))

    def bound(self) -> None:
        """The guest has an instance: where its flag and its slots are."""
        self._flag = int(self.mail.flag)
        self.pointer(self._flag, 4)
        self._slots = self.call("SLOTS")
        self.pointer(self._slots, SLOTS * 8)

    def nested(self) -> bool:
        """Whether the calling thread is in a host function of the guest."""
        return self._in_host and self._owner == threading.get_ident()

    # -- functions of the host ------------------------------------------------------------------------------

    def in_time(self, function: Callable[[], Any], otherwise: int) -> Any:
        """What a function of the host gives; *otherwise* where the time is up before, and it is not in a call
        of the guest itself, which is stopped."""
        outer, began = self._owner, time.perf_counter()
        helper = None
        if self.limited:
            if self._helper is None or not self._helper.free():
                self._helper = Helper()
            helper = self._helper
        with self._lock:
            self._in_host = True
            if helper is not None:
                self._owner = helper.ident
        try:
            if helper is None:
                return function()
            return helper.run(function, lambda: self._abandon(outer), otherwise)
        finally:
            with self._lock:
                self._in_host, self._owner = False, outer
            self.counters.host_seconds += time.perf_counter() - began

    def _abandon(self, outer: int) -> bool:
        """Whether the function of the host is late; it has no part in the call any more then."""
        with self._lock:
            if not (self.interrupted and self._in_host):
                return False
            self._in_host, self._owner = False, outer
            return True

    def close(self) -> None:
        """Ends the guest, in an orderly way where it still obeys."""
        if self.closed:
            return
        self.closed = True
        if not self.ended:
            guard = CLOCK.start(GRACE, self._end)
            try:
                self.call("CLOSE")
            except SandboxError:
                pass
            finally:
                guard.over()
        self.channel.close()
        if self._helper is not None:
            self._helper.end()


def _is_in(function: Callable[..., Any], of: object) -> bool:
    """Whether the calling thread is in a method of an object."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code is function.__code__ and frame.f_locals.get("self") is of:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
