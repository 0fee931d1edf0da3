"""Hello, world, from the start of its process to its end, and the most memory that the process had."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tblvm.builder.toolchain import zig
from tblvm.core.registry import load

from .manifest import FOLDER
from .native import compiled
from .ours import build
from .process import Failed, found, run

SPAWN = Path(__file__).parent / "spawn.c"
HELLO = FOLDER / "small" / "hello.c"
ASSEMBLY = FOLDER.parent.parent / "examples" / "hello.tba"
STATIC = "C, static"


@dataclass(frozen=True)
class Start:
    """What a start takes: medians and quartiles of milliseconds from start to end, milliseconds of
    processor, the most KiB of memory; ratio to a static C program, in the same rounds."""

    wall: float
    low: float
    high: float
    cpu: float
    memory: int
    ratio: float


def _java(folder: Path) -> list[str]:
    run([found("javac"), "-d", str(folder), str(HELLO.with_suffix(".java"))])
    return [found("java"), "-cp", str(folder), "hello"]


def wasmtime() -> str:
    """The command-line tool, which the package brings without leave to run it; "" where it is not there."""
    spec = find_spec("wasmtime_cli")
    places = spec.submodule_search_locations if spec else None
    return found(str(Path(places[0]) / "wasmtime")) if places else ""


def _wasm(folder: Path) -> str:
    return str(compiled(folder, [str(zig()), "cc", "--target=wasm32-wasi", "-O2", "-s"], ".wasm", HELLO))


def _precompiled(folder: Path) -> list[str]:
    made = folder / "hello.cwasm"
    run([wasmtime(), "compile", "-o", str(made), _wasm(folder)])
    return [wasmtime(), "run", "--allow-precompiled", str(made)]


def commands(folder: Path) -> dict[str, Callable[[], list[str]]]:
    """By name, what makes a command ready: ours, then peers that are here. The static C program is first."""
    gcc = ["gcc", "-O2"]
    made: dict[str, Callable[[], list[str]]] = {
        STATIC: lambda: [str(compiled(folder, [*gcc, "-static"], "-static", HELLO))],
        "C, dynamic": lambda: [str(compiled(folder, gcc, "", HELLO))],
    }
    for engine in load().engines:
        for source, what in ((ASSEMBLY, "hello.tba"), (HELLO, "hello.c")):
            place = folder / f"{what}-{engine}"
            made[f"{engine}, {what}"] = lambda engine=engine, source=source, place=place: [
                str(build(engine, (), source, place))
            ]
    if wasmtime():
        made["wasmtime, Cranelift"] = lambda: [wasmtime(), "run", _wasm(folder)]
        made["wasmtime, Winch"] = lambda: [wasmtime(), "run", "-C", "compiler=winch", _wasm(folder)]
        made["wasmtime, compiled before"] = lambda: _precompiled(folder)
    for tool, name, suffix in (
        ("luajit", "LuaJIT", ".lua"),
        ("lua5.4", "Lua 5.4", ".lua"),
        ("node", "Node", ".js"),
    ):
        if found(tool):
            made[name] = lambda tool=tool, suffix=suffix: [found(tool), str(HELLO.with_suffix(suffix))]
    if found("java") and found("javac"):
        made["Java"] = lambda: _java(folder / "classes")
    python = folder / "hello.py"
    python.write_text('print("Hello, world!")\n')
    made["CPython"] = lambda: [sys.executable, str(python)]
    return made


def spawned(
    folder: Path, those: Sequence[Sequence[str]], rounds: int
) -> list[list[tuple[float, float, int]]]:
    """For each command, in each round: milliseconds, milliseconds of processor, KiB in the first one."""
    tool = compiled(folder, ["gcc", "-O2", "-static"], "", SPAWN)
    words = [word for each in those for word in ("--", *each)]
    rows: list[list[tuple[float, float, int]]] = [[] for _ in those]
    for line in run([str(tool), str(rounds), *words], 3600).output.decode().splitlines():
        number, wall, cpu, memory = map(int, line.split())
        rows[number].append((wall / 1e6, cpu / 1e6, memory))
    return rows


def starts(folder: Path, rounds: int, tell: Callable[[str], None]) -> tuple[dict[str, Start], dict[str, str]]:
    """What starts take, and why some were not measured."""
    folder.mkdir(parents=True, exist_ok=True)
    ready, failed = {}, {}
    for name, make in commands(folder).items():
        tell(f"start: {name}")
        try:
            ready[name] = make()
            run(ready[name])
        except Failed as error:
            ready.pop(name, None)
            failed[name] = str(error)
    tell(f"start: {rounds} rounds of {len(ready)} commands")
    rows = dict(zip(ready, spawned(folder, list(ready.values()), rounds), strict=True))
    return {name: _start(each, rows[STATIC]) for name, each in rows.items()}, failed


def _start(rows: Sequence[tuple[float, float, int]], base: Sequence[tuple[float, float, int]]) -> Start:
    walls = [wall for wall, _, _ in rows]
    low, middle, high = statistics.quantiles(walls, n=4, method="inclusive") if len(walls) > 1 else walls * 3
    ratio = statistics.median(wall / other[0] for wall, other in zip(walls, base, strict=True))
    return Start(middle, low, high, statistics.median(cpu for _, cpu, _ in rows), rows[0][2], ratio)
