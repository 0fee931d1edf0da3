"""Functions of the host whose caller has a deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from ..embed import part

# Seconds between two looks at whether the time is up.
_LOOK = 0.02


class _Work:
    """One function that runs, and what came of it."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function, self.behalf = function, part.Behalf(part.me())
        # Released when it is done. Locks and simple queues are no Python: an exception that a handler of a
        # signal raises finds them taken or not, and nothing in between.
        self.done = threading.Lock()
        self.done.acquire()
        self.result: Any = None
        self.raised: BaseException | None = None


class Helper:
    """A thread in which functions of the host run whose caller has a deadline: nobody waits for ever."""

    def __init__(self) -> None:
        # None: no more.
        self._wanted: SimpleQueue[_Work | None] = SimpleQueue()
        self._busy = False
        self._thread = threading.Thread(target=self._work, name="tblvm host function", daemon=True)
        self._thread.start()
        self.ident = self._thread.ident or 0

    def free(self) -> bool:
        """Whether it can run one now."""
        return not self._busy and self._thread.is_alive()

    def run(self, function: Callable[[], Any], late: Callable[[], bool], otherwise: int) -> Any:
        """What *function* gives; *otherwise* once it is *late*: it is left behind then, and so is this, as
        they are when the wait is ended by an exception."""
        work = _Work(function)
        self._busy = True
        try:
            self._wanted.put(work)
            while not work.done.acquire(timeout=_LOOK):
                if late():
                    self._leave(work)
                    return otherwise
        except BaseException:
            self._leave(work)
            raise
        if work.raised is not None:
            raise work.raised
        return work.result

    def _leave(self, work: _Work) -> None:
        """Nobody asks for what comes of it any more; the thread ends when the function does."""
        work.behalf.left = True
        self.end()

    def end(self) -> None:
        """It ends when what it runs does."""
        self._wanted.put(None)

    def _work(self) -> None:
        while True:
            work = self._wanted.get()
            if work is None:
                return
            part.acting.behalf = work.behalf
            try:
                work.result = work.function()
            except BaseException as error:
                work.raised = error
            self._busy = False
            work.done.release()
            del work
