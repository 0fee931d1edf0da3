"""What an input costs in `tblvm.map`, beside a process for each of a composed executable, started by xargs.

    python bench/map.py [INPUTS]

The program is examples/fib.tba, run from its entry point (197,027 instructions), two at a time. Ratios are
of the fastest of several rounds of each, taken in turns: other work on the machine hits all alike. xargs
starts what was composed for this program alone, and gives it neither limits nor walls.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import tblvm

ROUNDS, WORKERS = 5, 2
PROGRAM = Path(__file__).parents[1] / "examples" / "fib.tba"
EXPECTED = b"fib(20) = 6765\n"


def by_xargs(executable: Path, count: int) -> None:
    lines = "".join(f"{each}\n" for each in range(count)).encode()
    words = ["xargs", "-P", str(WORKERS), "-I", "{}", str(executable)]
    done = subprocess.run(words, input=lines, capture_output=True, check=True)
    assert done.stdout == EXPECTED * count


def mapped(count: int, **how: object) -> None:
    found = list(tblvm.map(PROGRAM, [b""] * count, workers=WORKERS, **how))  # type: ignore[arg-type]
    assert [each.get() for each in found] == [EXPECTED] * count


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(WORKERS) as pool:
        executable = Path(folder) / "fib"
        code = "import sys; from tblvm.builder.cli import main; main(sys.argv[1:])"
        subprocess.run([sys.executable, "-c", code, "-q", str(PROGRAM), "-o", str(executable)], check=True)
        ways: dict[str, Callable[[], None]] = {
            "xargs -P 2, a composed executable": lambda: by_xargs(executable, count),
            "isolation none, threads": lambda: mapped(count, isolation="none"),
            "isolation none, ProcessPoolExecutor": lambda: mapped(count, isolation="none", executor=pool),
            "isolation process, threads": lambda: mapped(count, isolation="process"),
            "isolation process, ProcessPoolExecutor": lambda: mapped(
                count, isolation="process", executor=pool
            ),
        }
        best = dict.fromkeys(ways, float("inf"))
        for round_ in range(ROUNDS + 1):
            for name, way in ways.items():
                began = time.perf_counter()
                way()
                if round_:  # the first one builds, forks and reads
                    best[name] = min(best[name], time.perf_counter() - began)
    first = next(iter(best.values()))
    print(f"{count} inputs, {os.cpu_count()} processors\n")
    print("| | inputs a second | time, as a multiple |\n|---|---:|---:|")
    for name, seconds in best.items():
        print(f"| {name} | {count / seconds:,.0f} | {seconds / first:.2f} |")


if __name__ == "__main__":
    main()
