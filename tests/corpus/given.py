"""What drivers are given to work with."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from .manifest import Program

# Around the blocks of hash functions, of which 64, 128, 136, 144 and 168 bytes are the usual ones.
_EDGES = (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 55, 56, 57, 63, 64, 65, 111, 112, 113, 119, 120)
_EDGES += (
    127,
    128,
    129,
    135,
    136,
    137,
    143,
    144,
    145,
    167,
    168,
    169,
    240,
    241,
    255,
    256,
    257,
    1023,
    1024,
    1025,
)


@dataclass(frozen=True)
class Given:
    """program: the one that is used; seed: of all that is random; scale: how much there is to do, 1 for a
    sample."""

    program: Program
    seed: int
    scale: int

    def random(self) -> random.Random:
        """The same numbers each time, others for each program."""
        return random.Random(f"{self.seed} {self.program.name}")

    def messages(self, longest: int = 2000) -> Iterator[bytes]:
        """Bytes of lengths around the blocks of hash functions, then of any length up to *longest*."""
        numbers = self.random()
        for length in _EDGES:
            if length <= longest:
                yield numbers.randbytes(length)
        for _ in range(4 * self.scale):
            yield numbers.randbytes(numbers.randint(0, longest))
