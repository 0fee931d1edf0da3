"""Guests behind protection keys that lie: what native code with the engine's rights can write into the mail is there
before the host reads it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tblvm.isolation import levels, mail
from tblvm.isolation.keys import channel

HUGE = (1 << 64) - 1


class Liar(channel.Keyed):
    """Lies whenever it hands over control, from the *honest*th time on."""

    rng: random.Random | None = None
    honest = 0

    def _told(self, reason: int) -> bool:
        came = super()._told(reason)
        if came and self.rng is not None:
            self.honest -= 1
            if self.honest < 0:
                self._lie(self.rng)
        return came

    def _lie(self, rng: random.Random) -> None:
        post = mail.mail_at(self.base)
        for _ in range(rng.randrange(1, 5)):
            place = rng.randrange(mail.WORDS + 4)
            if place == 0:
                post.kind = rng.choice((mail.ASK, mail.DONE, mail.CALL, mail.ANSWER, 0, 9, HUGE))
            elif place == 1:
                post.what = rng.choice((*range(12), 1 << 32, HUGE))
            elif place == 2:
                post.result = self._word(rng)
            elif place == 3:
                size = rng.choice((1, 100, len(post.text)))
                for at in range(size):
                    post.text[at] = rng.randrange(1, 256)
            else:
                post.words[place - 4] = self._word(rng)

    def _word(self, rng: random.Random) -> int:
        end = self.address + self.size
        near = rng.randrange(-16, 17)
        return (
            rng.choice(
                (near, self.address + near, end + near, rng.getrandbits(64), 1 << rng.randrange(64), HUGE, 0)
            )
            & HUGE
        )


@contextmanager
def lying(seed: int, honest: int) -> Iterator[list[Liar]]:
    """Programs at level mpk are loaded into such guests; gives those that were started."""
    rng, started = random.Random(seed), []

    class Started(Liar):
        def __init__(self, *given: object) -> None:
            super().__init__(*given)  # type: ignore[arg-type]
            self.rng, self.honest = rng, honest
            started.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(channel, "Keyed", Started)
        patch.setattr(levels, "_libraries", {})
        yield started
