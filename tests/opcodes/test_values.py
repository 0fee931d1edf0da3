"""The operators of values: each on numbers, and each recorded as the primitive of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tblvm.opcodes import CORE, OpcodeSet, boolean, f32, i32, i64
from tblvm.opcodes.values import Value, anyref

BITS = {1.5: 0x3FC00000, 0.25: 0x3E800000}


@pytest.mark.parametrize(
    ("type_", "operator", "primitive", "expected"),
    [
        (i32, lambda a, b: a + b, "add.i32", 10),
        (i32, lambda a, b: a - b, "sub.i32", -24),
        (i32, lambda a, b: a * b, "mul.i32", -119),
        (i32, lambda a, b: a & b, "and.i32", 17),
        (i32, lambda a, b: a | b, "or.i32", -7),
        (i32, lambda a, b: a ^ b, "xor.i32", -24),
        (i32, lambda a, b: a << b, "shl.i32", -917504),
        (i32, lambda a, b: a >> b, "shr_s.i32", -1),
        (i32, lambda a, b: a.shr_u(b), "shr_u.i32", 32767),
        (i32, lambda a, b: a.div_wrap(b), "div.i32", 0),
        (i32, lambda a, b: a.rem_wrap(b), "rem.i32", -7),
        (i32, lambda a, b: (a < b).to_i32(), "lt.i32", 1),
        (i32, lambda a, b: (a <= b).to_i32(), "le.i32", 1),
        (i32, lambda a, b: (a > b).to_i32(), "gt.i32", 0),
        (i32, lambda a, b: (a >= b).to_i32(), "ge.i32", 0),
        (i32, lambda a, b: (a == b).to_i32(), "eq.i32", 0),
        (i32, lambda a, b: (a != b).to_i32(), "ne.i32", 1),
        (i32, lambda a, b: a.lt_u(b).to_i32(), "lt_u.i32", 0),
        (i32, lambda a, b: (a < b).select(a, b), "select.i32", -7),
        (i32, lambda a, b: ((a < b) & (a > b)).to_i32(), "and.i1", 0),
        (i32, lambda a, b: ((a < b) | (a > b)).to_i32(), "or.i1", 1),
        (i32, lambda a, b: (~(a < b)).to_i32(), "not.i1", 0),
        (i32, lambda a, b: (a.to_i64() + b.to_i64()).to_i32(), "add.i64", 10),
        (i32, lambda a, b: (a.to_i64() & 0xFF).to_i32(), "and.i64", 249),
        (i32, lambda a, b: (b.to_i64() << 2).to_i32(), "shl.i64", 68),
    ],
)
def test_integers(type_: type[Value], operator: Callable[..., Value], primitive: str, expected: int) -> None:
    assert operator(type_(-7), type_(17)).v == expected
    _recorded(operator, "i32", primitive)


@pytest.mark.parametrize(
    ("operator", "primitive", "expected"),
    [
        (lambda a, b: a + b, "add.f32", 0x3FE00000),
        (lambda a, b: a - b, "sub.f32", 0x3FA00000),
        (lambda a, b: a * b, "mul.f32", 0x3EC00000),
        (lambda a, b: a / b, "div.f32", 0x40C00000),
        (lambda a, b: a + 0.25, "add.f32", 0x3FE00000),
        (lambda a, b: b * 6, "mul.f32", 0x3FC00000),
    ],
)
def test_floats(operator: Callable[..., Value], primitive: str, expected: int) -> None:
    assert operator(f32(BITS[1.5]), f32(BITS[0.25])).v == expected
    _recorded(operator, "f32", primitive)


def _recorded(operator: Callable[..., Value], type_: str, primitive: str) -> None:
    space: dict[str, Any] = {"__name__": __name__, "f32": f32, "i32": i32, "operator": operator}
    exec(f"def made(a: {type_}, b: {type_}) -> {type_}:\n  'Made.'\n  return operator(a, b)", space)
    op = OpcodeSet(CORE, library="test")
    op(0, "MADE")(space["made"])
    assert primitive in {node.primitive.name for node in op.declarations[0].graph().nodes}


def test_equal_operations_are_recorded_once() -> None:
    def made(a: i32) -> i32:
        """The same sum twice."""
        return (a + 1) * (a + 1)

    op = OpcodeSet(CORE, library="test")
    op(0, "MADE")(made)
    names = [node.primitive.name for node in op.declarations[0].graph().nodes]
    assert names == ["parameter", "constant", "add.i32", "mul.i32"]


def test_references() -> None:
    assert anyref(8).same(anyref(8)).v == 1 and anyref(8).same(anyref(0)).v == 0
    assert anyref(0).is_null().v == 1 and i64(5).to_i32().v == 5
    assert boolean(1).to_i32().v == 1 and f32(0xBFC00000).to_i32().v == -1
