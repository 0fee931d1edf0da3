"""Input and output of embedded programs."""

from __future__ import annotations

import codecs
import io
from dataclasses import dataclass
from typing import IO, Any

from ..core.errors import UsageError

MOST_OUTPUT = 16 << 20


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program has ended. status: its exit status. output: what it wrote, where nobody else got that;
    truncated: whether that is not all."""

    status: int
    output: bytes
    truncated: bool = False


class Console:
    """Where a context's input comes from, and where its output goes: files of bytes, or of text, as UTF-8.

    Raises UsageError for what is neither.
    """

    def __init__(self, stdin: bytes | str | IO[bytes] | IO[str] | None, stdout: Any) -> None:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        given = isinstance(data, (bytes, bytearray, memoryview))
        if not (given or data is None or callable(getattr(data, "read", None))):
            raise UsageError(f"stdin is bytes, text or a file that is open, not {type(data).__name__}")
        if stdout is not None and not callable(getattr(stdout, "write", None)):
            raise UsageError(f"stdout is a file that is open, not {type(stdout).__name__}")
        self._input = _octets(data if given else b"")
        self._file: Any = None if given else data
        self._out = stdout
        self._text: codecs.IncrementalDecoder | None = None
        self.kept = bytearray()
        self.truncated = False

    def read(self, most: int) -> bytes:
        """Up to *most* bytes; none at the end."""
        if not self._input and self._file is not None:
            # A file of text, or one that is not what it seems, gives more bytes than it was asked for.
            self._input = _octets(self._file.read(most) or b"")
        taken, self._input = bytes(self._input[:most]), self._input[most:]
        return taken

    def waits_for(self) -> int | None:
        """The descriptor that the next read waits for, None where it has something, or nobody knows."""
        if self._input or not isinstance(self._file, io.RawIOBase):
            return None
        try:
            return self._file.fileno()
        except OSError:
            return None

    def write(self, data: bytes) -> None:
        """Takes all of *data*."""
        if self._text is not None:
            self._out.write(self._text.decode(data))
            return
        if self._out is not None:
            try:
                while data:  # a file without a buffer may take a part
                    data = data[self._out.write(data) or len(data) :]
            except TypeError:
                if not _is_text(self._out):
                    raise
                # A character's bytes may come in two pieces.
                self._text = codecs.getincrementaldecoder("utf-8")("replace")
                self.write(data)
            return
        room = MOST_OUTPUT - len(self.kept)
        self.kept += data[:room]
        self.truncated |= len(data) > room

    def end(self) -> None:
        """Nothing more will be written: half a character is told as one that is broken."""
        if self._text is not None:
            self._out.write(self._text.decode(b"", final=True))


def _octets(data: Any) -> memoryview:
    return memoryview(data.encode() if isinstance(data, str) else data).cast("B")


def _is_text(file: Any) -> bool:
    try:
        file.write("")
    except TypeError:
        return False
    return True
