"""DWARF line information: which line of which source an instruction comes from (DWARF 4 and 5; addresses are
offsets in the content of the code section)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from inspect import signature
from io import BytesIO
from itertools import islice
from typing import Any

from ...core.wellformed import MAX_LINE
from .model import Body, WasmModule

LINES = ".debug_line"
MAX_ROWS = 1 << 22


@dataclass
class Lines:
    """offsets: in the file, ascending, where a row of the line table begins; numbers: the line of each, 0 for
    code without one. source: the name of the file that they are in."""

    offsets: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    source: str = ""

    @classmethod
    def read(cls, module: WasmModule) -> Lines:
        """The lines that *module* has, of the source that most of them are from: a module here names one.

        Debug information that cannot be read is passed over: it is for people, and says nothing about code.
        """
        if LINES not in module.customs:
            return cls()
        try:
            rows = sorted(islice(_rows(module), MAX_ROWS))
        except Exception:  # what pyelftools raises for wrong input is of many kinds
            return cls()
        if not rows:
            return cls()
        source = Counter(file for _, _, file in rows).most_common(1)[0][0]
        # A line table adds to numbers as it likes: a line that cannot be is none.
        found = {
            module.code_at + at: line if file == source and 0 < line <= MAX_LINE else 0
            for at, line, file in rows
        }
        return cls(list(found), list(found.values()), source)

    def marks(self, body: Body) -> Sequence[int]:
        """The offsets in a function's code at which a line begins."""
        if not self.offsets:
            return ()
        first = max(0, bisect_right(self.offsets, body.at) - 1)
        return self.offsets[first : bisect_left(self.offsets, body.end)]

    def of(self, places: Sequence[tuple[int, int]], size: int) -> tuple[tuple[int, int], ...]:
        """(offset in translated code, line) pairs of a function from (offset there, offset in the file)."""
        if not places:
            return ()
        found: dict[int, int] = {}
        for at, offset in places:
            if at < size:
                found[at] = self.numbers[bisect_right(self.offsets, offset) - 1]
        kept, last = [], 0
        for at, line in found.items():
            if line != last and line:
                kept.append((at, line))
                last = line
        return tuple(kept)


def _rows(module: WasmModule) -> Iterator[tuple[int, int, str]]:
    """(address, line, source file) of each row of each line table; line 0 behind the end of a sequence."""
    from elftools.dwarf.dwarfinfo import (
        DebugSectionDescriptor,
        DwarfConfig,
        DWARFInfo,
    )

    def section(name: str) -> Any:
        if name not in module.customs:
            return None
        at, end = module.customs[name]
        return DebugSectionDescriptor(BytesIO(module.data[at:end]), name, 0, end - at, 0)

    wanted = [each for each in signature(DWARFInfo).parameters if each.endswith("_sec")]
    sections = {each: section("." + each.removesuffix("_sec")) for each in wanted}
    info = DWARFInfo(config=DwarfConfig(True, "", 4), **sections)
    for unit in info.iter_CUs():
        program = info.line_program_for_CU(unit)
        if program is None:
            continue
        # Version 5 counts files from 0, those before from 1.
        entries, base = program["file_entry"], 0 if program["version"] >= 5 else 1
        files = [each.name.decode("utf-8", "replace") for each in entries]
        for state in (each.state for each in program.get_entries() if each.state is not None):
            number = state.file - base
            file = files[number] if 0 <= number < len(files) else ""
            yield state.address, 0 if state.end_sequence else state.line, file
