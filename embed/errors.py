"""What goes wrong with embedded programs."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from ..core.errors import HostError, Portable, TblvmError

_FRAMES = 16


@dataclass(frozen=True, slots=True)
class Frame:
    """A place in a program: a function's name, its source file, the line, 0 where it is not known."""

    function: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.function} ({self.file}:{self.line})" if self.line else self.function


class Stopped(Portable, Exception):
    """Base of what ends a program from outside or for what it did.

    message: why, in one line. frames: the VM stack, innermost first, as far as it is known. status: the exit
    status that a process has then. output: what the program had written, where `run` was to keep it.
    """

    def __init__(self, message: str, frames: tuple[Frame, ...] = (), status: int = 134) -> None:
        self.message, self.frames, self.status = message, frames, status
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


class Trap(Stopped):
    """The machine has stopped the program for what it did.

    kind: the trap's name, as `tblvm ops` tells it ("DIVIDE_BY_ZERO", …). Where a host function failed, its
    exception is the cause. The rest is as for Stopped.
    """

    def __init__(self, kind: str, message: str, frames: tuple[Frame, ...] = (), status: int = 134) -> None:
        super().__init__(message, frames, status)
        self.kind = kind


class DeadlineExceeded(Trap, TimeoutError):
    """The call took longer than its timeout."""


class FuelExhausted(Trap):
    """It has executed more instructions than it had fuel for."""


class MemoryExceeded(Trap):
    """The heap has no room for what it wanted, which limit `memory` decides."""


class StackExceeded(Trap):
    """Its calls, or those of its host within it, go deeper than limit `stack` allows."""


class OutputExceeded(Trap):
    """It has written more than limit `output` allows: so much has arrived, and nothing beyond it."""


# Kinds of traps that say that a limit was reached.
LIMIT_REACHED = {
    "OUT_OF_FUEL": FuelExhausted,
    "OUT_OF_MEMORY": MemoryExceeded,
    "STACK_OVERFLOW": StackExceeded,
}


class SandboxError(Exception):
    """Base of what isolation tells: a wall has stopped the program, or cannot be had."""


class Violation(SandboxError, Stopped):
    """The processor has stopped an access to memory that is not the program's.

    domain: whose it is, as in "host" or "VM_CORE"; "" where nobody knows. address: where. access: "read",
    "write" or "execute". key: the protection key of that memory, None where none is known.
    """

    def __init__(
        self,
        domain: str,
        address: int,
        access: str,
        key: int | None = None,
        frames: tuple[Frame, ...] = (),
    ) -> None:
        self.domain, self.address, self.access, self.key = domain, address, access, key
        whose = f"memory of {domain}" if domain else "memory that is not its own"
        tagged = "" if key is None else f", key {key}"
        Stopped.__init__(
            self, f"stopped at a wall: {access} of {whose}, address {address:#x}{tagged}", frames
        )


class Blocked(SandboxError, Stopped):
    """It has made a system call that no guest may make. call: its name, or number as text."""

    def __init__(self, call: str, frames: tuple[Frame, ...] = ()) -> None:
        self.call = call
        Stopped.__init__(self, f"stopped at a wall: system call {call}", frames)


class Crashed(SandboxError, Stopped):
    """What runs the program has ended in a way that no program can bring about in a sound runtime, or was
    ended from outside. signal: the number of the signal, 0 where there was none. note: what is known besides.
    """

    def __init__(self, signal: int, note: str = "", frames: tuple[Frame, ...] = ()) -> None:
        self.signal, self.note = signal, note
        by = f"by signal {signal} ({_signal_name(signal)})" if signal else "without a word"
        Stopped.__init__(self, f"the sandbox ended {by}{': ' if note else ''}{note}", frames)


class IsolationError(HostError, SandboxError):
    """This machine cannot isolate programs as was asked. status: 6."""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


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


class TooLarge(LoadError):
    """The module asks for more memory than a limit allows, or the machine has. status: 6."""

    def __init__(self, message: str, status: int = 6) -> None:
        super().__init__(message, status)


class LinkError(LoadError):
    """The module imports what nobody gives, or gives otherwise. status: 4."""

    def __init__(self, message: str, status: int = 4) -> None:
        super().__init__(message, status)
