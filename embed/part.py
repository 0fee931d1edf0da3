"""A store of one library, as C has it: what is offered to its instances, and what they report."""

from __future__ import annotations

import os
import select
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.errors import UsageError
from ..core.module import EXPORT_KINDS, FunctionType
from ..opcodes import types
from .console import Console
from .errors import LinkError
from .handles import Function, Global, Table
from .library import address, ffi, text
from .memory import Memory
from .quota import Quota
from .values import host, passes, read_signature, shown, spelled

if TYPE_CHECKING:
    from ..core.module import Import, Module
    from .instance import Instance

# How often a wait for input looks whether the time is up, in seconds.
_SLICE = 0.02
_KINDS = {"function": Function, "table": Table, "memory": Memory, "global": Global}
_NUMBERS = frozenset(each.code for each in (types.I32, types.I64, types.F32, types.F64))


@dataclass(frozen=True, slots=True)
class HostFunction:
    """A function that programs can import, with the types that it has: a program that imports it with others
    is refused. types: as in "(i32, u8[]) -> f64"."""

    function: Callable[..., Any]
    types: str


@dataclass(slots=True)
class Behalf:
    """Where a thread does the work of another one, which is the one that asks what went wrong. left: it does
    not ask any more."""

    caller: int
    left: bool = False


acting = threading.local()


def me() -> int:
    """The thread on whose behalf this one runs: itself, mostly; 0 for one that was left behind."""
    behalf: Behalf | None = getattr(acting, "behalf", None)
    if behalf is None:
        return threading.get_ident()
    return 0 if behalf.left else behalf.caller


class Owned:
    """A store of a library, freed when nobody has it any more.

    It knows nothing of Python's: who is to free an instance when it is garbage keeps this, and would keep the
    garbage with it if a host function could be reached from here that has the instance.
    """

    def __init__(self, lib: Any) -> None:
        self.lib = lib
        self.store = lib.tblvm_store_new()
        if self.store == ffi().NULL:
            raise MemoryError("the system gives no memory for a store")
        # Instances of one store are made and freed by one thread at a time.
        self.lock = threading.RLock()
        weakref.finalize(self, lib.tblvm_store_free, self.store).atexit = False


class Part:
    """A store of one library: most stores have one of them."""

    def __init__(
        self,
        lib: Any,
        limits: Mapping[str, int | None],
        env: Iterable[bytes] = (),
        dirs: Iterable[tuple[bytes, bytes, bool]] = (),
    ) -> None:
        self.owned = Owned(lib)
        self.lib, self.store, self.lock = lib, self.owned.store, self.owned.lock
        self.consoles: dict[int, Console] = {}
        self.errors: dict[int, Console] = {}
        self.failures: dict[int, BaseException] = {}
        self.quotas: dict[int, Quota] = {}
        self.reached: dict[int, Quota] = {}  # by thread, until the call is told so
        self.changed: set[str] = set()  # limits that are not the library's own any more
        self.consoled = self._has_errors = False
        self._kept: list[Any] = []
        self._defined: dict[tuple[str, int], Any] = {}
        self._instances: weakref.WeakValueDictionary[int, Instance] = weakref.WeakValueDictionary()
        for name, value in limits.items():
            if value is not None:
                self.limit(name, value)
        # What a library has no function for, its programs have no use for.
        for each in env if hasattr(lib, "tblvm_store_variable") else ():
            if lib.tblvm_store_variable(self.store, each):
                raise MemoryError("the system gives no memory for the environment")
        for host_, guest, read_only in dirs if hasattr(lib, "tblvm_store_directory") else ():
            if lib.tblvm_store_directory(self.store, host_, guest, read_only):
                raise UsageError(f"dirs: {os.fsdecode(host_)}: {text(lib.tblvm_store_error(self.store))}")

    def limit(self, name: str, value: int) -> None:
        """Set a limit for instances that are made later. Raises UsageError for one that cannot be."""
        self.changed.add(name)
        if self.lib.tblvm_store_limit(self.store, name.encode(), value):
            why = text(self.lib.tblvm_store_error(self.store))
            # What the library does not have, it does not have too much of.
            if "value" in why:
                raise UsageError(f"{name}: {why}: {value}")

    def knows(self, instance: Instance, context: Any) -> None:
        """The instance of a context."""
        self._instances[address(context)] = instance

    def instance(self, context: Any) -> Instance | None:
        """The instance of a context, None when nobody has it any more."""
        found = self._instances.get(address(context))
        return None if found is None or found.closed else found

    def offer(self, module: Module, offered: Mapping[str, Mapping[str, Any]]) -> None:
        """Offer what the module imports, and nothing else, to the instance that is made next. Raises
        LinkError and UsageError."""
        self.lib.tblvm_store_forget(self.store)
        for each in module.imports:
            given = offered.get(each.module, {}).get(each.name)
            if given is None:
                continue
            if each.kind == "function" and not self._links(module, each, given):
                self.define(each.module, each.name, module, each.type, given)
                continue
            kind = next((name for name, type_ in _KINDS.items() if isinstance(given, type_)), None)
            if kind is None:
                raise LinkError(f"it imports {each.module}.{each.name}: what there is, is no {each.kind}")
            if given.instance._part is not self:
                raise LinkError(f"it imports {each.module}.{each.name}, which belongs to another store")
            given.instance._open()
            words = (each.module.encode(), each.name.encode())
            number, index = EXPORT_KINDS.index(kind), given.number
            if not hasattr(self.lib, "tblvm_store_link"):
                raise LinkError(
                    f"it imports {each.module}.{each.name}: programs behind walls share functions only"
                )
            if self.lib.tblvm_store_link(self.store, *words, given.instance._context, number, index):
                raise LinkError(f"it imports {each.module}.{each.name}: {self.error()}")

    def error(self) -> str:
        """What the last function of C says that failed."""
        return text(self.lib.tblvm_store_error(self.store))

    def _links(self, module: Module, wanted: Import, given: Any) -> bool:
        """Whether one instance calls another without Python: numbers alone pass there."""
        if not isinstance(given, Function):
            return isinstance(given, (Memory, Table, Global))
        type_ = module.types[wanted.type]
        assert isinstance(type_, FunctionType)
        if not hasattr(self.lib, "tblvm_store_link"):  # it is behind a wall: Python calls it
            return False
        numbers = all(code in _NUMBERS for code in (*type_.parameters, *type_.results))
        return numbers and given.instance._part is self

    def define(self, module: str, name: str, of: Module, type_: int, given: Any) -> None:
        """Offer a host function with the types that the program wants."""
        from .exports import signature

        kind = of.types[type_]
        takes, gives = ([signature(of, code) for code in codes] for codes in (kind.parameters, kind.results))  # type: ignore[union-attr]
        wanted = f"{''.join(takes)}>{''.join(gives)}"
        function, types = (given.function, given.types) if isinstance(given, HostFunction) else (given, None)
        if types is not None and read_signature(types) != wanted:
            raise LinkError(
                f"it imports {module}.{name} as {shown(wanted)}, but the host's function is {types}"
            )
        if not callable(function):
            raise UsageError(f"the host's {module}.{name} is no function")
        for each in (*takes, *gives):
            if not passes(each):
                raise LinkError(
                    f"it imports {module}.{name} as {shown(wanted)}: a value of type {spelled(each)} cannot "
                    "leave the program; numbers, strings and arrays of numbers can"
                )
        key = (wanted, id(function))
        if key not in self._defined:
            self._defined[key] = host(self.lib, function, wanted, self._failed)
            self._kept.append(function)
        pointer = self._defined[key]
        plain = ffi().cast("tblvm_host *", pointer)
        words = (each.encode() for each in (module, name, wanted))
        if self.lib.tblvm_store_define(self.store, *words, plain, ffi().NULL):
            raise MemoryError("the system gives no memory for a host function")

    def _failed(self, error: BaseException) -> int:
        # Host functions run in the thread that called the program.
        if caller := me():
            self.failures[caller] = error
        return 1

    def failure(self) -> BaseException | None:
        """What a host function has raised in this thread since it was asked last."""
        return self.failures.pop(me(), None)

    def wrong(self, mine: Quota) -> bool:
        """Whether a console has failed in this thread, or a quota is reached: C does not know.
        mine: the quota of the instance that was called."""
        return me() in self.failures or self._over(mine) is not None

    def over(self, mine: Quota) -> Quota | None:
        """The quota that was reached in this thread, where that is told to who called the instance with quota
        *mine*: its own, or that of an instance that ran for it."""
        quota = self._over(mine)
        # An instance that waits for its host function is told again when that has come back.
        if quota is not None and not self.lib.tblvm_nested(quota.context):
            del self.reached[me()]
        return quota

    def _over(self, mine: Quota) -> Quota | None:
        quota = self.reached.get(me())
        if quota is None or quota is mine or not self.lib.tblvm_nested(quota.context):
            return quota
        return None

    def forget(self, key: int) -> None:
        """A context is no more."""
        self.consoles.pop(key, None)
        self.errors.pop(key, None)
        gone = self.quotas.pop(key, None)
        for thread in [each for each, quota in self.reached.items() if quota is gone]:
            del self.reached[thread]

    def use_errors(self) -> None:
        """Standard error of contexts goes through Python from here on."""
        if self._has_errors:
            return
        self._has_errors = True
        callback = ffi().callback("tblvm_writer", self._writer(self.errors, 2))
        self._kept.append(callback)
        self.lib.tblvm_store_errors(self.store, callback, ffi().NULL)

    def use_consoles(self) -> None:
        """Input and output of contexts go through Python from here on."""
        if self.consoled:
            return
        self.consoled = True  # output and input of contexts go through Python

        def read(user: Any, context: Any, to: Any, most: int) -> int:
            try:
                key = address(context)
                console = self.consoles.get(key)
                file = 0 if console is None else console.waits_for()
                if file is not None and not self._comes(key, file):
                    return 0  # the time is up: the program is told so where it looks next
                data = os.read(0, most) if console is None else console.read(most)
                ffi().memmove(to, data, len(data))
                return len(data)
            except BaseException as error:
                self.lib.tblvm_interrupt(context)
                return self._failed(error) * 0

        write = self._writer(self.consoles, 1)
        callbacks = (ffi().callback("tblvm_reader", read), ffi().callback("tblvm_writer", write))
        self._kept.append(callbacks)
        self.lib.tblvm_store_console(self.store, *callbacks, ffi().NULL)

    def _writer(self, consoles: Mapping[int, Console], descriptor: int) -> Callable[..., int]:
        """What C calls for output: it goes to the context's console, else to the process's own."""

        def write(user: Any, context: Any, at: Any, count: int) -> int:
            try:
                key, data = address(context), bytes(ffi().buffer(at, count))
                quota = self.quotas.get(key)
                taken = data if quota is None else quota.take(data)
                reached, data = len(taken) < len(data), taken
                if (console := consoles.get(key)) is not None:
                    console.write(data)
                while console is None and data:
                    data = data[os.write(descriptor, data) :]
                if quota is not None and reached:
                    # The program stops where it looks next; what it writes until then is not taken either.
                    if caller := me():
                        self.reached[caller] = quota
                    self.lib.tblvm_interrupt(context)
                return 0
            except BaseException as error:
                # Nobody reads what it writes: it need not go on.
                self.lib.tblvm_interrupt(context)
                return self._failed(error)

        return write

    def _comes(self, key: int, descriptor: int) -> bool:
        """Waits for input as long as the context's call has time: whether there is some, or its end."""
        instance = self._instances.get(key)
        while instance is not None and instance.timeout is not None:
            if select.select([descriptor], [], [], _SLICE)[0]:
                return True
            if instance.late:
                return False
        return True


def free(owned: Owned, part: weakref.ref[Part], context: Any) -> None:
    """Frees an instance, at the end of an instance's life; owned: what must live that long."""
    with owned.lock:
        if (known := part()) is not None:
            known.forget(address(context))
        owned.lib.tblvm_free(context)
