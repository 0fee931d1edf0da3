"""A guest that does what it is told (c/puppet.c), for tests."""

from __future__ import annotations

import io
import re
import struct
from functools import cache
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from tblvm.builder.compile import COMPILE_FLAGS, run_all
from tblvm.builder.toolchain import zig
from tblvm.isolation.keys import image
from tblvm.isolation.keys.guest import DIED, ENDED, SWITCHED, Guest
from tblvm.isolation.keys.image import Image
from tblvm.isolation.keys.supervisor import ffi
from tests.harness.builds import built_of

HERE = Path(__file__).parent / "c"
ROOT = Path(__file__).parents[3]
_INCLUDE = (ROOT / "isolation" / "keys" / "c", ROOT / "core" / "c")
_SCRIPT = ROOT / "isolation" / "c" / "image.ld"
_FLAGS = (
    "-target",
    "x86_64-linux-none",
    *COMPILE_FLAGS,
    "-fpie",
    "-fvisibility=hidden",
    "-fcf-protection=none",
)
_LINK = ("-m", "elf_x86_64", "-pie", "--no-dynamic-linker", "-Bsymbolic", "-z", "norelro", "-e", "start")
_LINK_TOO = ("-z", "max-page-size=4096", "--build-id=none")

_NAMES = re.findall(
    r"\w+", re.search(r"enum \{([^}]*)\}", (HERE / "puppet.c").read_text())[1].replace("= 1", "")
)  # type: ignore[index]
WHAT = {name: number for number, name in enumerate(_NAMES, 1)}


def build(*names: str) -> Path:
    """The folder with image.elf, of these sources."""
    files = [HERE / f"{name}.c" for name in names]
    headers = [path for folder in _INCLUDE for path in folder.glob("*.h")]

    def make(folder: Path) -> None:
        objects = [folder / f"{path.stem}.o" for path in files]
        words = [str(zig()), "cc", *_FLAGS, *(f"-I{path}" for path in _INCLUDE)]
        run_all([[*words, "-c", str(a), "-o", str(b)] for a, b in zip(files, objects, strict=True)], folder)
        link = [str(zig()), "ld.lld", *_LINK, *_LINK_TOO, "-T", str(_SCRIPT)]
        run_all([[*link, *map(str, objects), "-o", str(folder / "image.elf")]], folder)

    return built_of([*files, *headers, _SCRIPT], (names, _FLAGS, _LINK, _LINK_TOO), make)


@cache
def content(*names: str) -> bytes:
    return (build(*names) / "image.elf").read_bytes()


@cache
def symbols(*names: str) -> dict[str, int]:
    """Offsets of what the image has, by name."""
    table = ELFFile(io.BytesIO(content(*names))).get_section_by_name(".symtab")
    assert table is not None
    return {each.name: each["st_value"] for each in table.iter_symbols()}


class Puppet:
    """A guest, and orders for it."""

    def __init__(self, *, hostile: bool = False, **how: Any) -> None:
        names = ("puppet", "hostile") if hostile else ("puppet",)
        self.image: Image = image.load(content(*names), scanned=not hostile)
        self.guest = Guest(self.image, how.pop("arena", 1 << 20), **how)
        self.symbols = {name: self.image.address + offset for name, offset in symbols(*names).items()}

    def order(self, what: str, *words: int) -> None:
        """Writes an order, without giving control."""
        numbers = [WHAT[what], *(each & (1 << 64) - 1 for each in words)]
        ffi().buffer(self.guest.base, 64)[: 8 * len(numbers)] = struct.pack(f"<{len(numbers)}Q", *numbers)

    def do(self, what: str, *words: int, timeout: float | None = 60.0) -> int:
        """What it gives. Raises what it has died of; AssertionError where it neither handed over nor died."""
        self.order(what, *words, *(0,) * (7 - len(words)))
        reason = self.guest.run(timeout)
        if reason == DIED:
            why = self.guest.why()
            assert why is not None
            raise why
        assert reason == (ENDED if what == "END" else SWITCHED)
        return self.result(0)

    def result(self, number: int) -> int:
        """The result, or a word of the state behind it."""
        return int(struct.unpack_from("<5Q", ffi().buffer(self.guest.base, 8 * 13), 64)[number])

    def __enter__(self) -> Puppet:
        return self

    def __exit__(self, *error: object) -> None:
        self.guest.close()
