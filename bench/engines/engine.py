"""What an engine is to the benchmark: a way to run a program of bench/programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .manifest import Program

# The order in which tables have them.
GROUPS = ("native", "compiler", "interpreter", "ours")

# From repetitions and size to a command that does that.
Command = Callable[[int, int], list[str]]


@dataclass(frozen=True)
class Engine:
    """A way to run programs.

    name: as --engines takes it; group: "native", "compiler" (machine code made when the program starts),
    "interpreter", or "ours"; about: one line. missing: what to install for it, "" where it is here. prepare:
    makes ready what is needed to run a program, in a folder where it may keep files; None where there is no
    version of the program for it.
    """

    name: str
    group: str
    about: str
    missing: Callable[[], str]
    prepare: Callable[[Program, Path], Command | None]


def plain(*words: str) -> Command:
    """A command whose last words are repetitions and size."""
    return lambda repeats, size: [*words, str(repeats), str(size)]
