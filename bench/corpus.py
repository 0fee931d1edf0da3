"""How small a runtime gets for one program: the README's table of real WebAssembly modules.

    python -m bench.corpus             # the programs of the README
    python -m bench.corpus --write     # and writes them there
    python -m bench.corpus NAME…       # others of tests/corpus.toml
    python -m bench.corpus --all

Bytes do not depend on the machine: the modules are named by hash, the compiler is pinned.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tblvm.builder.artifacts import EXE, KINDS
from tblvm.builder.pipeline import Artifact, build, translate
from tblvm.builder.resolve import Request
from tblvm.core.registry import Registry, load
from tests.corpus.fetch import content
from tests.corpus.manifest import Program, program, programs
from tests.corpus.opcodes import opcodes

README = Path(__file__).parent.parent / "README.md"
# Of the README: name and what it is.
SHOWN = {
    "siphash24": "SipHash",
    "hash-wasm/md5": "MD5",
    "cjs-module-lexer": "a lexer of JavaScript",
    "wasmboy": "a Game Boy",
    "lodepng": "PNG files",
    "llhttp": "HTTP",
    "cowsay": "a cow, through WASI",
    "libsodium": "cryptography",
    "dprint-json": "a formatter of JSON",
    "gofmt": "a formatter of Go",
    "sqlite": "SQL",
    "quickjs": "JavaScript",
}
# Text and rodata of the smallest builds of others on x86-64, and what they are without.
PEERS = (
    ("wasm3 0.9", "any module: validator, messages and floating point left out", 74_882),
    ("WAMR 2.4, classic interpreter", "any module: without the validating loader", 89_287),
)
# Of these also an executable that makes one call of an export.
CALLS = {"siphash24": ("siphash", "24", "8")}
# What all WebAssembly that is translated can need, and functions of a host.
GENERAL = ("int", "long", "float", "double", "linear", "indirect", "host")
_START = "_start"
HEAD = (
    "| program | | .wasm | its opcodes | tblvm's | runtime, bytes |",
    "|---|---|--:|--:|--:|--:|",
)


@dataclass(frozen=True)
class Row:
    """What one program needs.

    wasm: bytes of the module; used, ours: how many opcodes it has, of WebAssembly's and of tblvm's after the
    optimiser's passes; runtime: bytes of text and rodata beside the program's own; how: said behind its name.
    """

    program: Program
    wasm: int
    used: int
    ours: int
    runtime: int
    how: str = ""

    def __str__(self) -> str:
        name = self.program.name
        counts = f"{self.wasm:,} | {self.used} | {self.ours} | {self.runtime:,}"
        return f"| {name}{self.how} | {SHOWN.get(name, self.program.driver)} | {counts} |"


def compose(wanted: Program, data: bytes, registry: Registry, call: tuple[str, ...] = ()) -> Artifact:
    """Its runtime: an executable where the program starts by itself or *call* is a call of an export, else a
    library with a C API."""
    module = translate(data, wanted.name, registry)
    starts = call or any(each.name == _START for each in module.exports)
    return build(module, registry, Request(artifact=EXE if starts else KINDS["shared"], invoke=call))


def measure(wanted: Program, data: bytes, made: Artifact) -> Row:
    """The program's row."""
    ours = {form.declaration.name for form in made.verified.forms}
    how = ", one call" if made.plan.request.invoke else ""
    return Row(wanted, len(data), len(opcodes(data)), len(ours), made.footprint.runtime, how)


def _other(name: str, about: str, size: int) -> str:
    return f"| {name} | {about} | | | | {size:,} |"


def general(registry: Registry) -> Iterator[str]:
    """Rows for libraries that load, check and verify any module."""
    about = "any module: all opcodes of WebAssembly, loader, verifier"
    for more, denied in (("", ("wasi",)), (", all of WASI", ())):
        request = Request(artifact=KINDS["shared"], features=GENERAL, deny=denied)
        yield _other("tblvm", about + more, build(None, registry, request).footprint.runtime)


def peers() -> Iterator[str]:
    """Rows of the table for others."""
    for name, about, size in PEERS:
        yield _other(name, about, size)


def table(names: list[str]) -> Iterator[str]:
    """The lines of the table for some programs. Raises fetch.Unavailable."""
    registry = load()
    yield from HEAD
    for name in names:
        wanted = program(name)
        data = content(wanted)
        yield str(measure(wanted, data, compose(wanted, data, registry)))
        if name in CALLS:
            yield str(measure(wanted, data, compose(wanted, data, registry, CALLS[name])))
    yield from general(registry)
    yield from peers()


def main(arguments: list[str]) -> None:
    write = arguments == ["--write"]
    names = [each.name for each in programs()] if arguments == ["--all"] else arguments
    lines = []
    for line in table([*SHOWN] if write or not names else names):
        print(line, flush=True)
        lines.append(line)
    if write:
        old = re.compile(re.escape("\n".join(HEAD)) + r"\n(\|.*\n)*")
        README.write_text(old.sub("\n".join((*lines, "")), README.read_text()))


if __name__ == "__main__":
    main(sys.argv[1:])
