"""The handlers that runtimes have which load programs, beside those with all operands in slots: what programs
execute most (bench/train.py counts it)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from ..superinstructions.profile import forward, plain
from .variants import Variant

USUAL = Path(__file__).with_name("usual.json")
Row = tuple[str, ...]


@cache
def rows() -> tuple[Row, ...]:
    """Variants, and comparisons with their branches, by their names: what is executed most comes first."""
    return tuple(tuple(each) for each in json.loads(USUAL.read_text())["handlers"])


def usual(every: Iterable[Variant], most: int) -> list[tuple[Variant, ...]]:
    """The first *most* of those that *every* has, with the parts of those that have several; all of them
    where there are not so many."""
    by_name: dict[str, Variant] = {}
    for each in every:
        for name in each.names:
            by_name.setdefault(plain(name), each)
    found: dict[tuple[Variant, ...], None] = {}
    for row in rows():
        names = [name if name in by_name else forward(name) for name in row]
        parts: Sequence[Variant] = [by_name[name] for name in names if name in by_name]
        if len(parts) != len(row):
            continue
        for handler in (*((part,) for part in parts), tuple(parts)):
            found.setdefault(handler)
        if len(found) >= most:
            return list(found)[:most]
    return [*found, *((each,) for each in by_name.values() if (each,) not in found)]
