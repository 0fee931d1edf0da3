"""Running a built executable: its own process, our terminal, its exit status."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..core.errors import BuildError
from .host import Host, command

if TYPE_CHECKING:
    from ..core.parts import Target


def run(
    image: bytes, target: Target | Host, arguments: tuple[str, ...], descriptors: tuple[int, ...] = ()
) -> int:
    """Run the executable *image*, built for *target*; its exit status, 128 + n for one that signal n ended.
    descriptors: of ours that it has, too, besides those of the console.

    The file exists only while the program runs. Raises BuildError when it does not start, HostError when
    this machine cannot run it.
    """
    with tempfile.TemporaryDirectory(prefix="tblvm-run-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "program"
        path.write_bytes(image)
        path.chmod(0o700)
        with _Passing() as passing:
            try:
                process = subprocess.Popen([*command(target, path), *arguments], pass_fds=descriptors)
            except OSError as error:
                raise BuildError(f"the program does not start: {error.strerror}") from None
            passing.to(process)
            status = process.wait()
        return status if status >= 0 else 128 - status


class _Passing:
    """What asks us to end asks the program that runs: what it does about it counts. A terminal's Ctrl-C it
    has got already. Handlers, because what is ignored would be ignored by the program too."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []  # the program may run already, and nobody know it yet
        self._before: dict[int, Any] = {}

    def to(self, process: subprocess.Popen[bytes]) -> None:
        """The program that runs; what came before is for it, too."""
        self._process = process
        while self._early:
            process.send_signal(self._early.pop())

    def _pass(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            return
        if self._process is None:
            self._early.append(number)
        else:
            self._process.send_signal(number)

    def __enter__(self) -> _Passing:
        if threading.current_thread() is threading.main_thread():
            numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            self._before = {number: signal.getsignal(number) for number in numbers}
            for number, handler in self._before.items():
                if handler is not signal.SIG_IGN:
                    signal.signal(number, self._pass)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
