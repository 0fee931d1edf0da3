"""tbbuild why, tbbuild diff."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..core.command import EXIT_STATUS, Tool, file_name, read_file, reporting
from ..core.complete import among, features, opcodes
from ..core.errors import PolicyError
from .options import Configured, building, request

if TYPE_CHECKING:
    from ..core.registry import Registry

_PATH = click.Path(path_type=Path)
_SETTINGS = {"max_content_width": 100}


def _names(registry: Registry) -> tuple[tuple[str, str], ...]:
    return (*features(registry), *opcodes(registry))


class _Command(Tool, Configured):
    """One that a configuration file can give parameters, too."""


@click.command(cls=_Command, epilog=EXIT_STATUS, context_settings=_SETTINGS)
@click.argument("program", type=_PATH)
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=among(_names))
@building
@click.option("--sizes/--no-sizes", default=True, help="Build it, to tell bytes too.  [default: yes]")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def why(program: Path, names: tuple[str, ...], sizes: bool, debug: bool, **given: object) -> None:
    """Tell all reasons for which NAME is in the runtime of PROGRAM: chains from the program to it.

    NAME is a micro-library, a group or an interface, as --features takes it, or an opcode.
    """
    from ..core.registry import load
    from .pipeline import NotLinkedError, build, plan, translate
    from .report import report_of
    from .why import why as told

    with reporting("tbbuild", debug):
        registry = load(given["plugins"])  # type: ignore[arg-type]
        asked = request(registry, given)
        module = translate(read_file(program), file_name(program), registry, asked.source)
        failed = None
        if sizes:
            try:
                artifact = build(module, registry, asked)
            except NotLinkedError as error:  # the reasons are known, the bytes an estimate
                artifact, failed = error.artifact, error
            planned, report = artifact.plan, report_of(file_name(Path(program.name)), artifact)
        else:
            planned, report = plan(module, registry, asked)[2], None
        click.echo("\n".join(told(name, planned, registry, report) for name in names), nl=False)
        sys.stdout.flush()
        if failed is not None:
            raise failed


@click.command(cls=Tool, epilog=EXIT_STATUS, context_settings=_SETTINGS)
@click.argument("before", type=_PATH)
@click.argument("after", type=_PATH)
@click.option("--details", is_flag=True, help="Every function, table and opcode.")
@click.option("--json", "json_", is_flag=True, help="Raw integers, for scripts.")
@click.option("--max-growth", metavar="SIZE", help="Fail when the file grew by more: 2%, 100, 1K.")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def diff(before: Path, after: Path, details: bool, json_: bool, max_growth: str | None, debug: bool) -> None:
    """Tell what changed from report BEFORE to report AFTER, files that `tbbuild --json` wrote."""
    from . import diff as differences
    from .report import from_json

    with reporting("tbbuild", debug):
        old, new = (from_json(read_file(path), str(path)) for path in (before, after))
        limit = None
        if max_growth is not None:
            differences.linked(new, str(after))
            limit = differences.growth(max_growth, differences.linked(old, str(before)).file_bytes)
        if json_:
            import json

            text = json.dumps(differences.as_data(old, new), indent=2, ensure_ascii=False) + "\n"
        else:
            text = differences.show(old, new, details=details)
        click.echo(text, nl=False)
        sys.stdout.flush()
        grown = new.file_bytes - old.file_bytes
        if limit is not None and grown > limit:
            raise PolicyError(
                f"the file grew by {grown:,} bytes, more than the {limit:,} of --max-growth {max_growth}: "
                "the table shows by what; leave that out, or allow more"
            )


COMMANDS = {"why": why, "diff": diff}
