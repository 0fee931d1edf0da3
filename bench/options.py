"""What features and options cost in bytes of text and rodata: docs/options.md has the figures.

python bench/options.py
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tblvm.builder.pipeline import build, translate
from tblvm.builder.resolve import Request
from tblvm.core.registry import load

EXAMPLES = Path(__file__).parent.parent / "examples"


@dataclass(frozen=True)
class Choice:
    """What is chosen, in which program, against what."""

    what: str
    program: str
    request: Mapping[str, object]
    plain: Mapping[str, object] = field(default_factory=dict)


CHOICES = (
    Choice("a limit of fuel", "fib.tba", {"options": {"fuel": 10**9}}),
    Choice("a deadline", "fib.tba", {"options": {"timeout": 1000}}),
    Choice("no stack traces", "fib.tba", {"deny": ("stack.trace",)}),
    Choice("numbers of traps in place of texts", "fib.tba", {"options": {"traps.text": 0}}),
    Choice("one value for all NaNs", "nbody.tba", {"features": ("nan.canonical",)}),
    Choice("cells of 64 bits where 32 suffice", "fib.tba", {"cell_bits": 64}),
    Choice("a collector, gc.marksweep", "shapes.tba", {"features": ("gc",)}),
    Choice("FREE, memory.freelist", "shapes.tba", {"features": ("memory.freelist",)}),
    Choice("guard pages, linear.guarded", "bytes.tba", {"features": ("linear.guarded",)}),
    Choice("a process that shuts itself in", "hello.tba", {"features": ("isolation",)}),
    Choice(
        "the same, without names of system calls",
        "hello.tba",
        {"features": ("isolation",), "options": {"isolation.names": 0}},
    ),
    Choice("programs that the program can run", "tiny.tba", {"features": ("scripts.bundled",)}),
)


def main() -> None:
    registry = load()

    def size(program: str, words: Mapping[str, object]) -> int:
        path = EXAMPLES / program
        module = translate(path.read_bytes(), path.name, registry)
        return build(module, registry, Request(**words)).footprint.runtime  # type: ignore[arg-type]

    for each in CHOICES:
        before, after = size(each.program, each.plain), size(each.program, each.request)
        print(f"{each.what:36} {after - before:+6} bytes   ({each.program}: {before:,} → {after:,})")


if __name__ == "__main__":
    main()
