"""Bytes: of executables, of runtimes that load modules, and of peers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from elftools.elf.elffile import ELFFile

from tblvm.builder.toolchain import zig
from tblvm.core.registry import load

from .manifest import programs
from .native import compiled
from .ours import TBBUILD, variants
from .process import Failed, found, run
from .starts import HELLO, wasmtime
from .wasm import module

# A runtime that is compared with other interpreters: these opcodes, and no stack traces left out.
GENERAL = "int,long,double,linear"
SHOWN = ("fib", "json")


@dataclass(frozen=True)
class Size:
    """code: bytes of text and rodata, all that is loaded and not written; file: of the file; runtime: of
    *code*, what is no program's, where that is known."""

    name: str
    code: int
    file: int
    runtime: int | None = None


def loaded(file: Path) -> int:
    """Bytes of an ELF file that are loaded and cannot be written."""
    with file.open("rb") as stream:
        segments = [each for each in ELFFile(stream).iter_segments() if each["p_type"] == "PT_LOAD"]
        return sum(int(each["p_filesz"]) for each in segments if not each["p_flags"] & 2)


def _ours(name: str, place: Path, *words: str) -> Size:
    told = json.loads(run([TBBUILD, "--json", *words, "-o", str(place)]).output)
    return Size(name, loaded(place), place.stat().st_size, int(told["runtime_bytes"]))


def _c(folder: Path, source: Path, what: str) -> Iterator[Size]:
    for name, command, suffix in (
        ("gcc -Os, static", ["gcc", "-Os", "-static", "-s"], "-static"),
        ("gcc -Os, without libc", ["gcc", "-Os", "-s"], ""),
        ("zig cc -Os, static (musl)", [str(zig()), "cc", "--target=x86_64-linux-musl", "-Os", "-s"], "-musl"),
    ):
        made = compiled(folder, command, suffix, source)
        yield Size(f"{what}: {name}", loaded(made), made.stat().st_size)


def executables(folder: Path, tell: Callable[[str], None]) -> Iterator[Size]:
    """Hello and some of the programs, by C compilers and by our engines."""
    known = programs()
    yield from _c(folder, HELLO, "hello")
    for name in SHOWN:
        source = known[name].source("c")
        assert source is not None
        yield from _c(folder, source, name)
    for engine in load().engines:
        for name, source in (("hello", HELLO), *((name, module(known[name], folder)) for name in SHOWN)):
            assert source is not None
            for variant in variants(engine):
                tell(f"size: {name} on {engine}")
                place = folder / f"size-{name}-{engine}{variant.suffix}"
                words = ("--engine", engine, *variant.words, str(source))
                yield _ours(f"{name}: {engine}{variant.suffix}", place, *words)


def runtimes(folder: Path, tell: Callable[[str], None]) -> Iterator[Size]:
    """Runtimes of ours that load modules, of the core page and GENERAL."""
    for name, engine in load().engines.items():
        if not engine.loads:
            continue
        for variant in variants(name):
            tell(f"size: runtime with {name}{variant.suffix}")
            words = ["--artifact", "runtime", "--engine", name, *variant.words, "--features", GENERAL]
            yield _ours(
                f"runtime: {name}{variant.suffix}", folder / f"runtime-{name}{variant.suffix}", *words
            )


def peers() -> Iterator[Size]:
    """What is loaded of interpreters and compilers: the program, and the library that is most of it."""
    libraries = {"lua5.4": r"liblua5\.4", "luajit": r"libluajit", "node": r"libnode|libv8"}
    for tool in ("lua5.4", "luajit", "node"):
        if found(tool):
            yield _together(tool, [Path(found(tool)), *_linked(found(tool), libraries[tool])])
    if wasmtime():
        yield _together("wasmtime", [Path(wasmtime())])
    spec = find_spec("wasm3")
    if spec and spec.origin and spec.origin.endswith(".so"):
        yield _together("wasm3 (a module of Python)", [Path(spec.origin)])


def _linked(program: str, pattern: str) -> list[Path]:
    said = run([found("ldd"), program]).output.decode() if found("ldd") else ""
    return [Path(path) for path in re.findall(r"=> (\S+)", said) if re.search(pattern, path)]


def _together(name: str, files: list[Path]) -> Size:
    return Size(name, sum(map(loaded, files)), sum(file.stat().st_size for file in files))


def sizes(folder: Path, tell: Callable[[str], None]) -> tuple[list[Size], dict[str, str]]:
    """All of them, and why some are not there."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[Size] = []
    failed: dict[str, str] = {}
    for name, each in (
        ("executables", executables(folder, tell)),
        ("runtimes", runtimes(folder, tell)),
        ("peers", peers()),
    ):
        try:
            rows.extend(each)
        except Failed as error:
            failed[name] = str(error)
    return rows, failed
