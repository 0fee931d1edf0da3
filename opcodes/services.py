"""Services: what an opcode needs and the op IR cannot say (printing, reading, slow paths).

A service is a C function of a micro-library with a declared signature, declared effects and a Python
model. The decorated function *is* the model; inside an opcode the same call records a node.

    @service("tb_io_print_i32", library="io", effects={"writes output"})
    def print_i32(value: i32) -> None:
        output().write(str(value.v).encode())
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar, cast

from .traps import Trap
from .values import DslError, Value, current

P = ParamSpec("P")
Result = TypeVar("Result", bound="Value | None")

# May block: the engine polls for interruption afterwards. Safepoint: references may move while it runs, so
# those that it takes are given by their home slots on the operand stack, which are roots.
MOVING = frozenset({"may block", "safepoint"})
# Makes strings: of any units, so that a printer must be ready for them (not of units that were there).
# Uses frame: reads the parameters of the function that runs and writes its locals, in their home slots.
# Spends fuel: reads and changes what the context has left of it.
EFFECTS = MOVING | {
    "uses frame",
    "spends fuel",
    "reads input",
    "writes output",
    "writes heap",
    "makes strings",
}
# What of linear memories and tables changes: their contents, or also their sizes and where they are.
EFFECTS |= {"writes linear memory", "moves linear memory", "writes tables", "moves tables"}


@dataclass(frozen=True, slots=True, eq=False)
class Service(Generic[P, Result]):
    """A declared service; call it with values.

    c: the C function, `R c(struct tb_context *cx, …)`, or `u32 c(struct tb_context *cx, …, R *result)`
    where it can trap: then it returns 0, or 1 + the index in `traps` of the trap it raises. Where it is a
    safepoint, a reference is passed as `cell *`, its home slot.
    library: the micro-library that has it. parameters, result: IR types. traps: what it may raise.
    """

    name: str
    c: str
    library: str
    parameters: tuple[str, ...]
    result: str
    result_class: type[Value] | None
    effects: frozenset[str]
    traps: tuple[Trap, ...]
    model: Callable[P, Result]

    @property
    def is_safepoint(self) -> bool:
        """Whether references may move or be collected while it runs."""
        return bool(self.effects & MOVING)

    @property
    def takes_homes(self) -> bool:
        """Whether it is given home slots of references: these stay on the operand stack while it runs."""
        return self.is_safepoint and "ref" in self.parameters

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Result:
        arguments = cast("tuple[Value, ...]", args)
        if kwargs or len(arguments) != len(self.parameters):
            raise DslError(
                f"service {self.name} takes {len(self.parameters)} arguments by position, "
                f"not {len(arguments)}"
            )
        for given, wanted in zip(arguments, self.parameters, strict=True):
            if not isinstance(given, Value) or given.ir != wanted:
                raise DslError(f"service {self.name} takes {wanted} where {given!r} is given")
        raw = current().service(self, arguments)
        return cast("Result", None if self.result_class is None else self.result_class(raw))


def service(
    c: str, *, library: str, effects: set[str] | None = None, traps: tuple[Trap, ...] = ()
) -> Callable[[Callable[P, Result]], Service[P, Result]]:
    """Declare a service. Raises DslError for an unknown effect or a signature that is not of values."""

    def declare(model: Callable[P, Result]) -> Service[P, Result]:
        from .signature import resolved_annotations  # here: signature needs values, values services' users

        unknown = (effects or set()) - EFFECTS
        if unknown:
            raise DslError(f"service {model.__name__}: unknown effects {sorted(unknown)}")
        hints: dict[str, Any] = resolved_annotations(model)
        result = hints.pop("return", None)
        for name, hint in [*hints.items(), *([("return", result)] if result is not None else [])]:
            if not (isinstance(hint, type) and issubclass(hint, Value) and hint.ir):
                raise DslError(f"service {model.__name__}: {name} must be a value type, not {hint!r}")
        return Service(
            name=model.__name__,
            c=c,
            library=library,
            parameters=tuple(hint.ir for hint in hints.values()),
            result="" if result is None else result.ir,
            result_class=result,
            effects=frozenset(effects or ()),
            traps=traps,
            model=model,
        )

    return declare
