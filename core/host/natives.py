"""C that calls the functions of micro-libraries which programs import, and what is known of them."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from ..code import write_leb
from ..parts import NativeImport, Table
from ..program import Program
from .tables import codes_bytes, name_bytes

if TYPE_CHECKING:
    from ...builder.compose import Composition

# The C type of each, how a cell becomes one, and the other way round.
_C = {
    "i32": ("u32", "(u32){}", "{}"),
    "i64": ("u64", "(u64){}", "(cell){}"),
    "f32": ("float", "tb_f32_bits((u32){})", "tb_bits_f32({})"),
    "f64": ("double", "tb_f64_bits((u64){})", "(cell)tb_bits_f64({})"),
}


def native_tables(program: Program) -> tuple[Table, ...]:
    """Table natives (tb_native.h)."""
    numbers = program.natives or (0,)
    return (Table("natives", "u32", struct.pack(f"<{len(numbers)}I", *numbers)),)


def generated(composition: Composition) -> str:
    """tb_native_call; in runtimes that load modules, what they can import."""
    natives = composition.plan.natives
    if composition.indirect:
        numbered = [(number, each) for number, each in enumerate(natives, 1)]
    else:  # an import has its own number
        imports = composition.program.verified.module.imports
        known = {each.key: each for each in natives}
        numbered = [
            (number, known[each.module, each.name])
            for number, each in enumerate(imports, 1)
            if each.kind == "function" and (each.module, each.name) in known
        ]
    lines = ['#include "tb_native.h"']
    plan = composition.plan
    names = {each.key: plan.callee(each) for _, each in numbered}
    lines += dict.fromkeys(f"{prototype(each, names[each.key])};" for _, each in numbered)
    calls: dict[str, list[int]] = {}  # a function may have several names
    for number, each in numbered:
        calls.setdefault(_call(each, names[each.key]), []).append(number)
    lines += [
        "u32 tb_native_call(struct tb_context *cx, u32 number) {",
        "  TB_UNUSED const cell *a = tb_host_arguments(cx);",
        "  TB_UNUSED cell *r = tb_host_results(cx);",
        "  switch (number) {",
        *(f"  {' '.join(f'case {number}:' for number in those)} {call}" for call, those in calls.items()),
        "  default: return TB_NATIVE_FAILED;",
        "  }",
        "}",
    ]
    if composition.loads:
        data = rows(natives)
        lines.append("const u8 tb_native_rows[] = {" + ", ".join(map(str, data)) + "};")
    return "\n".join(lines)


def rows(natives: Iterable[NativeImport]) -> bytes:
    """The bytes of tb_native_rows; *natives* in the order of their numbers, by module."""
    found = bytearray()
    for module, group in groupby(natives, lambda each: each.module):
        those = list(group)
        found += name_bytes(module) + write_leb(len(those))
        for each in those:
            parameters, results = each.codes
            found += name_bytes(each.name) + codes_bytes(parameters) + codes_bytes(results)
    return bytes(found) + b"\0"


def prototype(native: NativeImport, name: str) -> str:
    """The C declaration of a function of this *name* with the types of an import's, without a semicolon."""
    takes = ["struct tb_context *cx", *(_C[each][0] for each in native.parameters)]
    if not native.ends:
        return f"{_C[native.result][0] if native.result else 'void'} {name}({', '.join(takes)})"
    return f"u32 {name}({', '.join([*takes, *([_C[native.result][0] + ' *'] if native.result else [])])})"


def _call(native: NativeImport, name: str) -> str:
    given = ["cx", *(_C[each][1].format(f"a[{index}]") for index, each in enumerate(native.parameters))]
    call = f"{name}({', '.join(given)})"
    if not native.result:
        return f"return {call};" if native.ends else f"{call}; return 0;"
    ctype, _, back = _C[native.result]
    if not native.ends:
        return f"r[0] = {back.format(call)}; return 0;"
    ended = f"{name}({', '.join([*given, '&result'])})"
    kept = f"if (!ended) r[0] = {back.format('result')};"
    return f"{{ {ctype} result; u32 ended = {ended}; {kept} return ended; }}"
