"""compose: from a plan to everything that its runtime is made of.

Handlers get their numbers, the program is linked to them, state structs and calls are put together from
what each micro-library declares. Nothing is printed yet, and nothing is compiled.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..core.parts import Handler, Memory, MicroLibrary, Table
from ..core.program import Program, Use, link, program_tables
from ..core.verified import Verified
from ..opcodes import CORE, Isa
from .resolve import Plan

# Where executables put the heap cage: below 2**31, so that a 32-bit displacement reaches it, and far
# above the image.
CAGE_ADDRESS = 0x10000000

# The interface of what loads modules from files when a runtime starts.
LOADING = "loading"
# Memory of no more bytes is an array beside the state: no code maps it, and the system gives only pages that
# are touched. More is mapped at run time, where a system without that much says so.
ARRAY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Composition:
    """What a runtime consists of. loaded: whether it is given its programs at run time; program and
    tables are then an example's, which says what tables there are."""

    plan: Plan
    handlers: tuple[Handler, ...]
    program: Program
    tables: tuple[Table, ...]
    isa: Isa
    loaded: bool = False

    @property
    def loads(self) -> bool:
        """Whether it loads modules from files by itself."""
        return LOADING in self.plan.interfaces

    @property
    def pages(self) -> tuple[str, ...]:
        """The pages of which there are opcodes in it, by name; the core page first."""
        found = {use.form.declaration.page.name for handler in self.handlers for use in handler.uses}
        return tuple(sorted(found, key=lambda name: (name != CORE.name, name)))

    @property
    def engine_headers(self) -> tuple[str, ...]:
        """Headers whose functions handlers call."""
        return tuple(dict.fromkeys(each for library in self.plan.libraries for each in library.include))

    def members(self, struct: str) -> list[tuple[MicroLibrary, str]]:
        """The members that each micro-library adds to `context` or `store`."""
        found = [(library, getattr(library, struct).strip()) for library in self.plan.libraries]
        return [(library, text) for library, text in found if text]

    @property
    def memory(self) -> tuple[tuple[MicroLibrary, Memory, int], ...]:
        """The memory of settled size that each micro-library has, in bytes."""
        program = None if self.loaded else self.program
        return tuple(
            (library, each, each.bytes(self.plan, program))
            for library in self.plan.libraries
            for each in library.memory
        )

    @property
    def arrays(self) -> dict[str, int]:
        """Which of it are arrays: name -> bytes. A runtime that is given its programs does not know sizes."""
        if self.loaded:
            return {}
        return {each.name: size for _, each, size in self.memory if size <= ARRAY_BYTES}

    def calls(self, moment: str) -> list[str]:
        """The C functions that micro-libraries want called at `on_start`, `on_finish`, …: what a library
        requires starts before it, and finishes after it."""
        order = _dependency_order(self.plan)
        if moment == "on_finish":
            order.reverse()
        return [call for library in order for call in getattr(library, moment)]


def compose(plan: Plan, verified: Verified, isa: Isa, *, loaded: bool = False) -> Composition:
    """The composition for *plan* with the program *verified*. Raises BuildError: what the engine raises."""
    handlers = plan.engine.handlers(plan, plan.need.uses)
    program = link(verified, isa, numbers(handlers), plan.cell_bits)
    loaded = loaded or LOADING in plan.interfaces
    return Composition(plan, handlers, program, tables(plan, program), isa, loaded)


def numbers(handlers: tuple[Handler, ...]) -> dict[Use, bytes]:
    """What stands for each form in resolved code."""
    return {use: handler.code for handler in handlers for use in handler.uses}


def tables(plan: Plan, program: Program) -> tuple[Table, ...]:
    """Every table about *program* that a micro-library of *plan* reads."""
    found = list(program_tables(program))
    for library in plan.libraries:
        if library.tables is not None:
            found.extend(library.tables(program))
    return tuple(found)


def _dependency_order(plan: Plan) -> list[MicroLibrary]:
    """Libraries after those that they require; otherwise by name."""
    by_name = {library.name: library for library in plan.libraries}
    done: dict[str, MicroLibrary] = {}

    def visit(library: MicroLibrary, above: tuple[str, ...]) -> None:
        if library.name in done or library.name in above:
            return
        for required in library.requires:
            name = required if required in by_name else plan.interfaces.get(required, "")
            if name in by_name:
                visit(by_name[name], (*above, library.name))
        done[library.name] = library

    for library in plan.libraries:
        visit(library, ())
    return list(done.values())
