"""Inputs that fuzzing has found, through C and Python: what one accepts the other accepts, with the same maps and
tables, and both run it alike."""

from __future__ import annotations

import hashlib
import random
import struct
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from tblvm.core import tbc
from tblvm.core.errors import ModuleError
from tblvm.opcodes import Trap
from tblvm.stack import verify
from tests.core.loader import HERE as DRIVER
from tests.core.loader import Driver, asks_for_more, built
from tests.core.loader.test_loader import agree
from tests.fuzz.build import HEAPS, PLUGINS, SECTION
from tests.fuzz.harness import CRASHES
from tests.harness import Harness, Job, compiled, differences

_FUEL, _STRESSED_FUEL = 600, 200
_HEAPS, _STACKS = (8192, 64, 1024, 65536), (400, 16, 100, 4000)
_BATCH = 100
# What clocks and machines say is another thing each time.
_OF_THE_MACHINE = frozenset({"devices.space", "devices.time", "devices.events"})


def _driver() -> Driver:
    return built((DRIVER, *PLUGINS[1:]))


def _harness(heap: str) -> Harness:
    return compiled(heap, sanitize=True, plugins=PLUGINS[1:])


def prepare() -> None:
    """Compiles what it takes."""
    _driver()
    for heap in HEAPS:
        _harness(heap)


def verdicts(files: Sequence[bytes]) -> Counter[int]:
    """How many files end with which status. Raises AssertionError where C and Python differ."""
    driver = _driver()
    ends: Counter[int] = Counter()
    for start in range(0, len(files), _BATCH):
        ends += agree(list(files[start : start + _BATCH]), f"input {start} +", driver)
    return ends


def _run_of(file: bytes) -> tuple[int, bytes]:
    """How the file wants to be run, and standard input (c/tb_fuzz.h)."""
    (count,) = struct.unpack_from("<I", file, 44)
    for row in range(count):
        kind, offset, size = struct.unpack_from("<3I", file, 48 + 12 * row)
        if kind == SECTION and size:
            return file[offset], file[offset + 1 : offset + size]
    return 0, b""


def _jobs(files: Sequence[bytes], harness: Harness) -> Iterator[tuple[bytes, Job]]:
    for file in files:
        try:
            verified = verify(tbc.read(file), harness.reg.isa)
        except ModuleError:
            continue
        libraries = {form.declaration.library for form in verified.forms}
        if libraries & _OF_THE_MACHINE or ("memory.freelist" in libraries and harness.collector):
            continue
        if asks_for_more(verified.module, harness.composition.plan.options):
            continue
        how, stdin = _run_of(file)
        stress = bool(how & 1) and harness.collector
        heap = _HEAPS[how >> 3 & 3] if harness.collector else 1 << 20
        job = Job(verified, stdin, heap=heap, stack=_STACKS[how >> 5 & 3], stress=stress)
        yield file, replace(job, fuel=_STRESSED_FUEL if stress else _FUEL)


def runs(files: Sequence[bytes], heap: str = "marksweep") -> int:
    """How many were run. Raises AssertionError where the engine does otherwise than the reference."""
    harness = _harness(heap)
    count = 0
    for start in range(0, len(files), _BATCH):
        work = list(_jobs(files[start : start + _BATCH], harness))
        for (file, job), run in zip(work, harness.run([job for _, job in work]), strict=True):
            # How much fits into a heap whose objects stay where they are is the allocator's business: less than
            # their sum, never more.
            short = run.trap == Trap.OUT_OF_MEMORY.name
            if harness.collector or not short:
                found = differences(job, run, collector=harness.collector, reg=harness.reg)
                assert short or not found, f"{found}\n{file.hex()}"
                count += not found
    return count


def _read(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # the fuzzer has found a smaller one in its place
            yield path.read_bytes()


@dataclass
class Comparison:
    """Inputs that fuzzing has found, in an order that depends on the seed, while there is time."""

    seed: int
    found: list[Path] = field(default_factory=list)
    inputs: int = 0
    done: int = 0
    verdicts: int = 0
    runs: int = 0

    def progress(self) -> str:
        return (
            f"differential: {self.done:,} of {self.inputs:,} inputs: {self.verdicts:,} verdicts and {self.runs:,} runs "
            f"compared, {len(self.found)} differ"
        )

    def run(self, folder: Path, until: float, stop: Event) -> None:
        """Compares inputs of *folder* until the clock (time.monotonic) says *until*; each that differs is a file
        in CRASHES."""
        files = list(_read(folder))
        self.inputs = len(files)
        random.Random(self.seed).shuffle(files)
        batch, longest = 5, 0.0  # seconds an input
        while files and not stop.is_set() and (left := until - time.monotonic()) > batch * longest:
            start = time.monotonic()
            self._compare([files.pop() for _ in range(min(batch, len(files)))])
            longest = max(longest, (time.monotonic() - start) / batch)
            batch = max(1, min(_BATCH, int(left / 10 / longest)))

    def _compare(self, files: Sequence[bytes]) -> None:
        try:
            self.verdicts += verdicts(files).total()
            self.runs += sum(runs(files, heap) for heap in HEAPS)
            self.done += len(files)
        except AssertionError as error:
            before = len(self.found)
            if len(files) == 1:
                path = CRASHES / f"differential-{hashlib.sha1(files[0]).hexdigest()[:12]}.tbc"
                path.write_bytes(files[0])
                path.with_suffix(".txt").write_text(str(error))
                self.found.append(path)
                self.done += 1
                return
            for file in files:
                self._compare([file])
            if len(self.found) == before:  # none by itself
                raise
