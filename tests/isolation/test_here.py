"""That the machine which these tests run on is what it is meant to be; what keys do is tried by tests/attacks/raw."""

from __future__ import annotations

import os

import pytest

from tests.machine.keys import INSIDE, has_keys

pytestmark = pytest.mark.skipif(INSIDE not in os.environ, reason="about the emulated machine")


def test_it_has_keys() -> None:
    assert has_keys()


def test_it_has_the_kernel_that_was_asked_for() -> None:
    assert os.uname().release.startswith(f"{os.environ[INSIDE]}.")


def test_it_has_processors_for_races() -> None:
    assert len(os.sched_getaffinity(0)) >= 2
