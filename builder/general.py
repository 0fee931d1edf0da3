"""general: what a runtime needs that is given its programs only when it runs.

It has every form of the opcodes of its pages, in every shape. Its pages are the core page, and those that
the requested features have opcodes on; without features, all standard pages. Opcodes of a library that is
excluded, or that is one of several for an interface and was not the one to be chosen, are left out: modules
that use them are refused when they are loaded.
"""

from __future__ import annotations

from ..core.errors import UsageError
from ..core.forms import forms, uses
from ..core.module import Function, FunctionType, Module, PageUse
from ..core.registry import Registry
from ..core.program import Use
from ..core.verified import Verified
from ..opcodes import CORE, Declaration
from ..stack import verify
from .need import Asked, Need, Place, demands
from .resolve import Plan, Request, excluded, matches, resolve

# What the engine is told before it knows any program.
_ALL_STRINGS = 2
LOADING = "loading"


def pages(registry: Registry, features: tuple[str, ...]) -> tuple[str, ...]:
    """The pages of a runtime with *features*, the core page first."""
    if not features:
        found = {page.name for page in registry.isa.pages.values() if page.prefix is not None}
    else:
        found = {
            declaration.page.name
            for declaration in _declarations(registry)
            if any(matches(each, registry.libraries[declaration.library]) for each in features)
        }
    return (CORE.name, *sorted(found - {CORE.name}))


def _declarations(registry: Registry) -> list[Declaration]:
    return [declaration for opcode in registry.isa for declaration in opcode.declarations]


def general(registry: Registry, request: Request) -> Plan:
    """The plan of a runtime for all programs on the pages that *request* names. Raises UsageError and
    PolicyError."""
    chosen = pages(registry, request.features)
    there = [each for each in _declarations(registry) if each.page.name in chosen]
    there = [each for each in there if not excluded(registry.libraries[each.library], registry, request)]
    settled = [each for each in there if not _is_choice(registry, each.library)]
    plan = _plan(registry, request, settled)
    names = {library.name for library in plan.libraries}
    complete = [each for each in there if each in settled or each.library in names]
    if len(complete) > len(settled):
        plan = _plan(registry, request, complete)
    for library in plan.libraries:
        if library.tables is not None and not library.on_load:
            raise UsageError(
                f"micro-library {library.name} cannot be in a runtime: it prepares programs when they are built "
                f"only (it has no on_load); it is there for: {plan.reasons[library.name][0]}"
            )
    return plan


def _is_choice(registry: Registry, library: str) -> bool:
    """Whether the library is one of several that fill an interface."""
    return any(len(registry.interfaces[each]) > 1 for each in registry.libraries[library].provides)


def _plan(registry: Registry, request: Request, declarations: list[Declaration]) -> Plan:
    wanted = set(declarations)
    every: dict[Use, tuple[int, Place | None]] = {
        use: (1, None)
        for opcode in registry.isa
        for declaration in opcode.declarations
        if declaration in wanted
        for form in forms(declaration)
        for use in uses(opcode, form)
    }
    asked, services, traps = demands((use.form, f"page {use.form.declaration.page.name}") for use in every)
    need = Need(
        uses=every,
        asked=(Asked(LOADING, ("a runtime loads modules",)), *asked),
        services=tuple(services),
        traps=tuple(sorted(traps, key=lambda trap: trap.name)),
        string_kinds=_ALL_STRINGS,
        min_stack=0,
        min_heap=0,
    )
    return resolve(need, registry, request)


def sample(registry: Registry) -> Verified:
    """A program that does nothing: it shows what tables there are."""
    isa = registry.isa
    halt = isa.find("HALT").code
    use = PageUse(CORE.name, -1, halt, isa.fingerprint(CORE.name, halt))
    return verify(Module((FunctionType((), ()),), functions=(Function(bytes([halt]), 0),), pages=(use,)), isa)
