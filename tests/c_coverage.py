"""Line coverage of the C: runs programs on builds with gcov counters, and prints what they reached.

python -m tests.c_coverage [MINIMUM PERCENT]
"""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.core import loader
from tests.core.loader.mutants import mutant
from tests.differential.test_opcodes import forms, jobs
from tests.harness import assembled, compiled, hosted_executable
from tests.programs import EXAMPLES, STOPPED, expected

ROOT = Path(__file__).parent.parent
ROOMS = ("core", "stack", "memory", "gc")
Counts = dict[tuple[str, int], int]


def collect(folder: Path, counts: Counts) -> None:
    """Add the counters that runs have left in *folder*."""
    notes = sorted(folder.glob("*.gcno"))
    subprocess.run(["gcov", "--json-format", *notes], cwd=folder, check=True, capture_output=True)
    for report in folder.glob("*.gcov.json.gz"):
        for file in json.loads(gzip.decompress(report.read_bytes()))["files"]:
            for line in file["lines"]:
                counts[(file["file"], line["line_number"])] += line["count"]


def run_everything(work: Path, counts: Counts) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        run_opcodes(pool, counts)
        run_loader(counts)
        run_programs(pool, work, counts)


def run_opcodes(pool: ThreadPoolExecutor, counts: Counts) -> None:
    for heap, wild in (("marksweep", 4), ("freelist", 1)):
        harness = compiled(heap, coverage=True)
        work = [job for form in forms(heap) for job in jobs(form, 50, wild)]
        list(pool.map(harness.run, [work[at : at + 100] for at in range(0, len(work), 100)]))
        collect(harness.executable.parent, counts)


def run_loader(counts: Counts) -> None:
    driver = loader.built(coverage=True)
    files = [mutant(driver.reg, number, 0) for number in range(600)]
    driver.answers(files, [driver.expected(file) for file in files])
    collect(driver.executable.parent, counts)


def run_programs(pool: ThreadPoolExecutor, work: Path, counts: Counts) -> None:
    texts = [(path.stem, path.read_text()) for path in EXAMPLES]
    texts += [(name, case.text) for name, case in STOPPED.items()]

    def run(name: str, text: str) -> Path:
        folder = work / name.replace(" ", "-").replace(",", "")
        options = {"fuel": 10**6} if name == "fuel" else {"timeout": 100} if name == "time" else {}
        program = hosted_executable(assembled(text), folder, coverage=True, **options)
        given = expected(text).stdin
        subprocess.run([program], cwd=folder, input=given, capture_output=True, check=False)
        return folder

    for folder in pool.map(run, *zip(*texts, strict=True)):
        collect(folder, counts)


def name_of(file: str) -> str:
    """A source file's name in the table; empty for what is not ours."""
    if file.startswith("tb-op:"):
        return "(handlers of opcodes)"
    if file == "tb-engine" or file.endswith("engine.c"):
        return "(engine)"
    path = Path(file).resolve()
    if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in ROOMS:
        return str(path.relative_to(ROOT))
    return ""


def main() -> int:
    minimum = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    random.seed(0)
    counts: Counts = defaultdict(int)
    with tempfile.TemporaryDirectory() as work:
        run_everything(Path(work), counts)
    lines: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for (file, line), count in counts.items():
        if name := name_of(file):
            lines[name].append((line, count))
    total = reached = 0
    print("line coverage of the C")
    for name, found in sorted(lines.items()):
        missed = sorted(line for line, count in found if not count)
        total, reached = total + len(found), reached + len(found) - len(missed)
        percent = 100 * (len(found) - len(missed)) / len(found)
        print(f"{name:40} {len(found):5} lines {percent:6.1f} %  {_ranges(missed)}".rstrip())
    percent = 100 * reached / total
    print(f"{'TOTAL':40} {total:5} lines {percent:6.1f} %")
    return int(percent < minimum)


def _ranges(lines: list[int]) -> str:
    return "missed " + ", ".join(map(str, lines[:12])) + (" …" if len(lines) > 12 else "") if lines else ""


if __name__ == "__main__":
    sys.exit(main())
