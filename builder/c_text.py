"""The artifact `c`: one C file, and what is known of it.

It is compiled as its users may compile it, for one 64-bit machine: so that no file leaves here that compilers
refuse, and because only a compiler knows how large state is.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

from .amalgamate import Piece, amalgamate, joined
from .compile import STATE, Linked, layout_numbers, members, run_all
from .emit import Sources
from .rows import Row
from .toolchain import zig

# The strictest that the file is promised for. A section for each object tells their sizes.
CHECK_FLAGS = (
    *("-target", "x86_64-linux-musl", "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic"),
    *("-fno-sanitize=all", "-fdata-sections"),
)


def c_text(sources: Sources, platform: str, folder: Path) -> Linked:
    """The file that *sources* are as one. platform: the micro-library that comes first. Raises BuildError
    when it does not compile."""
    pieces = (Piece("(headers)", "comment", sources.head), *amalgamate(sources, platform))
    text = joined(pieces)
    source, made = folder / "program.c", folder / "program.o"
    # The table that tells where members are is for us alone.
    source.write_text(text + re.sub(r"^#include.*\n", "", sources.layout.text, flags=re.M), "utf-8")
    run_all([[str(zig()), "cc", *CHECK_FLAGS, "-c", str(source), "-o", str(made)]], folder)
    source.write_text(text, "utf-8")
    compiled = made.read_bytes()
    return Linked(
        image=text.encode(),
        full=compiled,
        link_map="",
        owners={},
        members=members(layout_numbers(compiled), sources),
        objects=(),
        format="c",
        pieces=pieces,
    )


def c_rows(linked: Linked) -> Iterator[Row]:
    """Rows for the text of the file, which sum to it, and for static data, as a 64-bit machine has it."""
    for each in linked.pieces:
        yield Row(each.owner, each.item, "source", len(each.text.encode()), each.opcode)
    for name, size in _objects(linked.full):
        if name in STATE:
            struct = name.removeprefix("tb_the_")
            found = [
                Row(who, f"state in the {of}", "bss", bytes_)
                for of, who, bytes_ in linked.members
                if of == struct
            ]
            yield from found
            size -= sum(row.size for row in found)
        if size:
            yield Row(_owner(linked.pieces, name), name, "bss", size)


def _objects(compiled: bytes) -> Iterator[tuple[str, int]]:
    """The variables of an object file that can be written, with their sizes."""
    from elftools.elf.elffile import ELFFile

    for section in ELFFile(io.BytesIO(compiled)).iter_sections():
        if section["sh_flags"] & 3 == 3 and section["sh_size"]:  # SHF_WRITE, SHF_ALLOC
            yield section.name.split(".", 2)[-1], section["sh_size"]


def _owner(pieces: tuple[Piece, ...], name: str) -> str:
    """Whose text defines the variable; compilers put a function's name in front of what is its own, and a
    number behind what would have the same name."""
    plain = [word for word in name.split(".") if not word.isdigit()][-1]
    definition = re.compile(rf"\b{re.escape(plain)}\b\s*[\[=;]")
    return next((piece.owner for piece in pieces if definition.search(piece.text)), "(toolchain)")
