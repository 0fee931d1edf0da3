"""What a linker says when object files do not fit together, in terms of micro-libraries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..core.printable import printable_lines
from .rows import PROGRAM

# Of lld: the first line says what is wrong, those that begin with >>> where. An object file's folder is the
# builder's own; `a.c:5 (folder/a.c:5)` is there because of `-g1`.
_ERROR = "error: "
_UNDEFINED, _DUPLICATE = "undefined symbol: ", "duplicate symbol: "
_OBJECT = re.compile(r"/([^/\n]+\.o)\b")
_PLACE = re.compile(r">>> (?:referenced by|defined at) (\S+:\d+) \(")
_TOO_LARGE = "relocation .* out of range|section .* overlap|unable to place|too large"


def explained(status: int, text: str, owners: Mapping[str, str], folder: Path) -> str:
    """What to say when lld ended with *status* and wrote *text*. owners: object file -> micro-library;
    folder: where the object files are."""
    if status < 0:
        return f"the linker was ended by signal {-status}: is there room, in memory and on the disk?"
    found: dict[str, None] = {}
    for block in re.split(rf"^.*?{_ERROR}", text, flags=re.M)[1:]:
        found.update(dict.fromkeys(_one(block, owners)))
    plain = printable_lines(text.replace(f"{folder}/", "")).strip()
    return "\n".join(found) or f"the linker failed:\n{plain}"


def _one(block: str, owners: Mapping[str, str]) -> Iterator[str]:
    head = printable_lines(block.split("\n", 1)[0])
    those = list(dict.fromkeys(_called(owners[name]) for name in _OBJECT.findall(block) if name in owners))
    places = dict.fromkeys(_PLACE.findall(block))
    where = f" ({', '.join(places)})" if places else ""
    if head.startswith(_UNDEFINED):
        name = head.removeprefix(_UNDEFINED)
        yield (
            f"{' and '.join(those) or 'the runtime'} uses {name}{where}, which no C in this runtime "
            "defines: name the file that has it in `sources`, or the library that has it in `requires`"
        )
    elif head.startswith(_DUPLICATE):
        name = head.removeprefix(_DUPLICATE)
        both = "both define" if len(those) > 1 else "defines twice"
        yield f"{' and '.join(those)} {both} {name}{where}: make it static, or give it another name"
    elif re.search(_TOO_LARGE, head):
        yield (
            "the image is too large for the addresses that executables have: code, constants and static "
            "data end below 256 MiB; the largest rows of the report say what takes them"
        )


def _called(owner: str) -> str:
    return "the program" if owner == PROGRAM else f"micro-library {owner}"
