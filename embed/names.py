"""Names of exports as texts of C, which end with a zero: one in a name is two bytes that are no UTF-8."""

from __future__ import annotations

_ZERO = b"\xc0\x80"


def encoded(name: str) -> bytes:
    """*name* for C, without the zero at the end. Halves of surrogate pairs may be in it: no name has one."""
    return name.encode("utf-8", "surrogatepass").replace(b"\0", _ZERO)


def decoded(text: bytes) -> str:
    """The name that C has as *text*."""
    return text.replace(_ZERO, b"\0").decode("utf-8", "replace")
