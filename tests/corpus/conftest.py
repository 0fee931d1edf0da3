"""Programs that could not be fetched are told of at the end, whatever else is shown."""

from __future__ import annotations

from typing import Any

import pytest


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    missing = [text for report in skipped for name, text in report.user_properties if name == "missing"]
    if missing:
        terminalreporter.section("programs of the corpus that are missing", sep="!", red=True, bold=True)
        for text in missing:
            terminalreporter.line(text, red=True)


@pytest.fixture
def unavailable(record_property: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a test does that does not get its program: it fails in continuous integration, and is skipped elsewhere,
    which the summary tells."""
    import os

    def tell(error: Exception) -> None:
        if os.environ.get("CI", "").lower() in ("true", "1"):
            pytest.fail(f"continuous integration must have the corpus: {error}")
        record_property("missing", str(error))
        pytest.skip(str(error))

    return tell
