"""Where the instructions of a function are, once the offsets in its branches have their lengths."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from ...core.code import write_leb

# A place in code whose branches have no offsets yet: bytes before it, and branches before it.
Place = tuple[int, int]


def laid_out(
    code: bytearray,
    branches: Sequence[tuple[int, int]],
    labels: Sequence[Place | None],
    places: Sequence[Place],
) -> tuple[bytes, list[int]]:
    """The code with the offsets of its branches in the fewest bytes, and where *places* are in it.

    branches: (bytes before it, label) of each, ascending; labels: where each one is.
    """
    if not branches:
        return bytes(code), [at for at, _ in places]
    sizes = [1] * len(branches)
    targets = []
    for _, label in branches:
        target = labels[label]
        assert target is not None
        targets.append(target)
    while True:  # lengths only grow, so this ends
        before = list(accumulate(sizes, initial=0))
        offsets = [at + before[passed] for at, passed in targets]
        if max(offsets) < 0x80:
            break
        wanted = [
            1 if offset < 0x80 else 2 if offset < 0x4000 else len(write_leb(offset)) for offset in offsets
        ]
        grown = [max(pair) for pair in zip(sizes, wanted, strict=True)]
        if grown == sizes:
            break
        sizes = grown
    pieces: list[bytes | bytearray] = []
    last = 0
    for (at, _), offset in zip(branches, offsets, strict=True):
        pieces.append(code[last:at])
        pieces.append(write_leb(offset))
        last = at
    pieces.append(code[last:])
    return b"".join(pieces), [at + before[passed] for at, passed in places]
