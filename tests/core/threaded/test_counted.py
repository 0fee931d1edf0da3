"""What a counting runtime writes, as stretches of a profile."""

from __future__ import annotations

import struct

import pytest

from tblvm.core.errors import BuildError
from tblvm.core.superinstructions.counted import PART, Counted, Names, functions, read
from tblvm.core.superinstructions.profile import Stretch

NAMES = Names(("_EXIT", "ADD:si>s", "JNZ:a>f", "_RETURN"), frozenset({0, 2, 3}), ("main", "f", "g"))


def content(counted: Counted) -> bytes:
    records, calls = (
        len(counted.numbers),
        [(r, f, n) for r, row in counted.calls.items() for f, n in row.items()],
    )
    made = struct.pack("<4sIII", b"TBPC", records, len(counted.starts), len(calls))
    for each in counted.starts:
        made += struct.pack("<II", *each)
    made += struct.pack(f"<{records}H", *counted.numbers)
    made += struct.pack(f"<{records}Q", *counted.executed) + struct.pack(f"<{records}Q", *counted.taken)
    return made + b"".join(struct.pack("<IIQ", *each) for each in calls)


COUNTED = Counted(
    numbers=[0, 0, 1, 1, PART, 2, 1, 3, 1, 3],
    executed=[0, 1, 9, 10, 0, 10, 0, 0, 2**40, 2**40],
    taken=[0, 0, 0, 0, 0, 7, 0, 0, 0, 0],
    starts=((2, 1), (8, 0)),
    calls={9: {2: 5, 1: 3}},
)


def test_counts_are_read_as_they_were_written() -> None:
    found = read(content(COUNTED))
    assert list(found.numbers) == COUNTED.numbers and list(found.executed) == COUNTED.executed
    assert list(found.taken) == COUNTED.taken
    assert (found.starts, found.calls) == (COUNTED.starts, COUNTED.calls)


def test_what_was_cut_off_is_no_profile() -> None:
    whole = content(COUNTED)
    for length in (0, 10, len(whole) - 1):
        with pytest.raises(BuildError, match="before it could write its counts"):
            read(whole[:length])
    with pytest.raises(BuildError):
        read(whole + b"\0")


def test_stretches_end_where_control_goes_elsewhere() -> None:
    main, f = functions(COUNTED, NAMES)
    assert (main.name, main.index, f.name, f.index) == ("main", 0, "f", 1)
    assert main.stretches == (Stretch(("ADD:si>s", "_RETURN"), (2**40, 2**40), 0, {"f": 3, "g": 5}),)
    # What nobody executed is not there.
    assert f.stretches == (Stretch(("ADD:si>s", "ADD:si>s", "JNZ:a>f"), (9, 10, 10), 7),)
