"""How functions look in C: the types of what they take and give.

A function gives its *state* besides its results: the fuel that is left, or TB_AOT_STOPPED where the program
is stopped: by a trap or by HALT. Callers look at the sign, which costs no memory access. Without fuel the
state is 0, or 1 where it is stopped.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...opcodes import types
from ...opcodes.primitives.primitive import C_TYPE
from ..module import FunctionType

# Values that C keeps in variables of the same type share a letter in names.
LETTER = {"u32": "i", "u64": "l", "float": "f", "double": "d"}


def ir_type(code: int) -> str:
    """The op IR type of values of type code *code*."""
    return types.storage(code).stack


def letter(ir: str) -> str:
    """The letter of the C type of values of this op IR type."""
    return LETTER[C_TYPE[ir]]


@dataclass(frozen=True, slots=True)
class Options:
    """What functions of a plan have. context: the context as a parameter, because there can be several;
    frames: frames on the VM stack, where a collector or a host looks; fuel: it is counted; limit: the stack
    limit is; interrupt: the flag is polled; traces: who was called from where is told when a trap unwinds;
    native: the native stack is looked at before recursive calls."""

    context: bool
    frames: bool
    fuel: bool
    limit: bool
    interrupt: bool
    traces: bool
    native: bool

    @property
    def state(self) -> str:
        """The C type of the state."""
        return "s64" if self.fuel else "u32"

    @property
    def head(self) -> tuple[tuple[str, str], ...]:
        """Type and name of the parameters that every function has."""
        found = []
        if self.context:
            found.append(("struct tb_context *", "cx"))
        if self.frames:
            found.append(("cell *", "fp"))
        if self.fuel:
            found.append(("s64 ", "fuel"))
        if self.limit:
            found.append(("u32 ", "left"))
        return tuple(found)


# Arguments that are in registers on every target where tail calls are promised: RISC-V has the fewest.
_IN_REGISTERS = 8


@dataclass(frozen=True, slots=True)
class Shape:
    """The op IR types of a function's parameters and results, by letters: functions of equal shapes have the
    same type in C."""

    parameters: str
    results: str

    @staticmethod
    def of(type_: FunctionType) -> Shape:
        parameters, results = (
            "".join(letter(ir_type(code)) for code in codes) for codes in (type_.parameters, type_.results)
        )
        return Shape(parameters, results)

    @property
    def returned(self) -> str:
        """The C type that such a function returns."""
        return f"struct tb_aot_{self.results}" if self.results else "tb_aot_state"

    def pointer(self, options: Options) -> str:
        """The C type of a pointer to such a function."""
        each = [type_.strip() for type_, _ in options.head] + [OF_LETTER[c] for c in self.parameters]
        return f"{self.returned} (*)({', '.join(each) or 'void'})"

    def prototype(self, name: str, options: Options) -> str:
        """The C declaration of such a function, without storage class and semicolon."""
        each = [f"{type_}{given}" for type_, given in options.head]
        each += [f"{OF_LETTER[c]} l{i}" for i, c in enumerate(self.parameters)]
        return f"{self.returned} {name}({', '.join(each) or 'void'})"

    def tail(self, options: Options) -> str:
        """The C that stands before the call of such a function in place of one of its own shape. Where
        arguments or results may be in memory of the caller's, compilers decide what it becomes."""
        registers = len(options.head) + len(self.parameters) <= _IN_REGISTERS and len(self.results) <= 1
        return "TB_AOT_TAIL" if registers else "return"

    @property
    def members(self) -> str:
        """The C of the struct that it returns; "" where it is none."""
        if not self.results:
            return ""
        fields = "".join(f" {OF_LETTER[c]} r{i};" for i, c in enumerate(self.results))
        return f"struct tb_aot_{self.results} {{ tb_aot_state state;{fields} }};"


OF_LETTER = {mark: type_ for type_, mark in LETTER.items()}
