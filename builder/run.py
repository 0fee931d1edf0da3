"""Running a built executable: its own process, our terminal, its exit status."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import BuildError
from .host import Host, command

if TYPE_CHECKING:
    from ..core.parts import Target


def run(image: bytes, target: Target | Host, arguments: tuple[str, ...]) -> int:
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
