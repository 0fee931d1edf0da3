"""What key each page has, as the kernel says it: /proc/self/smaps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HEAD = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ *(.*)$")


@dataclass(frozen=True, slots=True)
class Mapping:
    """Pages from *start* to *end*. access: as "rw-p"; name: of the file, "" for none; key: their protection
    key; sealed: whether nothing can change them."""

    start: int
    end: int
    access: str
    name: str
    key: int
    sealed: bool


def mappings() -> Iterator[Mapping]:
    """Those of this process."""
    head: re.Match[str] | None = None
    key = 0
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if found := _HEAD.match(line):
            head, key = found, 0
        elif line.startswith("ProtectionKey:"):
            key = int(line.split()[1])
        elif line.startswith("VmFlags:") and head is not None:
            start, end = int(head[1], 16), int(head[2], 16)
            yield Mapping(start, end, head[3], head[4], key, " sl" in line)


def tags(address: int, size: int) -> set[tuple[str, int]]:
    """(access, key) of the pages that hold these bytes; ("", 0) where there is none."""
    found: set[tuple[str, int]] = set()
    at, end = address, address + size
    for each in mappings():
        if each.end <= at or each.start >= end:
            continue
        if each.start > at:
            found.add(("", 0))
        found.add((each.access, each.key))
        at = each.end
    if at < end:
        found.add(("", 0))
    return found
