"""Results for people: tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich import box
from rich.table import Table

from .builds import Time
from .corpus import BASE, ratios
from .engine import Engine
from .figures import Ratio, Results
from .sizes import Size
from .starts import STATIC, Start


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}"


def _cell(ratio: Ratio | None, failed: bool) -> str:
    if ratio is None:
        return "[red]failed[/red]" if failed else "·"
    half = (ratio.high - ratio.low) / 2 / ratio.middle * 100
    return f"{_number(ratio.middle)}\n[dim]±{half:.0f}%[/dim]"


def _empty(title: str, *columns: str) -> Table:
    """A table with its title above, without a frame: text on the left, numbers on the right."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def speed(results: Results, engines: Sequence[Engine]) -> Iterator[Table]:
    """A row for each engine, a column for each program: the median of its ratios to the base, and half of
    what is between the quartiles. The nine programs and their mean; then the others, and theirs."""
    others = [program for program in results.samples if program not in results.nine]
    title = f"time, as a multiple of {results.base}'s"
    if results.nine:
        yield _speed(f"The nine: {title}", results, engines, results.nine, results.mean)
    if others:
        yield _speed(f"Others: {title}", results, engines, others, "geo")


def _speed(
    title: str, results: Results, engines: Sequence[Engine], programs: Sequence[str], mean: str
) -> Table:
    table = _empty(title, "engine", *(program.replace("_", " ") for program in programs), mean)
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


def start(found: Mapping[str, Start]) -> Table:
    """From the start of a process to its end."""
    heads = ("ms", "quartiles", f"× {STATIC}", "ms of processor", "KiB at most")
    table = _empty("Hello, world: start to end, and memory", "", *heads)
    for name, each in found.items():
        spread, most = f"{each.low:.2f}–{each.high:.2f}", f"{each.memory:,}"
        table.add_row(name, f"{each.wall:.2f}", spread, _number(each.ratio), f"{each.cpu:.2f}", most)
    return table


def size(found: Sequence[Size]) -> Table:
    """Bytes."""
    table = _empty("Bytes", "", "text and rodata", "of it runtime", "file")
    for each in found:
        runtime = "" if each.runtime is None else f"{each.runtime:,}"
        table.add_row(each.name, f"{each.code:,}", runtime, f"{each.file:,}")
    return table


def build(found: Sequence[Time]) -> Table:
    """Seconds of builds."""
    table = _empty("Builds", "", "s", "s of processor", "least s")
    for each in found:
        table.add_row(each.name, f"{each.wall:.2f}", f"{each.cpu:.2f}", f"{each.least:.2f}")
    return table


def corpus(found: Mapping[str, Mapping[str, Sequence[float]]]) -> Table:
    """Real modules: a row for each engine."""
    table = _empty(f"Real modules: time, as a multiple of {BASE}'s", "engine", *found)
    each = {name: ratios(rows) for name, rows in found.items()}
    for engine in dict.fromkeys(engine for rows in each.values() for engine in rows):
        table.add_row(engine, *(_cell(rows.get(engine), False) for rows in each.values()))
    return table


def count(found: Mapping[str, Mapping[str, int]], base: str) -> Table:
    """Instructions of the processor, in millions, and their ratio to the base's."""
    table = _empty(f"Millions of instructions, and as a multiple of {base}'s", "engine", *found)
    for engine in dict.fromkeys(engine for rows in found.values() for engine in rows):
        row = []
        for rows in found.values():
            value, other = rows.get(engine), rows.get(base)
            ratio = f"\n[dim]{_number(value / other)}[/dim]" if value and other else ""
            row.append("·" if value is None else f"{value / 1e6:,.1f}{ratio}")
        table.add_row(engine, *row)
    return table
