"""What the commands of `tblvm` share: options that all have, the way results and errors are told.

Command files import only click up front: what a command needs is imported when it runs.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..core.command import EXIT_STATUS, plugin_option, reporting, trace_option
from ..core.printable import escaped_json

if TYPE_CHECKING:
    from ..core.module import Module
    from ..core.registry import Registry
    from ..opcodes import Opcode

Command = TypeVar("Command", bound=Callable[..., Any])
SETTINGS = {"max_content_width": 100}

file_argument = click.argument("file", type=click.Path(path_type=Path))
json_option = click.option("--json", "json_", is_flag=True, help="JSON, for scripts.")


def output_option(text: str) -> Callable[[Command], Command]:
    kind = click.Path(path_type=Path, dir_okay=False)
    return click.option("-o", "--output", type=kind, metavar="OUT", help=text)


def command(
    name: str | None = None, *, loads: bool = True, **settings: Any
) -> Callable[[Command], click.Command]:
    """A command with the options that all have; its errors are reported as tbbuild reports its own. The
    function is given the registry first; without *loads* what `-p` names, so that it can do without.
    settings: of click's context, besides those that all have."""

    def declare(function: Command) -> click.Command:
        def run(debug: bool, plugins: tuple[Path, ...], **given: Any) -> None:
            with reporting("tblvm", debug):
                from ..core.registry import load

                above = click.get_current_context().parent  # tblvm -p … COMMAND
                named = [*(above.params.get("plugins", ()) if above else ()), *plugins]
                function(load(named) if loads else named, **given)

        run.__doc__ = function.__doc__
        run.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        options = (
            plugin_option(),
            trace_option,
            click.option("--debug", is_flag=True, help="Show tracebacks."),
        )
        for option in reversed(options):
            # The common options stand behind the command's own in its help.
            run.__click_params__ = [*getattr(option(lambda: None), "__click_params__"), *run.__click_params__]  # type: ignore[attr-defined]  # noqa: B009
        return click.command(
            name or function.__name__, epilog=EXIT_STATUS, context_settings={**SETTINGS, **settings}
        )(run)

    return declare


def say_json(data: object) -> None:
    click.echo(escaped_json(json.dumps(data, indent=2, ensure_ascii=False)))


def colours() -> bool:
    """Whether standard output gets colours: NO_COLOR, then FORCE_COLOR, then whether it is a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def translated(registry: Registry, file: Path) -> Module:
    """The module in *file*, whatever front-end it is for."""
    from ..builder.pipeline import translate
    from ..core.command import file_name, read_file

    return translate(read_file(file), file_name(file), registry)


def found(registry: Registry, name: str) -> Opcode:
    """The opcode called *name*. Raises UsageError with a suggestion when there is none."""
    from ..core.errors import UsageError

    try:
        return registry.isa.find(name)
    except LookupError as error:
        raise UsageError(f"{error.args[0]}; `tblvm ops` lists all") from None
