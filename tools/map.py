"""tblvm map: one program for every line of a file, in sandboxes, with an output that can be gone on with."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..core.errors import UsageError
from ..core.printable import printable_lines
from .command import command
from .limits import LIMITS, limit_options

if TYPE_CHECKING:
    from ..isolation.jobs.journal import Journal, Stream
    from ..isolation.jobs.result import Result

# What lines are that the program cannot be given: so many are told one by one.
_UNFIT, _SHOWN = ("InputError", "TypeError", "OverflowError"), 10


@command("map", loads=False)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("inputs", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    default="-",
    metavar="OUT",
    help="Write the results there instead of to standard output.",
)
@click.option("--resume", is_flag=True, help="Go on with OUT: what has a result there is not run again.")
@click.option(
    "--call",
    "--invoke",
    "call",
    metavar="NAME",
    help="Call this export: a line is an array of its arguments, or the only one. Without it the program is "
    "run from its entry point: a line is what it reads, as a string.",
)
@click.option(
    "--workers", type=click.IntRange(1), metavar="N", help="Run so many at a time.  [default: processors]"
)
@click.option("--unordered", is_flag=True, help="Write results as they are done, in any order.")
@click.option(
    "--retries",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Run an input so often again when its sandbox is lost.  [default: 0]",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress, no summary.")
@limit_options
def map_(
    plugins: list[Path],
    file: Path,
    inputs: Path,
    out: Path,
    resume: bool,
    call: str | None,
    workers: int | None,
    unordered: bool,
    retries: int,
    quiet: bool,
    **walls: Any,
) -> None:
    """Run FILE (.tba, .tbc, .wasm, .c) once for each line of INPUTS, which is JSON; - is standard input.

    Each input has a fresh instance in a sandbox of its own, with the limits that are given: what one does
    reaches no other. Each result is a line of JSON, below one that says what was run (docs/map.md).

    The exit status is 0 where every input has a result, 134 where a program was stopped, 124 where that was
    for its time alone, 1 where a line is no input or a sandbox was lost.
    """
    from ..isolation.jobs.executors import Supply
    from ..isolation.jobs.flow import Flow
    from ..isolation.jobs.journal import Journal, Stream
    from ..isolation.jobs.lines import arguments_in, stdin_in, told
    from ..isolation.jobs.mapping import AHEAD, job_of
    from ..isolation.jobs.source import Source

    options = {
        "output": "16M",
        **{name: walls[name] for name in LIMITS if walls[name] is not None},
        "plugins": tuple(map(str, plugins)),
        "grants": walls["grants"],
    }
    # What the engine is changes no result: an output can be gone on with by another one.
    job, module = job_of(file, call, walls["level"] or "auto", {**options, "engine": walls["engine"]})
    header = {
        "tblvm": "map",
        "schema": 1,
        "program": hashlib.sha256(job.content).hexdigest(),
        "call": call,
        "level": job.level,
        "options": {**options, **_numbers(options)},
    }
    piped = str(out) == "-"
    if piped and resume:
        raise UsageError("--resume goes on with a file: name it with -o")
    shown = sys.stderr.isatty() and not (quiet or os.environ.get("CI") or (piped and sys.stdout.isatty()))
    source = Source(inputs)
    with contextlib.ExitStack() as closing:
        output: Journal | Stream
        output = Stream(_to_stdout, header) if piped else Journal(out, header, resume=resume)
        closing.callback(output.close)
        total = source.count(output) if resume or shown else None
        tally = _Tally(output.failed, quiet)
        supply = Supply(None, workers)
        flow = Flow(
            job,
            source.pending(output, lambda: flow.wake()),
            stdin_in if call is None else arguments_in(module, call),
            supply,
            ordered=not unordered,
            retries=retries,
            ahead=AHEAD * supply.workers,
        )
        progress = closing.enter_context(_Progress(total, tally)) if shown else None
        for result in closing.enter_context(contextlib.closing(iter(flow))):
            output.write(told(result))
            tally.add(result)
            if progress is not None:
                progress.update()
    tally.say()
    sys.exit(tally.status())


def _numbers(options: Mapping[str, Any]) -> dict[str, int]:
    """The limits as numbers: milliseconds, where it is a time."""
    from ..core.quantities import quantity

    kinds = {"stack": "number", "fuel": "number", "timeout": "duration"}
    return {
        name: quantity(name, options[name], kinds.get(name, "size")) for name in LIMITS if name in options
    }


def _to_stdout(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


class _Tally:
    """How many inputs ended how. kinds: of errors, "" for none, of results that were there before."""

    def __init__(self, kinds: Counter[str], quiet: bool) -> None:
        self.kinds, self._quiet = kinds, quiet
        self._told = 0

    def add(self, result: Result) -> None:
        """Counts it; an input that is none is told."""
        error = result.error
        kind = "" if error is None else type(error).__name__
        self.kinds[kind] += 1
        if kind in _UNFIT:
            self._told += 1
            if self._told <= _SHOWN:
                where = "" if kind == "InputError" else f"line {result.input.number}: "
                more = "; others are told in the output alone" if self._told == _SHOWN else ""
                click.echo(printable_lines(f"tblvm: {where}{error}{more}"), err=True)

    @property
    def failed(self) -> int:
        return sum(self.kinds.values()) - self.kinds[""]

    def say(self) -> None:
        """What did not go well, in one line."""
        if self.failed and not self._quiet:
            kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kinds.items()) if kind)
            click.echo(
                f"tblvm: {self.failed} of {sum(self.kinds.values())} inputs have no result: {kinds}", err=True
            )

    def status(self) -> int:
        """The exit status: that of the worst end."""
        from ..embed import errors

        ends = set()
        for kind in filter(None, self.kinds):
            known = getattr(errors, kind, None)
            stopped = isinstance(known, type) and issubclass(known, errors.Stopped)
            ends.add(124 if kind == "DeadlineExceeded" else 134 if stopped else 1)
        return next((each for each in (134, 124, 1) if each in ends), 0)


class _Progress:
    """A bar on standard error. total: how many inputs there are, None where nobody knows."""

    def __init__(self, total: int | None, tally: _Tally) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[failed]}"),
        )
        self._tally = tally
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("", total=total, failed="")
        self.update()

    def update(self) -> None:
        """Shows what the tally has."""
        failed = f"{self._tally.failed} failed" if self._tally.failed else ""
        self._bar.update(self._task, completed=sum(self._tally.kinds.values()), failed=failed)

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()
