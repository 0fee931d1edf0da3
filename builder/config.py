"""Configuration: what a project says once, in `tblvm.toml` or in `[tool.tblvm]` of its `pyproject.toml`.

The file counts that is nearest: in the current folder, or above it; `tblvm.toml` before `pyproject.toml`.
Paths in it are relative to its folder. What the command line or the environment say counts more.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.command import read_file
from ..core.errors import UsageError

NAMES = ("features", "only", "deny", "passes")
TEXTS = ("mode", "engine", "target", "report")
VALUES = ("stack", "heap", "fuel", "timeout")
TABLES = ("options", "bundle", "budget")
LISTS = ("plugins", "profile")
BUDGETS = ("total", "runtime", "ram", "max-growth", "baseline", "libs")


@dataclass(frozen=True, slots=True)
class Config:
    """What a file says. origin: what it is called; given: parameters of the command line, as click has them;
    options: as -O takes them, name -> value; budget: its table."""

    origin: str = ""
    folder: Path = Path()
    given: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    budget: Mapping[str, Any] = field(default_factory=dict)


def find(start: Path) -> Config:
    """The configuration for work in *start*; an empty one where there is no file. Raises UsageError."""
    start = start.resolve()
    for folder in (start, *start.parents):
        path = folder / "tblvm.toml"
        if path.is_file():
            return read(path, _parsed(path))
        path = folder / "pyproject.toml"
        if path.is_file():
            # Most projects have such a file and nothing for us in it: it is not even parsed then.
            table = _parsed(path).get("tool", {}) if b"tblvm" in read_file(path) else {}
            if "tblvm" in table:
                return read(path, table["tblvm"])
    return Config()


def _parsed(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        found: dict[str, Any] = tomllib.loads(read_file(path).decode())
        return found
    except ValueError as error:  # what TOML and UTF-8 have in common
        raise UsageError(f"{path}: {error}") from None


def read(path: Path, table: object) -> Config:
    """The configuration that *table*, of the file *path*, holds. Raises UsageError for what is unknown."""
    if not isinstance(table, dict):
        raise UsageError(f"{path}: tblvm is no table")
    _known(path, "setting", table, (*NAMES, *TEXTS, *VALUES, *TABLES, *LISTS))
    given: dict[str, Any] = {}
    for key, value in table.items():
        if key in NAMES:
            given[key] = ",".join(_texts(path, key, [value] if isinstance(value, str) else value))
        elif key in TEXTS:
            [given[key]] = _texts(path, key, [value])
        elif key in VALUES:
            given[key] = _value(path, key, value)
        elif key in LISTS:
            given[key] = tuple(path.parent / each for each in _texts(path, key, value))
    bundle = _table(path, table, "bundle")
    if bundle:
        places = zip(bundle, _texts(path, "bundle", list(bundle.values())), strict=True)
        given["bundle"] = tuple(f"{name}={path.parent / place}" for name, place in places)
    options = _table(path, table, "options")
    options = {key: _value(path, f"options.{key}", each) for key, each in options.items()}
    budget = _table(path, table, "budget")
    _known(path, "budget", budget, BUDGETS)
    origin = path.name if path.name == "tblvm.toml" else f"{path.name} [tool.tblvm]"
    return Config(origin, path.parent, given, options, budget)


def _known(path: Path, what: str, keys: Iterable[str], known: tuple[str, ...]) -> None:
    for key in keys:
        if key not in known:
            from ..core.registry import choose

            try:
                choose(what, key, known)
            except UsageError as error:
                raise UsageError(f"{path}: {error}") from None


def _table(path: Path, table: Mapping[str, object], key: str) -> dict[str, Any]:
    found = table.get(key, {})
    if not isinstance(found, dict):
        raise UsageError(f"{path}: {key} is no table")
    return found


def _texts(path: Path, key: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise UsageError(f"{path}: {key} takes texts")
    return value


def _value(path: Path, key: str, value: object) -> str:
    """As the command line would say it."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (int, str)):
        return str(value)
    raise UsageError(f"{path}: {key} takes a number or a text")
