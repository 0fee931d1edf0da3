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
    emulator: str


def command(target: Target | Host, executable: Path) -> list[str]:
    """The words that run *executable*, built for *target*, on this machine: by itself, or by an emulator.

    Raises HostError where neither is possible.
    """
    here = platform.machine()
    if target.machine in ("", here):
        return [os.fspath(executable)]
    emulator = shutil.which(target.emulator)
    if emulator is None:
        raise HostError(
            f"this machine ({here}) cannot run programs for {target.name}: install {target.emulator} "
            "(on Debian in the package qemu-user-static), or keep the executable with -o and run it elsewhere"
        )
    return [emulator, os.fspath(executable)]
