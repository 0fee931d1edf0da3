"""The inventory of ELF files: what is in them by symbol, and nothing left out."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tblvm.isolation.inventory import executable, gates, inventory

# Nothing of it depends on the machine.
pytestmark = pytest.mark.outside

ASSEMBLY = """
.text
.globl one, two, three, bare
.type one, @function
one:    wrpkru
        ret
        .size one, . - one
.type two, @function
two:    xrstor (%rdi)
        syscall
        mov $0x50f, %eax
        ret
        .size two, . - two
.type three, @function
three:  and $15, %eax
        add $0x12345, %eax
        ret
        .size three, . - three
bare:   int $0x80
        ret
.section .rodata
        .byte 0x0f, 0x01, 0xef
.data
        .byte 0x0f, 0x05
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("inventory")
    return linked(folder, ASSEMBLY)


def linked(folder: Path, assembly: str, *flags: str) -> bytes:
    (folder / "code.s").write_text(assembly + '.section .note.GNU-stack,"",@progbits\n')
    made = folder / "code.so"
    separate = ("-Wl,-z,separate-code", "-Wl,--build-id=none", *flags)
    subprocess.run(["gcc", "-shared", "-nostdlib", *separate, "-o", made, folder / "code.s"], check=True)
    return made.read_bytes()


def names(image: bytes) -> Counter[str]:
    return Counter(each.hit.instruction.name for each in inventory(image))


def test_every_one_has_its_symbol(image: bytes) -> None:
    assert gates(image) == {
        ("one", "wrpkru"): 1,
        ("two", "xrstor"): 1,
        ("two", "syscall"): 2,  # one is in a constant
        ("three", "syscall"): 1,  # one over two instructions
        ("bare", "int 0x80"): 1,  # a symbol without a size
    }


def test_it_is_said_where(image: bytes) -> None:
    assert str(inventory(image)[0]).startswith("wrpkru in one (at 0x")


def test_data_counts_where_it_can_be_executed(tmp_path: Path, image: bytes) -> None:
    """Pages are the unit: what a linker puts onto the pages of code can be jumped to."""
    together = linked(tmp_path, ASSEMBLY, "-Wl,-z,noseparate-code")
    assert names(together) - names(image) == {"wrpkru": 1}


def test_what_is_behind_code_in_the_file_is_mapped_too(image: bytes) -> None:
    """A segment's last page is the file's: what stands there behind the segment can be executed."""
    [(start, code)] = list(executable(image))
    offset = image.index(code.rstrip(b"\0"))
    assert start % 4096 == 0 and len(code) % 4096 == 0
    hidden = image[: offset + 4000] + b"\x0f\x01\xef" + image[offset + 4003 :]
    assert names(hidden) - names(image) == {"wrpkru": 1}


@pytest.mark.parametrize("size", [0, 3, 63, 64, 200, 4096])
def test_damaged_files_are_refused_or_read(image: bytes, size: int) -> None:
    try:
        inventory(image[:size])
    except ValueError:
        return
    assert size > 200
