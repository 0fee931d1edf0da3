"""Input and output of embedded programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Any

MOST_OUTPUT = 16 << 20


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program has ended. status: its exit status. output: what it wrote, where nobody else got that;
    truncated: whether that is not all."""

    status: int
    output: bytes
    truncated: bool = False


class Console:
    """Where a context's input comes from, and where its output goes."""

    def __init__(self, stdin: bytes | str | IO[bytes] | None, stdout: Any) -> None:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        self._input = memoryview(data) if isinstance(data, (bytes, bytearray)) else None
        self._file: Any = data if self._input is None else None
        self._out = stdout
        self.kept = bytearray()
        self.truncated = False

    def read(self, most: int) -> bytes:
        if self._input is not None:
            taken, self._input = bytes(self._input[:most]), self._input[most:]
            return taken
        return bytes(self._file.read(most) or b"") if self._file is not None else b""

    def write(self, data: bytes) -> None:
        if self._out is not None:
            try:
                self._out.write(data)
            except TypeError:  # a stream of text
                self._out.write(data.decode("utf-8", "replace"))
            return
        room = MOST_OUTPUT - len(self.kept)
        self.kept += data[:room]
        self.truncated |= len(data) > room
