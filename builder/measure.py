"""measure: where every byte of an executable comes from.

The link map gives each input section its object file, hence its micro-library; the engine's functions are
split further by their line table, in which every handler is a file of its own. What no row covers is
padding between sections; headers are a row; the sum is the size of the file, exactly.

Where linking failed the object files themselves are measured: an estimate.
"""

from __future__ import annotations

import io
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .compile import STATE, Linked
from .emit import ARRAY_PREFIX
from .graph import Graph, graph, sections
from .native_stack import native_stack
from .rows import HEADERS, PADDING, NativeStack, Row, total

if TYPE_CHECKING:
    from elftools.dwarf.dwarfinfo import DWARFInfo

# VMA, LMA, size, alignment, then with indentation: output section / input section / symbol.
_LINE = re.compile(r"^\s*([0-9a-f]+)\s+[0-9a-f]+\s+([0-9a-f]+)\s+\d+ (\s*)(\S.*)$")
_INPUT = re.compile(r"^(.*):\((\.[^)]*)\)$")
KINDS = {".text": "text", ".rodata": "rodata", ".data": "data", ".bss": "bss"}
# What the dynamic linker reads of a shared library.
_DYNAMIC = {".dynsym", ".gnu.hash", ".hash", ".dynstr", ".rela.dyn", ".relr.dyn", ".dynamic", ".got"}
# Sections that hold many small things: .rodata.str1.1, .rodata.cst16.
ANONYMOUS = {"str": "string constants", "cst": "constants", ".L.": "string constants"}


@dataclass(frozen=True, slots=True)
class Footprint:
    """The bytes of an executable. rows sum to file_size, those that are not in the file left out. costs: for
    C functions the bytes that are only there for them. estimate: it was not linked; rows are the sections
    that the start leads to, without headers and padding."""

    rows: tuple[Row, ...]
    file_size: int
    native_stack: NativeStack
    costs: Mapping[str, int] = field(default_factory=dict)
    estimate: bool = False

    def total(self, *kinds: str, program: bool | None = None) -> int:
        """Bytes of these kinds; program: only the program's, or only the runtime's."""
        return total(self.rows, *kinds, program=program)

    @property
    def runtime(self) -> int:
        """Bytes of text and rodata of the runtime, without the program."""
        return self.total("text", "rodata", program=False)


def measure(
    linked: Linked,
    memory: Iterable[tuple[str, str, int]],
    recursive: Mapping[str, int] | None = None,
    services: Iterable[str] = (),
) -> Footprint:
    """The footprint of an executable, an estimate where it was not linked.

    memory: (micro-library, what, bytes) of settled size. recursive: C functions that
    call themselves by way of others, with how many calls are under way at most. services: C functions whose
    costs are wanted."""
    settled = [Row(owner, what, "memory", bytes_) for owner, what, bytes_ in memory]
    if linked.format != "elf":
        rows = _merged([*_rows_of[linked.format](linked), *settled])
        assert sum(row.size for row in rows if row.in_file) == len(linked.image)
        return Footprint(tuple(rows), len(linked.image), NativeStack(None, ()))
    rows = []
    linked_graph = graph(linked.objects, linked.starts)
    sections = _input_sections(linked.link_map) if linked.image else _reached(linked, linked_graph)
    # What was not linked has the engine's line table in its object file.
    changes = _changes(linked.full or next(iter(linked.objects), b""))
    for address, size, kind, file, section in sections:
        if not size:
            continue
        owner = linked.owners.get(file, "(toolchain)")
        item = section.split(".", 2)[-1] if section.count(".") > 1 else section
        if item.startswith(ARRAY_PREFIX):  # in *memory*
            continue
        if (parts := state_rows(linked, item, size)) is not None:
            rows += [
                Row(library, f"state in the {struct}", kind, bytes_) for struct, library, bytes_ in parts
            ]
            continue
        # Before they are linked all functions are at address 0.
        placed = kind == "text" and (linked.image or item == "tb_run")
        handlers = of_handlers(changes, address, size) if placed else []
        if any(label for _, label, _ in handlers):
            rows += [
                Row(each_owner or owner, label or item, kind, length, bool(label))
                for each_owner, label, length in handlers
            ]
        else:
            rows.append(Row(owner, ANONYMOUS.get(item[:3], item.removeprefix("tb_image_")), kind, size))
    rows = _merged([*rows, *settled])
    if linked.image:
        rows += _own_rows(linked, rows)
    size = sum(row.size for row in rows if row.in_file)
    assert size == len(linked.image) or not linked.image
    costs = {name: linked_graph.retained(name) for name in services}
    return Footprint(
        tuple(rows), size, native_stack(linked_graph, recursive), costs, estimate=not linked.image
    )


def _own_rows(linked: Linked, rows: Iterable[Row]) -> list[Row]:
    """The rows of the file itself: what *rows* do not cover."""
    found = [Row(HEADERS, "ELF headers", "", _header_bytes(linked.image))]
    dynamic = sum(each for name, each in _output_sections(linked.link_map) if name in _DYNAMIC)
    if dynamic:
        found.append(Row(HEADERS, "for the dynamic linker", "", dynamic))
    padding = len(linked.image) - sum(row.size for row in (*rows, *found) if row.in_file)
    assert padding >= 0, "rows exceed the file"
    return [*found, Row(PADDING, "alignment", "", padding)]


def _of_c(linked: Linked) -> Iterator[Row]:
    from .c_text import c_rows

    return c_rows(linked)


def _of_wasm(linked: Linked) -> Iterator[Row]:
    from .wasm import wasm_rows

    return wasm_rows(linked)


# What is no ELF file.
_rows_of = {"c": _of_c, "wasm": _of_wasm}


def state_rows(linked: Linked, item: str, size: int) -> list[tuple[str, str, int]] | None:
    """The state struct called *item* split by whose members it has; None for anything else."""
    if item not in STATE:
        return None
    struct = item.removeprefix("tb_the_")
    parts = [part for part in linked.members if part[0] == struct]
    return parts if sum(part[2] for part in parts) == size else None


def _merged(rows: list[Row]) -> list[Row]:
    """Rows of the same thing in one, where the first of them was."""
    sizes: dict[tuple[str, str, str, bool], int] = {}
    for row in rows:
        key = (row.owner, row.item, row.kind, row.opcode)
        sizes[key] = sizes.get(key, 0) + row.size
    return [Row(owner, item, kind, size, opcode) for (owner, item, kind, opcode), size in sizes.items()]


def _input_sections(link_map: str) -> Iterator[tuple[int, int, str, str, str]]:
    """(address, size, kind, object file, section) of what was linked, from lld's map."""
    kind = ""
    for line in link_map.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        address, size, indent, text = int(match[1], 16), int(match[2], 16), len(match[3]), match[4]
        if indent == 0:
            kind = KINDS.get(text, "")
        elif kind and (found := _INPUT.match(text)):
            yield address, size, kind, found[1].rsplit("/", 1)[-1], found[2]


def _output_sections(link_map: str) -> Iterator[tuple[str, int]]:
    """(name, size) of the sections of the file, from lld's map."""
    for line in link_map.splitlines():
        match = _LINE.match(line)
        if match is not None and not match[3]:
            yield match[4], int(match[2], 16)


def _reached(linked: Linked, found: Graph) -> Iterator[tuple[int, int, str, str, str]]:
    """The same of object files: their sections that the start leads to, each at address 0."""
    live = found.reached()
    for number, (file, data) in enumerate(zip(linked.owners, linked.objects, strict=True)):
        for key, section, size in sections(data, number):
            kind = KINDS.get(f".{section.split('.')[1]}", "")
            if kind and key in live:
                yield 0, size, kind, file, section


def _changes(full: bytes) -> list[tuple[int, str]]:
    """Where in *full* the file changes that code comes from, by its line table. Empty when there is none."""
    from elftools.common.exceptions import ELFRelocationError
    from elftools.elf.elffile import ELFFile

    elf = ELFFile(io.BytesIO(full))
    if not elf.has_dwarf_info():
        return []
    try:
        return changes_of(elf.get_dwarf_info())
    except ELFRelocationError:  # an object file of a target whose relocations pyelftools does not know
        return []


def changes_of(dwarf: DWARFInfo) -> list[tuple[int, str]]:
    """(address, file) wherever the file changes that code comes from; "" behind the end of one."""
    changes: list[tuple[int, str]] = []
    for unit in dwarf.iter_CUs():
        program = dwarf.line_program_for_CU(unit)
        if program is None:
            continue
        files = program["file_entry"]
        first = 0 if program["version"] >= 5 else 1
        names = [entry.name.decode("utf-8", "replace") for entry in files]
        for entry in program.get_entries():
            state = entry.state
            if state is not None:
                changes.append((state.address, "" if state.end_sequence else names[state.file - first]))
    changes.sort(key=lambda change: (change[0], change[1] != ""))
    return changes


def of_handlers(changes: Sequence[tuple[int, str]], start: int, size: int) -> list[tuple[str, str, int]]:
    """The *size* bytes of code from *start* on: (micro-library, opcode, bytes); empty strings for what is no
    opcode's."""
    found: dict[tuple[str, str], int] = {}
    position, current = start, ""
    first = bisect_left(changes, start, key=lambda change: change[0])
    for at in range(first, len(changes) + 1):
        address, name = changes[at] if at < len(changes) else (start + size, "")
        if address >= start + size:
            break
        if address > position:
            key = _owner(current)
            found[key] = found.get(key, 0) + address - position
            position = address
        current = name
    if position < start + size:
        key = _owner(current)
        found[key] = found.get(key, 0) + start + size - position
    return [(owner, label, length) for (owner, label), length in found.items()]


def _owner(file: str) -> tuple[str, str]:
    """The micro-library and opcode that a file name in an engine's line table stands for."""
    if not file.startswith("tb-op:"):
        return "", ""
    _, owner, label, _ = file.split(":", 3)
    return owner, label


def _header_bytes(image: bytes) -> int:
    """Bytes of ELF, program and section headers, and of the tables that only section headers name."""
    from elftools.elf.elffile import ELFFile

    elf = ELFFile(io.BytesIO(image))
    header = elf.header
    size = header["e_ehsize"] + header["e_phnum"] * header["e_phentsize"]
    size += header["e_shnum"] * header["e_shentsize"]
    size += sum(
        section["sh_size"]
        for section in elf.iter_sections()
        if not section["sh_flags"] & 2 and section["sh_type"] not in ("SHT_NULL", "SHT_NOBITS")
    )
    return int(size)
