"""Programs that attack, at each level that there is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.machine.levels import LEVELS

from .levels import Loads


@pytest.fixture(params=LEVELS)
def loads(request: pytest.FixtureRequest) -> Iterator[Loads]:
    made = Loads(request.param)
    yield made
    made.close()
