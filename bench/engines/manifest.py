"""The programs that are measured: bench/programs/programs.toml, and the files beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(__file__).parent.parent / "programs"


@dataclass(frozen=True)
class Program:
    """A program of bench/programs.

    about: what it spends its time with. repeats, size: what is measured; tiny: a size that all do at once.
    nine: whether it is of those whose geometric mean is geo9. like: where it is written for tblvm alone, the
    program that does the same in other languages; else "".
    """

    name: str
    about: str
    repeats: int
    size: int
    tiny: int
    nine: bool = False
    like: str = ""

    def source(self, suffix: str) -> Path | None:
        """Its text in the language whose files have this suffix, None where there is none."""
        folder = FOLDER if suffix in ("c", "tba") else FOLDER / suffix
        files = [folder / f"{name}.{suffix}" for name in (self.name, self.like) if name]
        return next((file for file in files if file.is_file()), None)


def programs() -> dict[str, Program]:
    """All of them by name, in the manifest's order."""
    with (FOLDER / "programs.toml").open("rb") as file:
        listed = tomllib.load(file)
    return {name: Program(name, **fields) for name, fields in listed.items()}


def chosen(names: Iterable[str]) -> list[Program]:
    """Those that are named, all where none is. Raises ValueError, which says which there are."""
    known = programs()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"no program {unknown[0]}: there are {', '.join(known)}")
    return [known[name] for name in names] or list(known.values())
