"""WebAssembly modules: linking them, and where every byte of one comes from.

The module that is shipped is the beginning of the one with names and line tables: these stand behind its
code, in sections of their own. The linker's map says where in the file each function and constant is.

The format: WebAssembly Core Specification, chapter 5, "Binary Format".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import BuildError
from .artifacts import START
from .compile import Linked, is_made, members, run_all
from .emit import ARRAY_PREFIX, Sources
from .link_errors import explained
from .measure import ANONYMOUS, changes_of, of_handlers, state_rows
from .rows import HEADERS, PADDING, Row
from .toolchain import zig

if TYPE_CHECKING:
    from elftools.dwarf.dwarfinfo import DWARFInfo

# The stack that C has in linear memory, for what C takes the address of. It is at the beginning: what is too
# much is an address below 0, which the machine refuses.
STACK_BYTES = 1 << 16
LINK_FLAGS = ("--gc-sections", "--stack-first", "-z", f"stack-size={STACK_BYTES}", "-O0")
_CUSTOM, _CODE, _DATA = 0, 10, 11
_NAMES = {1: "types", 2: "imports", 3: "functions", 4: "tables", 5: "memories", 6: "globals", 7: "exports"}
_NAMES |= {8: "start", 9: "elements", 12: "data count"}
_SEGMENT_KINDS = {".rodata": "rodata", ".data": "data", ".bss": "bss"}


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a module. number: its kind; name: of a custom one; start: of its header, in the file; at:
    of its content, for a custom one behind the name; end: behind it."""

    number: int
    name: str
    start: int
    at: int
    end: int


def _leb(data: bytes, at: int) -> tuple[int, int]:
    """The unsigned LEB128 number at *at*, which linkers write longer than it must be; what is behind it."""
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def sections(module: bytes) -> Iterator[Section]:
    """The sections of *module*, which the linker or compiler wrote."""
    at = 8
    while at < len(module):
        start, number = at, module[at]
        size, at = _leb(module, at + 1)
        end, name = at + size, ""
        if number == _CUSTOM:
            length, at = _leb(module, at)
            name = module[at : at + length].decode()
            at += length
        yield Section(number, name, start, at, end)
        at = end


def link(objects: dict[str, Path], sources: Sources, folder: Path, symbols: bool) -> Linked:
    """The module that *objects* are linked to. symbols: leave names and line tables in. Raises BuildError."""
    layout = objects.pop(sources.layout.name)
    full, link_map = folder / "full.wasm", folder / "link.map"
    owners = {objects[unit.name].name: unit.owner for unit in sources.units}

    def error(status: int, text: str) -> BuildError:
        return BuildError(explained(status, text, owners, folder))

    command = [str(zig()), "wasm-ld", *LINK_FLAGS, *map(str, objects.values())]
    run_all([[*command, f"-Map={link_map}", "-o", str(full)]], folder, error)
    if not (is_made(full, "wasm") and link_map.is_file()):
        raise error(0, "it made no module: pip install --force-reinstall ziglang")
    whole = full.read_bytes()
    known = [each for each in sections(whole) if each.number != _CUSTOM]
    return Linked(
        image=whole if symbols else whole[: known[-1].end],
        full=whole,
        link_map=link_map.read_text("utf-8", "replace"),
        owners=owners,
        members=members(_layout_numbers(layout.read_bytes()), sources),
        objects=(),
        format="wasm",
    )


def _layout_numbers(compiled: bytes) -> list[int]:
    """The numbers of the table in the layout unit: its only data segment."""
    section = next(each for each in sections(compiled) if each.number == _DATA)
    data = compiled[section.at : section.end]
    # One segment; of memory 0; at an address: i32.const, its operand, end.
    _, at = _leb(data, 3)
    size, at = _leb(data, at + 1)
    return [int.from_bytes(data[i : i + 4], "little") for i in range(at, at + size, 4)]


# Address, offset in the file, size, then with indentation: section or segment / input section / symbol.
_LINE = re.compile(r"^\s*(?:-|[0-9a-f]+)\s+([0-9a-f]+)\s+([0-9a-f]+) ( *)(\S.*)$")
_INPUT = re.compile(r"^(.*):\((.*)\)$")


def wasm_rows(linked: Linked) -> Iterator[Row]:
    """Rows for the module that is shipped, which sum to it, and for what is in memory only."""
    image, inputs = linked.image, 0
    yield Row(HEADERS, "module header", "", 8)
    for row in _inputs(linked):
        if row.in_file:
            inputs += row.size
        yield row
    bookkeeping = 8
    for section in sections(image):
        own = section.end - section.start
        if section.number in (_CODE, _DATA):
            own = 0
        elif section.number == _CUSTOM:
            yield Row(HEADERS, f"custom section {section.name}", "", own)
        else:
            yield Row(HEADERS, _NAMES.get(section.number, f"section {section.number}"), "", own)
        bookkeeping += own
    padding = _padding(linked)
    yield Row(PADDING, "alignment", "", padding)
    rest = len(image) - inputs - bookkeeping - padding
    assert rest >= 0, "rows exceed the module"
    yield Row(HEADERS, "headers of code and data", "", rest)
    entry = next(file for _, _, _, file, what in _lines(linked) if what == START)
    yield Row(linked.owners[entry], "stack of C", "memory", STACK_BYTES)


def _lines(linked: Linked) -> Iterator[tuple[str, int, int, str, str]]:
    """(segment, offset in the file, bytes, object file, what) of what was linked; those of a segment itself
    without an object file."""
    segment = ""
    for line in linked.link_map.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        at, size, indent, text = int(match[1], 16), int(match[2], 16), len(match[3]), match[4]
        if not indent:
            segment = text
            yield segment, at, size, "", ""
        elif indent == 8 and (found := _INPUT.match(text)):
            yield segment, at, size, found[1].rsplit("/", 1)[-1], found[2]


def _inputs(linked: Linked) -> Iterator[Row]:
    """Rows of functions and constants, and of what has bytes in memory only."""
    code = next(each for each in sections(linked.full) if each.number == _CODE)
    changes = changes_of(_dwarf(linked.full))
    for segment, at, size, file, what in _lines(linked):
        kind = "text" if segment == "CODE" else _SEGMENT_KINDS.get(segment, "")
        if not file or not kind or not size or at >= len(linked.image):
            continue
        item = what if kind == "text" else what.split(".", 2)[-1]
        owner = linked.owners.get(file, "(toolchain)")
        if item.startswith(ARRAY_PREFIX):  # memory of settled size
            continue
        if (parts := state_rows(linked, item, size)) is not None:
            for struct, library, bytes_ in parts:
                yield Row(library, f"state in the {struct}", kind, bytes_)
            continue
        split = of_handlers(changes, at - code.at, size) if kind == "text" else []
        if any(label for _, label, _ in split):
            for each_owner, label, length in split:
                yield Row(each_owner or owner, label or item, kind, length, bool(label))
        else:
            yield Row(owner, ANONYMOUS.get(item[:3], item.removeprefix("tb_image_")), kind, size)


def _padding(linked: Linked) -> int:
    """Bytes between the constants of the segments that are in the file."""
    found = 0
    for segment, at, size, file, _ in _lines(linked):
        if _SEGMENT_KINDS.get(segment, "bss") != "bss" and at < len(linked.image):
            found += -size if file else size
    return found


def _dwarf(module: bytes) -> DWARFInfo:
    """The line tables of a module: sections of its own by the names that ELF has for them."""
    import io
    from inspect import signature

    from elftools.dwarf.dwarfinfo import DebugSectionDescriptor, DwarfConfig, DWARFInfo

    def section(name: str) -> DebugSectionDescriptor | None:
        for each in sections(module):
            if each.name == name:
                data = module[each.at : each.end]
                return DebugSectionDescriptor(io.BytesIO(data), name, 0, len(data), 0)
        return None

    wanted = list(signature(DWARFInfo).parameters)[1:]
    found = {name: section("." + name.removesuffix("_sec")) for name in wanted}
    config = DwarfConfig(little_endian=True, machine_arch="wasm", default_address_size=4)
    return DWARFInfo(config=config, **found)
