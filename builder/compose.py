"""compose: from a plan to everything that its runtime is made of.

Handlers get their numbers, the program is linked to them, state structs and calls are put together from
what each micro-library declares. Nothing is printed yet, and nothing is compiled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..core.errors import UsageError
from ..core.parts import Handler, Memory, MicroLibrary, Option, Table
from ..core.program import Program, Use, link, program_tables
from ..core.verified import Verified
from ..opcodes import CORE, Isa
from .resolve import Plan

# Where executables put the heap cage: below 2**31, so that a 32-bit displacement reaches it, and far
# above the image.
CAGE_ADDRESS = 0x10000000

# The interface of what loads modules from files when a runtime starts.
LOADING = "loading"
# The interface of what runs several programs in one process: it gives a context a member `store`.
INSTANCES = "instances"
# The interface of what makes a runtime part of another program.
EMBEDDING = "embedding"
# The interface of what runs the programs that were built in besides the main one.
BUNDLE = "bundle"
# The interface of what shuts a process in.
WALLS = "walls"
# Memory of no more bytes is an array beside the state: no code maps it, and the system gives only pages that
# are touched. More is mapped at run time, where a system without that much says so.
ARRAY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Composition:
    """What a runtime consists of. bundle: by name, the programs that its program can run besides. loaded:
    whether it is given its programs at run time; program and tables are then an example's, which says
    what tables there are."""

    plan: Plan
    handlers: tuple[Handler, ...]
    program: Program
    tables: tuple[Table, ...]
    isa: Isa
    loaded: bool = False
    bundle: Mapping[str, Bundled] = field(default_factory=dict)

    @property
    def programs(self) -> tuple[Program, ...]:
        """Its program and those of the bundle; none where they come at run time."""
        return () if self.loaded else (self.program, *(each.program for each in self.bundle.values()))

    @property
    def several(self) -> bool:
        """Whether more than one program can be under way: each has a store of its own."""
        return INSTANCES in self.plan.interfaces

    @property
    def indirect(self) -> bool:
        """Whether C reaches a program's tables by its store, and not by their names."""
        return self.loaded or self.several or self.plan.target.indirect

    @property
    def recursive(self) -> Mapping[str, int]:
        """C functions that call themselves by way of others: how many calls are under way at most."""
        return {
            function: self.plan.number(option)
            for library in self.plan.libraries
            for function, option in library.recursive.items()
        }

    @property
    def instances(self) -> int:
        """How many programs are under way at most."""
        return 1 + max(self.recursive.values(), default=0) if self.several else 1

    @property
    def loads(self) -> bool:
        """Whether it loads modules from files by itself."""
        return LOADING in self.plan.interfaces

    @property
    def limits(self) -> tuple[Option, ...]:
        """The options that a host sets for each instance; none where there is no host."""
        if EMBEDDING not in self.plan.interfaces:
            return ()
        found = {each.name: each for library in self.plan.libraries for each in library.options if each.limit}
        return tuple(found.values())

    @property
    def pages(self) -> tuple[str, ...]:
        """The pages of which there are opcodes in it, or could be, by name; the core page first."""
        found = {use.form.declaration.page.name for handler in self.handlers for use in handler.uses}
        found.update(self.plan.need.pages)
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
        """The memory of settled size that each micro-library has for a program, in bytes."""
        return tuple(
            (library, each, max(each.bytes(self.plan, program) for program in self.programs or (None,)))
            for library in self.plan.libraries
            for each in library.memory
        )

    def constants(self, library: MicroLibrary) -> dict[str, int]:
        """What *library* says about programs: of several, the most."""
        found: dict[str, int] = {}
        if library.constants is not None:
            for program in self.programs or (None,):
                for name, value in library.constants(program).items():
                    found[name] = max(value, found.get(name, value))
        return found

    @property
    def arrays(self) -> dict[str, int]:
        """Which of it are arrays: name -> bytes. A runtime that is given its programs does not know sizes,
        and programs that others run take memory when they start."""
        if self.indirect:
            return {}
        return {each.name: size for _, each, size in self.memory if each.array and size <= ARRAY_BYTES}

    @property
    def cage_moves(self) -> bool:
        """Whether C finds the cage by a member `cage` of the store, and not at an address that is known."""
        there = "cage" in self.plan.interfaces and "cage" not in self.arrays
        return self.indirect or (there and not self.plan.target.fixed_addresses)

    def calls(self, moment: str) -> list[str]:
        """The C functions that micro-libraries want called at `on_start`, `on_finish`, …: what a library
        requires starts before it, and finishes after it."""
        return [call for library in self._ordered(moment) for call in getattr(library, moment)]

    def inner_calls(self, moment: str) -> list[tuple[str, bool]]:
        """The same at `on_enter` or `on_leave`, of a program that another one runs; each with whether it
        takes both contexts: libraries that share nothing start and finish as ever."""
        found = []
        for library in self._ordered(moment):
            shared = bool(library.on_enter or library.on_leave)
            usual = "on_start" if moment == "on_enter" else "on_finish"
            found += [(call, shared) for call in getattr(library, moment if shared else usual)]
        return found

    def _ordered(self, moment: str) -> list[MicroLibrary]:
        order = _dependency_order(self.plan)
        if moment in ("on_finish", "on_leave"):
            order.reverse()
        return order


@dataclass(frozen=True, slots=True)
class Bundled:
    """A program linked for a runtime, and every table about it that the runtime reads."""

    program: Program
    tables: tuple[Table, ...]


def compose(plan: Plan, verified: Verified, isa: Isa, *, loaded: bool = False) -> Composition:
    """The composition for *plan* with the program *verified*. Raises UsageError when its memory exceeds
    what the target has, BuildError: what the engine raises."""
    handlers = plan.engine.handlers(plan, plan.need.uses)

    def linked(each: Verified) -> Bundled:
        program = link(each, isa, numbers(handlers) if plan.engine.loads else None, plan.cell_bits)
        program = replace(program, natives=natives(plan, each))
        return Bundled(program, tables(plan, program))

    main = linked(verified)
    loaded = loaded or LOADING in plan.interfaces
    bundle = {name: linked(each) for name, each in plan.bundle.items()}
    composition = Composition(plan, handlers, main.program, main.tables, isa, loaded, bundle)
    _check_memory(composition)
    return composition


def _check_memory(composition: Composition) -> None:
    """Refuse what the target cannot address."""
    target, count = composition.plan.target, composition.instances
    sizes = {each.doc: count * size for _, each, size in composition.memory}
    if sum(sizes.values()) > target.memory_bytes:
        largest = max(sizes, key=lambda doc: sizes[doc])
        raise UsageError(
            f"target {target.name} has {target.memory_bytes:,} bytes of memory, and this takes "
            f"{sum(sizes.values()):,}, most of it for the {largest} ({sizes[largest]:,}): give it less "
            "(--heap, --stack, -O linear=SIZE, -O tables=N)"
        )


def numbers(handlers: tuple[Handler, ...]) -> dict[Use, bytes]:
    """What stands for each form in resolved code."""
    return {use: handler.code for handler in handlers for use in handler.uses}


def natives(plan: Plan, verified: Verified) -> tuple[int, ...]:
    """For each import of the program the number of its C function in *plan*, from 1 on; 0 for none."""
    known = {each.key: number for number, each in enumerate(plan.natives, 1)}
    return tuple(
        known.get((each.module, each.name), 0) if each.kind == "function" else 0
        for each in verified.module.imports
    )


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
