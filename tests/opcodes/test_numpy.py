"""Floating-point primitives against numpy, bit by bit, edge values included (a NaN is a NaN)."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tblvm.opcodes.primitives import find
from tests.differential.vectors import bits, long

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261121"))
COUNT = 3000
TYPE: dict[str, Any] = {"f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64}
BITS: dict[str, Any] = {"f32": np.uint32, "f64": np.uint64, "i32": np.uint32, "i64": np.uint64}

UNARY: dict[str, Callable[[Any], Any]] = {
    "neg": np.negative,
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "trunc": np.trunc,
    "nearest": np.rint,
    "sqrt": np.sqrt,
}


def _extreme(which: Callable[[Any, Any], Any], negative_zero: bool) -> Callable[[Any, Any], Any]:
    """numpy leaves open which zero it gives."""

    def value(a: Any, b: Any) -> Any:
        if a == 0 == b:
            minus = (np.signbit(a), np.signbit(b))
            return type(a)(-0.0 if (any(minus) if negative_zero else all(minus)) else 0.0)
        return which(a, b)

    return value


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "fmod": np.fmod,
    "copysign": np.copysign,
    "min": _extreme(np.minimum, negative_zero=True),
    "max": _extreme(np.maximum, negative_zero=False),
}
COMPARE = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal}
COMPARE |= {"gt": np.greater, "ge": np.greater_equal}


def number(type_: str, raw: int) -> Any:
    width = 32 if type_.endswith("32") else 64
    return BITS[type_](raw & ((1 << width) - 1)).view(TYPE[type_])


def same(type_: str, found: int, expected: Any) -> bool:
    given = number(type_, found)
    if type_[0] == "f" and np.isnan(expected):
        return bool(np.isnan(given))
    return bool(given.view(BITS[type_]) == expected.view(BITS[type_]))


def value(name: str) -> Callable[..., int]:
    found = find(name).value
    assert found is not None
    return found


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    print("seed", SEED)
    return random.Random(f"{SEED} {request.node.name}")


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("type_", ["f32", "f64"])
def test_unary(name: str, type_: str, rng: random.Random) -> None:
    compute = value(f"{name}.{type_}")
    with np.errstate(all="ignore"):
        for _ in range(COUNT):
            a = bits(type_, rng)
            assert same(type_, compute(a), UNARY[name](number(type_, a))), hex(a)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("type_", ["f32", "f64"])
def test_binary(name: str, type_: str, rng: random.Random) -> None:
    compute = value(f"{name}.{type_}")
    with np.errstate(all="ignore"):
        for _ in range(COUNT):
            a, b = bits(type_, rng), bits(type_, rng)
            expected = BINARY[name](number(type_, a), number(type_, b))
            assert same(type_, compute(a, b), expected), (hex(a), hex(b))


@pytest.mark.parametrize("name", COMPARE)
@pytest.mark.parametrize("type_", ["f32", "f64"])
def test_compare(name: str, type_: str, rng: random.Random) -> None:
    compute = value(f"{name}.{type_}")
    for _ in range(COUNT):
        a, b = bits(type_, rng), bits(type_, rng)
        assert bool(compute(a, b)) == bool(COMPARE[name](number(type_, a), number(type_, b))), (a, b)


@pytest.mark.parametrize(("of", "to"), [*itertools.product(("i32", "i64"), ("f32", "f64"))])
@pytest.mark.parametrize("is_signed", [True, False])
def test_integers_to_floats(of: str, to: str, is_signed: bool, rng: random.Random) -> None:
    compute = value(f"{'' if is_signed else 'u_'}to_{to}.{of}")
    integer = TYPE[of] if is_signed else BITS[of]
    for _ in range(COUNT):
        a = bits(of, rng)
        assert same(to, compute(a), number(of, a).view(integer).astype(TYPE[to])), a


@pytest.mark.parametrize(("of", "to"), [("f32", "f64"), ("f64", "f32")])
def test_between_floats(of: str, to: str, rng: random.Random) -> None:
    compute = value(f"to_{to}.{of}")
    with np.errstate(all="ignore"):
        for _ in range(COUNT):
            a = bits(of, rng)
            assert same(to, compute(a), number(of, a).astype(TYPE[to])), hex(a)


@pytest.mark.parametrize("width", [32, 64])
@pytest.mark.parametrize("letter", ["i", "u"])
@pytest.mark.parametrize("of", ["f32", "f64"])
def test_floats_to_integers(of: str, letter: str, width: int, rng: random.Random) -> None:
    """numpy converts what fits; outside of the range its result is the machine's."""
    convert, fits = value(f"to_{letter}{width}.{of}"), value(f"fits_{letter}{width}.{of}")
    low, high = (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if letter == "i" else (0, 2**width - 1)
    kind = TYPE[f"i{width}"] if letter == "i" else BITS[f"i{width}"]
    for _ in range(COUNT):
        a = bits(of, rng) if rng.random() < 0.7 else value(f"to_{of}.i64")(long(rng))
        given = number(of, a)
        inside = bool(np.isfinite(given)) and low <= int(np.trunc(given)) <= high
        assert fits(a) == inside, hex(a)
        found = convert(a) & (2**width - 1)
        if inside:
            assert found == int(np.trunc(given).astype(kind)) & (2**width - 1), hex(a)
        else:
            expected = 0 if np.isnan(given) else high if given > 0 else low
            assert found == expected & (2**width - 1), hex(a)


@pytest.mark.parametrize("type_", ["f32", "f64"])
def test_bits(type_: str, rng: random.Random) -> None:
    integer = f"i{type_[1:]}"
    for _ in range(COUNT):
        a = bits(type_, rng)
        assert same(integer, value(f"bits.{type_}")(a), number(type_, a).view(TYPE[integer]))
        assert value(f"as_{type_}.{integer}")(value(f"bits.{type_}")(a)) == a
