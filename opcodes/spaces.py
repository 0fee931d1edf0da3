"""Linear memories and tables of functions in a run of the reference interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import types
from .primitives.integer import wrap
from .traps import Trap, TrapSignal

if TYPE_CHECKING:
    from ..core.module import Module

PAGE = 1 << 16  # bytes
REFUSED = -1  # what growing gives when there is no room


class Memories:
    """The linear memories of a run, and what is left of its data segments.

    Raises ValueError when the least size of all together exceeds *limit* bytes.
    """

    def __init__(self, module: Module, limit: int) -> None:
        self.most = [each.maximum for each in module.memories]
        self.left = limit // PAGE - sum(each.minimum for each in module.memories)
        if self.left < 0:
            raise ValueError("the linear memories of the module exceed the limit")
        self.bytes = [bytearray(each.minimum * PAGE) for each in module.memories]
        self.segments = [each.content if each.memory is None else b"" for each in module.data]
        for each in module.data:
            if each.memory is not None:
                self.bytes[each.memory][each.offset : each.offset + len(each.content)] = each.content

    def check(self, memory: int, address: int, size: int) -> None:
        """Trap BAD_ADDRESS unless *size* bytes at *address* are in the memory."""
        if address + size > len(self.bytes[memory]):
            raise TrapSignal(Trap.BAD_ADDRESS)

    def load(self, storage: types.Type, memory: int, address: int) -> int:
        assert 0 <= address <= len(self.bytes[memory]) - storage.size, "an opcode reads unchecked"
        number = int.from_bytes(self.bytes[memory][address : address + storage.size], "little")
        signed = storage in (types.I32, types.I64, types.I8, types.I16)
        return wrap(number, 8 * storage.size) if signed else number

    def store(self, storage: types.Type, memory: int, address: int, value: int) -> None:
        assert 0 <= address <= len(self.bytes[memory]) - storage.size, "an opcode writes unchecked"
        number = value & ((1 << (8 * storage.size)) - 1)
        self.bytes[memory][address : address + storage.size] = number.to_bytes(storage.size, "little")

    def size(self, memory: int) -> int:
        """In pages."""
        return len(self.bytes[memory]) // PAGE

    def grow(self, memory: int, pages: int) -> int:
        """The size before, or REFUSED."""
        before = self.size(memory)
        if pages > min(self.most[memory] - before, self.left):
            return REFUSED
        self.bytes[memory] += bytes(pages * PAGE)
        self.left -= pages
        return before

    def fill(self, memory: int, at: int, value: int, count: int) -> None:
        self.check(memory, at, count)
        self.bytes[memory][at : at + count] = bytes([value & 0xFF]) * count

    def copy(self, to: int, from_: int, at: int, start: int, count: int) -> None:
        self.check(to, at, count)
        self.check(from_, start, count)
        self.bytes[to][at : at + count] = bytes(self.bytes[from_][start : start + count])

    def init(self, memory: int, segment: int, at: int, start: int, count: int) -> None:
        self.check(memory, at, count)
        content = self.segments[segment]
        if start + count > len(content):
            raise TrapSignal(Trap.BAD_ADDRESS)
        self.bytes[memory][at : at + count] = content[start : start + count]


class Tables:
    """The tables of a run and what is left of its element segments; a function reference is its index plus
    one, null is 0.

    Raises ValueError when the least size of all together exceeds *limit* elements.
    """

    def __init__(self, module: Module, limit: int) -> None:
        self.most = [each.maximum for each in module.tables]
        self.left = limit - sum(each.minimum for each in module.tables)
        if self.left < 0:
            raise ValueError("the tables of the module exceed the limit")
        self.entries = [[0] * each.minimum for each in module.tables]
        functions = [[0 if each is None else each + 1 for each in row.functions] for row in module.elements]
        self.segments = [
            row if each.table is None else [] for each, row in zip(module.elements, functions, strict=True)
        ]
        for each, row in zip(module.elements, functions, strict=True):
            if each.table is not None:
                self.entries[each.table][each.offset : each.offset + len(row)] = row

    def check(self, table: int, index: int, count: int) -> None:
        """Trap BAD_TABLE_INDEX unless *count* elements from *index* are in the table."""
        if index + count > len(self.entries[table]):
            raise TrapSignal(Trap.BAD_TABLE_INDEX)

    def grow(self, table: int, value: int, count: int) -> int:
        """The size before, or REFUSED."""
        before = len(self.entries[table])
        if count > min(self.most[table] - before, self.left):
            return REFUSED
        self.entries[table] += [value] * count
        self.left -= count
        return wrap(before, 32)

    def fill(self, table: int, at: int, value: int, count: int) -> None:
        self.check(table, at, count)
        self.entries[table][at : at + count] = [value] * count

    def copy(self, to: int, from_: int, at: int, start: int, count: int) -> None:
        self.check(to, at, count)
        self.check(from_, start, count)
        self.entries[to][at : at + count] = self.entries[from_][start : start + count]

    def init(self, table: int, segment: int, at: int, start: int, count: int) -> None:
        self.check(table, at, count)
        content = self.segments[segment]
        if start + count > len(content):
            raise TrapSignal(Trap.BAD_TABLE_INDEX)
        self.entries[table][at : at + count] = content[start : start + count]
