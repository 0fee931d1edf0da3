"""What a primitive operation is, and the table of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

# How a value of each IR type is declared in C. Integers are unsigned there: their arithmetic wraps, and
# no operation of ours is undefined. A reference is an offset into the heap cage, a function reference an
# index plus one.
C_TYPE = {"i1": "u32", "i32": "u32", "i64": "u64", "f32": "float", "f64": "double", "ref": "u32", "fn": "u32"}


@dataclass(frozen=True, slots=True, eq=False)
class Primitive:
    """One operation of the op IR.

    name: unique, with the operand type behind a dot where there are several ("add.i32").
    operands, result: IR types ("" for no result; operand types are empty for leaves and effects whose
    types depend on their attribute).
    value: the meaning over concrete values (integers signed, floats as their bits, truth as 0 or 1).
    c: a C expression with {0}, {1} for the operands' names; empty for what each engine prints itself.
    pure: no effect and no dependence on state: may be left out when nothing reads it.
    moves: only carries cells from one place to another.
    transfers: ends the opcode by a transfer of control.
    requires: the interfaces that a runtime must have filled for it.
    safepoint: references may be moved or collected while it runs.
    notation: how the ISA reference writes it: {0}, {1} stand for the operands, {operands} for all of them,
    and {parameter}, {immediate}, {constant} or {name} for the attribute, by what it is. What stands behind
    two blanks is a remark on the line as a whole. Without a notation it is written name(a, b).
    """

    name: str
    operands: tuple[str, ...]
    result: str
    value: Callable[..., int] | None = None
    c: str = ""
    pure: bool = True
    moves: bool = False
    transfers: bool = False
    requires: tuple[str, ...] = ()
    safepoint: bool = False
    notation: str = ""


_table: dict[str, Primitive] = {}


def define(primitive: Primitive) -> Primitive:
    """Enter *primitive* into the table. Raises ValueError when the name is taken."""
    if primitive.name in _table:
        raise ValueError(f"primitive {primitive.name} is defined twice")
    _table[primitive.name] = primitive
    return primitive


def find(name: str) -> Primitive:
    """The primitive called *name*; KeyError when there is none."""
    return _table[name]


def primitives() -> Mapping[str, Primitive]:
    """All primitives by name."""
    return dict(_table)
