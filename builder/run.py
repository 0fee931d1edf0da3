"""Running a built executable: its own process, our terminal, its exit status."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
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
        running: list[subprocess.Popen[bytes]] = []
        with _signals_for(running):
            try:
                running.append(subprocess.Popen([*command(target, path), *arguments]))
            except OSError as error:
                raise BuildError(f"the program does not start: {error.strerror}") from None
            status = running[0].wait()
        return status if status >= 0 else 128 - status


@contextmanager
def _signals_for(running: list[subprocess.Popen[bytes]]) -> Iterator[None]:
    """What asks us to end asks the program that is *running*: what it does about it counts. A terminal's
    Ctrl-C it has got already. Handlers, because what is ignored would be ignored by the program too."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        for each in running:
            if number != signal.SIGINT:
                each.send_signal(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, pass_on)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
