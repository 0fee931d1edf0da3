"""source-map's mappings: decoded from base64 VLQ, sorted, searched."""

from __future__ import annotations

import bisect
import itertools
import random

from ..given import Given
from ..machines import Machine, Open

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LOWER, _UPPER = 1, 2
# Generated line and column, then source, line and column there, and name: or nothing.
Mapping = tuple[int, int, tuple[int, int, int] | None, int | None]


def _vlq(value: int) -> str:
    """Base64 VLQ: five bits a digit, the sign in the lowest."""
    rest, text = (-value << 1 | 1 if value < 0 else value << 1), ""
    while True:
        digit, rest = rest & 31, rest >> 5
        text += _DIGITS[digit | (32 if rest else 0)]
        if not rest:
            return text


def _encoded(mappings: list[Mapping]) -> bytes:
    """The field `mappings` of a source map."""
    lines: dict[int, list[str]] = {}
    last = [0, 0, 0, 0]
    column, line = 0, -1
    for generated, at, original, name in mappings:
        if generated != line:
            line, column = generated, 0
        text = _vlq(at - column)
        column = at
        if original is not None:
            for number, value in enumerate(original):
                text += _vlq(value - last[number])
                last[number] = value
            if name is not None:
                text += _vlq(name - last[3])
                last[3] = name
        lines.setdefault(generated, []).append(text)
    return ";".join(",".join(lines.get(each, [])) for each in range(max(lines, default=0) + 1)).encode()


def _made(numbers: random.Random, count: int) -> list[Mapping]:
    """Mappings in order, no two of the same place."""
    places = sorted({(numbers.randrange(count // 4 + 1), numbers.randrange(200)) for _ in range(count)})
    found: list[Mapping] = []
    for line, column in places:
        kind = numbers.randrange(4)
        original = (numbers.randrange(3), numbers.randrange(count), numbers.randrange(120)) if kind else None
        found.append((line, column, original, numbers.randrange(9) if kind > 1 else None))
    return found


class _Reader:
    """The module, and the mappings with which it calls back."""

    def __init__(self, open_: Open) -> None:
        self.found: list[tuple[int, ...]] = []
        self.machine: Machine = open_({"env": {"mapping_callback": lambda *row: self.found.append(row)}})

    def parse(self, text: bytes) -> int:
        """A pointer to the mappings, 0 where the text is none."""
        at = self.machine.call("allocate_mappings", len(text))
        self.machine.write(at, text)
        return int(self.machine.call("parse_mappings", at))

    def ask(self, name: str, *arguments: int) -> list[tuple[int, ...]]:
        self.found = []
        self.machine.call(name, *arguments)
        return self.found


def _row(mapping: Mapping, end: int | None = None) -> tuple[int, ...]:
    """How the module tells of it: what is there, then the value, 0 where there is none."""
    line, column, original, name = mapping
    found = (
        line,
        column,
        int(end is not None),
        end or 0,
        int(original is not None),
        *(original or (0, 0, 0)),
    )
    return (*found, int(name is not None), name or 0)


def drive(open_: Open, given: Given) -> list[object]:
    """Mappings there and back, and those of a place."""
    numbers = given.random()
    found: list[object] = []
    for count in (0, 1, 12, 200 * given.scale):
        made, reader = _made(numbers, count), _Reader(open_)
        text = _encoded(made)
        pointer = reader.parse(text)
        assert pointer
        assert reader.ask("by_generated_location", pointer) == [_row(each) for each in made]
        found.append(text)
        places = [each[:2] for each in made]
        for _ in range(20 if made else 0):
            line, column = numbers.choice(made)[0], numbers.randrange(210)
            before = made[: bisect.bisect_right(places, (line, column))][-1:]
            assert reader.ask("original_location_for", pointer, line, column, _LOWER) == [*map(_row, before)]
            after = made[bisect.bisect_left(places, (line, column)) :][:1]
            assert reader.ask("original_location_for", pointer, line, column, _UPPER) == [*map(_row, after)]
        # From here on it knows where each mapping ends: at the next one of its line.
        found += reader.ask("by_original_location", pointer)
        for _ in range(20 if made else 0):
            source, line, column = numbers.randrange(3), numbers.randrange(count), numbers.randrange(120)
            for bias in (_LOWER, _UPPER):
                found += reader.ask("generated_location_for", pointer, source, line, column, bias)
            found += reader.ask("all_generated_locations_for", pointer, source, line, 1, column)
        reader.machine.call("compute_column_spans", pointer)
        ends = [other[1] if other[0] == each[0] else None for each, other in itertools.pairwise(made)]
        rows = [_row(each, end) for each, end in zip(made, [*ends, None], strict=False)]
        assert reader.ask("by_generated_location", pointer) == rows
        reader.machine.call("free_mappings", pointer)
    for wrong in (b"A,AA", b"!", b"gggggggggggggggggggggA", b"AAAAAAAA"):
        reader = _Reader(open_)
        found += [reader.parse(wrong), reader.machine.call("get_last_error")]
    return found
