"""Measures tblvm's engines beside the peers that this machine has: docs/benchmarks.md."""

from __future__ import annotations

import argparse
import fnmatch
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from . import builds, corpus, counts, document, markdown, show, sizes, starts
from .engine import GROUPS, Engine
from .figures import Results
from .languages import languages
from .manifest import Program, chosen, programs
from .measure import Amount, Samples, measure, prepared
from .native import GCC, natives
from .ours import ours
from .wasm import webassembly

ROOT = Path(__file__).parents[2]
QUICK = Amount(rounds=3, scale=0.25)
PARTS = ("speed", "start", "size", "build", "corpus", "count")
# Counting takes a hundred times as long as running: where it is asked for.
USUAL = PARTS[:-1]


def engines() -> list[Engine]:
    """All that are known: what compilers make, then by groups, ours last."""
    known = [*natives(), *webassembly(), *languages(), *ours()]
    return sorted(known, key=lambda each: GROUPS.index(each.group))


def selected(patterns: Sequence[str], console: Console) -> list[Engine]:
    """Those that are here, of the ones that are named: the base in any case. Raises ValueError."""
    known = engines()
    for pattern in patterns:
        if not fnmatch.filter([each.name for each in known], pattern):
            raise ValueError(f"no engine {pattern}: there are {', '.join(each.name for each in known)}")
    here = []
    for each in known:
        named = not patterns or any(fnmatch.fnmatch(each.name, pattern) for pattern in patterns)
        if not named and each.name != GCC:
            continue
        missing = each.missing()
        if missing:
            console.print(f"without {each.name}: {missing} is not installed (bench/engines/peers.sh)")
        else:
            here.append(each)
    return here


def speeds(
    programs: Sequence[Program],
    here: Sequence[Engine],
    amount: Amount,
    folder: Path,
    tell: Callable[[str], None],
    keep: Callable[[Results], None] = lambda results: None,
) -> Results:
    """All programs on all engines. keep: told what there is after each program: a run can take hours."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, dict[str, Samples]] = {}
    nine: list[str] = []
    results = Results(GCC, found, nine)
    for program in programs:
        commands = list(prepared(here, program, folder, tell))
        done = measure(program, commands, amount, tell)
        found[program.name] = {each.engine: each for each in done}
        nine += [program.name] * program.nine
        keep(results)
    return results


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.engines", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} [all but {PARTS[-1]}]")
    parser.add_argument("--programs", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--engines", nargs="+", default=[], metavar="NAME", help="or patterns: 'aot*'")
    parser.add_argument("--runs", type=int, help="of each program on each engine [7]")
    parser.add_argument("--scale", type=float, help="a factor for repetitions [1]")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK.rounds} runs, a quarter of the work")
    parser.add_argument("--tiny", action="store_true", help="one repetition of a tiny size, one run")
    parser.add_argument("--clock", choices=("cpu", "wall"), default="cpu", help="what speed is in [cpu]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="a chart of speed, .svg or .png")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="of executables")
    parser.add_argument(
        "--read",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="measures nothing: shows --json's files",
    )
    parser.add_argument("--write", action="store_true", help="tables into docs/benchmarks.md")
    parser.add_argument("--list", action="store_true", help="programs and engines")
    return parser


def _listed(console: Console) -> None:
    for program in chosen([]):
        console.print(f"{program.name:16} {program.about}")
    console.print()
    for engine in engines():
        missing = engine.missing() and "(missing)"
        console.print(f"{engine.name:16} {engine.group:12} {engine.about} {missing}")


def _read(given: argparse.Namespace, console: Console) -> int:
    told = document.together(given.read)
    if "speed" in told:
        results, those = document.results(told["speed"], programs())
        for table in show.speed(results, those):
            console.print(table)
        if given.chart:
            from .chart import chart

            chart(results, those, given.chart)
    if given.json:
        given.json.write_text(json.dumps(told, indent=1) + "\n")
    if given.write:
        console.print(f"written: {', '.join(markdown.write(told))}")
    return 0


class _Run:
    """One run of the benchmark: parts in turn, each to the console and into the document."""

    def __init__(self, given: argparse.Namespace, amount: Amount, console: Console) -> None:
        self.given, self.amount, self.console = given, amount, console
        self.document = document.head(asdict(amount))
        self.errors: list[str] = []

    def _done(self, name: str, value: Any, failed: dict[str, str]) -> None:
        self.document[name] = value
        self.errors += [f"{what}: {why}" for what, why in failed.items()]
        self.save()

    def save(self) -> None:
        """All that there is so far."""
        self.document["errors"] = self.errors
        if self.given.json:
            self.given.json.write_text(json.dumps(self.document, indent=1) + "\n")

    def speed(self, programs: Sequence[Program], here: Sequence[Engine], tell: Callable[[str], None]) -> None:
        def keep(results: Results) -> None:
            self._done("speed", document.speed(results, here), {})

        results = speeds(programs, here, self.amount, self.given.folder, tell, keep)
        for table in show.speed(results, here):
            self.console.print(table)
        self.errors += results.errors()
        if self.given.chart:
            from .chart import chart

            chart(results, here, self.given.chart)

    def others(
        self,
        parts: Sequence[str],
        programs: Sequence[Program],
        here: Sequence[Engine],
        tell: Callable[[str], None],
    ) -> None:
        folder, rounds = self.given.folder, self.amount.rounds
        if "start" in parts:
            started, failed = starts.starts(folder, 20 * rounds, tell)
            self.console.print(show.start(started))
            self._done("start", {name: asdict(each) for name, each in started.items()}, failed)
        if "size" in parts:
            bytes_, failed = sizes.sizes(folder, tell)
            self.console.print(show.size(bytes_))
            self._done("size", [asdict(each) for each in bytes_], failed)
        if "build" in parts:
            times, failed = builds.builds(folder, min(rounds, 3), tell)
            self.console.print(show.build(times))
            self._done("build", [asdict(each) for each in times], failed)
        if "corpus" in parts:
            scale = 1 if self.amount.tiny else 10
            rows, failed, unable = corpus.corpus(
                folder, rounds, scale, tell, lambda rows: self._done("corpus", rows, {})
            )
            for what, why in unable.items():
                self.console.print(f"without {what}: {why}", highlight=False)
            self.console.print(show.corpus(rows))
            self._done("corpus", rows, failed)
        if "count" in parts:
            less = Amount(1, counts.SCALE, self.amount.tiny)
            counted, failed = counts.counts(programs, here, less, folder, tell)
            self.console.print(show.count(counted, GCC))
            self._done("count", counted, failed)


def main(arguments: Sequence[str]) -> int:
    """The exit status: 1 where an engine failed, or did not print what the base did; 2 for wrong usage."""
    parser, console = _parser(), Console()
    if not console.is_terminal:
        console.width = 120  # a table in a file need not fit a screen
    given = parser.parse_args(arguments)
    if given.list:
        _listed(console)
        return 0
    if given.read:
        try:
            return _read(given, console)
        except ValueError as error:
            parser.error(str(error))
    parts = given.parts or USUAL
    usual = QUICK if given.quick else Amount()
    amount = Amount(
        given.runs or (1 if given.tiny else usual.rounds),
        usual.scale if given.scale is None else given.scale,
        given.tiny,
        given.clock,
    )
    try:
        if set(parts) - set(PARTS):
            raise ValueError(f"no part {min(set(parts) - set(PARTS))}: there are {', '.join(PARTS)}")
        wanted = chosen(given.programs)
        here = selected(given.engines, console)
    except ValueError as error:
        parser.error(str(error))
    run = _Run(given, amount, console)
    with console.status("") as status:
        if "speed" in parts:
            run.speed(wanted, here, status.update)
        run.others(parts, wanted, here, status.update)
    run.save()
    if given.write:
        markdown.write(run.document)
    for error in run.errors:
        console.print(f"[red]error:[/red] {error}", highlight=False)
    return 1 if run.errors else 0
