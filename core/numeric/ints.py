"""Opcodes of page int that no other type has."""

from __future__ import annotations

from ...opcodes import T, i32
from .family import int_op


@int_op(0x40, "SELECT")
def select(a: T, b: T, condition: i32) -> T:
    """a if the condition is not zero, else b."""
    return (condition != 0).select(a, b)
