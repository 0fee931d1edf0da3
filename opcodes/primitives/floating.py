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


def _define(t: str) -> None:
    def binary(name: str, value: Callable[[float, float], float], c: str) -> None:
        define(
            Primitive(f"{name}.{t}", (t, t), t, lambda a, b: encode(t, value(decode(t, a), decode(t, b))), c)
        )

    binary("add", lambda a, b: a + b, "{0} + {1}")
    binary("sub", lambda a, b: a - b, "{0} - {1}")
    binary("mul", lambda a, b: a * b, "{0} * {1}")
    binary("div", _divide, "{0} / {1}")


_define("f32")
_define("f64")
