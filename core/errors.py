"""Errors that people see: one clear message with the way out, and an exit status.

Status: 1 diagnostics in a source, 2 usage, 3 toolchain or build, 4 budget or deny exceeded, 5 invalid
module, 6 the host cannot offer what was asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def restored(kind: type[BaseException], text: str, state: dict[str, Any]) -> BaseException:
    """An exception as it was: pickle would call its class with the text, which is made of what it takes."""
    error = kind.__new__(kind)
    error.args = (text,)
    error.__dict__.update(state)
    return error


class Portable:
    """Exceptions that can be pickled, and so come back from another process."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return restored, (type(self), str(self), self.__dict__)


class TblvmError(Portable, Exception):
    """Base of what the command-line tools report without a traceback."""

    status = 1


class UsageError(TblvmError):
    """What was asked for makes no sense: an unknown feature, option or file."""

    status = 2


class BuildError(TblvmError):
    """The toolchain is missing or failed."""

    status = 3


class PolicyError(TblvmError):
    """The program needs what was excluded, or exceeds its budget."""

    status = 4


class HostError(TblvmError):
    """This machine cannot do what was asked."""

    status = 6


class ModuleError(TblvmError):
    """A module is malformed or fails verification.

    function: name of the function, "" when the module as a whole is meant; offset: of the instruction,
    from the function's start, -1 for none; line: in the source, 0 when not known.
    """

    status = 5

    def __init__(self, message: str, function: str = "", offset: int = -1, line: int = 0) -> None:
        self.message, self.function, self.offset, self.line = message, function, offset, line
        where = f"function {function}" if function else "module"
        if offset >= 0:
            where += f", offset {offset}"
        if line:
            where += f", line {line}"
        super().__init__(f"{where}: {message}")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message about a place in a source: line and column count from 1; length in characters."""

    message: str
    line: int
    column: int
    length: int = 1


class SourceError(TblvmError):
    """A source does not translate. Shows the place with a caret under it."""

    def __init__(self, diagnostic: Diagnostic, source: str, file: str) -> None:
        self.diagnostic, self.file = diagnostic, file
        lines = source.splitlines()
        text = lines[diagnostic.line - 1] if 0 < diagnostic.line <= len(lines) else ""
        indent = "".join(c if c == "\t" else " " for c in text[: diagnostic.column - 1])
        caret = "^" * max(1, min(diagnostic.length, len(text) - diagnostic.column + 1))
        super().__init__(
            f"{file}:{diagnostic.line}:{diagnostic.column}: {diagnostic.message}\n"
            f"    {text}\n    {indent}{caret}"
        )
