"""What the translator reads about a program: sizes, and what calls take and give."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..code import read_leb
from ..module import ClassType, FunctionType, InterfaceType
from ..parts import Table
from ..program import Program, Use
from ..verified import Form, Verified
from .shapes import most, shape

if TYPE_CHECKING:
    from ...builder.resolve import Plan

RECORD_BYTES = 16 + 8  # with what it stands for
FUNCTION_BYTES = 12
SCRATCH_BYTES, OPERAND_BYTES = 16, 8  # a byte of the longest function's code, an operand of the deepest stack
FIRST_RECORD = 2
HEAD_BYTES = 96  # struct tb_threaded, and alignment


def _words(numbers: Iterable[int]) -> bytes:
    listed = tuple(numbers)
    return struct.pack(f"<{len(listed)}I", *listed)


def sizes(program: Program) -> tuple[int, int, int, int]:
    """How many functions there are; records that they take, at most; bytes of the longest; the deepest
    stack."""
    verified = program.verified
    cost = [most(shape(Use(form), 2)) for form in verified.forms]
    tables = {number for number, form in enumerate(verified.forms) if _has_targets(form)}
    records = FIRST_RECORD
    longest = deepest = 0
    for function, checked in zip(verified.module.functions, verified.functions, strict=True):
        forms = Counter(checked.forms)
        records += 2 + sum(cost[form] * count for form, count in forms.items())
        if not tables.isdisjoint(forms):
            records += len(function.code)
        longest = max(longest, len(function.code))
        deepest = max(deepest, function.max_stack)
    return len(verified.functions), records, longest, deepest


def _has_targets(form: Form) -> bool:
    return any(slot.kind == "targets" for slot in form.declaration.signature.immediates)


def memory_bytes(plan: Plan, program: Program | None) -> int:
    """Bytes of register code, and of what the translator needs."""
    if program is None:
        return plan.number("registers")
    functions, records, longest, deepest = sizes(program)
    total = functions * FUNCTION_BYTES + records * RECORD_BYTES
    return total + longest * SCRATCH_BYTES + deepest * OPERAND_BYTES + HEAD_BYTES


def register_tables(program: Program) -> tuple[Table, ...]:
    """The tables of tb_threaded.h."""
    module = program.verified.module
    shapes = [(each.function, each.offset, len(each.types)) for each in module.shapes if each.types]
    head = [*sizes(program), len(shapes), *(word for row in shapes for word in row)]
    types = [
        len(each.parameters) | len(each.results) << 16 if isinstance(each, FunctionType) else 0
        for each in module.types
    ]
    results: list[int] = []
    starts = []
    methods = _method_forms(program.verified)
    for function in range(len(module.functions)):
        starts.append(len(results))
        if methods:
            results += _results(program.verified, function, methods)
    return (
        Table("register_sizes", "u32", _words(head)),
        Table("register_types", "u32", _words(types)),
        Table("register_results", "u16", struct.pack(f"<{len(results)}H", *results)),
        Table("register_results_at", "u32", _words(starts)),
    )


def _method_forms(verified: Verified) -> dict[int, int]:
    """The forms that call methods, by number: which immediate names it; the one before has its owner."""
    found = {}
    for number, form in enumerate(verified.forms):
        slots = form.declaration.signature.immediates
        transfer = form.graph.transfer
        named = transfer.attribute if transfer is not None and transfer.operands else None
        if isinstance(named, int) and slots[named].kind == "method":
            found[number] = named
    return found


def _results(verified: Verified, function: int, methods: dict[int, int]) -> list[int]:
    """How many results each call of a method in *function* leaves, in order."""
    module, checked = verified.module, verified.functions[function]
    if methods.keys().isdisjoint(checked.forms):
        return []
    found = []
    for form, code in zip(checked.forms, checked.split(module.functions[function].code), strict=True):
        if form not in methods:
            continue
        at = 1 if verified.forms[form].declaration.page.prefix == -1 else 2
        owner = value = 0
        for _ in range(methods[form] + 1):
            owner = value
            value, at = read_leb(code, at)
        entry = module.type_entry(owner)
        assert isinstance(entry, ClassType | InterfaceType), "the code has been verified"
        if isinstance(entry, ClassType):
            type_ = module.function_type(entry.virtuals[value])
        else:
            declared = module.types[entry.methods[value]]
            assert isinstance(declared, FunctionType)
            type_ = declared
        found.append(len(type_.results))
    return found
