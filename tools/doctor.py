"""tblvm doctor: what this machine has of what tblvm uses."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from ..core.errors import HostError, TblvmError
from .command import command, json_option, say_json

if TYPE_CHECKING:
    from ..core.registry import Registry


@dataclass(frozen=True)
class Finding:
    """what was looked at; there: whether it is fine; needed: whether nothing is built without it; note: what
    was found, or what to do."""

    what: str
    there: bool
    needed: bool
    note: str


@command()
@json_option
def doctor(registry: Registry, json_: bool) -> None:
    """Look whether this machine has all that tblvm uses; status 6 where builds need what is missing.

    Of each level of isolation it says whether this machine has it, what it protects against, and what not.
    """
    found = [*_python(), *_compiler(), *_cache(), *_plugins(registry), *_targets(registry)]
    found += _walls()
    if json_:
        say_json([asdict(each) for each in found])
    else:
        for each in found:
            mark = "ok" if each.there else "MISSING" if each.needed else "without"
            click.echo(f"{mark:8} {each.what}: {each.note}")
    lacking = [each.what for each in found if each.needed and not each.there]
    if lacking:
        raise HostError(f"{', '.join(lacking)}: what is above says what to do")


def _walls() -> list[Finding]:
    from ..isolation.machine import offers

    return [Finding(each.what, each.there, False, each.note) for each in offers()]


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", sys.version_info >= (3, 10), True, f"{version}; 3.10 or later is needed")


def _compiler() -> Iterator[Finding]:
    import subprocess

    from ..builder.toolchain import zig

    try:
        binary = zig()
        done = subprocess.run([binary, "version"], capture_output=True, text=True, check=True, timeout=60)
        yield Finding("compiler", True, True, f"zig {done.stdout.strip()}")
    except TblvmError as error:
        yield Finding("compiler", False, True, str(error))
    except (OSError, subprocess.SubprocessError) as error:
        yield Finding("compiler", False, True, f"it does not run: {error}; pip install ziglang==0.17.0")


def _cache() -> Iterator[Finding]:
    from ..builder.cache import standard

    cache = standard()
    if cache is None:
        yield Finding("cache", False, False, "TBLVM_CACHE_SIZE is 0: each build starts anew")
        return
    place = cache.folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if place.is_dir() and os.access(place, os.W_OK):
        count, size = cache.size()
        yield Finding("cache", True, False, f"{cache.folder}: {count} entries, {size:,} bytes")
    else:
        yield Finding("cache", False, False, f"{place} cannot be written to: TBLVM_CACHE_DIR names another")


def _plugins(registry: Registry) -> Iterator[Finding]:
    count = len(registry.plugins)
    yield Finding("plug-ins", True, False, f"{count} are loaded, {len(registry.libraries)} micro-libraries")


def _targets(registry: Registry) -> Iterator[Finding]:
    from ..builder.host import runner, runs_itself

    for target in registry.targets.values():
        if target.kind:
            continue  # no programs
        what = f"programs for {target.name}"
        words = runner(target)
        if target.format == "c":
            yield Finding(what, True, False, "are C: a compiler of yours builds them")
        elif runs_itself(target):
            yield Finding(what, True, False, "run on this machine")
        elif words is not None:
            yield Finding(what, True, False, f"run by {words[0]}")
        else:
            note = f"are built, and do not run here: install {target.runner_hint}"
            yield Finding(what, False, False, note)
