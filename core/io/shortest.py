"""The text of a floating-point number as Java has it (Double.toString since JDK 19), the exact way.

This is the reference: plain search with exact fractions, unlike the digit generation of shortest.c.
"""

from __future__ import annotations

from fractions import Fraction

F32 = (8, 23)
F64 = (11, 52)


def text(bits: int, exponent_bits: int, fraction_bits: int) -> str:
    """The number with these bits: sign, exponent, fraction. F32 and F64 have the widths."""
    sign = "-" if bits >> (exponent_bits + fraction_bits) else ""
    field = bits >> fraction_bits & ((1 << exponent_bits) - 1)
    fraction = bits & ((1 << fraction_bits) - 1)
    if field == (1 << exponent_bits) - 1:
        return "NaN" if fraction else sign + "Infinity"
    if not field and not fraction:
        return sign + "0.0"
    mantissa = fraction | (1 << fraction_bits if field else 0)
    exponent = max(field, 1) - (1 << (exponent_bits - 1)) + 2 - 1 - fraction_bits
    closer_below = field > 1 and not fraction  # the number is a power of 2: its lower neighbour is closer
    return sign + layout(*shortest(mantissa, exponent, closer_below))


def shortest(mantissa: int, exponent: int, closer_below: bool) -> tuple[int, int]:
    """(c, p), where c * 10**p is the shortest decimal that rounds to mantissa * 2**exponent.

    Shortest means fewest digits, but 2 at least; of those the closest, of two equally close ones the one
    with even c. Decimals halfway between two numbers round to the one with even mantissa.
    """
    unit = Fraction(2) ** exponent
    value = mantissa * unit
    low = value - unit / (4 if closer_below else 2)
    high = value + unit / 2
    even = mantissa % 2 == 0
    leading = len(str(int(value))) - 1 if value >= 1 else -len(str(int(1 / value)))
    power = leading + (value >= Fraction(10) ** (leading + 1))  # value < 10 ** (power + 1), power is tight
    while True:
        power -= 1
        scale = Fraction(10) ** power
        below = int(value / scale)
        fitting = [
            c for c in (below, below + 1) if low < c * scale < high or (even and c * scale in (low, high))
        ]
        if fitting:
            return min(fitting, key=lambda c: (abs(c * scale - value), c % 2)), power


def layout(c: int, power: int) -> str:
    """c * 10**power: plain from 0.001 to below 10 million, else with an exponent; always a point."""
    while c % 10 == 0:
        c //= 10
        power += 1
    digits = str(c)
    leading = power + len(digits) - 1
    if not -3 <= leading < 7:
        return f"{digits[0]}.{digits[1:] or '0'}E{leading}"
    if leading < 0:
        return "0." + "0" * (-leading - 1) + digits
    digits = digits.ljust(leading + 1, "0")
    return f"{digits[: leading + 1]}.{digits[leading + 1 :] or '0'}"
