"""What key each page has, as the kernel says it (/proc/self/smaps)."""

from __future__ import annotations

import re
from pathlib import Path

from ..mappings import mappings


def tags(address: int, size: int) -> set[tuple[str, int]]:
    """(access, key) of the pages that hold these bytes, access as in "rw-"; ("", 0) where there is none."""
    found: set[tuple[str, int]] = set()
    at, end = address, address + size
    for each in mappings():
        if each.end <= at or each.start >= end:
            continue
        if each.start > at:
            found.add(("", 0))
        can = (each.read, each.write, each.execute)
        found.add(("".join(c if yes else "-" for c, yes in zip("rwx", can, strict=True)), each.key))
        at = each.end
    if at < end:
        found.add(("", 0))
    return found


def tagged(key: int) -> int:
    """How many bytes have this key."""
    return sum(each.end - each.start for each in mappings() if each.key == key)


def resident(address: int, size: int) -> int:
    """How many bytes of memory there are behind these addresses."""
    found, within = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if head := re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line):
            within = int(head[1], 16) < address + size and address < int(head[2], 16)
        elif within and line.startswith("Rss:"):
            found += int(line.split()[1]) << 10
    return found
