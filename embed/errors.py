"""What goes wrong with embedded programs."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.errors import Portable, TblvmError

_FRAMES = 16


@dataclass(frozen=True, slots=True)
class Frame:
    """A place in a program: a function's name, its source file, the line, 0 where it is not known."""

    function: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.function} ({self.file}:{self.line})" if self.line else self.function


class Trap(Portable, Exception):
    """The machine has stopped the program for what it did.

    kind: the trap's name, as `tblvm ops` tells it ("DIVIDE_BY_ZERO", …). message: what it means. frames: the
    VM stack, innermost first. status: the exit status that a process has then. output: what the program had
    written, where `run` was to keep it. Where a host function failed, its exception is the cause.
    """

    def __init__(self, kind: str, message: str, frames: tuple[Frame, ...] = (), status: int = 134) -> None:
        self.kind, self.message, self.frames, self.status = kind, message, frames, status
        self.output = b""
        lines = [message, *(f"  at {frame}" for frame in frames[:_FRAMES])]
        if len(frames) > _FRAMES:
            lines.append(f"  and {len(frames) - _FRAMES} more frames")
        super().__init__("\n".join(lines))

    @property
    def function(self) -> str:
        """The function in which it happened, "" where there is none."""
        return self.frames[0].function if self.frames else ""

    @property
    def file(self) -> str:
        """Its source file."""
        return self.frames[0].file if self.frames else ""

    @property
    def line(self) -> int:
        """The line in it, 0 where it is not known."""
        return self.frames[0].line if self.frames else 0


class DeadlineExceeded(Trap, TimeoutError):
    """The call took longer than its timeout."""


class Halted(Exception):
    """The program has ended itself, by HALT, before it gave the results that were asked for."""


class InstanceBusy(RuntimeError):
    """The instance runs already: in another thread, or it is to be run or closed by a host function that it
    has called."""


class InstanceClosed(RuntimeError):
    """The instance was closed."""


class LoadError(TblvmError):
    """The module cannot be loaded. status: 4 it needs what is not there, 5 it is invalid, 6 it is too
    large."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class LinkError(LoadError):
    """The module imports what nobody gives, or gives otherwise. status: 4."""

    def __init__(self, message: str, status: int = 4) -> None:
        super().__init__(message, status)
