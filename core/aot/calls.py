"""Who calls whom in a program.

Calls by a pointer reach what code, tables or classes name: of the same shape each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...opcodes import Service
from ..module import ClassType, Module
from ..program import Resolved, Resolver, read_immediates

_CALLS = ("invoke", "tail_invoke")
# What may change how many bytes a linear memory has.
_MOVES = "moves linear memory"


@dataclass(frozen=True, slots=True)
class Calls:
    """pointed: functions that can be called by a pointer; by_pointer: whether any is; cyclic: functions that
    can be under way more than once; moves: functions in which a linear memory may get another size."""

    pointed: frozenset[int]
    by_pointer: bool
    cyclic: frozenset[int]
    moves: frozenset[int]


def callee(each: Resolved) -> int | None:
    """The function that an instruction calls by its number; None where it calls none, or by a pointer."""
    transfer = each.use.form.graph.transfer
    if transfer is None or transfer.primitive.name not in _CALLS or transfer.operands:
        return None
    return immediate(each, int(transfer.attribute))  # type: ignore[call-overload]


def immediate(each: Resolved, index: int) -> int:
    """The value of immediate *index*, which the op IR reads."""
    return each.values[read_immediates(each.use.form).index(index)]


def calls(resolver: Resolver) -> Calls:
    """What is known of the program of *resolver*."""
    module = resolver.verified.module
    direct: list[set[int]] = []
    pointed, indirect, moves = set(_in_tables(module)), dict[int, bool](), set[int]()
    kinds: dict[int, tuple[bool, tuple[int, ...], bool]] = {}
    for index in range(len(module.functions)):
        found: set[int] = set()
        for each in resolver.function(index):
            known = kinds.get(each.number)
            if known is None:
                known = kinds[each.number] = _kind(each)
            by_pointer, naming, moving = known
            if by_pointer:
                indirect[index] = True
            if moving:
                moves.add(index)
            if naming:
                called = callee(each)
                if called is not None:
                    found.add(called)
                else:
                    pointed.update(each.values[at] for at in naming)
        direct.append(found)
    after = [set(each) for each in direct]
    if indirect:
        # By shape would be finer; a call by pointer that returns to itself is rarely what counts.
        hub = len(after)
        after.append(set(pointed))
        for index in indirect:
            after[index].add(hub)
    cyclic = _cyclic(after)
    reaching = _reaching(after, moves)
    count = len(module.functions)
    return Calls(
        frozenset(pointed),
        bool(indirect),
        frozenset(each for each in cyclic if each < count),
        frozenset(each for each in reaching if each < count),
    )


def _kind(each: Resolved) -> tuple[bool, tuple[int, ...], bool]:
    """Of an instruction's use: whether it calls by a pointer; the places of immediates that name functions;
    whether it may change the size of a memory."""
    graph, slots = each.use.form.graph, each.use.form.declaration.signature.immediates
    transfer = graph.transfer
    by_pointer = transfer is not None and transfer.primitive.name in _CALLS and bool(transfer.operands)
    read = read_immediates(each.use.form)
    naming = tuple(at for at, which in enumerate(read) if slots[which].kind == "func")
    moving = any(isinstance(n.attribute, Service) and _MOVES in n.attribute.effects for n in graph.nodes)
    return by_pointer, naming, moving


def _in_tables(module: Module) -> Iterable[int]:
    for segment in module.elements:
        yield from (each for each in segment.functions if each is not None)
    for entry in module.types:
        if isinstance(entry, ClassType):
            yield from entry.virtuals


def _reaching(after: list[set[int]], found: set[int]) -> set[int]:
    """What leads to one of *found*, and these."""
    before: Mapping[int, list[int]] = {index: [] for index in range(len(after))}
    for index, targets in enumerate(after):
        for target in targets:
            before[target].append(index)
    reached, work = set(found), list(found)
    while work:
        for index in before[work.pop()]:
            if index not in reached:
                reached.add(index)
                work.append(index)
    return reached


def _cyclic(after: list[set[int]]) -> set[int]:
    """What lies on a circle (R. Tarjan, "Depth-first search and linear graph algorithms", 1972)."""
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    found: set[int] = set()
    for start in range(len(after)):
        if start in number:
            continue
        work = [(start, iter(sorted(after[start])))]
        number[start] = low[start] = len(number)
        path.append(start)
        on_path.add(start)
        while work:
            node, rest = work[-1]
            target = next(rest, None)
            if target is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    group: list[int] = []
                    while not group or group[-1] != node:
                        group.append(path.pop())
                        on_path.discard(group[-1])
                    if len(group) > 1 or node in after[node]:
                        found.update(group)
            elif target not in number:
                number[target] = low[target] = len(number)
                path.append(target)
                on_path.add(target)
                work.append((target, iter(sorted(after[target]))))
            elif target in on_path:
                low[node] = min(low[node], number[target])
    return found
