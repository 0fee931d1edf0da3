"""The graph of what is linked: sections of object files, and what each refers to.

With a section for each function and each constant (`-ffunction-sections`, `-fdata-sections`), relocations say
which refers to which.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..core.code import read_leb
from .artifacts import START

if TYPE_CHECKING:
    from elftools.elf.sections import Section, SymbolTableSection

# What a call itself pushes: the return address, or nothing where that is in a register.
_CALL_BYTES = {"EM_X86_64": 8}
# What the compiler's outliner may push around a call of common code, and in it: the return address. No frame
# has that.
_OUTLINED, _OUTLINED_BYTES = "OUTLINED_FUNCTION_", 32
_ALLOCATED, _EXECUTABLE = 2, 4  # SHF_ALLOC, SHF_EXECINSTR


@dataclass(slots=True)
class Node:
    """A section. name: of its function or constant; size: bytes in the file; refers: what it refers to, by
    key; of a function, frame: bytes of native stack; calls: itself, if it calls itself."""

    name: str
    size: int
    frame: int = 0
    calls: set[str] = field(default_factory=set)
    refers: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Graph:
    """Sections by key: the name of what is global, else one that only its object file has. functions: those
    that have code; pushed: bytes that a call pushes by itself; starts: what is called from outside."""

    nodes: dict[str, Node] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    pushed: int = 0
    starts: tuple[str, ...] = (START,)

    def callees(self, key: str) -> set[str]:
        """The functions that a function refers to: what is never called is among them."""
        node = self.nodes[key]
        return {each for each in node.refers if each != key and each in self.functions} | node.calls

    def reached(self, without: str = "") -> set[str]:
        """What the start leads to, by key, if *without* were not there."""
        found: set[str] = set()
        work = list(self.starts)
        while work:
            key = work.pop()
            if key not in found and key in self.nodes and key != without:
                found.add(key)
                work.extend(self.nodes[key].refers)
        return found

    def retained(self, key: str) -> int:
        """Bytes in the file that only *key* leads to, itself included."""
        return sum(self.nodes[each].size for each in self.reached() - self.reached(key))


def graph(objects: Iterable[bytes], starts: tuple[str, ...] = (START,)) -> Graph:
    """The graph of the object files that are linked together; starts: what is called from outside."""
    found = Graph(starts=starts)
    for number, data in enumerate(objects):
        _read(data, number, found)
    return found


def sections(data: bytes, number: int) -> list[tuple[str, str, int]]:
    """(key in the graph, section, bytes) of what an object file, the one of this *number*, has in memory."""
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    elf = ELFFile(io.BytesIO(data))
    table = elf.get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection), "compilers write a symbol table"
    found = list(elf.iter_sections())
    return [(key, found[at].name, found[at]["sh_size"]) for at, key in _keys(found, table, number).items()]


def _read(data: bytes, number: int, to: Graph) -> None:
    """Adds the sections of an object file; static ones get its *number*."""
    from elftools.elf.elffile import ELFFile
    from elftools.elf.relocation import RelocationSection
    from elftools.elf.sections import SymbolTableSection

    elf = ELFFile(io.BytesIO(data))
    machine = elf["e_machine"]
    sections = list(elf.iter_sections())
    table = elf.get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection), "compilers write a symbol table"
    keys = _keys(sections, table, number)
    functions = {index: key for index, key in keys.items() if sections[index]["sh_flags"] & _EXECUTABLE}
    for index, key in keys.items():
        name, section = key.split(":")[-1], sections[index]
        size = 0 if section["sh_type"] == "SHT_NOBITS" else section["sh_size"]
        to.nodes[key] = Node(name, size, _OUTLINED_BYTES if name.startswith(_OUTLINED) else 0)
    open_ = set()  # places that relocations fill
    for section in sections:
        if not isinstance(section, RelocationSection):
            continue
        place = sections[section["sh_info"]]
        caller = keys.get(section["sh_info"])
        for each in section.iter_relocations():
            open_.add((section["sh_info"], each["r_offset"]))
            symbol = table.get_symbol(each["r_info_sym"])
            callee = keys.get(symbol["st_shndx"])
            if place.name == ".stack_sizes" and callee is not None:
                to.nodes[callee].frame += read_leb(place.data(), each["r_offset"] + elf.elfclass // 8)[0]
            elif caller is None:
                continue
            elif symbol["st_shndx"] == "SHN_UNDEF":
                to.nodes[caller].refers.add(symbol.name)
            elif callee is not None:
                to.nodes[caller].refers.add(callee)
                # In its own section a function refers to labels, too.
                if callee == caller and symbol["st_info"]["type"] == "STT_FUNC":
                    to.nodes[caller].calls.add(caller)
    for index, key in functions.items():
        calls = _own_calls(sections[index].data(), machine)
        if any((index, at) not in open_ for at in calls):
            to.nodes[key].calls.add(key)
        to.functions.add(key)
    to.pushed = _CALL_BYTES.get(machine, 0)


def _keys(sections: list[Section], table: SymbolTableSection, number: int) -> dict[int, str]:
    """What each section is called here: the name of what is in it if that is global."""
    keys = {}
    for index, section in enumerate(sections):
        if section["sh_flags"] & _ALLOCATED and section["sh_size"]:
            function = section["sh_flags"] & _EXECUTABLE
            keys[index] = f"{number}:{section.name.rsplit('.', 1)[-1] if function else section.name}"
    for symbol in table.iter_symbols():
        if symbol["st_shndx"] in keys and symbol["st_info"]["bind"] == "STB_GLOBAL":
            keys[symbol["st_shndx"]] = symbol.name
    return keys


def _own_calls(code: bytes, machine: str) -> Iterator[int]:
    """Places with a call of the function's own start: assemblers need no relocation for that."""
    if machine == "EM_X86_64":  # call, then 32 bits: how far from behind them
        for at in range(1, len(code) - 3):
            if code[at - 1] == 0xE8 and int.from_bytes(code[at : at + 4], "little", signed=True) == -at - 4:
                yield at
    elif machine == "EM_AARCH64":  # bl
        for at in range(0, len(code), 4):
            if int.from_bytes(code[at : at + 4], "little") == 0x94000000 | (-at // 4 & 0x03FFFFFF):
                yield at
    elif machine == "EM_RISCV":
        for at in range(0, len(code) - 3, 2):
            if _riscv_call(code, at) == -at:
                yield at


def _riscv_call(code: bytes, at: int) -> int | None:
    """How far a `jal`, or `auipc` and `jalr`, that keeps a return address goes; None for anything else."""
    word = int.from_bytes(code[at : at + 4], "little")
    register = word >> 7 & 31
    if word & 127 == 0x6F and register:
        low = (word >> 21 & 0x3FF) << 1 | (word >> 20 & 1) << 11
        return low | (word >> 12 & 0xFF) << 12 | -(word >> 31 << 20)
    then = int.from_bytes(code[at + 4 : at + 8], "little")
    if word & 127 == 0x17 and then & 127 == 0x67 and then >> 15 & 31 == register:
        return (word >> 12 << 12) - (word >> 31 << 32) + (then >> 20) - (then >> 31 << 12)
    return None
