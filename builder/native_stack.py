"""How much native stack a runtime takes at most: the deepest chain of calls in its object files.

The compiler says how large each function's frame is (`-fstack-size-section`); with a section for each
function, relocations say which functions it refers to. A reference counts as a call: what is never called
makes the bound larger, not wrong. Not in it: what the system puts there before the start (arguments,
environment), and signal frames.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..core.code import read_leb
from .rows import NativeStack

if TYPE_CHECKING:
    from elftools.elf.sections import Section, SymbolTableSection

# What a call itself pushes: the return address, or nothing where that is in a register.
_CALL_BYTES = {"EM_X86_64": 8}
START = "_start"
# What the compiler's outliner may push around a call of common code, and in it: the return address. No frame
# has that.
_OUTLINED, _OUTLINED_BYTES = "OUTLINED_FUNCTION_", 32
_EXECUTABLE = 4  # SHF_EXECINSTR


@dataclass(slots=True)
class _Function:
    name: str
    frame: int = 0
    calls: set[str] = field(default_factory=set)


def native_stack(objects: Iterable[bytes], recursive: Mapping[str, int] | None = None) -> NativeStack:
    """The bound for what is reachable from the start, in the object files that are linked together.

    recursive: functions that call themselves by way of others, with how many calls of one are under way at
    most: the path shows one, behind the deepest chain without them.
    """
    functions: dict[str, _Function] = {}
    pushed = 0
    for number, data in enumerate(objects):
        pushed = _read(data, number, functions)
    return _deepest(functions, pushed, recursive or {})


def _deepest(functions: dict[str, _Function], pushed: int, recursive: Mapping[str, int]) -> NativeStack:
    deepest: dict[str, tuple[int, tuple[str, ...]]] = {}
    chain: list[str] = []

    def visit(key: str) -> tuple[str, ...]:
        """Finds how deep it is below *key*; gives a circle, if there is one."""
        if key in chain:
            return tuple(functions[each].name for each in chain[chain.index(key) :])
        if key in deepest or key not in functions:
            return ()
        chain.append(key)
        most: tuple[int, tuple[str, ...]] = (0, ())
        for callee in sorted(functions[key].calls.difference(recursive)):
            if circle := visit(callee):
                return circle
            if callee in deepest:
                size, path = deepest[callee]
                most = max(most, (size + pushed, path))
        chain.pop()
        deepest[key] = functions[key].frame + most[0], (functions[key].name, *most[1])
        return ()

    if circle := visit(START):
        return NativeStack(None, circle)
    size, path = deepest.get(START, (0, ()))
    # Between two calls of one of these lies what is below it; the last one stands below the deepest chain.
    for key, calls in recursive.items():
        if circle := visit(key):
            return NativeStack(None, circle)
        if key in deepest:
            size += calls * (deepest[key][0] + pushed)
            path = (*path, *deepest[key][1])
    return NativeStack(size, path)


def _read(data: bytes, number: int, functions: dict[str, _Function]) -> int:
    """Adds the functions of an object file; static ones get its *number*. Gives the bytes a call pushes."""
    from elftools.elf.elffile import ELFFile
    from elftools.elf.relocation import RelocationSection
    from elftools.elf.sections import SymbolTableSection

    elf = ELFFile(io.BytesIO(data))
    machine = elf["e_machine"]
    sections = list(elf.iter_sections())
    table = elf.get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection), "compilers write a symbol table"
    keys = _keys(sections, table, number)
    for key in keys.values():
        name = key.split(":")[-1]
        functions[key] = _Function(name, _OUTLINED_BYTES if name.startswith(_OUTLINED) else 0)
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
                functions[callee].frame += read_leb(place.data(), each["r_offset"] + elf.elfclass // 8)[0]
            elif caller is None:
                continue
            elif symbol["st_shndx"] == "SHN_UNDEF":
                functions[caller].calls.add(symbol.name)
            # In its own section a function refers to labels, too.
            elif callee is not None and (callee != caller or symbol["st_info"]["type"] == "STT_FUNC"):
                functions[caller].calls.add(callee)
    for index, key in keys.items():
        calls = _own_calls(sections[index].data(), machine)
        if any((index, at) not in open_ for at in calls):
            functions[key].calls.add(key)
    return _CALL_BYTES.get(machine, 0)


def _keys(sections: list[Section], table: SymbolTableSection, number: int) -> dict[int, str]:
    """What the function in each section is called here: its name if that is global."""
    keys = {}
    for index, section in enumerate(sections):
        if section["sh_flags"] & _EXECUTABLE and section["sh_size"]:
            keys[index] = f"{number}:{section.name.rsplit('.', 1)[-1]}"
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
