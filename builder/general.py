"""general: what a runtime needs that is given its programs only when it runs.

It has every form of the opcodes of its pages, in every shape. Its pages are the core page and those that the
requested features name; where these name none, all standard pages. Opcodes of a library that is excluded,
or that is one of several for an interface and was not the one to be chosen, or that needs tables of the
program which nothing makes when it is loaded, are left out: modules that use them are refused when they are
loaded.
"""

from __future__ import annotations

from dataclasses import replace

from ..core.errors import UsageError
from ..core.forms import forms, uses
from ..core.module import Function, FunctionType, Module, PageUse
from ..core.parts import MicroLibrary
from ..core.program import ALL_STRINGS, Use
from ..core.registry import Registry
from ..core.verified import Verified
from ..opcodes import CORE, Declaration
from ..stack import verify
from .compose import LOADING
from .need import Asked, Imported, Need, Place, demands
from .resolve import Plan, Request, excluded, matches, resolve
from .runtimes import loading_engine


def pages(registry: Registry, features: tuple[str, ...]) -> tuple[str, ...]:
    """The pages of a runtime with *features*, the core page first."""
    known = registry.isa.pages
    named = {name for name in features if name in known}
    found = named or {name for name, page in known.items() if page.prefix is not None}
    return (CORE.name, *sorted(found - {CORE.name}))


def _declarations(registry: Registry) -> list[Declaration]:
    return [declaration for opcode in registry.isa for declaration in opcode.declarations]


def general(registry: Registry, request: Request) -> Plan:
    """The plan of a runtime for all programs on the pages that *request* names. Raises UsageError and
    PolicyError."""
    loading_engine(registry, request.engine)
    chosen = pages(registry, request.features)
    # A page's name need not be that of a library too.
    libraries = tuple(name for name in request.features if name not in chosen or name in registry.libraries)
    request = replace(request, features=libraries)
    there = [each for each in _declarations(registry) if each.page.name in chosen]
    usable = _Usable(registry, request)
    there = [each for each in there if usable.opcode(each)]
    settled = [each for each in there if not _is_choice(registry, each.library)]
    imports = _imports(registry, request, there, usable)
    plan = _plan(registry, request, settled, chosen, imports)
    names = {library.name for library in plan.libraries}
    complete = [each for each in there if each in settled or each.library in names]
    if len(complete) > len(settled):
        plan = _plan(registry, request, complete, chosen, imports)
    for library in plan.libraries:
        if library.tables is not None and not library.on_load:
            raise UsageError(
                f"micro-library {library.name} cannot be in a runtime: it has tables of programs and no "
                f"on_load, which makes them when a program is loaded; it is there for: "
                f"{plan.reasons[library.name][0]}"
            )
    return plan


class _Usable:
    """What a runtime can have: libraries that are not excluded, that make their tables when a program is
    loaded, and whose requirements it can have too; interfaces that one of these fills."""

    def __init__(self, registry: Registry, request: Request) -> None:
        self.registry, self.request = registry, request
        self._known: dict[str, bool] = {}

    def name(self, name: str) -> bool:
        if name not in self._known:
            self._known[name] = True  # for those that require each other
            library = self.registry.libraries.get(name)
            candidates = (library,) if library is not None else self.registry.interfaces.get(name, ())
            self._known[name] = any(map(self._library, candidates))
        return self._known[name]

    def _library(self, library: MicroLibrary) -> bool:
        if excluded(library, self.registry, self.request) or (library.tables and not library.on_load):
            return False
        return all(map(self.name, library.requires))

    def opcode(self, declaration: Declaration) -> bool:
        """Whether all that the opcode asks for can be there."""
        asked = demands((form, "") for form in forms(declaration))[0]
        return all(self.name(each.name) for each in asked)


def _imports(
    registry: Registry, request: Request, there: list[Declaration], usable: _Usable
) -> tuple[Imported, ...]:
    """The functions of micro-libraries that programs can import: where features name such libraries, theirs
    alone; all, where an opcode calls imports."""
    offering = [each for each in registry.libraries.values() if each.imports and usable.name(each.name)]
    named = [each for each in offering if any(matches(feature, each) for feature in request.features)]
    calls = any(slot.kind == "import" for each in there for slot in each.signature.immediates)
    return tuple(
        Imported(*native.key, *native.codes, "programs that are loaded")
        for each in named or (offering if calls else ())
        for native in each.imports
    )


def _is_choice(registry: Registry, library: str) -> bool:
    """Whether the library is one of several that fill an interface."""
    return any(len(registry.interfaces[each]) > 1 for each in registry.libraries[library].provides)


def _plan(
    registry: Registry,
    request: Request,
    declarations: list[Declaration],
    pages: tuple[str, ...],
    imports: tuple[Imported, ...],
) -> Plan:
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
        string_kinds=ALL_STRINGS,
        min_stack=0,
        min_heap=0,
        wide="a module that is loaded may have 64-bit values",
        pages=pages,
        imports=imports,
    )
    return resolve(need, registry, request)


def sample(registry: Registry) -> Verified:
    """A program that does nothing: it shows what tables there are."""
    isa = registry.isa
    halt = isa.find("HALT").code
    use = PageUse(CORE.name, -1, halt, isa.fingerprint(CORE.name, halt))
    return verify(Module((FunctionType((), ()),), functions=(Function(bytes([halt]), 0),), pages=(use,)), isa)
