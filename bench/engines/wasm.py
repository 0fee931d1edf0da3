"""WebAssembly of the programs, and engines of others that run it, in hosts that time the call of `_start`."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from tblvm.builder.toolchain import zig

from .engine import Command, Engine, plain
from .manifest import Program
from .native import compiled
from .process import found

HOSTS = Path(__file__).parent / "hosts"
# All that the oldest of the engines takes, and no more: so that all run the same file.
_FEATURES = "mvp+bulk_memory+mutable_globals+nontrapping_fptoint+sign_ext"
_FLAGS = ("--target=wasm32-wasi", f"-mcpu={_FEATURES}", "-O2", "-s")


def module(program: Program, folder: Path) -> Path | None:
    """The program as a .wasm file, None where it is not in C. Raises Failed."""
    source = program.source("c")
    return compiled(folder, [str(zig()), "cc", *_FLAGS], ".wasm", source) if source else None


def _python(name: str, group: str, about: str, package: str, host: str, *words: str) -> Engine:
    def prepare(program: Program, folder: Path) -> Command | None:
        file = module(program, folder)
        return plain(sys.executable, str(HOSTS / host), *words, str(file)) if file else None

    imported = package.removeprefix("py")
    return Engine(name, group, about, lambda: "" if find_spec(imported) else f"{package} (PyPI)", prepare)


def _node() -> Engine:
    def prepare(program: Program, folder: Path) -> Command | None:
        file = module(program, folder)
        words = ("--no-warnings", str(HOSTS / "node.mjs"), str(file))
        return plain(found("node"), *words) if file else None

    about = "Node, the same .wasm"
    return Engine("node-wasm", "compiler", about, lambda: "" if found("node") else "nodejs (Debian)", prepare)


def webassembly() -> list[Engine]:
    """wasmtime with both of its compilers, Node, wasm3."""
    peers, script = "compiler", "with_wasmtime.py"
    return [
        _python("wasmtime", peers, "wasmtime, Cranelift", "wasmtime", script, "cranelift"),
        _python("winch", peers, "wasmtime, Winch", "wasmtime", script, "winch"),
        _node(),
        _python("wasm3", "interpreter", "wasm3 by pywasm3", "pywasm3", "with_wasm3.py"),
    ]
