"""Names of untrusted modules on their way to a terminal."""

from __future__ import annotations

import json
import re

# Code points that control a terminal or cannot be seen: Unicode's Cc, Cf, Co, Zl, Zp, Zs but the space, and
# the rest of the blocks that they are in. A list of our own: what str.isprintable says changes with Python.
HIDDEN = (
    (0x0, 0x1F),
    (0x7F, 0xA0),
    (0xAD, 0xAD),
    (0x600, 0x605),
    (0x61C, 0x61C),
    (0x6DD, 0x6DD),
    (0x70F, 0x70F),
    (0x890, 0x891),
    (0x8E2, 0x8E2),
    (0x1680, 0x1680),
    (0x180E, 0x180E),
    (0x2000, 0x200F),
    (0x2028, 0x202F),
    (0x205F, 0x206F),
    (0x3000, 0x3000),
    (0xD800, 0xF8FF),
    (0xFEFF, 0xFEFF),
    (0xFFF0, 0xFFFB),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0x10FFFF),
)
_HIDDEN = re.compile("[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in HIDDEN) + "]")


def printable_lines(text: str) -> str:
    """*text* of several lines for a terminal."""
    return "\n".join(printable(line.expandtabs()).decode() for line in text.split("\n"))


def escaped_json(text: str) -> str:
    """JSON *text* with what could control a terminal as JSON writes it in ASCII."""
    return _HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1] if found[0] != "\n" else "\n", text)


def printable(name: str) -> bytes:
    """*name* for a terminal: what could control it becomes a question mark."""
    return _HIDDEN.sub("?", name).encode()
