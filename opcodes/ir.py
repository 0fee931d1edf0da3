"""The op IR: what an opcode does, as a straight line of primitive operations.

    graph   = node*  results                         in the order of evaluation
    node    = (primitive, type, operands, attribute) single assignment; operands are earlier nodes
    types   = i1 i32 i64 f32 f64 ref                 i1 is a truth value; ref a 32-bit reference

Pure nodes have no order among themselves; nodes with effects keep the order in which they were
recorded; a node that transfers control is the last one. There are no loops and no branches: `select`,
`trap_if` and at most one transfer at the end are enough for an opcode, and let every printer work in
one pass. Everything that is derived from an opcode (C handlers, JIT templates, superinstructions) is a
printer of this graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .primitives import Primitive


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operation of a graph.

    primitive: what it does; type: the type of its value, "" for none; operands: the nodes it reads;
    attribute: what is fixed when the opcode is traced (a constant, the index of a parameter or of an
    immediate, a storage type, a trap kind, a service). part: which of the graphs that were composed into this
    one it is from, 0 the first: what an effect is charged to that may end the program or is looked at there.
    """

    primitive: Primitive
    type: str
    operands: tuple[Node, ...]
    attribute: object = None
    part: int = 0


@dataclass(frozen=True, slots=True)
class Graph:
    """What one form of an opcode does: its nodes in order, and the nodes that it leaves on the stack."""

    parameters: tuple[str, ...]
    nodes: tuple[Node, ...]
    results: tuple[Node, ...]

    @property
    def transfer(self) -> Node | None:
        """The node that ends the opcode by a transfer of control, if there is one."""
        last = self.nodes[-1] if self.nodes else None
        return last if last is not None and last.primitive.transfers else None

    @property
    def is_move(self) -> bool:
        """Whether the opcode only moves cells: parameters, immediates, constants, locals."""
        return all(node.primitive.moves for node in self.nodes)

    def effects(self) -> Iterator[Node]:
        return (node for node in self.nodes if not node.primitive.pure)

    def live(self) -> frozenset[Node]:
        """The nodes that matter: those with effects, the results, and what these read."""
        found: set[Node] = set()
        stack = [node for node in self.nodes if not node.primitive.pure] + list(self.results)
        while stack:
            node = stack.pop()
            if node not in found:
                found.add(node)
                stack.extend(node.operands)
        return frozenset(found)

    def text(self) -> str:
        """The graph for a person to read, one node a line; equal text means equal meaning."""
        number = {node: index for index, node in enumerate(self.nodes)}
        lines = []
        for index, node in enumerate(self.nodes):
            operands = [f"v{number[each]}" for each in node.operands]
            if node.attribute is not None:
                operands.append(f"[{_attribute_text(node.attribute)}]")
            target = f"v{index} = " if node.type else ""
            kind = f".{node.type}" if node.type else ""
            lines.append(f"{target}{node.primitive.name}{kind} {' '.join(operands)}".rstrip())
        lines.append(" ".join(["->", *(f"v{number[each]}" for each in self.results)]))
        return "\n".join(lines)


def _attribute_text(attribute: object) -> str:
    if isinstance(attribute, tuple):
        return ", ".join(_attribute_text(each) for each in attribute)
    return str(getattr(attribute, "name", attribute))
