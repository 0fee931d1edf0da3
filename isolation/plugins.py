"""C that calls native code of plug-ins by a gate: for each function that nobody trusts one that hands its
arguments over as words, and one on the other side that takes them.

    engine: tb_gated_foo(cx, a, b)        writes words, calls tb_plugin_cross(inside_foo, words)
    gate                                  fewer rights, another stack
    plug-in's rights: inside_foo(words)   calls tb_foo(words as a context, a, b), writes the result
    gate                                  the engine's rights and stack
    tb_gated_foo                          reads the result, once: a number of its type, whatever there is

What fills interface `plugin-gate` has this as its `generated`, and the two C functions of tb_plugin_gate.h.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core.cprint import prototype as service_prototype
from ..core.errors import PolicyError
from ..core.host.natives import prototype as import_prototype
from ..opcodes.primitives.primitive import C_TYPE

if TYPE_CHECKING:
    from ..builder.compose import Composition

# Words behind those that say where linear memory is: TB_PLUGIN_WORDS of core/c/tb_plugin.h.
MOST_ARGUMENTS = 30

# How a number becomes a word, and a word a number of the type.
_TO = {"f32": "tb_bits_f32({})", "f64": "tb_bits_f64({})"}
_FROM = {
    "i1": "(u32)({} & 1)",
    "i32": "(u32){}",
    "i64": "{}",
    "f32": "tb_f32_bits((u32){})",
    "f64": "tb_f64_bits({})",
}


@dataclass(frozen=True, slots=True)
class _Function:
    """A function behind the gate. declared, gated: its C declaration, and that of what is called for it; c,
    callee: their names; parameters, result: IR types. traps: how many it can raise; by_pointer: whether it
    gives a status, and its result through a pointer."""

    declared: str
    gated: str
    c: str
    callee: str
    parameters: tuple[str, ...]
    result: str
    traps: int
    by_pointer: bool


def generated(composition: Composition) -> str:
    """The C of all functions of the plan that are called by the gate. Raises PolicyError for one with too
    many arguments."""
    functions = _functions(composition)
    lines = ['#include "tb_plugin.h"', '#include "tb_plugin_gate.h"']
    for each in functions:
        if len(each.parameters) > MOST_ARGUMENTS:
            raise PolicyError(
                f"{each.c} takes {len(each.parameters)} arguments: behind a gate, {MOST_ARGUMENTS} at most"
            )
        lines += [each.declared, _inside(each), _gated(each)]
    return "\n".join(lines)


def _functions(composition: Composition) -> list[_Function]:
    plan = composition.plan
    found = []
    for service in plan.need.services:
        if service.c in plan.crossing:
            callee = plan.callee(service)
            declared, gated = (service_prototype(service, name) for name in (service.c, callee))
            traps, result = len(service.traps), service.result
            found.append(
                _Function(
                    declared, gated, service.c, callee, service.parameters, result, traps, bool(service.traps)
                )
            )
    for native in plan.natives:
        if native.c in plan.crossing:
            callee = plan.callee(native)
            declared, gated = (f"{import_prototype(native, name)};" for name in (native.c, callee))
            found.append(
                _Function(declared, gated, native.c, callee, native.parameters, native.result, 0, False)
            )
    return list({each.c: each for each in found}.values())


def _inside(each: _Function) -> str:
    """What runs with a plug-in's rights: gives the status, 0 where there is none."""
    result = "words[TB_PLUGIN_ARGUMENTS]"
    given = ["(struct tb_context *)(void *)words"]
    given += [_FROM[type_].format(f"words[{2 + at}]") for at, type_ in enumerate(each.parameters)]
    lines = [f"static u64 inside_{each.c}(u64 *words) {{"]
    if each.by_pointer and each.result:
        lines += [
            f"  {C_TYPE[each.result]} result = 0;",
            f"  u32 status = {each.c}({', '.join([*given, '&result'])});",
        ]
        lines += [f"  {result} = {_word(each.result, 'result')};", "  return status;"]
    elif each.by_pointer:
        lines += [f"  return {each.c}({', '.join(given)});"]
    elif each.result:
        call = f"{each.c}({', '.join(given)})"
        lines += [f"  {result} = {_word(each.result, call)};", "  return 0;"]
    else:
        lines += [f"  {each.c}({', '.join(given)});", "  return 0;"]
    return "\n".join([*lines, "}"])


def _gated(each: _Function) -> str:
    """What the engine calls."""
    # The prototype has types; parameters get names.
    takes = ["struct tb_context *cx", *(f"{C_TYPE[type_]} a{at}" for at, type_ in enumerate(each.parameters))]
    if each.by_pointer and each.result:
        takes.append(f"{C_TYPE[each.result]} *result")
    gives = "u32" if each.by_pointer else C_TYPE[each.result] if each.result else "void"
    lines = [
        each.gated,
        f"{gives} {each.callee}({', '.join(takes)}) {{",
        "  u64 *words = tb_plugin_words(cx);",
    ]
    lines += [f"  words[{2 + at}] = {_word(type_, f'a{at}')};" for at, type_ in enumerate(each.parameters)]
    call = f"tb_plugin_cross(inside_{each.c}, words)"
    taken = _FROM[each.result].format("words[TB_PLUGIN_ARGUMENTS]") if each.result else ""
    if each.by_pointer:
        lines += [f"  u64 status = {call};", f"  if (status > {each.traps}) tb_plugin_failed(cx);"]
        lines += [f"  *result = {taken};"] if each.result else []
        lines += ["  return (u32)status;"]
    else:
        lines += [f"  {call};", *([f"  return {taken};"] if each.result else [])]
    return "\n".join([*lines, "}"])


def _word(type_: str, number: str) -> str:
    return _TO.get(type_, "{}").format(number)
