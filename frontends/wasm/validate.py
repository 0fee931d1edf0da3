"""What must hold between the parts of a WasmModule, code aside (WebAssembly 1.0, chapter Validation)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from ...core.module import MAX_ELEMENTS, MAX_PAGES, Export, FunctionType
from .errors import WasmError
from .model import (
    I32,
    Expression,
    GlobalType,
    Limits,
    Segment,
    WasmModule,
)


@dataclass(frozen=True, slots=True)
class Spaces:
    """The index spaces of a module, imports first. functions: of each its type's index."""

    types: tuple[FunctionType, ...]
    functions: tuple[int, ...]
    tables: tuple[Limits, ...]
    memories: tuple[Limits, ...]
    globals: tuple[GlobalType, ...]
    imported_globals: int


def validate(module: WasmModule) -> Spaces:
    """The index spaces of *module*. Raises WasmError for what is invalid outside of code."""
    spaces = _spaces(module)
    for index in spaces.functions:
        if index >= len(spaces.types):
            _invalid(f"unknown type {index}")
    _check_limits(spaces)
    for each in module.globals:
        _check(each.value, each.type.type, spaces)
    _check_exports(module.exports, spaces)
    if module.start is not None:
        if module.start >= len(spaces.functions):
            _invalid(f"unknown function {module.start}: the start function")
        if spaces.types[spaces.functions[module.start]] != FunctionType((), ()):
            _invalid("start function: it takes or gives something")
    for segment in module.elements:
        _check_segment(segment, len(spaces.tables), "table", spaces)
        for value in segment.content:
            assert isinstance(value, Expression)
            if value.kind not in ("function", "null"):
                _invalid("type mismatch: an element that is no function", value.at)
            if value.kind == "function" and value.value >= len(spaces.functions):
                _invalid(f"unknown function {value.value}", value.at)
    for segment in module.segments:
        _check_segment(segment, len(spaces.memories), "memory", spaces)
    return spaces


def _invalid(message: str, at: int = -1) -> NoReturn:
    raise WasmError("invalid", message, offset=at)


def _spaces(module: WasmModule) -> Spaces:
    imported = {
        kind: [each.what for each in module.imported(kind)]
        for kind in ("function", "table", "memory", "global")
    }
    types = [each for each in imported["function"] if isinstance(each, int)]
    tables = [each for each in imported["table"] if isinstance(each, Limits)]
    memories = [each for each in imported["memory"] if isinstance(each, Limits)]
    globals_ = [each for each in imported["global"] if isinstance(each, GlobalType)]
    return Spaces(
        tuple(module.types),
        (*types, *module.functions),
        (*tables, *module.tables),
        (*memories, *module.memories),
        (*globals_, *(each.type for each in module.globals)),
        len(globals_),
    )


def _check_limits(spaces: Spaces) -> None:
    if len(spaces.tables) > 1:
        raise WasmError("unsupported", "reference types: multiple tables")
    if len(spaces.memories) > 1:
        raise WasmError("unsupported", "multi-memory: multiple memories")
    for each, most, what in (
        *((table, MAX_ELEMENTS, "table size") for table in spaces.tables),
        *((memory, MAX_PAGES, "memory size") for memory in spaces.memories),
    ):
        maximum = most if each.maximum is None else each.maximum
        if each.minimum > most or maximum > most:
            _invalid(f"{what} must be at most {most} ({'65536 pages (4GiB)' if most == MAX_PAGES else most})")
        if each.minimum > maximum:
            _invalid("size minimum must not be greater than maximum")


def _check_exports(exports: list[Export], spaces: Spaces) -> None:
    counts = {
        "function": len(spaces.functions),
        "table": len(spaces.tables),
        "memory": len(spaces.memories),
        "global": len(spaces.globals),
    }
    seen = set()
    for each in exports:
        if each.index >= counts[each.kind]:
            _invalid(f"unknown {each.kind} {each.index}: an export")
        if each.name in seen:
            _invalid("duplicate export name")
        seen.add(each.name)


def _check_segment(segment: Segment, things: int, what: str, spaces: Spaces) -> None:
    if segment.where is None:
        return
    if segment.where >= things:
        _invalid(f"unknown {what} {segment.where}: a segment's")
    assert segment.offset is not None
    _check(segment.offset, I32, spaces)


def _check(value: Expression, wanted: int, spaces: Spaces) -> None:
    """A constant expression that gives a number of type *wanted*."""
    type_ = value.type
    if value.kind == "global":
        if value.value >= len(spaces.globals):
            _invalid(f"unknown global {value.value}", value.at)
        found = spaces.globals[value.value]
        if value.value >= spaces.imported_globals:
            _invalid(f"unknown global {value.value}: a constant expression knows imported ones", value.at)
        if found.mutable:
            _invalid("constant expression required: the global is mutable", value.at)
        type_ = found.type
    if type_ != wanted:
        _invalid("type mismatch: a constant expression of another type", value.at)
