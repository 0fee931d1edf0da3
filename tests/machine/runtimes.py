"""The runtimes that tests use inside: built outside, from a list that is kept in runtimes.txt, and one in repeated.txt of
those that only tests marked `repeated` use besides.

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
LIST, REPEATED = (Path(__file__).with_name(name) for name in ("runtimes.txt", "repeated.txt"))

# What `tbbuild` is told for a runtime.
Words = tuple[str, ...]


def listed(*, everything: bool = False) -> list[Words]:
    """Those of the list, of both lists for *everything*; paths in them are from the root of the working tree on."""
    lines = [line for path in (LIST, REPEATED)[: 1 + everything] for line in _lines(path)]
    return [tuple(_absolute(word) for word in shlex.split(line, comments=True)) for line in lines]


def write(found: Iterable[Words], *, everything: bool = False) -> None:
    """Make these the list; for *everything*, what is not on the usual list the other one."""
    lines = {shlex.join(word.removeprefix(f"{ROOT}/") for word in words) for words in found}
    kept = lines - set(_lines(LIST)) if everything else lines
    (REPEATED if everything else LIST).write_text("".join(f"{line}\n" for line in sorted(kept)))


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line.strip()] if path.exists() else []


def build(wanted: Iterable[Words]) -> None:
    """Build those that the cache does not have. Raises SystemExit with a message."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        if problems := list(filter(None, pool.map(_build, dict.fromkeys(map(_usual, wanted))))):
            sys.exit("\n".join(problems))


def _usual(words: Words) -> Words:
    """As tests ask for it: an engine is named where it is another one than all have in this run."""
    from tblvm.builder.runtimes import engine_words

    if "--engine" not in words:
        return words
    at = words.index("--engine")
    return (*words[:at], *engine_words(words[at + 1]), *words[at + 2 :])


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
