"""Names on their way to a terminal."""

from __future__ import annotations

import unicodedata

from tblvm.core.printable import printable

# What controls a terminal, breaks lines, changes the direction of text or cannot be seen.
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Zs")


def test_what_unicode_calls_control_is_hidden() -> None:
    for code in range(0x110000):
        category = unicodedata.category(chr(code))
        if code != 0x20 and category in HIDDEN:
            assert printable(chr(code)) == b"?", hex(code)
        elif category[0] in "LNPS":  # letters, numbers, punctuation, symbols
            assert printable(chr(code)) == chr(code).encode(), hex(code)


def test_names_stay() -> None:
    assert printable("main") == b"main"
    assert printable("für $1") == "für $1".encode()
    assert printable("a\x1b[31m\u202eb") == b"a?[31m?b"
