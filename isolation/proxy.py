"""A runtime behind a wall, with the functions of tblvm.h: for `embed`, it is a library like others.

Each instance has a guest of its own. Nothing that comes from a guest is believed: numbers are read once,
addresses must be in its arena, texts end where the arena ends; a guest that breaks the protocol is ended.
"""

from __future__ import annotations

import errno
import itertools
import os
import re
import select
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..core.printable import printable
from ..embed import part
from ..embed.deadlines import CLOCK, Deadline
from ..embed.errors import Blocked, Crashed, InstanceBusy, InstanceClosed, SandboxError, Violation
from ..embed.library import BUSY, CLOSED, MISUSED, OK, TOO_LARGE, TRAPPED, ffi
from . import mail
from .channel import FIRST_DIRECTORY, Channel, Gone
from .walls import Died, call_name

# How long a guest that was told to stop may go on, before it is ended.
GRACE = 0.5
# What a guest has beside what limits name: its tables, its store, its native stack.
_OVERHEAD = 48 << 20
_SLICE = 0.02
# Bytes that a text of a guest can have here, which is for people, and that are read or written at a time.
_TEXT = 1 << 12
_PIECE = 1 << 20
# Types as tblvm_signature spells them (embed/values.py); bytes of those of 256 arguments and results.
_TYPES = re.compile(rb"(\[*[bBhHilfdscoaF])*>(\[*[bBhHilfdscoaF])*")
_SIGNATURE = 1 << 13
# Seconds in which a guest answers what runs nothing of its program; and those of what takes longer.
ANSWER = 10.0
_BOUNDED: dict[str, float | None] = {"CALL": None, "RUN": None, "BEGIN": None, "MAKE": 60.0}


@dataclass(slots=True)
class Counters:
    """What a guest has done: switches (times that control went to it), calls, host calls, seconds in it and
    in its host's functions, bytes that it wrote."""

    switches: int = 0
    calls: int = 0
    host_calls: int = 0
    seconds: float = 0.0
    host_seconds: float = 0.0
    written: int = 0


@dataclass(slots=True)
class _Store:
    limits: dict[bytes, int] = field(default_factory=dict)
    variables: list[bytes] = field(default_factory=list)
    definitions: list[tuple[bytes, bytes, bytes, Any, Any]] = field(default_factory=list)
    directories: list[tuple[int, bytes, bool]] = field(default_factory=list)
    console: tuple[Any, Any, Any] = (None, None, None)
    errors: tuple[Any, Any] = (None, None)
    error: Any = None


@dataclass(frozen=True, slots=True)
class _Trap:
    name: Any
    message: Any
    status: int


class Guest:
    """One guest, and its host's side of the mail."""

    def __init__(self, number: int, channel: Channel, store: _Store) -> None:
        self.number, self.channel, self.store = number, channel, store
        self.context = ffi().cast("tblvm_context *", number)
        self.mail = mail.mail_at(channel.base)
        self.definitions = list(store.definitions)
        self.counters = Counters()
        self.closed = False
        self.module = 0  # bytes of its program
        self.heap = store.limits.get(b"heap", channel.size)
        # Why it has ended, as text: an error that was raised has its traceback, and with it the instance.
        self.ended = ""
        self.stopped = False  # ended because it did not stop when it was told to
        self._flag = 0
        self._slots = 0
        self._room = (0, 0)
        self._lock = threading.Lock()
        self._owner = 0
        self._depth = 0
        self._in_host = False
        self._running = False
        self._interrupted = False
        self._grace: Deadline | None = None
        self._helper: _Helper | None = None
        self.limited = False  # whether calls have a deadline: then host functions get a thread
        self.kept: list[Any] = []

    # -- memory -------------------------------------------------------------------------------------------

    def pointer(self, address: int, size: int) -> Any:
        """Where the guest's *address* is here, with *size* bytes; any outside of the arena ends the guest."""
        offset = address - self.channel.address
        if not (0 <= offset <= self.channel.size and 0 <= size <= self.channel.size - offset):
            raise self.lies("an address outside of its memory")
        return ffi().cast("char *", self.channel.base) + offset

    def data(self, address: int, size: int) -> bytes:
        """A copy of memory of the guest."""
        return bytes(ffi().buffer(self.pointer(address, size), size))

    def value(self, address: int, size: int) -> Any:
        """As pointer, for a string or an array: none is larger than the heap."""
        if size > self.heap:
            raise self.lies("a value larger than its heap")
        return self.pointer(address, size)

    def text(self, word: int, most: int = _TEXT) -> Any:
        """The text that two words of the mail tell, as a string of C; *most* bytes of it."""
        address, size = int(self.mail.words[word]), int(self.mail.words[word + 1])
        return ffi().new("char[]", self.data(address, min(size, most)).split(b"\0", 1)[0])

    def said(self, word: int) -> Any:
        """The same, for people: nothing in it controls a terminal."""
        text = ffi().string(self.text(word)).decode("utf-8", "replace")
        return ffi().new("char[]", printable(text))

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
        return OK if not self._owner or self.nested() else BUSY

    def call(self, what: str, *words: int) -> int:
        """Calls in the guest: its result. Raises SandboxError when the guest ends, InstanceClosed when it has
        ended before, InstanceBusy when another thread has it."""
        me = threading.get_ident()
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
        counters, bound = self.counters, _BOUNDED.get(what, ANSWER)
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
                answer = self._serve(int(post.what), int(post.words[0]), int(post.words[1]))
                began = time.perf_counter()
                post.result = answer & 0xFFFFFFFFFFFFFFFF
                post.kind = mail.ANSWER
        except Gone as gone:
            raise self._died(gone) from None
        finally:
            counters.seconds += time.perf_counter() - began
            self._depth -= 1
            with self._lock:
                self._owner, self._in_host = outer
                if not self._depth:
                    self._running = self._interrupted = False
                    if self._grace is not None:
                        self._grace.over()
                        self._grace = None

    def _switch(self, seconds: float | None, bound: float | None) -> None:
        try:
            self.channel.switch(seconds)
        except Gone:
            raise
        except TimeoutError:
            self.channel.kill()
            late = Crashed(0, f"it was ended: it did not answer within {bound} seconds")
            raise self._over(late) from None
        except BaseException as error:
            # Ctrl-C, mostly: the guest still has control.
            self._recall(error)
            raise

    def _recall(self, error: BaseException) -> None:
        """Gets control back: the guest is told to stop, and ended if it does not."""
        end, post = time.monotonic() + GRACE, self.mail
        self.interrupt()
        try:
            while self.channel.await_(end - time.monotonic()):
                if post.kind == mail.DONE:
                    return
                post.result, post.kind = -4 & 0xFFFFFFFFFFFFFFFF, mail.ANSWER
                self.channel.switch(max(end - time.monotonic(), 0))
                if post.kind == mail.DONE:
                    return
        except (Gone, TimeoutError):
            pass
        except BaseException:
            self.channel.kill()
        self.channel.kill()
        self._over(Crashed(0, f"it was ended by {type(error).__name__}"))

    def interrupt(self) -> None:
        """Stops what runs: by the flag that the guest polls, and, if that does not help, by ending it."""
        if not self._running or self._interrupted or self.ended:
            return
        self._interrupted = True
        self._nudge(time.monotonic() + GRACE)

    def _nudge(self, end: float) -> None:
        """Sets the flag, until it is seen: a call that only begins clears it."""
        with self._lock:
            if not self._interrupted:
                return
            if time.monotonic() >= end:
                self._end()
                return
            if self._flag:
                ffi().cast("volatile uint32_t *", self.pointer(self._flag, 4))[0] = 1
            self._grace = CLOCK.start(_SLICE, lambda: self._nudge(end))

    def _end(self) -> None:
        self.stopped = True
        self.channel.kill()

    def lies(self, what: str) -> BaseException:
        """The error for a guest that breaks the protocol, which is its end."""
        self.channel.kill()
        return self._over(Crashed(0, f"it was ended: it gave its host {what}"))

    def _over(self, error: BaseException) -> BaseException:
        """It has ended, and this is why."""
        self.ended = str(error)
        return error

    def _died(self, gone: Gone) -> BaseException:
        """The error for a guest that has ended by itself."""
        status = gone.status
        died = Died.read(bytes(mail.ffi().buffer(self.mail.died)))
        if self.stopped:
            return self._over(Late())
        if gone.why is not None:
            return self._over(gone.why)
        if died is not None and died.call is not None:
            return self._over(Blocked(call_name(died.call)))
        if died is not None and died.signal in (signal.SIGSEGV, signal.SIGBUS):
            return self._over(Violation("", died.address, "read or write"))
        if died is not None:
            return self._over(Crashed(died.signal, died.text()))
        if status is not None and os.WIFSIGNALED(status):
            return self._over(Crashed(os.WTERMSIG(status)))
        return self._over(Crashed(0))

    def bound(self) -> None:
        """The guest has an instance: where its flag and its slots are."""
        self._flag = int(self.mail.flag)
        self.pointer(self._flag, 4)
        self._slots = self.call("SLOTS")
        self.pointer(self._slots, 256 * 8)

    @property
    def slots(self) -> Any:
        """Arguments and results."""
        return ffi().cast("uint64_t *", self.pointer(self._slots, 256 * 8))

    def nested(self) -> bool:
        """Whether the calling thread is in a host function of the guest."""
        return self._in_host and self._owner == threading.get_ident()

    # -- services -----------------------------------------------------------------------------------------

    def _serve(self, what: int, first: int, second: int) -> int:
        """What a guest asks for: its answer."""
        # What it has written before it was stopped still arrives.
        if self._interrupted and what not in (mail.FAIL, mail.WRITE, mail.ERROR):
            return 1 if what == mail.HOST else -4
        if what == mail.HOST:
            if first >= len(self.definitions):
                raise self.lies("the number of no host function")
            _, _, _, function, user = self.definitions[first]
            self.counters.host_calls += 1
            return int(self._in_time(lambda: function(self.slots, self.context, user), 1))
        if what == mail.READ:
            at, most = self.pointer(first, second), min(second, _PIECE)
            return int(self._in_time(lambda: self._read(at, most), -4))
        if what in (mail.WRITE, mail.ERROR):
            at, size = self.pointer(first, second), min(second, _PIECE)
            self.counters.written += size
            return int(self._in_time(lambda: self._write(what == mail.ERROR, at, size), -4))
        if what == mail.WAIT:
            return self._wait(first / 1e9, bool(second))
        if what == mail.CLOCK:
            if not self._granted(b"wasi.clock"):
                return 0
            return time.time_ns() if first == 0 else time.monotonic_ns()
        if what == mail.RANDOM:
            if not self._granted(b"wasi.random"):
                return -1
            at, size = self.pointer(first, second), min(second, _PIECE)
            ffi().memmove(at, os.urandom(size), size)
            return size
        if what == mail.LEND:
            self.pointer(first, second)
            try:
                self.channel.lend(first, second)
            except ValueError:
                raise self.lies("memory to lend that is none") from None
            return 0
        if what == mail.FAIL:
            why = self.data(first, min(second, _TEXT)) if second else b""
            self.channel.kill()
            raise self._over(Crashed(0, printable(why.decode("utf-8", "replace")).decode()))
        raise self.lies("a request for what there is not")

    def _granted(self, limit: bytes) -> bool:
        return self.store.limits.get(limit, 0) != 0

    def _read(self, at: Any, most: int) -> int:
        read, _, user = self.store.console
        if read is not None:
            return min(int(read(user, self.context, at, most)), most)
        while not select.select([0], [], [], _SLICE)[0]:
            if self._interrupted:
                return -4
        data = os.read(0, most)
        ffi().memmove(at, data, len(data))
        return len(data)

    def _write(self, errors: bool, at: Any, size: int) -> int:
        write, user = self.store.errors if errors else self.store.console[1:]
        if write is not None:
            return 0 if write(user, self.context, at, size) else size
        try:
            return os.write(2 if errors else 1, bytes(ffi().buffer(at, size)))
        except OSError as error:
            return -(error.errno or errno.EIO)  # the program goes on without, as it would in this process

    def _wait(self, seconds: float, for_input: bool) -> int:
        if for_input and self.store.console[0] is not None:
            return 1
        found = select.select([0] if for_input else [], [], [], min(seconds, _SLICE))[0]
        return 1 if found else 0

    def _in_time(self, function: Callable[[], Any], otherwise: int) -> Any:
        """What a function of the host gives; *otherwise* where the time is up before, and it is not in a call
        of the guest itself, which is stopped."""
        outer, began = self._owner, time.perf_counter()
        helper = None
        if self.limited:
            if self._helper is None or not self._helper.free():
                self._helper = _Helper()
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
            if not (self._interrupted and self._in_host):
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


class Late(SandboxError):
    """A guest did not stop when it was told to, and was ended. What the caller sees is the trap."""

    def __init__(self) -> None:
        super().__init__("it did not stop when it was told to")


class _Helper:
    """A thread in which functions of the host run whose caller has a deadline: nobody waits for ever."""

    def __init__(self) -> None:
        self._wanted = threading.Semaphore(0)
        self._ready = threading.Event()
        self._function: Callable[[], Any] | None = None
        self._result: Any = None
        self._caller = 0
        self._busy = False
        self._thread = threading.Thread(target=self._work, name="tblvm host function", daemon=True)
        self._thread.start()
        self.ident = self._thread.ident or 0

    def free(self) -> bool:
        return not self._busy and self._thread.is_alive()

    def run(self, function: Callable[[], Any], late: Callable[[], bool], otherwise: int) -> Any:
        self._function, self._busy = function, True
        self._caller = part.me()
        self._ready.clear()
        self._wanted.release()
        while not self._ready.wait(_SLICE):
            if late():
                self._wanted.release()  # its last: it ends when the function does
                return otherwise
        return self._result

    def end(self) -> None:
        self._function = None
        self._wanted.release()

    def _work(self) -> None:
        while True:
            self._wanted.acquire()
            function = self._function
            if function is None:
                return
            part.acting.ident = self._caller
            self._function = None
            self._result = function()  # a callback: it keeps what it raises
            self._busy = False
            self._ready.set()


class Library:
    """A runtime whose instances are guests. launch: makes a channel with an arena of so many bytes; where
    there are directories, it is given them too, each as a descriptor and whether it is for reading alone.

    Functions that are not here are not to be had behind walls.
    """

    def __init__(self, level: str, launch: Callable[..., Channel]) -> None:
        self.level, self._launch = level, launch
        self._numbers = itertools.count(4096, 16)
        self._stores: dict[int, _Store] = {}
        self._guests: dict[int, Guest] = {}

    def guest(self, context: Any) -> Guest:
        """The guest of a context."""
        return self._guests[_number(context)]

    # -- stores -------------------------------------------------------------------------------------------

    def tblvm_store_new(self) -> Any:
        number = next(self._numbers)
        self._stores[number] = _Store()
        return ffi().cast("tblvm_store *", number)

    def tblvm_store_free(self, store: Any) -> int:
        known = self._stores.pop(_number(store), None)
        for descriptor, _, _ in known.directories if known else ():
            os.close(descriptor)
        return OK

    def tblvm_store_limit(self, store: Any, name: bytes, value: int) -> int:
        self._stores[_number(store)].limits[name] = int(value)
        return OK

    def tblvm_store_error(self, store: Any) -> Any:
        return self._stores[_number(store)].error or ffi().new("char[]", b"")

    def tblvm_store_console(self, store: Any, read: Any, write: Any, user: Any) -> None:
        self._stores[_number(store)].console = (_place(read), _place(write), user)

    def tblvm_store_errors(self, store: Any, write: Any, user: Any) -> None:
        self._stores[_number(store)].errors = (_place(write), user)

    def tblvm_store_variable(self, store: Any, variable: bytes) -> int:
        self._stores[_number(store)].variables.append(variable)
        return OK

    def tblvm_store_directory(self, store: Any, host: bytes, guest: bytes, read_only: bool) -> int:
        known = self._stores[_number(store)]
        try:
            opened = os.open(host, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            known.error = ffi().new("char[]", b"the directory cannot be opened")
            return MISUSED
        known.directories.append((opened, guest, bool(read_only)))
        return OK

    def tblvm_store_define(
        self, store: Any, module: bytes, name: bytes, types: bytes, function: Any, user: Any
    ) -> int:
        self._stores[_number(store)].definitions.append((module, name, types, _place(function), user))
        return OK

    def tblvm_store_forget(self, store: Any) -> None:
        self._stores[_number(store)].definitions.clear()

    # -- instances ----------------------------------------------------------------------------------------

    def tblvm_make(self, store: Any, module: bytes, size: int, found: Any) -> int:
        known = self._stores[_number(store)]
        found[0] = ffi().NULL
        given = [(descriptor, read_only) for descriptor, _, read_only in known.directories]
        channel = self._launch(_arena_size(known.limits, size), *([given] if given else []))
        guest = Guest(next(self._numbers), channel, known)
        guest.module = size
        try:
            status = self._load(guest, module)
            if status:
                known.error = guest.said(0)
            else:
                guest.bound()
        except BaseException:
            guest.close()
            raise
        if status:
            guest.close()
            return status
        self._guests[guest.number] = guest
        found[0] = guest.context
        return OK

    def _load(self, guest: Guest, module: bytes) -> int:
        for name, value in guest.store.limits.items():
            guest.call("LIMIT", guest.pass_(name)[0], value)  # what it has not got needs no limit
        for each in guest.store.variables:
            if guest.call("VARIABLE", guest.pass_(each)[0]):
                return TOO_LARGE
        for number, (_, name, read_only) in enumerate(guest.store.directories):
            if guest.call("DIRECTORY", guest.pass_(name)[0], FIRST_DIRECTORY + number, read_only):
                return TOO_LARGE
        for number, (space, name, types, _, _) in enumerate(guest.definitions):
            if guest.call("DEFINE", *guest.pass_(space, name, types), number):
                return TOO_LARGE
        return _status(guest.call("MAKE", guest.room(module), len(module)))

    def tblvm_begin(self, context: Any) -> int:
        return self._run(self.guest(context), "BEGIN")

    def tblvm_close(self, context: Any) -> int:
        guest = self.guest(context)
        refused = guest.take()
        if refused == BUSY or guest.nested():
            return BUSY
        guest.close()
        return refused

    def tblvm_free(self, context: Any) -> int:
        if self.tblvm_close(context) == BUSY:
            return BUSY
        del self._guests[_number(context)]
        return OK

    def tblvm_arguments(self, context: Any, words: Any, count: int) -> int:
        guest = self.guest(context)
        data = b"".join(bytes(ffi().string(words[index])) + b"\0" for index in range(count))
        return guest.take() or _status(guest.call("ARGUMENTS", guest.room(data), count))

    # -- functions ----------------------------------------------------------------------------------------

    def _run(self, guest: Guest, what: str, *words: int) -> int:
        """A status; a guest that was ended because it did not stop was stopped."""
        refused = guest.take()
        if refused:
            return refused
        guest.counters.calls += 1
        try:
            return _status(guest.call(what, *words))
        except Late:
            return TRAPPED
        except InstanceBusy:
            return BUSY

    def tblvm_function(self, context: Any, name: bytes) -> int:
        guest = self.guest(context)
        number = _signed(guest.call("FUNCTION", guest.pass_(name)[0]))
        if number >> 32 not in (0, -1):
            raise guest.lies("the number of no function")
        return number

    def tblvm_functions(self, context: Any) -> int:
        guest = self.guest(context)
        return min(guest.call("FUNCTIONS"), guest.module)  # each has a byte at least

    def tblvm_function_name(self, context: Any, number: int) -> Any:
        guest = self.guest(context)
        return guest.text(0, guest.module) if guest.call("FUNCTION_NAME", number) else ffi().NULL

    def tblvm_signature(self, context: Any, number: int) -> Any:
        guest = self.guest(context)
        if not guest.call("SIGNATURE", number):
            return ffi().NULL
        found = guest.text(0, _SIGNATURE)
        # Python is written by it.
        if not _TYPES.fullmatch(ffi().string(found)):
            raise guest.lies("types that there are not")
        return found

    def tblvm_slots(self, context: Any) -> Any:
        return self.guest(context).slots

    def tblvm_call(self, context: Any, number: int) -> int:
        return self._run(self.guest(context), "CALL", number)

    def tblvm_enter(self, bound: Any) -> int:
        return self._run(self.guest(bound.context), "CALL", bound.function)

    def tblvm_run(self, context: Any, status: Any) -> int:
        guest = self.guest(context)
        result = self._run(guest, "RUN")
        if not result:
            status[0] = _signed(int(guest.mail.words[0]) & 0xFFFFFFFF, 32)
        return result

    def tblvm_nested(self, context: Any) -> int:
        return int(self.guest(context).nested())

    def limit_time(self, context: Any) -> None:
        """Calls of this instance have a deadline: functions of the host are not waited for beyond it."""
        self.guest(context).limited = True

    def told(self, context: Any) -> dict[str, Any]:
        """For reports: the walls around an instance, what it has spent, why it has ended if it has."""
        guest = self.guest(context)
        counters, channel = guest.counters, guest.channel
        spent = {
            "output": counters.written,
            "seconds": counters.seconds,
            "host_seconds": counters.host_seconds,
            "calls": counters.calls,
            "host_calls": counters.host_calls,
            "switches": counters.switches,
            "parkings": channel.parkings,
            "peak_memory": channel.peak(),
        }
        return {"walls": channel.walls, "spent": spent, "ended": guest.ended}

    def tblvm_interrupt(self, context: Any) -> None:
        guest = self._guests.get(_number(context))
        if guest is not None:
            guest.interrupt()

    def tblvm_watch_keyboard(self) -> None:
        """Python sees Ctrl-C by itself: it waits in its own calls."""

    # -- strings and arrays -------------------------------------------------------------------------------

    def tblvm_prepare(self, context: Any, number: int) -> int:
        return _status(self.guest(context).call("PREPARE", number))

    def tblvm_put_string(self, context: Any, slot: int, units: bytes, count: int, wide: int) -> int:
        guest = self.guest(context)
        return _status(guest.call("PUT_STRING", slot, guest.room(units), count, wide))

    def tblvm_put_array(self, context: Any, slot: int, elements: Any, count: int) -> int:
        guest = self.guest(context)
        return _status(guest.call("PUT_ARRAY", slot, guest.room(ffi().buffer(elements)), count))

    def tblvm_string(self, context: Any, slot: int, count: Any, wide: Any) -> Any:
        guest = self.guest(context)
        at = guest.call("STRING", slot)
        if not at:
            return ffi().NULL
        units, width = int(guest.mail.words[0]), int(guest.mail.words[1]) & 1
        found = guest.value(at, units << width)
        count[0], wide[0] = units, width
        return found

    def array_of(self, context: Any, slot: int, count: Any, size: int) -> Any:
        """As tblvm_array, for elements of so many bytes: all of them are in the guest's memory."""
        guest = self.guest(context)
        at = guest.call("ARRAY", slot)
        if not at:
            return ffi().NULL
        elements = int(guest.mail.words[0])
        found = guest.value(at, elements * size)
        count[0] = elements
        return found

    # -- what happened, what it has -----------------------------------------------------------------------

    def tblvm_fuel(self, context: Any) -> int:
        return _signed(self.guest(context).call("FUEL"))

    def tblvm_set_fuel(self, context: Any, fuel: int) -> int:
        guest = self.guest(context)
        return guest.take() or _status(guest.call("SET_FUEL", fuel))

    def tblvm_trap(self, context: Any) -> Any:
        guest = self.guest(context)
        if guest.stopped:
            return _Trap(ffi().new("char[]", b"INTERRUPTED"), ffi().new("char[]", b"interrupted"), 134)
        if not guest.call("TRAP"):
            return _Trap(ffi().new("char[]", b""), ffi().new("char[]", b""), 0)
        return _Trap(guest.said(0), guest.said(2), int(guest.mail.words[4]) & 0xFF)

    def tblvm_frame(self, context: Any, depth: int, frame: Any) -> int:
        guest = self.guest(context)
        if guest.stopped or not guest.call("FRAME", depth):
            return 0
        guest.kept = [guest.said(0), guest.said(2)]
        frame.function, frame.file = guest.kept
        frame.line = int(guest.mail.words[4]) & 0xFFFFFFFF
        return 1

    def tblvm_memory(self, context: Any, number: int, size: Any) -> Any:
        guest = self.guest(context)
        at = guest.call("MEMORY", number)
        size[0] = int(guest.mail.words[0]) if at else 0
        if at and not size[0]:
            return ffi().cast("char *", guest.channel.base)  # one without bytes is anywhere
        return guest.pointer(at, size[0]) if at else ffi().NULL

    def tblvm_global(self, context: Any, number: int, value: Any, fixed: Any) -> int:
        guest = self.guest(context)
        letter = guest.call("GLOBAL", number) & 0xFF
        value[0], fixed[0] = int(guest.mail.words[0]), int(guest.mail.words[1]) & 1
        return letter if chr(letter) in "ilfd" else 0

    def tblvm_set_global(self, context: Any, number: int, value: int) -> int:
        guest = self.guest(context)
        return guest.take() or _status(guest.call("SET_GLOBAL", number, value))

    def tblvm_table(self, context: Any, number: int) -> int:
        guest = self.guest(context)
        elements = _signed(guest.call("TABLE", number))
        if not -1 <= elements <= guest.store.limits.get(b"tables", 1 << 20):
            raise guest.lies("a table larger than the limit")
        return elements

    def tblvm_table_get(self, context: Any, number: int, index: int, function: Any) -> int:
        guest = self.guest(context)
        status = guest.take() or _status(guest.call("TABLE_GET", number, index))
        if not status:
            there = guest.mail.words[0] != 0
            function.context = context if there else ffi().NULL
            found = int(guest.mail.words[1]) & 0xFFFFFFFF
            # Numbers in the upper half are of functions that are not exported (embed/instance.py).
            if there and not found >> 31 and found >= self.tblvm_functions(context):
                raise guest.lies("the number of no function")
            function.function = found
        return status

    def tblvm_table_set(self, context: Any, number: int, index: int, function: Any) -> int:
        guest = self.guest(context)
        element = _element(context, function)
        if element is None:
            return MISUSED
        return guest.take() or _status(guest.call("TABLE_SET", number, index, *element))

    def tblvm_table_grow(self, context: Any, number: int, count: int, function: Any, before: Any) -> int:
        guest = self.guest(context)
        element = _element(context, function)
        if element is None:
            return MISUSED
        status = guest.take() or _status(guest.call("TABLE_GROW", number, count, *element))
        before[0] = int(guest.mail.words[0]) & 0xFFFFFFFF
        return status


def _place(callback: Any) -> Any:
    """Where a callback is: as in C, whoever gave it keeps it. Held here, it would keep its store for ever."""
    return ffi().cast(ffi().typeof(callback), callback)


def _element(context: Any, function: Any) -> tuple[int, int] | None:
    """What goes into a table: whether there is a function, and its number; None for one of another guest."""
    if function == ffi().NULL:
        return 0, 0
    return (1, function.function) if function.context == context else None


def _number(pointer: Any) -> int:
    return int(ffi().cast("uintptr_t", pointer))


def _signed(value: int, bits: int = 64) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _status(value: int) -> int:
    """A status of tblvm.h; what a guest makes up is a misuse."""
    return value if 0 <= value < 10 else MISUSED


def _arena_size(limits: dict[bytes, int], module: int) -> int:
    """Bytes that a guest with these limits can use."""
    size = _OVERHEAD + 2 * module
    defaults = {b"heap": 16 << 20, b"linear": 256 << 20, b"load.memory": 64 << 20}
    size += sum(limits.get(name, value) for name, value in defaults.items())
    size += 16 * limits.get(b"stack", 1 << 16) + 32 * limits.get(b"tables", 1 << 20)
    return (size + 0xFFFF) & ~0xFFFF
