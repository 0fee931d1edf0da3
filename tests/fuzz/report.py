"""`make fuzz-report`: which regions and branches of the C the inputs reach, a file a line, and what they do not.

python -m tests.fuzz.report [MINIMUM PERCENT]

Inputs are the seeds, the regressions, and what build/fuzz/corpus has. Reasons for what stays unreached are in
uncovered.md; at the end stand the lines that have none. Ends with 1 where loader, verifier or engine is below
the minimum.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.fuzz.build import HEAPS, HERE, REGRESSIONS, SEEDS, replay, target
from tests.fuzz.harness import CORPUS, ROOT, WORK

REASONS = HERE / "uncovered.md"
ROOMS = ("core", "stack", "memory", "gc", "opcodes")
# What people ask about: by how names in the table begin; the first that fits.
PARTS = (
    ("verifier", r"stack/c/(?:verify\.c|tb_verify\.h)"),
    ("loader", r"core/c/loader/|.*_load\.c"),
    ("engine and its libraries", r""),
)
_ROW = re.compile(r"\| `?([^|`]+)`? \| (`.+`) \| (.+) \|")


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

    def missed(self) -> Counter[int]:
        """How many places on which lines were not reached."""
        return Counter(place[0] for place, count in self.counts.items() if not count)


@dataclass(frozen=True)
class Reason:
    """Why lines of a file that contain *first* are not reached, or, if there is a *last*, those from there to the
    next one that contains it. A file's name may be the beginning of several."""

    file: str
    first: str
    last: str
    why: str

    def lines(self, text: Sequence[str]) -> set[int]:
        """The numbers of the lines that it is about."""
        found: set[int] = set()
        starts = [number for number, line in enumerate(text, 1) if self.first in line]
        for start in starts:
            rest = (number for number, line in enumerate(text, 1) if number >= start and self.last in line)
            found.update(range(start, next(rest, start) + 1) if self.last else (start,))
        return found


def reasons() -> list[Reason]:
    """From uncovered.md."""
    rows = [m for line in REASONS.read_text().splitlines() if (m := _ROW.fullmatch(line))]
    return [Reason(m[1], *_texts(m[2]), m[3]) for m in rows]


def _texts(cell: str) -> tuple[str, str]:
    """The text of a line, or those of a first and a last one."""
    first, _, last = cell[1:-1].partition("` to `")
    return first, last


def _name_of(file: Path, heap: str) -> str:
    """A file's name in the table; empty for what is not ours."""
    if file.name == "engine.c":
        return f"(engine and handlers, {heap})"
    if file.is_relative_to(ROOT) and file.relative_to(ROOT).parts[0] in ROOMS:
        return str(file.relative_to(ROOT))
    return ""


@cache
def _measured(heap: str) -> Path:
    return target(heap, "coverage")


def collect(heap: str, inputs: list[Path], found: dict[str, Reached]) -> None:
    """Adds to *found* what the inputs reach on one heap."""
    executable = _measured(heap)
    folder = WORK / f"{heap}-coverage"
    folder.mkdir(parents=True, exist_ok=True)
    raw, profile = folder / "raw", folder / "profile"
    done = replay(executable, inputs, folder, LLVM_PROFILE_FILE=str(raw))
    if done.returncode:
        raise SystemExit(f"an input fails: {done.stderr.splitlines()[-5:]}")
    subprocess.run(["llvm-profdata", "merge", "-o", profile, raw], check=True)
    command = [
        "llvm-cov",
        "export",
        "-skip-functions",
        "-skip-expansions",
        str(executable),
        f"-instr-profile={profile}",
    ]
    text = subprocess.run(command, check=True, capture_output=True).stdout
    for file in json.loads(text)["data"][0]["files"]:
        path = Path(os.path.normpath(executable.parent / file["filename"]))
        if path.name == "engine.c":  # it was another folder when it was compiled
            path = executable.parent / path.name
        if not (name := _name_of(path, heap)):
            continue
        reached = found.setdefault(name, Reached(path))
        for line, column, count, counted, entry, gap in file["segments"]:
            if counted and entry and not gap:
                reached.counts[line, column] += count
        for line, column, end, end_column, taken, passed, *_ in file["branches"]:
            reached.counts[line, column, end, end_column, 1] += taken
            reached.counts[line, column, end, end_column, 0] += passed


def _percent(those: Iterable[Reached]) -> tuple[int, float]:
    every = list(those)
    total = sum(each.total for each in every)
    return total, 100 * sum(each.covered for each in every) / total


def _part(name: str) -> str:
    return next(part for part, pattern in PARTS if re.match(pattern, name))


def _explain(found: Mapping[str, Reached]) -> list[str]:
    """Prints each reason with the places that it is about; the lines that have none."""
    left: list[str] = []
    places: Counter[Reason] = Counter()
    for name, each in sorted(found.items()):
        text = each.path.read_text().splitlines()
        about = [(reason, reason.lines(text)) for reason in reasons() if name.startswith(reason.file)]
        for number, count in sorted(each.missed().items()):
            reason = next((reason for reason, lines in about if number in lines), None)
            if reason is None:
                left.append(f"{name}:{number}: {text[number - 1].strip()[:90]}")
            else:
                places[reason] += count
    for reason in reasons():
        to = f" ... {reason.last}" if reason.last else ""
        print(f"{places[reason]:4}  {reason.file}: {reason.first}{to}\n      {reason.why}")
    return left


def main() -> int:
    minimum = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    found: dict[str, Reached] = {}
    folders = [SEEDS, REGRESSIONS, CORPUS / "modules"]
    inputs = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
    inputs = [path for path in inputs if path.suffix != ".tba" and path.stat().st_size < 1 << 20]
    print(f"running {len(inputs)} inputs with coverage, on {len(HEAPS)} heaps", flush=True)
    for heap in HEAPS:
        collect(heap, inputs, found)
    print("\nregions and branches of the C, and how many of them the inputs reach")
    for name, each in sorted(found.items()):
        if each.total:
            print(f"  {name:40} {each.total:5} {100 * each.covered / each.total:6.1f} %")
    print("\nplaces that are not reached, and why")
    left = _explain(found)
    print()
    fails = False
    for part, _ in PARTS:
        total, percent = _percent(each for name, each in found.items() if _part(name) == part)
        fails |= percent < minimum
        print(f"{part:42} {total:5} {percent:6.1f} %{'  too little' if percent < minimum else ''}")
    total, percent = _percent(found.values())
    print(f"{'all':42} {total:5} {percent:6.1f} %")
    print(f"\n{len(left)} lines are not reached, and {REASONS.name} does not say why{':' if left else ''}")
    for line in left:
        print(f"  {line}")
    return int(fails)


if __name__ == "__main__":
    sys.exit(main())
