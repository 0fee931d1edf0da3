"""Register instructions: op IR whose operands are slots of the frame, numbers in the code, and accumulators.

    form      graph over an operand stack             (a, b) -> a + b
    variant   the same over a frame                   slot[x], number n -> slot[y], accumulator

An operand of a variant is of a kind: "s" a slot, "i" a number that the instruction holds, "a" the accumulator
of its class. What it gives goes to a slot, or nowhere ("-"), and in both cases stays in the accumulator of
its class. Slots are `local_get` and `local_set` nodes, numbers `immediate` nodes, accumulators the graph's
parameters and results: so all that is true of graphs, and every printer of them, is true of variants; and
several of them one after the other, which is what a superinstruction is, are a composition (compose.py) in
which accumulators are handed on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from .compose import ComposeError, Given, Source, compose
from .ir import Graph, Node
from .primitives import find
from .primitives.effects import CLASS_RECEIVER, INTERFACE_RECEIVER, LOCAL_GET, LOCAL_SET
from .primitives.leaves import IMMEDIATE, PARAMETER
from .trace import is_safepoint, takes_homes

SLOT, NUMBER, ACCUMULATOR, NOWHERE = "s", "i", "a", "-"


class Field(NamedTuple):
    """A number that an instruction holds. kind: "slot": where operand *which* is; "number": the operand
    *which*; "to": the slot of result *which*; "own": the immediate *which* of the form. part: of a
    superinstruction."""

    kind: str
    which: int
    part: int = 0


@dataclass(frozen=True, slots=True)
class Registers:
    """A variant, or several in a row. graph: takes accumulators and gives them; fields: what its immediates
    are; takes, gives: the classes of its parameters and of its results, each at most once; parts: how many
    variants."""

    graph: Graph
    fields: tuple[Field, ...]
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    parts: int = 1


def class_of(type_: str) -> str:
    """The class of the accumulator that values of an IR type are in."""
    return "float" if type_ in ("f32", "f64") else "int"


def variant(graph: Graph, kinds: str, to: str = SLOT, classes: Callable[[str], str] = class_of) -> Registers:
    """A form's *graph* with operands of these *kinds*, the deepest first; what it gives goes to a slot or
    nowhere.

    Raises ComposeError where there is no such variant: services that are given slots, methods that are found
    by what is on the operand stack, numbers that are no integers, two operands in one accumulator.
    """
    if len(kinds) != len(graph.parameters):
        raise ComposeError(f"{len(graph.parameters)} operands are of kinds {kinds!r}")
    slots = (CLASS_RECEIVER, INTERFACE_RECEIVER)
    if any(takes_homes(node) or node.primitive in slots for node in graph.nodes):
        raise ComposeError("it looks at the operand stack itself")
    operands = zip(graph.parameters, kinds, strict=True)
    taken = tuple(classes(type_) for type_, kind in operands if kind == ACCUMULATOR)
    if len(set(taken)) != len(taken):
        raise ComposeError("two operands are in one accumulator")
    made = _Variant(graph, kinds, taken)
    made.run(to)
    return made.result(classes)


class _Variant:
    def __init__(self, graph: Graph, kinds: str, takes: tuple[str, ...]) -> None:
        self.graph, self.kinds, self.takes = graph, kinds, takes
        self.nodes: list[Node] = []
        self.fields: list[Field] = []
        self._made: dict[Node, Node] = {}

    def run(self, to: str) -> None:
        live = self.graph.live()
        for node in self.graph.nodes:
            if node not in live:
                continue  # an operand that nothing reads is not read from its slot
            if node.primitive.transfers:
                self._results(to)
            self._made[node] = self._operand(node) if node.primitive is PARAMETER else self._copy(node)
        if self.graph.transfer is None:
            self._results(to)

    def result(self, classes: Callable[[str], str]) -> Registers:
        last = {classes(node.type): self._made[node] for node in self.graph.results}
        types = [
            type_
            for type_, kind in zip(self.graph.parameters, self.kinds, strict=True)
            if kind == ACCUMULATOR
        ]
        graph = Graph(tuple(types), tuple(self.nodes), tuple(last.values()))
        return Registers(graph, tuple(self.fields), self.takes, tuple(last))

    def _field(self, field: Field) -> int:
        if field not in self.fields:
            self.fields.append(field)
        return self.fields.index(field)

    def _add(self, node: Node) -> Node:
        self.nodes.append(node)
        return node

    def _operand(self, node: Node) -> Node:
        index = int(node.attribute)  # type: ignore[call-overload]
        kind = self.kinds[index]
        if kind == ACCUMULATOR:
            return self._add(Node(PARAMETER, node.type, (), self.kinds[:index].count(ACCUMULATOR)))
        if kind == SLOT:
            return self._add(Node(LOCAL_GET, node.type, (), self._field(Field("slot", index))))
        if kind != NUMBER or node.type not in ("i32", "i64"):
            raise ComposeError(f"an operand of type {node.type} cannot be of kind {kind!r}")
        number = self._add(Node(IMMEDIATE, "i32", (), self._field(Field("number", index))))
        return number if node.type == "i32" else self._add(Node(find("extend_s.i32"), "i64", (number,)))

    def _copy(self, node: Node) -> Node:
        attribute = node.attribute
        if isinstance(attribute, int) and (node.primitive is IMMEDIATE or not node.primitive.pure):
            attribute = self._field(Field("own", attribute))
        operands = tuple(self._made[each] for each in node.operands)
        return self._add(Node(node.primitive, node.type, operands, attribute))

    def _results(self, to: str) -> None:
        for index, node in enumerate(self.graph.results):
            if to == SLOT:
                self._add(Node(LOCAL_SET, "", (self._made[node],), self._field(Field("to", index))))


def fuse(parts: Sequence[Registers]) -> Registers:
    """Variants one after the other as one: an operand in an accumulator is what was left there last.

    Raises ComposeError as `compose` does, and where an accumulator would hold a reference over a safepoint.
    """
    state: dict[str, Source] = {}
    outer: list[str] = []
    inputs: list[list[Source]] = []
    passed = ""
    for number, part in enumerate(parts):
        sources: list[Source] = []
        for class_, type_ in zip(part.takes, part.graph.parameters, strict=True):
            if class_ not in state:
                if passed and type_ == "ref":
                    raise ComposeError(f"part {number} takes a reference from before {passed}")
                state[class_] = len(outer)
                outer.append(class_)
            sources.append(state[class_])
        inputs.append(sources)
        state.update({class_: Given(number, result) for result, class_ in enumerate(part.gives)})
        if any(map(is_safepoint, part.graph.nodes)):
            passed = f"the safepoint in part {number}"
    gives = {class_: source for class_, source in state.items() if isinstance(source, Given)}
    made = compose([part.graph for part in parts], inputs, list(gives.values()))
    fields = tuple(parts[part].fields[index]._replace(part=part) for part, index in made.immediates)
    return Registers(made.graph, fields, tuple(outer), tuple(gives), len(parts))


def without_accumulators(made: Registers) -> Registers:
    """The same where nobody reads what it leaves in accumulators."""
    return replace(made, graph=replace(made.graph, results=()), gives=())
