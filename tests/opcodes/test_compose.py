"""Composed graphs: what they do to a machine, against the declared functions one after the other."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tblvm.opcodes import Declaration, Isa, Trap, types, values
from tblvm.opcodes.compose import Composed, ComposeError, Given, chain, compose
from tblvm.opcodes.ir import Graph, Node
from tblvm.opcodes.primitives.integer import wrap
from tblvm.opcodes.services import Service
from tblvm.opcodes.signature import analyse
from tblvm.opcodes.trace import arguments, checked_results, result_types, trace
from tblvm.opcodes.traps import TrapSignal
from tblvm.opcodes.values import Effects, Value, i32, trap_if

SCALE = float(os.environ.get("TBLVM_TEST_SCALE", "1"))
SEED = os.environ.get("TBLVM_TEST_SEED", "compose")
CHOICES = (types.I32, types.I64, types.F64, types.ANY)


class Recorder:
    """A machine that writes down what is done to it, in order; what it answers depends on the number of the
    question and the type wanted only."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.log: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def done(*given: Any) -> Any:
            given = tuple(getattr(each, "v", each) for each in _flat(given))
            self.log.append((name, *given))
            if name == "trap_if" and given[0]:
                raise TrapSignal(given[1])
            if name == "bounds" and not 0 <= given[0] < given[1]:
                raise TrapSignal(Trap.BAD_INDEX)
            return number(random.Random(f"{self.seed} {len(self.log)}"), _answer(name, given))

        return done


def _flat(given: tuple[Any, ...]) -> Iterator[Any]:
    for each in given:
        if isinstance(each, tuple):
            yield from each
        else:
            yield each


def _answer(name: str, given: tuple[Any, ...]) -> str:
    """The IR type of what an effect gives."""
    if name in ("local_get", "pool_get", "global_get"):
        return str(given[1])
    if name in ("heap_load", "memory_load"):
        return str(given[0].stack)
    if name == "service":
        return str(given[0].result)
    fixed = {"is_subtype": "i1", "implements": "i1", "allocate": "ref", "receiver": "ref", "table_get": "fn"}
    return fixed.get(name, "i32")


def number(rng: random.Random, type_: str) -> int:
    if type_ == "i1":
        return rng.randrange(2)
    if type_ in ("ref", "fn"):
        return rng.choice((0, 8, 16, 24))
    if type_ in ("i32", "i64"):
        bits = int(type_[1:])
        return rng.choice(
            (0, 1, -1, 3, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), wrap(rng.getrandbits(bits), bits))
        )
    return rng.choice(
        (0, 0x3F800000, 0x7FC00000, rng.getrandbits(32), *[rng.getrandbits(64)] * (type_ == "f64"))
    )


class Part:
    """A form of an opcode, to be run as it is declared."""

    def __init__(self, declaration: Declaration, bound: dict[str, types.Type]) -> None:
        self.declaration, self.bound = declaration, bound
        self.graph = declaration.graph(tuple(bound.items()))
        self.name = declaration.label

    def immediates(self, rng: random.Random) -> list[int]:
        when = self.declaration.when
        fixed = {name: value for name, value in when.items() if isinstance(value, int)}
        return [fixed.get(slot.name, rng.randrange(1, 60)) for slot in self.declaration.signature.immediates]

    def run(self, machine: Recorder, stack: list[int], immediates: list[int]) -> list[int]:
        before = values.enter(machine)
        try:
            signature = self.declaration.signature
            given = arguments(signature, stack, list(immediates), self.bound)
            wanted = result_types(signature, self.bound)
            return [each.v for each in checked_results(self.name, self.declaration.function(*given), wanted)]
        finally:
            values.enter(before)


def run(composed: Composed, machine: Recorder, operands: list[int], immediates: list[list[int]]) -> list[int]:
    """What a composed graph does and gives. A TrapSignal's attribute `part` tells the part."""
    known: dict[Node, Any] = {}
    for node in composed.graph.nodes:
        name, attribute = node.primitive.name, node.attribute
        given = [known[each] for each in node.operands]

        def immediate(which: Any = attribute) -> int:
            part, index = composed.immediates[which]
            return immediates[part][index]

        if name == "parameter":
            known[node] = operands[int(str(attribute))]
        elif name == "immediate":
            known[node] = immediate()
        elif name == "constant":
            known[node] = int(str(attribute))
        elif node.primitive.pure:
            assert node.primitive.value is not None
            known[node] = node.primitive.value(*given)
        else:
            try:
                known[node] = _effect(machine, node, given, immediate)
            except TrapSignal as signal:
                signal.part = node.part  # type: ignore[attr-defined]
                raise
    return [known[node] for node in composed.graph.results]


def _effect(machine: Effects | Any, node: Node, given: list[int], immediate: Callable[[], int]) -> Any:
    name, attribute = node.primitive.name, node.attribute
    if name == "trap_if":
        return machine.trap_if(*given, attribute)
    if name in ("local_get", "pool_get", "global_get"):
        return getattr(machine, name)(immediate(), node.type)
    if name == "local_set":
        return machine.local_set(immediate(), *given)
    if name in ("global_set", "global_set_ref"):
        return machine.global_set(immediate(), *given, name == "global_set_ref")
    if name in ("heap_load", "heap_store", "heap_store_ref", "memory_load", "memory_store"):
        return getattr(machine, name.removesuffix("_ref"))(attribute, *given)
    if name == "service":
        return machine.service(attribute, tuple(given))
    if name in ("jump", "type_size"):
        return getattr(machine, name)(immediate())
    if name in ("jump_if", "jump_table", "is_subtype", "implements"):
        return getattr(machine, name)(*given, immediate())
    if name in ("invoke", "tail_invoke"):
        return getattr(machine, name)(immediate(), *(given or [None]))
    if name == "return":
        return machine.return_()
    return getattr(machine, name)(*given)


def forms(isa: Isa) -> list[Part]:
    found = []
    for opcode in isa:
        for declaration in opcode.declarations:
            kinds = {domain for _, domain in declaration.signature.domains}
            choices = CHOICES if kinds == {"stack"} else (types.I16,) if "storage" in kinds else (types.ANY,)
            for choice in choices:
                part = Part(declaration, {variable: choice for variable, _ in declaration.signature.domains})
                if not any(
                    "_receiver" in n.primitive.name or "_method" in n.primitive.name for n in part.graph.nodes
                ):
                    found.append(part)
    return found


def sequences(isa: Isa, count: int) -> Iterator[list[Part]]:
    """Random sequences of two to four forms that fit on an operand stack, those that hand values on preferred."""
    rng = random.Random(SEED)
    parts = forms(isa)
    taking: dict[str, list[Part]] = {}
    for each in parts:
        for type_ in set(each.graph.parameters[-1:]):
            taking.setdefault(type_, []).append(each)
    first = [each for each in parts if each.graph.transfer is None]
    while count:
        made = [rng.choice(first)]
        length = rng.randrange(2, 5)
        while len(made) < length:
            stack = fitting(made)
            assert stack is not None
            wanted = taking.get(stack[-1], parts) if stack and rng.random() < 0.8 else parts
            last = rng.choice(wanted)
            if fitting([*made, last]) is None or (last.graph.transfer is not None and len(made) + 1 < length):
                continue
            made.append(last)
        count -= 1
        yield made


def fitting(parts: list[Part]) -> list[str] | None:
    """The types that a sequence leaves on top of what it takes; None where types do not fit."""
    stack: list[str] = []
    for part in parts:
        wanted = list(part.graph.parameters)
        shared = min(len(stack), len(wanted))
        if shared and stack[-shared:] != wanted[len(wanted) - shared :]:
            return None
        stack[len(stack) - shared :] = [node.type for node in part.graph.results]
    return stack


def test_a_whole_does_what_its_parts_do(isa: Isa) -> None:
    tried = refused = trapped = passed = 0
    for index, parts in enumerate(sequences(isa, max(50, int(800 * SCALE)))):
        named = f"{SEED} {index} {[part.name for part in parts]}"
        try:
            composed = chain([part.graph for part in parts])
        except ComposeError:
            refused += 1
            continue
        tried += 1
        passed += len(composed.graph.parameters) < sum(len(part.graph.parameters) for part in parts)
        for turn in range(6):
            rng = random.Random(f"{named} {turn}")
            operands = [number(rng, type_) for type_ in composed.graph.parameters]
            immediates = [part.immediates(rng) for part in parts]
            one, other = Recorder(f"{named} {turn}"), Recorder(f"{named} {turn}")
            stack, expected, at = list(operands), None, None
            try:
                for at, part in enumerate(parts):
                    split = len(stack) - len(part.graph.parameters)
                    stack[split:] = part.run(one, stack[split:], immediates[at])
            except TrapSignal as signal:
                expected = (signal.trap, at)
                trapped += 1
            got = None
            try:
                result = run(composed, other, operands, immediates)
            except TrapSignal as signal:
                got = (signal.trap, signal.part)  # type: ignore[attr-defined]
            assert other.log == one.log, named
            assert got == expected, named
            if got is None:
                assert result == stack, named
    assert tried > 10 * refused and trapped > tried / 10 and passed > tried / 3


def graph(isa: Isa, name: str, **bound: types.Type) -> Graph:
    return isa.find(name).declarations[0].graph(tuple(bound.items()))


def test_compare_and_branch(isa: Isa) -> None:
    made = chain([graph(isa, "int.LT"), graph(isa, "JNZ")])
    assert made.graph.parameters == ("i32", "i32") and not made.graph.results
    assert made.immediates == ((1, 0),) and made.parts == 2
    transfer = made.graph.transfer
    assert transfer is not None and transfer.part == 1


def test_immediates_are_told_apart_and_what_is_equal_is_computed_once(isa: Isa) -> None:
    made = chain(
        [graph(isa, "PUSH"), graph(isa, "PUSH"), graph(isa, "ADD"), graph(isa, "STORE", T=types.I32)]
    )
    assert made.immediates == ((0, 0), (1, 0), (3, 0))
    assert made.graph.parameters == ()
    twice = chain(
        [graph(isa, "DUP", T=types.I32), graph(isa, "MUL"), graph(isa, "DUP", T=types.I32), graph(isa, "ADD")]
    )
    assert [n.primitive.name for n in twice.graph.nodes] == ["parameter", "mul.i32", "add.i32"]


def test_only_the_last_may_transfer_control(isa: Isa) -> None:
    with pytest.raises(ComposeError, match="part 0 ends with `jump`: it must be the last"):
        chain([graph(isa, "JMP"), graph(isa, "NOP")])
    with pytest.raises(ComposeError, match="part 1 takes a f32 where it is given a i32"):
        chain([graph(isa, "PUSH"), graph(isa, "FNEG" if _has(isa, "FNEG") else "F2I")])
    with pytest.raises(ComposeError, match="part 0 has 2 operands and is given 1"):
        compose([graph(isa, "ADD")], [[0]], [])
    with pytest.raises(ComposeError, match="taken by no part"):
        compose([graph(isa, "ADD")], [[0, 2]], [Given(0, 0)])


def _has(isa: Isa, name: str) -> bool:
    try:
        isa.find(name)
    except LookupError:
        return False
    return True


def test_references_do_not_wait_in_variables_at_a_safepoint(isa: Isa) -> None:
    load = graph(isa, "LOAD", T=types.ANY)
    new = graph(isa, "NEWOBJ", C=types.ANY)
    read = graph(isa, "GETCHAR")
    for parts in ([load, new], [load, read], [load, graph(isa, "LOAD", T=types.I32), read]):
        with pytest.raises(ComposeError, match="not in its slot"):
            chain(parts)
    chain([graph(isa, "LOAD", T=types.I32), new])  # an integer may wait
    # What is below stays where it is, and is read again behind the safepoint.
    made = chain([graph(isa, "ALENGTH", E=types.I32), read, graph(isa, "ADD")])
    assert made.graph.parameters == ("ref",)


def test_a_reference_is_read_again_behind_a_safepoint(isa: Isa) -> None:
    parts = [graph(isa, "REFEQ"), graph(isa, "GETCHAR"), graph(isa, "REFEQ")]
    made = compose(parts, [[0, 1], [], [0, 1]], [Given(0, 0), Given(2, 0)])
    read = [n.attribute for n in made.graph.nodes if n.primitive.name == "parameter"]
    assert read == [0, 1, 0, 1]
    with pytest.raises(ComposeError, match="reference"):
        compose([load := graph(isa, "LOAD", T=types.ANY), graph(isa, "GETCHAR")], [[], []], [Given(0, 0)])
    assert load.results[0].type == "ref"


def test_any_wiring() -> None:
    """Operands of the whole in any order, and a result taken twice."""

    def divide(a: i32, b: i32) -> i32:
        """Quotient."""
        trap_if(b == 0, Trap.DIVIDE_BY_ZERO)
        return a.div_wrap(b)

    part = trace("DIVIDE", divide, analyse(divide), (), {})
    made = compose([part, part], [[1, 0], [Given(0, 0), Given(0, 0)]], [Given(1, 0), 0])
    assert run(made, Recorder(""), [3, 21], [[], []]) == [1, 3]
    for operands, wanted in (([0, 5], 0), ([5, 0], 1)):
        with pytest.raises(TrapSignal) as caught:
            run(made, Recorder(""), operands, [[], []])
        assert caught.value.part == wanted  # type: ignore[attr-defined]


def test_the_recorder_answers_every_effect() -> None:
    """So that a new effect is not forgotten above."""
    named = {name for name in vars(Effects) if not name.startswith("_")} - {"pure"}
    recorder = Recorder("")
    for name in sorted(named - {"service", "trap_if", "bounds", "heap_load", "memory_load"}):
        getattr(recorder, name)(0, "i32")
    assert len(recorder.log) == len(named) - 5
    assert isinstance(Value(1), Value) and Service is not None
