"""How long builds take: a cold one beside the least that the same compiler can do, and one out of the cache
beside the least that Python with the same command-line library can do.

    python bench/build_time.py [RUNS]

`floor` is `zig cc -c` of an empty C file and `zig ld.lld` of the result, with empty caches: no build can be
faster. `python` starts the interpreter and imports click. The figures are medians of 5 runs unless RUNS says
otherwise; those that are compared run in turns.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tblvm.builder.compile import COMPILE_FLAGS
from tblvm.builder.toolchain import zig

PROGRAM = '.func main()\n    CONST "Hello, world!\\n"\n    PRINT\n    HALT\n.end\n'
TBBUILD = Path(sys.executable).with_name("tbbuild")


def environment(folder: Path) -> dict[str, str]:
    """Nothing is in the caches of the compiler, and ours are in *folder*."""
    return {
        **os.environ,
        "ZIG_GLOBAL_CACHE_DIR": str(folder / "global"),
        "ZIG_LOCAL_CACHE_DIR": str(folder / "local"),
        "TBLVM_CACHE_DIR": str(folder / "cache"),
    }


def build(folder: Path) -> None:
    (folder / "hello.tba").write_text(PROGRAM)
    subprocess.run([TBBUILD, "-q", "hello.tba"], cwd=folder, env=environment(folder), check=True)


def python(folder: Path) -> None:
    subprocess.run([sys.executable, "-c", "import click"], cwd=folder, check=True)


def floor(folder: Path) -> None:
    (folder / "empty.c").write_text("void _start(void);\nvoid _start(void) {}\n")
    flags = ["-target", "x86_64-linux-none", *COMPILE_FLAGS]
    compile_ = [str(zig()), "cc", *flags, "-c", "empty.c", "-o", "empty.o"]
    link = [str(zig()), "ld.lld", "-m", "elf_x86_64", "-static", "-e", "_start", "empty.o", "-o", "empty"]
    for command in (compile_, link):
        subprocess.run(command, cwd=folder, env=environment(folder), check=True)


def seconds(measured: Callable[[Path], None], folder: Path) -> float:
    start = time.perf_counter()
    measured(folder)
    return time.perf_counter() - start


def cold(measured: Callable[[Path], None]) -> float:
    with tempfile.TemporaryDirectory() as name:
        return seconds(measured, Path(name))


def show(figures: Iterable[tuple[str, list[float]]]) -> None:
    """A pair of medians, and their ratio."""
    medians = [(name, statistics.median(times)) for name, times in figures]
    for name, median in medians:
        print(f"{name:16} {median * 1000:7.0f} ms")
    print(f"{'ratio':16} {medians[0][1] / medians[1][1]:7.2f}")


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    builds, floors, hits, starts = [], [], [], []
    with tempfile.TemporaryDirectory() as name:
        warm = Path(name)
        build(warm)
        for _ in range(runs):
            builds.append(cold(build))
            floors.append(cold(floor))
            hits.append(seconds(build, warm))
            starts.append(seconds(python, warm))
    show([("tbbuild, cold", builds), ("floor", floors)])
    show([("tbbuild, cached", hits), ("python", starts)])


if __name__ == "__main__":
    main()
