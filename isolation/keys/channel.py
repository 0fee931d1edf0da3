"""The channel to a guest behind protection keys: what workers are to processes (isolation/channel.py)."""

from __future__ import annotations

from collections.abc import Mapping

from ...embed.errors import Crashed, IsolationError
from ..channel import START, Gone
from . import audit
from .guest import ENDED, LATE, SWITCHED, Guest
from .image import Image


class Keyed:
    """A guest in this process that can touch its arena of *size* bytes and no more. image: what it runs.

    Raises NoKeys, SetUpError. How it keeps the interface is said in isolation/channel.py.
    """

    level = "mpk"
    walls: Mapping[str, str]

    def __init__(self, image: Image, size: int) -> None:
        self._guest = guest = Guest(image, size)
        self.base, self.address, self.size = guest.base, guest.address, guest.size
        try:
            # Up to where it waits for its host.
            if not self._told(guest.run(START)):
                raise IsolationError(f"a guest did not start within {START:.0f} seconds")
        except Gone as gone:
            guest.close()
            raise IsolationError(f"a guest ended while it started: {gone.why}") from None
        except BaseException:
            guest.close()
            raise
        self.walls = {
            "protection keys": "two of its own, memory of the host cannot be touched",
            "arena": f"{size:,} bytes, all that it can write, and {guest.stack:,} bytes of stack",
            "code": "scanned, read-only, " + ("sealed" if image.sealed else "not sealed: this kernel cannot"),
            "thread": "of its own, without thread-local storage, signals blocked",
            "filter": "seccomp, of its thread: no system call",
        }

    @property
    def parkings(self) -> int:
        """How often its keys were given to another guest."""
        return self._guest.parkings

    @property
    def away(self) -> bool:
        """Whether the guest has control, as far as anybody was told."""
        return self._guest.has_control

    def switch(self, seconds: float | None = None) -> None:
        if self._told(self._guest.run(seconds)):
            return
        raise TimeoutError

    def await_(self, seconds: float | None = None) -> bool:
        return self._told(self._guest.wait(seconds))

    def _told(self, reason: int) -> bool:
        """Whether control came back."""
        if reason == LATE:
            return False
        if reason == SWITCHED:
            return True
        if reason == ENDED:
            raise Gone(None, Crashed(0, "its code came to its end"))
        raise Gone(None, self._guest.why())

    def lend(self, address: int, size: int) -> None:
        self._guest.lend(address, size)

    def kill(self) -> None:
        self._guest.kill()

    def close(self) -> None:
        self._guest.close()

    def peak(self) -> int | None:
        if self._guest.closed:
            return None
        return audit.resident(self.address - self._guest.stack, self.size + self._guest.stack)
