"""Everything that is known about an opcode, gathered once: what the terminal, HTML and JSON forms show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from ...builder.need import Need, demands
from ...builder.resolve import Plan
from ...core.code import write_leb
from ...core.program import Use
from ...core.verified import Form
from ...opcodes import types
from ...opcodes.signature import SIGNED_KINDS, immediate_doc
from .equation import equations, names

if TYPE_CHECKING:
    from ...core.parts import Engine
    from ...core.registry import Registry
    from ...opcodes import Declaration, Opcode

# What stands for a type variable where no program binds it.
SAMPLES = ("i32", "f32", "any")
_LARGEST = (1 << 31) - 1  # of an immediate


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the encoding.

    text: what stands there, a byte in hexadecimal or the name of an immediate. kind: "prefix", "opcode" or
    the kind of the immediate. encoding: "byte", "unsigned LEB128" or "signed LEB128". least, most: its
    bytes. doc: what it means.
    """

    text: str
    kind: str
    encoding: str
    least: int
    most: int
    doc: str


@dataclass(frozen=True, slots=True)
class Operand:
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class TrapKind:
    name: str
    message: str


@dataclass(frozen=True, slots=True)
class FormText:
    """A form: its name, its equations, its op IR."""

    name: str
    equations: tuple[str, ...]
    ir: str


@dataclass(frozen=True, slots=True)
class Function:
    """One declared function. when: values that immediates have where it applies; library: that is charged
    for it; services: C functions that it calls, with their library."""

    signature: str
    operands: tuple[Operand, ...]
    results: tuple[Operand, ...]
    when: Mapping[str, int | str]
    doc: str
    library: str
    library_doc: str
    services: tuple[str, ...]
    traps: tuple[TrapKind, ...]
    forms: tuple[FormText, ...]


@dataclass(frozen=True, slots=True)
class HandlerText:
    """The C by which an engine executes some forms."""

    engine: str
    forms: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An opcode. prefix: None on the core page, and where each file binds it; bytes: of its code in the
    runtime that a report is of, None where it says nothing."""

    label: str
    page: str
    prefix: int | None
    code: int
    name: str
    encoding: tuple[Part, ...]
    functions: tuple[Function, ...]
    c: tuple[HandlerText, ...]
    bytes: int | None = None


def entry(registry: Registry, opcode: Opcode, sizes: Mapping[str, int] | None = None) -> Entry:
    """The entry of *opcode*; sizes: bytes by opcode, of a report."""
    prefix = opcode.page.prefix
    return Entry(
        label=opcode.label,
        page=opcode.page.name,
        prefix=prefix if prefix != -1 else None,
        code=opcode.code,
        name=opcode.name,
        encoding=tuple(encoding(opcode)),
        functions=tuple(_function(registry, each) for each in opcode.declarations),
        c=tuple(text for engine in registry.engines.values() for text in handlers(registry, opcode, engine)),
        bytes=(sizes or {}).get(opcode.label),
    )


def encoding(opcode: Opcode) -> Iterator[Part]:
    """The parts of the encoding, in order."""
    page = opcode.page
    if page.prefix is None:
        yield Part(
            "prefix", "prefix", "byte", 1, 1, f"e0 to fe: page {page.name}, bound by each file for itself"
        )
    elif page.prefix != -1:
        yield Part(f"{page.prefix:02x}", "prefix", "byte", 1, 1, f"page {page.name}")
    yield Part(f"{opcode.code:02x}", "opcode", "byte", 1, 1, opcode.name)
    _, immediates, _ = names(opcode.declarations[0].signature)
    for name, kind in zip(immediates, opcode.kinds, strict=True):
        signed = kind in SIGNED_KINDS
        leb = ("signed" if signed else "unsigned") + " LEB128"
        most = len(write_leb(_LARGEST, signed=signed))
        yield Part(name, kind, leb, 1, most, immediate_doc(kind))


def forms(opcode: Opcode) -> Iterator[Form]:
    """The forms of *opcode*: of each declared function the one there is, or samples of those there are."""
    for declaration in opcode.declarations:
        yield from _forms(declaration)


def _forms(declaration: Declaration) -> Iterator[Form]:
    ranges = []
    for variable, domain in declaration.signature.domains:
        known: Iterable[str] = SAMPLES if domain in ("stack", "storage") else ("any",)
        ranges.append([(variable, types.BY_NAME[name]) for name in known])
    for bindings in product(*ranges):
        yield Form(declaration, tuple(bindings))


def _function(registry: Registry, declaration: Declaration) -> Function:
    signature = declaration.signature
    operands, _, results = names(signature)
    those = tuple(_forms(declaration))
    _, services, traps = demands((form, "") for form in those)
    library = registry.libraries.get(declaration.library)
    return Function(
        signature=signature.text(),
        operands=tuple(Operand(n, str(p)) for n, (_, p) in zip(operands, signature.operands, strict=True)),
        results=tuple(Operand(n, str(p)) for n, p in zip(results, signature.results, strict=True)),
        when=dict(declaration.when),
        doc=doc(declaration),
        library=declaration.library,
        library_doc=library.doc if library else "",
        services=tuple(f"{each.name} ({each.c} of {each.library})" for each in services),
        traps=tuple(TrapKind(each.name, each.message) for each in sorted(traps, key=lambda t: t.name)),
        forms=tuple(FormText(f.name, tuple(map(str, equations(f))), f.graph.text()) for f in those),
    )


def doc(declaration: Declaration) -> str:
    """The docstring without the indentation of the function it stands in."""
    from inspect import cleandoc

    return cleandoc(declaration.doc)


def handlers(registry: Registry, opcode: Opcode, engine: Engine) -> tuple[HandlerText, ...]:
    """The C of *engine* for *opcode*, in a runtime of nothing but the engine: no fuel, no interruption, no
    collector with barriers. Forms with the same C have one handler."""
    uses = [Use(form) for form in forms(opcode)]
    need = Need(dict.fromkeys(uses, (0, None)), (), (), (), 0, 0, 0)
    mode, target = registry.modes["default"], next(iter(registry.targets.values()))
    plan = Plan(need, (), {}, {}, {}, {}, (), (), mode, engine, target)
    return tuple(
        HandlerText(engine.name, tuple(use.form.name for use in handler.uses), handler.text)
        for handler in engine.handlers(plan, uses)
        if handler.text  # an engine that prints whole programs has none
    )


@dataclass(frozen=True, slots=True)
class Alike:
    """Forms of one function with the same equations: their names, the equations, the op IR of the first."""

    names: tuple[str, ...]
    equations: tuple[str, ...]
    ir: str


def alike(function: Function) -> list[Alike]:
    """The forms of *function*, those together that are written the same."""
    found: dict[tuple[str, ...], list[FormText]] = {}
    for form in function.forms:
        found.setdefault(form.equations, []).append(form)
    return [Alike(tuple(f.name for f in those), text, those[0].ir) for text, those in found.items()]
