"""What there is one of in a process, whoever asks first."""

from __future__ import annotations

import threading

from tblvm.core.once import once


def test_threads_that_ask_at_the_same_time_get_the_same() -> None:
    count, begun = 8, threading.Barrier(8)
    made: list[object] = []

    @once
    def thing() -> object:
        """What it is."""
        # Long enough for others to come in, if they were let in.
        inside.acquire(timeout=0.05)
        made.append(object())
        return made[-1]

    inside = threading.Semaphore(0)
    got: list[object] = []

    def ask() -> None:
        begun.wait()
        got.append(thing())

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(made) == 1 and got == made * count and thing.__doc__ == "What it is."
