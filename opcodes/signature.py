"""From a function's annotations to the signature of an opcode.

parameters whose type is a value       popped from the operand stack, the last one is the top
parameters whose type is an immediate  stand in the code behind the opcode, in this order
the result                             pushed: nothing, a value, or a tuple of values
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from . import types, values
from .values import VARIABLES, DslError


@dataclass(frozen=True, slots=True)
class Pattern:
    """A type in a signature.

    kind: "type" (a fixed one), "variable", "chars" (an array of u16), "octets" (of u8), "array", "instance".
    type: the built-in type, for "type". variable: the name of the type variable, also of array[E] and
    instance[C].
    """

    kind: str
    type: types.Type | None = None
    variable: str = ""

    def __str__(self) -> str:
        if self.kind in ("array", "instance"):
            return f"{self.variable}[]" if self.kind == "array" else self.variable
        return self.variable or (self.type.name if self.type else self.kind)


@dataclass(frozen=True, slots=True)
class ImmediateSlot:
    """An immediate in a signature: its name, its kind (the annotation's name) and its type variables."""

    name: str
    kind: str
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """What an opcode takes and gives, with the names of its operands."""

    order: tuple[tuple[str, int], ...]  # ("stack" | "immediate", index) for each parameter of the function
    operands: tuple[tuple[str, Pattern], ...]
    immediates: tuple[ImmediateSlot, ...]
    results: tuple[Pattern, ...]
    domains: tuple[tuple[str, str], ...]  # type variable -> what it ranges over (values.VARIABLES)

    def text(self) -> str:
        """One line: `NAME imm : (a: i32, b: i32) -> i32` without the name."""
        stack = ", ".join(f"{name}: {pattern}" for name, pattern in self.operands)
        given = " ".join(f"<{slot.name}:{slot.kind}>" for slot in self.immediates)
        results = ", ".join(map(str, self.results)) or "()"
        return f"{given} ({stack}) -> {results}".strip()


_VALUES: dict[Any, Pattern] = {
    values.i32: Pattern("type", types.I32),
    values.i64: Pattern("type", types.I64),
    values.f32: Pattern("type", types.F32),
    values.f64: Pattern("type", types.F64),
    values.anyref: Pattern("type", types.ANY),
    values.cells: Pattern("type", types.CELLS),
    values.string: Pattern("type", types.STRING),
    values.function: Pattern("type", types.FUNCTION),
    values.chars: Pattern("chars"),
    values.octets: Pattern("octets"),
}
# Patterns of arrays whose elements have a type that the pattern alone says.
ELEMENTS = {"chars": types.U16, "octets": types.U8}
# What a type with a type variable is called in patterns, and what its variable ranges over.
_GENERIC = {values.array: ("array", "storage"), values.instance: ("instance", "class")}
_IMMEDIATES: dict[Any, str] = {
    values.imm_s: "imm_s",
    values.imm_u: "imm_u",
    values.imm_u32: "imm_u32",
    values.local: "local",
    values.pool: "pool",
    values.global_: "global",
    values.target: "target",
    values.targets: "targets",
    values.func: "func",
    values.functype: "functype",
    values.memory: "memory",
    values.data: "data",
    values.table: "table",
    values.elem: "elem",
    values.import_: "import",
    values.class_: "class",
    values.interface_: "interface",
    values.field: "field",
    values.method: "method",
    values.array_: "array",
    values.reftype: "reftype",
}
# What the type variables of each kind of immediate range over.
_DOMAINS: dict[Any, tuple[str, ...]] = {
    values.local: ("stack",),
    values.pool: ("stack",),
    values.global_: ("stack",),
    values.class_: ("class",),
    values.interface_: ("class",),
    values.field: ("class", "storage"),
    values.method: ("class",),
    values.array_: ("storage",),
    values.reftype: ("reference",),
}
# How each kind of immediate is encoded; and which of a signature's variables it can bind.
SIGNED_KINDS = frozenset({"imm_s"})
# Unsigned immediates with 32 bits; others have 31.
FULL_KINDS = frozenset({"imm_u32"})
# Immediates whose number alone tells something, so that a declaration can be for one value of it.
COUNTED_KINDS = frozenset({"imm_s", "imm_u", "imm_u32", "memory", "table"})


def immediate_doc(kind: str) -> str:
    """What an immediate of this kind is, in words; KeyError when there is no such kind."""
    meaning = {name: " ".join((annotation.__doc__ or "").split()) for annotation, name in _IMMEDIATES.items()}
    return meaning[kind]


def resolved_annotations(
    function: Callable[..., Any], substitutes: Mapping[Any, Any] | None = None
) -> dict[str, Any]:
    """The annotations of *function* in order of its parameters, `return` last.

    Text (`from __future__ import annotations`) is evaluated among the globals of its module. substitutes:
    what stands for the type variables of a family of pages. Raises DslError when a parameter has none.
    """
    code = function.__code__
    if code.co_flags & 0x0C or code.co_kwonlyargcount:
        raise DslError(f"{function.__name__}: parameters must be plain and positional")
    annotations = function.__annotations__
    namespace = {**vars(values), **vars(sys.modules[function.__module__]), **function.__globals__}
    resolved: dict[str, Any] = {}
    for name in (*code.co_varnames[: code.co_argcount], "return"):
        if name not in annotations:
            what = "result" if name == "return" else f"parameter {name}"
            raise DslError(f"{function.__name__}: the {what} needs a type annotation")
        hint = annotations[name]
        try:
            found = eval(hint, namespace) if isinstance(hint, str) else hint
        except (NameError, TypeError, SyntaxError) as error:
            raise DslError(f"{function.__name__}: annotation {hint!r} of {name}: {error}") from None
        resolved[name] = _substituted(found, substitutes) if substitutes else found
    return resolved


def _substituted(hint: Any, substitutes: Mapping[Any, Any]) -> Any:
    if get_origin(hint) is tuple:
        return tuple[tuple(substitutes.get(each, each) for each in get_args(hint))]  # type: ignore[misc]
    return substitutes.get(hint, hint)


def analyse(function: Callable[..., Any], substitutes: Mapping[Any, Any] | None = None) -> Signature:
    """The signature of an opcode's function. Raises DslError with what is wrong."""
    name = function.__name__
    order: list[tuple[str, int]] = []
    operands: list[tuple[str, Pattern]] = []
    immediates: list[ImmediateSlot] = []
    used: dict[str, str] = {}

    def variable(hint: Any, domain: str = "") -> str:
        if hint not in VARIABLES:
            known = ", ".join(each.__name__ for each in VARIABLES)
            raise DslError(f"{name}: {hint} is no type variable of opcodes ({known})")
        if domain not in ("", VARIABLES[hint]):
            known = " or ".join(each.__name__ for each in VARIABLES if VARIABLES[each] == domain)
            raise DslError(f"{name}: {hint.__name__} stands for another kind of type here; write {known}")
        used[hint.__name__] = VARIABLES[hint]
        return str(hint.__name__)

    def pattern(hint: Any) -> Pattern:
        if hint in _VALUES:
            return _VALUES[hint]
        if hint in VARIABLES:
            return Pattern("variable", None, variable(hint))
        origin = get_origin(hint)
        if origin in _GENERIC:
            kind, domain = _GENERIC[origin]
            return Pattern(kind, None, variable(get_args(hint)[0], domain))
        raise DslError(f"{name}: {hint!r} is no type of the operand stack")

    def immediate(base: Any, hint: Any) -> tuple[str, ...]:
        """The type variables of an immediate."""
        given, domains = get_args(hint), _DOMAINS.get(base, ())
        if len(given) != len(domains):
            raise DslError(f"{name}: {base.__name__} has {len(domains)} type variables, as in local[T]")
        found = tuple(variable(each, domain) for each, domain in zip(given, domains, strict=True))
        before = immediates[-1] if immediates else ImmediateSlot("", "")
        owners = {values.field: ("class",), values.method: ("class", "interface")}.get(base)
        if owners and (before.kind not in owners or before.variables != found[:1]):
            what = " or ".join(f"{owner}_[C]" for owner in owners)
            raise DslError(f"{name}: {base.__name__}[…] stands right behind the {what} that has it")
        if before.kind == "targets":
            raise DslError(f"{name}: nothing stands behind targets")
        return found

    hints = resolved_annotations(function, substitutes)
    returned = hints.pop("return")
    for parameter, hint in hints.items():
        base = get_origin(hint) or hint
        if base in _IMMEDIATES:
            immediates.append(ImmediateSlot(parameter, _IMMEDIATES[base], immediate(base, hint)))
            order.append(("immediate", len(immediates) - 1))
        else:
            operands.append((parameter, pattern(hint)))
            order.append(("stack", len(operands) - 1))
    if returned is None:
        results: tuple[Pattern, ...] = ()
    elif get_origin(returned) is tuple:
        results = tuple(pattern(each) for each in get_args(returned))
    else:
        results = (pattern(returned),)
    bound = {v for s in immediates for v in s.variables}
    for parameter, each in operands:
        free = bool(each.variable) and each.variable not in bound
        if free and each.kind != "array" and used[each.variable] in ("storage", "class"):
            raise DslError(
                f"{name}: nothing before {parameter} says what {each.variable} stands for: an array or an "
                "immediate must"
            )
        bound.add(each.variable)
    unknown = [p.variable for p in results if p.variable and p.variable not in bound]
    if unknown:
        raise DslError(f"{name}: nothing says what type variable {unknown[0]} of the result stands for")
    for result in results:
        if result.kind in ELEMENTS and all(each.kind != result.kind for _, each in operands):
            raise DslError(
                f"{name}: it gives {result.kind} and takes none: a module may have several such types"
            )
    return Signature(tuple(order), tuple(operands), tuple(immediates), results, tuple(sorted(used.items())))
