"""`make fuzz-report`: which regions and branches of the C the inputs reach, a file a line, and what they do not.

python -m tests.fuzz.report [MINIMUM PERCENT]

Inputs are the seeds, the regressions, and what build/fuzz/corpus has. Reasons for what stays unreached are in
uncovered.md.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.build import HEAPS, HERE, REGRESSIONS, SEEDS, replay, target
from tests.fuzz.run import CORPUS, ROOT, WORK

REASONS = HERE / "uncovered.md"
ROOMS = ("core", "stack", "memory", "gc", "opcodes")
_ROW = re.compile(r"\| `?([^|`]+)`? \| `(.+)` \| (.+) \|")


@dataclass
class Reached:
    """Places of a file (line, column, and for a branch which way it goes), and how often each was reached."""

    path: Path
    counts: dict[tuple[int, ...], int] = field(default_factory=lambda: defaultdict(int))

    @property
    def total(self) -> int:
        return len(self.counts)

    @property
    def covered(self) -> int:
        return sum(1 for count in self.counts.values() if count)

    def missed_lines(self) -> list[int]:
        return sorted({place[0] for place, count in self.counts.items() if not count})


def reasons() -> list[tuple[str, str, str]]:
    """File, text of a line, reason: from uncovered.md."""
    return [(m[1], m[2], m[3]) for line in REASONS.read_text().splitlines() if (m := _ROW.fullmatch(line))]


def _name_of(file: Path, heap: str) -> str:
    """A file's name in the table; empty for what is not ours."""
    if file.name == "engine.c":
        return f"(engine and handlers, {heap})"
    if file.is_relative_to(ROOT) and file.relative_to(ROOT).parts[0] in ROOMS:
        return str(file.relative_to(ROOT))
    return ""


def _collect(heap: str, inputs: list[Path], found: dict[str, Reached]) -> None:
    folder = WORK / f"{heap}-coverage"
    executable = target(heap, "coverage", folder)
    raw, profile = folder / "raw", folder / "profile"
    done = replay(executable, inputs, folder, LLVM_PROFILE_FILE=str(raw))
    if done.returncode:
        raise SystemExit(f"an input fails: {done.stderr.splitlines()[-5:]}")
    subprocess.run(["llvm-profdata", "merge", "-o", profile, raw], check=True)
    command = ["llvm-cov", "export", str(executable), f"-instr-profile={profile}"]
    text = subprocess.run(command, check=True, capture_output=True).stdout
    for file in json.loads(text)["data"][0]["files"]:
        path = Path(os.path.normpath(folder / file["filename"]))
        if not (name := _name_of(path, heap)):
            continue
        reached = found.setdefault(name, Reached(path))
        for line, column, count, counted, entry, gap in file["segments"]:
            if counted and entry and not gap:
                reached.counts[line, column] += count
        for line, column, end, end_column, taken, passed, *_ in file["branches"]:
            reached.counts[line, column, end, end_column, 1] += taken
            reached.counts[line, column, end, end_column, 0] += passed


def main() -> int:
    minimum = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    found: dict[str, Reached] = {}
    folders = [SEEDS, REGRESSIONS, CORPUS / "modules"]
    inputs = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
    inputs = [path for path in inputs if path.suffix != ".tba" and path.stat().st_size < 1 << 20]
    for heap in HEAPS:
        _collect(heap, inputs, found)
    why = reasons()
    print(f"regions and branches of the C that {len(inputs)} inputs reach")
    total = covered = 0
    for name, each in sorted(found.items()):
        total, covered = total + each.total, covered + each.covered
        if each.total:
            print(f"{name:40} {each.total:5} {100 * each.covered / each.total:6.1f} %")
    percent = 100 * covered / total
    print(f"{'TOTAL':40} {total:5} {percent:6.1f} %\n\nnot reached")
    for name, each in sorted(found.items()):
        lines = each.path.read_text().splitlines()
        for number in each.missed_lines():
            text = lines[number - 1].strip()
            reason = next((why_ for file, part, why_ in why if file == name and part in text), "")
            print(f"{name}:{number}: {text[:90]}" + (f"   ({reason})" if reason else ""))
    return int(percent < minimum)


if __name__ == "__main__":
    sys.exit(main())
