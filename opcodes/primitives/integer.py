"""Integer arithmetic: two's complement, wrapping, the count of a shift taken modulo the width (Java's)."""

from __future__ import annotations

from collections.abc import Callable

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

    def binary(name: str, value: Callable[[int, int], int], c: str) -> None:
        define(Primitive(f"{name}.{t}", (t, t), t, lambda a, b: wrap(value(a, b), bits), c))

    binary("add", lambda a, b: a + b, "{0} + {1}")
    binary("sub", lambda a, b: a - b, "{0} - {1}")
    # Narrow operands of * would promote to int; 32 and 64 bits do not.
    binary("mul", lambda a, b: a * b, "{0} * {1}")
    # The divisor is not zero: the opcode traps first. MIN / -1 wraps, MIN % -1 is 0.
    binary("div", _truncated, f"({{1}} == ({u})-1 ? ({u})0 - {{0}} : ({u})(({s}){{0}} / ({s}){{1}}))")
    binary(
        "rem",
        lambda a, b: a - b * _truncated(a, b),
        f"({{1}} == ({u})-1 ? ({u})0 : ({u})(({s}){{0}} % ({s}){{1}}))",
    )
    binary("and", lambda a, b: a & b, "{0} & {1}")
    binary("or", lambda a, b: a | b, "{0} | {1}")
    binary("xor", lambda a, b: a ^ b, "{0} ^ {1}")
    binary("shl", lambda a, b: a << (b & (bits - 1)), f"{{0}} << ({{1}} & {bits - 1})")
    binary("shr_s", lambda a, b: a >> (b & (bits - 1)), f"({u})(({s}){{0}} >> ({{1}} & {bits - 1}))")
    binary("shr_u", lambda a, b: (a & mask) >> (b & (bits - 1)), f"{{0}} >> ({{1}} & {bits - 1})")
    define(
        Primitive(f"select.{t}", ("i1", t, t), t, lambda c, a, b: a if c else b, "({0} ? {1} : {2})"),
    )


_define(32)
_define(64)
