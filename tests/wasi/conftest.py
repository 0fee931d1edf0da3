"""Programs for WASI, compiled once."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tblvm.builder.toolchain import zig

HERE = Path(__file__).parent
FLAGS = ("-target", "wasm32-freestanding", "-nostdlib", "-O1", "-s", "-Wall", "-Wextra", "-Werror")
LINK = ("-Wl,--no-entry", "-Wl,--export=_start", f"-I{HERE / 'c'}")

Compile = Callable[[str], Path]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """A module of C: the name of a file in c/, or a text."""
    made: dict[str, Path] = {}

    def compile_(source: str) -> Path:
        if source not in made:
            folder = tmp_path_factory.mktemp("wasi")
            name = source.removesuffix(".c") if source.endswith(".c") else "program"
            text = (HERE / "c" / source).read_text() if source.endswith(".c") else source
            (folder / f"{name}.c").write_text(text)
            made[source] = folder / f"{name}.wasm"
            words = [str(zig()), "cc", *FLAGS, *LINK, str(folder / f"{name}.c"), "-o", str(made[source])]
            subprocess.run(words, check=True)
        return made[source]

    return compile_
