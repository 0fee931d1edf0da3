"""C compilers: what all others are compared with."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tblvm.builder.toolchain import zig

from .engine import Command, Engine, plain
from .manifest import Program
from .process import Failed, found

GCC, ZIG = "gcc", "zig"


def compiled(folder: Path, command: Sequence[str], suffix: str, *sources: Path) -> Path:
    """What a compiler's command makes of the sources; from the folder where it is there already. Raises
    Failed."""
    key = hashlib.sha256("\0".join(command).encode())
    for source in sources:
        key.update(source.read_bytes())
    made = folder / f"{sources[0].stem}-{key.hexdigest()[:16]}{suffix}"
    if not made.exists():
        half = made.with_suffix(".half")
        done = subprocess.run(
            [*command, "-o", str(half), *map(str, sources), "-lm"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"{' '.join(command)} {sources[0]}:\n{done.stderr}")
        half.rename(made)
    return made


def _compiler(name: str, about: str, command: Sequence[str], tool: str, package: str) -> Engine:
    def prepare(program: Program, folder: Path) -> Command | None:
        source = program.source("c")
        return plain(str(compiled(folder, command, "", source))) if source else None

    return Engine(name, "native", about, lambda: "" if not tool or found(tool) else package, prepare)


def natives() -> list[Engine]:
    """gcc first: it is what ratios are to."""
    return [
        _compiler(GCC, "gcc -O2", ["gcc", "-O2"], "gcc", "gcc, libc6-dev (Debian)"),
        # What gcc and tbbuild compile for; by itself zig cc takes all that this processor has.
        _compiler(ZIG, "zig cc -O2", [str(zig()), "cc", "-O2", "-mcpu=baseline"], "", ""),
        _compiler("zig-native", "zig cc -O2, for this processor", [str(zig()), "cc", "-O2"], "", ""),
        _compiler("gcc-O0", "gcc -O0", ["gcc", "-O0"], "gcc", "gcc, libc6-dev (Debian)"),
    ]
