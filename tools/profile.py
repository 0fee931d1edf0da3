"""tblvm profile: what register instructions a program executes, counted, kept and shown."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..core.errors import UsageError
from .command import colours, command, say_json
from .limits import engine_option, place_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..core.superinstructions.profile import Profile

_SUFFIX = ".profile.json"


# What stands behind FILE is not ours: its options are the program's.
@command(loads=False, allow_interspersed_args=False)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="OUT",
    help=f"The profile; by default the program's name with {_SUFFIX} for its suffix.",
)
@click.option("--add", is_flag=True, help="Add what is in OUT already.")
@click.option("--show", is_flag=True, help="FILE and ARGUMENTS are profiles: show them, added up.")
@click.option("--code", is_flag=True, help="With --show: the code that was executed most, as it stands.")
@click.option("--top", default=20, metavar="N", help="How many rows a table has at most.  [default: 20]")
@click.option("--json", "json_", is_flag=True, help="With --show: JSON, for scripts.")
@engine_option("The engine that counts.  [default: threaded]", "threaded")
@place_options
@click.option(
    "-O", "--option", "options", multiple=True, metavar="NAME=VALUE", help="Set any option, as tbbuild does."
)
def profile(
    plugins: list[Path],
    file: Path,
    arguments: tuple[str, ...],
    output: Path | None,
    add: bool,
    show: bool,
    code: bool,
    top: int,
    json_: bool,
    engine: str,
    **building: Any,
) -> None:
    """Run FILE (.tba, .tbc, .wasm, .c) in a build that counts, and write what it executed to a profile:
    sequences of register instructions with their operands, branches, targets of calls.

    `tbbuild --engine threaded --profile OUT FILE` then makes handlers of the sequences that pay. What stands
    behind FILE are the program's arguments. The exit status is the program's. With --show, profiles are shown
    instead, several as one; -o writes that one.
    """
    if show:
        paths = [file, *map(Path, arguments)]
        if code and json_:
            raise UsageError("--code is for people: a profile is JSON that has it all")
        profiles = [_read(path, plugins) for path in paths]
        _show(profiles, output, top, json_, code)
        return
    if json_ or code:
        raise UsageError(f"{'--json' if json_ else '--code'} is for --show")
    output = output or Path(file.stem + _SUFFIX)
    before = [_read(output, plugins)] if add and output.exists() else []
    status = _count(plugins, file, arguments, output, before, engine, building)
    sys.exit(status)


def _read(path: Path, plugins: list[Path]) -> Profile:
    from ..core.command import file_name, read_file
    from ..core.registry import load
    from ..core.superinstructions.profile import from_json

    return from_json(read_file(path), file_name(path), load(plugins).isa.has_form)


def _count(
    plugins: list[Path],
    file: Path,
    arguments: tuple[str, ...],
    output: Path,
    before: Sequence[Profile],
    engine: str,
    building: Any,
) -> int:
    from ..builder.profiling import counted
    from ..core.command import write_file
    from ..core.superinstructions.profile import to_json, together

    made, status = counted(plugins, file, arguments, engine, **building)
    write_file(output, to_json(together([*before, made])).encode())
    return status


# --- showing -------------------------------------------------------------------------------------------


def _show(given: Sequence[Profile], output: Path | None, top: int, json_: bool, code: bool) -> None:
    from ..core.command import write_file
    from ..core.superinstructions.profile import to_json, together

    whole = together(given)
    if output is not None:
        write_file(output, to_json(whole).encode())
    if code:
        click.echo("\n\n".join(listing(whole, top)))
        return
    data = summary(whole, top)
    if json_:
        say_json(data)
    else:
        _tables(data)


def summary(profile: Profile, top: int) -> dict[str, Any]:
    """What a profile says at a glance, as JSON values: the *top* of each list. Counts are of executions;
    "share" is of all executed register instructions."""
    from ..core.superinstructions.profile import LONGEST, sequences

    total = profile.executed
    found = sequences(profile.stretches)
    kinds: Counter[str] = Counter()
    for code, count in found.items():
        if len(code) == 1:
            kinds[code[0].partition(":")[2].partition(">")[0] or "-"] += count

    def rows(counts: Iterable[tuple[Any, int]], key: str) -> list[dict[str, Any]]:
        return [{key: name, "count": count, "share": _share(count, total)} for name, count in counts]

    names = {}
    for length in range(2, LONGEST + 1):
        some = Counter({" ; ".join(code): count for code, count in found.items() if len(code) == length})
        names[str(length)] = rows(some.most_common(top), "sequence")
    functions = Counter[str]()
    targets: Counter[tuple[str, str]] = Counter()
    branches: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    for program in profile.programs:
        for function in program.functions:
            functions[function.name] += function.executed
            for stretch in function.stretches:
                for target, count in (stretch.targets or {}).items():
                    targets[function.name, target] += count
                if _branches(stretch.code[-1]):
                    branches[stretch.code[-1]] += stretch.counts[-1]
                    taken[stretch.code[-1]] += stretch.taken
    single = Counter({code[0]: count for code, count in found.items() if len(code) == 1})
    return {
        "engine": profile.engine,
        "programs": [
            {"name": each.name, "runs": each.runs, "executed": each.executed} for each in profile.programs
        ],
        "executed": total,
        "instructions": rows(single.most_common(top), "instruction"),
        "operands": rows(kinds.most_common(top), "kinds"),
        "sequences": names,
        "branches": [
            {"instruction": name, "count": count, "taken": _share(taken[name], count)}
            for name, count in branches.most_common(top)
        ],
        "calls": [
            {"function": caller, "target": target, "count": count}
            for (caller, target), count in targets.most_common(top)
        ],
        "functions": rows(functions.most_common(top), "function"),
    }


def listing(profile: Profile, top: int) -> list[str]:
    """The *top* stretches of straight-line code by what was executed of them, as text: each instruction with
    how often it was."""
    rows = [
        (sum(stretch.counts), program.name, function.name, stretch)
        for program in profile.programs
        for function in program.functions
        for stretch in function.stretches
    ]
    rows.sort(key=lambda row: -row[0])
    found = []
    for executed, program, function, stretch in rows[:top]:
        taken = f", the branch taken {stretch.taken:,} times" if _branches(stretch.code[-1]) else ""
        lines = [f"{program}, {function}: {_share(executed, profile.executed):.1%} of all{taken}"]
        lines += [f"{count:16,}  {name}" for name, count in zip(stretch.code, stretch.counts, strict=True)]
        found.append("\n".join(lines))
    return found


def _branches(name: str) -> bool:
    return name.endswith((">f", ">b"))


def _share(count: int, total: int) -> float:
    return round(count / total, 4) if total else 0.0


_LISTS = {
    "instructions": "Register instructions",
    "operands": "Kinds of operands (s slot, a accumulator, i immediate, p constant pool, h home slots)",
    "2": "Sequences of two",
    "3": "Sequences of three",
    "4": "Sequences of four",
    "branches": "Branches (f forward, b backward)",
    "calls": "Calls that find their target",
    "functions": "Functions",
}


def _tables(data: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(no_color=not colours(), highlight=False, soft_wrap=not sys.stdout.isatty())
    for each in data["programs"]:
        runs = f"{each['runs']} run" + "s" * (each["runs"] != 1)
        console.print(f"{each['name']}: {each['executed']:,} register instructions, {runs}", markup=False)
    for key, title in _LISTS.items():
        rows = data["sequences"][key] if key.isdigit() else data[key]
        if not rows:
            continue
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for name in rows[0]:
            table.add_column(
                name, justify="left" if isinstance(rows[0][name], str) else "right", overflow="fold"
            )
        for row in rows:
            table.add_row(*map(_cell, row.values()))
        console.print()
        console.print(table)


def _cell(value: object) -> str:
    from rich.markup import escape

    return (
        f"{value:.1%}"
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int)
        else escape(str(value))
    )
