"""Sizes of composed runtimes: on x86-64 beside what the project promises, then the runtime's on others.

    python bench/sizes.py

Bytes do not depend on the machine: the compiler is pinned, and the same inputs give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

from tblvm.builder.artifacts import EXE
from tblvm.builder.pipeline import build, translate
from tblvm.builder.resolve import Request
from tblvm.core.registry import load

ROOT = Path(__file__).parent.parent
PROGRAMS = (
    ("core page up to console, FREE", ROOT / "tests/builder/nano.tba", "nano", 4096, 1024, None),
    ("page object, mark-sweep", ROOT / "tests/builder/micro.tba", "micro", 8192, None, None),
    ("hello", ROOT / "examples/hello.tba", "default", None, None, 1024),
    *((path.stem, path, "default", None, None, None) for path in sorted((ROOT / "examples").glob("*.tba"))),
)


def main() -> None:
    registry = load()
    targets = registry.targets.items()
    others = [name for name, each in targets if EXE.is_for(each) and name != EXE.target]
    heads = "".join(f"{target.partition('-')[0]:>9}" for target in others)
    print(
        f"{'program':32} {'mode':8} {'runtime':>14} {'data+bss':>13} {'file':>13} {heads}   bytes ≤ promised"
    )
    for name, path, mode, code, data, file in PROGRAMS:
        module = translate(path.read_bytes(), str(path), registry)
        footprint = build(module, registry, Request(mode=mode)).footprint
        figures = (
            (footprint.runtime, code),
            (footprint.total("data", "bss", program=False), data),
            (footprint.file_size, file),
        )
        cells = [f"{size:,}" + (f" ≤ {limit:,}" if limit else "") for size, limit in figures]
        # Modes promise bytes of x86-64 only.
        sizes = (build(module, registry, Request(target=target)).footprint.runtime for target in others)
        there = "".join(f"{size:9,}" for size in sizes)
        print(f"{name:32} {mode:8} {cells[0]:>14} {cells[1]:>13} {cells[2]:>13} {there}")


if __name__ == "__main__":
    main()
