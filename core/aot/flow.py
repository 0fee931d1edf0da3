"""Where control goes in a function: targets, loops, traces of fuel, runs, early exits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...opcodes import Service
from ...opcodes.primitives.effects import LOCAL_SET, MEMORY_BOUNDS
from ..program import Resolved, link_cells
from .calls import immediate
from .runs import LOOP_BYTES
from .whole import Whole

_EARLY = 16  # instructions before a branch that leaves early, and behind it
# What has no effect that anybody sees: reads, and writes of locals.
_STILL = ("local_get", "local_set", "pool_get", "global_get")


@dataclass(frozen=True, slots=True)
class EarlyExit:
    """Where a function that has not done anything leaves. branch: index of the first branch, exit: of the
    instruction where control goes then, end: behind the return. Callers take that way without a call, or with
    one of a function that saves no registers; the rest of it is another function, which begins anew: nothing
    that stands before the branch has an effect."""

    branch: int
    exit: int
    end: int


def _set(each: Resolved) -> Iterator[int]:
    """The immediates that name locals which an instruction sets."""
    nodes = each.use.form.graph.nodes
    return (int(node.attribute) for node in nodes if node.primitive is LOCAL_SET)  # type: ignore[call-overload]


def is_still(each: Resolved) -> bool:
    """Whether an instruction does nothing but compute, set locals, and branch or return."""
    return all(
        node.primitive.pure or node.primitive.name in _STILL or node.primitive.name in ("jump_if", "return")
        for node in each.use.form.graph.nodes
    )


class Flow:
    """Control flow of one function.

    code: its instructions with their offsets. forward, backward: offsets that branches in these directions go
    to; loops: small ones, by their first and last instruction. spent: for each instruction how many of its
    trace stand before it; arrives: how many were spent where control falls into it.
    """

    def __init__(self, whole: Whole, index: int) -> None:
        self.whole, self.index = whole, index
        self.parameters = len(whole.module.function_type(index).parameters)
        self.link = link_cells(whole.program.cell_bits)
        self.offsets = whole.program.verified.functions[index].offsets
        self.code = list(zip(self.offsets, whole.resolver.function(index), strict=True))
        self._find_targets()
        self._find_spent()

    def targets(self, each: Resolved) -> tuple[int, ...]:
        """Where an instruction branches to."""
        transfer = each.use.form.graph.transfer
        if transfer is None or transfer.primitive.name not in ("jump", "jump_if", "jump_table"):
            return ()
        if transfer.primitive.name == "jump_table":
            return each.targets
        return (immediate(each, int(transfer.attribute)),)  # type: ignore[call-overload]

    def _find_targets(self) -> None:
        self.forward, self.backward = set[int](), set[int]()
        self.loops: list[tuple[int, int]] = []  # small ones, by their first and last instruction
        for offset, each in self.code:
            for target in self.targets(each):
                (self.backward if target <= offset else self.forward).add(target)
                if target <= offset <= target + LOOP_BYTES:
                    self.loops.append((target, offset))

    def _find_spent(self) -> None:
        """For each instruction how many of its trace stand before it."""
        self.spent: dict[int, int] = {}
        self.arrives: dict[int, int] = {}  # with how many spent control falls into it
        spent, falls = 0, True
        for offset, each in self.code:
            self.arrives[offset] = spent
            if not falls or offset in self.backward:
                spent = 0
            self.spent[offset] = spent
            transfer = each.use.form.graph.transfer
            name = transfer.primitive.name if transfer is not None else ""
            spent = 0 if name == "invoke" else spent + 1
            falls = name in ("", "invoke", "jump_if")

    def early_exit(self) -> EarlyExit | None:
        """Where a function that calls itself may leave before it has done anything."""
        if self.index not in self.whole.calls.cyclic:
            return None
        for branch, (offset, each) in enumerate(self.code[:_EARLY]):
            if offset in self.backward or not is_still(each):
                return None
            transfer = each.use.form.graph.transfer
            if transfer is None:
                if any(self.local_of(each, at) < self.parameters for at in _set(each)):
                    return None
                continue
            if transfer.primitive.name != "jump_if":
                return None
            target = self.offsets.index(self.targets(each)[0])
            for start in (target, branch + 1):
                for end, (_, one) in enumerate(self.code[start : start + _EARLY], start + 1):
                    if not is_still(one):
                        break
                    leaves = one.use.form.graph.transfer
                    if leaves is not None:
                        if leaves.primitive.name == "return":
                            return EarlyExit(branch, start, end)
                        break
            return None
        return None

    def run_end(self, first: int) -> int:
        """Index behind the last instruction of the run that begins with the one of index *first*; that one,
        where none does that is worth a look."""
        code = self.code
        start = code[first][0]
        if not any(begin <= start <= end for begin, end in self.loops):
            return first
        accesses = 0
        for at in range(first, len(code)):
            offset, each = code[at]
            graph = each.use.form.graph
            if at > first and (offset in self.forward or offset in self.backward):
                break
            if any(isinstance(n.attribute, Service) or n.primitive.safepoint for n in graph.nodes):
                break
            transfer = graph.transfer
            if transfer is not None and transfer.primitive.name in ("invoke", "tail_invoke"):
                break
            accesses += sum(node.primitive is MEMORY_BOUNDS for node in graph.nodes)
            if transfer is not None:
                at += 1
                break
        else:
            at = len(code)
        return at if accesses > 2 else first

    def local_of(self, each: Resolved, index: int) -> int:
        """Which local immediate *index* names: resolved code has its slot."""
        value = immediate(each, index)
        return value if index in each.use.far or value < self.parameters else value - self.link
