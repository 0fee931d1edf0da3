"""WasmModule: a WebAssembly module as its file has it. Value types are tblvm's type codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ...core.module import Export, FunctionType
from ...opcodes import types

I32, I64, F32, F64 = types.I32.code, types.I64.code, types.F32.code, types.F64.code
VALUE_TYPES = {0x7F: I32, 0x7E: I64, 0x7D: F32, 0x7C: F64}
NAMES = {I32: "i32", I64: "i64", F32: "f32", F64: "f64"}

Kind = Literal["function", "table", "memory", "global"]
Types = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Pages of a memory or elements of a table; maximum: None where the module states none."""

    minimum: int
    maximum: int | None


@dataclass(frozen=True, slots=True)
class GlobalType:
    type: int
    mutable: bool


@dataclass(frozen=True, slots=True)
class Expression:
    """A constant expression, of one instruction. kind: "const" (bits of a float, a signed integer), "global",
    "function", "null"; type: of its value, 0 for references, -1 for a global's, which validation finds."""

    kind: Literal["const", "global", "function", "null"]
    value: int
    type: int
    at: int


@dataclass(frozen=True, slots=True)
class Import:
    """What the module imports. what: a type's index for a function, else what the thing is like."""

    module: str
    name: str
    kind: Kind
    what: int | Limits | GlobalType


@dataclass(frozen=True, slots=True)
class Global:
    type: GlobalType
    value: Expression


@dataclass(frozen=True, slots=True)
class Segment:
    """An element or data segment. where: index of the table or memory that gets it when the module is
    instantiated, None for a passive one; offset: there. content: bytes, or for elements references.
    declared: it is never used (of elements)."""

    where: int | None
    offset: Expression | None
    content: bytes | tuple[Expression, ...]
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """A function's code: where it is in the file, behind its local declarations. locals: types without
    parameters. first: where its entry begins, which is what debug information counts from."""

    locals: Types
    at: int
    end: int


@dataclass(slots=True)
class WasmModule:
    """All sections. `functions`, `tables`, `memories`, `globals` leave out what is imported."""

    data: bytes
    types: list[FunctionType] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    functions: list[int] = field(default_factory=list)
    tables: list[Limits] = field(default_factory=list)
    memories: list[Limits] = field(default_factory=list)
    globals: list[Global] = field(default_factory=list)
    exports: list[Export] = field(default_factory=list)
    start: int | None = None
    elements: list[Segment] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    data_count: int | None = None
    bodies: list[Body] = field(default_factory=list)
    customs: dict[str, tuple[int, int]] = field(default_factory=dict)  # name -> where its content is
    code_at: int = 0  # where the content of the code section begins

    def imported(self, kind: Kind) -> list[Import]:
        return [each for each in self.imports if each.kind == kind]
