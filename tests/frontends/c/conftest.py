"""C compiled by the front-end, and the same by gcc. The libc is compiled once, and kept in build/tests."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tblvm.builder import cache
from tblvm.builder.pipeline import build, translate
from tblvm.builder.resolve import Request
from tblvm.core.registry import Registry
from tblvm.frontends.c import library

ROOT = Path(__file__).parents[3]
KEPT = ROOT / "build" / "tests" / "libc"

Compile = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def kept_libc() -> Iterator[None]:
    """Tests build without a cache; the libc has one of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "cache", lambda: cache.Cache(KEPT))
        yield


@pytest.fixture(scope="session")
def tblvm(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """Builds an executable of a C file, as tbbuild does. flags: of the compiler; options: of tbbuild's."""
    folder = tmp_path_factory.mktemp("tblvm")

    def compile_(source: Path, flags: str = "", **options: int | str) -> Path:
        settings = {"c.flags": flags, **options}
        module = translate(source.read_bytes(), str(source), registry, settings)
        request = Request(
            options={name: value for name, value in options.items() if name in registry.options}
        )
        made = folder / source.stem
        made.write_bytes(build(module, registry, request).image)
        made.chmod(0o755)
        return made

    return compile_


@pytest.fixture(scope="session")
def gcc(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    folder = tmp_path_factory.mktemp("gcc")

    def compile_(source: Path, *flags: str, name: str = "") -> Path:
        made = folder / (name or source.stem)
        command = ["gcc", "-O1", "-w", "-ffp-contract=off", str(source), *flags, "-o", str(made), "-lm"]
        subprocess.run(command, check=True)
        return made

    return compile_
