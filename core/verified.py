"""A verified module: what the verifier found out, for every later stage to use."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass

from ..opcodes import Declaration, types
from ..opcodes.ir import Graph
from ..opcodes.primitives.effects import CELLS
from ..opcodes.trace import Bindings, takes_homes
from .module import Module


@dataclass(frozen=True, slots=True)
class Form:
    """One opcode as it is used: the function that applies, its type variables bound.

    Equal forms have the same op IR; a module has few of them, whatever its size.
    """

    declaration: Declaration
    bindings: Bindings

    @property
    def graph(self) -> Graph:
        return self.declaration.graph(self.bindings)

    @property
    def keeps_operands(self) -> bool:
        """Whether what the opcode takes stays on the operand stack until it is done."""
        return any(map(takes_homes, self.graph.nodes))

    @property
    def is_wide(self) -> bool:
        """Whether it moves a 64-bit value to or from a cell: a service's arguments are in none."""
        moved = [node for node in self.graph.nodes if node.primitive in CELLS]
        values = [node if node.type else node.operands[-1] for node in moved]
        return any(node.type in ("i64", "f64") for node in (*values, *self.graph.results))

    @property
    def name(self) -> str:
        """How reports name it: `ADD`, `object.GETFIELD(F=i32)`."""
        bound = ",".join(f"{variable}={type_}" for variable, type_ in self.bindings)
        return self.declaration.label + (f"({bound})" if bound else "")


@dataclass(frozen=True, slots=True)
class VerifiedFunction:
    """What is known of a function's code.

    offsets, forms: for each instruction where it starts and the index of its form in Verified.forms.
    maps: reference maps: for each safepoint (the offset of its instruction) that has references on the
    operand stack below what the instruction takes, the indexes of these slots, 0 the deepest.
    safepoints: offsets of the instructions that are safepoints.
    """

    offsets: array[int]
    forms: array[int]
    maps: Mapping[int, tuple[int, ...]]
    safepoints: frozenset[int]

    def split(self, code: bytes) -> list[bytes]:
        """The bytes of each instruction of the function's *code*."""
        ends = (*self.offsets[1:], len(code))
        return [code[start:end] for start, end in zip(self.offsets, ends, strict=True)]


@dataclass(frozen=True, slots=True)
class Verified:
    """A module that passed verification; `module` has every max_stack filled in."""

    module: Module
    functions: tuple[VerifiedFunction, ...]
    forms: tuple[Form, ...]

    def reference_locals(self, function: int) -> tuple[int, ...]:
        """The indexes of the parameters and locals of *function* that hold references."""
        declared = (*self.module.function_type(function).parameters, *self.module.functions[function].locals)
        return tuple(i for i, code in enumerate(declared) if types.is_reference_code(code))
