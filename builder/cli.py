"""tbbuild: the command line of the builder.

Only click is imported up front: what a stage needs is imported when it runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from ..core.command import EXIT_STATUS, Tool, file_name, read_file, reporting, write_file
from ..core.complete import registered
from ..core.errors import PolicyError, UsageError
from ..core.printable import printable_lines
from .artifacts import EXE, KINDS, Kind
from .options import Configured, building, configured, names
from .options import request as make_request

if TYPE_CHECKING:
    from .report import Report

EXAMPLES = """\b
Examples:
  tbbuild prog.tba                         build ./prog, print the report
  tbbuild --features core,gc prog.tba --run
  tbbuild --mode nano -o tiny prog.tbc     fail if over nano's budget
  tbbuild --explain prog.tba               what goes in, and why
  tbbuild --artifact runtime -o rt         rt FILE.tbc runs any module
  tbbuild why prog.tba gc                  why is it in? all reasons, bytes
  tbbuild diff old.json new.json           what changed between two --json reports
"""

_LARGEST = 3
NAMES = ("why", "diff")  # a program of such a name is ./why


class _Commands(Tool, Configured):
    """`tbbuild PROGRAM`, unless the first word is the name of another command."""

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **more: Any
    ) -> Any:
        words = sys.argv[1:] if args is None else list(args)
        if words and words[0] in NAMES:
            from .commands import COMMANDS

            return COMMANDS[words[0]].main(words[1:], f"tbbuild {words[0]}", **more)
        return super().main(words, prog_name or "tbbuild", **more)


def _programs(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """A file, or another command."""
    commands = [CompletionItem(name) for name in NAMES if name.startswith(begun)]
    return [*commands, CompletionItem(begun, type="file")]


@click.command(
    cls=_Commands, epilog=EXAMPLES + "\n" + EXIT_STATUS, context_settings={"max_content_width": 100}
)
@click.argument("program", type=click.Path(path_type=Path), required=False, shell_complete=_programs)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--artifact",
    type=click.Choice(list(KINDS)),
    default=EXE.name,
    show_default=True,
    help="; ".join(f"{each.name}: {each.doc}" for each in KINDS.values()) + ".",
)
@building
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The executable; by default the program's name without its suffix.",
)
@click.option("--run", "run_it", is_flag=True, help="Run the result, without keeping it unless -o is given.")
@click.option(
    "--report",
    shell_complete=registered("report_formats"),
    default="text",
    envvar="TBLVM_REPORT",
    metavar="FORMAT",
    help="Footprint report: text, details, md, html, json, or none.  [default: text]",
)
@click.option("--json", "json_", is_flag=True, help="The same as --report json.")
@click.option("--explain", is_flag=True, help="Print the plan with all reasons, and build nothing.")
@click.option(
    "--dump",
    metavar="STAGES",
    help="Print what stages give: verify, optimise, need, resolve, compose, emit, compile, measure.",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Leave the generated C here.",
)
@click.option("--no-cache", is_flag=True, help="Build anew, and keep nothing for the next time.")
@click.option("--symbols", is_flag=True, help="Leave symbols and section headers in the executable.")
@click.option("-q", "--quiet", is_flag=True, help="No report, no progress.")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(package_name="tblvm", prog_name="tbbuild")
def main(program: Path | None, debug: bool, **given: object) -> None:
    """Build the smallest native runtime for PROGRAM (.tba, .tbc, .wasm, .c), and report where every byte
    went.

    The report goes to standard output, progress and messages to standard error. What stands behind
    PROGRAM is passed to it with --run. --artifact runtime takes no PROGRAM: it builds a runtime with all
    opcodes of the core page and of the pages that --features names, or of all standard pages.
    """
    with reporting("tbbuild", debug):
        status = _build(program, given)
    sys.exit(status)


def _build(program: Path | None, given: Mapping[str, object]) -> int:
    kind = KINDS[str(given["artifact"])]
    _check_kind(kind, program, given)
    if given["explain"] or given["dump"]:
        return _look(program, given)
    from .cached import EstimatedError, made
    from .report import from_json

    quiet = bool(given["quiet"])
    wanted = "json" if given["json_"] else str(given["report"])
    show = _format(wanted, given["plugins"])
    if quiet:
        show = None
    try:
        with _progress(quiet or wanted == "json") as progress:
            entry = made(program, given, _name(program, given), progress)
    except EstimatedError as error:
        _show(from_json(error.report, "the report"), show)
        raise
    report = _with_budgets(from_json(entry.report, "the report"))
    _show(report, show)
    if not quiet:
        for note in entry.notes:
            click.echo(f"tbbuild: note: {note}", err=True)
    _judge(report)
    output = given["output"]
    if output is None and not given["run_it"]:
        output = Path("runtime" + kind.suffix) if program is None else _default_output(program, kind)
    if isinstance(output, Path):
        write_file(output, entry.image, executable=kind.suffix != ".c")
        if kind.header is not None:
            write_file(output.parent / kind.header.name, read_file(kind.header))
    if given["run_it"]:
        from .run import run

        return run(entry.image, entry.host, tuple(given["arguments"]))  # type: ignore[arg-type]
    return 0


def _show(report: Report, show: Callable[[Report], str] | None) -> None:
    if show is not None:
        text = show(report)
        if not isinstance(text, str):  # a plug-in's
            raise UsageError(f"the report format gives {type(text).__name__}, not a text")
        click.echo(text, nl=False)
        sys.stdout.flush()


def _look(program: Path | None, given: Mapping[str, object]) -> int:
    """--explain, --dump."""
    from ..core.registry import load
    from .pipeline import plan, translate

    registry = load(given["plugins"])  # type: ignore[arg-type]
    request = make_request(registry, given)
    module = None
    if program is not None:
        module = translate(read_file(program), file_name(program), registry, request.source)
    if given["explain"]:
        from .report_text import explain

        click.echo(explain(plan(module, registry, request)[2]), nl=False)
    else:
        from .dump import dump

        text = dump(names(str(given["dump"])), module, registry, request)
        click.echo(printable_lines(text), nl=False)  # names in modules are anybody's
    return 0


def _format(name: str, plugins: object) -> Callable[[Report], str] | None:
    """How the report is shown. The builder's own formats need no plug-in to be loaded."""
    from .formats import FORMATS

    if name == "none":
        return None
    own = {each: show for each, _, show in FORMATS}
    if name in own and not plugins:
        return own[name]
    from ..core.registry import choose, load

    formats = load(plugins).report_formats  # type: ignore[arg-type]
    choose("report format", name, [*formats, "none"])
    return formats[name].show


def _with_budgets(report: Report) -> Report:
    """The report with the budgets of the configuration."""
    config = configured()
    if not config.budget:
        return report
    from .budget import verdicts

    more = verdicts(report, config.budget, config.folder)
    return replace(report, budgets=(*report.budgets, *more))


def _check_kind(kind: Kind, program: Path | None, given: Mapping[str, object]) -> None:
    """Refuse what this kind of artifact cannot have."""
    if kind.program == "always" and program is None:
        raise UsageError(
            "name a program (.tba, .tbc, .wasm, .c); --artifact runtime builds a runtime without one"
        )
    if kind.program == "never" and program is not None:
        raise UsageError(
            f"a runtime is built without a program: leave out {program}, and give it to the runtime"
        )
    if program is None and given["bundle"]:
        raise UsageError("a runtime runs no bundled programs: build an executable of the program that does")
    if given["run_it"] and kind is not EXE:
        what = "a runtime needs a module to run: build it with -o, and give it the module"
        raise UsageError(what if kind.program == "never" else f"--artifact {kind.name} gives nothing to run")


def _name(program: Path | None, given: Mapping[str, object]) -> str:
    """What the report is about."""
    if program is not None:
        return file_name(Path(program.name))
    return Path(str(given["output"] or "runtime")).name


def _judge(report: Report) -> None:
    over = [each for each in report.budgets if not each.kept]
    if over:
        raise PolicyError(
            "; ".join(f"{v.what}: {v.measured:,} bytes exceed the budget of {v.budget:,}" for v in over)
            + ": leave out what the largest are for, or choose another --mode"
            + "".join(_largest(report))
        )


def _largest(report: Report) -> Iterator[str]:
    """What takes most of the file, with the chain from the program to it."""
    parts = {part.name: part for part in report.parts}
    found = [(sum(r.size for r in report.of_owner(name) if r.in_file), name) for name in parts]
    for size, name in sorted(found, key=lambda each: (-each[0], each[1]))[:_LARGEST]:
        yield f"\n  {name}, {size:,} bytes: {parts[name].reasons[0]}"


def _default_output(program: Path, kind: Kind) -> Path:
    if kind.suffix:
        return Path(program.stem + kind.suffix)
    return Path(program.stem) if program.suffix else Path(program.name + ".exe")


class _progress:
    """Shows the stage that runs, on a terminal only."""

    def __init__(self, quiet: bool) -> None:
        self.shown = not quiet and sys.stderr.isatty() and not os.environ.get("CI")

    def __enter__(self) -> _progress:
        return self

    def __call__(self, stage: str) -> None:
        if self.shown:
            click.echo(f"\r\033[K{stage} …", nl=False, err=True)

    def __exit__(self, *exception: object) -> None:
        if self.shown:
            click.echo("\r\033[K", nl=False, err=True)
