"""Numbers with units, as people write them: on command lines, in files, and for `tblvm.load`."""

from __future__ import annotations

from .errors import UsageError

_SUFFIXES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_DURATIONS = {"ms": 1, "s": 1000, "m": 60000, "": 1000}
_MAX_DIGITS = 20


def read_value(text: str, kind: str) -> int | str:
    """An option's value: `size` and `number` take K, M and G (powers of 1024) and forms such as 1e9,
    `duration` ms, s and m and gives milliseconds, `text` anything that can be shown. Raises UsageError."""
    from decimal import Decimal, InvalidOperation
    from fractions import Fraction

    if kind == "text":
        if not text.isprintable():
            raise UsageError(f"{text!r} has characters that cannot be shown")
        return text
    number = text.strip().lower()
    if kind == "flag":
        known = {"1": 1, "on": 1, "true": 1, "yes": 1, "0": 0, "off": 0, "false": 0, "no": 0}
        if number in known:
            return known[number]
        raise UsageError(f"{text!r} is neither on nor off")
    units = _DURATIONS if kind == "duration" else _SUFFIXES
    for unit in sorted(units, key=len, reverse=True):
        if unit and number.endswith(unit):
            number, factor = number[: -len(unit)], units[unit]
            break
    else:
        factor = units[""]
    try:
        value = Decimal(number)
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite():
        known_units = ", ".join(unit for unit in units if unit)
        raise UsageError(f"{text!r} is no {kind}: write a number, with {known_units} behind it")
    # Exact: 0.029s are 29 milliseconds. What no option can be is not even multiplied out.
    exact = Fraction(value) * factor if -_MAX_DIGITS < value.adjusted() < _MAX_DIGITS else Fraction(-1)
    if exact < 0 or exact.denominator != 1:
        raise UsageError(f"{text!r} is no {kind}: it must be whole, not negative, and below 1e{_MAX_DIGITS}")
    return int(exact)


def quantity(name: str, value: object, kind: str) -> int:
    """What a person has given as *name*: a whole number, or its text as `read_value` takes it; a time in
    milliseconds. Raises UsageError, which names it."""
    if isinstance(value, str):
        try:
            return int(read_value(value, kind))
        except UsageError as error:
            raise UsageError(f"{name}: {error}") from None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or not 0 <= value < 1 << 63:
        raise UsageError(f"{name} is a whole number from 0 to 2**63 - 1, not {value!r}")
    return value
