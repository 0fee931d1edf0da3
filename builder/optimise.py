"""optimise: from a verified module to one that does the same, by the passes that are asked for.

Each pass gives a module, which is verified again before the next one sees it. What a pass does wrong is a
fault of its plug-in, which the message names.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..core.errors import BuildError, ModuleError
from ..core.guard import told
from ..core.module import Module
from ..core.parts import Pass
from ..core.registry import Registry, choose
from ..core.verified import Verified
from ..stack import verify
from .rows import Passed

NONE = "none"  # no pass


def chosen(registry: Registry, names: Iterable[str] | None) -> tuple[Pass, ...]:
    """The passes called *names* in their order, or those that are default. Raises UsageError for an unknown
    one, with a suggestion."""
    if names is None:
        return tuple(each for each in registry.passes.values() if each.default)
    wanted = list(names)
    if wanted == [NONE]:
        return ()
    return tuple(registry.passes[choose("pass", name, registry.passes)] for name in wanted)


def optimise(
    verified: Verified, registry: Registry, passes: Iterable[Pass]
) -> tuple[Verified, tuple[Passed, ...]]:
    """What *passes* make of a module, and what each has changed. Raises BuildError for a pass that fails or
    gives a module that is not valid."""
    steps = []
    for each in passes:
        before = verified.module
        verified = _run(each, verified, registry)
        after = verified.module
        functions = len(before.functions) - len(after.functions)
        steps.append(Passed(each.name, _bytes(before), _bytes(after), functions))
    return verified, tuple(steps)


def together(steps: Iterable[tuple[Passed, ...]]) -> tuple[Passed, ...]:
    """The sums of what the same passes have changed in several programs."""
    return tuple(
        Passed(
            those[0].name,
            sum(each.before for each in those),
            sum(each.after for each in those),
            sum(each.functions for each in those),
        )
        for those in zip(*steps, strict=True)
    )


def _bytes(module: Module) -> int:
    return sum(len(function.code) for function in module.functions)


def _run(each: Pass, verified: Verified, registry: Registry) -> Verified:
    try:
        module = each.run(verified, registry.isa)
    except Exception as error:
        raise BuildError(f"{_who(each, registry)} failed: {told(error)}{_OUT}") from error
    if module is verified.module:
        return verified
    if not isinstance(module, Module):
        raise BuildError(f"{_who(each, registry)} gave a {type(module).__name__}, which is no module{_OUT}")
    try:
        return verify(module, registry.isa)
    except ModuleError as error:
        raise BuildError(f"{_who(each, registry)} gave an invalid module: {error}{_OUT}") from error
    except Exception as error:  # the pass may have put anything into it
        raise BuildError(f"{_who(each, registry)} gave a broken module: {told(error)}{_OUT}") from error


_OUT = "; leave it out of --passes, or tell its author"


def _who(each: Pass, registry: Registry) -> str:
    plugin = registry.source("passes", each.name)
    return f"pass {each.name} of plug-in {plugin.name} ({plugin.origin})"
