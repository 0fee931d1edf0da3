"""Instances: programs inside this process."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Any, NoReturn

from ..core.errors import UsageError
from ..core.printable import printable
from ..core.quantities import quantity
from .console import Console, Finished
from .deadlines import CLOCK, Deadline
from .errors import (
    LIMIT_REACHED,
    DeadlineExceeded,
    Frame,
    Halted,
    InstanceBusy,
    InstanceClosed,
    OutputExceeded,
    Stopped,
    Trap,
)
from .exports import exported
from .handles import Exports, Function
from .library import BUSY, CLOSED, HALTED, OK, TRAPPED, UNTOLD, address, ffi, text, watch_keyboard
from .memory import Memory
from .names import encoded
from .part import Part, free
from .quota import Quota
from .report import ENDLESS, Report, report
from .values import caller, parse, passes, shown, spelled

if TYPE_CHECKING:
    from ..core.module import Module
    from .store import Store

_FRAMES = 1000
BY_INDEX = 1 << 31  # numbers of calls from here on are not those of exports


class Instance:
    """A program in this process, with memory of its own. Made by `load`. store: what it shares with others;
    name: of its file.

    One thread at a time can use an instance; another one that tries gets InstanceBusy. The lock of Python's
    interpreter is free while the program runs.
    """

    def __init__(
        self, store: Store, part: Part, context: Any, name: str, timeout: float | None, module: Module
    ) -> None:
        self.store, self.name, self._timeout = store, name, timeout
        self._part, self._lib, self._context = part, part.lib, context
        self._running = [False]
        self._deadline: Deadline | None = None
        self._views: list[weakref.ref[Any]] = []
        self._finalizer = weakref.finalize(self, free, part.owned, weakref.ref(part), context)
        # When the interpreter ends a thread may be about to use it, and the system takes everything anyway.
        self._finalizer.atexit = False
        self._functions = _Functions(self)
        self._plain: dict[str, Any] = {}
        self._quota = part.quotas[address(context)] = Quota(context, store._output)
        self._enter = self._enter_watched if self._quota.most is not None else self._lib.tblvm_enter
        self._fuel = ENDLESS if store._limits["fuel"] is None else store._limits["fuel"]
        self._asked = {"heap": module.min_heap, "stack": module.min_stack}
        self._uses = tuple(f"{each.module}.{each.name}" for each in module.imports if each.kind == "function")
        self._callable = exported(module)
        self._exported = {
            each.name: (each.kind, each.index) for each in module.exports if each.kind != "function"
        }

    # -- calls --------------------------------------------------------------------------------------------

    def call(self, name: str, *arguments: Any) -> Any:
        """Call the function that the program exports as *name*: its result, a tuple of several, None for
        none.

        i32 and i64 are int, f32 and f64 are float, strings str or None; arrays are taken as `array`, bytes
        or any sequence of numbers, and come as `array`, those of u8 as bytes.

        Raises Trap where the program is stopped, DeadlineExceeded where its time is up, Halted where it
        ends itself; KeyError for a name that it does not export, TypeError and OverflowError for other
        arguments, InstanceBusy, InstanceClosed.
        """
        if arguments:
            return self._functions[name](*arguments)
        # The shortest way for functions that take and give nothing: what a call costs can be felt.
        try:
            bound = self._plain[name]
        except KeyError:
            bound = self._bind(name)
        if bound is None:
            return self._functions[name]()
        if status := self._enter(bound):
            raise self._failure(status)
        return None

    def function(self, name: str, *, bits: bool = False) -> Callable[..., Any]:
        """The function that the program exports as *name*, to be called as often as one likes. bits: f32 and
        f64 are ints from 0 on, their bits, so that NaNs stay what they are. Raises KeyError, and TypeError
        for one whose types cannot leave the program."""
        return self._caller(name, bits=True) if bits else self._functions[name]

    @property
    def functions(self) -> dict[str, str]:
        """What the program exports: name -> types, as in "(i32, string) -> f64"."""
        self._open()
        found: dict[str, str] = {}
        for number in range(self._lib.tblvm_functions(self._context)):
            name = text(self._lib.tblvm_function_name(self._context, number))
            found.setdefault(name, shown(self._signature(number)))
        return found

    @property
    def exports(self) -> Exports:
        """What the program exports, by name: each a Function, Memory, Table or Global."""
        return Exports(self)

    def run(
        self,
        *,
        stdin: bytes | str | IO[bytes] | IO[str] | None = None,
        stdout: IO[bytes] | IO[str] | None = None,
        args: Sequence[str] | None = None,
    ) -> Finished:
        """Run the program from its entry point.

        stdin: its input: bytes, text or a file; nothing without it. stdout: a file for its output; without
        one the answer has it, up to 16 MiB. args: words that the program finds as its arguments, from now on,
        behind its name; those of `load` where none are given. Raises what `call` raises; a Trap has the
        output up to it.
        """
        self._open()
        if args is not None:
            from .store import words_of

            self._arguments(words_of("args", args))
        console, key = Console(stdin, stdout), address(self._context)
        with self._part.lock:
            self._part.use_consoles()
        watch_keyboard(self._lib)
        if self._running[0]:
            raise self._busy()
        self._running[0] = True
        before, self._part.consoles[key] = self._part.consoles.get(key), console
        try:
            status = ffi().new("int *")
            stop = self._watch() if self.timeout is not None else None
            try:
                done = self._told(self._lib.tblvm_run(self._context, status))
            finally:
                if stop is not None:
                    stop()
            console.end()
            if done:
                failure = self._failure(done)
                if isinstance(failure, Stopped):
                    failure.output = bytes(console.kept)
                raise failure
            return Finished(status[0], bytes(console.kept), console.truncated)
        finally:
            if before is None:
                del self._part.consoles[key]
            else:
                self._part.consoles[key] = before
            self._running[0] = False

    # -- what it has --------------------------------------------------------------------------------------

    @property
    def fuel(self) -> int:
        """Instructions that are left; can be set between calls."""
        self._open()
        return int(self._lib.tblvm_fuel(self._context))

    @fuel.setter
    def fuel(self, value: int) -> None:
        left, before = quantity("fuel", value, "number"), self.fuel
        status = self._lib.tblvm_set_fuel(self._context, left)
        if status:
            raise self._failure(status)
        self._fuel += left - before

    @property
    def output_left(self) -> int | None:
        """Bytes that it may still write; can be set between calls. None where that has no limit."""
        self._open()
        most = self._quota.most
        return None if most is None else most - self._quota.written

    @output_left.setter
    def output_left(self, value: int) -> None:
        self._open()
        if self._quota.most is None:
            raise UsageError("its output has no limit: give one when it is loaded, as output=…")
        self._quota.most = self._quota.written + quantity("output_left", value, "size")

    @property
    def isolation(self) -> str:
        """What keeps it apart: "none", "process" or "mpk"."""
        return self.store.isolation

    @property
    def timeout(self) -> float | None:
        """Seconds of each call, None where they have no end; set when the program is loaded."""
        return self._timeout

    def report(self) -> Report:
        """What holds the program, and what it has spent: for people as text, for others by `json()`."""
        self._open()
        return report(self)

    @property
    def late(self) -> bool:
        """Whether the time of the call that runs, or ran last, is up."""
        return self._deadline is not None and self._deadline.expired

    def memory(self, number: int = 0) -> Memory:
        """Linear memory *number*. Raises KeyError where the program has no such memory."""
        return Memory(self, number)

    def interrupt(self) -> None:
        """Stop what runs in the instance: its call raises Trap INTERRUPTED. For other threads."""
        self._open()
        self._lib.tblvm_interrupt(self._context)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._context is None

    def close(self) -> None:
        """Give its memory back; what uses it later raises InstanceClosed. Raises InstanceBusy while it runs,
        BufferError while there are views of its memory."""
        if self._context is None:
            return
        self._views = [each for each in self._views if each() is not None]
        if self._views:
            raise BufferError("there are views of the instance's memory: release them before it is closed")
        if self._lib.tblvm_close(self._context) == BUSY:
            raise self._busy()
        self._functions.clear()
        self._plain.clear()
        self._context = None

    def __enter__(self) -> Instance:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else "running" if self._running[0] else "open"
        return f"<tblvm.Instance of {printable(self.name).decode()}, {state}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an instance cannot be copied or pickled: load the program where it is to run")

    # -- inside -------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Run the start function, if there is one."""
        watch_keyboard(self._lib)
        stop = self._watch() if self.timeout is not None else None
        try:
            status = self._told(self._lib.tblvm_begin(self._context))
        finally:
            if stop is not None:
                stop()
        if status:
            failure = self._failure(status)
            self.close()
            raise failure

    def _arguments(self, words: Sequence[str]) -> None:
        """What the program finds as its arguments; a library whose programs have no use for them has none."""
        if not hasattr(self._lib, "tblvm_arguments"):
            if words:
                raise UsageError("this program takes no arguments: give it input instead")
            return
        kept = [ffi().new("char[]", os.fsencode(each)) for each in (self.name, *words)]
        status = self._lib.tblvm_arguments(self._context, ffi().new("char *[]", kept), len(kept))
        if status == BUSY:
            raise self._busy()
        if status:
            raise self._failure(status)

    def _open(self) -> None:
        if self._context is None:
            raise InstanceClosed("the instance was closed: load the program again")

    def _signature(self, number: int) -> str:
        return text(self._lib.tblvm_signature(self._context, number))

    def _number(self, name: str) -> int:
        self._open()
        if not isinstance(name, str):
            raise TypeError(f"a function's name is a str, not {type(name).__name__}")
        number = int(self._lib.tblvm_function(self._context, encoded(name)))
        if number < 0:
            known = sorted(self.functions)
            some = ", ".join(known[:20]) + (", …" if len(known) > 20 else "")
            raise KeyError(f"the program exports no function {name}; it exports {some or 'none'}")
        return number

    def _bind(self, name: str) -> Any:
        """What `tblvm_enter` takes for a function that takes and gives nothing, None for others."""
        watch_keyboard(self._lib)
        number = self._number(name)
        bound = None
        if self._signature(number) == ">" and self.timeout is None:
            bound = ffi().new("tblvm_bound *", (self._context, number))
        self._plain[name] = bound
        return bound

    def _caller(self, name: str, *, bits: bool = False) -> Callable[..., Any]:
        watch_keyboard(self._lib)
        return self._caller_of(self._number(name), name, bits=bits)

    def _index(self, number: int) -> int:
        """Which one of the module's functions a number of a call stands for."""
        return number - BY_INDEX if number >= BY_INDEX else self._callable[number][1]

    def _handle(self, number: int) -> Function:
        """The function of this number."""
        index = self._index(number)
        names = (name for name, at in self._callable if at == index)
        return Function(self, number, next(names, f"f{index}"))

    def _caller_of(self, number: int, name: str, *, bits: bool = False) -> Callable[..., Any]:
        signature = self._signature(number)
        for half in parse(signature):
            for each in half:
                if not passes(each):
                    raise TypeError(
                        f"{name} is {shown(signature)}: a value of type {spelled(each)} cannot leave the "
                        "program; numbers, strings and arrays of numbers can"
                    )
        return caller(
            self._lib,
            self._context,
            number,
            name,
            signature,
            enter=self._enter,
            running=self._running,
            busy=self._busy,
            fail=self._failure,
            watch=self._watch if self.timeout is not None else None,
            bits=bits,
        )

    def _enter_watched(self, bound: Any) -> int:
        return self._told(self._lib.tblvm_enter(bound))

    def _told(self, status: int) -> int:
        """The status of a call in C, with what only Python knows of."""
        return UNTOLD if status in (OK, HALTED) and self._part.wrong(self._quota) else status

    def _watch(self) -> Callable[[], None]:
        """Starts the clock of a call; the answer is called when it is over."""
        assert self.timeout is not None
        lib, context = self._lib, self._context
        self._deadline = CLOCK.start(self.timeout, lambda: lib.tblvm_interrupt(context))
        return self._deadline.over

    def _busy(self) -> InstanceBusy:
        return InstanceBusy("the instance runs: in another thread, or it waits for this host function")

    def _failure(self, status: int) -> BaseException:
        """The exception for a status that is not 0."""
        if status == BUSY:
            return self._busy()
        if status == CLOSED:
            return InstanceClosed("the instance was closed: load the program again")
        if status == HALTED:
            return Halted("the program ended itself before it gave results")
        if status not in (TRAPPED, UNTOLD):
            return TypeError("the arguments do not fit the function")
        cause, over = self._part.failure(), self._part.over(self._quota)
        if cause is not None and not isinstance(cause, Exception):
            return cause  # KeyboardInterrupt, SystemExit: nobody asks for the program any more
        if over is None and status == UNTOLD:
            assert cause is not None, "one of both is wrong"
            return cause
        trap = self._trap(over)
        if type(trap) is Trap and trap.kind == "INTERRUPTED" and cause is not None:
            return cause  # of the console: what a host function raises is trap HOST_FAILED
        trap.__cause__ = cause
        return trap

    def _trap(self, over: Quota | None) -> Trap:
        """What has stopped the last call. over: the output quota that was reached."""
        found = self._lib.tblvm_trap(self._context)
        frames: list[Frame] = []
        names: dict[str, str] = {}  # a long one is kept once
        place = ffi().new("struct tblvm_frame *")
        while len(frames) < _FRAMES and self._lib.tblvm_frame(self._context, len(frames), place):
            function, file = text(place.function), text(place.file)
            frames.append(
                Frame(names.setdefault(function, function), names.setdefault(file, file), place.line)
            )
        if over is not None:
            # It was written before anything else went wrong.
            message = f"too much output: the limit is {over.most} bytes"
            return OutputExceeded("OUTPUT_EXCEEDED", message, tuple(frames))
        kind, message = text(found.name), text(found.message)
        make = LIMIT_REACHED.get(kind, Trap)
        # It is that of the outermost call, and stops all within.
        if self.late:
            make = DeadlineExceeded
            message = f"the time is up: the call took more than {self.timeout} seconds"
        elif kind == "INTERRUPTED":
            message = "interrupted"  # other runtimes know deadlines only
        return make(kind, message, tuple(frames), found.status)


class _Functions(dict[str, Callable[..., Any]]):
    """An instance's functions by name, as they are asked for."""

    def __init__(self, instance: Instance) -> None:
        super().__init__()
        self._instance = weakref.ref(instance)

    def __missing__(self, name: str) -> Callable[..., Any]:
        instance = self._instance()
        assert instance is not None, "an instance is there as long as its functions"
        made = instance._caller(name)
        self[name] = made
        return made
