"""An instruction set: the opcodes of all pages that were registered, by name and by number."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Iterator
from types import MappingProxyType

from .declare import Declaration, Opcode, OpcodeSet, Page
from .values import DslError

CORE = Page("core", prefix=-1)
# Bytes of the core page that are no opcodes.
STANDARD_PREFIXES = range(0x60, 0xE0)
PLUGIN_PREFIXES = range(0xE0, 0xFF)


# What the file format can hold.
PAGE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")


class Isa:
    """A frozen set of pages. Raises DslError when two declarations cannot stand together."""

    def __init__(self, sets: Iterable[OpcodeSet]) -> None:
        grouped: dict[str, dict[int, list[Declaration]]] = {}
        pages: dict[str, Page] = {CORE.name: CORE}
        for each in sets:
            known = pages.setdefault(each.page.name, each.page)
            if known != each.page:
                raise DslError(f"page {each.page.name} is declared twice, with different prefixes")
            codes = grouped.setdefault(each.page.name, {})
            for declaration in each.declarations:
                codes.setdefault(declaration.code, []).append(declaration)
        self.pages = MappingProxyType(pages)
        self._check_prefixes()
        by_page: dict[str, dict[int, Opcode]] = {name: {} for name in pages}
        for name, codes in grouped.items():
            for code, declarations in sorted(codes.items()):
                by_page[name][code] = _opcode(pages[name], code, declarations)
        self._by_page = by_page
        self._by_name: dict[str, list[Opcode]] = {}
        for opcode in self:
            named = self._by_name.setdefault(opcode.name, [])
            for other in named:
                if other.page == opcode.page:
                    where = f"at {other.code:#04x} and at {opcode.code:#04x}"
                    raise DslError(f"page {opcode.page.name} declares {opcode.name} {where}")
            named.append(opcode)
        # Every module asks for the same few again.
        self._found: dict[str, Opcode] = {}
        self._fingerprints: dict[tuple[str, int], int] = {}

    def _check_prefixes(self) -> None:
        taken: dict[int, str] = {}
        for page in self.pages.values():
            if not PAGE_NAME.fullmatch(page.name):
                raise DslError(f"{page.name!r} is no name for a page: use letters, digits, `_`, `.` and `-`")
            if page.prefix is None or page == CORE:
                continue
            if page.prefix not in STANDARD_PREFIXES:
                raise DslError(f"page {page.name}: the prefix of a standard page is 0x60 to 0xdf")
            if page.prefix in taken:
                raise DslError(
                    f"pages {taken[page.prefix]} and {page.name} both have prefix {page.prefix:#x}"
                )
            taken[page.prefix] = page.name

    def __iter__(self) -> Iterator[Opcode]:
        """All opcodes: the core page first, then by page name; by code within a page."""
        for name in [CORE.name, *sorted(set(self._by_page) - {CORE.name})]:
            yield from self._by_page[name].values()

    def page(self, name: str) -> MappingProxyType[int, Opcode]:
        """The opcodes of the page called *name* by code; KeyError when there is no such page."""
        return MappingProxyType(self._by_page[name])

    def find(self, name: str) -> Opcode:
        """The opcode that assembly calls *name*: `ADD`, or `page.NAME`.

        Raises LookupError with a suggestion when there is none, or several on different pages.
        """
        if name in self._found:
            return self._found[name]
        page, dot, short = name.rpartition(".")
        found = [
            opcode
            for opcode in self._by_name.get((short if dot else name).upper(), [])
            if not dot or opcode.page.name == page
        ]
        # A plug-in's name never hides one of the standard pages.
        standard = [opcode for opcode in found if opcode.page.prefix is not None]
        chosen = standard if len(standard) == 1 else found
        if len(chosen) == 1:
            self._found[name] = chosen[0]
            return chosen[0]
        if chosen:
            raise LookupError(f"{name} is ambiguous: write " + " or ".join(each.label for each in chosen))
        close = difflib.get_close_matches(name.upper(), self._by_name, n=1)
        raise LookupError(f"no opcode is called {name}" + (f"; did you mean {close[0]}?" if close else ""))

    def has_form(self, name: str) -> bool:
        """Whether *name* can be that of a form: `ADD`, `object.GETFIELD(F=i32)`: what is bound is not looked
        at."""
        label = name.rstrip("~").partition("(")[0]
        try:
            return self.find(label).label == label
        except LookupError:
            return False

    def fingerprint(self, page: str, last: int) -> int:
        """A 64-bit hash of the declarations of *page* up to code *last*.

        A page may grow at its end without making older modules foreign. KeyError for an unknown page.
        """
        if (page, last) not in self._fingerprints:
            codes = sorted(self._by_page[page].items())
            text = "\n".join(op.contract() for code, op in codes if code <= last)
            digest = hashlib.sha256(f"{page}\n{text}".encode()).digest()
            self._fingerprints[page, last] = int.from_bytes(digest[:8], "little")
        return self._fingerprints[page, last]


def _opcode(page: Page, code: int, declarations: list[Declaration]) -> Opcode:
    opcode = Opcode(page, code, declarations[0].name, tuple(declarations))
    if page == CORE and code >= STANDARD_PREFIXES.start:
        raise DslError(f"{opcode.name}: core opcodes are below {STANDARD_PREFIXES.start:#x}")
    for each in declarations:
        if each.name != opcode.name:
            raise DslError(f"{page.name} {code:#04x} is declared as {opcode.name} and as {each.name}")
        if len(declarations) > 1 and tuple(s.kind for s in each.signature.immediates) != opcode.kinds:
            raise DslError(f"the functions of {opcode.name} have different immediates")
    return opcode
