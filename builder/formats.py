"""The builder's own ways to show a report: name, what it is, how it is done. Nothing is imported before it is
used: a build out of the cache shows its report with little else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .report import Report


def _text(report: Report) -> str:
    from .report_text import show_text

    return show_text(report)


def _details(report: Report) -> str:
    from .report_text import show_details

    return show_details(report)


def _json(report: Report) -> str:
    from .report import to_json

    return to_json(report)


def _markdown(report: Report) -> str:
    from .report_markdown import show

    return show(report)


def _html(report: Report) -> str:
    from .report_html import show

    return show(report)


FORMATS: tuple[tuple[str, str, Callable[[Report], str]], ...] = (
    ("text", "a table for people", _text),
    ("details", "the table with every opcode, function and table", _details),
    ("md", "a table in Markdown, for a pull request", _markdown),
    ("html", "one page that needs no network: a treemap, tables, all reasons", _html),
    ("json", "raw integers and stable names, for scripts", _json),
)
