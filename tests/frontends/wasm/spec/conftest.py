"""Counts of all scripts, and editions that could not be fetched, are told at the end."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [
        each for name in ("passed", "failed", "skipped") for each in terminalreporter.stats.get(name, [])
    ]
    told = [each for report in reports for each in getattr(report, "user_properties", [])]
    counts: dict[str, Counter[str]] = {}
    for text in (text for name, text in told if name == "specification"):
        for kind, verdicts in json.loads(text).items():
            counts.setdefault(kind, Counter()).update(verdicts)
    if counts:
        terminalreporter.section("specification tests of WebAssembly")
        for kind, verdicts in counts.items():
            terminalreporter.line(
                f"{kind}: " + ", ".join(f"{count:,} {name}" for name, count in verdicts.items())
            )
    if missing := sorted({text for name, text in told if name == "missing edition"}):
        terminalreporter.section(
            "editions of the specification tests that are missing", sep="!", red=True, bold=True
        )
        for text in missing:
            terminalreporter.line(text, red=True)


@pytest.fixture
def unavailable(record_property: Callable[[str, object], None]) -> Callable[[Exception], None]:
    """What a test does that does not get its edition: it fails in continuous integration, and is skipped elsewhere,
    which the summary tells."""

    def tell(error: Exception) -> None:
        if os.environ.get("CI", "").lower() in ("true", "1"):
            pytest.fail(f"continuous integration must have the specification tests: {error}")
        record_property("missing edition", str(error))
        pytest.skip(str(error))

    return tell
