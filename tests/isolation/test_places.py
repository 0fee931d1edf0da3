"""Who has which keys, when exceptions of signals' handlers come at any moment. No keys are needed for that."""

from __future__ import annotations

import threading

from tblvm.isolation.keys.places import Pair, Places
from tests.harness.storms import storm


class Tenant:
    def move(self, pair: Pair) -> None:
        pass


def test_whoever_is_interrupted_leaves_the_keys_to_others() -> None:
    places, tenant = Places(), Tenant()
    places._free = [(1, 2)]

    def turn() -> None:
        places.start(tenant)
        places.stop(tenant)

    assert storm(turn, ("places.py", "threading.py"), 300) > 0
    other = threading.Thread(target=turn, daemon=True)
    other.start()
    other.join(60)
    assert not other.is_alive()


def test_whoever_waits_looks_by_himself() -> None:
    """Who was to tell him may have been interrupted."""
    places, first, second = Places(), Tenant(), Tenant()
    places._free, places._take = [(1, 2)], lambda: places._free.pop() if places._free else None  # type: ignore[method-assign]
    places.start(first)
    waiter = threading.Thread(target=places.start, args=(second,), daemon=True)
    waiter.start()
    with places._lock:
        places._free.append((1, 2))
    waiter.join(60)
    assert not waiter.is_alive() and places.waits <= 1
