"""The words of the text form: tokens, literals and quoting, for the assembler and the disassembler."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import NamedTuple, NoReturn

from ..opcodes.primitives.floating import CANONICAL_NAN, decode, encode
from .module import Constant

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")
      | (?P<char>'(?:[^'\\]|\\.)*')
      | (?P<bits>f(?:32|64):0[xX]\w+)
      | (?P<number>-?(?:0[xX]\w+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?\w*|infinityf?\b))
      | (?P<raw>@-?\d+)
      | (?P<handle>\$\w+)
      | (?P<word>[^\W\d]\w*)
      | (?P<mark>->|[():,.=\[\]])
      | [;\#].*
      | \Z)""",
    re.VERBOSE,
)
_NUMBER = re.compile(
    r"(?P<sign>-?)(?:0[xX](?P<hex>[0-9a-fA-F_]+)|(?P<whole>\d[\d_]*)(?P<rest>(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?))"
    r"(?P<suffix>[A-Za-z]?)"
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|(.))", re.DOTALL)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", '"': '"', "'": "'"}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
FLOAT_WORDS = {"infinity", "infinityf", "nan", "nanf"}
_WIDTHS = {"i32": 32, "i64": 64, "f32": 32, "f64": 64}
# Digits beyond this cannot change a number that is in range, but would cost time.
_MAX_DIGITS = 1200


class Token(NamedTuple):
    """A word of a line. kind: a group of the grammar above; value: of a string or a character; line and
    column count from 1."""

    kind: str
    text: str
    line: int
    column: int
    value: str = ""


class Fault(Exception):
    """A mistake at a token; the assembler shows the place."""

    def __init__(self, message: str, token: Token) -> None:
        super().__init__(message)
        self.message, self.token = message, token


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` when a known word is close to *word*, else nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


class Words:
    """The tokens of one line, read from left to right. Every method raises Fault for what it refuses.

    tokens: those of the line, and behind them one of kind "end", which is never taken.
    """

    __slots__ = ("at", "tokens")

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.at = tokens, 0

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def ahead(self, distance: int) -> Token:
        at = self.at + distance
        return self.tokens[at] if at < len(self.tokens) else self.tokens[-1]

    def take(self) -> Token:
        token = self.tokens[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    def accept(self, text: str) -> bool:
        """Whether the next word is the mark or word *text*; then it is taken."""
        token = self.tokens[self.at]
        if token.text == text and token.kind in ("mark", "word"):
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise Fault(f"expected {text!r} {self.found()}", self.next)

    def found(self) -> str:
        return "at the end of the line" if self.next.kind == "end" else f"instead of {self.next.text}"

    def fail(self, wanted: str) -> NoReturn:
        raise Fault(f"expected {wanted} {self.found()}", self.next)

    def finish(self) -> None:
        if self.next.kind != "end":
            raise Fault(f"{self.next.text} is one word too many", self.next)

    def listed(self, item: Callable[[Words], object], close: str) -> None:
        """Read items with commas between them up to *close*, which is taken."""
        if self.accept(close):
            return
        item(self)
        while self.accept(","):
            item(self)
        self.expect(close)

    def integer(self, low: int, high: int, *, suffixes: str = "") -> int:
        """A number from low to high, in decimal, hexadecimal or as a character."""
        token = self.next
        if token.kind not in ("number", "char"):
            self.fail("a whole number")
        self.at += 1
        value, suffix = _whole(token)
        if suffix and suffix not in suffixes:
            raise Fault(f"{token.text} is no whole number", token)
        value *= {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}.get(suffix.lower(), 1)
        if not low <= value <= high:
            raise Fault(f"{token.text} is out of range: {low} to {high}", token)
        return value

    def string(self) -> str:
        if self.next.kind != "string":
            self.fail('a "string"')
        return self.take().value

    def constant(self, kind: str = "") -> Constant:
        """A literal as an entry of the constant pool: of type *kind*, or of the type that it has by
        itself."""
        token = self.next
        actual = kind or _kind_of(token)
        if not actual:
            self.fail("a constant")
        if actual == "string":
            return Constant("string", self.string())
        if actual in ("i32", "i64"):
            half = 1 << (_WIDTHS[actual] - 1)
            return Constant(actual, self.integer(-half, half - 1, suffixes="lL" if actual == "i64" else ""))
        self.at += 1
        return Constant(actual, _float_bits(token, actual))


def tokenize(text: str, line: int) -> Words:
    """The words of one line of source. Raises Fault for what is no word."""
    tokens: list[Token] = []
    at, size = 0, len(text)
    while at < size:
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text) - at - len(text[at:].lstrip())
            bad = Token("bad", text[at], line, at + 1)
            if text[at] in "\"'":
                raise Fault("this quote is not closed", bad)
            raise Fault(f"{quote(text[at])} has no meaning here", bad)
        kind = match.lastgroup
        at = match.end()
        if kind is None:  # a comment, or blanks at the end
            continue
        word = match[kind]
        token = Token(kind, word, line, at - len(word) + 1)
        if kind in ("string", "char"):
            token = token._replace(value=_unescape(token))
        tokens.append(token)
    column = tokens[-1].column + len(tokens[-1].text) if tokens else 1
    tokens.append(Token("end", "", line, column))
    return Words(tokens)


def _unescape(token: Token) -> str:
    def one(match: re.Match[str]) -> str:
        digits = match[1] or match[2] or match[3]
        if digits is None:
            simple = _SIMPLE.get(match[4])
            if simple is None:
                raise Fault(
                    f"\\{match[4]} is no escape: \\n \\t \\r \\0 \\\\ \\\" \\' \\xNN \\uNNNN \\u{{N…}}",
                    here(match),
                )
            return simple
        if int(digits, 16) > 0x10FFFF:
            raise Fault(f"{match[0]} is beyond U+10FFFF", here(match))
        return chr(int(digits, 16))

    def here(match: re.Match[str]) -> Token:
        return Token("bad", match[0], token.line, token.column + 1 + match.start())

    text = _ESCAPE.sub(one, token.text[1:-1])
    # Two surrogates that make a pair are one character, as in Java.
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    if token.kind == "char" and len(text) != 1:
        raise Fault(f"{token.text} is not one character", token)
    return text


# --- numbers ------------------------------------------------------------------------------------------


def _whole(token: Token) -> tuple[int, str]:
    """Value and suffix of a whole number; the suffix is "." when it is a fraction."""
    if token.kind == "char":
        return ord(token.value), ""
    match = _NUMBER.fullmatch(token.text)
    if match is None or match["rest"]:
        return 0, "."
    digits = (match["hex"] or match["whole"]).replace("_", "")
    if len(digits.lstrip("0")) > 40 or not digits:
        raise Fault(f"{token.text} is out of range", token)
    value = int(digits, 16 if match["hex"] else 10)
    return -value if match["sign"] else value, match["suffix"]


def _kind_of(token: Token) -> str:
    """The type that a literal has by itself, "" when it is no literal."""
    if token.kind == "string":
        return "string"
    if token.kind == "bits":
        return token.text[:3]
    if token.kind == "char":
        return "i32"
    if token.text.lstrip("-") in FLOAT_WORDS:
        return "f32" if token.text.endswith("f") else "f64"
    if token.kind != "number":
        return ""
    match = _NUMBER.fullmatch(token.text)
    if match is None:
        raise Fault(f"{token.text} is no number", token)
    if match["suffix"] in ("f", "F") and not match["hex"]:
        return "f32"
    if match["suffix"] in ("l", "L"):
        return "i64"
    return "f64" if match["rest"] else "i32"


def _float_bits(token: Token, kind: str) -> int:
    if token.kind == "bits":
        digits = token.text[4:]
        if not token.text.startswith(kind) or len(digits) > 2 + _WIDTHS[kind] // 4:
            raise Fault(f"{token.text} are no bits of an {kind}", token)
        try:
            return int(digits, 16)
        except ValueError:
            raise Fault(f"{token.text} is no hexadecimal number", token) from None
    word = token.text.removesuffix("f") if kind == "f32" else token.text
    if word == "nan":
        return CANONICAL_NAN[kind]
    if word.lstrip("-") == "infinity":
        return encode(kind, -math.inf if word[0] == "-" else math.inf)
    match = _NUMBER.fullmatch(token.text) if token.kind == "number" else None
    if match is None or match["hex"] or match["suffix"] not in ("", *("fF" if kind == "f32" else "dD")):
        raise Fault(f"{token.text} is no number of type {kind}", token)
    digits = (match["sign"] + match["whole"] + match["rest"]).replace("_", "")
    if len(digits) > _MAX_DIGITS:
        raise Fault("a number has at most 1200 digits", token)
    bits = float_bits(digits, kind)
    if math.isinf(decode(kind, bits)):
        raise Fault(f"{token.text} is too large for {kind}", token)
    return bits


def float_bits(text: str, kind: str) -> int:
    """The bits of the f32 or f64 nearest to the decimal *text*; of two equally near, the even one."""
    number = float(text)
    if kind == "f64" or number == 0 or math.isinf(number):
        return encode(kind, number)
    # Rounding to binary64 and then to binary32 can end one away from the nearest: compare exactly.
    bits, exact = encode(kind, number), Fraction(text)
    best = bits
    for other in (bits - 1, bits + 1):
        if (bits ^ other) >> 31 or not math.isfinite(decode(kind, other)) or math.isinf(decode(kind, best)):
            continue
        distance = abs(Fraction(decode(kind, other)) - exact) - abs(Fraction(decode(kind, best)) - exact)
        if distance < 0 or (distance == 0 and not other & 1):
            best = other
    return best


def constant_text(constant: Constant) -> str:
    """A literal that `Words.constant` reads back as the same constant."""
    kind, value = constant.kind, constant.value
    if isinstance(value, str):
        return quote(value)
    if kind in ("i32", "i64"):
        return f"{value}L" if kind == "i64" else str(value)
    number, suffix = decode(kind, value), "f" if kind == "f32" else ""
    if value == CANONICAL_NAN[kind]:
        return "nan" + suffix
    if math.isnan(number):
        return f"{kind}:{value:#0{2 + _WIDTHS[kind] // 4}x}"
    if math.isinf(number):
        return ("-" if number < 0 else "") + "infinity" + suffix
    if kind == "f64":
        text = repr(number)
    else:
        text = next(t for digits in range(1, 10) if float_bits(t := f"{number:.{digits}g}", kind) == value)
    return (text if "." in text or "e" in text else text + ".0") + suffix


# --- names and strings ----------------------------------------------------------------------------------


def quote(text: str) -> str:
    """*text* as a string literal in which nothing but printable characters occurs."""
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\", '"': '\\"'}

    def one(char: str) -> str:
        if char in named:
            return named[char]
        if char.isprintable():
            return char
        code = ord(char)
        return (
            f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\u{{{code:x}}}"
        )

    return '"' + "".join(map(one, text)) + '"'


def spell(name: str) -> str:
    """A name as the assembler reads it: quoted unless it is an ASCII identifier."""
    return name if _PLAIN.fullmatch(name) and name not in FLOAT_WORDS else quote(name)
