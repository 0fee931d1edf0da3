"""What this process has mapped, and whether its code can be changed: the audit of write and execute.

    audit([(start, end), …])     what is wrong with regions of code that guests run
    code_of_process()            which forbidden instructions everything else has that can be executed here

Linux only: /proc/self/smaps and /proc/self/mem are read (proc(5)). Protection keys play no part in reading.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .inventory import seams
from .scan import scan

_HEAD = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) [0-9a-f]+ \S+ \d+ *(.*)")
# Of a mapping so many bytes are read at a time; neighbours overlap.
_PIECE, _OVERLAP = 1 << 24, 16
Region = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping of a process. start, end: addresses, the second one behind it. read, write, execute, shared:
    what can be done with it. name: a file's path, a name in brackets, or nothing. key: its protection key, 0
    where the machine has none. sealed: whether mseal(2) protects it."""

    start: int
    end: int
    read: bool
    write: bool
    execute: bool
    shared: bool
    name: str
    key: int = 0
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with code, and where."""

    address: int
    what: str

    def __str__(self) -> str:
        return f"{self.address:#x}: {self.what}"


def mappings(process: int | None = None) -> tuple[Mapping, ...]:
    """The mappings of a process, by address; of this one where none is named. Raises OSError."""
    path = Path("/proc", str(process or "self"), "smaps")
    with path.open(encoding="utf-8", errors="surrogateescape") as file:
        return tuple(_parsed(file))


def _parsed(lines: Iterable[str]) -> Iterator[Mapping]:
    head: tuple[str, ...] = ()
    key, flags = 0, list[str]()

    def made() -> Mapping:
        start, end, access, name = head
        can = ("r" in access, "w" in access, "x" in access, access.endswith("s"))
        return Mapping(int(start, 16), int(end, 16), *can, name, key, "sl" in flags)

    for line in lines:
        if found := _HEAD.fullmatch(line.rstrip("\n")):
            if head:
                yield made()
            head, key, flags = found.groups(), 0, []
        elif line.startswith("ProtectionKey:"):
            key = int(line.split()[1])
        elif line.startswith("VmFlags:"):
            flags = line.split()[1:]
    if head:
        yield made()


def audit(regions: Iterable[Region], mapped: tuple[Mapping, ...] | None = None) -> tuple[Problem, ...]:
    """What is wrong with *regions*, (start, end) of code that guests run: pages that are not mapped, cannot
    be executed, can be written or are shared with another mapping that could be; and forbidden instructions,
    also those that begin or end in memory beside it. mapped: the mappings, if they were read before. Raises
    OSError."""
    everything = mappings() if mapped is None else mapped
    return tuple(each for region in regions for each in _audited(region, everything))


def _audited(region: Region, everything: tuple[Mapping, ...]) -> Iterator[Problem]:
    start, end = region
    at = start
    for each in (each for each in everything if each.start < end and start < each.end):
        if each.start > at:
            yield Problem(at, "is not mapped")
        at = max(start, each.start)
        if each.write:
            yield Problem(at, "can be written" + ", and executed" * each.execute)
        if not each.execute:
            yield Problem(at, "cannot be executed")
        if each.shared:
            yield Problem(at, "is shared: another mapping of it may be writable")
        at = each.end
    if at < end:
        yield Problem(at, "is not mapped")
        return
    around = [each for each in everything if each.execute and each.start <= end and start <= each.end]
    for piece in around:
        for address, name in _hits(max(piece.start, start), min(piece.end, end)):
            yield Problem(address, f"has {name}")
    ends = [(each.start, *_ends(each)) for each in around]
    pieces = [piece for first, one, other, last in ends for piece in ((first, one), (last, other))]
    for address, hit in seams([each for each in pieces if each[1]]):
        yield Problem(address, f"has {hit.instruction.name}, with what is mapped beside it")


def _ends(each: Mapping) -> tuple[bytes, bytes, int]:
    """The first and the last bytes of a mapping, and where the last ones begin."""
    last = each.end - _OVERLAP
    return _read(each.start, each.start + _OVERLAP), _read(last, each.end), last


def _hits(start: int, end: int) -> Iterator[tuple[int, str]]:
    """(address, mnemonic) of the forbidden instructions in memory that is mapped."""
    for at in range(start, end, _PIECE):
        for hit in scan(_read(at, min(end, at + _PIECE + _OVERLAP))):
            if hit.offset < _PIECE:
                yield at + hit.offset, hit.instruction.name


def _read(start: int, end: int) -> bytes:
    """Memory of this process, whatever its protection key; nothing of what the system does not show."""
    memory = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.pread(memory, end - start, start)
    except (OSError, OverflowError):  # the system's own page is beyond what a file's offset can be
        return b""
    finally:
        os.close(memory)


def code_of_process(mapped: tuple[Mapping, ...] | None = None) -> dict[str, Counter[str]]:
    """Which forbidden instructions there are in all that this process can execute: name of the mapping ->
    mnemonic -> how many. A C library has one that writes PKRU, and a dynamic linker has some that restore
    registers: protection keys do not keep native code from jumping there (docs/isolation.md). Raises
    OSError."""
    found: dict[str, Counter[str]] = {}
    for each in mappings() if mapped is None else mapped:
        if each.execute:
            names = Counter(name for _, name in _hits(each.start, each.end))
            found.setdefault(each.name, Counter()).update(names)
    return found
