"""IEEE 754 arithmetic, rounding to nearest even.

A concrete float is the integer of its bits, so that a move keeps the payload of a NaN. Python computes
in binary64; a binary32 sum, difference, product or quotient rounded twice is the one rounded once,
because 53 >= 2 * 24 + 2 (S. Figueroa, "When is double rounding innocuous?", 1995).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

from .primitive import Primitive, define

_FORMAT = {"f32": ("<f", "<I"), "f64": ("<d", "<Q")}
CANONICAL_NAN = {"f32": 0x7FC00000, "f64": 0x7FF8000000000000}


def decode(type_: str, bits: int) -> float:
    """The number that *bits* stand for."""
    f, i = _FORMAT[type_]
    return float(struct.unpack(f, struct.pack(i, bits))[0])


def encode(type_: str, number: float) -> int:
    """The bits of *number*, rounded to the type; a NaN gets the canonical bits."""
    if math.isnan(number):
        return CANONICAL_NAN[type_]
    f, i = _FORMAT[type_]
    try:
        packed = struct.pack(f, number)
    except OverflowError:  # too large for binary32 after rounding: infinity
        packed = struct.pack(f, math.copysign(math.inf, number))
    return int(struct.unpack(i, packed)[0])


def _divide(a: float, b: float) -> float:
    if b != 0 or math.isnan(a):
        return a / b if b != 0 else math.nan
    return math.nan if a == 0 else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _remainder(a: float, b: float) -> float:
    return math.nan if math.isinf(a) or b == 0 else math.fmod(a, b)


def _rounded(rounding: Callable[[float], int]) -> Callable[[float], float]:
    """*rounding* for every number: infinities, NaN and the sign of zero stay."""

    def value(a: float) -> float:
        return a if not math.isfinite(a) else math.copysign(float(rounding(a)), a)

    return value


def _extreme(choose: Callable[[float, float], float], a: float, b: float) -> float:
    if math.isnan(a) or math.isnan(b):
        return math.nan
    if a == b:  # zeros of both signs: min takes -0, max +0
        return choose(math.copysign(1.0, a), math.copysign(1.0, b)) * abs(a)
    return choose(a, b)


def _define(t: str) -> None:
    sign = 1 << (31 if t == "f32" else 63)
    nan = f"TB_NAN_{t.upper()}"  # what makes a NaN gives it by this macro, which can canonicalize it

    rounds = f"  (rounded to {t})"

    def binary(name: str, value: Callable[[float, float], float], c: str, notation: str = "") -> None:
        define(
            Primitive(
                f"{name}.{t}",
                (t, t),
                t,
                lambda a, b: encode(t, value(decode(t, a), decode(t, b))),
                f"{nan}({c})",
                notation=notation or f"{name}({{0}}, {{1}})",
            )
        )

    binary("add", lambda a, b: a + b, "{0} + {1}", "{0} + {1}" + rounds)
    binary("sub", lambda a, b: a - b, "{0} - {1}", "{0} - {1}" + rounds)
    binary("mul", lambda a, b: a * b, "{0} * {1}", "{0} × {1}" + rounds)
    binary("div", _divide, "{0} / {1}", "{0} / {1}" + rounds)
    suffix = "f" if t == "f32" else ""
    binary("fmod", _remainder, f"fmod{suffix}({{0}}, {{1}})")
    binary("min", lambda a, b: _extreme(min, a, b), f"tb_min_{t}({{0}}, {{1}})")
    binary("max", lambda a, b: _extreme(max, a, b), f"tb_max_{t}({{0}}, {{1}})")

    def unary(name: str, value: Callable[[float], float], c: str, remark: str = "") -> None:
        define(
            Primitive(
                f"{name}.{t}",
                (t,),
                t,
                lambda a: encode(t, value(decode(t, a))),
                f"{nan}({c})",
                notation=f"{name}({{0}})" + remark,
            )
        )

    unary("ceil", _rounded(math.ceil), f"__builtin_ceil{suffix}({{0}})")
    unary("floor", _rounded(math.floor), f"__builtin_floor{suffix}({{0}})")
    unary("trunc", _rounded(math.trunc), f"__builtin_trunc{suffix}({{0}})")
    unary("nearest", _rounded(round), f"__builtin_rint{suffix}({{0}})")
    # A binary32 root rounded twice is the one rounded once, as above.
    unary("sqrt", lambda a: math.nan if a < 0 else math.sqrt(a), f"__builtin_sqrt{suffix}({{0}})", rounds)

    # These keep every bit but the sign, of NaNs too.
    u, to, of = ("u32", "tb_f32_bits", "tb_bits_f32") if t == "f32" else ("u64", "tb_f64_bits", "tb_bits_f64")
    top = f"(({u})1 << {sign.bit_length() - 1})"
    define(Primitive(f"neg.{t}", (t,), t, lambda a: a ^ sign, f"{to}({of}({{0}}) ^ {top})", notation="-{0}"))
    define(
        Primitive(
            f"abs.{t}", (t,), t, lambda a: a & (sign - 1), f"{to}({of}({{0}}) & ~{top})", notation="abs({0})"
        )
    )
    define(
        Primitive(
            f"copysign.{t}",
            (t, t),
            t,
            lambda a, b: (a & (sign - 1)) | (b & sign),
            f"{to}(({of}({{0}}) & ~{top}) | ({of}({{1}}) & {top}))",
            notation="copysign({0}, {1})",
        )
    )


_define("f32")
_define("f64")
