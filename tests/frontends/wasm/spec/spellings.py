"""Scripts of 2018 in today's spelling: one table of words, and what became of assertions about NaNs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

RENAMED = {
    "get_local": "local.get",
    "set_local": "local.set",
    "tee_local": "local.tee",
    "get_global": "global.get",
    "set_global": "global.set",
    "current_memory": "memory.size",
    "grow_memory": "memory.grow",
    "anyfunc": "funcref",
    "i32.wrap/i64": "i32.wrap_i64",
    "f32.demote/f64": "f32.demote_f64",
    "f64.promote/f32": "f64.promote_f32",
    "i32.reinterpret/f32": "i32.reinterpret_f32",
    "i64.reinterpret/f64": "i64.reinterpret_f64",
    "f32.reinterpret/i32": "f32.reinterpret_i32",
    "f64.reinterpret/i64": "f64.reinterpret_i64",
    **{f"i64.extend_{sign}/i32": f"i64.extend_i32_{sign}" for sign in "su"},
    **{
        f"i{to}.trunc_{sign}{sat}/f{of}": f"i{to}.trunc_{'sat_' if sat else ''}f{of}_{sign}"
        for to in (32, 64)
        for of in (32, 64)
        for sign in "su"
        for sat in ("", ":sat")
    },
    **{
        f"f{to}.convert_{sign}/i{of}": f"f{to}.convert_i{of}_{sign}"
        for to in (32, 64)
        for of in (32, 64)
        for sign in "su"
    },
}
NANS = ("assert_return_canonical_nan", "assert_return_arithmetic_nan")
# A reason may be missing behind these; a type of a result stood in these without `result`.
TEXTS = ("assert_trap", "assert_invalid", "assert_malformed", "assert_unlinkable", "assert_exhaustion")
BLOCKS, TYPES = ("block", "loop", "if"), ("i32", "i64", "f32", "f64")
SEGMENTS = ("elem", "data")
# Strings, comments of both kinds, parentheses, words: whatever else is between them is white space.
_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*")|(?P<comment>;;[^\n]*|\(;.*?;\))|(?P<open>\()|(?P<close>\))|(?P<word>[^\s()";]+)|.""",
    re.DOTALL,
)


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """Pieces of *text* by their kind; all together they are the text."""
    for each in _TOKEN.finditer(text):
        yield each.lastgroup or "space", each[0]


class _Script:
    """Rewrites tokens; of each open parenthesis it keeps its first word and whether a string stood in it."""

    def __init__(self, text: str) -> None:
        self.found = list(tokens(text))
        self.pieces: list[str] = []
        self.asserted: dict[int, str] = {}
        self.open: list[tuple[str, int]] = []
        # Names of tables and memories: segments were said to be for one by its name alone.
        words = [piece for kind, piece in self.found if kind == "word"]
        places = pairwise(words)
        self.places = {name for word, name in places if word in ("table", "memory") and name[0] == "$"}

    def rewrite(self) -> None:
        line, head, strings, pending = 1, "", 0, ""
        for kind, piece in self.found:
            if kind == "open":
                self.open.append((head, strings))
                head, strings = "", 0
                if pending:
                    self.asserted[line], pending = pending, ""
                self.pieces.append(piece)
            elif kind == "close":
                if head in TEXTS and not strings:
                    self.pieces.append(' ""')
                if head not in NANS:
                    self.pieces.append(piece)
                head, strings = self.open.pop() if self.open else ("", 0)
            elif kind == "word" and not head and piece in NANS:
                assert self.pieces.pop() == "(", "its parenthesis goes, and the one that closes it"
                head = pending = piece
            elif kind == "word":
                self.pieces.append(self.word(piece, head))
                head = head or piece
            else:
                strings += kind == "string"
                self.pieces.append(piece)
            line += piece.count("\n")

    def word(self, word: str, head: str) -> str:
        if head in BLOCKS and word in TYPES:
            return f"(result {word})"
        if head in SEGMENTS and word in self.places:
            return ""
        return RENAMED.get(word, word)


def renewed(text: str) -> tuple[str, dict[int, str]]:
    """*text* in today's spelling, and for lines of actions the assertion about NaNs that stood around them: what
    converters know no more is put back into what they have made."""
    script = _Script(text)
    script.rewrite()
    return "".join(script.pieces), script.asserted
