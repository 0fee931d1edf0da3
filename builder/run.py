"""Running a built executable: its own process, our terminal, its exit status."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from ..core.errors import BuildError, HostError
from ..core.parts import Target


def command(target: Target, executable: Path) -> list[str]:
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


def run(image: bytes, target: Target, arguments: tuple[str, ...]) -> int:
    """Run the executable *image*, built for *target*; its exit status, 128 + n for one that signal n ended.

    The file exists only while the program runs. Raises BuildError when it does not start, HostError when
    this machine cannot run it.
    """
    with tempfile.TemporaryDirectory(prefix="tblvm-run-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "program"
        path.write_bytes(image)
        path.chmod(0o700)
        try:
            process = subprocess.Popen([*command(target, path), *arguments])
        except OSError as error:
            raise BuildError(f"the program does not start: {error.strerror}") from None
        while True:
            try:
                status = process.wait()
                break
            except KeyboardInterrupt:
                continue  # the program got the same signal: what it does about it counts
        return status if status >= 0 else 128 - status
