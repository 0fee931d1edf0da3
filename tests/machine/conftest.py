"""What was done in the machines, told at the end."""

from __future__ import annotations

import pytest

TOLD = "machine"  # the property of a report that holds it


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    told = [
        line
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, line in getattr(report, "user_properties", ())
        if name == TOLD
    ]
    if told:
        terminalreporter.section("machine with protection keys")
        for line in sorted(set(told)):
            terminalreporter.line(line)
