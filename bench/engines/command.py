"""The command line of the benchmark."""

from __future__ import annotations

import argparse
import fnmatch
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from . import document
from .engine import Engine
from .figures import Results
from .languages import languages
from .manifest import Program, chosen
from .measure import Amount, Samples, measure, prepared
from .native import GCC, natives
from .ours import ours
from .show import speed
from .wasm import webassembly

ROOT = Path(__file__).parents[2]
QUICK = Amount(rounds=3, scale=0.25)


def engines() -> list[Engine]:
    """All that are known: what compilers make, then by groups, ours last."""
    peers = [*webassembly(), *languages()]
    groups = [[each for each in peers if each.group == group] for group in ("compiler", "interpreter")]
    return [*natives(), *groups[0], *groups[1], *ours()]


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
    programs: Sequence[Program], here: Sequence[Engine], amount: Amount, folder: Path, console: Console
) -> Results:
    """All programs on all engines."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, dict[str, Samples]] = {}
    with console.status("") as status:
        for program in programs:
            commands = list(prepared(here, program, folder, status.update))
            done = measure(program, commands, amount, status.update)
            found[program.name] = {each.engine: each for each in done}
    like = {each.name: each.like for each in programs if each.like}
    return Results(GCC, found, like, [each.name for each in programs if each.nine])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.engines", description=__doc__)
    parser.add_argument("--programs", nargs="+", default=[], metavar="NAME")
    parser.add_argument(
        "--engines", nargs="+", default=[], metavar="NAME", help="as a shell's patterns: 'aot*'"
    )
    parser.add_argument("--runs", type=int, help="of each program on each engine [7]")
    parser.add_argument("--scale", type=float, help="a factor for repetitions [1]")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK.rounds} runs, a quarter of the work")
    parser.add_argument(
        "--tiny", action="store_true", help="one repetition of a tiny size: a test of the benchmark"
    )
    parser.add_argument("--clock", choices=("cpu", "wall"), default="cpu", help="what is measured [cpu]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="a chart, .svg or .png")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "build" / "bench", help="where executables are kept"
    )
    parser.add_argument("--list", action="store_true", help="programs and engines")
    return parser


def _listed(console: Console) -> None:
    for program in chosen([]):
        console.print(f"{program.name:16} {program.about}")
    console.print()
    for engine in engines():
        console.print(f"{engine.name:16} {engine.group:12} {engine.about} {engine.missing() and '(missing)'}")


def main(arguments: Sequence[str]) -> int:
    """The exit status: 1 where an engine failed, or printed something else than the base; 2 for wrong
    usage."""
    parser, console = _parser(), Console()
    if not console.is_terminal:
        console.width = 110  # a table in a file need not fit a screen
    given = parser.parse_args(arguments)
    if given.list:
        _listed(console)
        return 0
    usual = QUICK if given.quick else Amount()
    amount = Amount(
        given.runs or (1 if given.tiny else usual.rounds),
        usual.scale if given.scale is None else given.scale,
        given.tiny,
        given.clock,
    )
    try:
        programs = chosen(given.programs)
        here = selected(given.engines, console)
    except ValueError as error:
        parser.error(str(error))
    results = speeds(programs, here, amount, given.folder, console)
    for table in speed(results, here):
        console.print(table)
    if given.json:
        given.json.write_text(json.dumps(document.document(results, here, asdict(amount)), indent=1) + "\n")
    if given.chart:
        from .chart import chart

        chart(results, here, given.chart)
    errors = results.errors()
    for error in errors:
        console.print(f"[red]error:[/red] {error}", highlight=False)
    return 1 if errors else 0
