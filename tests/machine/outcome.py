"""How the tests in a machine ended, and whether that is fine."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from dataclasses import dataclass, field

_CONSOLE_LINES = 60


@dataclass(frozen=True, slots=True)
class Case:
    """A test: its name (pytest's node id), outcome (passed, failed, skipped, xfailed, xpassed), text of what
    failed or why it was skipped."""

    name: str
    outcome: str
    seconds: float
    text: str


@dataclass(slots=True)
class Outcome:
    """cases: in the order in which they ended. status: of the process that ran in the machine, None where
    the machine has not told. runtimes: those that tests asked for;
    missing: those of them that were not there. running: tests that have not ended. error: of the first process; kernel: its last
    words; console: all that was said there."""

    kernel_name: str
    runtimes: set[tuple[str, ...]] = field(default_factory=set)
    missing: set[tuple[str, ...]] = field(default_factory=set)
    cases: list[Case] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    status: int | None = None
    error: str = ""
    kernel: str = ""
    console: str = ""
    late: bool = False
    seconds: float = 0.0

    def read(self, results: str) -> None:
        """What the machine wrote, line by line."""
        for line in results.splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                continue  # cut off
            if "start" in said:
                self.running.append(said["start"])
            elif "case" in said:
                self.cases.append(Case(said["case"], said["outcome"], said["seconds"], said["text"]))
            elif "runtime" in said or "missing" in said:
                words = tuple(said.get("runtime") or said["missing"])
                self.runtimes.add(words)
                if "missing" in said:
                    self.missing.add(words)
            elif "end" in said:
                end = said["end"]
                self.status, self.error = end.get("status"), end.get("error", "")
                self.kernel = end.get("kernel", "")
        over = {case.name for case in self.cases}
        self.running = [name for name in self.running if name not in over]

    @property
    def counts(self) -> Counter[str]:
        return Counter(case.outcome for case in self.cases)

    @property
    def summary(self) -> str:
        """One line."""
        told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self.counts.items())) or "no case"
        return f"Linux {self.kernel_name} with protection keys: {told} in {self.seconds:.0f} s"

    def problems(self) -> list[str]:
        """Why this is no success; empty where it is one. For tests: a run of no case is none."""
        found = [
            f"{case.name} failed inside:\n{case.text}" for case in self.cases if case.outcome == "failed"
        ]
        # pytest: 0 fine, 1 some failed, 5 there are none.
        if not any(case.outcome in ("passed", "failed", "xfailed") for case in self.cases):
            found.append("no case was executed")
        if self.late:
            found.append(f"the machine was not done after {self.seconds:.0f} s")
        if self.error:
            found.append(f"the first process failed:\n{self.error}")
        elif self.status is None and not self.late:
            found.append("the machine ended without a word: its kernel gave up")
        elif self.status not in (0, None) and not any(case.outcome == "failed" for case in self.cases):
            how = f"signal {-self.status}" if self.status < 0 else f"status {self.status}"
            found.append(f"the tests ended with {how}")
        if self.missing:
            found.append(
                "runtimes that were not built outside; `python -m tests.machine --learn` adds them to their list:\n"
                + "\n".join(sorted(map(shlex.join, self.missing)))
            )
        if found and self.running:
            found.append("these had not ended: " + ", ".join(self.running))
        if found and self.kernel:
            found.append(f"the kernel's last words:\n{self.kernel}")
        if self.late or self.error or self.running or self.status is None:
            found.append("the console:\n" + "\n".join(self.console.splitlines()[-_CONSOLE_LINES:]))
        return found
