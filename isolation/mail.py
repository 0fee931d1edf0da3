"""The mail between a guest and its host, as c/tb_guest.h says it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import cffi  # type: ignore[import-untyped]

from ..core.once import once

HEADER = Path(__file__).parent / "c" / "tb_guest.h"

# Where a worker has its arena.
WORKER_ADDRESS = 0x100000000000

CALL, ANSWER, ASK, DONE = 1, 2, 3, 4
HOST, READ, WRITE, ERROR, WAIT, CLOCK, RANDOM, FAIL, LEND = range(1, 10)

SIZE = 4096
WORDS = 8


@once
def ffi() -> cffi.FFI:
    """The declaration of the mail, and of what the system does for memory that is shared."""
    made = cffi.FFI()
    made.cdef(
        f"struct tb_mail {{ uint64_t kind, what, words[{WORDS}], result, flag, died[8]; "
        f"uint8_t text[{SIZE - 8 * (WORDS + 12)}]; }};"
        "void *mmap(void *, size_t, int, int, int, long); int munmap(void *, size_t);"
        "int madvise(void *, size_t, int);"
    )
    assert made.sizeof("struct tb_mail") == SIZE
    return made


@once
def numbers() -> dict[str, int]:
    """The numbers of what a host calls in its guest, by name: the list in the header."""
    text = HEADER.read_text("utf-8")
    start = text.index("#define TB_GUEST_CALLS(EACH)")
    names = re.findall(r"EACH\((\w+)\)", text[start : text.index("\n\n", start)].split("\n", 1)[1])
    return {name: number for number, name in enumerate(names)}


def mail_at(base: Any) -> Any:
    """The mail at the start of an arena."""
    return ffi().cast("struct tb_mail *", base)
