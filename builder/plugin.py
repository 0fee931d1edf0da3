"""Hook implementations of the room `builder`: an optimiser pass, modes and report formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.hookspecs import hookimpl
from ..core.parts import Mode, Pass, ReportFormat
from .formats import FORMATS

if TYPE_CHECKING:
    from ..core.module import Module
    from ..core.verified import Verified
    from ..opcodes import Isa


def _unused(verified: Verified, isa: Isa) -> Module:
    from .unused import run

    return run(verified, isa)


@hookimpl
def tblvm_passes() -> list[Pass]:
    doc = "leaves out functions, types, constants, globals, segments and imports that nothing uses"
    return [Pass("unused", doc, _unused, default=True)]


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
        Mode("standard", "what is faster before what is smaller", budget=32768, speed=True),
    ]


@hookimpl
def tblvm_report_formats() -> list[ReportFormat]:
    return [ReportFormat(name, doc, show) for name, doc, show in FORMATS]
