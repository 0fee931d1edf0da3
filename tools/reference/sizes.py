"""Bytes of opcodes in a runtime that was built: what a footprint report in JSON says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...core.command import read_file
from ...core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of one build: what was built, and bytes by opcode. An opcode without an entry is not in the program,
    or has the very same C as another one, which is charged for both."""

    program: str
    target: str
    engine: str
    bytes: Mapping[str, int]

    def __str__(self) -> str:
        return f"{self.program} for {self.target}, engine {self.engine}"


def read_sizes(file: Path) -> Sizes:
    """The sizes that the report in *file* tells. Raises UsageError when it is no such report."""
    content = read_file(file)
    try:
        report = json.loads(content)
        found: dict[str, int] = {}
        for row in report["rows"]:
            if row["opcode"]:
                label = str(row["item"]).rstrip("~")  # ~ marks a variant (core/switch.py)
                found[label] = found.get(label, 0) + int(row["size"])
        return Sizes(str(report["program"]), str(report["target"]), str(report["engine"]), found)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(
            f"{file} is no footprint report in JSON: make one with `tbbuild --json PROGRAM > {file.name}`"
        ) from None
