"""Runs of programs on engines, in turns, so that what else the machine does hits all alike.

What counts is the processor's time of the whole process, less that of a run of the same program that does
all but its work (no repetitions), the median of such runs. So all are measured alike, whatever clocks they
have, and another process that wants the processor is not in the figure; what a compiler's or collector's
threads take is. Hosts of WebAssembly in Python and JavaScript time the call of the program itself: of their
start nothing is of the engine.
"""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .engine import Command, Engine
from .manifest import Program
from .process import Failed, Took, run

Tell = Callable[[str], None]


@dataclass
class Samples:
    """What a program took on an engine, run by run.

    seconds: of its work, by the clock that was asked for; output: sha256 of what it printed; failed: why
    there is nothing. load: seconds to compile or load it, the median, where a host told.
    """

    program: str
    engine: str
    seconds: list[float] = field(default_factory=list)
    load: float = 0.0
    output: str = ""
    failed: str = ""


@dataclass(frozen=True)
class Amount:
    """How much is run: rounds that count, a factor for repetitions, whether sizes are the tiny ones; clock:
    "cpu" or "wall"."""

    rounds: int = 7
    scale: float = 1.0
    tiny: bool = False
    clock: str = "cpu"

    def of(self, program: Program) -> tuple[int, int]:
        """Repetitions and size."""
        if self.tiny:
            return 1, program.tiny
        return max(1, round(program.repeats * self.scale)), program.size


def prepared(
    engines: Sequence[Engine], program: Program, folder: Path, tell: Tell
) -> Iterator[tuple[Samples, Command | None]]:
    """Of each engine that has the program: where its figures go, and how to run it, unless it cannot be
    built."""
    for engine in engines:
        tell(f"{program.name}: building for {engine.name}")
        samples = Samples(program.name, engine.name)
        try:
            command = engine.prepare(program, folder)
        except Failed as error:
            samples.failed = str(error)
            yield samples, None
            continue
        if command is not None:
            yield samples, command


def measure(
    program: Program, commands: Sequence[tuple[Samples, Command | None]], amount: Amount, tell: Tell
) -> list[Samples]:
    """Each command in turn, in each round from the next one on; engines that fail are out."""
    repeats, size = amount.of(program)
    running = [(samples, command) for samples, command in commands if command is not None]
    empties: dict[str, list[Took]] = {samples.engine: [] for samples, _ in running}
    full: dict[str, list[Took]] = {samples.engine: [] for samples, _ in running}
    for number in range(amount.rounds):
        shift = number % len(running) if running else 0
        for samples, command in running[shift:] + running[:shift]:
            if samples.failed:
                continue
            tell(f"{program.name}: {samples.engine}, run {number + 1} of {amount.rounds}")
            try:
                took = run(command(repeats, size))
                if not took.timed:
                    empties[samples.engine].append(run(command(0, size)))
            except Failed as error:
                samples.failed = str(error)
                continue
            full[samples.engine].append(took)
    for samples, _ in running:
        if not samples.failed:
            _figures(samples, full[samples.engine], empties[samples.engine], amount.clock)
    return [samples for samples, _ in commands]


def _figures(samples: Samples, full: Sequence[Took], empty: Sequence[Took], clock: str) -> None:
    idle = statistics.median(getattr(each, clock) for each in empty) if empty else 0.0
    # A clock's tick is what the least program takes.
    samples.seconds = [max(getattr(each, clock) - idle, 1e-6) for each in full]
    samples.load = statistics.median(each.load for each in full)
    outputs = {hashlib.sha256(each.output).hexdigest() for each in full}
    samples.output = outputs.pop()
    if outputs:
        samples.failed = "its output is another one in another run"
