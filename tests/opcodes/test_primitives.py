"""Primitive operations against oracles of their own: C's arithmetic by ctypes, exact fractions."""

from __future__ import annotations

import ctypes
import math
import operator
import random
import struct
from collections.abc import Callable
from fractions import Fraction

import pytest

from tblvm.opcodes.primitives import find, primitives
from tests.opcodes import test_numpy

EDGES = (0, 1, -1, 2, -2, 31, 32, 33, 63, 64, 65, 127, 128, -128, 255, 32767, -32768, 65535, 65536)
CTYPE: dict[int, Callable[[int], object]] = {32: ctypes.c_int32, 64: ctypes.c_int64}
UNSIGNED: dict[int, Callable[[int], object]] = {32: ctypes.c_uint32, 64: ctypes.c_uint64}
COUNT = 4000


def integers(bits: int, rng: random.Random) -> int:
    limit = 1 << (bits - 1)
    ends = (limit - 1, -limit, limit - 2, -limit + 1, 1 << 31, -(1 << 31), (1 << 31) - 1)
    choice = rng.random()
    if choice < 0.4:
        return rng.choice(EDGES)
    if choice < 0.6:
        return rng.choice([each for each in ends if -limit <= each < limit])
    return rng.randrange(-limit, limit)


def signed(bits: int, value: int) -> int:
    return int(CTYPE[bits](value).value)  # type: ignore[attr-defined]


def unsigned(bits: int, value: int) -> int:
    return int(UNSIGNED[bits](value).value)  # type: ignore[attr-defined]


def truncated(a: int, b: int) -> int:
    return math.trunc(Fraction(a, b))


INTEGER: dict[str, Callable[[int, int, int], int]] = {
    "add": lambda bits, a, b: signed(bits, a + b),
    "sub": lambda bits, a, b: signed(bits, a - b),
    "mul": lambda bits, a, b: signed(bits, a * b),
    "div": lambda bits, a, b: signed(bits, truncated(a, b)),
    "rem": lambda bits, a, b: (
        int(math.copysign(abs(a) % abs(b), a)) if bits == 32 else a - b * truncated(a, b)
    ),
    "and": lambda bits, a, b: signed(bits, unsigned(bits, a) & unsigned(bits, b)),
    "or": lambda bits, a, b: signed(bits, unsigned(bits, a) | unsigned(bits, b)),
    "xor": lambda bits, a, b: signed(bits, unsigned(bits, a) ^ unsigned(bits, b)),
    "shl": lambda bits, a, b: signed(bits, a * 2 ** (b % bits)),
    "shr_s": lambda bits, a, b: math.floor(Fraction(a, 2 ** (b % bits))),
    "shr_u": lambda bits, a, b: signed(bits, unsigned(bits, a) // 2 ** (b % bits)),
    # Two copies of the number, one behind the other: what a rotation gives stands in the middle.
    "rotl": lambda bits, a, b: signed(bits, unsigned(bits, a) * (2**bits + 1) >> (bits - b % bits)),
    "rotr": lambda bits, a, b: signed(bits, unsigned(bits, a) * (2**bits + 1) >> (b % bits)),
    "div_u": lambda bits, a, b: signed(bits, truncated(unsigned(bits, a), unsigned(bits, b))),
    "rem_u": lambda bits, a, b: signed(
        bits, unsigned(bits, a) - unsigned(bits, b) * truncated(unsigned(bits, a), unsigned(bits, b))
    ),
}


def _text(bits: int, a: int) -> str:
    return f"{unsigned(bits, a):0{bits}b}"


UNARY: dict[str, Callable[[int, int], int]] = {
    "clz": lambda bits, a: len(_text(bits, a).partition("1")[0]),
    "ctz": lambda bits, a: len(_text(bits, a).rpartition("1")[2]),
    "popcnt": lambda bits, a: sum(map(int, _text(bits, a))),
    "bswap": lambda bits, a: signed(
        bits, int("".join(reversed([_text(bits, a)[i : i + 8] for i in range(0, bits, 8)])), 2)
    ),
    "bitrev": lambda bits, a: signed(bits, int("".join(reversed(_text(bits, a))), 2)),
    "extend8": lambda bits, a: ctypes.c_int8(a).value,
    "extend16": lambda bits, a: ctypes.c_int16(a).value,
    "extend32": lambda bits, a: ctypes.c_int32(a).value,
}
OVERFLOWS = {"add": operator.add, "sub": operator.sub, "mul": operator.mul}
COMPARE = {each: getattr(operator, each) for each in ("eq", "ne", "lt", "le", "gt", "ge")}


def value(name: str) -> Callable[..., int]:
    found = find(name).value
    assert found is not None
    return found


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("name", UNARY)
def test_integer_bits(name: str, bits: int) -> None:
    if name == "extend32" and bits == 32:
        return
    rng, compute = random.Random(name), value(f"{name}.i{bits}")
    for a in [*EDGES, *(integers(bits, rng) for _ in range(COUNT))]:
        assert compute(a) == UNARY[name](bits, a), a


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("name", OVERFLOWS)
def test_overflow(name: str, bits: int) -> None:
    rng, compute = random.Random(name), value(f"{name}_overflows.i{bits}")
    for _ in range(COUNT):
        a, b = integers(bits, rng), integers(bits, rng)
        exact = OVERFLOWS[name](a, b)
        assert compute(a, b) == int(signed(bits, exact) != exact), (a, b)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("name", INTEGER)
def test_integer(name: str, bits: int) -> None:
    rng, compute = random.Random(name), value(f"{name}.i{bits}")
    for _ in range(COUNT):
        a, b = integers(bits, rng), integers(bits, rng)
        if b or name not in ("div", "rem", "div_u", "rem_u"):
            assert compute(a, b) == INTEGER[name](bits, a, b), (a, b)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("name", COMPARE)
def test_integer_comparisons(name: str, bits: int) -> None:
    rng, compute = random.Random(name), value(f"{name}.i{bits}")
    for _ in range(COUNT):
        a, b = integers(bits, rng), integers(bits, rng)
        assert compute(a, b) == int(COMPARE[name](a, b))
        if name not in ("eq", "ne"):
            expected = COMPARE[name](unsigned(bits, a), unsigned(bits, b))
            assert value(f"{name}_u.i{bits}")(a, b) == int(expected)


# --- floats: exact results, rounded once by hand -----------------------------------------------------------

FORMATS = {"f32": (24, -149, 127), "f64": (53, -1074, 1023)}


def rounded(type_: str, exact: Fraction) -> int:
    """The bits of *exact*, rounded to nearest even, by integer arithmetic. Not for zero."""
    precision, lowest, highest = FORMATS[type_]
    width = 32 if type_ == "f32" else 64
    sign = (1 << (width - 1)) if exact < 0 else 0
    size = abs(exact)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    if size < Fraction(2) ** exponent:
        exponent -= 1
    unit = max(exponent - precision + 1, lowest)
    mantissa = round(size / Fraction(2) ** unit)  # Python rounds halves to even
    if mantissa >= 1 << precision:
        mantissa, unit = mantissa >> 1, unit + 1
    if mantissa < 1 << (precision - 1):
        return sign | mantissa  # subnormal
    biased = unit - lowest + 1
    if unit + precision - 1 > highest:
        return sign | ((2 * highest + 1) << (precision - 1))
    return sign | (biased << (precision - 1)) | (mantissa - (1 << (precision - 1)))


def number(type_: str, bits: int) -> float:
    f, i = ("<f", "<I") if type_ == "f32" else ("<d", "<Q")
    return float(struct.unpack(f, struct.pack(i, bits))[0])


def floats(type_: str, rng: random.Random) -> int:
    precision, _, highest = FORMATS[type_]
    width, fraction = (32, 23) if type_ == "f32" else (64, 52)
    if rng.random() < 0.4:
        exponent = rng.choice((0, 1, highest - 1, highest, highest + 1, 2 * highest, 2 * highest + 1))
        mantissa = rng.choice((0, 1, (1 << fraction) - 1, 1 << (fraction - 1)))
        return rng.getrandbits(1) << (width - 1) | exponent << fraction | mantissa
    if rng.random() < 0.5:  # of like size, so that sums cancel and round
        exponent = highest + rng.randrange(-3, precision + 3)
        return rng.getrandbits(1) << (width - 1) | exponent << fraction | rng.getrandbits(fraction)
    return rng.getrandbits(width)


@pytest.mark.parametrize("type_", ["f32", "f64"])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div"])
def test_float_arithmetic_is_rounded_once(name: str, type_: str) -> None:
    rng, compute = random.Random(name + type_), value(f"{name}.{type_}")
    exact_operator = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv}
    compared = 0
    for _ in range(COUNT):
        a, b = floats(type_, rng), floats(type_, rng)
        x, y = number(type_, a), number(type_, b)
        result = compute(a, b)
        if not math.isfinite(x) or not math.isfinite(y) or (name == "div" and y == 0):
            continue
        exact = exact_operator[name](Fraction(x), Fraction(y))
        if exact:
            assert result == rounded(type_, exact), (hex(a), hex(b))
            compared += 1
        else:
            assert number(type_, result) == 0
    assert compared > COUNT // 2


@pytest.mark.parametrize("type_", ["f32", "f64"])
def test_float_arithmetic_at_its_ends(type_: str) -> None:
    def bits(text: float) -> int:
        f, i = ("<f", "<I") if type_ == "f32" else ("<d", "<Q")
        return int(struct.unpack(i, struct.pack(f, text))[0])

    inf, nan = math.inf, math.nan
    cases = [
        ("add", inf, -inf, nan), ("add", inf, 1.0, inf), ("add", 0.0, -0.0, 0.0), ("add", -0.0, -0.0, -0.0),
        ("sub", inf, inf, nan), ("sub", 0.0, 0.0, 0.0), ("sub", -0.0, 0.0, -0.0), ("sub", 1.0, nan, nan),
        ("mul", inf, 0.0, nan), ("mul", -1.0, 0.0, -0.0), ("mul", -2.0, inf, -inf), ("mul", nan, 0.0, nan),
        ("div", 0.0, 0.0, nan), ("div", -0.0, 0.0, nan), ("div", 1.0, 0.0, inf), ("div", 1.0, -0.0, -inf),
        ("div", -1.0, 0.0, -inf), ("div", inf, 0.0, inf), ("div", inf, inf, nan), ("div", nan, 0.0, nan),
        ("div", 0.0, nan, nan), ("div", 1.0, inf, 0.0), ("div", -1.0, inf, -0.0), ("div", -inf, -0.0, inf),
    ]  # fmt: skip
    for name, a, b, expected in cases:
        result = value(f"{name}.{type_}")(bits(a), bits(b))
        if math.isnan(expected):
            assert math.isnan(number(type_, result)), (name, a, b)
        else:
            assert result == bits(expected), (name, a, b)


@pytest.mark.parametrize("type_", ["f32", "f64"])
@pytest.mark.parametrize("name", COMPARE)
def test_float_comparisons(name: str, type_: str) -> None:
    rng, compute = random.Random(name), value(f"{name}.{type_}")
    for _ in range(COUNT):
        a, b = floats(type_, rng), floats(type_, rng)
        b = rng.choice((a, b, a ^ 1))
        x, y = number(type_, a), number(type_, b)
        if math.isnan(x) or math.isnan(y):
            expected = name == "ne"
        elif math.isinf(x) or math.isinf(y):
            expected = COMPARE[name](x, y)
        else:
            expected = COMPARE[name](Fraction(x), Fraction(y))
        assert compute(a, b) == int(expected)


@pytest.mark.parametrize("type_", ["f32", "f64"])
def test_conversions(type_: str) -> None:
    rng = random.Random(type_)
    for _ in range(COUNT):
        a = integers(32, rng)
        converted = value(f"to_{type_}.i32")(a)
        assert converted == (rounded(type_, Fraction(a)) if a else 0)
        bits = rng.choice((floats(type_, rng), converted, converted ^ 1))
        x = number(type_, bits)
        if math.isnan(x):
            expected = 0
        elif math.isinf(x):
            expected = 2**31 - 1 if x > 0 else -(2**31)
        else:
            expected = min(2**31 - 1, max(-(2**31), math.trunc(Fraction(x))))
        assert value(f"to_i32.{type_}")(bits) == expected
        wide = integers(64, rng)
        assert value("wrap.i64")(wide) == signed(32, wide)
        assert value("extend_s.i32")(a) == a and value("extend_u.i32")(a) == unsigned(32, a)


def test_truth_and_selection() -> None:
    for a in (0, 1):
        assert value("not.i1")(a) == int(not a) and value("to_i32.i1")(a) == a
        for b in (0, 1):
            assert value("and.i1")(a, b) == int(bool(a and b)) and value("or.i1")(a, b) == int(bool(a or b))
            assert value("eq.ref")(a, b) == int(a == b) and value("ne.ref")(a, b) == int(a != b)
            assert value("eq.fn")(a, b) == int(a == b) and value("index.fn")(value("function.i32")(b)) == b
        for bits in (32, 64):
            assert value(f"select.i{bits}")(a, 7, -9) == (7 if a else -9)


def test_no_primitive_is_left_out() -> None:
    """Every pure operation with a meaning over numbers is checked above."""
    families = {
        *INTEGER,
        *UNARY,
        *COMPARE,
        *(f"{name}_u" for name in ("lt", "le", "gt", "ge")),
        *(f"{name}_overflows" for name in OVERFLOWS),
        *(*test_numpy.UNARY, *test_numpy.BINARY, "bits", "as_f32", "as_f64"),
        *(f"{which}_{to}" for which in ("to", "fits") for to in ("i32", "u32", "i64", "u64")),
        *(f"{sign}to_{to}" for sign in ("", "u_") for to in ("f32", "f64")),
        *("select", "not", "wrap", "extend_s", "extend_u", "function", "index"),
    }
    named = {name.split(".")[0] for name, each in primitives().items() if each.value is not None}
    assert named == families
    for each in primitives().values():
        assert (each.value is not None) == bool(each.c), each.name
