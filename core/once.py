"""Things that there is one of in a process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

Thing = TypeVar("Thing")


def once(make: Callable[[], Thing]) -> Callable[[], Thing]:
    """A function that gives what *make* gives, which is called once. `functools.cache` calls it for each of
    the threads that ask at the same time, and gives each of them another thing."""
    made: list[Thing] = []
    lock = threading.Lock()

    @wraps(make)
    def get() -> Thing:
        if not made:
            with lock:
                if not made:
                    made.append(make())
        return made[0]

    return get
