"""What instances export: functions, memories, tables and globals, for Python and for other instances."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .errors import InstanceBusy, InstanceClosed
from .library import BUSY, CLOSED, MISUSED, OK, TOO_LARGE, ffi
from .memory import Memory
from .values import NAMES, NUMBERS, shown

if TYPE_CHECKING:
    from .instance import Instance


class Function:
    """A function of an instance, called as a Python function. name: what messages call it."""

    __slots__ = ("_call", "instance", "name", "number")

    def __init__(self, instance: Instance, number: int, name: str) -> None:
        self.instance, self.number, self.name = instance, number, name
        self._call: Callable[..., Any] | None = None

    @property
    def type(self) -> str:
        """Its types, as in "(i32, f64) -> i32"."""
        self.instance._open()
        return shown(self.instance._signature(self.number))

    def __call__(self, *arguments: Any) -> Any:
        """Call it: as `Instance.call`."""
        self.instance._open()
        if self._call is None:
            self._call = self.instance._caller_of(self.number, self.name)
        return self._call(*arguments)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Function) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[int, int]:
        return id(self.instance), self.instance._index(self.number)

    def __repr__(self) -> str:
        return f"<tblvm.Function {self.name} of {self.instance!r}>"


class Global:
    """A global variable of an instance."""

    __slots__ = ("instance", "number")

    def __init__(self, instance: Instance, number: int) -> None:
        self.instance, self.number = instance, number
        self._read()

    def _read(self) -> tuple[str, Any, bool]:
        """The letter of its type, where its value is, whether it is fixed."""
        self.instance._open()
        value, fixed = ffi().new("uint64_t *"), ffi().new("int *")
        letter = self.instance._lib.tblvm_global(self.instance._context, self.number, value, fixed)
        if not letter:
            raise TypeError("the global holds a reference, which cannot leave the program")
        return chr(letter), value, bool(fixed[0])

    @property
    def type(self) -> str:
        """i32, i64, f32 or f64."""
        return NAMES[self._read()[0]]

    @property
    def mutable(self) -> bool:
        """Whether it can be set."""
        return not self._read()[2]

    @property
    def value(self) -> int | float:
        """Its value. Raises, when it is set, TypeError and OverflowError for what does not fit or a global
        that is not mutable, InstanceBusy."""
        letter, at, _ = self._read()
        return ffi().cast(f"{NUMBERS[letter][0]} *", at)[0]  # type: ignore[no-any-return]

    @value.setter
    def value(self, value: int | float) -> None:
        letter, at, fixed = self._read()
        if fixed:
            raise TypeError("the global is not mutable")
        at[0] = 0
        ffi().cast(f"{NUMBERS[letter][0]} *", at)[0] = value
        _done(self.instance, self.instance._lib.tblvm_set_global(self.instance._context, self.number, at[0]))


class Table:
    """A table of functions of an instance: len(table), table[index], and the same to set it. An element is a
    Function of an instance of the store, or None."""

    __slots__ = ("instance", "number")

    def __init__(self, instance: Instance, number: int) -> None:
        self.instance, self.number = instance, number

    def __len__(self) -> int:
        self.instance._open()
        return int(self.instance._lib.tblvm_table(self.instance._context, self.number))

    def _index(self, index: int) -> int:
        size = len(self)
        found = index + size if index < 0 else index
        if not 0 <= found < size:
            raise IndexError(f"index {index} is outside of the table, which has {size} elements")
        return found

    def __getitem__(self, index: int) -> Function | None:
        at, bound = self._index(index), ffi().new("tblvm_bound *")
        status = self.instance._lib.tblvm_table_get(self.instance._context, self.number, at, bound)
        _done(self.instance, status)
        if bound.context == ffi().NULL:
            return None
        owner = self.instance._part.instance(bound.context)
        if owner is None:
            raise InstanceClosed("the instance of this function was closed")
        return owner._handle(bound.function)

    def __iter__(self) -> Iterator[Function | None]:
        return (self[index] for index in range(len(self)))

    def __setitem__(self, index: int, value: Function | None) -> None:
        at, bound = self._index(index), self._bound(value)
        lib, context = self.instance._lib, self.instance._context
        _done(self.instance, lib.tblvm_table_set(context, self.number, at, bound))

    def grow(self, count: int, value: Function | None = None) -> int:
        """Add *count* elements that are all *value*: how many there were before. Raises MemoryError where the
        table cannot have as many."""
        before = ffi().new("uint32_t *")
        bound = self._bound(value)
        lib, context = self.instance._lib, self.instance._context
        status = lib.tblvm_table_grow(context, self.number, count, bound, before)
        if status == TOO_LARGE:
            raise MemoryError("the table cannot have as many elements")
        _done(self.instance, status)
        return int(before[0])

    def _bound(self, value: Function | None) -> Any:
        self.instance._open()
        if value is None:
            return ffi().NULL
        if not isinstance(value, Function):
            raise TypeError(f"an element is a function that an instance exports, or None, not {value!r}")
        if value.instance._part is not self.instance._part:
            raise TypeError("the function belongs to another store")
        value.instance._open()
        return ffi().new("tblvm_bound *", (value.instance._context, value.number))


def _done(instance: Instance, status: int) -> None:
    if status == BUSY:
        raise InstanceBusy("the instance runs, or one that it shares something with, in another thread")
    if status == CLOSED:
        raise InstanceClosed("the instance was closed: load the program again")
    if status == MISUSED:
        raise TypeError("nobody else can have this table or this function")
    assert status == OK


class Exports(Mapping[str, Any]):
    """What an instance exports, by name: Function, Memory, Table, Global."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def __getitem__(self, name: str) -> Function | Memory | Table | Global:
        instance = self._instance
        instance._open()
        kind, index = instance._exported.get(name, ("function", -1))
        if kind == "function":
            return Function(instance, instance._number(name), name)
        if kind == "memory":
            return Memory(instance, index)
        return Table(instance, index) if kind == "table" else Global(instance, index)

    def __iter__(self) -> Iterator[str]:
        return iter({**self._instance.functions, **dict.fromkeys(self._instance._exported)})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<tblvm exports: {', '.join(self)}>"
