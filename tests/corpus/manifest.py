"""What tests/corpus.toml lists."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MANIFEST = Path(__file__).parent.parent / "corpus.toml"


@dataclass(frozen=True)
class Program:
    """A WebAssembly module of a published package.

    name: what tests and tables call it; package, version: of npm; path: of the file in the package, after `b64:`
    where the module is a string of base64 in that file; sha256, bytes: of the module; licence: the package's, an
    SPDX expression; driver: the module of tests/corpus/drivers that uses it; refused: instead, by the name of the
    proposal that it needs and that is not supported.
    """

    name: str
    package: str
    version: str
    path: str
    sha256: str
    bytes: int
    licence: str
    driver: str = ""
    refused: str = ""


@cache
def listed() -> tuple[Program, ...]:
    """All of them, in the manifest's order."""
    content = tomllib.loads(MANIFEST.read_text())
    return tuple(Program(**row) for row in content["program"])


def programs() -> tuple[Program, ...]:
    """Those that run."""
    return tuple(each for each in listed() if each.driver)


def refused() -> tuple[Program, ...]:
    """Those that need what is not supported."""
    return tuple(each for each in listed() if each.refused)


def program(name: str) -> Program:
    """The one that is called *name*. Raises KeyError."""
    return {each.name: each for each in listed()}[name]
