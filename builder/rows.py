"""What a report is told in: rows of bytes, a bound of the native stack, what optimiser passes did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PROGRAM = "program"  # the owner of a program's own bytes
HEADERS, PADDING = "(headers)", "(padding)"


@dataclass(frozen=True, slots=True)
class Row:
    """Bytes of one thing. owner: micro-library, "program", or a name in parentheses for the file's own;
    item: function, table or opcode; kind: text, rodata, data, bss; source: C text; memory: what has a size by
    settings, an array or mapped; "" for the file's own."""

    owner: str
    item: str
    kind: str
    size: int
    opcode: bool = False

    @property
    def in_file(self) -> bool:
        return self.kind not in ("bss", "memory")


def total(rows: Iterable[Row], *kinds: str, program: bool | None = None) -> int:
    """Bytes of these kinds; program: only the program's, or only the runtime's."""
    return sum(
        row.size
        for row in rows
        if row.kind in kinds and (program is None or (row.owner == PROGRAM) == program)
    )


@dataclass(frozen=True, slots=True)
class NativeStack:
    """bytes: the bound, None where functions call each other in a circle, or where nothing is known. path:
    the functions of the deepest chain, the outermost first, or those of the circle; none where nothing is
    known."""

    bytes: int | None
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passed:
    """What a pass has changed. before, after: bytes of code; functions: how many it has taken away, negative
    where it has added some."""

    name: str
    before: int
    after: int
    functions: int
