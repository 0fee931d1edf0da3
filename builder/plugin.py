"""Hook implementations of the room `builder`: modes and report formats."""

from __future__ import annotations

from ..core.hookspecs import hookimpl
from ..core.parts import Mode, ReportFormat
from .formats import FORMATS


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


@hookimpl
def tblvm_report_formats() -> list[ReportFormat]:
    return [ReportFormat(name, doc, show) for name, doc, show in FORMATS]
