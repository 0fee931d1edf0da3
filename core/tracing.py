"""What plug-ins are asked and what they give, told on standard error while it happens."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pluggy

from .printable import printable

_SHOWN = 8  # names of what a hook gave


def trace(manager: pluggy.PluginManager, labels: Mapping[str, str]) -> None:
    """Tell each call of a hook of *manager*: a line for the call, and one for each plug-in that has it.
    labels: what messages call the plug-ins, which may be registered later."""

    def before(name: str, hooks: Sequence[pluggy.HookImpl], given: Mapping[str, Any]) -> None:
        _say(f"{name}: asking {len(hooks)} plug-ins" if len(hooks) != 1 else f"{name}: asking 1 plug-in")

    def after(
        outcome: pluggy.Result[Any], name: str, hooks: Sequence[pluggy.HookImpl], given: Mapping[str, Any]
    ) -> None:
        if outcome.exception is not None:
            _say(f"{name}: {type(outcome.exception).__name__}: {outcome.exception}")
            return
        # pluggy asks the last one first.
        asked = list(reversed(hooks))
        answers = outcome.get_result()
        for hook, answer in zip(reversed(asked), reversed(answers), strict=True):
            _say(f"{name}: {labels[hook.plugin_name]} gave {_told(answer)}")

    manager.add_hookcall_monitoring(before, after)


def contributed(each: Any) -> Iterable[str]:
    """The names of what a hook gave: of a set of opcodes its opcodes."""
    if hasattr(each, "declarations"):
        return dict.fromkeys(declaration.label for declaration in each.declarations)
    return (str(each.name),)


def _told(answer: Iterable[Any]) -> str:
    names = [name for each in answer for name in contributed(each)]
    more = f", … ({len(names)} in all)" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "nothing") + more


def _say(text: str) -> None:
    print("tblvm: trace:", printable(text).decode(), file=sys.stderr)
