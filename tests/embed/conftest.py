"""Programs for tests of the embedding, and what loads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tblvm import Instance, Store

Load = Callable[..., Instance]


@pytest.fixture
def loads() -> Iterator[Load]:
    """Loads a program from its text, in a store of its own; what was loaded is closed at the end."""
    made: list[Instance] = []

    def load(text: str, **given: Any) -> Instance:
        made.append(Store(**given).load(text.encode()))
        return made[-1]

    yield load
    for each in made:
        each.close()
