"""From the op IR to text that people read: `result = a + b  (mod 2^32)`.

How a primitive is written stands where it is defined (`Primitive.notation`); here is what is the same for
all of them: what gets a line of its own, and where parentheses stand.

- What has an effect or decides something is a line, in the order of evaluation; so are the results.
- A value that is read once stands where it is read, unless an effect lies between. Others are named as in
  the text of the op IR (v6), and a result by its own name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING

from ...opcodes.ir import Node
from ...opcodes.primitives.floating import decode

if TYPE_CHECKING:
    from ...core.verified import Form
    from ...opcodes.signature import Signature


@dataclass(frozen=True, slots=True)
class Equation:
    """A line: what holds or happens, and remarks on it."""

    text: str
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.text}  ({', '.join(self.remarks)})" if self.remarks else self.text


@dataclass(frozen=True, slots=True)
class _Written:
    """An expression. binding: how tightly it holds together, the larger the tighter."""

    text: str
    binding: int
    remarks: tuple[str, ...] = ()


_STATEMENT, _WORDS, _COMPARISON, _OPERATOR, _ATOM = range(5)
_COMPARISONS = frozenset("=≠<≤>≥")
# A name or operand with its arguments in brackets: f(…), x[…]; the innermost brackets first.
_BRACKETS = re.compile(r"[\w.{}]*[(\[][^()\[\]]*[)\]]")
_PLACE = re.compile(r"\{\w*\}")


def _binding(template: str) -> int:
    """How tightly what *template* says holds together: by the loosest thing outside of brackets."""
    before = ""
    while before != template:
        before, template = template, _BRACKETS.sub("{}", template)
    words = [word for word in template.split() if not _PLACE.search(word)]
    if any(word.isalpha() for word in words):
        return _WORDS
    if any(word in _COMPARISONS for word in words):
        return _COMPARISON
    return _OPERATOR if words else _ATOM


def names(signature: Signature) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """What a signature's operands, immediates and results are called for people."""
    operands = tuple(_plain(name) for name, _ in signature.operands)
    immediates = tuple(_plain(slot.name) for slot in signature.immediates)
    count = len(signature.results)
    results = ("result",) if count == 1 else tuple(f"result{number + 1}" for number in range(count))
    taken = {*operands, *immediates}
    return operands, immediates, tuple(name + "ʹ" * (name in taken) for name in results)


def _plain(name: str) -> str:
    return name.rstrip("_") or name  # object_ is spelt so because of Python


def equations(form: Form) -> tuple[Equation, ...]:
    """What *form* does, a line for each effect and result; none for what only drops cells."""
    return tuple(_Printer(form).lines())


class _Printer:
    def __init__(self, form: Form) -> None:
        graph = form.graph
        self._live = graph.live()
        self._graph = graph
        self._index = {node: index for index, node in enumerate(graph.nodes)}
        self._operands, self._immediates, self._results = names(form.declaration.signature)
        self._taken = {*self._operands, *self._immediates, *self._results}
        # Results stand at the end, before the transfer of control.
        self._end = len(graph.nodes) - (graph.transfer is not None)
        self._names: dict[Node, str] = {}
        self._home: dict[Node, int] = {}  # node -> index of the line that it is part of
        self._place()

    def _place(self) -> None:
        """Decide which nodes get a name and a line of their own."""
        graph = self._graph
        readers: dict[Node, list[int]] = {
            node: [self._end] * graph.results.count(node) for node in graph.nodes
        }
        for node in graph.nodes:
            if node in self._live:
                for operand in node.operands:
                    readers[operand].append(self._index[node])
        for index, node in reversed(list(enumerate(graph.nodes))):
            self._home[node] = index
            if node not in self._live or not node.type or _is_leaf(node):
                continue
            lines = {self._line(at) for at in readers[node]}
            if len(readers[node]) == 1 and (node.primitive.pure or self._unordered(index, *lines)):
                (self._home[node],) = lines
            elif lines:
                self._names[node] = self._name(node, index)

    def _line(self, index: int) -> int:
        return index if index == self._end else self._home[self._graph.nodes[index]]

    def _unordered(self, index: int, line: int) -> bool:
        """Whether nothing happens between node *index* and *line* but what is part of that line too."""
        between = self._graph.nodes[index + 1 : line]
        return all(n.primitive.pure or self._home[n] == line for n in between)

    def _name(self, node: Node, index: int) -> str:
        if self._graph.results.count(node) == 1:
            return self._results[self._graph.results.index(node)]
        name = f"v{index}"
        while name in self._taken:
            name += "ʹ"
        return name

    def lines(self) -> Iterator[Equation]:
        graph = self._graph
        for index, node in enumerate(graph.nodes):
            if index == self._end:
                yield from self._result_lines()
            if node in self._names:
                yield _equation(self._names[node], self._written(node, named=False))
            elif node in self._live and not node.primitive.pure and self._home[node] == index:
                written = self._written(node)
                yield Equation(written.text, written.remarks)
        if self._end == len(graph.nodes):
            yield from self._result_lines()

    def _result_lines(self) -> Iterator[Equation]:
        for name, node in zip(self._results, self._graph.results, strict=True):
            if self._names.get(node) != name:
                yield _equation(name, self._written(node))

    def _written(self, node: Node, *, named: bool = True) -> _Written:
        if named and node in self._names:
            return _Written(self._names[node], _ATOM)
        template, *remarks = re.split("  +", node.primitive.notation or _functional(node))
        operands = [self._written(operand) for operand in node.operands]
        if template == "{0}":
            text, binding = operands[0].text, operands[0].binding
        else:
            binding = _binding(template) if node.type else _STATEMENT
            text = self._filled(template, binding, node, operands)
        own = tuple(remark.strip("()") for remark in remarks)
        inner = (remark for operand in operands for remark in operand.remarks)
        return _Written(text, binding, tuple(dict.fromkeys((*inner, *own))))

    def _filled(self, template: str, binding: int, node: Node, operands: list[_Written]) -> str:
        pieces: list[str] = []
        parsed = list(Formatter().parse(template))
        for number, (literal, place, _, _) in enumerate(parsed):
            pieces.append(literal)
            if place is None:
                continue
            if not place.isdecimal():
                pieces.append(self._attribute(place, node, operands))
                continue
            after = parsed[number + 1][0] if number + 1 < len(parsed) else ""
            enclosed = literal.rstrip()[-1:] in ("(", "[", ",") and after.lstrip()[:1] in (")", "]", ",")
            # What is joined to its neighbour without a blank, as in a.i32[…] or -a, must be one thing.
            wanted = _OPERATOR if after[:1] == "." else min(binding, _OPERATOR)
            operand = operands[int(place)]
            loose = not enclosed and operand.binding <= wanted
            pieces.append(f"({operand.text})" if loose else operand.text)
        return "".join(pieces)

    def _attribute(self, place: str, node: Node, operands: list[_Written]) -> str:
        attribute = node.attribute
        if place == "operands":
            return ", ".join(operand.text for operand in operands)
        if place == "constant":
            return _number(node)
        if place in ("parameter", "immediate"):
            assert isinstance(attribute, int)
            return (self._operands if place == "parameter" else self._immediates)[attribute]
        if place == "name":
            several = attribute if isinstance(attribute, tuple) else (attribute,)
            return ", ".join(str(getattr(each, "name", each)) for each in several)
        raise ValueError(f"the notation of {node.primitive.name} has {{{place}}}, which stands for nothing")


def _equation(name: str, written: _Written) -> Equation:
    return Equation(f"{name} = {written.text}", written.remarks)


def _is_leaf(node: Node) -> bool:
    """Whether the node is a name or a number already."""
    return node.primitive.pure and node.primitive.moves


def _functional(node: Node) -> str:
    """The notation of a primitive that states none."""
    stem = node.primitive.name.partition(".")[0]
    return stem + ("" if node.attribute is None else "[{name}]") + "({operands})"


def _number(node: Node) -> str:
    value = node.attribute
    assert isinstance(value, int)
    if node.type in ("f32", "f64"):
        return repr(decode(node.type, value))
    if node.type == "ref":
        return str(value) if value else "null"
    return str(value)
