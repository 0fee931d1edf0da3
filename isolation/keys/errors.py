"""What goes wrong with protection keys."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

from ...embed.errors import IsolationError
from ...embed.errors import Violation as Violated


class NoKeys(IsolationError):
    """Protection keys cannot be had. reason: "machine", "cpu", "kernel", "forbidden" or "taken"."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


class SetUpError(IsolationError):
    """A step of the set-up was refused by the system: nothing was left half done. step: what it was for;
    number: of the error."""

    def __init__(self, step: str, number: int) -> None:
        self.step, self.number = step, number
        super().__init__(f"protection keys: {step}: {os.strerror(number)}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What stopped an access, as the system has told it.

    signal, code: of the signal. address: that could not be touched. pc: of the instruction. access: "read",
    "write" or "execute". key: the key that forbade it, None where it was none. rights: PKRU at that time.
    call: number of a system call that the filter stopped, None for none.
    """

    signal: int
    code: int
    address: int
    pc: int
    access: str
    key: int | None
    rights: int
    call: int | None

    @property
    def name(self) -> str:
        """The signal's."""
        return signal.Signals(self.signal).name if self.signal else ""


class Violation(Violated):
    """The processor has stopped an access. Besides domain, address, access and key: pc, the address of the
    instruction; function: what it belongs to in the image, as name+offset, "" where that is not known."""

    def __init__(self, domain: str, fault: Fault, function: str = "") -> None:
        super().__init__(domain, fault.address, fault.access, fault.key)
        self.pc, self.function_ = fault.pc, function
        self.fault = fault


def checked(step: str, result: int) -> int:
    """*result*, of a function of the supervisor. Raises SetUpError, NoKeys where it is an error."""
    if result >= 0:
        return result
    raise SetUpError(step, -result)


__all__ = ["Fault", "NoKeys", "SetUpError", "Violation", "checked"]
