"""What came of one input."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one input.

    index: its place among the inputs, from 0 on. input: the input itself. value: what the function gave,
    where one was called. status: the exit status, where the program was run from its entry point. output:
    what the program wrote, also where it failed. truncated: whether that is not all. error: why there is
    nothing else: a Trap or what is beside it in tblvm's errors, WorkerLost, InputError, TypeError and
    OverflowError for arguments that do not fit, MemoryError; None where the program has ended by itself.
    spent: what it took: "seconds" on the clock, "fuel" in instructions. attempts: how often it was begun,
    as far as is known.
    """

    index: int
    input: Any = None
    value: Any = None
    status: int | None = None
    output: bytes = b""
    truncated: bool = False
    error: Exception | None = None
    spent: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 1

    def get(self) -> Any:
        """The value, or the output where the program was run from its entry point. Raises the error."""
        if self.error is not None:
            raise self.error
        return self.value if self.status is None else self.output

    def __reduce__(self) -> tuple[Callable[..., Result], tuple[Any, ...]]:
        # An exception leaves its cause behind when it is pickled, and what a host function raised may be
        # anything.
        cause = None if self.error is None else self.error.__cause__
        return _again, (_portable(cause), *(getattr(self, each.name) for each in fields(self)))


def _again(cause: BaseException | None, *values: Any) -> Result:
    made = Result(*values)
    if made.error is not None:
        made.error.__cause__ = cause
    return made


def _portable(error: BaseException | None) -> BaseException | None:
    """*error*, or one that says the same where it cannot be pickled and made again."""
    if error is None:
        return None
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever a class of somebody else's does
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
