"""A report as Markdown, for a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from .report import ESTIMATE, Report
from .report_text import told

_SPECIAL = {ord(char): f"\\{char}" for char in "\\`*_{}[]<>|#~"}


def show(report: Report) -> str:
    """A heading, a table of micro-libraries, sums."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"### {_plain(report.program)}: {report.size_text} for {report.target}"
    yield ""
    yield "| micro-library | file | retained | data | why |"
    yield "|---|---:|---:|---:|---|"
    parts = {part.name: part for part in report.parts}
    for owner in report.owners():
        part = parts.get(owner)
        in_file = sum(row.size for row in report.of_owner(owner) if row.in_file)
        data = report.size(owner, "data", "bss")
        retained = f"{part.retained:,}" if part else ""
        why = _plain(part.reasons[0]) if part and part.reasons else ""
        yield f"| {_plain(owner)} | {in_file:,} | {retained} | {data or ''} | {why} |"
    data = report.total("data", "bss")
    yield f"| **total** | **{report.file_bytes:,}** | | **{data:,}** | {report.opcodes} opcodes |"
    yield ""
    ram = ", ".join(f"{what} {size:,}" for what, size in report.ram().items())
    total = sum(report.ram().values())
    size, what = report.runtime_size
    of = " of C" if what == "C" else ""
    yield f"Runtime without the program: {size:,} bytes{of}. RAM: {total:,} bytes: {ram}."
    for verdict in report.budgets:
        mark = "within" if verdict.kept else "**over**"
        yield f"- {_plain(verdict.what)}: {verdict.measured:,} of {verdict.budget:,} bytes, {mark} budget"
    yield from (f"- hint: {_plain(hint)}" for hint in report.hints)
    yield from (f"- {_plain(told(step))}" for step in report.passes)
    yield ""
    yield f"**{ESTIMATE}**" if report.estimate else f"`sha256 {report.sha256}`"


def _plain(text: str) -> str:
    """What Markdown would read as more than text is escaped."""
    return text.translate(_SPECIAL)
