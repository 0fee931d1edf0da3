"""`.import name(a: T, …) -> R: "module", "field"`: an import, and the function that calls it.

The function has the import's parameters, and its results as locals; its code is HOST, a LOAD of each local,
RET.
"""

from __future__ import annotations

from ..opcodes import Isa, Opcode
from .asm_function import FunctionBody
from .asm_scope import Block, Scope
from .module import FunctionType, Import
from .text import Fault, Words

# What an instruction of such a function is: its opcode and its immediates.
Plain = tuple[Opcode, tuple[int, ...]]


def call_of_import(isa: Isa) -> Opcode | None:
    """The opcode that calls an import, of which it has the number."""
    return next((opcode for opcode in isa if opcode.kinds == ("import",)), None)


def body_of_import(isa: Isa, which: int, type_: FunctionType) -> list[Plain]:
    """The instructions of the function that calls import number *which*; none where no opcode does that."""
    opcode = call_of_import(isa)
    if opcode is None:
        return []
    first, load, end = len(type_.parameters), isa.find("LOAD"), isa.find("RET")
    loads: list[Plain] = [(load, (first + at,)) for at in range(len(type_.results))]
    return [(opcode, (which,)), *loads, (end, ())]


class ImportBody(FunctionBody):
    """The function; `imported` is what it calls."""

    def __init__(self, scope: Scope, block: Block, which: int) -> None:
        super().__init__(scope, block)
        body = body_of_import(scope.isa, which, self.type)
        if not body:
            raise Fault("no page that is there has an opcode that calls imports", block.name.token)
        for opcode, immediates in body:
            self.pieces.append(scope.pages.encode(opcode, block.name.token))
            for value in immediates:
                self._emit(value, False)
        self.offsets = [0]  # nothing branches
        self.local_types += self.type.results
        self.locals.names += [""] * len(self.type.results)
        self.max_stack = len(self.type.results)
        self.explicit = True  # it has no lines: whoever calls it has
        module, field = self._names
        self.imported = Import(module, field, self.type_index)

    def _read_head(self, words: Words) -> FunctionType:
        type_ = self._read_type(words)
        words.expect(":")
        self._names: tuple[str, str] = read_names(words)
        words.finish()
        return type_


def read_names(words: Words) -> tuple[str, str]:
    """`"module", "field"`."""
    module = words.string()
    words.expect(",")
    return module, words.string()
