"""tbbuild: the command line of the builder.

Only click is imported up front: what a stage needs is imported when it runs.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..core.command import EXIT_STATUS, read_file, reporting, write_file
from ..core.errors import PolicyError, UsageError

if TYPE_CHECKING:
    from ..core.registry import Registry
    from ..core.verified import Verified
    from .report import Report
    from .resolve import Request

EXAMPLES = """\b
Examples:
  tbbuild prog.tba                         build ./prog, print the report
  tbbuild --features core,gc prog.tba --run
  tbbuild --mode nano -o tiny prog.tbc     fail if over nano's budget
  tbbuild --explain prog.tba               what goes in, and why
  tbbuild --artifact runtime -o rt         rt FILE.tbc runs any module
"""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SUFFIXES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_DURATIONS = {"ms": 1, "s": 1000, "m": 60000, "": 1000}
_MAX_DIGITS = 20


def read_value(text: str, kind: str) -> int | str:
    """An option's value: `size` and `number` take K, M and G (powers of 1024) and forms such as 1e9,
    `duration` ms, s and m and gives milliseconds, `text` anything that can be shown. Raises UsageError."""
    from decimal import Decimal, InvalidOperation
    from fractions import Fraction

    if kind == "text":
        if not text.isprintable():
            raise UsageError(f"{text!r} has characters that cannot be shown")
        return text
    number = text.strip().lower()
    if kind == "flag":
        known = {"1": 1, "on": 1, "true": 1, "yes": 1, "0": 0, "off": 0, "false": 0, "no": 0}
        if number in known:
            return known[number]
        raise UsageError(f"{text!r} is neither on nor off")
    units = _DURATIONS if kind == "duration" else _SUFFIXES
    for unit in sorted(units, key=len, reverse=True):
        if unit and number.endswith(unit):
            number, factor = number[: -len(unit)], units[unit]
            break
    else:
        factor = units[""]
    try:
        value = Decimal(number)
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite():
        known_units = ", ".join(unit for unit in units if unit)
        raise UsageError(f"{text!r} is no {kind}: write a number, with {known_units} behind it")
    # Exact: 0.029s are 29 milliseconds. What no option can be is not even multiplied out.
    exact = Fraction(value) * factor if -_MAX_DIGITS < value.adjusted() < _MAX_DIGITS else Fraction(-1)
    if exact < 0 or exact.denominator != 1:
        raise UsageError(f"{text!r} is no {kind}: it must be whole, not negative, and below 1e{_MAX_DIGITS}")
    return int(exact)


def names(text: str | None) -> tuple[str, ...]:
    """The names in a comma-separated list."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


@click.command(epilog=EXAMPLES + "\n" + EXIT_STATUS, context_settings={"max_content_width": 100})
@click.argument("program", type=click.Path(path_type=Path), required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--artifact",
    type=click.Choice(["exe", "runtime"]),
    default="exe",
    show_default=True,
    help="exe: PROGRAM and its runtime; runtime: loads the module named on its command line.",
)
@click.option("--features", metavar="NAMES", help="Add and pin micro-libraries, variants or interfaces.")
@click.option(
    "--only", metavar="NAMES", help="Use nothing but these; what the program needs beyond is an error."
)
@click.option("--deny", metavar="NAMES", help="Do without these, or fail with the chain that needs them.")
@click.option("--mode", default="default", metavar="NAME", help="Preset with a budget: nano, micro.")
@click.option("--engine", default="switch", metavar="NAME", help="How bytecode is executed.")
@click.option(
    "--target",
    default="x86_64-linux",
    metavar="NAME",
    help="Machine to build for: x86_64-linux, aarch64-linux, riscv64-linux.  [default: x86_64-linux]",
)
@click.option("--stack", metavar="CELLS", help="Stack limit.")
@click.option("--heap", metavar="BYTES", help="Heap size.")
@click.option("--fuel", metavar="N", help="Stop the program after N instructions.")
@click.option("--timeout", metavar="TIME", help="Stop the program after this time: 500ms, 2s, 1m.")
@click.option("-O", "--option", "options", multiple=True, metavar="NAME=VALUE", help="Set any other option.")
@click.option(
    "--bundle",
    multiple=True,
    metavar="NAME=FILE",
    help="Build in another program, which SCRIPT_EXEC runs by this name.",
)
@click.option(
    "-p",
    "--plugin",
    "plugins",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Load a plug-in from a file or folder.",
)
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
    default="text",
    metavar="FORMAT",
    help="Footprint report: text, details, json, or none.  [default: text]",
)
@click.option("--json", "json_", is_flag=True, help="The same as --report json.")
@click.option("--explain", is_flag=True, help="Print the plan with all reasons, and build nothing.")
@click.option(
    "--dump",
    metavar="STAGES",
    help="Print what stages give: verify, need, resolve, compose, emit, compile, measure.",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Leave the generated C here.",
)
@click.option("--symbols", is_flag=True, help="Leave symbols and section headers in the executable.")
@click.option("-q", "--quiet", is_flag=True, help="No report, no progress.")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(package_name="tblvm", prog_name="tbbuild")
def main(program: Path | None, debug: bool, **given: object) -> None:
    """Build the smallest native runtime for PROGRAM (.tba, .tbc), and report where every byte went.

    The report goes to standard output, progress and messages to standard error. What stands behind
    PROGRAM is passed to it with --run. --artifact runtime takes no PROGRAM: it builds a runtime with all
    opcodes of the core page and of the pages that --features names, or of all standard pages.
    """
    with reporting("tbbuild", debug):
        status = _build(program, given)
    sys.exit(status)


def _request(registry: Registry, given: Mapping[str, object]) -> Request:
    from ..core.registry import choose
    from .resolve import Request

    texts = {
        name: str(given[name]) for name in ("stack", "heap", "fuel", "timeout") if given[name] is not None
    }
    for each in given["options"]:  # type: ignore[attr-defined]
        name, equals, value = str(each).partition("=")
        if not equals:
            raise UsageError(f"-O takes NAME=VALUE, not {each!r}")
        texts[name] = value
    options = {}
    for name, text in texts.items():
        _, option = registry.options[choose("option", name, registry.options)]
        try:
            options[name] = read_value(text, option.kind)
        except UsageError as error:
            raise UsageError(f"option {name}: {error}") from None
    only = given["only"]
    return Request(
        features=names(given["features"]),  # type: ignore[arg-type]
        only=None if only is None else names(str(only)),
        deny=names(given["deny"]),  # type: ignore[arg-type]
        mode=str(given["mode"]),
        engine=str(given["engine"]),
        target=str(given["target"]),
        options=options,
    )


def _bundle(registry: Registry, given: Iterable[str]) -> dict[str, Verified]:
    """The programs that --bundle names, verified."""
    from ..stack import verify
    from .pipeline import translate

    found: dict[str, Verified] = {}
    for each in given:
        name, equals, path = each.partition("=")
        if not equals or not path:
            raise UsageError(f"--bundle takes NAME=FILE, not {each!r}")
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"--bundle: {name!r} is no name for a program: letters, digits and . _ - are, up to 64"
            )
        if name in found:
            raise UsageError(f"--bundle: two programs are called {name}")
        found[name] = verify(translate(read_file(Path(path)), path, registry), registry.isa)
    return found


def _build(program: Path | None, given: Mapping[str, object]) -> int:
    from ..core.registry import choose, load
    from .pipeline import build, plan, translate

    if given["artifact"] == "runtime":
        _check_runtime(program, given)
    elif program is None:
        raise UsageError("name a program (.tba, .tbc); --artifact runtime builds a runtime without one")
    registry = load(given["plugins"])  # type: ignore[arg-type]
    request = replace(_request(registry, given), bundle=_bundle(registry, given["bundle"]))  # type: ignore[arg-type]
    wanted = "json" if given["json_"] else str(given["report"])
    if wanted != "none":
        choose("report format", wanted, [*registry.report_formats, "none"])
    module = None if program is None else translate(read_file(program), str(program), registry)
    if given["explain"]:
        from .report import explain

        click.echo(explain(plan(module, registry, request)[2]), nl=False)
        return 0
    if given["dump"]:
        from .dump import dump

        click.echo(dump(names(str(given["dump"])), module, registry, request), nl=False)
        return 0
    quiet = bool(given["quiet"])
    with _progress(quiet or wanted == "json") as progress:
        artifact = build(
            module,
            registry,
            request,
            symbols=bool(given["symbols"]),
            keep=given["keep"],  # type: ignore[arg-type]
            progress=progress,
        )
    from .report import Report

    report = Report(_name(program, given), artifact)
    if wanted != "none" and not quiet:
        click.echo(registry.report_formats[wanted].show(report), nl=False)
        sys.stdout.flush()
    if not quiet:
        for name in artifact.plan.unused:
            click.echo(f"tbbuild: note: option {name} has no effect: nothing here has it", err=True)
    _judge(report)
    output = given["output"]
    if output is None and not given["run_it"]:
        output = Path("runtime") if program is None else _default_output(program)
    if isinstance(output, Path):
        write_file(output, artifact.image, executable=True)
    if given["run_it"]:
        from .run import run

        return run(artifact.image, artifact.plan.target, tuple(given["arguments"]))  # type: ignore[arg-type]
    return 0


def _check_runtime(program: Path | None, given: Mapping[str, object]) -> None:
    if program is not None:
        raise UsageError(
            f"a runtime is built without a program: leave out {program}, and give it to the runtime"
        )
    if given["bundle"]:
        raise UsageError("a runtime runs no bundled programs: build an executable of the program that does")
    if given["run_it"]:
        raise UsageError("a runtime needs a module to run: build it with -o, and give it the module")


def _name(program: Path | None, given: Mapping[str, object]) -> str:
    """What the report is about."""
    if program is not None:
        return program.name
    return Path(str(given["output"] or "runtime")).name


def _judge(report: Report) -> None:
    over = [each for each in report.verdicts() if not each.kept]
    if over:
        raise PolicyError(
            "; ".join(f"{v.what}: {v.measured:,} bytes exceed the budget of {v.budget:,}" for v in over)
            + ": the report shows the largest rows; leave out what they are for, or choose another --mode"
        )


def _default_output(program: Path) -> Path:
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
