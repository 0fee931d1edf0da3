"""The tables of docs/benchmarks.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .corpus import BASE, ratios
from .document import results
from .engine import Engine
from .figures import Results
from .manifest import programs
from .starts import STATIC

DOCUMENT = Path(__file__).parents[2] / "docs" / "benchmarks.md"
_MARKS = re.compile(r"(?s)(<!-- (\w+): python -m bench\.engines -->\n).*?(<!-- end -->)")


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|---|" + "--:|" * (len(head) - 1)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}"


def _speed(found: Results, engines: Sequence[Engine], names: Sequence[str], mean: str) -> Iterator[str]:
    def rows() -> Iterator[Sequence[str]]:
        for engine in engines:
            each = [found.ratio(program, engine.name) for program in names]
            if any(each):
                middles = [_number(ratio.middle if ratio else None) for ratio in each]
                total = _number(found.geo(engine.name, names))
                yield [engine.about, *middles, f"**{total}**" if total else ""]

    yield from _table(["", *(name.replace("_", " ") for name in names), mean], rows())


def tables(told: Mapping[str, Any]) -> dict[str, list[str]]:
    """By name, the lines of the tables that the document has figures for."""
    made: dict[str, list[str]] = {}
    if "machine" in told:
        made["machine"] = [_measured(told["machine"], told["amount"])]
    if "speed" in told:
        found, engines = results(told["speed"], programs())
        others = [name for name in found.samples if name not in found.nine]
        made["nine"] = list(_speed(found, engines, found.nine, found.mean))
        if others:
            made["others"] = list(_speed(found, engines, others, "geo"))
    if "start" in told:
        head = ("", "ms", f"× {STATIC}", "ms of processor", "KiB at most")
        rows = (
            (name, f"{each['wall']:.2f}", _number(each["ratio"]), f"{each['cpu']:.2f}", f"{each['memory']:,}")
            for name, each in told["start"].items()
        )
        made["start"] = list(_table(head, rows))
    if "size" in told:
        sizes = (
            (
                each["name"],
                f"{each['code']:,}",
                "" if each["runtime"] is None else f"{each['runtime']:,}",
                f"{each['file']:,}",
            )
            for each in told["size"]
        )
        made["size"] = list(_table(("", "text and rodata", "of it runtime", "file"), sizes))
    if "build" in told:
        builds = (
            (each["name"], f"{each['wall']:.2f}", f"{each['cpu']:.2f}", f"{each['least']:.2f}")
            for each in told["build"]
        )
        made["build"] = list(_table(("", "s", "s of processor", "least s"), builds))
    if "corpus" in told:
        made["corpus"] = list(_corpus(told["corpus"]))
    return made


def _measured(machine: Mapping[str, Any], amount: Mapping[str, Any]) -> str:
    where = f"{machine['processor']}, {machine['processors']} of them, shared: load {machine['load']:.0f}"
    return f"Measured on {where}; {amount['rounds']} rounds, {amount['scale']:g} of the work."


def _corpus(told: Mapping[str, Mapping[str, Sequence[float]]]) -> Iterator[str]:
    each = {name: ratios(rows) for name, rows in told.items()}
    engines = dict.fromkeys(engine for rows in each.values() for engine in rows)
    rows = (
        [engine, *(_number(found[engine].middle if engine in found else None) for found in each.values())]
        for engine in engines
    )
    yield from _table([f"× {BASE}", *each], rows)


def write(told: Mapping[str, Any], file: Path = DOCUMENT) -> list[str]:
    """Puts the tables between their marks: the names of those that are new."""
    made = tables(told)
    text = file.read_text()

    def filled(found: re.Match[str]) -> str:
        lines = made.get(found[2])
        return found[0] if lines is None else "\n".join((found[1] + lines[0], *lines[1:], found[3]))

    file.write_text(_MARKS.sub(filled, text))
    return [name for _, name, _ in _MARKS.findall(text) if name in made]
