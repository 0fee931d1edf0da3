"""A process, and what it took."""

from __future__ import annotations

import os
import re
import select
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# What a host of WebAssembly says last of a call that it timed itself.
_TIMED = re.compile(rb"^timed ([0-9.]+) ([0-9.]+) ([0-9.]+)\n\Z", re.MULTILINE)


class Failed(Exception):
    """A process that did not end as it should; the text says which, and what it said."""


@dataclass(frozen=True)
class Took:
    """What a run took and gave.

    cpu, wall: seconds, of the whole process, or of the call alone where the process timed it (timed); load:
    seconds of processor that such a process took to compile or load the program.
    """

    cpu: float
    wall: float
    output: bytes
    timed: bool = False
    load: float = 0.0


def run(command: Sequence[str], seconds: float = 600) -> Took:
    """Runs *command*, whose first word is a path, to its end. Raises Failed where it says that it failed,
    or takes longer than that."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, output.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, errors.fileno(), 2),
        ]
        began = time.perf_counter()
        process = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
        late = _outlives(process, seconds)
        _, status, usage = os.wait4(process, 0)
        wall = time.perf_counter() - began
        output.seek(0)
        errors.seek(0)
        said = errors.read()
        if status or late:
            how = (
                f"took more than {seconds:g} s" if late else f"ended with {os.waitstatus_to_exitcode(status)}"
            )
            text = said.decode(errors="replace").strip()
            raise Failed(f"{' '.join(command)} {how}" + (f":\n{text}" if text else ""))
        cpu, load, timed = usage.ru_utime + usage.ru_stime, 0.0, _TIMED.search(said)
        if timed:
            cpu, wall, load = map(float, timed.groups())
        return Took(cpu, wall, output.read(), timed is not None, load)


def _outlives(process: int, seconds: float) -> bool:
    """Whether the process is still there then; it is killed, and can be waited for."""
    handle = os.pidfd_open(process)
    try:
        if select.select([handle], [], [], seconds)[0]:
            return False
        os.kill(process, 9)
        return True
    finally:
        os.close(handle)


def found(name: str) -> str:
    """Where a program of PATH is; "" where there is none."""
    for folder in os.get_exec_path():
        place = Path(folder) / name
        if place.is_file() and os.access(place, os.X_OK):
            return str(place)
    return ""
