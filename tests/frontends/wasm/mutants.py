"""Damaged WebAssembly modules, from whole ones: bytes, numbers, sections, functions, sizes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

# Counts and sizes that no module has, and numbers at the ends of their ranges.
HOSTILE = (0, 1, 2, 127, 128, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
# Opcodes of every kind, those of other proposals too.
OPCODES = bytes((*range(0x20), *range(0x20, 0x29), 0x28, 0x36, 0x3F, 0x40, *range(0x41, 0x45), *range(0x45, 0xC5), 0xC5, 0xD0, 0xD2, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF))  # fmt: skip
# Opcodes with the same types: comparisons, and operators with one and two operands of each type.
_ALIKE = ((0x46, 0x50), (0x51, 0x5B), (0x5B, 0x61), (0x61, 0x67), (0x67, 0x6A), (0x6A, 0x79), (0x79, 0x7C), (0x7C, 0x8B),
          (0x8B, 0x92), (0x92, 0x99), (0x99, 0xA0), (0xA0, 0xA7))  # fmt: skip
# Constants, uses of locals, branches: a number follows.
NUMBERED = (0x41, 0x42, 0x20, 0x21, 0x22, 0x0C, 0x0D)
PEERS = {code: range(first, end) for first, end in _ALIKE for code in range(first, end)} | dict.fromkeys(
    NUMBERED, range(0)
)
_HEAD = b"\0asm\1\0\0\0"
CODE = 10


def unsigned(value: int, width: int = 0) -> bytes:
    """A number as LEB128; width: how many bytes at least."""
    made = bytearray()
    while value > 0x7F or len(made) + 1 < width:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*made, value))


def number(data: bytes, at: int) -> tuple[int, int]:
    """The LEB128 number at *at*, whatever it is, and the place behind it."""
    value = shift = 0
    while at < len(data):
        byte = data[at]
        value, at, shift = value | (byte & 0x7F) << shift, at + 1, shift + 7
        if byte < 0x80 or shift > 63:
            break
    return value, at


def sections(data: bytes) -> list[tuple[int, bytes]]:
    """The sections of a whole module: number and content."""
    found, at = [], len(_HEAD)
    while at < len(data):
        size, start = number(data, at + 1)
        found.append((data[at], data[start : start + size]))
        at = start + size
    return found


def joined(parts: Sequence[tuple[int, bytes]]) -> bytes:
    return _HEAD + b"".join(bytes([kind]) + unsigned(len(content)) + content for kind, content in parts)


def vector(content: bytes) -> list[bytes]:
    """The bodies in a code section."""
    count, at = number(content, 0)
    found = []
    for _ in range(min(count, len(content))):
        size, start = number(content, at)
        found.append(content[start : start + size])
        at = start + size
    return found


# -- one damage each: the data, another whole module, chance -> data ------------------------------------------


def flipped(data: bytes, other: bytes, rng: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        if made:
            made[rng.randrange(len(made))] = rng.choice(
                (rng.randrange(256), made[0] ^ 1 << rng.randrange(8), 0x7F, 0x80, 0xFF, 0x0B)
            )
    return bytes(made)


def inserted(data: bytes, other: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.choice((1, 1, 2, 8))) + data[at:]


def removed(data: bytes, other: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.choice((1, 1, 2, 8)) :]


def cut(data: bytes, other: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def renumbered(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Any place is taken for a number, which becomes another one, or the same one in more bytes."""
    at = rng.randrange(len(data)) if data else 0
    value, end = number(data, at)
    value = rng.choice((value, value + 1, max(0, value - 1), rng.choice(HOSTILE), rng.getrandbits(32)))
    return data[:at] + unsigned(value, rng.choice((0, 0, 2, 5, 6, 11))) + data[end:]


def rearranged(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Sections twice, missing, in another order, of another kind, with a number in front that is a lie."""
    parts = sections(data)
    if not parts:
        return data + bytes([rng.randrange(14), 0])
    at = rng.randrange(len(parts))
    kind = rng.randrange(5)
    if kind == 0:
        parts.insert(rng.randrange(len(parts) + 1), parts[at])
    elif kind == 1:
        del parts[at]
    elif kind == 2:
        rng.shuffle(parts)
    elif kind == 3:
        parts[at] = (rng.randrange(15), parts[at][1])
    else:
        count, end = number(parts[at][1], 0)
        lie = rng.choice((count + 1, max(0, count - 1), *HOSTILE))
        parts[at] = (parts[at][0], unsigned(lie) + parts[at][1][end:])
    return joined(parts)


def spliced(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """A section of another module, in place of one's own or besides; or the end of its bytes."""
    mine, theirs = sections(data), sections(other)
    if not theirs or rng.random() < 0.2:
        return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]
    part = rng.choice(theirs)
    if rng.random() < 0.7:
        mine = [part if kind == part[0] else (kind, content) for kind, content in mine]
    else:
        mine.insert(rng.randrange(len(mine) + 1), part)
    return joined(mine)


def within(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """A section is damaged, and its size is right again."""
    parts = sections(data)
    if not parts:
        return data
    at = rng.randrange(len(parts))
    how = rng.choice((flipped, inserted, removed, cut, renumbered))
    parts[at] = (parts[at][0], how(parts[at][1], b"", rng))
    return joined(parts)


def swapped(body: bytes, rng: random.Random) -> bytes:
    """An instruction becomes another one with the same types, or a number another one of as many bytes."""
    places = [at for at in range(1, len(body) - 1) if body[at] in PEERS]
    if not places:
        return body
    at = rng.choice(places)
    if body[at] in NUMBERED:
        value = body[at + 1] & 0x80 | rng.randrange(128)
        return body[: at + 1] + bytes([value]) + body[at + 2 :]
    return body[:at] + bytes([rng.choice(PEERS[body[at]])]) + body[at + 1 :]


def recoded(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Functions' code is damaged, and all sizes are right again: what gets far into the validator."""
    parts = sections(data)
    for place, (kind, content) in enumerate(parts):
        bodies = vector(content) if kind == CODE else []
        if not bodies:
            continue
        for _ in range(rng.choice((1, 1, 2))):
            at = rng.randrange(len(bodies))
            body = bodies[at]
            where = rng.randrange(len(body) + 1)
            kind_ = rng.randrange(14)
            if kind_ > 6:
                body = swapped(body, rng)
            elif kind_ == 0:
                body = flipped(body, b"", rng)
            elif kind_ == 1:
                body = renumbered(body, b"", rng)
            elif kind_ == 2:
                body = body[:where] + bytes([rng.choice(OPCODES)]) + body[where:]
            elif kind_ == 3:
                body = body[:where] + bytes([rng.choice(OPCODES)]) + body[where + 1 :]
            elif kind_ == 4:
                body = removed(body, b"", rng)
            elif kind_ == 5:
                donor = rng.choice(bodies)
                start = rng.randrange(len(donor) + 1)
                body = body[:where] + donor[start : start + rng.choice((2, 5, 20))] + body[where:]
            else:  # locals by the million
                body = (
                    unsigned(1) + unsigned(rng.choice(HOSTILE)) + bytes([rng.choice((0x7F, 0x7C))]) + body[1:]
                )
            bodies[at] = body
        parts[place] = (kind, unsigned(len(bodies)) + b"".join(unsigned(len(each)) + each for each in bodies))
    return joined(parts)


DAMAGES: tuple[Callable[[bytes, bytes, random.Random], bytes], ...] = (
    flipped,
    inserted,
    removed,
    cut,
    renumbered,
    rearranged,
    spliced,
    *[within] * 4,
    *[recoded] * 8,
)


def damaged(data: bytes, seeds: Sequence[bytes], rng: random.Random) -> bytes:
    """One damage to *data*, which may be damaged already."""
    try:
        return rng.choice(DAMAGES)(data, rng.choice(seeds), rng)
    except IndexError:  # then it is not always sections any more
        return flipped(data, b"", rng)


def mutant(seeds: Sequence[bytes], number_: int, salt: str = "") -> bytes:
    """The mutant of a number: one damage mostly, few of them sometimes."""
    rng = random.Random(f"mutant {salt} {number_}")
    data = rng.choice(seeds)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        data = damaged(data, seeds, rng)
    return data
