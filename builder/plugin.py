"""Hook implementations of the room `builder`: modes and report formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.hookspecs import hookimpl
from ..core.parts import Mode, ReportFormat

if TYPE_CHECKING:
    from .report import Report


@hookimpl
def tblvm_modes() -> list[Mode]:
    return [
        Mode("default", "no budget: what the program needs"),
        Mode(
            "nano",
            "switch engine, no collector, core page only",
            budget=4096,
            data_budget=1024,
            deny=("collector", "types"),
        ),
        Mode("micro", "nano with a collector, objects and arrays", budget=8192),
    ]


def _text(report: Report) -> str:
    from .report_text import show_text

    return show_text(report)


def _details(report: Report) -> str:
    from .report_text import show_details

    return show_details(report)


def _json(report: Report) -> str:
    from .report import to_json

    return to_json(report)


@hookimpl
def tblvm_report_formats() -> list[ReportFormat]:
    return [
        ReportFormat("text", "a table for people", _text),
        ReportFormat("details", "the table with every opcode, function and table", _details),
        ReportFormat("json", "raw integers and stable names, for scripts", _json),
    ]
