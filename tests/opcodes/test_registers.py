"""Variants of register instructions, and several as one: against the declared functions on an operand stack."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tblvm.opcodes import Isa, types
from tblvm.opcodes.compose import Composed, ComposeError
from tblvm.opcodes.registers import (
    ACCUMULATOR,
    NOWHERE,
    Field,
    Registers,
    class_of,
    fuse,
    variant,
    without_accumulators,
)
from tblvm.opcodes.trace import is_safepoint, takes_homes
from tblvm.opcodes.traps import TrapSignal
from tests.opcodes.test_compose import SCALE, SEED, Part, Recorder, forms, graph, number, run, sequences

FIRST = 1000  # the slot of the deepest operand

# What was done to the machine, how it was stopped and in which part, what is left on the operand stack.
Done = tuple[list[tuple[Any, ...]], tuple[Any, int] | None, list[int]]


class Slots(Recorder):
    """A recorder with slots from FIRST on; what is done to these is not written down."""

    def __init__(self, seed: str, slots: dict[int, int]) -> None:
        super().__init__(seed)
        self.slots = dict(slots)

    def local_get(self, index: int, type_: str) -> Any:
        return self.slots[index] if index >= FIRST else Recorder.__getattr__(self, "local_get")(index, type_)

    def local_set(self, index: int, value: Any) -> None:
        if index < FIRST:
            Recorder.__getattr__(self, "local_set")(index, value)
        else:
            self.slots[index] = value


class Row:
    """Forms one after the other, as variants with operands of random kinds. Raises ComposeError where one has no
    variant."""

    def __init__(self, parts: list[Part], rng: random.Random) -> None:
        self.parts, self.rng = parts, rng
        self.immediates = [part.immediates(rng) for part in parts]
        self.variants: list[Registers] = []
        self.fields: list[list[int]] = []  # the numbers of each instruction
        self.taken: dict[int, str] = {}  # the operands of the row: their types
        depth = lowest = 0
        for part in parts:
            depth -= len(part.graph.parameters)
            lowest = min(lowest, depth)
            depth += len(part.graph.results)
        self.depth = -lowest
        self._held: dict[str, int] = {}  # what is in accumulators, by its depth
        for part, own in zip(parts, self.immediates, strict=True):
            self._add(part, own)

    def _add(self, part: Part, own: list[int]) -> None:
        base = self.depth - len(part.graph.parameters)
        kinds = ""
        for at, type_ in enumerate(part.graph.parameters, base):
            if not self.variants or at not in self._written:
                self.taken.setdefault(at, type_)
            held = self._held.get(class_of(type_)) == at and ACCUMULATOR not in kinds
            kinds += self.rng.choice("sa") if held else "s"
        made = variant(part.graph, kinds)
        self.variants.append(made)
        self.fields.append([own[f.which] if f.kind == "own" else FIRST + base + f.which for f in made.fields])
        self.depth = base + len(part.graph.results)
        safe = not any(map(is_safepoint, part.graph.nodes))
        self._held = {class_: at for class_, at in self._held.items() if at < base and safe}
        for at, node in enumerate(part.graph.results, base):
            self._held[class_of(node.type)] = at
            self._written.add(at)

    @property
    def _written(self) -> set[int]:
        return self.__dict__.setdefault("written", set())

    def operands(self) -> list[int]:
        return [number(self.rng, self.taken[at]) for at in sorted(self.taken)]

    def declared(self, operands: list[int], seed: str) -> Done:
        machine, stack, at = Recorder(seed), list(operands), 0
        try:
            for at, part in enumerate(self.parts):
                split = len(stack) - len(part.graph.parameters)
                stack[split:] = part.run(machine, stack[split:], self.immediates[at])
        except TrapSignal as signal:
            return machine.log, (signal.trap, at), []
        return machine.log, None, stack

    def one_by_one(self, operands: list[int], seed: str) -> Done:
        machine, held, at = self._slots(operands, seed), dict[str, Any](), 0
        try:
            for at, each in enumerate(self.variants):
                given = _run(each, machine, [held[name] for name in each.takes], self.fields[at])
                held |= dict(zip(each.gives, given, strict=True))
        except TrapSignal as signal:
            return machine.log, (signal.trap, at), []
        return machine.log, None, self._left(machine)

    def as_one(self, whole: Registers, operands: list[int], seed: str) -> Done:
        assert whole.takes == () and whole.parts == len(self.parts)
        machine = self._slots(operands, seed)
        numbers = []
        for field in whole.fields:
            of = self.variants[field.part].fields
            numbers.append(self.fields[field.part][of.index(field._replace(part=0))])
        try:
            _run(whole, machine, [], numbers)
        except TrapSignal as signal:
            return machine.log, (signal.trap, signal.part), []  # type: ignore[attr-defined]
        return machine.log, None, self._left(machine)

    def _slots(self, operands: list[int], seed: str) -> Slots:
        return Slots(seed, {FIRST + at: value for at, value in enumerate(operands)})

    def _left(self, machine: Slots) -> list[int]:
        return [machine.slots[FIRST + at] for at in range(self.depth)]


def _run(made: Registers, machine: Slots, held: list[int], numbers: list[int]) -> list[int]:
    immediates = tuple((0, index) for index in range(len(numbers)))
    return run(Composed(made.graph, immediates, made.parts), machine, held, [numbers])


def test_variants_one_by_one_and_as_one_do_what_is_declared(isa: Isa) -> None:
    tried = accumulators = trapped = 0
    for index, parts in enumerate(sequences(isa, max(50, int(400 * SCALE)))):
        seed = f"{SEED} {index} {[part.name for part in parts]}"
        try:
            row = Row(parts, random.Random(seed))
            whole = fuse(row.variants)
        except ComposeError:
            continue
        tried += 1
        accumulators += any(each.takes for each in row.variants)
        for _ in range(5):
            operands = row.operands()
            expected = row.declared(operands, seed)
            trapped += expected[1] is not None
            assert row.one_by_one(operands, seed) == expected, seed
            assert row.as_one(whole, operands, seed) == expected, seed
    assert tried > 30 and accumulators > tried / 4 and trapped > tried / 4


def test_what_a_variant_is(isa: Isa) -> None:
    made = variant(graph(isa, "ADD"), "si")
    assert made.fields == (Field("slot", 0), Field("number", 1), Field("to", 0))
    assert made.graph.text() == (
        "v0 = local_get.i32 [0]\nv1 = immediate.i32 [1]\nv2 = add.i32.i32 v0 v1\nlocal_set v2 [2]\n-> v2"
    )
    assert variant(graph(isa, "long.LADD"), "ai", NOWHERE).graph.text() == (
        "v0 = parameter.i64 [0]\nv1 = immediate.i32 [0]\nv2 = extend_s.i32.i64 v1\n"
        "v3 = add.i64.i64 v0 v2\n-> v3"
    )
    for name, kinds, message in (
        ("FADD", "si", "cannot be of kind 'i'"),
        ("ADD", "aa", "two operands are in one accumulator"),
        ("ADD", "s", "2 operands are of kinds 's'"),
        ("ADD", "sx", "cannot be of kind 'x'"),
    ):
        with pytest.raises(ComposeError, match=message):
            variant(graph(isa, name), kinds)


def test_a_row_with_accumulators(isa: Isa) -> None:
    """i += k; j = i * j: nothing is read from a slot that is in an accumulator."""
    whole = fuse([variant(graph(isa, "ADD"), "si"), variant(graph(isa, "MUL"), "as")])
    assert whole.graph.text() == (
        "v0 = local_get.i32 [0]\nv1 = immediate.i32 [1]\nv2 = add.i32.i32 v0 v1\nlocal_set v2 [2]\n"
        "v4 = local_get.i32 [3]\nv5 = mul.i32.i32 v2 v4\nlocal_set v5 [4]\n-> v5"
    )
    assert whole.fields[3] == Field("slot", 1, 1) and whole.gives == ("int",)
    assert without_accumulators(whole).graph.results == ()
    compared = fuse([variant(graph(isa, "int.LT"), "as", NOWHERE), variant(graph(isa, "JNZ"), "a")])
    assert compared.takes == ("int",) and compared.graph.parameters == ("i32",)
    assert compared.graph.transfer is not None and compared.graph.transfer.part == 1


def test_no_reference_stays_in_an_accumulator_over_a_safepoint(isa: Isa) -> None:
    length, loaded = graph(isa, "ALENGTH", E=types.I32), graph(isa, "object.INSTANCEOF", R=types.ANY)
    void = next(
        part.graph
        for part in forms(isa)
        if part.graph.transfer is None
        and not part.graph.results
        and any(is_safepoint(node) for node in part.graph.nodes)
        and not any(takes_homes(node) for node in part.graph.nodes)
    )
    row = [variant(void, "s" * len(void.parameters)), variant(length, "a")]
    with pytest.raises(ComposeError, match="takes a reference from before the safepoint in part 0"):
        fuse(row)
    fuse([row[1], variant(loaded, "s")])
