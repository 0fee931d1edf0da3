"""Lists of commands that are not to be run, each with its reason."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ....core.command import read_file
from ....core.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, slots=True)
class LeftOut:
    """file: the end of a script's path, whole names, with * as in a shell; lines of its commands, none for
    all; reason."""

    file: str
    lines: frozenset[int]
    reason: str

    def names(self, path: str) -> bool:
        """Whether it is about the script at *path*."""
        return PurePosixPath(path).match(self.file)


def read(path: Path) -> tuple[LeftOut, ...]:
    """The list in a TOML file: tables `[[left_out]]` with `files` (or `file`), `lines` (all without it) and
    `reason`. Raises UsageError."""
    try:
        data = tomllib.loads(read_file(path).decode("utf-8"))
        return tuple(made for each in data["left_out"] for made in _entries(each))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} is no list of what is left out: {type(error).__name__}: {error}") from None


def _entries(entry: Mapping[str, Any]) -> list[LeftOut]:
    files = entry["files"] if "files" in entry else [entry["file"]]
    unknown = set(entry) - {"file", "files", "lines", "reason"}
    if unknown or not isinstance(files, list) or not isinstance(entry["reason"], str):
        raise ValueError(f"this entry is not file, lines and reason: {dict(entry)}")
    return [
        LeftOut(str(each), frozenset(map(int, entry.get("lines", ()))), entry["reason"]) for each in files
    ]


def reason(listed: tuple[LeftOut, ...], path: str, line: int) -> str:
    """Why the command at *line* of the script at *path* is left out, "" if it is not; line 0: all of it."""
    for each in listed:
        if each.names(path) and (not each.lines or line in each.lines):
            return each.reason
    return ""
