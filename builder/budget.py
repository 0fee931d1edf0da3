"""Budgets: what a project allows, beside what its mode does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..core.command import read_file
from ..core.errors import UsageError
from ..core.quantities import read_value
from .diff import growth, linked
from .report import Report, Verdict, from_json


def verdicts(report: Report, budget: Mapping[str, Any], folder: Path) -> Iterator[Verdict]:
    """What *budget*, the table of a configuration in *folder*, says to *report*.

    total: bytes of the file; runtime: of text and rodata without the program; ram: of all memory;
    libs: of micro-libraries or groups, in the file; max-growth: beyond the file of the report `baseline`.
    Raises UsageError.
    """
    sizes = {"total": report.file_bytes, "runtime": report.runtime_bytes, "ram": sum(report.ram().values())}
    for name, measured in sizes.items():
        if name in budget:
            yield Verdict(f"budget {name}", _size(name, budget[name]), measured)
    libs = budget.get("libs", {})
    if not isinstance(libs, dict):
        raise UsageError("budget libs is a table: micro-library = size")
    for name, size in libs.items():
        measured = sum(
            row.size
            for row in report.rows
            if row.in_file and (row.owner == name or row.owner.startswith(name + "."))
        )
        yield Verdict(f"budget libs.{name}", _size(f"libs.{name}", size), measured)
    if "max-growth" not in budget:
        return
    if not isinstance(budget.get("baseline"), str):
        raise UsageError("budget max-growth needs baseline: the file of a report that `tbbuild --json` wrote")
    path = folder / budget["baseline"]
    before = linked(from_json(read_file(path), str(path)), str(path)).file_bytes
    allowed = before + growth(str(budget["max-growth"]), before)
    yield Verdict(f"budget max-growth {budget['max-growth']}", allowed, report.file_bytes)


def _size(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise UsageError(f"budget {name} takes a size")
    try:
        return int(read_value(str(value).removesuffix("B").removesuffix("i"), "size"))
    except UsageError as error:
        raise UsageError(f"budget {name}: {error}") from None
