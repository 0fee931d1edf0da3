"""What an instruction does to the operand stack, and what the verifier remembers of that.

Declarations alone say what instructions do (match.py), and it takes time to ask them. Most instructions of
a module have been there before, on an equal stack: what was found then holds again. So a pass asks once for
each step, from a stack by a kind of instruction:

    kind   the opcode, and what its immediates stand for as far as it decides anything: a number for each
           distinct answer of Matcher.decides
    step   on each stack, by the kind of the instruction
"""

from __future__ import annotations

from typing import NamedTuple

from .stacks import Stack

# Steps, stacks and kinds that are remembered from one function to the next; a function may add as many.
MAX_REMEMBERED = 1 << 17


class Effects(NamedTuple):
    """What an instruction does besides changing the stack.

    moved: the cells that a call or return moves; left: the stack at the targets of a branch; target: the
    immediate that names its first one, -1 where it is no branch; many: whether all behind that are targets
    too; below: the stack whose references are kept while it runs, None where it is no safepoint.
    """

    moved: int
    left: Stack
    target: int
    many: bool
    below: Stack | None


# The number of the form; the stack of the next instruction, None where control does not fall through; how
# deep a stack gets; effects. A plain tuple: it is taken apart for each instruction.
Step = tuple[int, Stack | None, int, Effects | None]


class Memory:
    """What a pass remembers from one function to the next. empty: the one empty stack; kinds: of instructions
    by their bytes, if they are the same in every function."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self.empty = Stack()
        self.kinds: dict[bytes, int] = {}
        self.size = 0
        self._numbers: dict[tuple[object, ...], int] = {}

    def begin(self) -> None:
        """Another function begins; a function keeps what it takes from here until its end."""
        if self.size + len(self.kinds) > MAX_REMEMBERED:
            self._forget()

    def kind(self, decides: tuple[object, ...]) -> int:
        """The number of a kind of instructions, from 1; 0 for one that is not to be remembered any more."""
        found = self._numbers.get(decides, 0)
        if not found and self._has_room():
            self.size += 1
            found = self._numbers[decides] = len(self._numbers) + 1
        return found

    def know(self, instruction: bytes, kind: int) -> None:
        """Remember the kind of an instruction that is the same in every function."""
        if self._has_room():
            self.kinds[instruction] = kind

    def keep(self, stack: Stack, kind: int, step: Step) -> None:
        """Remember what an instruction of this kind does on *stack*."""
        self.size += 1 + max(0, step[2] - stack.depth)
        if self._has_room():
            stack.steps[kind] = step

    def _has_room(self) -> bool:
        return self.size + len(self.kinds) <= 2 * MAX_REMEMBERED
