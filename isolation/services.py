"""What a guest asks its host for: host functions, console, clock, random bytes, as it was granted them."""

from __future__ import annotations

import errno
import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..core.printable import printable
from ..embed.errors import Crashed
from ..embed.library import ffi
from ..embed.values import NUMBERS, parse
from . import mail
from .arena import SLOTS, TEXT, Arena
from .channel import Channel
from .store import Store

# Seconds between two looks at whether the guest was told to stop.
_LOOK = 0.02
# Bytes that are read or written at a time.
_PIECE = 1 << 20
_LATE_PIECE = 1 << 16


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


class Services(Arena):
    """A guest that asks. context: what its host functions are given; store: what it was granted."""

    def __init__(self, context: Any, channel: Channel, store: Store) -> None:
        super().__init__(channel, store.limits.get(b"heap", channel.size))
        self.context, self.store = context, store
        self.definitions = list(store.definitions)
        self.counters = Counters()
        self.interrupted = False
        self.limited = False  # whether calls have a deadline: then functions of the host get a thread

    def over(self, error: BaseException) -> BaseException:
        """It has ended, and this is why."""
        raise NotImplementedError

    def in_time(self, function: Callable[[], Any], otherwise: int) -> Any:
        """What a function of the host gives; *otherwise* where the time is up before."""
        raise NotImplementedError

    def serve(self, what: int, first: int, second: int) -> int:
        """What it asks for: the answer. Raises SandboxError for what cannot be asked for."""
        # What it has written before it was stopped still arrives.
        if self.interrupted and what not in (mail.FAIL, mail.WRITE, mail.ERROR):
            return 1 if what == mail.HOST else -4
        if what == mail.HOST:
            if first >= len(self.definitions):
                raise self.lies("the number of no host function")
            self.counters.host_calls += 1
            return self._host(first)
        if what == mail.READ:
            self.pointer(first, second)
            return self._input(first, min(second, _PIECE))
        if what in (mail.WRITE, mail.ERROR):
            at, size = self.pointer(first, second), min(second, _PIECE)
            self.counters.written += size
            return int(self.in_time(lambda: self._write(what == mail.ERROR, at, size), -4))
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
            why = self.data(first, min(second, TEXT)) if second else b""
            self.channel.kill()
            raise self.over(Crashed(0, printable(why.decode("utf-8", "replace")).decode()))
        raise self.lies("a request for what there is not")

    def _granted(self, limit: bytes) -> bool:
        return self.store.limits.get(limit, 0) != 0

    def _host(self, number: int) -> int:
        """Calls a host function. Where its time is limited, one that is late must not write into a later
        call: it has slots of its own, from which its results are taken when it is back in time."""
        _, _, types, function, user = self.definitions[number]
        if not self.limited:
            return int(self.in_time(lambda: function(self.slots, self.context, user), 1))
        mine = ffi().new("uint64_t[]", SLOTS)
        ffi().memmove(mine, self.slots, SLOTS * 8)
        status = int(self.in_time(lambda: function(mine, self.context, user), 1))
        if not status:
            theirs = self.slots
            for index, letters in enumerate(parse(types.decode())[1]):
                if letters in NUMBERS:
                    theirs[index] = mine[index]
        return status

    def _input(self, address: int, most: int) -> int:
        """Reads input, likewise: what comes late is nobody's."""
        if not self.limited:
            return int(self.in_time(lambda: self._read(self.pointer(address, most), most), -4))
        most = min(most, _LATE_PIECE)
        mine = ffi().new("char[]", most)
        count = int(self.in_time(lambda: self._read(mine, most), -4))
        if count > 0:
            ffi().memmove(self.pointer(address, count), mine, count)
        return count

    def _read(self, at: Any, most: int) -> int:
        read, _, user = self.store.console
        if read is not None:
            return min(int(read(user, self.context, at, most)), most)
        try:
            while not select.select([0], [], [], _LOOK)[0]:
                if self.interrupted:
                    return -4
            data = os.read(0, most)
        except OSError as error:
            return -(error.errno or errno.EIO)
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
        found = select.select([0] if for_input else [], [], [], min(seconds, _LOOK))[0]
        return 1 if found else 0
