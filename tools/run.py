"""tblvm run: a program on the general runtime, which is built once and kept."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..core.errors import UsageError
from .command import command
from .limits import given_limits, limit_options, place_options

if TYPE_CHECKING:
    from ..builder.translated import Translated

_INVOKE = "--invoke"


# What stands behind FILE is not ours: its options are the program's.
@command(loads=False, allow_interspersed_args=False)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@place_options
@click.option(
    _INVOKE,
    metavar="NAME",
    help="Call this export, with the words behind FILE as its arguments, and print what it gives; may also "
    "stand right behind FILE.",
)
@click.option(
    "-O",
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set an option of the front-end that FILE is for: -O c.flags=-DN=3.",
)
@limit_options
@click.option(
    "--report",
    is_flag=True,
    help="When it has ended, tell on standard error why, what was in force, what it spent.",
)
@click.option("--json", "json_", is_flag=True, help="With --report: as JSON, for scripts.")
def run(
    plugins: list[Path],
    file: Path,
    arguments: tuple[str, ...],
    dirs: tuple[str, ...],
    variables: tuple[str, ...],
    invoke: str | None,
    options: tuple[str, ...],
    report: bool,
    json_: bool,
    **walls: Any,
) -> None:
    """Run FILE (.tba, .tbc, .wasm, .c) on a runtime that has every standard page.

    What stands behind FILE is the program's arguments: options stand before it. It has no files and no
    environment but what --dir and --env let it have. With any limit or grant it is behind the strongest walls
    that this machine has, and may use nothing else that was not granted (docs/isolation.md).

    The runtime is built the first time, and kept; so is what FILE is translated to (`tblvm cache`). The exit
    status is the program's; 134 where it was stopped, 124 where its time was up. `tbbuild FILE --run`
    composes a runtime for the program alone instead.
    """
    from ..builder.run import run as execute
    from ..builder.runtimes import engine_words, runtime
    from ..builder.translated import translated
    from ..core.command import file_name, read_file

    def say(stage: str) -> None:
        if stage == "compile" and sys.stderr.isatty():
            click.echo("tblvm: building the general runtime: this happens once", err=True)

    call, arguments = _call(invoke, arguments)
    content, name = read_file(file), file_name(file)
    purpose = " ".join(map(repr, ("run", *call, *(f"-O {each}" for each in options))))

    def make() -> tuple[Translated, set[Path]]:
        return _translated(content, name, plugins, call, options)

    if json_ and not report:
        raise UsageError("--json is for --report")
    level, limits = given_limits(walls)
    made = translated(content, name, plugins, purpose, make)
    if report or walls["level"] or level != "none":
        form = "json" if json_ else "text" if report else ""
        words = arguments if made.said["imports"] else None
        sys.exit(_isolated(made.content, str(file), words, plugins, level, limits, dirs, variables, form))
    entry = runtime((*made.said["runtime"], *engine_words(walls["engine"])), say)
    with tempfile.TemporaryDirectory(prefix="tblvm-run-", ignore_cleanup_errors=True) as folder:
        module = Path(folder) / (file.stem + ".tbc")
        module.write_bytes(made.content)
        let = [word for each in dirs for word in ("--dir", each)]
        let += [word for each in variables for word in ("--env", each)]
        shown = ("--name", str(file)) if made.said["imports"] else ()
        status = execute(entry.image, entry.host, (*let, *shown, str(module), *arguments))
    sys.exit(status)


def _isolated(
    program: bytes,
    name: str,
    words: tuple[str, ...] | None,
    plugins: list[Path],
    level: str,
    limits: dict[str, Any],
    dirs: tuple[str, ...],
    variables: tuple[str, ...],
    report: str,
) -> int:
    """The exit status of a program that this process runs, with limits and walls."""
    from ..embed.store import Store
    from . import sandbox

    store = Store(
        plugins=plugins,
        dirs=sandbox.directories(dirs),
        env=sandbox.variables(variables),
        isolation=level,
        **limits,
    )
    return sandbox.run(store, program, name, words, report)


def _call(invoke: str | None, arguments: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The call that is to be made, and the program's arguments: words behind FILE are one or the other."""
    if invoke is not None:
        return (invoke, *arguments), ()
    if arguments[:1] == (_INVOKE,):
        if len(arguments) == 1:
            raise UsageError(f"{_INVOKE}: name an export, and the arguments behind it")
        return arguments[1:], ()
    return (), arguments[1:] if arguments[:1] == ("--",) else arguments


def _translated(
    content: bytes, name: str, plugins: list[Path], call: tuple[str, ...], options: tuple[str, ...]
) -> tuple[Translated, set[Path]]:
    """The program as a file; call: what it does in place of what it does by itself; options: of front-ends.
    "runtime": the words for `tbbuild` that give its runtime; "imports": modules of which micro-libraries
    offer functions."""
    from ..builder.cache import files_of
    from ..builder.invoke import check_runs, invoke
    from ..builder.options import source_options
    from ..builder.pipeline import files_read, plan, translate
    from ..builder.resolve import Request
    from ..builder.runtimes import features_for, words
    from ..builder.translated import Translated
    from ..core import tbc
    from ..core.registry import load
    from ..stack import verify

    registry = load(plugins)
    source = source_options(registry, options)
    module = translate(content, name, registry, source)
    if call:
        module = invoke(module, registry.isa, call)
    else:
        check_runs(module, registry.isa)
    verified = verify(module, registry.isa)
    module = verified.module
    if module.imports:  # nobody gives them here: that is said as a build of the program says it
        plan(module, registry, Request())
    given = [*words(registry.paths, "runtime", features_for(registry, verified))]
    for limit, least in (("stack", module.min_stack), ("heap", module.min_heap)):
        if least:
            given += [f"--{limit}", str(least)]
    files = files_of(registry) | files_read(content, name, registry, source)
    imports = tuple(sorted({space for space, _ in registry.imports}))
    return Translated(tbc.write(module), {"runtime": tuple(given), "imports": imports}), files
