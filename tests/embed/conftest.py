"""Programs for tests of the embedding, and what loads them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tblvm import Instance, Store

Load = Callable[..., Instance]


@pytest.fixture(params=["none", "process"])
def loads(request: pytest.FixtureRequest) -> Iterator[Load]:
    """Loads a program from its text, in a store of its own; what was loaded is closed at the end. Once in this
    process and once in workers: what a host sees is the same."""
    made: list[Instance] = []
    before = sys.getrecursionlimit()
    # Calls within each other are calls of Python, too, where the other side is behind a wall.
    sys.setrecursionlimit(max(before, 5000))

    def load(text: str, **given: Any) -> Instance:
        made.append(Store(**{"isolation": request.param, **given}).load(text.encode()))
        return made[-1]

    yield load
    for each in made:
        each.close()
    sys.setrecursionlimit(before)
