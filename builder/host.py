"""Who can run what was built."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import HostError

if TYPE_CHECKING:
    from ..core.parts import Target


@dataclass(frozen=True, slots=True)
class Host:
    """What a target says about running its executables (core.parts.Target)."""

    name: str
    machine: str
    runners: tuple[tuple[str, ...], ...]
    runner_hint: str

    @staticmethod
    def of(target: Target) -> Host:
        return Host(target.name, target.machine, target.runners, target.runner_hint)


def runs_itself(target: Target | Host) -> bool:
    """Whether this machine runs executables for *target* by itself."""
    return target.machine in ("", platform.machine())


def runner(target: Target | Host) -> list[str] | None:
    """The words before an executable for *target* by which this machine runs it; None where it cannot."""
    if runs_itself(target):
        return []
    for program, *words in target.runners:
        if found := shutil.which(program):
            return [found, *words]
    return None


def command(target: Target | Host, executable: Path) -> list[str]:
    """The words that run *executable*, built for *target*, on this machine: by itself, or by an emulator.

    Raises HostError where neither is possible.
    """
    words = runner(target)
    if words is None:
        raise HostError(
            f"this machine ({platform.machine()}) cannot run programs for {target.name}: "
            f"install {target.runner_hint}, or keep the executable with -o and run it elsewhere"
        )
    return [*words, os.fspath(executable)]
