"""What a counting runtime writes when its program ends, and the profile that it is.

Little-endian, in this order (core/superinstructions/c/counting.c):

    "TBPC", u32 records, u32 starts, u32 calls
    starts   u32 record, u32 function           where the register code of each translated function begins
    records  u16 number of the variant          0xffff for one that belongs to the instruction before
    records  u64 executed                       how often
    records  u64 taken                          how often it went elsewhere: of branches
    calls    u32 record, u32 function, u64      whom a call that finds its target found, and how often
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import BuildError
from .profile import MAX_STRETCH, Function, Stretch

MAGIC = b"TBPC"
_HEAD = struct.Struct("<4sIII")
_START = struct.Struct("<II")
_CALL = struct.Struct("<IIQ")
PART = 0xFFFF  # belongs to the record before


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts of a run, by record. numbers: of variants; starts: (record, function), in order; calls: by
    record for each function that was found how often."""

    numbers: Sequence[int]
    executed: Sequence[int]
    taken: Sequence[int]
    starts: tuple[tuple[int, int], ...]
    calls: Mapping[int, Mapping[int, int]] = field(default_factory=dict)


def read(content: bytes) -> Counted:
    """The counts that a runtime wrote. Raises BuildError where that was cut off."""
    try:
        magic, records, starts, calls = _HEAD.unpack_from(content)
        at = _HEAD.size
        if magic != MAGIC or len(content) != at + 8 * starts + 18 * records + 16 * calls:
            raise struct.error
        rows = tuple(_START.iter_unpack(content[at : at + 8 * starts]))
        at += 8 * starts
        numbers = _array("H", content[at : at + 2 * records])
        at += 2 * records
        executed = _array("Q", content[at : at + 8 * records])
        taken = _array("Q", content[at + 8 * records : at + 16 * records])
        at += 16 * records
    except struct.error:
        raise BuildError(
            "the program was ended before it could write its counts: there is no profile"
        ) from None
    found: dict[int, dict[int, int]] = {}
    for record, function, count in _CALL.iter_unpack(content[at:]):
        found.setdefault(record, {})[function] = count
    return Counted(numbers, executed, taken, rows, found)


def _array(kind: str, content: bytes) -> array[int]:
    import sys

    found = array(kind, content)
    if sys.byteorder == "big":
        found.byteswap()
    return found


@dataclass(frozen=True, slots=True)
class Names:
    """What numbers stand for. variants: the name of each, by number. ends: those behind which control does
    not come to the next record by itself, or comes back only after a call."""

    variants: Sequence[str]
    ends: frozenset[int]
    functions: Sequence[str]


def functions(counted: Counted, names: Names) -> tuple[Function, ...]:
    """What was executed of each function, the stretches in the order of its code; none where nothing was."""
    found = []
    for (start, index), (end, _) in zip(
        counted.starts, (*counted.starts[1:], (len(counted.numbers), 0)), strict=True
    ):
        stretches = tuple(_stretches(counted, names, start, end))
        if stretches:
            found.append(Function(names.functions[index], index, stretches))
    return tuple(sorted(found, key=lambda each: each.index))


def _stretches(counted: Counted, names: Names, start: int, end: int) -> list[Stretch]:
    found: list[Stretch] = []
    code: list[str] = []
    counts: list[int] = []

    def close(last: int) -> None:
        if code and any(counts):
            calls = counted.calls.get(last, {})
            targets = {names.functions[index]: count for index, count in sorted(calls.items())}
            found.append(Stretch(tuple(code), tuple(counts), counted.taken[last], targets or None))
        code.clear()
        counts.clear()

    last = start
    for at in range(start, end):
        number = counted.numbers[at]
        if number == PART:
            continue
        if counts and counted.executed[at] == 0 and counts[-1] == 0:
            close(last)  # nobody was here: no need to say so instruction by instruction
        if counted.executed[at] or code:
            code.append(names.variants[number])
            counts.append(counted.executed[at])
        last = at
        if number in names.ends or len(code) == MAX_STRETCH:
            close(at)
    close(last)
    return found
