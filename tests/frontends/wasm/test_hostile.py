"""Modules made to cost time or memory: each is translated or refused with little of either."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .mutants import joined, unsigned

VOID = (1, b"\x01\x60\x00\x00")
ONE = (3, b"\x01\x00")
END = b"\x0b"


def code(*bodies: bytes) -> tuple[int, bytes]:
    """A code section: bodies without their sizes."""
    return 10, unsigned(len(bodies)) + b"".join(unsigned(len(each)) + each for each in bodies)


def functions(count: int) -> tuple[int, bytes]:
    return 3, unsigned(count) + bytes(count)


def typed(takes: int, gives: int) -> tuple[int, bytes]:
    return 1, b"\x02\x60" + unsigned(takes) + b"\x7f" * takes + unsigned(
        gives
    ) + b"\x7f" * gives + b"\x60\x00\x00"


MANY = unsigned(0xFFFFFFFF)
WHOLE = {
    "locals by the billion": [VOID, ONE, code(b"\x01" + MANY + b"\x7f" + END)],
    "locals in many groups": [VOID, ONE, code(unsigned(3000) + (unsigned(0x7FFF) + b"\x7f") * 3000 + END)],
    "locals of many functions": [
        VOID,
        functions(50_000),
        code(*[b"\x01" + unsigned(30_000) + b"\x7f" + END] * 50_000),
    ],
    "blocks in blocks": [VOID, ONE, code(b"\x00" + b"\x02\x40" * 200_000 + END * 200_001)],
    "ifs in ifs": [VOID, ONE, code(b"\x00" + b"\x41\x01\x04\x40" * 50_000 + END * 50_001)],
    "loops in loops, all left at once": [
        VOID,
        ONE,
        code(b"\x00" + b"\x03\x40" * 30_000 + b"\x0c" + unsigned(30_000) + END * 30_001),
    ],
    "blocks of many values": [
        typed(1000, 1000),
        (3, b"\x01\x01"),
        code(b"\x00" + b"\x41\x00" * 1000 + b"\x02\x00" * 20_000 + END * 20_000 + b"\x1a" * 1000 + END),
    ],
    "calls of many values": [
        typed(5000, 5000),
        (3, b"\x02\x00\x01"),
        code(b"\x00\x00" + END, b"\x00" + b"\x41\x00" * 5000 + b"\x10\x00" * 50_000 + b"\x1a" * 5000 + END),
    ],
    "a type of more results than a frame has": [typed(0, 40_000), (3, b"\x01\x00"), code(b"\x00\x00" + END)],
    "branches that drop much": [
        VOID,
        ONE,
        code(b"\x00" + b"\x41\x00" * 10_000 + b"\x41\x01\x0d\x00" * 20_000 + b"\x1a" * 10_000 + END),
    ],
    "branch tables": [
        VOID,
        ONE,
        code(
            b"\x00" + b"\x02\x40" + (b"\x41\x00\x0e" + unsigned(1000) + bytes(1001) + b"") * 300 + END + END
        ),
    ],
    "a large branch table": [VOID, ONE, code(b"\x00\x41\x00\x0e" + unsigned(500_000) + bytes(500_001) + END)],
    "operands without end": [VOID, ONE, code(b"\x00" + b"\x41\x00" * 400_000 + b"\x1a" * 400_000 + END)],
    "dead code": [VOID, ONE, code(b"\x00\x00" + b"\x41\x00\x1a" * 200_000 + END)],
    "a memory of 4 GiB": [(5, b"\x01\x00" + unsigned(65536))],
    "a table of 4 Gi": [(4, b"\x01\x70\x00" + MANY)],
    "a segment at the end of addresses": [(5, b"\x01\x00\x01"), (11, b"\x01\x00\x41\x7f\x0b\x01a")],
    "many exports": [
        VOID,
        ONE,
        (7, unsigned(50_000) + b"".join(b"\x05%05d\x00\x00" % each for each in range(50_000))),
        code(b"\x00" + END),
    ],
    "many globals": [(6, unsigned(100_000) + b"\x7f\x00\x41\x00\x0b" * 100_000)],
    "many imports": [VOID, (2, unsigned(30_000) + b"\x01m\x01n\x00\x00" * 30_000)],
    "many types": [(1, unsigned(200_000) + b"\x60\x00\x00" * 200_000)],
    "many functions": [VOID, functions(100_000), code(*[b"\x00" + END] * 100_000)],
    "many segments": [(5, b"\x01\x00\x01"), (11, unsigned(60_000) + b"\x00\x41\x00\x0b\x00" * 60_000)],
    "many sections": [(0, b"\x01x")] * 200_000,
    "a long name": [
        VOID,
        ONE,
        (7, b"\x01" + unsigned(1 << 20) + b"n" * (1 << 20) + b"\x00\x00"),
        code(b"\x00" + END),
    ],
    "a name section that lies": [
        VOID,
        ONE,
        code(b"\x00" + END),
        (0, b"\x04name\x01" + unsigned(10) + MANY + b"\x00\x01f"),
    ],
    "names of locals that are not": [
        VOID,
        ONE,
        code(b"\x00" + END),
        (0, b"\x04name\x02\x0a\x01" + MANY + b"\x01\x00\x01x"),
    ],
    **{f"section {number} with a count of billions": [(number, MANY + bytes(8))] for number in range(1, 13)},
}
# A process of its own, so that what it takes can be limited and a crash is one: bytes of memory, seconds.
MEMORY, SECONDS = 1 << 30, 40
PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (%d, %d))
resource.setrlimit(resource.RLIMIT_CPU, (%d, %d))
from tblvm.core.registry import load
from tblvm.core import tbc
from tblvm import ModuleError
from tblvm.frontends.wasm import translate
from tblvm.stack import verify
isa = load().isa
for path in sys.argv[1:]:
    try:
        tbc.write(verify(translate(open(path, "rb").read(), "hostile", isa), isa).module)
    except ModuleError as error:
        print(error)
    else:
        print("translated")
"""


@pytest.mark.parametrize("name", WHOLE)
def test_hostile(name: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.wasm"
    path.write_bytes(joined(WHOLE[name]))
    program = PROGRAM % (MEMORY, MEMORY, SECONDS, SECONDS)
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stderr[-1500:]
    said = done.stdout.strip()
    refusal = said.split(":")[0] in ("malformed module", "invalid module", "unsupported")
    # The verifier's own limit, which a translator cannot know.
    assert said == "translated" or refusal or "calls and returns of the module move more than" in said
