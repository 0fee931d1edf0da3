"""Opcodes that touch the locals of the frame."""

from __future__ import annotations

from ..opcodes import CORE, OpcodeSet, T, local

op = OpcodeSet(CORE, library="stack", later=True)


@op(0x05, "LOAD")
def load(index: local[T]) -> T:
    """The value of a parameter or local."""
    return index.get()


@op(0x06, "STORE")
def store(value: T, index: local[T]) -> None:
    """Sets a parameter or local."""
    index.set(value)
