"""Composing the op IR of consecutive operations into one graph: superinstructions.

    parts    A, B, ...   graphs that are done one after the other
    inputs   for each part where its operands come from: outside, or a result of an earlier part
    whole    one graph: the parts' effects in order, values handed on as such

What the whole does is what the parts do one after the other, with values in between that are in no cell. A
part that transfers control can only be the last. Each node tells its part, because what traps names one place
in the program, and fuel is counted up to there. Where several parts compute the same of the same, it is
computed once. (Proebsting, "Optimizing an ANSI C interpreter with superoperators", POPL 1995; over graphs in
place of trees.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .ir import Graph, Node
from .primitives.effects import CLASS_RECEIVER, INTERFACE_RECEIVER
from .primitives.leaves import CONSTANT, IMMEDIATE, PARAMETER
from .trace import check_references, is_safepoint, takes_homes
from .values import DslError


class ComposeError(ValueError):
    """These graphs cannot be one; the text says why."""


class Given(NamedTuple):
    """A value that a part gives: the part, and which of its results."""

    part: int
    result: int


Source = int | Given  # an operand of the whole by its number, or what a part gave


@dataclass(frozen=True, slots=True)
class Composed:
    """Graphs made one. immediates: for each immediate of the graph the part that has it, and which one it is
    there; only those are kept that the part's op IR names. parts: how many there are."""

    graph: Graph
    immediates: tuple[tuple[int, int], ...]
    parts: int


def chain(parts: Sequence[Graph]) -> Composed:
    """The graphs *parts* one after the other on an operand stack: what one leaves, the next takes.

    Operands of the whole are the cells that the parts take from below, the deepest first. Raises ComposeError
    where a part that is not the last transfers control, and where a reference would have to be in its slot of
    the operand stack in between, because references may move or a part looks at slots.
    """
    depth = lowest = 0
    for part in parts:
        depth -= len(part.parameters)
        lowest = min(lowest, depth)
        depth += len(part.results)
    stack: list[Source] = list(range(-lowest))
    inputs = []
    for number, part in enumerate(parts):
        split = len(stack) - len(part.parameters)
        _check_slots(parts, number, stack, split)
        inputs.append(stack[split:])
        stack[split:] = [Given(number, result) for result in range(len(part.results))]
        _passed(part, number, stack, split, inputs[-1])
    return compose(parts, inputs, stack)


def _passed(part: Graph, number: int, stack: list[Source], split: int, given: Sequence[Source]) -> None:
    """What a part hands on as it came keeps its source: so it is known to be where it was."""
    for position, node in enumerate(part.results):
        if node.primitive is PARAMETER:
            stack[split + position] = given[node.attribute]  # type: ignore[call-overload]


def _check_slots(parts: Sequence[Graph], number: int, stack: Sequence[Source], split: int) -> None:
    """Raises ComposeError where a part looks at slots of the operand stack that do not hold their value."""
    nodes = parts[number].nodes
    away = [at for at, source in enumerate(stack) if source != at]
    if any(node.primitive in (CLASS_RECEIVER, INTERFACE_RECEIVER) for node in nodes) and away:
        raise ComposeError(f"part {number} reads the operand stack, where values are not in their slots yet")
    # Results are in their slots before a transfer.
    if not any(is_safepoint(node) and not node.primitive.transfers for node in nodes):
        return
    for at in away:
        if at >= split and not any(map(takes_homes, nodes)):
            continue  # taken as a value
        if _type_of(parts, stack[at]) == "ref":
            raise ComposeError(f"part {number} is a safepoint, and a reference below is not in its slot")


def _type_of(parts: Sequence[Graph], source: Source) -> str:
    # An operand that was moved may be one: nobody has said yet that it is not.
    return parts[source.part].results[source.result].type if isinstance(source, Given) else "ref"


def compose(
    parts: Sequence[Graph], inputs: Sequence[Sequence[Source]], results: Sequence[Source]
) -> Composed:
    """The graphs *parts* as one. inputs: for each part where its operands come from. results: what the whole
    leaves.

    Whoever asks for it answers for what is in which slot at a safepoint. Raises ComposeError where a part
    that is not the last transfers control, where a reference would be held over a safepoint, and where
    operands have other types than what they come from.
    """
    return _Composer(parts).whole(inputs, results)


class _Composer:
    def __init__(self, parts: Sequence[Graph]) -> None:
        self.parts = parts
        self.nodes: list[Node] = []
        self.immediates: list[tuple[int, int]] = []
        self.types: dict[int, str] = {}  # of the operands of the whole
        self._given: list[list[Node]] = []  # by part
        self._known: dict[tuple[object, ...], Node] = {}  # what has been computed

    def whole(self, inputs: Sequence[Sequence[Source]], results: Sequence[Source]) -> Composed:
        for number, (part, sources) in enumerate(zip(self.parts, inputs, strict=True)):
            if part.transfer is not None and number + 1 < len(self.parts):
                raise ComposeError(
                    f"part {number} ends with `{part.transfer.primitive.name}`: it must be the last"
                )
            if len(sources) != len(part.parameters):
                raise ComposeError(
                    f"part {number} has {len(part.parameters)} operands and is given {len(sources)}"
                )
            self._part(number, part, sources)
        transfer = self.nodes.pop() if self.nodes and self.nodes[-1].primitive.transfers else None
        last = len(self.parts) - 1
        given = tuple(self._source(source, "", last) for source in results)
        if transfer is not None:
            self.nodes.append(transfer)
        if sorted(self.types) != list(range(len(self.types))):
            raise ComposeError("an operand of the whole is taken by no part")
        try:
            check_references(self.nodes, given)
        except DslError as error:
            raise ComposeError(str(error)) from None
        parameters = tuple(self.types[index] for index in range(len(self.types)))
        return Composed(Graph(parameters, tuple(self.nodes), given), tuple(self.immediates), len(self.parts))

    def _part(self, number: int, part: Graph, sources: Sequence[Source]) -> None:
        made: dict[Node, Node] = {}
        for node in part.nodes:
            if node.primitive is PARAMETER:
                which = int(node.attribute)  # type: ignore[call-overload]
                made[node] = self._source(sources[which], part.parameters[which], number)
            else:
                made[node] = self._node(node, tuple(made[each] for each in node.operands), number)
        self._given.append([made[node] for node in part.results])

    def _source(self, source: Source, type_: str, number: int) -> Node:
        """The value at *source*, as part *number* reads it."""
        if isinstance(source, Given):
            node = self._given[source.part][source.result]
        else:
            known = self.types.setdefault(source, type_)
            if not known:
                raise ComposeError("an operand of the whole is taken by no part")
            node = self._pure(Node(PARAMETER, known, (), source, number))
        if type_ and node.type != type_:
            raise ComposeError(f"part {number} takes a {type_} where it is given a {node.type}")
        return node

    def _node(self, node: Node, operands: tuple[Node, ...], number: int) -> Node:
        attribute = node.attribute
        names = node.primitive is IMMEDIATE or not node.primitive.pure
        if names and isinstance(attribute, int):
            at = (number, attribute)
            if at not in self.immediates:
                self.immediates.append(at)
            attribute = self.immediates.index(at)
        made = Node(node.primitive, node.type, operands, attribute, number)
        if node.primitive.pure:
            return self._pure(made)
        self.nodes.append(made)
        if is_safepoint(made):
            # References are read again from their slots behind it, by parts that follow.
            self._known = {
                key: each
                for key, each in self._known.items()
                if each.type != "ref" or each.primitive is CONSTANT
            }
        return made

    def _pure(self, node: Node) -> Node:
        key = (node.primitive, node.type, node.operands, node.attribute)
        if key not in self._known:
            self._known[key] = node
            self.nodes.append(node)
        return self._known[key]
