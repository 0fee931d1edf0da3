"""@op: the one place where an opcode is declared.

    op = OpcodeSet(CORE, library="core")

    @op(0x10, "ADD")
    def add(a: i32, b: i32) -> i32:
        \"\"\"Sum of the two top cells, wrapping at 32 bits.\"\"\"
        return a + b

Several functions may share a code (PRINT of an i32, of a string; NEW with a size and without): the
verifier takes the first whose operand types and immediates fit; where a `when` holds, no later one is
tried. A `when` asks for the value of a plain immediate, or, with "interface", what a reference type is. They
share name and encoding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from .ir import Graph
from .signature import COUNTED_KINDS, SIGNED_KINDS, Signature, analyse
from .trace import Bindings, trace
from .values import DslError

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Page:
    """256 opcodes that come and go together.

    name: how a module lists it. prefix: its prefix byte, fixed for standard pages; None for a plug-in's,
    which each file binds; -1 for the core page, which has none.
    """

    name: str
    prefix: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """One declared function of an opcode.

    code, name: of the opcode; library: the micro-library that a report charges for it; function: its
    meaning; when: values that immediates must have for this function to apply: constants of its op IR.
    """

    page: Page
    code: int
    name: str
    library: str
    function: Callable[..., Any]
    types: Mapping[Any, Any] | None = None
    when: Mapping[str, int | str] = field(default_factory=dict)

    @property
    def signature(self) -> Signature:
        """What it takes and gives. Raises DslError where its annotations exclude that."""
        return _analysed(self)

    def check(self) -> None:
        """Raises DslError for what the opcode language excludes, as far as it shows without bindings."""
        kinds = {slot.name: slot.kind for slot in self.signature.immediates}
        for given, wanted in self.when.items():
            fits = ("reftype",) if wanted == "interface" else COUNTED_KINDS
            if kinds.get(given) not in fits:
                raise DslError(f"{self.name}: `when` names {given}, no plain immediate or reference type")
        if not self.signature.domains:
            self.graph()

    @property
    def doc(self) -> str:
        return (self.function.__doc__ or "").strip()

    @property
    def label(self) -> str:
        return self.name if self.page.prefix == -1 else f"{self.page.name}.{self.name}"

    def graph(self, bindings: Bindings = ()) -> Graph:
        """The op IR with type variables bound so. Traced once for each binding."""
        return _traced(self, bindings)


@cache
def _analysed(declaration: Declaration) -> Signature:
    return analyse(declaration.function, declaration.types)


@cache
def _traced(declaration: Declaration, bindings: Bindings) -> Graph:
    return trace(declaration.name, declaration.function, declaration.signature, bindings, declaration.when)


class OpcodeSet:
    """The opcodes that one micro-library declares on one page; calling it gives the decorator.

    types: what stands for a type variable such as Int in functions that pages of a family share. later:
    opcodes are looked at when they are used, not when they are declared; so a large page costs little where
    it is not needed, and a test must do what is left out here (Declaration.check).
    """

    def __init__(
        self, page: Page, *, library: str, types: Mapping[Any, Any] | None = None, later: bool = False
    ) -> None:
        self.page = page
        self.library = library
        self.types = types
        self.later = later
        self.declarations: list[Declaration] = []

    def __call__(
        self, code: int, name: str, *, when: Mapping[str, int | str] | None = None
    ) -> Callable[[Function], Function]:
        """Declare an opcode. Raises DslError for what the opcode language excludes, at once."""

        def declare(function: Function) -> Function:
            if not 0 <= code <= 0xFF:
                raise DslError(f"{name}: an opcode is a byte, not {code:#x}")
            if not (name.isidentifier() and name == name.upper()):
                raise DslError(f"{name!r}: an opcode's name is an upper-case identifier")
            if not (function.__doc__ or "").strip():
                raise DslError(f"{name}: an opcode needs a docstring; it becomes the reference")
            guard = dict(when or {})
            declaration = Declaration(self.page, code, name, self.library, function, self.types, guard)
            if not self.later:
                declaration.check()  # so that what is wrong is said where it is written
            self.declarations.append(declaration)
            return function

        return declare


@dataclass(frozen=True, slots=True, eq=False)
class Opcode:
    """An opcode as modules know it: a code on a page, with one or more declared functions."""

    page: Page
    code: int
    name: str
    declarations: tuple[Declaration, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its immediates, in encoding order."""
        return _kinds(self)

    @property
    def signed(self) -> tuple[bool, ...]:
        """Whether each immediate is encoded as a signed number."""
        return _signed(self)

    def slots(self, immediates: Sequence[int]) -> Iterator[tuple[str, int]]:
        """Each of *immediates* with the kind that it has by itself: `targets` are any number of `target`."""
        kinds = self.kinds
        for index, value in enumerate(immediates):
            kind = kinds[min(index, len(kinds) - 1)]
            yield "target" if kind == "targets" else kind, value

    @property
    def doc(self) -> str:
        return self.declarations[0].doc

    @property
    def label(self) -> str:
        return self.declarations[0].label

    def contract(self) -> str:
        """Everything that another version must keep for old modules to mean the same; hashed."""
        forms = [f"{d.signature.text()} {sorted(d.when.items())}" for d in self.declarations]
        return f"{self.code:02x} {self.name} " + " | ".join(forms)


# Asked for with every instruction that is assembled, decoded or linked.
@cache
def _kinds(opcode: Opcode) -> tuple[str, ...]:
    return tuple(slot.kind for slot in opcode.declarations[0].signature.immediates)


@cache
def _signed(opcode: Opcode) -> tuple[bool, ...]:
    return tuple(kind in SIGNED_KINDS for kind in opcode.kinds)
