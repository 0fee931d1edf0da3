"""Linear memories of embedded programs, for Python."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from .library import ffi

if TYPE_CHECKING:
    from .instance import Instance


class Memory:
    """A linear memory of an instance: len(memory), memory[at], memory[at:end] and the same to set them.

    Each access sees the memory as it is then: a program may make it larger. `view` gives one without copies.
    """

    def __init__(self, instance: Instance, number: int) -> None:
        self.instance, self.number = instance, number
        if self._place()[0] == ffi().NULL:
            raise KeyError(f"the program has no linear memory {number}")

    def _place(self) -> tuple[Any, int]:
        self.instance._open()
        size = ffi().new("uint64_t *")
        at = self.instance._lib.tblvm_memory(self.instance._context, self.number, size)
        return at, size[0]

    def __len__(self) -> int:
        return self._place()[1]

    def _range(self, key: int | slice) -> tuple[Any, int, int]:
        at, size = self._place()
        if isinstance(key, slice):
            start, stop, step = key.indices(size)
            if step != 1:
                raise ValueError("memory is read and written in one piece: a slice has no step")
            return at, start, max(start, stop)
        index = key + size if key < 0 else key
        if not 0 <= index < size:
            raise IndexError(f"address {key} is outside of the memory, which has {size} bytes")
        return at, index, index + 1

    def __getitem__(self, key: int | slice) -> Any:
        at, start, stop = self._range(key)
        data = bytes(ffi().buffer(ffi().cast("char *", at) + start, stop - start))
        return data if isinstance(key, slice) else data[0]

    def __setitem__(self, key: int | slice, value: Any) -> None:
        at, start, stop = self._range(key)
        data = bytes([value]) if not isinstance(key, slice) else bytes(value)
        if len(data) != stop - start:
            raise ValueError(f"{len(data)} bytes do not fit {stop - start}: a memory keeps its size")
        ffi().memmove(ffi().cast("char *", at) + start, data, len(data))

    def view(self) -> memoryview:
        """The memory as it is now, without a copy: for `struct`, numpy and the like. The instance cannot be
        closed while it is in use; a program that makes the memory larger makes it no shorter."""
        import ctypes

        at, size = self._place()
        array = (ctypes.c_ubyte * size).from_address(int(ffi().cast("uintptr_t", at)))
        array.instance = self.instance  # type: ignore[attr-defined]  # it lives as long
        self.instance._views.append(weakref.ref(array))
        return memoryview(array).cast("B")
