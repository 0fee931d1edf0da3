"""The types on operand stacks, as the verifier remembers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.hierarchy import Hierarchy
from ..opcodes import types

if TYPE_CHECKING:
    from .steps import Step


class Stack:
    """The types on an operand stack: a top above another stack. Equal stacks of one pass are one object.

    So pushing, popping, remembering and comparing cost the same however deep a stack is, and what is
    remembered of a whole function is as large as the function. steps: what instructions do to it, by their
    kinds (steps.py).
    """

    __slots__ = ("_above", "below", "code", "depth", "nearest", "steps")

    def __init__(self, below: Stack | None = None, code: int = 0) -> None:
        self.below, self.code = below, code
        self.depth: int = 0 if below is None else below.depth + 1
        self._above: dict[int, Stack] = {}
        self.steps: dict[int, Step] = {}
        # The nearest stack whose top is a reference: this one or one below.
        self.nearest: Stack | None = None
        if below is not None:
            self.nearest = self if types.is_reference_code(code) else below.nearest

    def push(self, *codes: int) -> Stack:
        """The stack with *codes* on it, the last one on top."""
        stack = self
        for code in codes:
            above = stack._above.get(code)
            if above is None:
                above = stack._above[code] = Stack(stack, code)
            stack = above
        return stack

    def take(self, count: int) -> tuple[Stack, tuple[int, ...]]:
        """What is below the *count* top cells, and their types, the deepest first; count <= depth."""
        stack, taken = self, []
        for _ in range(count):
            assert stack.below is not None
            taken.append(stack.code)
            stack = stack.below
        return stack, tuple(reversed(taken))

    def fits(self, wanted: Stack, hierarchy: Hierarchy, known: set[tuple[Stack, Stack]]) -> bool:
        """Whether this may stand where *wanted* is expected. known: some pairs of which that was true, so
        that deep stacks are not compared all the way again."""
        here, there = self, wanted
        if here.depth != there.depth:
            return False
        passed = []
        while here is not there:
            if not hierarchy.assignable(here.code, there.code):
                return False
            if here.depth % 64 == 0:
                if (here, there) in known:
                    break
                passed.append((here, there))
            assert here.below is not None and there.below is not None
            here, there = here.below, there.below
        known.update(passed)
        return True

    def references(self) -> tuple[int, ...]:
        """The indexes of the cells that hold references, 0 the deepest."""
        found, stack = [], self.nearest
        while stack is not None:
            assert stack.below is not None
            found.append(stack.depth - 1)
            stack = stack.below.nearest
        return tuple(reversed(found))
