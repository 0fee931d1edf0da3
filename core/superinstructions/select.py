"""Which superinstructions pay: sequences chosen under a budget of bytes by the time that they save.

The translator takes, for straight-line code, those superinstructions that leave the fewest dispatches; what a
set of them saves is found out in the same way here (`covering`). Sequences are chosen one after the other,
each time the one that saves most for a byte on top of those chosen before: what a sequence saves never grows
by others being there, so a stale figure is an upper bound, and most sequences need not be looked at again
(the lazy greedy algorithm: Minoux, "Accelerated greedy algorithms for maximizing submodular set functions",
1978).

A dispatch saved is not time saved: an instruction that does much by itself (a call, a service) gains the same
few cycles and is executed seldom. So every program counts by the share of its time that is saved, estimated
as dispatches plus the work of its instructions.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .profile import LONGEST, Stretch, sequences

Code = tuple[str, ...]
MIN_SHARE = 1e-5  # of a program's dispatches: below, a sequence is not worth looking at


@dataclass(frozen=True, slots=True)
class Costs:
    """What things take. dispatch: time of one dispatch. work: time of an instruction besides. bytes: of a
    superinstruction's handler."""

    work: Callable[[str], float]
    bytes: Callable[[Code], int]
    dispatch: float = 1.0


@dataclass(frozen=True, slots=True)
class Weighted:
    """A program to choose for: its straight-line code, and what one of its dispatches counts."""

    stretches: tuple[Stretch, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """A superinstruction that was chosen. saves: the share of time; bytes: of its handler; programs: how many
    have it in code that counts."""

    code: Code
    saves: float
    bytes: int
    programs: int


def weighted(programs: Iterable[Collection[Stretch]], costs: Costs) -> list[Weighted]:
    """Programs of which each counts as much as the others, whatever its length."""
    found = []
    for stretches in programs:
        time = sum(
            count * (costs.dispatch + costs.work(name))
            for each in stretches
            for name, count in zip(each.code, each.counts, strict=True)
        )
        if time:
            found.append(Weighted(tuple(stretches), costs.dispatch / time))
    return found


def covering(code: Sequence[str], chosen: Collection[Code], longest: int = LONGEST) -> list[int]:
    """For each position the length of what is dispatched there: a superinstruction of *chosen* or 1, so that
    the fewest dispatches lead from there to the end. The translator does the same."""
    size = len(code)
    steps, best = [1] * size, [0] * (size + 1)
    for at in range(size - 1, -1, -1):
        best[at] = 1 + best[at + 1]
        for length in range(2, min(longest, size - at) + 1):
            # Of equals the longest: it is what is left to others that may be entered in the middle.
            if 1 + best[at + length] <= best[at] and tuple(code[at : at + length]) in chosen:
                steps[at], best[at] = length, 1 + best[at + length]
    return steps


def dispatches(stretch: Stretch, chosen: Collection[Code]) -> int:
    """How many dispatches the runs that were counted take with these superinstructions."""
    if not chosen:
        return sum(stretch.counts)
    steps = covering(stretch.code, chosen)
    total, arriving = 0, [0] * (len(steps) + LONGEST)
    before = 0
    for at, count in enumerate(stretch.counts):
        # Who comes here did so from the instruction before, or entered here.
        arriving[at] += max(0, count - before)
        total += arriving[at]
        arriving[at + steps[at]] += arriving[at]
        before = count
    return total


def choose(
    programs: Sequence[Weighted],
    costs: Costs,
    budget: int,
    *,
    given: Collection[Code] = (),
    least_programs: int = 1,
    fits: Callable[[Code], bool] = lambda code: True,
    limit: int = 1 << 16,
) -> list[Chosen]:
    """The superinstructions that save most under a *budget* of bytes, the best first, at most *limit*.

    given: those that are there anyway. least_programs: in how many programs a sequence must be executed to
    count. fits: whether a sequence can be one.
    """
    taken = set(given)
    places: dict[Code, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for number, program in enumerate(programs):
        total = sum(sum(each.counts) for each in program.stretches)
        for code, count in sequences(program.stretches).items():
            if len(code) > 1 and count > total * MIN_SHARE:
                places[code][number] = set()
    wanted = {code for code, where in places.items() if len(where) >= least_programs and fits(code)} - taken
    for number, program in enumerate(programs):
        for row, stretch in enumerate(program.stretches):
            size = len(stretch.code)
            for start in range(size):
                for end in range(start + 2, min(start + LONGEST, size) + 1):
                    if (code := stretch.code[start:end]) in wanted and number in places[code]:
                        places[code][number].add(row)
    sizes = {code: costs.bytes(code) for code in wanted}
    now = [[float(dispatches(each, taken)) for each in program.stretches] for program in programs]

    def saving(code: Code) -> float:
        trial = taken | {code}
        saved = 0.0
        for number, rows in places[code].items():
            program = programs[number]
            for row in rows:
                saved += program.weight * (now[number][row] - dispatches(program.stretches[row], trial))
        return saved

    heap = [(-_bound(code, programs, places[code]) / sizes[code], code, False) for code in wanted]
    heapq.heapify(heap)
    found: list[Chosen] = []
    left = budget
    while heap and len(found) < limit:
        rate, code, fresh = heapq.heappop(heap)
        if sizes[code] > left or rate >= 0:
            continue
        if not fresh:
            heapq.heappush(heap, (-saving(code) / sizes[code], code, True))
            continue
        taken.add(code)
        left -= sizes[code]
        saved = -rate * sizes[code]
        found.append(Chosen(code, saved, sizes[code], len(places[code])))
        for number, rows in places[code].items():
            for row in rows:
                now[number][row] = dispatches(programs[number].stretches[row], taken)
        heap = [(rate, other, False) for rate, other, _ in heap]  # order stays: only marks change
    return found


def _bound(code: Code, programs: Sequence[Weighted], places: Mapping[int, set[int]]) -> float:
    """More than *code* can save."""
    saved = 0.0
    for number, rows in places.items():
        program = programs[number]
        for row in rows:
            stretch = program.stretches[row]
            size = len(code)
            for start in range(len(stretch.code) - size + 1):
                if stretch.code[start : start + size] == code:
                    saved += program.weight * stretch.counts[start] * (size - 1)
    return saved
