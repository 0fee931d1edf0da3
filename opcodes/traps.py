"""Trap kinds: every way in which the machine stops a program for what the program did.

Messages are those of WebAssembly where it has the trap. A plug-in makes kinds of its own with `Trap(...)`;
a plan numbers the kinds that its opcodes can raise, so the number of a kind is not the same in two
runtimes. The name is.
"""

from __future__ import annotations

from typing import ClassVar


class Trap:
    """A kind of trap.

    name: upper-case identifier, unique; message: what a person reads; status: the process exit status
    of a standalone program that stops for it.
    Raises ValueError for a malformed name or a name that is already taken with another meaning.
    """

    __slots__ = ("message", "name", "status")
    name: str
    message: str
    status: int
    _all: ClassVar[dict[str, Trap]] = {}

    DIVIDE_BY_ZERO: ClassVar[Trap]
    NULL_REFERENCE: ClassVar[Trap]
    BAD_INDEX: ClassVar[Trap]
    BAD_ADDRESS: ClassVar[Trap]
    BAD_TABLE_INDEX: ClassVar[Trap]
    UNDEFINED_ELEMENT: ClassVar[Trap]
    UNINITIALIZED_ELEMENT: ClassVar[Trap]
    CALL_TYPE_MISMATCH: ClassVar[Trap]
    UNREACHABLE: ClassVar[Trap]
    NEGATIVE_SIZE: ClassVar[Trap]
    BAD_FREE: ClassVar[Trap]
    CLASS_CAST: ClassVar[Trap]
    NUMBER_FORMAT: ClassVar[Trap]
    BAD_INPUT: ClassVar[Trap]
    STACK_OVERFLOW: ClassVar[Trap]
    OUT_OF_MEMORY: ClassVar[Trap]
    OUT_OF_FUEL: ClassVar[Trap]
    INTERRUPTED: ClassVar[Trap]

    def __init__(self, name: str, message: str, status: int = 134) -> None:
        if not name.isidentifier() or name != name.upper():
            raise ValueError(f"a trap kind needs an upper-case identifier as its name, not {name!r}")
        if not message or any(ord(c) < 32 or ord(c) > 126 for c in message):
            raise ValueError(f"the message of trap {name} must be printable ASCII")
        known = Trap._all.get(name)
        if known is not None and (known.message, known.status) != (message, status):
            raise ValueError(f"trap kind {name} exists already with another meaning: {known.message!r}")
        self.name, self.message, self.status = name, message, status
        Trap._all.setdefault(name, self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trap) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Trap.{self.name}"


Trap.DIVIDE_BY_ZERO = Trap("DIVIDE_BY_ZERO", "integer divide by zero")
Trap.NULL_REFERENCE = Trap("NULL_REFERENCE", "null reference")
Trap.BAD_INDEX = Trap("BAD_INDEX", "index out of bounds")
Trap.BAD_ADDRESS = Trap("BAD_ADDRESS", "out of bounds memory access")
Trap.BAD_TABLE_INDEX = Trap("BAD_TABLE_INDEX", "out of bounds table access")
Trap.UNDEFINED_ELEMENT = Trap("UNDEFINED_ELEMENT", "undefined element")
Trap.UNINITIALIZED_ELEMENT = Trap("UNINITIALIZED_ELEMENT", "uninitialized element")
Trap.CALL_TYPE_MISMATCH = Trap("CALL_TYPE_MISMATCH", "indirect call type mismatch")
Trap.UNREACHABLE = Trap("UNREACHABLE", "unreachable")
Trap.NEGATIVE_SIZE = Trap("NEGATIVE_SIZE", "negative size")
Trap.BAD_FREE = Trap("BAD_FREE", "free of what is not allocated")
Trap.CLASS_CAST = Trap("CLASS_CAST", "class cast")
Trap.NUMBER_FORMAT = Trap("NUMBER_FORMAT", "the text is not a number")
Trap.BAD_INPUT = Trap("BAD_INPUT", "input is not an integer")
Trap.STACK_OVERFLOW = Trap("STACK_OVERFLOW", "stack overflow")
Trap.OUT_OF_MEMORY = Trap("OUT_OF_MEMORY", "out of memory")
Trap.OUT_OF_FUEL = Trap("OUT_OF_FUEL", "out of fuel")
Trap.INTERRUPTED = Trap("INTERRUPTED", "interrupted: the time is up", status=124)


class TrapSignal(Exception):
    """A trap of the reference interpreter on its way to the place that reports it."""

    def __init__(self, trap: Trap) -> None:
        super().__init__(trap.message)
        self.trap = trap
