"""The console's C in a program of its own, on a system that the test scripts (driver.c)."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tblvm import core

HERE = Path(__file__).parent
CORE = Path(core.__file__).parent
SOURCES = (
    *sorted((CORE / "io" / "c").glob("*.c")),
    *(CORE / "c" / "rt" / f"{name}.c" for name in ("decimal", "shortest", "float_text")),
)
FLAGS = (
    *("-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fno-strict-aliasing", "-ffp-contract=off"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
)


@dataclass(frozen=True, slots=True)
class Driven:
    """What a run of the driver showed: each write, each result, and all events in order."""

    writes: list[bytes]
    results: list[tuple[int, ...]]
    events: list[str]

    @property
    def output(self) -> bytes:
        return b"".join(self.writes)


Driver = Callable[[Iterable[str]], Driven]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Driver]:
    """Compiles the driver with these macros, once for each set, and gives what runs it."""
    made: dict[tuple[tuple[str, int], ...], Path] = {}

    def compile_(**macros: int) -> Driver:
        key = tuple(sorted(macros.items()))
        if key not in made:
            made[key] = tmp_path_factory.mktemp("driver") / "driver"
            includes = (HERE, CORE / "c", CORE / "c" / "rt", CORE / "io" / "c")
            subprocess.run(
                [
                    "gcc",
                    *FLAGS,
                    *(f"-D{name}={value}" for name, value in key),
                    *(f"-I{folder}" for folder in includes),
                    str(HERE / "driver.c"),
                    *map(str, SOURCES),
                    "-o",
                    str(made[key]),
                ],
                check=True,
            )

        def run(commands: Iterable[str]) -> Driven:
            done = subprocess.run(
                [str(made[key])],
                input="\n".join(commands) + "\n",
                text=True,
                capture_output=True,
                timeout=200,
            )
            assert done.returncode == 0, done.stderr
            events = done.stdout.splitlines()
            return Driven(
                writes=[bytes.fromhex(line[2:]) for line in events if line[0] == "w"],
                results=[tuple(map(int, line[2:].split())) for line in events if line[0] in "rg"],
                events=events,
            )

        return run

    return compile_


@pytest.fixture(scope="session")
def driver(compiled: Callable[..., Driver]) -> Driver:
    return compiled()
