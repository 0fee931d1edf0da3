"""The inventory of an ELF file: forbidden instructions where it can be executed, by symbol."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise

from elftools.elf.constants import P_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from .scan import LONGEST, Hit, scan

PAGE = 4096
_CODE = ("STT_FUNC", "STT_NOTYPE", "STT_GNU_IFUNC")


@dataclass(frozen=True, slots=True)
class Found:
    """A forbidden instruction in an image. symbol: the function that it is in, "" where no symbol says;
    address: as the file has it; hit: which one."""

    symbol: str
    address: int
    hit: Hit

    def __str__(self) -> str:
        place = self.symbol or "what no symbol names"
        return f"{self.hit.instruction.name} in {place} (at {self.address:#x})"


def executable(image: bytes) -> Iterator[tuple[int, bytes]]:
    """(address, bytes) of what a system maps executable of an ELF file: whole pages, with what the file has
    around a segment, because mappings have that too; segments on neighbouring pages are joined. Raises
    ValueError where this is no ELF file that can be read."""
    pieces: list[tuple[int, bytes]] = []
    for segment in sorted(_segments(image), key=lambda each: int(each["p_vaddr"])):
        before = segment["p_vaddr"] % PAGE
        start, offset = segment["p_vaddr"] - before, segment["p_offset"] - before
        end = -(-(segment["p_vaddr"] + max(segment["p_memsz"], segment["p_filesz"])) // PAGE) * PAGE
        in_file = -(-(before + segment["p_filesz"]) // PAGE) * PAGE
        if offset < 0 or end - start > len(image) + (1 << 30):
            raise ValueError("a segment lies outside of the file")
        # What a program header has beyond the file is zeros.
        data = image[offset : offset + in_file].ljust(end - start, b"\0")
        if pieces and pieces[-1][0] + len(pieces[-1][1]) >= start:
            first, earlier = pieces.pop()
            start, data = first, earlier[: start - first] + data
        pieces.append((start, data))
    yield from pieces


def _segments(image: bytes) -> list[dict[str, int]]:
    with _reading():
        return [
            dict(each.header)
            for each in ELFFile(BytesIO(image)).iter_segments("PT_LOAD")
            if each["p_flags"] & P_FLAGS.PF_X
        ]


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # pyelftools raises many kinds for what is damaged
        raise ValueError(f"this is no ELF file: {error}") from error


def inventory(image: bytes, full: bytes = b"") -> tuple[Found, ...]:
    """All forbidden instructions where *image*, an ELF file, can be executed, by address. full: the same with
    symbols, where the image has none. Raises ValueError as `executable` does."""
    symbols = _functions(full or image)
    starts = [start for start, _, _ in symbols]
    found = []
    for start, code in executable(image):
        for hit in scan(code):
            address = start + hit.offset
            # A sequence is in the function in which it begins, or that it ends in.
            for place in (address, address + hit.bytes - 1):
                at = bisect_right(starts, place) - 1
                name = symbols[at][2] if at >= 0 and place < symbols[at][1] else ""
                if name:
                    break
            found.append(Found(name, address, hit))
    return tuple(found)


def gates(image: bytes) -> Counter[tuple[str, str]]:
    """How many of each forbidden instruction each function of *image* has: (symbol, mnemonic) -> count. To be
    compared with the list of what is meant to be there: nothing may be more, and nothing less."""
    return Counter((each.symbol, each.hit.instruction.name) for each in inventory(image))


def _functions(image: bytes) -> list[tuple[int, int, str]]:
    """(first address, the one behind the last, name) of symbols of code, by address."""
    found: dict[int, tuple[int, str]] = {}
    with _reading():
        for table in ELFFile(BytesIO(image)).iter_sections():
            if isinstance(table, SymbolTableSection):
                for each in table.iter_symbols():
                    start, size = each["st_value"], each["st_size"]
                    if each.name and each["st_info"]["type"] in _CODE:
                        found.setdefault(start, (start + size, each.name))
    # Assembly may leave sizes out: such a function goes up to the next one.
    starts = sorted(found)
    ends = [*starts[1:], 1 << 64]
    return [
        (start, found[start][0] if found[start][0] > start else end, found[start][1])
        for start, end in zip(starts, ends, strict=True)
    ]


def seams(pieces: list[tuple[int, bytes]]) -> Iterator[tuple[int, Hit]]:
    """Forbidden instructions that begin in one piece of executable memory and end in the one that follows it
    without a gap: (address, hit). pieces: (address, bytes), by address, of a page or more; the two ends of
    each are enough."""
    for (first, one), (second, other) in pairwise(pieces):
        if first + len(one) == second:
            tail = one[-(LONGEST - 1) :]
            for hit in scan(tail + other[: LONGEST - 1]):
                if hit.offset < len(tail) < hit.offset + hit.bytes:
                    yield second - len(tail) + hit.offset, hit
