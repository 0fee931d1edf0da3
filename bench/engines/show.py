"""Results for people: tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.table import Table

from .engine import Engine
from .figures import Ratio, Results


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}"


def _cell(ratio: Ratio | None, failed: bool) -> str:
    if ratio is None:
        return "[red]failed[/red]" if failed else "·"
    half = (ratio.high - ratio.low) / 2 / ratio.middle * 100
    return f"{_number(ratio.middle)}\n[dim]±{half:.0f}%[/dim]"


def plain_table(title: str) -> Table:
    """A table with its title above, without a frame."""
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))


def speed(results: Results, engines: Sequence[Engine]) -> Iterator[Table]:
    """A row for each engine, a column for each program: the median of its ratios to the base, and half of
    what is between the quartiles. The nine programs and their mean; then the others, and the mean of
    all."""
    others = [program for program in results.samples if program not in results.nine]
    title = f"time, as a multiple of {results.base}'s"
    if results.nine:
        yield _table(f"The nine: {title}", results, engines, results.nine, "geo9")
    if others:
        yield _table(f"Others: {title}", results, engines, others, "geo")


def _table(
    title: str, results: Results, engines: Sequence[Engine], programs: Sequence[str], mean: str
) -> Table:
    table = plain_table(title)
    table.add_column("engine")
    for program in programs:
        table.add_column(program.replace("_", " "), justify="right")
    table.add_column(mean, justify="right")
    group = ""
    for engine in engines:
        cells = [results.samples[program].get(engine.name) for program in programs]
        if not any(cells):
            continue
        if group and group != engine.group:
            table.add_section()
        group = engine.group
        row = [
            _cell(results.ratio(program, engine.name), bool(samples and samples.failed))
            for program, samples in zip(programs, cells, strict=True)
        ]
        middle = results.geo(engine.name, programs)
        table.add_row(engine.name, *row, "·" if middle is None else f"[bold]{_number(middle)}[/bold]")
    return table
