"""The runtimes that tests use inside: built outside, from a list that is kept in runtimes.txt.

What is used is recorded inside; `python -m tests.machine --learn` writes the list anew.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("runtimes.txt")

# What `tbbuild` is told for a runtime.
Words = tuple[str, ...]


def listed() -> list[Words]:
    """Those of the list; paths in it are from the root of the working tree on."""
    lines = LIST.read_text().splitlines() if LIST.exists() else []
    return [
        tuple(_absolute(word) for word in shlex.split(line, comments=True)) for line in lines if line.strip()
    ]


def write(found: Iterable[Words]) -> None:
    """Make these the list."""
    lines = {shlex.join(word.removeprefix(f"{ROOT}/") for word in words) for words in found}
    LIST.write_text("".join(f"{line}\n" for line in sorted(lines)))


def build(wanted: Iterable[Words]) -> None:
    """Build those that the cache does not have. Raises SystemExit with a message."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        if problems := list(filter(None, pool.map(_build, wanted))):
            sys.exit("\n".join(problems))


def _build(words: Words) -> str:
    """What was wrong."""
    from tblvm.builder.runtimes import runtime
    from tblvm.core.errors import TblvmError

    try:
        runtime(words, lambda stage: None)
    except TblvmError as error:
        return f"{LIST.name}: {shlex.join(words)}: {error}"
    return ""


def _absolute(word: str) -> str:
    return str(ROOT / word) if "/" in word and (ROOT / word).exists() else word
