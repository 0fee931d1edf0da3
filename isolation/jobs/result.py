"""What came of one input."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from ...embed.report import Spent


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one input.

    index: its place among the inputs, from 0 on. input: the input itself. value: what the function gave,
    where one was called. status: the exit status, where the program was run from its entry point. output:
    what the program wrote, also where it failed. error: why there is nothing else: what `load`, `call` and
    `run` raise for a program that is stopped, WorkerLost, InputError, TypeError and OverflowError for
    arguments that do not fit, MemoryError; None where the program has ended by itself. spent: what its
    instance used up. seconds: on the clock, with making the instance. attempts: how often it was begun, as
    far as is known.
    """

    index: int
    input: Any = None
    value: Any = None
    status: int | None = None
    output: bytes = b""
    error: Exception | None = None
    spent: Spent = Spent()  # noqa: RUF009 - it is frozen
    seconds: float = 0.0
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
