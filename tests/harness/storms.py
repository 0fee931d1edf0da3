"""Exceptions that a handler of a signal raises at any moment: Ctrl-C, many times over."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType


class Struck(Exception):
    """What the handler raises."""


def storm(function: Callable[[], object], files: tuple[str, ...], strikes: int) -> int:
    """Call *function* again and again in this thread, which is the main one, while signals raise Struck in it,
    wherever it is in *files* (ends of their paths); until there were so many, or a minute is over: how many there
    were."""
    main, over, struck, inside = threading.get_ident(), threading.Event(), 0, False

    def strike(number: int, frame: FrameType | None) -> None:
        if inside and frame is not None and frame.f_code.co_filename.endswith(files):
            raise Struck

    def send() -> None:
        while not over.is_set():
            signal.pthread_kill(main, signal.SIGUSR2)
            time.sleep(0)

    before = signal.signal(signal.SIGUSR2, strike)
    sender = threading.Thread(target=send)
    sender.start()
    end = time.monotonic() + 60
    try:
        while struck < strikes and time.monotonic() < end:
            try:
                inside = True
                function()
            except Struck:
                struck += 1
            finally:
                inside = False
    finally:
        over.set()
        sender.join()
        signal.signal(signal.SIGUSR2, before)
    return struck
