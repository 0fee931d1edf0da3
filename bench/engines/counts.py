"""Instructions of the processor by callgrind: figures that do not drift with what else the machine does."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from .engine import Engine
from .manifest import Program
from .measure import Amount
from .process import Failed, found

# Valgrind slows a program by fifty: this much of the work, and never less than one repetition.
SCALE = 0.1


def instructions(command: Sequence[str]) -> int:
    """That a command takes. Raises Failed."""
    words = [found("valgrind"), "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    counted = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or counted is None:
        raise Failed(f"{' '.join(words)} failed:\n{done.stderr[-500:]}")
    return int(counted[1])


def counts(
    programs: Sequence[Program],
    engines: Sequence[Engine],
    amount: Amount,
    folder: Path,
    tell: Callable[[str], None],
) -> tuple[dict[str, dict[str, int]], dict[str, str]]:
    """Program -> engine -> instructions of the work alone; and what failed. Of engines in processes of
    their own."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, dict[str, int]] = {}
    failed: dict[str, str] = {}
    if not found("valgrind"):
        return rows, {"count": "valgrind is not installed (bench/engines/peers.sh)"}
    for program in programs:
        repeats, size = amount.of(program)
        for engine in engines:
            if engine.group not in ("native", "ours"):
                continue
            tell(f"count: {program.name} on {engine.name}")
            try:
                command = engine.prepare(program, folder)
                if command is None:
                    continue
                full, empty = instructions(command(repeats, size)), instructions(command(0, size))
            except Failed as error:
                failed[f"{program.name} on {engine.name}"] = str(error)
                continue
            rows.setdefault(program.name, {})[engine.name] = full - empty
    return rows, failed
