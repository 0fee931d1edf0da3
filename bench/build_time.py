"""How long a cold build takes, beside the least that the same compiler can do.

    python bench/build_time.py [RUNS]

Each run starts with empty caches. `floor` is `zig cc -c` of an empty C file and `zig ld.lld` of the
result: no build can be faster. The figures are medians of 5 runs unless RUNS says otherwise.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tblvm.builder.compile import COMPILE_FLAGS
from tblvm.builder.toolchain import zig

PROGRAM = '.func main()\n    CONST "Hello, world!\\n"\n    PRINT\n    HALT\n.end\n'
TBBUILD = Path(sys.executable).with_name("tbbuild")


def cold(folder: Path) -> dict[str, str]:
    """An environment in which the compiler has nothing in its caches."""
    return {
        **os.environ,
        "ZIG_GLOBAL_CACHE_DIR": str(folder / "global"),
        "ZIG_LOCAL_CACHE_DIR": str(folder / "local"),
    }


def build(folder: Path) -> None:
    (folder / "hello.tba").write_text(PROGRAM)
    subprocess.run([TBBUILD, "-q", "hello.tba"], cwd=folder, env=cold(folder), check=True)


def floor(folder: Path) -> None:
    (folder / "empty.c").write_text("void _start(void);\nvoid _start(void) {}\n")
    compile_ = [
        str(zig()),
        "cc",
        "-target",
        "x86_64-linux-none",
        *COMPILE_FLAGS,
        "-c",
        "empty.c",
        "-o",
        "empty.o",
    ]
    link = [str(zig()), "ld.lld", "-m", "elf_x86_64", "-static", "-e", "_start", "empty.o", "-o", "empty"]
    for command in (compile_, link):
        subprocess.run(command, cwd=folder, env=cold(folder), check=True)


def median(measured: Callable[[Path], None], runs: int) -> float:
    times = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as name:
            start = time.perf_counter()
            measured(Path(name))
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    found = {"floor": median(floor, runs), "tbbuild, cold": median(build, runs)}
    for name, seconds in found.items():
        print(f"{name:14} {seconds * 1000:7.0f} ms")
    print(f"{'ratio':14} {found['tbbuild, cold'] / found['floor']:7.2f}")


if __name__ == "__main__":
    main()
