"""A runtime behind a wall, with the functions of tblvm.h: for `embed`, it is a library like others.

Each instance has a guest of its own.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from ..embed.errors import InstanceBusy
from ..embed.library import BUSY, MISUSED, OK, TOO_LARGE, TRAPPED, ffi
from .channel import FIRST_DIRECTORY, Channel
from .guest import Guest, Late
from .store import Store
from .values import Values, signed, status_of

# What a guest has beside what limits name: its tables, its store, its native stack.
_OVERHEAD = 48 << 20
# Bytes that one of each limit takes, and limits that every runtime has.
_BYTES = {b"heap": 1, b"linear": 1, b"load.memory": 1, b"registers": 1, b"stack": 16, b"tables": 32}
_LIMITS = {
    b"heap": 16 << 20,
    b"linear": 256 << 20,
    b"load.memory": 64 << 20,
    b"stack": 1 << 16,
    b"tables": 1 << 20,
}
# Types as tblvm_signature spells them (embed/values.py); bytes of those of 256 arguments and results.
_TYPES = re.compile(rb"(\[*[bBhHilfdscoaF])*>(\[*[bBhHilfdscoaF])*")
_SIGNATURE = 1 << 13


class Library(Values):
    """A runtime whose instances are guests. launch: makes a channel with an arena of so many bytes; where
    there are directories, it is given them too, each as a descriptor and whether it is for reading alone.
    limits: those that it has where nobody says others, by name.

    Functions that are not here are not to be had behind walls.
    """

    def __init__(
        self, level: str, launch: Callable[..., Channel], limits: Mapping[bytes, int] | None = None
    ) -> None:
        self.level, self._launch, self._limits = level, launch, {**_LIMITS, **(limits or {})}
        self._numbers = itertools.count(4096, 16)
        self._stores: dict[int, Store] = {}
        self._guests: dict[int, Guest] = {}

    def guest(self, context: Any) -> Guest:
        """The guest of a context."""
        return self._guests[_number(context)]

    # -- stores -------------------------------------------------------------------------------------------

    def tblvm_store_new(self) -> Any:
        number = next(self._numbers)
        self._stores[number] = Store()
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
        channel = self._launch(
            _arena_size({**self._limits, **known.limits}, size), *([given] if given else [])
        )
        guest = Guest(next(self._numbers), channel, known, size)
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
        return status_of(guest.call("MAKE", guest.room(module), len(module)))

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
        return guest.take() or status_of(guest.call("ARGUMENTS", guest.room(data), count))

    # -- functions ----------------------------------------------------------------------------------------

    def _run(self, guest: Guest, what: str, *words: int) -> int:
        """A status; a guest that was ended because it did not stop was stopped."""
        refused = guest.take()
        if refused:
            return refused
        guest.counters.calls += 1
        try:
            return status_of(guest.call(what, *words))
        except Late:
            return TRAPPED
        except InstanceBusy:
            return BUSY

    def tblvm_function(self, context: Any, name: bytes) -> int:
        guest = self.guest(context)
        number = signed(guest.call("FUNCTION", guest.pass_(name)[0]))
        if number >> 32 not in (0, -1):
            raise guest.lies("the number of no function")
        return number

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
            status[0] = signed(int(guest.mail.words[0]) & 0xFFFFFFFF, 32)
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


def _place(callback: Any) -> Any:
    """Where a callback is: as in C, whoever gave it keeps it. Held here, it would keep its store for ever."""
    return ffi().cast(ffi().typeof(callback), callback)


def _number(pointer: Any) -> int:
    return int(ffi().cast("uintptr_t", pointer))


def _arena_size(limits: Mapping[bytes, int], module: int) -> int:
    """Bytes that a guest with these limits can use."""
    size = _OVERHEAD + 2 * module
    size += sum(limits.get(name, 0) * each for name, each in _BYTES.items())
    return (size + 0xFFFF) & ~0xFFFF
