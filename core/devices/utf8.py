"""UTF-8 that need not be well-formed as UTF-16, the way Java's `new String(bytes, UTF_8)` reads it."""

from __future__ import annotations

_REPLACEMENT = 0xFFFD


def units(text: bytes) -> list[int]:
    """The UTF-16 units of *text*. What cannot begin or go on a character becomes U+FFFD: one for the bytes
    up to there that could have been one (Unicode 15, 3.9, U+FFFD substitution of maximal subparts). Only
    three bytes that would encode a surrogate become a single one, as they do in Java."""
    found: list[int] = []
    at = 0
    while at < len(text):
        size = _length(text, at)
        whole = text[at : at + size]
        at += size
        try:
            scalar = ord(whole.decode("utf-8"))
        except UnicodeDecodeError:
            scalar = _REPLACEMENT
        if scalar < 0x10000:
            found.append(scalar)
        else:
            found += (0xD800 + (scalar - 0x10000 >> 10), 0xDC00 + (scalar & 0x3FF))
    return found


def _length(text: bytes, at: int) -> int:
    """How many bytes from *at* on are a character, or could have been its beginning."""
    lead = text[at]
    if not 0xC2 <= lead <= 0xF4:
        return 1
    wanted = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    low = {0xE0: 0xA0, 0xF0: 0x90}.get(lead, 0x80)
    high = {0xF4: 0x8F}.get(lead, 0xBF)
    size = 1
    for byte in text[at + 1 : at + wanted]:
        if not low <= byte <= high:
            break
        low, high = 0x80, 0xBF
        size += 1
    return size
