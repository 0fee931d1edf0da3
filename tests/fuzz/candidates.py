"""Modules that may reach what no seed does: snippets; every form alone in a small program, on operands of all kinds;
mutants."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.errors import ModuleError, SourceError
from tblvm.core.module import Debug
from tblvm.core.registry import Registry
from tblvm.core.verified import Form
from tests.core.test_tbc import DAMAGED, FILE, MALFORMED
from tests.differential.test_opcodes import forms, line
from tests.differential.vectors import BAD_NUMBERS, Program
from tests.fuzz import snippets
from tests.fuzz.modules import DEEP_STACK, LARGE_HEAP, SHORT, STRESS, WHOLE, lean, smallest, with_run, written
from tests.fuzz.mutate import mutate_file

_HOWS = (0, 0, 0, LARGE_HEAP, LARGE_HEAP | DEEP_STACK, STRESS, SHORT, SHORT | WHOLE, 1 << 3, 2 << 3, 1 << 5)
_VECTORS = 5


def programs(reg: Registry, amount: int, seed: str) -> Iterator[bytes]:
    """Files of *amount* programs for each form; most of them trap, where the form can."""
    for form in forms("freelist"):
        rng = random.Random(f"{seed} {form.name} {form.declaration.function.__name__}")
        for number in range(amount):
            if (file := _program(form, rng, reg, wild=number % 3 != 2)) is not None:
                yield file


def _program(form: Form, rng: random.Random, reg: Registry, wild: bool) -> bytes | None:
    program = Program(rng, wild=wild)
    for _ in range(1 if wild else _VECTORS):
        program.run(form)
    try:
        module = smallest(lean(program.text()), reg)
        return with_run(written(module, reg, named=False), rng.choice(_HOWS), _input(rng))
    except (SourceError, ModuleError):  # too wild for a file
        return None


def _input(rng: random.Random) -> bytes:
    if rng.random() < 0.5:
        return rng.choice((*(each.encode() for each in BAD_NUMBERS), b" 12", b"-2147483648 7", b"\xff"))
    return b"".join(line(rng) for _ in range(_VECTORS))


def written_snippets(reg: Registry) -> Iterator[bytes]:
    """The files of snippets.py."""
    for each in snippets.snippets(reg):
        module = assemble(each.text, reg.isa, f"{each.name}.tba")
        yield with_run(written(module, reg, named=each.named), each.how, each.stdin)


def refused(reg: Registry) -> Iterator[bytes]:
    """Files of what the verifier refuses."""
    for text in snippets.refused():
        module = assemble(text, reg.isa, "refused.tba")
        functions = tuple(replace(each, max_stack=9) for each in module.functions)
        yield tbc.write(replace(module, functions=functions, debug=Debug()))


_TEXTS = ("\xc0\x80", "\xc2", "\xc2A", "\xdf\xbf", "\xe0\x80\x80", "\xe2\x82", "\xed\xa0\x80", "\xef\xbf\xbf", "\xf0\x80\x80\x80",
          "\xf0\x9f\x98\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xe2\x80\xae", "\x1b")  # fmt: skip


def damaged() -> Iterator[bytes]:
    """Files of which the reader's tests say what is wrong with them; the whole file with each byte and each word
    changed, with its beginning only, with other names."""
    for damage, _ in DAMAGED:
        file = bytearray(FILE)
        damage(file)
        yield bytes(file)
    with patch("tblvm.core.tbc.check"):
        for module, _ in MALFORMED:
            with suppress(
                struct.error, TypeError, ValueError, LookupError, OverflowError
            ):  # no file says that
                yield tbc.write(module)
    yield from (FILE[:size] for size in (0, 3, 4, 47, 48, 60))
    for at in range(len(FILE)):
        for byte in (0, 0x7F, 0xFF, FILE[at] + 1 & 0xFF, FILE[at] - 1 & 0xFF):
            yield FILE[:at] + bytes([byte]) + FILE[at + 1 :]
        if at % 4 == 0 and at + 4 <= len(FILE):
            yield FILE[:at] + b"\xff" * 4 + FILE[at + 4 :]
    for text in _TEXTS:
        data = text.encode("latin-1").ljust(4, b"a")
        yield with_run(FILE.replace(b"main", data))
        yield with_run(FILE.replace("\xfc.tb".encode()[:4], data))
        yield with_run(FILE.replace(b"a.b-", data))


def mutants(files: Sequence[Path], reg: Registry, amount: int, seed: str) -> Iterator[bytes]:
    """Other files: *amount* of each."""
    for path in files:
        rng = random.Random(f"{seed} {path.name}")
        data = path.read_bytes()
        for _ in range(amount):
            yield mutate_file(data, rng, reg, bytes)
