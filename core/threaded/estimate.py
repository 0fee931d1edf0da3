"""What a program executes most, guessed from its loops and calls where no profile tells it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..superinstructions.profile import MAX_STRETCH, Stretch
from .foresight import LOOP, Foreseen, Part
from .variants import Variant

_ROUNDS = 4  # of calls: what is called from deeper than that counts no more
_MOST = LOOP**12


def estimated(functions: Sequence[Foreseen]) -> Iterator[Stretch]:
    """The straight-line code of a program with how often each instruction runs."""
    times = _times(functions)
    for function, often in zip(functions, times, strict=True):
        names: list[str] = []
        counts: list[int] = []
        for part, weight in zip(function.parts, function.weights, strict=True):
            names.append(part.names[0])
            counts.append(int(often * weight))
            if _ends(part) or len(names) == MAX_STRETCH:
                yield Stretch(tuple(names), tuple(counts))
                names, counts = [], []
        if names:
            yield Stretch(tuple(names), tuple(counts))


def _ends(part: Part) -> bool:
    """Whether control may go elsewhere behind it."""
    return part.form.shape.kind not in ("COMPUTE", "HOME") if isinstance(part, Variant) else part.may_end


def _times(functions: Sequence[Foreseen]) -> list[float]:
    """How often each function runs: as often as the place that calls it most; once where none is known."""
    # A function that calls itself does so as a loop does.
    times = [LOOP if any(callee == at for callee, _ in f.calls) else 1.0 for at, f in enumerate(functions)]
    own = list(times)
    for _ in range(_ROUNDS):
        found = list(own)
        for at, function in enumerate(functions):
            for callee, weight in function.calls:
                if callee != at and callee < len(found):
                    found[callee] = max(found[callee], min(_MOST, times[at] * weight * own[callee]))
        times = found
    return times
