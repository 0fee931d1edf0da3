"""The superinstructions of one runtime: by the profile given, by what its program does in loops, or those
that pay for most programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from ...opcodes.ir import Graph
from ...opcodes.primitives.effects import ALLOCATE, SERVICE
from .options import SUPERINSTRUCTIONS
from .profile import Stretch, forward, plain
from .select import Code, Costs, choose, weighted

if TYPE_CHECKING:
    from ...builder.resolve import Plan

DEFAULTS = Path(__file__).with_name("defaults.json")
# Estimates of code: of a handler, of each part of it, of each operation (as x86-64 has it,
# without what aligns handlers). Of time, where a dispatch is 1: of each operation, and of those that call C.
_HANDLER_BYTES, _PART_BYTES, _NODE_BYTES = 16, 10, 6
_NODE_WORK, _CALL_WORK = 0.15, 10.0


class Part(Protocol):
    """A variant of a register instruction, as far as it matters here."""

    @property
    def names(self) -> Sequence[str]:
        """What profiles may call it, its own name first: forms with the same C share their variants."""
        ...

    @property
    def graph(self) -> Graph | None:
        """What it does, with operands on a stack; None for an instruction that is no form's."""
        ...

    @property
    def goes_on(self) -> bool:
        """Whether control comes to the next instruction by itself, always."""
        ...

    @property
    def may_end(self) -> bool:
        """Whether a superinstruction can have it as its last part."""
        ...


V = TypeVar("V", bound=Part)


def chosen(
    plan: Plan,
    variants: Sequence[V],
    given: Iterable[Sequence[V]],
    estimated: Sequence[Sequence[Stretch]] = (),
) -> list[tuple[V, ...]]:
    """The superinstructions of *variants* beside those *given*, the best first, within the budget of *plan*.

    Those that a profile shows to pay; without one those that pay by *estimated*: the code of each program
    that is known, with guesses at how often it runs; without both the default set.
    """
    budget = plan.number(SUPERINSTRUCTIONS.name)
    by_name = {plain(name): each for each in reversed(variants) for name in each.names}
    by_name |= {name: each for each in reversed(variants) for name in each.names}
    known = {name: each.names[0] for name, each in by_name.items()}
    there = {tuple(each.names[0] for each in row) for row in given}
    costs = costs_of(lambda name: by_name[name].graph if name in by_name else None)

    def parts(code: Code) -> tuple[V, ...]:
        return tuple(by_name[name] for name in code)

    def fits(code: Code) -> bool:
        return all(name in by_name for name in code) and can_be_one(parts(code))

    profile = plan.request.profile
    if profile is not None or estimated:
        given_ = [each.stretches for each in profile.programs] if profile is not None else estimated
        programs = [[_renamed(each, known) for each in stretches] for stretches in given_]
        rows = choose(weighted(programs, costs), costs, budget, given=there, fits=fits)
        return [parts(each.code) for each in rows]
    found: list[tuple[V, ...]] = []
    for row in defaults():
        code = tuple(_known(name, known) for name in row)
        if code in there or not fits(code):
            continue
        there.add(code)
        budget -= costs.bytes(code)
        if budget < 0:
            break
        found.append(parts(code))
    return found


def can_be_one(parts: Sequence[Part]) -> bool:
    """Whether these can be a superinstruction: control leaves it at its end only."""
    return all(each.goes_on for each in parts[:-1]) and (parts[-1].goes_on or parts[-1].may_end)


def costs_of(graph: Callable[[str], Graph | None]) -> Costs:
    """What handlers take, estimated from the op IR of their parts. graph: by a part's name; None where it is
    not known: what usual ones take."""

    @cache
    def operations(name: str) -> int:
        found = graph(name)
        return 3 if found is None else sum(1 for node in found.live() if not node.primitive.moves)

    @cache
    def work(name: str) -> float:
        found = graph(name)
        calls = sum(n.primitive in (SERVICE, ALLOCATE) for n in found.nodes) if found is not None else 0
        return _CALL_WORK * calls + _NODE_WORK * operations(name)

    def bytes_of(code: Code) -> int:
        return _HANDLER_BYTES + sum(_PART_BYTES + _NODE_BYTES * operations(name) for name in code)

    return Costs(work, bytes_of)


def _renamed(stretch: Stretch, names: Mapping[str, str]) -> Stretch:
    return replace(stretch, code=tuple(_known(name, names) for name in stretch.code))


def _known(name: str, names: Mapping[str, str]) -> str:
    """What an instruction of a profile is called here."""
    for each in (name, plain(name), forward(name), plain(forward(name))):
        if each in names:
            return names[each]
    return name


@cache
def defaults() -> tuple[Code, ...]:
    """Sequences that pay for most programs, the best first (bench/train.py writes them)."""
    return tuple(_rows(json.loads(DEFAULTS.read_text())))


def _rows(data: dict[str, list[list[str]]]) -> Iterator[Code]:
    for row in data["sequences"]:
        yield tuple(row)
