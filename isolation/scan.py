"""Which machine code may not be where a guest can run it: the scanner's table, and the scanner in Python.

A protection key is only as good as the code beside it: one WRPKRU that anybody can jump to opens
everything. So what a guest can run is searched for instructions that change rights, enter the kernel or hand
control to something outside of the process. x86-64 code can be entered at any byte; the search looks at
every one, and at bytes only:

- A row is an opcode without prefixes. Whatever prefixes stand before it, in whatever order, it is found: an
  attacker can also jump behind a prefix that would make another instruction of it.
- REX2, the prefix of Intel's APX, takes the place of the byte 0F (its bit 7 does): each row is there for it
  too.
- In code of 32 bits, which a far return can enter, these instructions have the same bytes.

What is not looked for, because it has one byte (or so) and is everywhere by accident, gives no right that a
jump does not give; docs/isolation.md has each with the reason.

`isolation/c/scan.c` is the same scanner in C; `c_table` prints the table for it. The opcodes are those of
Intel's Software Developer's Manual, volume 2, and its APX architecture specification (REX2); the hypercalls,
of AMD's manual too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmap import mmap

# A byte that is looked for: the bits that count, and their values.
Masked = tuple[int, int]

_RIGHTS = "changes which memory can be touched"
_KERNEL = "enters the kernel"
_BASES = "has to do with the addresses of thread-local storage"
_BEYOND = "hands control to what is outside of the process"


@dataclass(frozen=True, slots=True)
class Forbidden:
    """An instruction that no code of a guest may have. name: its mnemonic, as assemblers write it; why: what
    it does; sequences: the forms of its opcode, each a sequence of masked bytes."""

    name: str
    why: str
    sequences: tuple[tuple[Masked, ...], ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a forbidden instruction is: offset of its opcode's first byte, bytes of the opcode."""

    offset: int
    bytes: int
    instruction: Forbidden


def _exactly(byte: int) -> Masked:
    return 0xFF, byte


# REX2: its second byte has in bit 7 which map of opcodes is meant.
_REX2 = (_exactly(0xD5), (0x80, 0x80))


def _two_byte(name: str, why: str, opcode: int, *operands: Masked) -> Forbidden:
    """An instruction of the map that the byte 0F opens. operands: what the byte behind the opcode is, each
    possibility; none where there is no such byte that counts."""
    ends: tuple[tuple[Masked, ...], ...] = tuple((each,) for each in operands) or ((),)
    heads: tuple[tuple[Masked, ...], ...] = ((_exactly(0x0F),), _REX2)
    return Forbidden(name, why, tuple((*head, _exactly(opcode), *end) for head in heads for end in ends))


def _memory(digit: int) -> tuple[Masked, ...]:
    """ModRM bytes with *digit* in the middle that name memory: mod is 0 or 1 (bit 6 either), or 2."""
    return (0xB8, digit << 3), (0xF8, 0x80 | digit << 3)


def _register(digit: int) -> Masked:
    """ModRM bytes with *digit* in the middle that name a register."""
    return 0xF8, 0xC0 | digit << 3


FORBIDDEN = (
    _two_byte("wrpkru", _RIGHTS, 0x01, _exactly(0xEF)),
    _two_byte("xrstor", _RIGHTS, 0xAE, *_memory(5)),
    _two_byte("xrstors", _RIGHTS, 0xC7, *_memory(3)),
    _two_byte("syscall", _KERNEL, 0x05),
    _two_byte("sysret", _KERNEL, 0x07),
    _two_byte("sysenter", _KERNEL, 0x34),
    _two_byte("sysexit", _KERNEL, 0x35),
    # Of all vectors the one that leads somewhere; the others are faults, as a bad address is one.
    Forbidden("int 0x80", _KERNEL, ((_exactly(0xCD), _exactly(0x80)),)),
    _two_byte("rdfsbase", _BASES, 0xAE, _register(0)),
    _two_byte("rdgsbase", _BASES, 0xAE, _register(1)),
    _two_byte("wrfsbase", _BASES, 0xAE, _register(2)),
    _two_byte("wrgsbase", _BASES, 0xAE, _register(3)),
    _two_byte("vmcall", _BEYOND, 0x01, _exactly(0xC1)),
    _two_byte("vmfunc", _BEYOND, 0x01, _exactly(0xD4)),
    _two_byte("enclu", _BEYOND, 0x01, _exactly(0xD7)),
    _two_byte("vmmcall", _BEYOND, 0x01, _exactly(0xD9)),
)

LONGEST = max(len(sequence) for each in FORBIDDEN for sequence in each.sequences)


def scan(code: bytes | bytearray | memoryview | mmap, start: int = 0) -> Iterator[Hit]:
    """Every place in *code* from *start* on where a forbidden instruction's opcode lies wholly, in order;
    places may overlap. What lies side by side has to be joined first: a sequence can begin in one piece and
    end in the next."""
    pattern = _pattern(FORBIDDEN)
    while found := pattern.search(code, start):
        yield Hit(found.start(), found.end() - found.start(), _instruction(found[0]))
        start = found.start() + 1


def _instruction(opcode: bytes) -> Forbidden:
    """The instruction with this opcode."""
    return next(each for each in FORBIDDEN if any(_fits(sequence, opcode) for sequence in each.sequences))


def _fits(sequence: tuple[Masked, ...], opcode: bytes) -> bool:
    return len(sequence) == len(opcode) and all(
        byte & mask == value for byte, (mask, value) in zip(opcode, sequence, strict=True)
    )


@cache
def _pattern(table: tuple[Forbidden, ...]) -> re.Pattern[bytes]:
    """All sequences, by their first bytes: so the search runs from one of those to the next."""
    by_first: dict[Masked, list[bytes]] = {}
    for each in table:
        for first, *rest in each.sequences:
            by_first.setdefault(first, []).append(b"".join(map(_class, rest)))
    return re.compile(
        b"|".join(b"%b(?:%b)" % (_class(first), b"|".join(rest)) for first, rest in by_first.items())
    )


def _class(masked: Masked) -> bytes:
    """The bytes that *masked* stands for, as part of a regular expression."""
    mask, value = masked
    if mask == 0xFF:
        return rb"\x%02x" % value
    return b"[" + b"".join(rb"\x%02x" % byte for byte in range(256) if byte & mask == value) + b"]"


def c_table() -> str:
    """The table as the C header `tb_scan_table.h`, which scan.c includes: rows in the order of their first
    bytes, and for each first byte where its rows begin."""
    rows = sorted((sequence, number) for number, each in enumerate(FORBIDDEN) for sequence in each.sequences)
    first = [0] * 256
    for at, (sequence, _) in reversed(list(enumerate(rows))):
        mask, value = sequence[0]
        assert mask == 0xFF, "first bytes are exact, or this table cannot find rows by them"
        first[value] = 1 + at
    lines = [
        "/* Generated from the table in isolation/scan.py. */",
        f"#define TB_SCAN_LONGEST {LONGEST}",
        f"#define TB_SCAN_ROWS {len(rows)}",
        f"#define TB_SCAN_KINDS {len(FORBIDDEN)}",
        "/* Of each row the instruction's number, how many bytes there are, and of each the bits that",
        " * count and their values. */",
        "static const struct tb_scan_row {",
        "  unsigned char kind, length, mask[TB_SCAN_LONGEST], value[TB_SCAN_LONGEST];",
        "} tb_scan_rows[TB_SCAN_ROWS] = {",
    ]
    for sequence, number in rows:
        masks = ", ".join(f"0x{mask:02x}" for mask, _ in sequence)
        values = ", ".join(f"0x{value:02x}" for _, value in sequence)
        lines.append(
            f"  {{{number}, {len(sequence)}, {{{masks}}}, {{{values}}}}}, /* {FORBIDDEN[number].name} */"
        )
    lines += [
        "};",
        "/* Of each byte 1 plus the first row that begins with it, 0 for none. */",
        "static const unsigned char tb_scan_first[256] = {",
        *(
            "  " + ", ".join(str(each) for each in first[start : start + 32]) + ","
            for start in range(0, 256, 32)
        ),
        "};",
        "static const char tb_scan_names[TB_SCAN_KINDS][12] = {",
        *(f'  "{each.name}",' for each in FORBIDDEN),
        "};",
        "",
    ]
    return "\n".join(lines)
