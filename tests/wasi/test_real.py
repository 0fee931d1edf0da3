"""cowsay, a program of Rust that nobody here wrote: alone, in the general runtime, in a host; beside wasmtime."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tblvm
from tblvm.core.registry import Registry
from tests.corpus.conftest import unavailable
from tests.corpus.fetch import Unavailable, content
from tests.corpus.manifest import program
from tests.wasi.test_programs import kept, made, run, theirs

__all__ = ["unavailable"]

WORDS = (["moo"], ["-e", "^^", "two", "words"], ["--no-such"], ["-h"])


@pytest.fixture
def cowsay(unavailable: Callable[[Exception], Any], tmp_path: Path) -> Path:
    path = tmp_path / "cowsay.wasm"
    try:
        path.write_bytes(content(program("cowsay")))
    except Unavailable as error:
        unavailable(error)
    return path


def test_cowsay(registry: Registry, cowsay: Path, tmp_path: Path) -> None:
    words = kept(made(registry, cowsay), tmp_path)
    for each in WORDS:
        wanted = theirs(cowsay, *each)
        assert run([cowsay.name], *each, executable=words[0]) == wanted, each
        told = io.BytesIO()
        done = tblvm.load(cowsay, grants=["random"], stderr=told).run(args=each)
        assert (done.status, done.output) == wanted[:2], each
        assert told.getvalue().replace(bytes(cowsay), cowsay.name.encode()) == wanted[2], each
    assert run(words, given=b"from input")[1] == theirs(cowsay, given=b"from input")[1]
    done_ = run([sys.executable, "-m", "tblvm", "run"], str(cowsay), "moo")
    assert done_ == theirs(cowsay, "moo")
