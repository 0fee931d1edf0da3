"""One harness of `make fuzz`: a fuzzer that runs for its time, and what it has done."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from tests.fuzz.build import ENVIRONMENT, HERE

ROOT = HERE.parent.parent
WORK = ROOT / "build" / "fuzz"
CRASHES, CORPUS = WORK / "crashes", WORK / "corpus"
_OPTIONS = ("-max_len=8192", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=1")
_GRACE = 25.0  # seconds until a fuzzer that was told to end is stopped: more than an input may take
_MOST_STARTS = 6  # what a harness stumbles over more often is likely the same again


@dataclass
class Fuzzer:
    """A libFuzzer, of C or of Python. corpus: a folder in CORPUS; suffix: of its inputs' names."""

    name: str
    command: list[str]
    seeds: list[Path]
    corpus: str
    suffix: str = "tbc"
    found: list[Path] = field(default_factory=list)
    seconds: float = 0.0
    _before: int = 0
    _executions: int = 0  # of processes that have ended

    @property
    def log(self) -> Path:
        return WORK / f"{self.name}.log"

    @property
    def folder(self) -> Path:
        return CORPUS / self.corpus

    def _text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def executions(self) -> int:
        return self._executions + _last(r"^(?:#|stat::number_of_executed_units: *)(\d+)", self._text())

    @property
    def edges(self) -> int:
        return _last(r"\bcov: (\d+)", self._text())

    @property
    def inputs(self) -> int:
        """How many inputs it has learnt."""
        return _count(self.folder) - self._before

    def progress(self) -> str:
        return (
            f"{self.name}: {self.executions:,} executions, {self.edges:,} edges, {self.inputs:,} new inputs"
        )

    def run(self, until: float, seed: int, stop: Event) -> None:
        """Fuzzes until the clock (time.monotonic) says *until* or *stop* is set. What it finds is in CRASHES."""
        self.folder.mkdir(parents=True, exist_ok=True)
        CRASHES.mkdir(parents=True, exist_ok=True)
        self._before = _count(self.folder)
        start = time.monotonic()
        for number in range(_MOST_STARTS):
            if time.monotonic() >= until or stop.is_set() or self.log in self.found:
                break  # the last: it does not even start
            self._once(until, seed + number, stop)
        self.seconds = time.monotonic() - start

    def _once(self, until: float, seed: int, stop: Event) -> None:
        before = self.executions
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            options = [*_OPTIONS, f"-seed={seed}", f"-artifact_prefix={folder}/found-"]
            environment = {**os.environ, **ENVIRONMENT, "TB_FUZZ_PENDING": str(folder / "pending")}
            with self.log.open("wb") as output:
                self._executions = before
                process = subprocess.Popen(
                    [*self.command, *options, str(self.folder), *map(str, self.seeds)],
                    stdout=output,
                    stderr=output,
                    cwd=ROOT,
                    env=environment,
                    start_new_session=True,  # Ctrl-C is for us, who tell it to end
                )
                ended = _wait(process, until, stop)
            if not ended:
                self._keep(folder, process.returncode)

    def _keep(self, folder: Path, code: int) -> None:
        """What a fuzzer that has ended by itself was about."""
        inputs = [path.read_bytes() for path in sorted(folder.glob("found-*"))]
        pending = folder / "pending"
        if pending.exists():  # the mutator tried it: what libFuzzer has kept is another
            kept = pending.read_bytes()
            size = int.from_bytes(kept[:4], "little")
            inputs = [kept[4 : 4 + size]] if size else inputs
        for data in inputs:
            path = CRASHES / f"{self.name}-{hashlib.sha1(data).hexdigest()[:12]}.{self.suffix}"
            path.write_bytes(data)
            path.with_suffix(".txt").write_text(self._text()[-20_000:])
            if path not in self.found:
                self.found.append(path)
        if not inputs:
            self.found.append(self.log)


def _wait(process: subprocess.Popen[bytes], until: float, stop: Event) -> bool:
    """Whether the process ran until its time was up, and was ended then."""
    while time.monotonic() < until and not stop.is_set():
        try:
            process.wait(min(0.2, max(0.0, until - time.monotonic())))
            return False
        except subprocess.TimeoutExpired:
            pass
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return True


def _last(pattern: str, text: str) -> int:
    return max((int(number) for number in re.findall(pattern, text, re.M)), default=0)


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0


def shown(paths: Sequence[Path]) -> list[str]:
    """Their names as one types them in the root of the tree."""
    return [str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path) for path in paths]
