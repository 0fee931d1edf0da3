"""A plug-in of pytest, in the machine: writes what starts, how it ends, which runtimes it asks for; a JSON object
a line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from tblvm.builder.cache import Entry

FILE = "TBLVM_MACHINE_RESULTS"


class Results:
    def __init__(self, path: Path) -> None:
        self._path = path

    def _say(self, **what: object) -> None:
        with self._path.open("a") as file:
            print(json.dumps(what), file=file)

    @pytest.hookimpl
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._say(start=nodeid)

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # One for each test: its call, or what failed or was skipped before or after it.
        if report.when == "call" or report.outcome != "passed":
            outcome = report.outcome
            if hasattr(report, "wasxfail"):
                outcome = "xpassed" if report.passed else "xfailed"
            text = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
            if report.failed:
                text = "\n".join([text, *(f"--- {name}\n{said}" for name, said in report.sections)])
            self._say(case=report.nodeid, outcome=outcome, seconds=round(report.duration, 3), text=text)

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._say(case=report.nodeid, outcome="failed", seconds=0, text=report.longreprtext)

    def record_runtimes(self) -> None:
        """Tells which runtimes are asked for, and whether they are there."""
        from tblvm.builder import cached, runtimes
        from tblvm.core.errors import BuildError

        real = runtimes.runtime

        def build(*given: object) -> NoReturn:
            raise BuildError("it was not built outside: see tests/machine/__init__.py")

        def runtime(given: Iterable[str], say: Callable[[str], None]) -> Entry:
            words = tuple(given)
            try:
                made = real(words, say)
            except BuildError:
                self._say(missing=words)
                raise
            self._say(runtime=words)
            return made

        runtimes.runtime = runtime
        # At once: to compose one takes long here, before it turns out that there is no compiler.
        cached._build = build


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get(FILE):
        results = Results(Path(os.environ[FILE]))
        config.pluginmanager.register(results)
        results.record_runtimes()
