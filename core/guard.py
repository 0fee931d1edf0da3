"""Plug-ins that do what no plug-in may are named, whatever it is."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Mapping
from types import ModuleType

import pluggy

from ..opcodes import OpcodeSet
from . import hookspecs, parts
from .errors import TblvmError, UsageError
from .printable import printable_lines

# What names may be: they are in file names, in C comments and on command lines.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")


def told(error: BaseException) -> str:
    """An exception of a plug-in in one line or a few."""
    return printable_lines(f"{type(error).__name__}: {error}".rstrip(": "))


def register(manager: pluggy.PluginManager, module: ModuleType, key: str, name: str) -> None:
    """Register *module* under *key*; errors call it *name*. Raises UsageError for unknown hooks."""
    try:
        manager.register(module, key)
    except pluggy.PluginValidationError as error:
        last = printable_lines(str(error)).splitlines()[-1]  # the others name the module
        raise UsageError(f"plug-in {name} has a hook of another form: {last}") from error
    known = {each: spec for each, spec in vars(hookspecs).items() if each.startswith("tblvm_")}
    for hook in vars(manager.hook).values():
        if isinstance(hook, pluggy.HookCaller):
            for implementation in hook.get_hookimpls():
                if implementation.plugin is module and hook.name in known:
                    # An installed one is left out by its name.
                    out = f"; leave it out{f' with -p no:{name}' if key == name else ''}, or tell its author"
                    wanted = _wanted(known[hook.name])
                    who = f"plug-in {name}: {hook.name}"
                    guarded = _guarded(implementation.function, who, out, wanted)
                    setattr(implementation, "function", guarded)  # noqa: B010  pluggy says it is final
                elif implementation.plugin is module and not implementation.optionalhook:
                    _unknown(hook.name, name, known)


def _unknown(hook: str, name: str, known: Mapping[str, object]) -> None:
    from .registry import choose

    try:
        choose("hook", hook, known)
    except UsageError as error:
        raise UsageError(f"plug-in {name}: {error}") from error


def _wanted(spec: Callable[..., object]) -> type | None:
    """What a hook gives a sequence of; None where that is none, or of what only type checkers import."""
    names = {**vars(parts), "OpcodeSet": OpcodeSet}
    try:
        found = typing.get_args(typing.get_type_hints(spec, localns=names).get("return"))
    except NameError:
        return None
    return found[0] if len(found) == 1 and isinstance(found[0], type) else None


def _guarded(
    function: Callable[..., object], who: str, out: str, wanted: type | None
) -> Callable[..., object]:
    """*function*, whose errors are told as those of *who*, with the way *out*."""

    def call(*given: object) -> object:
        try:
            found = function(*given)
        except TblvmError:
            raise
        except (Exception, SystemExit) as error:
            raise UsageError(f"{who} raises {told(error)}{out}") from error
        wrong = _wrong(found, wanted)
        if wrong:
            raise UsageError(f"{who}{wrong}{out}")
        return found

    return call


def _wrong(found: object, wanted: type | None) -> str:
    """What is wrong with what a hook gave, or nothing. wanted: what its list is to hold, if that is known."""
    if not isinstance(found, (list, tuple)):
        return f" gives {_article(found)}, not a list" + (f" of {wanted.__name__}" if wanted else "")
    for each in found:
        if wanted is not None and not isinstance(each, wanted):
            return f" gives {_article(each)} in its list, not {wanted.__name__}"
        called = getattr(each, "name", "set")
        if not isinstance(called, str) or not _NAME.fullmatch(called):
            return f": {called!r} is no name: letters, digits and . _ + - are"
    return ""


def _article(found: object) -> str:
    return "None" if found is None else f"{type(found).__name__} {found!r:.60}"
