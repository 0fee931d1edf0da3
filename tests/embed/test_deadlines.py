"""The clock of deadlines when exceptions of signals' handlers come at any moment."""

from __future__ import annotations

import threading

from tblvm.embed.deadlines import Clock
from tests.harness.storms import storm


def test_whoever_is_interrupted_leaves_the_clock_to_others() -> None:
    clock = Clock()
    assert storm(lambda: clock.start(1000, print).over(), ("deadlines.py", "threading.py"), 300) > 0
    came = threading.Event()
    other = threading.Thread(target=lambda: clock.start(0.001, came.set), daemon=True)
    other.start()
    other.join(60)
    assert not other.is_alive() and came.wait(60)
