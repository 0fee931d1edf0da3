"""need: what one program asks of a runtime, and the first instruction that asks for it.

The answer depends on the program and the instruction set only, never on what is available.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from ..core.module import FunctionType, Module
from ..core.printable import printable
from ..core.program import (
    ALL_STRINGS,
    Instruction,
    Resolved,
    Resolver,
    Use,
    read_immediates,
    string_kinds,
)
from ..core.verified import Form, Verified
from ..core.wellformed import is_wide
from ..opcodes import Isa, Service, Trap
from ..opcodes.ir import Node
from ..opcodes.meaning import FRAME_COST

_NUMBER = attrgetter("number")


@dataclass(frozen=True, slots=True)
class Place:
    """An instruction, for a person: `main (fib.tba:14)`."""

    function: str
    file: str
    line: int
    offset: int

    def __str__(self) -> str:
        function, file = (printable(each).decode() for each in (self.function, self.file))
        if self.line:
            return f"{function} ({file or 'line'}:{self.line})"
        return f"{function} (offset {self.offset})"


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that the program needs, and why: `chain` reads from the program to the thing; `by` is the
    micro-library that asks for it, "" for the program, a person or the target."""

    name: str
    chain: tuple[str, ...]
    by: str = ""

    @property
    def because(self) -> str:
        return " → ".join(self.chain)


@dataclass(frozen=True, slots=True)
class Imported:
    """A function that the program imports and calls: the names, the type codes of parameters and results, and
    who asks for it first, for a person."""

    module: str
    name: str
    parameters: tuple[int, ...]
    results: tuple[int, ...]
    place: str

    def __str__(self) -> str:
        return printable(f"{self.module}.{self.name}").decode()


@dataclass(frozen=True, slots=True)
class Need:
    """What a program needs. uses: the forms in it, each with the number of instructions and the first;
    asked: libraries and interfaces, with reasons; traps: kinds that it can raise; min_stack (cells) and
    min_heap (bytes): what the module asks for; min_linear (bytes) and min_tables (elements): the linear
    memories and tables that it starts with. wide: why cells must have 64 bits; "" where 32 are enough. pages:
    those that modules may list, whether there is an opcode of them or not. imports: functions, in the order
    of their first calls."""

    uses: dict[Use, tuple[int, Place | None]]
    asked: tuple[Asked, ...]
    services: tuple[Service[..., Any], ...]
    traps: tuple[Trap, ...]
    string_kinds: int
    min_stack: int
    min_heap: int
    entry_cells: int = 0
    globals: int = 0
    wide: str = ""
    min_linear: int = 0
    min_tables: int = 0
    pages: tuple[str, ...] = ()
    imports: tuple[Imported, ...] = ()


def need(verified: Verified, isa: Isa) -> Need:
    """What the program in *verified* needs."""
    module = verified.module
    resolver = Resolver(verified, isa)
    counts: Counter[int] = Counter()
    first: list[Instruction] = []
    importing: set[int] = set()  # numbers of uses that name an import
    called: dict[int, Instruction] = {}  # by import, the first that calls it
    for index, checked in enumerate(verified.functions):
        found = resolver.function(index)
        counts.update(map(_NUMBER, found))
        while len(first) < len(resolver.uses):  # each new one is in this function
            at = next(at for at, each in enumerate(found) if each.number == len(first))
            first.append(Instruction(index, checked.offsets[at], found[at]))
            if _named(found[at], "import"):
                importing.add(found[at].number)
        for at, each in enumerate(found) if importing else ():
            if each.number in importing:
                for number in _named(each, "import"):
                    called.setdefault(number, Instruction(index, checked.offsets[at], each))
    uses: dict[Use, tuple[int, Place | None]] = {}
    by: dict[Use, str] = {}  # the place in words
    for one in first:
        place = _place(module, one)
        uses[one.use], by[one.use] = (counts[one.resolved.number], place), str(place)
    imports = _imports(resolver, called)
    for number, imported in imports.items():
        if uses[called[number].use][1] == _place(module, called[number]):
            by[called[number].use] = f"{imported.place} → {imported}"
    asked, services, traps = demands((use.form, place) for use, place in by.items())
    if module.collector:
        asked.append(Asked("collector", ("the module assumes a collector",)))
    for thing in module.imports:
        if thing.kind != "function":
            asked.append(Asked("links", (f"it imports {thing.kind} {thing.module}.{thing.name}",)))
    begin = [module.functions[each] for each in (module.entry, module.start) if each is not None]
    return Need(
        uses=uses,
        asked=tuple(asked),
        services=tuple(services),
        traps=tuple(sorted(traps, key=lambda t: t.name)),
        string_kinds=ALL_STRINGS
        if any("makes strings" in s.effects for s in services)
        else string_kinds(verified),
        min_stack=module.min_stack,
        min_heap=module.min_heap,
        entry_cells=max(len(each.locals) + each.max_stack + FRAME_COST for each in begin),
        globals=len(module.globals),
        wide=_wide(module, uses),
        min_linear=sum(each.minimum for each in module.memories) << 16,
        min_tables=sum(each.minimum for each in module.tables),
        imports=tuple(imports.values()),
    )


def _place(module: Module, each: Instruction) -> Place:
    line = module.line(each.function, each.offset)
    return Place(module.function_name(each.function), module.debug.source, line, each.offset)


def _named(each: Resolved, kind: str) -> list[int]:
    """The immediates of this kind that the instruction's op IR reads."""
    slots, read = each.use.form.declaration.signature.immediates, read_immediates(each.use.form)
    return [value for which, value in zip(read, each.values, strict=True) if slots[which].kind == kind]


def _imports(resolver: Resolver, called: Mapping[int, Instruction]) -> dict[int, Imported]:
    """The imported functions by number; called: by number, the first instruction that calls each."""
    module = resolver.verified.module
    places = {number: _place(module, each) for number, each in called.items()}
    # What a function without lines is there for: the first instruction that names it.
    first = _first_calls(
        resolver, {each.function for number, each in called.items() if not places[number].line}
    )
    found = {}
    for number, each in called.items():
        of = module.imports[number]
        type_ = module.types[of.type]
        assert isinstance(type_, FunctionType), "what is called is a function"
        place = places[number] if places[number].line else first.get(each.function, places[number])
        found[number] = Imported(of.module, of.name, type_.parameters, type_.results, str(place))
    return found


def _first_calls(resolver: Resolver, wanted: set[int]) -> dict[int, Place]:
    """Of each of the functions *wanted*, the first instruction that names it."""
    naming = {
        number
        for number, use in enumerate(resolver.uses)
        if any(slot.kind == "func" for slot in use.form.declaration.signature.immediates)
    }
    first: dict[int, Place] = {}
    for index, checked in enumerate(resolver.verified.functions) if wanted and naming else ():
        for offset, each in zip(checked.offsets, resolver.function(index), strict=True):
            if each.number in naming:
                for function in wanted.intersection(_named(each, "func")):
                    first[function] = _place(resolver.verified.module, Instruction(index, offset, each))
                    wanted.discard(function)
        if not wanted:
            break
    return first


def together(needs: Iterable[Need]) -> Need:
    """What several programs need that share a runtime; the first one's reasons come first."""
    every = list(needs)
    uses: dict[Use, tuple[int, Place | None]] = {}
    for each in every:
        for use, (count, place) in each.uses.items():
            before, first = uses.get(use, (0, place))
            uses[use] = (before + count, first)
    services = {service.name: service for each in every for service in each.services}
    traps = {trap for each in every for trap in each.traps}
    return Need(
        uses=uses,
        asked=tuple(dict.fromkeys(asked for each in every for asked in each.asked)),
        services=tuple(services[name] for name in sorted(services)),
        traps=tuple(sorted(traps, key=lambda trap: trap.name)),
        imports=tuple(
            {(each.module, each.name): each for need in reversed(every) for each in need.imports}.values()
        ),
        wide=next((each.wide for each in every if each.wide), ""),
        **{name: max(getattr(each, name) for each in every) for name in _LARGEST},
    )


# What the most demanding of several programs decides.
_LARGEST = (
    *("string_kinds", "min_stack", "min_heap", "entry_cells"),
    *("globals", "min_linear", "min_tables"),
)


def _wide(module: Module, uses: Mapping[Use, tuple[int, Place | None]]) -> str:
    if is_wide(module):
        return "a type, local, global or constant has 64 bits"
    found = ((use.form.name, place) for use, (_, place) in uses.items() if use.form.is_wide)
    return next((f"{place} → {name}" for name, place in found), "")


def demands(
    forms: Iterable[tuple[Form, str]],
) -> tuple[list[Asked], list[Service[..., Any]], set[Trap]]:
    """What *forms* need, each given with the place that uses it: libraries and interfaces, services,
    trap kinds."""
    asked: dict[tuple[str, str], Asked] = {}
    services: dict[str, Service[..., Any]] = {}
    traps: set[Trap] = set()
    for form, place in forms:
        label = form.declaration.label
        library = form.declaration.library
        asked.setdefault((library, label), Asked(library, (place, label)))
        for node in form.graph.nodes:
            for interface in node.primitive.requires:
                asked.setdefault((interface, label), Asked(interface, (place, label), library))
            for trap in _traps(node):
                chain = (place, label, f"trap: {trap.message}")
                asked.setdefault(("traps", label), Asked("traps", chain, library))
                traps.add(trap)
            if isinstance(node.attribute, Service):
                services[node.attribute.name] = node.attribute
                owner = node.attribute.library
                chain = (place, label, node.attribute.name)
                asked.setdefault((owner, label), Asked(owner, chain, library))
    return list(asked.values()), [services[name] for name in sorted(services)], traps


def _traps(node: Node) -> tuple[Trap, ...]:
    """The kinds that an operation of the op IR can raise."""
    name = node.primitive.name
    if isinstance(node.attribute, Trap):
        return (node.attribute,)
    if isinstance(node.attribute, Service):
        return node.attribute.traps
    if name == "allocate":
        return (Trap.OUT_OF_MEMORY,)
    if name in ("invoke", "tail_invoke"):
        return (Trap.STACK_OVERFLOW,)
    return ()
