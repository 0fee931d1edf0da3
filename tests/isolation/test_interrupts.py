"""Interrupts of programs in sandboxes."""

from __future__ import annotations

import threading

import pytest

import tblvm
from tblvm.embed.deadlines import Deadline

SPIN = b""".export spin
.func main() -> i32
  PUSH 0
  RET
.end
.func spin() -> i32
again:
  JMP again
.end
"""


@pytest.mark.parametrize("level", ["process", "auto"])
def test_who_ends_a_call_has_no_lock_that_the_clock_wants(
    level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock holds a deadline's lock while it looks at the guest: whoever ends that deadline with the guest's lock
    would wait for the clock, and the clock for him."""
    with tblvm.load(SPIN, isolation=level) as vm:
        guest, over, ended, held = vm._lib.guest(vm._context), Deadline.over, threading.Event(), []

        def told(deadline: Deadline) -> None:
            held.append(guest._lock.locked())
            over(deadline)

        def interrupt() -> None:
            while not ended.wait(0.01):
                vm.interrupt()

        monkeypatch.setattr(Deadline, "over", told)
        other = threading.Thread(target=interrupt)
        other.start()
        with pytest.raises(tblvm.Trap, match="interrupted"):
            vm.call("spin")
        ended.set()
        other.join()
    assert held and not held[0]
