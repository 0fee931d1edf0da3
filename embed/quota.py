"""Output quotas: how much a program may write."""

from __future__ import annotations

from typing import Any


class Quota:
    """What an instance writes, to standard output and standard error in all. written: bytes that have
    arrived, of at most *most*, None for any number. context: the instance's, in C."""

    __slots__ = ("context", "most", "written")

    def __init__(self, context: Any, most: int | None) -> None:
        self.context, self.most, self.written = context, most, 0

    def take(self, data: bytes) -> bytes:
        """What of *data* may be written; less than all of it where the quota is reached."""
        if self.most is not None:
            data = data[: max(0, self.most - self.written)]
        self.written += len(data)
        return data
