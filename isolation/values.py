"""What instances of guests have, for `Library`: strings, arrays, traps, memories, globals, tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..embed.library import MISUSED, ffi
from .guest import Guest


@dataclass(frozen=True, slots=True)
class _Trap:
    name: Any
    message: Any
    status: int


class Values:
    """Functions of tblvm.h about values; raises SandboxError for guests that lie."""

    def guest(self, context: Any) -> Guest:
        """The guest of a context."""
        raise NotImplementedError

    def tblvm_functions(self, context: Any) -> int:
        guest = self.guest(context)
        return min(guest.call("FUNCTIONS"), guest.module)  # each has a byte at least

    # -- strings and arrays -------------------------------------------------------------------------------

    def tblvm_prepare(self, context: Any, number: int) -> int:
        return status_of(self.guest(context).call("PREPARE", number))

    def tblvm_put_string(self, context: Any, slot: int, units: bytes, count: int, wide: int) -> int:
        guest = self.guest(context)
        return status_of(guest.call("PUT_STRING", slot, guest.room(units), count, wide))

    def tblvm_put_array(self, context: Any, slot: int, elements: Any, count: int) -> int:
        guest = self.guest(context)
        return status_of(guest.call("PUT_ARRAY", slot, guest.room(ffi().buffer(elements)), count))

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
        return signed(self.guest(context).call("FUEL"))

    def tblvm_set_fuel(self, context: Any, fuel: int) -> int:
        guest = self.guest(context)
        return guest.take() or status_of(guest.call("SET_FUEL", fuel))

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
        return guest.take() or status_of(guest.call("SET_GLOBAL", number, value))

    def tblvm_table(self, context: Any, number: int) -> int:
        guest = self.guest(context)
        elements = signed(guest.call("TABLE", number))
        # Nobody asks for a table that its module has not got.
        if not 0 <= elements <= guest.store.limits.get(b"tables", 1 << 20):
            raise guest.lies("a table of a size that it cannot have")
        return elements

    def tblvm_table_get(self, context: Any, number: int, index: int, function: Any) -> int:
        guest = self.guest(context)
        status = guest.take() or status_of(guest.call("TABLE_GET", number, index))
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
        return guest.take() or status_of(guest.call("TABLE_SET", number, index, *element))

    def tblvm_table_grow(self, context: Any, number: int, count: int, function: Any, before: Any) -> int:
        guest = self.guest(context)
        element = _element(context, function)
        if element is None:
            return MISUSED
        status = guest.take() or status_of(guest.call("TABLE_GROW", number, count, *element))
        before[0] = int(guest.mail.words[0]) & 0xFFFFFFFF
        return status


def _element(context: Any, function: Any) -> tuple[int, int] | None:
    """What goes into a table: whether there is a function, and its number; None for one of another guest."""
    if function == ffi().NULL:
        return 0, 0
    return (1, function.function) if function.context == context else None


def signed(value: int, bits: int = 64) -> int:
    """A number of so many bits in two's complement."""
    return value - (1 << bits) if value >> (bits - 1) else value


def status_of(value: int) -> int:
    """A status of tblvm.h; what a guest makes up is a misuse."""
    return value if 0 <= value < 10 else MISUSED
