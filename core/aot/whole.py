"""What all functions of a program share when they are printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...opcodes.meaning import FRAME_COST
from ...opcodes.types import FIRST_MODULE_TYPE
from ..hierarchy import layouts
from ..module import ClassType, Module
from ..program import Program, Resolver
from .calls import Calls
from .shape import Options, Shape

if TYPE_CHECKING:
    from ...builder.resolve import Plan


@dataclass(frozen=True, slots=True)
class Operand:
    """What is on the operand stack: a C expression that has no effects, and its op IR type."""

    text: str
    ir: str


@dataclass(frozen=True, slots=True)
class Whole:
    """What all functions of a program share. number: of the program among those of the runtime; memories: the
    bytes that each linear memory has at least; grows: whether one can have more later."""

    number: int
    program: Program
    resolver: Resolver
    calls: Calls
    options: Options
    plan: Plan
    memories: tuple[int, ...]
    grows: bool

    @property
    def module(self) -> Module:
        return self.program.verified.module

    def name(self, function: int) -> str:
        """The C function."""
        name = "".join(c if c.isascii() and c.isalnum() else "_" for c in self.module.function_name(function))
        which = f"p{self.number}_" if self.number else ""
        return f"tb_f{which}{function}_{name[:40]}"

    def shape(self, function: int) -> Shape:
        """Its types in C."""
        return Shape.of(self.module.function_type(function))

    def cells(self, function: int) -> int:
        """What a call counts against the stack limit."""
        found = self.module.functions[function]
        parameters = len(self.module.function_type(function).parameters)
        return parameters + len(found.locals) + found.max_stack + FRAME_COST

    def immediates(self, function: int, offset: int) -> tuple[int, ...]:
        """The immediates of an instruction as the module has them."""
        return self.resolver.decoder.at(self.module.functions[function].code, offset)[1]

    def object_size(self, code: int) -> int | None:
        """Bytes of an object of a class; None for other types."""
        entry = self.module.type_entry(code)
        return (
            layouts(self.module.types)[code - FIRST_MODULE_TYPE].size
            if isinstance(entry, ClassType)
            else None
        )

    @property
    def functions(self) -> str:
        """The C array of pointers to functions."""
        return f"tb_aot_functions{self.number or ''}"
