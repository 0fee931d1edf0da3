"""What tests compile for themselves is compiled once: by whichever process or run needs it first.

The folder of a build is named by everything that went in, so that it never is another's; what no run has used
for a week is thrown away.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tblvm.builder import compile as compiling
from tblvm.builder.emit import Sources

BUILDS = Path(__file__).parents[2] / "build" / "tests"
_WEEK = 7 * 24 * 3600.0
_INCLUDED = (".c", ".h", ".ld")


def shared(sources: Sources, how: object, make: Callable[[Path], None]) -> Path:
    """The folder in which *make* has compiled *sources*. how: what else decides what comes out (the compiler
    and its version, flags, the target), as far as its text tells."""
    return built(_key(sources, how), make)


def built_of(files: Iterable[Path], how: object, make: Callable[[Path], None]) -> Path:
    """The folder in which *make* has compiled *files*, of which those count that are C. how: as above."""
    found = hashlib.sha256(repr(how).encode())
    for path in sorted(each for each in files if each.suffix in _INCLUDED):
        found.update(f"{path}\0".encode() + path.read_bytes())
    return built(found.hexdigest()[:32], make)


def built(key: str, make: Callable[[Path], None]) -> Path:
    """The folder that *make* has filled for this *key*."""
    BUILDS.mkdir(parents=True, exist_ok=True)
    place = BUILDS / key
    with (BUILDS / f"{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # who comes second waits, and finds it made
        if place.exists():
            os.utime(place)
        else:
            _throw_away()
            work = Path(tempfile.mkdtemp(dir=BUILDS))
            try:
                make(work)
                work.rename(place)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return place


def _key(sources: Sources, how: object) -> str:
    """A hash of the generated C, of all C that it may include, and of *how*."""
    found = hashlib.sha256(repr(how).encode())
    texts = {**sources.headers, **{unit.name: unit.text for unit in (*sources.units, sources.layout)}}
    for name, text in sorted(texts.items()):
        found.update(f"{name}\0{text}\0".encode())
    files = {path for folder in sources.include for path in folder.rglob("*") if path.suffix in _INCLUDED}
    files |= {Path(name) for text in texts.values() for name in re.findall(r'#include "(/.*)"', text)}
    for path in sorted(files):
        found.update(f"{path}\0".encode() + path.read_bytes())
    found.update(Path(compiling.__file__).read_bytes())
    return found.hexdigest()[:32]


def _throw_away() -> None:
    for path in BUILDS.iterdir():
        if path.is_dir() and time.time() - path.stat().st_mtime > _WEEK:
            shutil.rmtree(path, ignore_errors=True)
