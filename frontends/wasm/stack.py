"""Operand stacks of the validation, as objects of which equal ones are one.

A stack is a dictionary of what instructions make of it: `stack[key]` is the stack behind the instruction with
this key, found the first time by the rules of validation and afterwards by one look. So an instruction costs
the same however deep the stack is, and the functions of a module share what they have in common.

    key                    what it does
    opcode, 0x100 + n      an instruction of `instructions.py`; drop and select
    -t                     pushes a t
    TAKE + t               pops a t
    TEE + t                pops a t and pushes it again
    CALL + n               the parameters and results of type n

The stack of code that cannot be reached is *polymorphic*: it begins with any number of cells of any type,
UNKNOWN (WebAssembly 1.0, appendix Validation Algorithm).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...core.module import MAX_FRAME_CELLS
from .errors import WasmError
from .model import I32, NAMES, Types

UNKNOWN = 0
TAKE, TEE, CALL = 0x1000, 0x2000, 0x10000
DROP, SELECT = 0x1A, 0x1B


@dataclass
class Rules:
    """What the stacks of a module share. effects: what the instruction of a key takes and gives; seen: the
    keys that were looked up; made: how many stacks there are."""

    effects: Mapping[int, tuple[Types, Types]]
    seen: set[int] = field(default_factory=set)
    made: int = 0


class Mismatch(Exception):
    """What an instruction needs is not on the stack; the text says what."""


class Stack(dict[int, "Stack"]):
    """Types on an operand stack: *type* on top of *below*, which is None for the empty one."""

    __slots__ = ("below", "depth", "polymorphic", "rules", "type")

    below: Stack | None
    depth: int
    polymorphic: bool
    rules: Rules
    type: int

    @classmethod
    def empty(cls, rules: Rules, *, polymorphic: bool = False) -> Stack:
        stack = cls()
        stack.below, stack.type, stack.depth = None, UNKNOWN, 0
        stack.rules, stack.polymorphic = rules, polymorphic
        return stack

    def __missing__(self, key: int) -> Stack:
        if key < 0:
            found = self._pushed(-key)
        elif key == SELECT:
            found = self._selected()
        elif key == DROP:
            found = self.popped(UNKNOWN)[0]
        elif TAKE <= key < TEE:
            found = self.popped(key - TAKE)[0]
        elif TEE <= key < CALL:
            found = self.popped(key - TEE)[0][TEE - key]
        else:
            found = self.apply(*self.rules.effects[key])
        self.rules.seen.add(key)
        self[key] = found
        return found

    def _pushed(self, type_: int) -> Stack:
        stack = Stack()
        stack.below, stack.type, stack.depth = self, type_, self.depth + 1
        stack.rules, stack.polymorphic = self.rules, self.polymorphic
        self.rules.made += 1
        if stack.depth > MAX_FRAME_CELLS:
            raise WasmError("unsupported", f"an operand stack of more than {MAX_FRAME_CELLS} cells")
        return stack

    def popped(self, wanted: int) -> tuple[Stack, int]:
        """The stack below the top, which must be a *wanted* (UNKNOWN: anything), and what it was."""
        if self.below is None:
            if self.polymorphic:
                return self, wanted
            raise Mismatch(f"type mismatch: {NAMES.get(wanted, 'a value')} is wanted, and the stack is empty")
        if wanted not in (self.type, UNKNOWN) and self.type != UNKNOWN:
            raise Mismatch(
                f"type mismatch: {NAMES[wanted]} is wanted, and {NAMES[self.type]} is on the stack"
            )
        return self.below, self.type or wanted

    def take(self, wanted: Types) -> Stack:
        """The stack below the top cells, which must be *wanted*, the last one on top."""
        stack = self
        for type_ in reversed(wanted):
            stack = stack.popped(type_)[0]
        return stack

    def push(self, types: Types) -> Stack:
        stack = self
        for type_ in types:
            stack = stack[-type_]
        return stack

    def apply(self, operands: Types, results: Types) -> Stack:
        return self.take(operands).push(results)

    def _selected(self) -> Stack:
        below, second = self.popped(I32)[0].popped(UNKNOWN)
        below, first = below.popped(second)
        # Of two unknown ones the result is unknown too: its key is no push of a number's type.
        type_ = first or second
        return below[-type_] if type_ else below.unknown()

    def unknown(self) -> Stack:
        """The stack with a cell of unknown type on it."""
        key = -len(NAMES) - 1
        if key not in self:
            self[key] = self._pushed(UNKNOWN)
        return self[key]
