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
from tblvm.stack import verify
from tests.core.loader.mutants import mutant
from tests.core.test_tbc import DAMAGED, FILE, FULL, MALFORMED
from tests.differential.test_opcodes import forms, line
from tests.differential.vectors import BAD_NUMBERS, CLASSES, Program
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
        module = replace(assemble(text, reg.isa, "refused.tba"), debug=Debug())
        *helpers, main = module.functions
        known = replace(module, functions=(*helpers, replace(main, code=_HALT)), shapes=())
        measured = verify(known, reg.isa).module.functions
        yield tbc.write(replace(module, functions=(*measured[:-1], replace(main, max_stack=9))))


_TEXTS = (b"\xc0\x80", b"\xc2", b"\xc2A", b"\xdf\xbf", b"\xe0\x80\x80", b"\xe2\x82", b"\xed\xa0\x80", b"\xef\xbf\xbf",
          b"\xf0\x80\x80\x80", b"\xf0\x9f\x98\x80", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xff", b"\xe2\x80\xae", b"\x1b")  # fmt: skip
_HALT = b"\x29"
_CLASSES = f""".screen 3, 2
.class K
.end
{chr(10).join(CLASSES)}
.func main()
  NEWOBJ D
  CAST Other
  PUSH 1
  INVOKEINTERFACE Other.tell
  PRINT
  NEWOBJ E
  CAST Face
  INSTANCEOF B
  PRINT
  NULL B
  PUSH 1
  INVOKEVIRTUAL B.tell
  POP
  HALT
.end
"""


def damaged(reg: Registry) -> Iterator[bytes]:
    """Files of which the reader's tests say what is wrong with them; whole files with each byte and each word
    changed, with other names; the beginning of a file."""
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
        lines = (((0, 0x7FFFFFFF), (2, 0xFFFFFFFE)), ())
        yield tbc.write(replace(FULL, debug=replace(FULL.debug, lines=lines)))
    yield from (FILE[:size] for size in (0, 3, 4, 47, 48, 60))
    for file in (FILE, written(assemble(_CLASSES, reg.isa, "classes.tba"), reg)):
        for at, old in enumerate(file):
            for byte in (0, 0x7F, 0xFF, old + 1 & 0xFF, old - 1 & 0xFF):
                yield file[:at] + bytes([byte]) + file[at + 1 :]
            if at % 4 == 0 and at + 4 <= len(file):
                yield file[:at] + b"\xff" * 4 + file[at + 4 :]
    before, _, behind = file.rpartition(struct.pack("<2I", 3, 2))  # its screen
    yield before + bytes(8) + behind
    for data in (*_TEXTS, b"a_9.", b"_b-9", b".abc", b"9abc", b"a b.", b"Zz@[", b"-abc", b"a^{/"):
        for name in (b"main", b"a.b-", b".tba"):
            yield with_run(FILE.replace(name, data.ljust(4, b"a")))


def mutants(files: Sequence[Path], reg: Registry, amount: int, seed: str) -> Iterator[bytes]:
    """Other files: *amount* of each."""
    for path in files:
        rng = random.Random(f"{seed} {path.name}")
        data = path.read_bytes()
        for _ in range(amount):
            yield mutate_file(data, rng, reg, bytes)


def loader_mutants(reg: Registry, amount: int, seed: int) -> Iterator[bytes]:
    """The loader's tests' own."""
    for number in range(amount):
        yield mutant(reg, number, seed)
