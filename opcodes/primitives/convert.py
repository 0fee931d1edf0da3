"""Conversions between types. A float becomes an integer by truncation; saturating, NaN gives 0 (Java's)."""

from __future__ import annotations

import math

from .floating import decode, encode
from .integer import wrap
from .primitive import Primitive, define

define(Primitive("extend_s.i32", ("i32",), "i64", lambda a: a, "(u64)(s64)(s32){0}", notation="{0}"))
define(
    Primitive("extend_u.i32", ("i32",), "i64", lambda a: a & 0xFFFFFFFF, "(u64){0}", notation="unsigned({0})")
)
define(Primitive("wrap.i64", ("i64",), "i32", lambda a: wrap(a, 32), "(u32){0}", notation="{0}  (mod 2^32)"))
define(Primitive("function.i32", ("i32",), "fn", lambda a: a + 1, "{0} + 1u", notation="function({0})"))
define(Primitive("index.fn", ("fn",), "i32", lambda a: a - 1, "{0} - 1u", notation="index({0})"))
define(Primitive("to_i32.i1", ("i1",), "i32", lambda a: a, "{0}", notation="1 if {0} else 0"))

# Reinterpretations keep all bits; a concrete float is its bits already, but unsigned.
define(
    Primitive("bits.f32", ("f32",), "i32", lambda a: wrap(a, 32), "tb_bits_f32({0})", notation="bits({0})")
)
define(
    Primitive("bits.f64", ("f64",), "i64", lambda a: wrap(a, 64), "tb_bits_f64({0})", notation="bits({0})")
)
define(
    Primitive(
        "as_f32.i32",
        ("i32",),
        "f32",
        lambda a: a & 0xFFFFFFFF,
        "tb_f32_bits({0})",
        notation="f32_of_bits({0})",
    )
)
define(
    Primitive(
        "as_f64.i64",
        ("i64",),
        "f64",
        lambda a: a & 0xFFFFFFFFFFFFFFFF,
        "tb_f64_bits({0})",
        notation="f64_of_bits({0})",
    )
)


def _range(width: int, is_signed: bool) -> tuple[int, int]:
    return (-(1 << (width - 1)), (1 << (width - 1)) - 1) if is_signed else (0, (1 << width) - 1)


def _saturate(type_: str, bits: int, low: int, high: int) -> int:
    number = decode(type_, bits)
    if math.isnan(number):
        return 0
    if math.isinf(number):
        return high if number > 0 else low
    return max(low, min(high, math.trunc(number)))


def _fits(type_: str, bits: int, low: int, high: int) -> int:
    number = decode(type_, bits)
    return int(math.isfinite(number) and low <= math.trunc(number) <= high)


def _nearest(type_: str, number: int) -> int:
    """The bits of the float nearest to *number*, rounded once."""
    # binary64 keeps 53 bits: what is cut off before leaves a trace in the last one (rounding to odd).
    cut = max(0, abs(number).bit_length() - (60 if type_ == "f64" else 50))
    kept = abs(number) >> cut | int(abs(number) & ((1 << cut) - 1) != 0)
    # Python rounds an integer to binary64 once; below 2**53, for binary32, it is exact.
    return encode(type_, math.copysign(math.ldexp(float(kept), cut), number))


def _define(t: str, width: int, is_signed: bool) -> None:
    """Between float type *t* and integers of *width* bits."""
    suffix, c = ("f", "float") if t == "f32" else ("", "double")
    low, high = _range(width, is_signed)
    i, u, s, letter = f"i{width}", f"u{width}", f"s{width}", "i" if is_signed else "u"
    end = f"{float(high + 1)!r}{suffix}"
    start = f"{float(low)!r}{suffix}"
    # Between the ends the conversion is defined; a NaN is on no side. What is above -1 becomes unsigned 0.
    if is_signed:
        inside = f"{{0}} > {start} ? ({u})({s}){{0}} : {{0}} <= {start} ? ({u})1 << {width - 1} : 0"
    else:
        inside = f"{{0}} > -1.0{suffix} ? ({u}){{0}} : 0"
    largest = f"({u})-1 >> {int(is_signed)}"
    define(
        Primitive(
            f"to_{letter}{width}.{t}",
            (t,),
            i,
            lambda a: wrap(_saturate(t, a, low, high), width),
            f"({{0}} >= {end} ? {largest} : {inside})",
            notation=f"trunc({{0}})  (saturating to {letter}{width}, NaN gives 0)",
        )
    )
    # The first number below the range: low - 1 where the type has it, else the one next to low.
    exact = float(low - 1) == low - 1 and decode(t, encode(t, float(low - 1))) == low - 1
    above = f"{{0}} > {float(low - 1)!r}{suffix}" if exact else f"{{0}} >= {start}"
    define(
        Primitive(
            f"fits_{letter}{width}.{t}",
            (t,),
            "i1",
            lambda a: _fits(t, a, low, high),
            f"({above} && {{0}} < {end})",
            notation=f"trunc({{0}}) is {'an' if is_signed else 'a'} {letter}{width}",
        )
    )
    define(
        Primitive(
            f"{'' if is_signed else 'u_'}to_{t}.{i}",
            (i,),
            t,
            lambda a: _nearest(t, a if is_signed else a & ((1 << width) - 1)),
            f"({c})({s if is_signed else u}){{0}}",
            notation=("{0}" if is_signed else "unsigned({0})") + f"  (rounded to {t})",
        )
    )


for _t in ("f32", "f64"):
    for _width in (32, 64):
        for _signed in (True, False):
            _define(_t, _width, _signed)

define(
    Primitive(
        "to_f32.f64",
        ("f64",),
        "f32",
        lambda a: encode("f32", decode("f64", a)),
        "TB_NAN_F32((float){0})",
        notation="{0}  (rounded to f32)",
    )
)
define(
    Primitive(
        "to_f64.f32",
        ("f32",),
        "f64",
        lambda a: encode("f64", decode("f32", a)),
        "TB_NAN_F64((double){0})",
        notation="{0}",
    )
)
