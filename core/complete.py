"""Words that a shell can complete on our command lines: names that plug-ins register."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from .registry import Registry

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def among(names: Callable[[Registry], Iterable[tuple[str, str]]], *, several: bool = False) -> Completer:
    """Completes a parameter among *names*, each with what it is; several: in a list with commas. Plug-ins
    that do not load leave nothing to complete: the command itself says why."""

    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        from .errors import TblvmError
        from .registry import load

        before, comma, last = begun.rpartition(",") if several else ("", "", begun)
        try:
            found = dict(names(load(context.params.get("plugins") or ())))
        except TblvmError:
            return []
        return [
            CompletionItem(before + comma + name, help=doc)
            for name, doc in sorted(found.items())
            if name.startswith(last)
        ]

    return complete


def registered(kind: str, *, several: bool = False) -> Completer:
    """Completes a parameter among what plug-ins register of a *kind*: an attribute of the registry."""
    return among(
        lambda registry: ((each.name, each.doc) for each in getattr(registry, kind).values()), several=several
    )


def features(registry: Registry) -> Iterable[tuple[str, str]]:
    """Micro-libraries, groups and interfaces."""
    yield from ((name, "interface") for name in registry.interfaces)
    yield from ((name.partition(".")[0], "group") for name in registry.libraries if "." in name)
    yield from ((name, library.doc) for name, library in registry.libraries.items())


def opcodes(registry: Registry) -> Iterable[tuple[str, str]]:
    for opcode in registry.isa:
        for declaration in opcode.declarations:
            doc = (declaration.function.__doc__ or "").strip().splitlines()
            yield declaration.label, doc[0] if doc else ""
