"""Hosts in C: programs of a system's own compiler with the header and the library that tbbuild wrote."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from tblvm.builder.cli import main
from tblvm.core.registry import Registry

from .programs import (
    LOADING,
    NARROW,
    NARROW_TEXT,
    NUL,
    OWNER_TEXT,
    SHARER_TEXT,
    SHARING,
    WIDE,
    WIDE_TEXT,
    module,
    told,
    with_zeros,
)

C = Path(__file__).parent / "c"
STRICT = ("-Wall", "-Wextra", "-Werror", "-pedantic")


@dataclass(frozen=True)
class Libraries:
    """program: built for the program narrow; compiled: the same by engine aot; general: for modules. narrow: the
    program's module."""

    program: Path
    compiled: Path
    general: Path
    narrow: Path
    registry: Registry

    def exercises(self) -> bytes:
        wide = module(WIDE_TEXT, self.registry)
        narrow = self.narrow.read_bytes()
        shared = [(SHARING, module(each, self.registry)) for each in (OWNER_TEXT, SHARER_TEXT)]
        modules = [(NARROW, narrow), (WIDE, wide), (LOADING, narrow), (NUL, with_zeros(self.registry))]
        return told([*modules, *shared])


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Libraries:
    folder = tmp_path_factory.mktemp("libraries")
    text = folder / "module.tba"
    text.write_text(NARROW_TEXT)
    one, two, three = (folder / name for name in ("one", "two", "three"))
    files = (one / "program.so", three / "compiled.so", two / "general.so", folder / "n.tbc")
    made = Libraries(*files, registry)
    made.narrow.write_bytes(module(NARROW_TEXT, registry))
    for words, path in (
        ([str(text)], made.program),
        ([str(text), "--engine", "aot"], made.compiled),
        (["--features", "collector"], made.general),
    ):
        path.parent.mkdir()
        given = ["--artifact", "shared", "--report", "none", *words, "-o", str(path)]
        done = CliRunner().invoke(main, given)
        assert done.exit_code == 0, done.output
        assert (path.parent / "tblvm.h").is_file()
    return made


def compiled(compiler: str, standard: str, sources: Sequence[str], header: Path, *more: str | Path) -> Path:
    """The program of *sources*, with the tblvm.h beside *header*."""
    program = header.parent / Path(sources[0]).stem
    files = [C / each for each in sources]
    words = [compiler, standard, *STRICT, "-O2", f"-I{header.parent}", *files, "-o", program, *more]
    subprocess.run(words, check=True)
    return program


def output(*words: str | Path, stdin: bytes = b"") -> str:
    done = subprocess.run(words, input=stdin, capture_output=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.stderr == b""
    return done.stdout.decode()


HOST = ("main.c", "exercise.c", "around.c")


@pytest.mark.parametrize("engine", ["switch", "aot"])
def test_a_library_with_its_program_inside(engine: str, libraries: Libraries) -> None:
    library = libraries.compiled if engine == "aot" else libraries.program
    host = compiled("gcc", "-std=c11", HOST, library, library, "-pthread")
    said = output(host, stdin=told([(NARROW, b"")]))
    assert said.endswith("all is well\nthe host too\n")
    assert "turns s[B>[Bs\n" in said and "deeply [[fa[s>[[fa\n" in said


def test_a_library_for_modules(libraries: Libraries) -> None:
    library = libraries.general
    host = compiled("gcc", "-std=c11", (*HOST, "sharing.c"), library, library, "-pthread")
    said = output(host, libraries.narrow, stdin=libraries.exercises())
    assert said.endswith("all is well\nthe host too\n")


def test_two_libraries_in_one_process(libraries: Libraries) -> None:
    host = compiled("gcc", "-std=c11", ("two.c",), libraries.general, "-ldl")
    said = output(host, libraries.program, libraries.general, libraries.narrow)
    assert said == "neither disturbs the other\n"


def test_the_header_in_cplusplus(libraries: Libraries) -> None:
    library = libraries.program
    host = compiled("g++", "-std=c++17", ("header.cc",), library, library)
    assert output(host) == "DIVIDE_BY_ZERO\n"
