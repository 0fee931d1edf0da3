"""Conversions between types. A float becomes an integer by truncation; saturating, NaN gives 0 (Java's)."""

from __future__ import annotations

import math

from .floating import decode, encode
from .integer import wrap
from .primitive import Primitive, define

define(Primitive("extend_s.i32", ("i32",), "i64", lambda a: a, "(u64)(s64)(s32){0}"))
define(Primitive("extend_u.i32", ("i32",), "i64", lambda a: a & 0xFFFFFFFF, "(u64){0}"))
define(Primitive("wrap.i64", ("i64",), "i32", lambda a: wrap(a, 32), "(u32){0}"))
define(Primitive("to_i32.i1", ("i1",), "i32", lambda a: a, "{0}"))


def _saturate(type_: str, bits: int, width: int) -> int:
    number = decode(type_, bits)
    if math.isnan(number):
        return 0
    low, high = -(1 << (width - 1)), (1 << (width - 1)) - 1
    if math.isinf(number):
        return high if number > 0 else low
    return max(low, min(high, math.trunc(number)))


for _t in ("f32", "f64"):
    _suffix = "f" if _t == "f32" else ""
    define(
        Primitive(
            f"from_i32.{_t}",
            ("i32",),
            _t,
            # Exact in binary64, so that one rounding remains.
            lambda a, t=_t: encode(t, float(a)),
            f"({'float' if _t == 'f32' else 'double'})(s32){{0}}",
        )
    )
    define(
        Primitive(
            f"to_i32.{_t}",
            (_t,),
            "i32",
            lambda a, t=_t: _saturate(t, a, 32),
            f"({{0}} >= 2147483648.0{_suffix} ? 0x7fffffffu"
            f" : {{0}} > -2147483648.0{_suffix} ? (u32)(s32){{0}}"
            f" : {{0}} <= -2147483648.0{_suffix} ? 0x80000000u : 0u)",
        )
    )
