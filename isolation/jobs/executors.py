"""Executors: one that is made here, one that is given, or what makes them."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from typing import Any

from ...core.errors import UsageError

Given = Executor | Callable[[], Executor] | None


class Supply:
    """Takes calls to an executor. given: one, which is used and left as it is; what makes one, which is
    called again where the one before broke; None for threads. workers: how many, None for as many as it
    has, or as there are processors. Raises UsageError."""

    def __init__(self, given: Given, workers: int | None) -> None:
        if workers is not None and not (isinstance(workers, int) and workers > 0):
            raise UsageError(f"workers is a number from 1 on, not {workers!r}")
        if isinstance(given, type) or not callable(getattr(given, "submit", None)):
            if given is not None and not callable(given):
                raise UsageError(
                    "an executor has a method submit, or is a function that makes one, "
                    f"not {type(given).__name__}"
                )
            self._make: Callable[[], Any] | None = given or self._threads
            self._executor: Any = None
        else:
            self._make, self._executor = None, given
        # What an executor has is no part of the interface; those of the standard library tell it so.
        size = getattr(self._executor, "_max_workers", None)
        self.workers: int = workers or (size if isinstance(size, int) and size > 0 else _processors())

    def _threads(self) -> Executor:
        return ThreadPoolExecutor(self.workers, thread_name_prefix="tblvm-map")

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have *function* called. Raises BrokenExecutor and RuntimeError where that cannot be done any
        more."""
        if self._executor is not None:
            try:
                return self._executor.submit(function, *arguments)  # type: ignore[no-any-return]
            except BrokenExecutor:
                if self._make is None:
                    raise
                self._executor.shutdown(wait=False)
        assert self._make is not None
        self._executor = self._make()
        return self._executor.submit(function, *arguments)  # type: ignore[no-any-return]

    def close(self, *, wait: bool) -> None:
        """Nothing more will be submitted. wait: until what was is done."""
        if self._make is not None and self._executor is not None:
            self._executor.shutdown(wait=wait, cancel_futures=True)
            self._executor = None


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
