"""Integer arithmetic: two's complement, wrapping, the count of a shift taken modulo the width (Java's)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .primitive import Primitive, define


def wrap(value: int, bits: int) -> int:
    """*value* modulo 2**bits, as a signed number."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _truncated(a: int, b: int) -> int:
    """The quotient rounded toward zero; Python's own division rounds down."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _define(bits: int) -> None:
    t = f"i{bits}"
    u, s = f"u{bits}", f"s{bits}"
    mask = (1 << bits) - 1
    wraps, counted = f"  (mod 2^{bits})", f"  (count mod {bits})"

    def binary(name: str, value: Callable[[int, int], int], c: str, notation: str) -> None:
        define(
            Primitive(f"{name}.{t}", (t, t), t, lambda a, b: wrap(value(a, b), bits), c, notation=notation)
        )

    binary("add", lambda a, b: a + b, "{0} + {1}", "{0} + {1}" + wraps)
    binary("sub", lambda a, b: a - b, "{0} - {1}", "{0} - {1}" + wraps)
    # Narrow operands of * would promote to int; 32 and 64 bits do not.
    binary("mul", lambda a, b: a * b, "{0} * {1}", "{0} × {1}" + wraps)
    # The divisor is not zero: the opcode traps first. MIN / -1 wraps, MIN % -1 is 0.
    binary(
        "div",
        _truncated,
        f"({{1}} == ({u})-1 ? ({u})0 - {{0}} : ({u})(({s}){{0}} / ({s}){{1}}))",
        "trunc({0} / {1})" + wraps,
    )
    binary(
        "rem",
        lambda a, b: a - b * _truncated(a, b),
        f"({{1}} == ({u})-1 ? ({u})0 : ({u})(({s}){{0}} % ({s}){{1}}))",
        "{0} - {1} × trunc({0} / {1})",
    )
    binary("and", lambda a, b: a & b, "{0} & {1}", "{0} & {1}")
    binary("or", lambda a, b: a | b, "{0} | {1}", "{0} | {1}")
    binary("xor", lambda a, b: a ^ b, "{0} ^ {1}", "{0} ⊕ {1}")
    count = f"({{1}} & {bits - 1})"
    binary("shl", lambda a, b: a << (b & (bits - 1)), f"{{0}} << {count}", "{0} << {1}" + wraps + counted)
    binary(
        "shr_s", lambda a, b: a >> (b & (bits - 1)), f"({u})(({s}){{0}} >> {count})", "{0} >> {1}" + counted
    )
    binary(
        "shr_u",
        lambda a, b: (a & mask) >> (b & (bits - 1)),
        f"{{0}} >> {count}",
        "{0} >>> {1}" + wraps + counted,
    )
    binary(
        "rotl",
        lambda a, b: _rotated(a & mask, b & (bits - 1), bits),
        f"tb_rotl_{t}({{0}}, {{1}})",
        "rotl({0}, {1})" + counted,
    )
    binary(
        "rotr",
        lambda a, b: _rotated(a & mask, -b & (bits - 1), bits),
        f"tb_rotl_{t}({{0}}, 0u - {{1}})",
        "rotr({0}, {1})" + counted,
    )
    # The divisor is not zero here either.
    binary(
        "div_u",
        lambda a, b: (a & mask) // (b & mask),
        "{0} / {1}",
        "trunc(unsigned({0}) / unsigned({1}))" + wraps,
    )
    binary(
        "rem_u", lambda a, b: (a & mask) % (b & mask), "{0} % {1}", "unsigned({0}) mod unsigned({1})" + wraps
    )

    def unary(name: str, value: Callable[[int], int], c: str, notation: str = "") -> None:
        define(
            Primitive(
                f"{name}.{t}",
                (t,),
                t,
                lambda a: wrap(value(a & mask), bits),
                c,
                notation=notation or f"{name}({{0}})",
            )
        )

    unary("clz", lambda a: bits - a.bit_length(), f"tb_clz_{t}({{0}})")
    unary("ctz", lambda a: ((a & -a).bit_length() - 1) % (bits + 1), f"tb_ctz_{t}({{0}})")
    unary("popcnt", lambda a: bin(a).count("1"), f"tb_popcnt_{t}({{0}})")
    unary("bswap", lambda a: int.from_bytes(a.to_bytes(bits // 8, "little"), "big"), f"tb_bswap_{t}({{0}})")
    unary("bitrev", lambda a: int(f"{a:0{bits}b}"[::-1], 2), f"tb_bitrev_{t}({{0}})")
    for width in (8, 16, 32):
        if width < bits:
            unary(
                f"extend{width}", partial(wrap, bits=width), f"({u})({s})(s{width}){{0}}", f"i{width}({{0}})"
            )

    def overflow(name: str, sign: str, value: Callable[[int, int], int]) -> None:
        define(
            Primitive(
                f"{name}_overflows.{t}",
                (t, t),
                "i1",
                lambda a, b: int(wrap(value(a, b), bits) != value(a, b)),
                f"tb_{name}_overflows_{t}({{0}}, {{1}})",
                notation=f"{{0}} {sign} {{1}} is no {t}",
            )
        )

    overflow("add", "+", lambda a, b: a + b)
    overflow("sub", "-", lambda a, b: a - b)
    overflow("mul", "×", lambda a, b: a * b)


def _rotated(a: int, count: int, bits: int) -> int:
    return a << count | a >> (bits - count)


_define(32)
_define(64)
