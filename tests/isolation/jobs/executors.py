"""Executors as others may write them."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any


class AtOnce(Executor):
    """Does what it is given before submit returns. waiting: what has been submitted and not asked for."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **more: Any) -> Future[Any]:
        future: Future[Any] = Future()
        finish(future, function, arguments)
        return future


class AnyOrder(Executor):
    """Does what waits in an order of its own, in one thread. breaks: of how many calls it fails at one, before or
    after the call; then it is broken for good, as pools of processes are."""

    def __init__(self, chance: random.Random, breaks: int = 0) -> None:
        self._chance, self._breaks = chance, breaks
        self._waiting: list[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]] = []
        self._changed = threading.Condition()
        self._closed = self._broken = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **more: Any) -> Future[Any]:
        future: Future[Any] = Future()
        with self._changed:
            if self._broken:
                raise BrokenExecutor("it broke")
            if self._closed:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._waiting.append((future, function, arguments))
            self._changed.notify()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        if wait:
            self._thread.join()

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                future, function, arguments = self._waiting.pop(self._chance.randrange(len(self._waiting)))
            if not future.set_running_or_notify_cancel():
                continue
            if self._breaks and self._chance.randrange(self._breaks) == 0:
                if self._chance.random() < 0.5:
                    function(*arguments)
                with self._changed:
                    self._broken = True
                    lost, self._waiting = [future, *(each[0] for each in self._waiting)], []
                for each in lost:
                    each.set_exception(BrokenExecutor("it broke"))
                continue
            finish(future, function, arguments)


def finish(future: Future[Any], function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        future.set_result(function(*arguments))
    except BaseException as error:
        future.set_exception(error)
