"""One way to use a program on two engines: tblvm, and wasmtime as the oracle.

Integers are signed, as both give them; an address is taken modulo 2**32.
"""

from __future__ import annotations

import functools
import struct
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import wasmtime

import tblvm
from tblvm.builder.pipeline import Artifact, translate
from tblvm.core import tbc
from tblvm.core.registry import load as registry
from tblvm.embed.library import ffi, text
from tblvm.embed.part import Part
from tblvm.stack import verify

# Python functions, or what another program exports.
Imports = Mapping[str, Mapping[str, Any]]
_ADDRESS = 0xFFFFFFFF


class Stopped(Exception):
    """The program was stopped by a trap."""


class Machine(ABC):
    """A program that was loaded: its exported functions, and its memory."""

    @abstractmethod
    def call(self, name: str, *arguments: Any) -> Any:
        """Calls an export. Raises Stopped, and what a host function raised."""

    @abstractmethod
    def read(self, address: int, size: int) -> bytes:
        """Bytes of the memory."""

    @abstractmethod
    def write(self, address: int, data: bytes) -> None:
        """Puts bytes into the memory."""

    @abstractmethod
    def size(self) -> int:
        """Bytes that the memory has."""

    # For programs that share.

    @abstractmethod
    def export(self, name: str) -> Any:
        """A function, memory, table or global that it exports, for the imports of a program beside it."""

    @abstractmethod
    def make_global(self, value: int, *, mutable: bool) -> Any:
        """A global of the host's, an i32."""

    @abstractmethod
    def grow(self, table: str, count: int) -> int:
        """Makes a table that it exports larger: how many elements it had."""

    @abstractmethod
    def set_element(self, table: str, index: int, function: Any) -> None:
        """Puts a function into a table that it exports."""

    def u32(self, address: int) -> int:
        """The unsigned word at an address."""
        return int(struct.unpack("<I", self.read(address, 4))[0])

    def put(self, address: int, form: str, *values: Any) -> None:
        """Writes *values* as `struct` does, little-endian."""
        self.write(address, struct.pack("<" + form, *values))

    def string(self, address: int) -> bytes:
        """The bytes at an address up to the first zero."""
        address &= _ADDRESS
        found = b""
        while b"\0" not in found:
            step = min(256, self.size() - address - len(found))
            if step <= 0:
                break
            found += self.read(address + len(found), step)
        return found.partition(b"\0")[0]


class Open(Protocol):
    """How a driver gets its program: with functions for its imports, or what another program exports; beside
    that one, whose memory and tables it can share."""

    content: bytes

    def __call__(
        self, imports: Imports = ..., *, content: bytes = ..., beside: Machine | None = ...
    ) -> Machine: ...


def wanted(content: bytes) -> list[tuple[str, str, str]]:
    """What a program imports: module, name, and "function", "memory", "table" or "global"."""
    kinds = {wasmtime.FuncType: "function", wasmtime.MemoryType: "memory", wasmtime.TableType: "table"}
    return [
        (each.module, each.name or "", kinds.get(type(each.type), "global"))
        for each in _compiled(content)[1].imports
    ]


def exported(content: bytes) -> set[str]:
    """Names that a program exports."""
    return {each.name for each in _compiled(content)[1].exports}


_ENGINE = wasmtime.Engine()


@functools.cache
def _compiled(content: bytes) -> tuple[wasmtime.Engine, wasmtime.Module]:
    return _ENGINE, wasmtime.Module(_ENGINE, content)


class Wasmtime(Machine):
    """The program on wasmtime."""

    def __init__(self, content: bytes, imports: Imports, beside: Wasmtime | None = None) -> None:
        engine, module = self.compiled(content)
        self._store: wasmtime.Store = beside._store if beside is not None else wasmtime.Store(engine)
        given = []
        for each in module.imports:
            value = imports[each.module][each.name or ""]
            if isinstance(each.type, wasmtime.FuncType) and not isinstance(value, wasmtime.Func):
                value = wasmtime.Func(self._store, each.type, value)
            given.append(value)
        self._exports = wasmtime.Instance(self._store, module, given).exports(self._store)
        memories = [each for each in self._exports.values() if isinstance(each, wasmtime.Memory)]
        self._memory = memories[0] if memories else None

    def compiled(self, content: bytes) -> tuple[wasmtime.Engine, wasmtime.Module]:
        """The engine, and the module compiled by it."""
        return _compiled(content)

    def call(self, name: str, *arguments: Any) -> Any:
        function = self._exports[name]
        assert isinstance(function, wasmtime.Func)
        try:
            return function(self._store, *arguments)
        except wasmtime.Trap as error:
            raise Stopped from error

    def read(self, address: int, size: int) -> bytes:
        assert self._memory is not None
        start = address & _ADDRESS
        return bytes(self._memory.read(self._store, start, start + size))

    def write(self, address: int, data: bytes) -> None:
        assert self._memory is not None
        self._memory.write(self._store, data, address & _ADDRESS)

    def size(self) -> int:
        assert self._memory is not None
        return int(self._memory.data_len(self._store))

    def export(self, name: str) -> Any:
        return self._exports[name]

    def make_global(self, value: int, *, mutable: bool) -> Any:
        kind = wasmtime.GlobalType(wasmtime.ValType.i32(), mutable)
        return wasmtime.Global(self._store, kind, wasmtime.Val.i32(value))

    def grow(self, table: str, count: int) -> int:
        return int(self._exports[table].grow(self._store, count, None))

    def set_element(self, table: str, index: int, function: Any) -> None:
        self._exports[table].set(self._store, index, function)


@functools.cache
def _translated(content: bytes) -> bytes:
    """The program as a .tbc file: drivers make many instances of one."""
    known = registry()
    return tbc.write(verify(translate(content, "program", known), known.isa).module)


class Tblvm(Machine):
    """The program on tblvm. What its imports take and give is told by wasmtime's reading of the module."""

    def __init__(self, content: bytes, imports: Imports, beside: Tblvm | None = None) -> None:
        self._store = beside._store if beside is not None else tblvm.Store()
        given: dict[str, dict[str, Any]] = {}
        for each in _compiled(content)[1].imports:
            value = imports[each.module][each.name or ""]
            if isinstance(each.type, wasmtime.FuncType) and not isinstance(value, tblvm.Function):
                value = tblvm.HostFunction(value, _spelled(each.type))
            given.setdefault(each.module, {})[each.name or ""] = value
        self._vm = self._instance(content, given)
        self._memory = self._vm.memory()

    def _instance(self, content: bytes, given: Imports) -> tblvm.Instance:
        return self._store.load(_translated(content), imports=given)

    def call(self, name: str, *arguments: Any) -> Any:
        try:
            return self._vm.call(name, *arguments)
        except tblvm.Trap as trap:
            if trap.__cause__ is not None:
                raise trap.__cause__ from None
            raise Stopped from trap

    def read(self, address: int, size: int) -> bytes:
        start = address & _ADDRESS
        data: bytes = self._memory[start : start + size]
        assert len(data) == size, f"{size} bytes at {start} are outside of the memory"
        return data

    def write(self, address: int, data: bytes) -> None:
        start = address & _ADDRESS
        self._memory[start : start + len(data)] = data

    def size(self) -> int:
        return len(self._memory)

    def export(self, name: str) -> Any:
        return self._vm.exports[name]

    def make_global(self, value: int, *, mutable: bool) -> Any:
        return self._store.global_("i32", value, mutable=mutable)

    def grow(self, table: str, count: int) -> int:
        return self._vm.exports[table].grow(count)

    def set_element(self, table: str, index: int, function: Any) -> None:
        self._vm.exports[table][index] = function


def composed(made: Artifact, place: Path) -> type[Machine]:
    """How to use the program in a library that was composed for it alone. place: of a file for the library."""
    place.write_bytes(made.image)
    library = ffi().dlopen(str(place))
    module = made.verified.module

    class Composed(Tblvm):
        def _instance(self, content: bytes, given: Imports) -> tblvm.Instance:
            part, found = Part(library, {}), ffi().new("tblvm_context **")
            for each in module.imports:
                part.define(each.module, each.name, module, each.type, given[each.module][each.name])
            status = library.tblvm_load(part.store, ffi().NULL, 0, found)
            assert status == 0, text(library.tblvm_store_error(part.store))
            made = tblvm.Instance(self._store, part, found[0], "program", None, module)
            part.knows(made, found[0])
            return made

    return Composed


def _spelled(kind: wasmtime.FuncType) -> str:
    """A function's type as tblvm's documents write it."""
    takes, gives = (", ".join(map(str, half)) for half in (kind.params, kind.results))
    return f"({takes}) -> {gives}" if gives else f"({takes})"
