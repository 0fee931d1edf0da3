"""amalgamate: all C of a runtime as the text of one file.

Headers stand where they are asked for first, and once. What is declared at file scope in one unit only is the
unit's own: names that others may have get the unit's in front of them, macros end with the unit. C files that
define nothing that is used are left out, as a linker would. `#line` directives tell whose text follows, as
they tell compilers, and are not in the text that comes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from ..core.errors import BuildError
from .emit import Sources, Unit
from .rows import HEADERS

_TOKEN = re.compile(
    r"""(?P<skip>/\*.*?\*/|//[^\n]*|\s+)|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
      |(?P<directive>\#(?:\\\n|/\*.*?\*/|[^\n])*)|(?P<name>[A-Za-z_]\w*)|(?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
      |(?P<mark>->|[^\s])""",
    re.VERBOSE | re.DOTALL,
)
_INCLUDE = re.compile(r'#\s*include\s*"([^"]*)"')
_CONDITION = re.compile(r"#\s*(if|endif)")
_LINE = re.compile(r'#line 1 "(?:tb-op:([^:]*):([^:]*):[^"]*|[^"]*)"')
_DEFINE = re.compile(r"#\s*define\s+(\w+)")
_GUARD = re.compile(r"#\s*ifndef\s+(\w+)\s*\n\s*#\s*define\s+\1\s*\n")
# Words before a bracket that are no declared name.
_SPECIFIERS = frozenset(("__attribute__", "_Alignas", "void"))


_Part = tuple[str, str]  # a file's name, its text


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the text. owner: micro-library, "program", or "(headers)" for what all share; item: the file
    or opcode that it comes from; opcode: whether it is one."""

    owner: str
    item: str
    text: str
    opcode: bool = False


def amalgamate(sources: Sources, first: str = "") -> tuple[Piece, ...]:
    """The pieces of the file, in order. first: the owner whose units stand in front, because they say what
    system headers offer. Raises BuildError for C that cannot be joined."""
    units = sorted(sources.units, key=lambda unit: unit.owner != first)
    return tuple(_Joined(sources, units).pieces)


class _Joined:
    def __init__(self, sources: Sources, units: list[Unit]) -> None:
        self.sources, self.pieces = sources, list[Piece]()
        self._headers: set[str] = set()
        self._bodies: dict[str, set[str]] = {}
        texts = self._used([(unit, list(self._fragments(unit))) for unit in units])
        declared = [set().union(*(_declared(text) for _, text in parts)) for _, parts in texts]
        for (unit, parts), own in zip(texts, declared, strict=True):
            others = set().union(*(each for each in declared if each is not own))
            mark = "tb_" + re.sub(r"\W", "_", unit.name.removesuffix(".c")) + "__"
            renamed = {name: mark + name for name in own if name in others or name[:3].lower() != "tb_"}
            macros: dict[str, None] = {}
            for item, text in parts:
                self._write(unit.owner, item, _renamed(text, renamed), None)
                macros |= dict.fromkeys(_DEFINE.findall(text))
            if macros:
                self._add(unit.owner, unit.name, "".join(f"#undef {name}\n" for name in macros))

    def _fragments(self, unit: Unit) -> Iterator[tuple[str, str]]:
        """(file, text) of what a unit consists of: its own text, and the C files that it includes."""
        rest: list[str] = []
        for line in unit.text.splitlines(keepends=True):
            found = _INCLUDE.match(line)
            if found and found[1].endswith(".c"):
                yield unit.name, "".join(rest)
                rest = []
                yield Path(found[1]).name, Path(found[1]).read_text("utf-8")
            else:
                rest.append(line)
        yield unit.name, "".join(rest)

    def _used(self, texts: list[tuple[Unit, list[_Part]]]) -> list[tuple[Unit, list[_Part]]]:
        """What the program leads to: generated C, the file with `main`, and files that these use."""
        files = [(unit, item, text) for unit, parts in texts for item, text in parts if item != unit.name]
        defined = {text: _defined(text) for _, _, text in files}
        kept = {text for unit, parts in texts for item, text in parts if item == unit.name}
        kept |= {text for text, names in defined.items() if "main" in names}
        work = list(kept)
        while work:
            used = self._names(work.pop(), None)
            more = [text for text, names in defined.items() if text not in kept and names & used]
            kept.update(more)
            work += more
        return [(unit, [each for each in parts if each[1] in kept]) for unit, parts in texts]

    def _names(self, text: str, folder: Path | None) -> set[str]:
        """The names in a C file, and those in the bodies and macros of the headers that it includes."""
        found = {match[0] for match in _TOKEN.finditer(text) if match["name"]}
        return found.union(*(self._header_names(name, folder) for name in _INCLUDE.findall(text)))

    def _header_names(self, name: str, folder: Path | None) -> set[str]:
        key, text, place = self._find(name, folder)
        if key not in self._bodies:
            self._bodies[key] = set()  # for headers that include each other
            inner = (self._header_names(each, place) for each in _INCLUDE.findall(text))
            self._bodies[key] = _in_bodies(text).union(*inner)
        return self._bodies[key]

    def _write(self, owner: str, item: str, text: str, folder: Path | None) -> None:
        """Adds *text* with the headers that it includes. folder: where it comes from."""
        depth, rest = 0, list[str]()
        whose = (owner, item, False)

        def flush() -> None:
            self._add(whose[0], whose[1], "".join(rest), whose[2])
            rest.clear()

        for line in text.splitlines(keepends=True):
            if line.startswith("#"):
                if mark := _LINE.match(line):
                    flush()
                    whose = (mark[1], mark[2], True) if mark[1] else (owner, item, False)
                    continue
                if found := _INCLUDE.match(line):
                    if depth:
                        raise BuildError(
                            f"{item} includes {found[1]} under a condition: it cannot be in one file"
                        )
                    flush()
                    self._header(found[1], folder)
                    continue
                if condition := _CONDITION.match(line):
                    depth += 1 if condition[1] == "if" else -1
            rest.append(line)
        flush()

    def _find(self, name: str, folder: Path | None) -> tuple[str, str, Path | None]:
        """What tells a header from others, its text, and where it is."""
        if name in self.sources.headers:
            return name, self.sources.headers[name], None
        places = [*([folder] if folder else []), *self.sources.include]
        path = next((each / name for each in places if (each / name).is_file()), None)
        if path is None:
            raise BuildError(f"there is no header {name}: install the plug-in again that includes it")
        return str(path.resolve()), path.read_text("utf-8"), path.parent

    def _header(self, name: str, folder: Path | None) -> None:
        key, text, place = self._find(name, folder)
        if key not in self._headers:
            self._headers.add(key)
            self._write(HEADERS, name, _unguarded(text), place)

    def _add(self, owner: str, item: str, text: str, opcode: bool = False) -> None:
        if text.strip():
            self.pieces.append(Piece(owner, item, text, opcode))


def _unguarded(text: str) -> str:
    """A header without what keeps it from being read twice."""
    guard = _GUARD.search(text)
    if guard is None:
        return text
    return text[: guard.start()] + text[guard.end() : text.rindex("#endif")]


def _declarations(text: str) -> Iterator[list[tuple[str, int]]]:
    """The declarations at file scope: tokens, each with how many brackets it is in."""
    depth, found = 0, list[tuple[str, int]]()
    for match in _TOKEN.finditer(text):
        token = match[0]
        if match["skip"] or match["directive"]:
            continue
        depth -= token in ")]}"
        found.append((token, depth))
        depth += token in "([{"
        is_body = token == "}" and not depth and _is_function(found)
        if not depth and (token == ";" or is_body):
            yield found
            found = []


def _is_function(tokens: list[tuple[str, int]]) -> bool:
    """Whether a body in braces ends the declaration: behind the `)` of parameters."""
    opening = max(i for i, (token, depth) in enumerate(tokens) if token == "{" and not depth)
    return opening > 0 and tokens[opening - 1][0] == ")"


def _declared(text: str) -> set[str]:
    """The names that *text* declares at file scope for itself: static ones, types, constants."""
    found: set[str] = set()
    for tokens in _declarations(text):
        words = [token for token, depth in tokens if not depth]
        for (before, _), (word, depth), (after, _) in zip(tokens, tokens[1:], tokens[2:], strict=False):
            name = re.fullmatch(r"[A-Za-z_]\w*", word)
            # Constants of an enumeration, and tags.
            if name and words[0] == "enum" and depth == 1 and before in "{,":
                found.add(word)
            if name and not depth and before in ("struct", "union", "enum") and after == "{":
                found.add(word)
        if words[0] == "typedef":
            found.add(words[-2])
        elif "static" in words:
            found |= set(_declarators(words))
    return found


def _defined(text: str) -> set[str]:
    """The names that *text* defines for others."""
    found: set[str] = set()
    for tokens in _declarations(text):
        words = [token for token, depth in tokens if not depth]
        if not {"static", "extern", "typedef"} & set(words) and (words[-1] == "}" or "(" not in words):
            found |= set(_declarators(words))
    return found


def _in_bodies(text: str) -> set[str]:
    """The names in the bodies of functions, and in macros."""
    found: set[str] = set()
    for match in _TOKEN.finditer(text):
        if match["directive"]:
            found.update(re.findall(r"[A-Za-z_]\w*", match[0]))
    for tokens in _declarations(text):
        found.update(token for token, depth in tokens if depth)
    return found


def _declarators(words: list[str]) -> Iterator[str]:
    """The names that a declaration's tokens outside of brackets declare."""
    declares = True
    for word, after in pairwise(words):
        name = word not in _SPECIFIERS and re.fullmatch(r"[A-Za-z_]\w*", word)
        if declares and name and after in ("(", "[", "=", ";", ","):
            yield word
            if after == "(":
                return
            declares = False
        declares = declares or word == ","


def _renamed(text: str, names: dict[str, str]) -> str:
    """*text* with other names for what it declares. Members of structs keep theirs."""
    if not names:
        return text
    found: list[str] = []
    tokens = list(_TOKEN.finditer(text))
    braces: list[bool] = []  # for each that is open, whether it is a struct's
    before, recent = "", ["", "", ""]
    for index, match in enumerate(tokens):
        token = match[0]
        if match["directive"]:
            found.append(_renamed_directive(token, names))
            continue
        if match["name"] and token in names and before not in (".", "->"):
            after = next((each[0] for each in tokens[index + 1 :] if not each["skip"]), "")
            member = bool(braces) and braces[-1] and after in (";", ",", "[", ":")
            found.append(token if member else names[token])
        else:
            found.append(token)
        if match["skip"]:
            continue
        if token == "{":
            braces.append(bool({"struct", "union"} & {recent[-1], recent[-2]}) and before != ")")
        elif token == "}" and braces:
            braces.pop()
        before = token
        recent = [*recent[1:], token]
    return "".join(found)


def _renamed_directive(text: str, names: dict[str, str]) -> str:
    if _INCLUDE.match(text) or text.startswith("#line"):
        return text
    return re.sub(r"(?<![.\w>])[A-Za-z_]\w*", lambda match: names.get(match[0], match[0]), text)


def joined(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in pieces)
