"""Ratios: of a program's time on an engine to that on the base, in the same round."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .measure import Samples

NINE = 9


@dataclass(frozen=True)
class Ratio:
    """The median of a program's ratios, and their quartiles."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True)
class Results:
    """What was measured. base: the engine that ratios are to; samples: program -> engine -> what it took;
    nine: programs of geo9."""

    base: str
    samples: Mapping[str, Mapping[str, Samples]]
    nine: Sequence[str]

    def ratio(self, program: str, engine: str) -> Ratio | None:
        """None where one of both has nothing."""
        base = self.samples.get(program, {}).get(self.base)
        ours = self.samples.get(program, {}).get(engine)
        if not base or not ours or base.failed or ours.failed:
            return None
        each = [one / other for one, other in zip(ours.seconds, base.seconds, strict=False)]
        if len(each) < 2:
            return Ratio(each[0], each[0], each[0]) if each else None
        low, middle, high = statistics.quantiles(each, n=4, method="inclusive")
        return Ratio(middle, low, high)

    def geo(self, engine: str, programs: Iterable[str]) -> float | None:
        """The geometric mean over these programs, None where one of them has no ratio."""
        found = [self.ratio(program, engine) for program in programs]
        if not found or None in found:
            return None
        return math.exp(statistics.fmean(math.log(each.middle) for each in found if each))

    def geo9(self, engine: str) -> float | None:
        """The geometric mean over the nine, None where one of them is missing."""
        return self.geo(engine, self.nine) if len(self.nine) == NINE else None

    @property
    def mean(self) -> str:
        """What the mean over *nine* is called: geo9 where all nine are there."""
        return "geo9" if len(self.nine) == NINE else "geo"

    def engines(self) -> list[str]:
        """All that have anything, in the order of the first program that has them."""
        return list(dict.fromkeys(name for each in self.samples.values() for name in each))

    def errors(self) -> list[str]:
        """What failed, and outputs that are not the base's."""
        found = []
        for program, engines in self.samples.items():
            base = engines.get(self.base)
            for name, samples in engines.items():
                if samples.failed:
                    found.append(f"{program} on {name}: {samples.failed}")
                elif base and not base.failed and samples.output != base.output:
                    found.append(f"{program} on {name}: it does not print what {self.base} does")
        return found
