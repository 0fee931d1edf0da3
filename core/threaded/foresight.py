"""What the translator will come to in programs that are known when a runtime is built: which variants it
will choose, and which stand one after the other. A runtime has handlers for those alone.

This follows c/translate.c as far as choices depend on it. Where both differ nothing goes wrong: each form has
the variant with all operands in slots, and the translator takes the best of those that are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from ..program import Resolved, Resolver, Use
from .shapes import (
    FROM_CONSTANT,
    FROM_FAR,
    FROM_I32,
    FROM_I64,
    FROM_LOCAL,
    FROM_PARAMETER,
    FROM_POOL,
    FROM_WIDE,
)
from .variants import Fixed, RegisterForm, Variant

if TYPE_CHECKING:
    from ...opcodes import Isa
    from ..verified import Verified

Part = Variant | Fixed
_SET = {"i": "SET", "w": "SET_WIDE", "p": "SET_POOL", "s": "COPY"}
LOOP, DEEPEST = 8.0, 6
_LETTER = {"s": "s", "i": "i", "w": "i", "p": "p"}  # of a kind of operand: that of variants


@dataclass(slots=True, eq=False)
class _Operand:
    """What is on the operand stack. kind: "s" in a slot, "i" and "w" constants, "p" in the pool. record: that
    made it; local: whether it is what a local has."""

    kind: str
    record: int = -1
    local: bool = False


@dataclass(frozen=True)
class Choices:
    """What the translator can choose from. variants: of each form, by its `id`; seconds: of a variant,
    by its `id`, the one that leaves its result in the accumulator only; fixed: what is no form's, by its
    label; polls: whether branches backward have variants; collects: whether references are at home where
    calls are."""

    variants: Mapping[int, Sequence[Variant]]
    seconds: Mapping[int, Part]
    fixed: Mapping[str, Fixed]
    polls: bool
    collects: bool


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Register code of a function. weights: of each part, how often it runs for each time that the function
    does, guessed: LOOP times for each loop that it is in; calls: which functions it calls, with these
    weights."""

    parts: list[Part]
    weights: list[float]
    calls: list[tuple[int, float]]


def foreseen(
    verified: Verified, isa: Isa, cell_bits: int, forms: Mapping[Use, RegisterForm], choices: Choices
) -> Iterator[Foreseen]:
    """The register code of each function of a program, without what its records hold. forms: of the runtime,
    by what they are in resolved code."""
    walk = _Walk(choices, verified, Resolver(verified, isa, cell_bits), forms)
    for index in range(len(verified.functions)):
        yield walk.function(index)


@dataclass
class _Function:
    """A function on its way to register code."""

    choices: Choices
    operands: list[_Operand] = field(default_factory=list)
    locals: dict[int, _Operand] = field(default_factory=dict)
    held: dict[str, _Operand | None] = field(default_factory=lambda: {"c": None, "d": None})
    records: list[Part] = field(default_factory=list)

    def emit(self, part: Part) -> None:
        self.records.append(part)

    def put(self, operand: _Operand) -> None:
        self.emit(self.choices.fixed[_SET[operand.kind]])

    def forget(self) -> None:
        self.held = {"c": None, "d": None}

    def settle(self, at: int) -> None:
        """The operand is in its home."""
        operand = self.operands[at]
        if operand.kind != "s" or operand.local:
            self.put(operand)
            self.operands[at] = _Operand("s")

    def flush(self, first: int = 0) -> None:
        for at in range(first, len(self.operands)):
            self.settle(at)

    def result(self, class_: str) -> None:
        made = _Operand("s", len(self.records) - 1)
        self.held[class_] = made
        self.operands.append(made)

    # -- instructions -----------------------------------------------------------------------------

    def move(self, form: RegisterForm, values: tuple[int, ...]) -> None:
        program, at = form.shape.moves, 1
        first = len(self.operands) - len(form.shape.takes)
        taken = self.operands[first:]
        stored: tuple[int, _Operand] | None = None

        def source() -> _Operand:
            nonlocal at
            how, which = program[at], program[at + 1]
            at += 5 if how in (FROM_CONSTANT, FROM_WIDE) else 2
            if how == FROM_PARAMETER:
                return taken[which]
            if how in (FROM_LOCAL, FROM_FAR):
                return self.local((values[which], how == FROM_FAR))
            kinds = {FROM_I32: "i", FROM_I64: "w", FROM_POOL: "p", FROM_CONSTANT: "i", FROM_WIDE: "w"}
            return _Operand(kinds[how])

        if program[0]:
            far = bool(program[at] & 0x80)
            slot = values[program[at] & 0x7F]
            at += 1
            stored = (_slot(slot, far), source())
        given = []
        for _ in form.shape.gives:
            given.append(source())
        self.operands[first:] = given
        if stored is not None:
            self.store(*stored)

    def local(self, named: tuple[int, bool]) -> _Operand:
        return self.locals.setdefault(_slot(*named), _Operand("s", local=True))

    def store(self, slot: int, value: _Operand) -> None:
        if value is self.locals.get(slot):
            return
        old = self.locals.get(slot)
        for at, operand in enumerate(self.operands):
            if operand is old:
                self.settle(at)
        if value.kind == "s" and not value.local and value.record == len(self.records) - 1:
            value.local = True  # the result goes there
            value.record = -1
            self.locals[slot] = value
            return
        self.put(value)
        self.locals[slot] = _Operand("s", local=True)

    def choose(self, form: RegisterForm, taken: Sequence[_Operand], second: bool) -> Variant:
        best: Variant | None = None
        least = 1 << 30
        for variant in self.choices.variants[id(form)]:
            if (variant.result in ("a", "b")) != second:
                continue
            cost = 0
            for kind, class_, operand in zip(variant.kinds, form.shape.takes, taken, strict=True):
                is_held = self.held[class_] is operand
                if kind == "s":
                    cost += 4 if operand.kind != "s" else is_held
                elif not is_held if kind == "a" else _LETTER[operand.kind] != kind:
                    break
            else:
                if cost < least:
                    best, least = variant, cost
        assert best is not None, "each form has the variant with all operands in slots"
        return best

    def branch(self, form: RegisterForm, second: bool) -> None:
        """The accumulator that a branch takes holds nothing behind it."""
        self.compute(form, second)
        last = self.records[-1]
        assert isinstance(last, Variant)
        for kind, class_ in zip(last.kinds, form.shape.takes, strict=True):
            if kind == "a":
                self.held[class_] = None

    def compute(self, form: RegisterForm, second: bool = False) -> None:
        shape = form.shape
        first = len(self.operands) - len(shape.takes)
        taken = self.operands[first:]
        variant = self.choose(form, taken, second)
        for at, kind in enumerate(variant.kinds):
            if kind == "s" and taken[at].kind != "s":
                self.settle(first + at)
        taken = self.operands[first:]
        for kind, operand in zip(variant.kinds, taken, strict=True):
            spare = kind == "a" and not operand.local and operand.record >= 0
            if spare and self._once(operand, taken, first):
                made = self.records[operand.record]
                self.records[operand.record] = self.choices.seconds.get(id(made), made)
        self.emit(variant)
        for kind, operand in zip(variant.kinds, taken, strict=True):
            if kind == "s":
                operand.record = -1  # its slot is read
        del self.operands[first:]
        if shape.gives:
            self.result(shape.gives[0])
        if shape.sets:
            self.locals.clear()

    def _once(self, operand: _Operand, taken: Sequence[_Operand], first: int) -> bool:
        """Whether nothing else reads the operand."""
        return sum(each is operand for each in (*self.operands[:first], *taken)) == 1

    def at_home(self, form: RegisterForm, second: bool = False) -> None:
        shape = form.shape
        first = len(self.operands) - len(shape.takes)
        self.flush(0 if shape.safepoint or shape.frame else first)
        variants = self.choices.variants[id(form)]
        self.emit(variants[min(int(second), len(variants) - 1)])
        del self.operands[first:]
        if shape.safepoint or shape.frame:
            self.forget()
        if shape.sets or shape.frame:
            self.locals.clear()
        for class_ in shape.gives:
            self.result(class_)
        if len(shape.gives) > 1:
            self.forget()

    def called(self, parameters: int, results: int) -> None:
        del self.operands[len(self.operands) - parameters :]
        self.forget()
        for _ in range(results):
            self.result("c")
        if results != 1:
            self.forget()


def _slot(number: int, far: bool) -> int:
    return ~number if far else number


class _Walk:
    """The functions of a program."""

    def __init__(
        self, choices: Choices, verified: Verified, resolver: Resolver, forms: Mapping[Use, RegisterForm]
    ) -> None:
        self.choices, self.verified, self.resolver = choices, verified, resolver
        self.known, self.forms = forms, list[RegisterForm]()  # the latter by number of use
        self.depths = {(s.function, s.offset): len(s.types) for s in verified.module.shapes}

    def function(self, index: int) -> Foreseen:
        module, checked = self.verified.module, self.verified.functions[index]
        code = self.resolver.function(index)
        raw = module.functions[index].code
        self.forms += [self.known[use] for use in self.resolver.uses[len(self.forms) :]]
        offsets = checked.offsets
        targets = set(self._targets(code))
        depths: dict[int, int] = {}
        at = _Function(self.choices)
        at.emit(self.choices.fixed["EXIT"])
        at.emit(self.choices.fixed["ZERO"])
        falls = True
        times = self._times(offsets, code)
        weights = [1.0] * len(at.records)
        calls: list[tuple[int, float]] = []
        for place, (offset, each) in enumerate(zip(offsets, code, strict=True)):
            if offset in targets or not falls:
                if not falls:
                    depth = depths.get(offset, self.depths.get((index, offset), 0))
                    at.operands = [_Operand("s") for _ in range(depth)]
                at.flush()
                at.forget()
                at.locals.clear()
            form = self.forms[each.number]
            ends = offsets[place + 1] if place + 1 < len(offsets) else len(raw)
            falls = self._instruction(at, index, form, each, raw[offset:ends], ends, depths)
            weights += [times[place]] * (len(at.records) - len(weights))
            if form.shape.kind in ("CALL", "TAIL"):
                calls.append((each.values[form.shape.target], times[place]))
        return Foreseen(at.records, weights, calls)

    def _targets(self, code: Iterable[Resolved]) -> Iterator[int]:
        for each in code:
            yield from self._targets_of(each)

    def _targets_of(self, each: Resolved) -> tuple[int, ...]:
        shape = self.forms[each.number].shape
        if shape.kind in ("BRANCH", "JUMP"):
            return (each.values[shape.target],)
        return each.targets

    def _times(self, offsets: Sequence[int], code: Sequence[Resolved]) -> list[float]:
        """Of each instruction how often it runs, guessed by the loops that it is in: from a branch backward
        to its target; what branches back to one place is one loop."""
        ends: dict[int, int] = {}
        for place, (offset, each) in enumerate(zip(offsets, code, strict=True)):
            for target in self._targets_of(each):
                if target <= offset:
                    ends[target] = place
        changes = [0] * (len(code) + 1)
        for place, offset in enumerate(offsets):
            if offset in ends:
                changes[place] += 1
                changes[ends[offset] + 1] -= 1
        return [LOOP ** min(depth, DEEPEST) for depth in accumulate(changes[:-1])]

    def _instruction(
        self,
        at: _Function,
        index: int,
        form: RegisterForm,
        each: Resolved,
        raw: bytes,
        end: int,
        depths: dict[int, int],
    ) -> bool:
        """Follows an instruction, whose bytes in the module are *raw*; whether control goes on behind it."""
        shape, fixed = form.shape, self.choices.fixed
        kind = shape.kind
        if kind == "MOVE":
            at.move(form, each.values)
            return True
        if kind == "COMPUTE":
            at.compute(form)
            return True
        if kind == "HOME":
            at.at_home(form)
            return True
        if kind == "BRANCH":
            target = each.values[shape.target]
            second = self.choices.polls and target < end
            first = len(at.operands) - len(shape.takes)
            for lower in range(first):
                at.settle(lower)
            (at.at_home if shape.home else at.branch)(form, second)
            depths.setdefault(target, len(at.operands))
            return True
        if kind == "TABLE":
            at.flush()
            at.at_home(form)
            for target in each.targets:
                depths.setdefault(target, len(at.operands))
            return False
        if kind in ("CALL_AT", "TAIL_AT"):
            at.flush()
            at.at_home(form)
            at.called(*self._effect(each, raw))
            return kind == "CALL_AT"
        if id(form) in self.choices.variants:
            (at.at_home if shape.home else at.compute)(form)
        if kind == "JUMP":
            target = each.values[shape.target]
            at.flush()
            at.emit(fixed["JUMP_BACK" if self.choices.polls and target < end else "JUMP"])
            depths.setdefault(target, len(at.operands))
        elif kind in ("CALL", "TAIL"):
            callee = self.verified.module.function_type(each.values[shape.target])
            takes = len(callee.parameters)
            at.flush(0 if self.choices.collects else len(at.operands) - takes)
            at.emit(fixed[kind])
            at.called(takes, len(callee.results))
        elif kind == "RETURN":
            at.emit(fixed[self._return(at, len(self.verified.module.function_type(index).results))])
        return kind == "CALL"

    def _effect(self, each: Resolved, raw: bytes) -> tuple[int, int]:
        """What a call takes and gives whose callee is found when it runs."""
        module, transfer = self.verified.module, each.use.form.graph.transfer
        assert transfer is not None and isinstance(transfer.attribute, int)
        opcode, immediates = self.resolver.decoder.decode(raw)
        named = transfer.attribute
        called = module.called_type(opcode.kinds[named], immediates, named)
        return len(called.parameters), len(called.results)

    def _return(self, at: _Function, results: int) -> str:
        if results != 1:
            return "RETURN_N" if results else "RETURN"
        operand = at.operands[-1]
        if operand is at.held["d"]:
            return "RETURN_D"
        if operand is at.held["c"]:
            return "RETURN_A"
        return {"s": "RETURN_S", "i": "RETURN_I", "w": "RETURN_W", "p": "RETURN_P"}[operand.kind]
