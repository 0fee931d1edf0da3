"""tblvm's engines, each as `tbbuild` builds it, and variants of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tblvm.core.registry import load

from .engine import Command, Engine, plain
from .manifest import Program
from .process import run
from .wasm import module

OURS = "ours"
TBBUILD = str(Path(sys.executable).with_name("tbbuild"))


@dataclass(frozen=True)
class Variant:
    """A choice for an engine: the suffix of its name, what it is, and words for tbbuild."""

    suffix: str
    about: str
    words: tuple[str, ...] = ()


_FUEL = Variant("+fuel", "fuel counted", ("--features", "core.fuel"))
_NO_TRACES = ("-O", "aot.traces=off")
_VARIANTS: dict[str, tuple[Variant, ...]] = {
    "threaded": (
        Variant("-plain", "fuel counted, no superinstructions", (*_FUEL.words, "-O", "superinstructions=0")),
    ),
    "aot": (
        Variant("-limits", "fuel and stack limit, no traces", (*_FUEL.words, *_NO_TRACES)),
        Variant(
            "-bounds",
            "nothing but bounds checked",
            (*_NO_TRACES, "-O", "aot.stack-limit=off", "-O", "aot.native-stack=0"),
        ),
    ),
}


def variants(engine: str) -> tuple[Variant, ...]:
    """As it is, then its variants."""
    return (Variant("", "as tbbuild makes it"), _FUEL, *_VARIANTS.get(engine, ()))


def build(engine: str, words: Sequence[str], source: Path, place: Path) -> Path:
    """The executable, by tbbuild, whose cache has it the second time. Raises Failed."""
    run([TBBUILD, "-q", "--engine", engine, *words, "-o", str(place), str(source)])
    return place


def assembly(program: Program, repeats: int, size: int) -> str:
    """Its assembly for so many repetitions of that size: its constants REPEATS and SIZE are these."""
    source = program.source("tba")
    assert source is not None
    text = source.read_text()
    for name, value in (("REPEATS", repeats), ("SIZE", size)):
        text, count = re.subn(rf"(?m)^(\.const {name} i32) \d+", rf"\1 {value}", text)
        assert count == 1, f"{source} has a line .const {name} i32 NUMBER"
    return text


def _engine(name: str, variant: Variant) -> Engine:
    def prepare(program: Program, folder: Path) -> Command | None:
        place = folder / f"{program.name}-{name}{variant.suffix}"
        if program.source("tba") is None:
            file = module(program, folder)
            return plain(str(build(name, variant.words, file, place))) if file else None

        def made(repeats: int, size: int) -> list[str]:
            source = folder / f"{program.name}-{repeats}-{size}.tba"
            source.write_text(assembly(program, repeats, size))
            return [str(build(name, variant.words, source, Path(f"{place}-{repeats}-{size}")))]

        return made

    return Engine(name + variant.suffix, OURS, f"{name}, {variant.about}", lambda: "", prepare)


def ours() -> list[Engine]:
    """All that are registered, with their variants."""
    return [_engine(name, variant) for name in load().engines for variant in variants(name)]
