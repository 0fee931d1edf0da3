"""How long builds take: cold, with empty caches of compiler and tbbuild; and out of tbbuild's cache."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tblvm.builder.toolchain import zig
from tblvm.core.registry import load

from .manifest import programs
from .ours import TBBUILD
from .process import Failed, found, run
from .starts import ASSEMBLY
from .wasm import module

_CACHES = {"ZIG_GLOBAL_CACHE_DIR": "global", "ZIG_LOCAL_CACHE_DIR": "local", "TBLVM_CACHE_DIR": "cache"}


@dataclass(frozen=True)
class Time:
    """Seconds: medians of what passed, and of what processors worked; least: the shortest."""

    name: str
    wall: float
    cpu: float
    least: float


@contextmanager
def _caches(folder: Path) -> Iterator[None]:
    """All caches are in this folder."""
    before = {name: os.environ.get(name) for name in _CACHES}
    os.environ.update({name: str(folder / place) for name, place in _CACHES.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _time(name: str, command: list[str], rounds: int, *, cold: bool) -> Time:
    walls, cpus = [], []
    with tempfile.TemporaryDirectory() as kept:
        if not cold:
            with _caches(Path(kept)):
                run(command)
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as fresh, _caches(Path(fresh if cold else kept)):
                took = run(command)
            walls.append(took.wall)
            cpus.append(took.cpu)
    return Time(name, statistics.median(walls), statistics.median(cpus), min(walls))


def builds(folder: Path, rounds: int, tell: Callable[[str], None]) -> tuple[list[Time], dict[str, str]]:
    """Each engine of ours, and C compilers, on hello, fib and json; and what failed."""
    folder.mkdir(parents=True, exist_ok=True)
    known, made, failed = programs(), [], {}
    out = str(folder / "built")
    jobs: list[tuple[str, list[str], bool]] = []
    for engine in load().engines:
        for name in ("hello", "fib", "json"):
            source = ASSEMBLY if name == "hello" else module(known[name], folder)
            command = [TBBUILD, "-q", "--engine", engine, "-o", out, str(source)]
            jobs.append((f"{engine}: {name}, cold", command, True))
            jobs.append((f"{engine}: {name}, cached", command, False))
    source = str(known["json"].source("c"))
    if found("gcc"):
        jobs.append(("gcc -O2: json.c", [found("gcc"), "-O2", "-o", out, source], True))
    jobs.append(("zig cc -O2: json.c, cold", [str(zig()), "cc", "-O2", "-c", "-o", out + ".o", source], True))
    for name, command, cold in jobs:
        tell(f"build: {name}")
        try:
            made.append(_time(name, command, rounds, cold=cold))
        except Failed as error:
            failed[name] = str(error)
    return made, failed
