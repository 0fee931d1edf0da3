"""Chooses inputs: the fewest of many that reach what others do not."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path

from tests.fuzz.build import ENVIRONMENT, HEAPS, REGRESSIONS, target
from tests.fuzz.report import Reached, collect

_MOST_BYTES = 8192
_BATCH = 400


def add(found: Iterable[bytes], precious: Iterable[bytes], seeds: Path) -> tuple[int, int]:
    """Of *found*, *precious* and the seeds that were found before, chooses the fewest that reach each edge that no
    other seed reaches; of *precious* also what reaches a region or a branch of the source, which takes longer. They
    are the seeds that are found now. How many there were, how many there are."""
    before = sorted(seeds.glob("found-*.tbc"))
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        chosen, those, more = work / "chosen", work / "those", work / "more"
        shutil.copytree(seeds, chosen, ignore=shutil.ignore_patterns("found-*"))
        for path in REGRESSIONS.glob("*.tbc"):
            shutil.copy(path, chosen)
        others = set(chosen.iterdir())
        _write(precious, more)
        _write((*(path.read_bytes() for path in (*before, *more.iterdir())), *found), those)
        for heap, kind in product(HEAPS, ("edges", "fuzzer")):
            _merge(target(heap, kind), chosen, those, work)
        every = sorted(more.iterdir())
        for heap in HEAPS:
            have = _places(heap, sorted(chosen.iterdir()))
            for start in range(0, len(every), _BATCH):
                for path in _exact(heap, every[start : start + _BATCH], have):
                    shutil.copy(path, chosen)
        for path in before:
            path.unlink(missing_ok=True)
        now = sorted(set(chosen.iterdir()) - others)
        for path in now:
            shutil.copy(path, seeds / f"found-{path.name[:12]}.tbc")
    return len(before), len(now)


def _write(files: Iterable[bytes], folder: Path) -> None:
    folder.mkdir()
    for data in files:
        if len(data) <= _MOST_BYTES:
            (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def _merge(executable: Path, chosen: Path, those: Path, folder: Path) -> None:
    """Copies to *chosen* what reaches more edges. Edges, not how often each is taken: fewer files. Where a value is
    computed without a branch one kind of target has no edge; the other has one for each place that a function was
    expanded at."""
    options = ("-merge=1", "-use_counters=0", "-use_value_profile=0", f"-max_len={_MOST_BYTES}")
    environment = {**os.environ, **ENVIRONMENT}
    command = [executable, *options, chosen, those]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, env=environment)


def _places(heap: str, paths: list[Path]) -> set[tuple[str, tuple[int, ...]]]:
    found: dict[str, Reached] = {}
    collect(heap, paths, found)
    return {(name, place) for name, each in found.items() for place, count in each.counts.items() if count}


def _exact(heap: str, paths: Sequence[Path], have: set[tuple[str, tuple[int, ...]]]) -> list[Path]:
    """Those that reach a place that is not among *have*, which they are added to. Halves that reach none are not
    looked at again."""
    new = _places(heap, list(paths)) - have
    if not new:
        return []
    if len(paths) == 1:
        have |= new
        return list(paths)
    middle = len(paths) // 2
    return [*_exact(heap, paths[:middle], have), *_exact(heap, paths[middle:], have)]
