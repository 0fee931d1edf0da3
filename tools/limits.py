"""What command lines say about how a program is run: engine, level of isolation, limits, grants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..core.complete import among

if TYPE_CHECKING:
    from ..core.registry import Registry

Function = TypeVar("Function", bound=Callable[..., Any])


def _complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    from ..isolation.levels import LEVELS

    return [each for each in LEVELS if each.startswith(begun)]


# As `tblvm.load` calls them.
LIMITS = ("memory", "stack", "fuel", "timeout", "output")


def engine_option(
    text: str, default: str | None = None, *, loads: bool = False
) -> Callable[[Function], Function]:
    """A command has option --engine, which *text* explains. loads: it is one that loads programs."""

    def names(registry: Registry) -> Iterable[tuple[str, str]]:
        return ((each.name, each.doc) for each in registry.engines.values() if each.loads or not loads)

    return click.option("--engine", metavar="NAME", default=default, shell_complete=among(names), help=text)


_OPTIONS = (
    engine_option(
        "How bytecode is executed: switch, or threaded, which is faster.  [default: what TBLVM_ENGINE says, "
        "else switch]",
        loads=True,
    ),
    click.option(
        "--isolation",
        "level",
        metavar="LEVEL",
        shell_complete=_complete,
        help="Walls around the program: mpk, process, none, or auto, the strongest that there is.  [default: "
        "auto with any limit or grant, else none]",
    ),
    click.option("--memory", "--heap", metavar="BYTES", help="Heap, and linear memories: 16M."),
    click.option("--stack", metavar="CELLS", help="Stack limit: 64K."),
    click.option("--fuel", metavar="N", help="Stop the program after N instructions: 1e9."),
    click.option("--timeout", metavar="TIME", help="Stop the program after this time: 500ms, 2s, 1m."),
    click.option("--output", metavar="BYTES", help="Stop the program when it writes more than this: 1M."),
    click.option(
        "--grant",
        "grants",
        multiple=True,
        metavar="NAME",
        help="Let a program behind walls, or with limits, have this: clock, random, screen.",
    ),
)
_PLACES = (
    click.option(
        "--dir",
        "dirs",
        multiple=True,
        metavar="HOST[::GUEST][:ro]",
        help="Let the program have this directory, with all that is below it.",
    ),
    click.option(
        "--env",
        "variables",
        multiple=True,
        metavar="NAME[=VALUE]",
        help="Let the program have this variable of the environment; * for all.",
    ),
)


def place_options(function: Function) -> Function:
    """A command has options for directories and variables that a program is given."""
    for option in reversed(_PLACES):
        function = option(function)
    return function


def limit_options(function: Function) -> Function:
    """A command has these options; `given_limits` reads what they say."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def given_limits(given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """What `tblvm.load` is told of them: the level of isolation, which is "auto" where there is any limit or
    grant and nobody says otherwise, else "none"; the limits, grants and engine."""
    limits = {name: given[name] for name in LIMITS if given[name] is not None}
    grants = tuple(given["grants"])
    level = given["level"] or ("auto" if limits or grants else "none")
    return level, {**limits, "grants": grants, "engine": given["engine"]}
