"""Generated C for the verifier of runtimes that load modules: the instruction set as tables.

What the tables mean is drawn in c/tb_verify.h. They hold all opcodes of the runtime's pages, also those
that it has no handlers for: whether a module is valid is not a matter of the runtime.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..core.errors import BuildError
from ..core.forms import CHOICES, STORAGE, forms, uses
from ..core.program import Use, read_immediates
from ..core.verified import Form
from ..opcodes import Declaration, Opcode, types
from ..opcodes.signature import ELEMENTS, Pattern
from ..opcodes.trace import is_safepoint
from .kinds import KINDS

if TYPE_CHECKING:
    from ..builder.compose import Composition

# The transfers of control that c/verify.c knows, by their numbers.
_TRANSFERS = ("", "jump", "jump_if", "jump_table", "invoke", "tail_invoke", "return", "halt")
_TYPE, _VARIABLE, _REFERENCE, _ARRAY, _ARRAY_OF = range(5)
_NO_HANDLER = 0xFFFF
_GUARD_INTERFACE = 0x80  # tb_verify.h
_SAFEPOINT, _KEEPS = 1, 2
_MAX_VARIABLES, _MAX_IMMEDIATES = 8, 8


def signature_tables(composition: Composition) -> str:
    """The tables for the pages of *composition*. Raises BuildError for a declaration that c/verify.c cannot
    check."""
    tables = _Tables({use: _number(handler.code) for handler in composition.handlers for use in handler.uses})
    pages = []
    for name in composition.pages:
        opcodes = composition.isa.page(name)
        places = [0] * (max(opcodes, default=-1) + 1)
        for code, opcode in opcodes.items():
            places[code] = tables.opcode(opcode)
        prints = [composition.isa.fingerprint(name, last) for last in (-1, *sorted(opcodes))]
        prefix = {None: 0, -1: 0xFF}.get(composition.isa.pages[name].prefix)
        pages.append((name, places, prints, composition.isa.pages[name].prefix if prefix is None else prefix))
    return "\n".join(_text(tables, pages)) + "\n"


def _text(tables: _Tables, pages: list[tuple[str, list[int], list[int], int | None]]) -> Iterable[str]:
    yield '#include "tb_verify.h"'
    storage = [STORAGE.index(types.storage(c)) if c in types.BY_CODE else 0 for c in range(16)]
    yield _array("const u8 tb_storage[16]", storage)
    yield _array("const u8 tb_signatures[]", tables.signatures)
    yield _array("const u16 tb_handlers[]", tables.handlers or [0])
    rows = (f"{{{', '.join(map(str, row))}}}" for row in tables.forms)
    yield f"const struct tb_form tb_forms[] = {{\n  {', '.join(rows)}}};"
    for number, (_, places, prints, _) in enumerate(pages):
        yield _array(f"static const u16 tb_opcodes_{number}[]", places or [0])
        yield _array(f"static const u64 tb_fingerprints_{number}[]", (f"{each:#x}ull" for each in prints))
    yield "const struct tb_page tb_pages[] = {"
    for number, (name, places, _, prefix) in enumerate(pages):
        tables_ = f"tb_opcodes_{number}, tb_fingerprints_{number}"
        yield f'  {{"{name}", {tables_}, {len(places)}, {len(name)}, {prefix}}},'
    yield "};"
    yield f"const u32 tb_page_count = {len(pages)};"


def _array(declaration: str, values: Iterable[object]) -> str:
    return f"{declaration} = {{\n  {', '.join(map(str, values))}}};"


class _Tables:
    """The tables while they grow."""

    def __init__(self, numbers: dict[Use, int]) -> None:
        self.numbers = numbers
        self.signatures = bytearray(1)  # place 0 says that there is no opcode
        self.forms: list[tuple[int, ...]] = []
        self.handlers: list[int] = []

    def opcode(self, opcode: Opcode) -> int:
        """Adds *opcode*; its place in the signatures."""
        place = len(self.signatures)
        unknown = [kind for kind in opcode.kinds if kind not in KINDS]
        if unknown or len(opcode.kinds) > _MAX_IMMEDIATES:
            raise BuildError(
                f"{opcode.label} has an immediate of kind {unknown[0]}, which the verifier in C does not know"
                if unknown
                else f"{opcode.label} has more than {_MAX_IMMEDIATES} immediates"
            )
        self.signatures += bytes([len(opcode.kinds), *map(KINDS.index, opcode.kinds)])
        self.signatures.append(len(opcode.declarations))
        for declaration in opcode.declarations:
            row = self._declaration(opcode, declaration)
            if len(row) > 0xFF or place > 0xFFFF:
                raise BuildError(f"the signature of {opcode.label} is too long for the verifier in C")
            self.signatures += bytes([len(row)]) + row
        return place

    def _declaration(self, opcode: Opcode, declaration: Declaration) -> bytes:
        signature = declaration.signature
        names = [name for name, _ in signature.domains]
        if len(names) > _MAX_VARIABLES:
            raise BuildError(f"{opcode.label} has more than {_MAX_VARIABLES} type variables")
        variable = {name: 2 * number for number, name in enumerate(names)}
        slots = [slot.name for slot in signature.immediates]
        row = bytes([len(declaration.when)])
        for name, value in declaration.when.items():
            if value == "interface":
                row += struct.pack("<BI", slots.index(name) | _GUARD_INTERFACE, 0)
            else:
                row += struct.pack("<BI", slots.index(name), int(value) & 0xFFFFFFFF)
        row += bytes([len(slots)])
        # The last variable is the type of what the immediate names: field[C, F] names an F.
        row += bytes(variable[each.variables[-1]] if each.variables else 0 for each in signature.immediates)
        domains = dict(signature.domains)
        row += _patterns([pattern for _, pattern in signature.operands], variable, domains)
        row += _patterns(signature.results, variable, domains)
        ways = [len(CHOICES[domain]) for _, domain in signature.domains]
        row += struct.pack("<HB", len(self.forms), len(ways)) + bytes(ways)
        for form in forms(declaration):
            self.forms.append(self._form(opcode, form))
        return row

    def _form(self, opcode: Opcode, form: Form) -> tuple[int, ...]:
        graph = form.graph
        transfer, operand = 0, 0
        if graph.transfer is not None:
            name = graph.transfer.primitive.name
            if name not in _TRANSFERS:
                raise BuildError(f"{opcode.label} ends by {name}, which the verifier in C does not know")
            transfer = _TRANSFERS.index(name)
            operand = graph.transfer.attribute if isinstance(graph.transfer.attribute, int) else 0
        kept = sum(1 << index for index in read_immediates(form))
        at = len(self.handlers)
        self.handlers += [self.numbers.get(use, _NO_HANDLER) for use in uses(opcode, form)]
        safepoint = _KEEPS if form.keeps_operands else _SAFEPOINT
        return transfer, operand, kept, safepoint * any(map(is_safepoint, graph.nodes)), at


def _number(code: bytes) -> int:
    """What stands for a form in resolved code, a byte or two, as a number: two bytes are 256 or more."""
    number = int.from_bytes(code, "big")
    if len(code) > 2 or (len(code) == 2 and not 0xFF < number < _NO_HANDLER):
        raise BuildError(f"the engine's code {code.hex()} is not one that the linker in C can write")
    return number


def _patterns(patterns: Iterable[Pattern], variable: dict[str, int], domains: dict[str, str]) -> bytes:
    row = bytearray()
    for pattern in patterns:
        if pattern.kind == "type":
            assert pattern.type is not None
            row += bytes([_TYPE, pattern.type.code])
        elif pattern.kind in ELEMENTS:
            row += bytes([_ARRAY_OF, ELEMENTS[pattern.kind].code])
        elif pattern.kind == "array":
            row += bytes([_ARRAY, variable[pattern.variable]])
        else:
            kind = _REFERENCE if domains[pattern.variable] == "reference" else _VARIABLE
            row += bytes([kind, variable[pattern.variable]])
    return bytes([len(row) // 2]) + row
