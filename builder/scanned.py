"""Machine code that guests can run: what the scanner finds in it is compiled away, or the build is refused.

A forbidden instruction gets into compiled code by accident: two instructions side by side, the name of a
register before a constant. The unit that it is in is compiled again with flags that give other code of the
same C. What stays whatever the flags is the source's: a constant, or assembly.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from ..core.errors import BuildError
from ..isolation.inventory import Found, inventory

if TYPE_CHECKING:
    from .compile import Linked

# What a unit is compiled with besides, in turn: other places for functions, then other instructions.
OTHERWISE: tuple[tuple[str, ...], ...] = (
    (),
    ("-falign-functions=8",),
    ("-Xclang", "-Os"),
    ("-Xclang", "-O1"),
    ("-Xclang", "-O2"),
    ("-Xclang", "-O2", "-falign-functions=16"),
)


def clean(linked: Linked, again: Callable[[Mapping[str, tuple[str, ...]]], Linked]) -> Linked:
    """*linked*, or the same C compiled otherwise, without forbidden instructions where it can be executed.
    again: compiles and links once more, given further flags of object files. Raises BuildError, which names
    the functions and their micro-libraries."""
    tried: Counter[str] = Counter()
    while linked.image and (found := inventory(linked.image, linked.full)):
        homes = _homes(linked)
        files = {each: homes.get(each.symbol, ()) for each in found}
        tried.update({name for names in files.values() for name in names})
        hopeless = [
            each
            for each, names in files.items()
            if not names or max(tried[n] for n in names) >= len(OTHERWISE)
        ]
        if hopeless:
            raise BuildError(_refusal(hopeless, files, linked.owners))
        linked = again({name: OTHERWISE[count] for name, count in tried.items()})
    return linked


def _homes(linked: Linked) -> dict[str, tuple[str, ...]]:
    """The object files that have a function of this name; several can have one of their own."""
    found: dict[str, tuple[str, ...]] = {}
    for name, content in zip(linked.owners, linked.objects, strict=True):
        for table in ELFFile(io.BytesIO(content)).iter_sections():
            if isinstance(table, SymbolTableSection):
                for each in table.iter_symbols():
                    if (
                        each["st_info"]["type"] in ("STT_FUNC", "STT_NOTYPE")
                        and each["st_shndx"] != "SHN_UNDEF"
                    ):
                        found[each.name] = (*found.get(each.name, ()), name)
    return found


def _refusal(hopeless: list[Found], files: Mapping[Found, tuple[str, ...]], owners: Mapping[str, str]) -> str:
    lines = []
    for each in hopeless:
        those = sorted({owners[name] for name in files[each]})
        what = f"{each.hit.instruction.name} ({each.hit.instruction.why})"
        whose = f" of micro-library {' or '.join(those)}" if those else ""
        lines.append(f"  {each.symbol or f'address {each.address:#x}'}{whose}: {what}")
    return (
        "code that nobody trusts may not have these instructions, not even within others or in constants:\n"
        + "\n".join(dict.fromkeys(lines))
        + "\nchange the C, leave the micro-library out, or run it with --isolation process"
    )
