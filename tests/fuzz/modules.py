"""Programs of other tests as files for the fuzzing target: without what they do not need, and with how they are run."""

from __future__ import annotations

import re
from dataclasses import replace

from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.errors import ModuleError, SourceError
from tblvm.core.module import Debug, Module
from tblvm.core.registry import Registry
from tblvm.stack import verify
from tests.core.test_tbc import insert_section
from tests.differential.vectors import CLASSES
from tests.fuzz.build import SECTION

# How an input is run (c/tb_fuzz.h).
STRESS, SHORT, WHOLE, LITTLE = 1, 2, 4, 128
LARGE_HEAP, DEEP_STACK = 3 << 3, 3 << 5

# Objects that tests.differential.vectors.Program makes at the start of `main`: how, and where they are.
_MADE = re.compile(r"^  (?:PUSH \d+\n  NEWARRAY|NEW|NEWOBJ) \S+\n  STORE (\w+)\n", re.M)
# What has a name that may be in no other place.
_NAMED = re.compile(r"^\.(?:class|func|data) (?!main\b)([\w$]+)\b[^\0]*?\n\.end\n", re.M)
# Opcodes of memories and tables, and what these are declared by.
_SPACES = (
    (r"(?:[IF]\d+_|MEMORY|DATA)", ("memory", "data")),
    (r"(?:TABLE|ELEM|\w+_INDIRECT)", ("table", "elem")),
)


def with_run(file: bytes, how: int = 0, stdin: bytes = b"") -> bytes:
    """The file, with how it is run."""
    return insert_section(file, SECTION, bytes([how]) + stdin)


def written(module: Module, reg: Registry, *, named: bool = True) -> bytes:
    """The file of a module that is verified. What the target has need not be as much as the program asks for.
    named: with lines and names."""
    made = replace(module, min_heap=0, min_stack=0)
    return tbc.write(verify(made if named else replace(made, debug=Debug()), reg.isa).module)


def smallest(text: str, reg: Registry) -> Module:
    """The program, without classes that inherit and without a screen where it does not need them."""
    return plain(text, reg) or assemble(text, reg.isa, "forms.tba")


def plain(text: str, reg: Registry) -> Module | None:
    """The program without classes that inherit and without a screen; None where it needs them."""
    for part in CLASSES:
        text = text.replace(part + "\n", "")
    if "PIXEL_SET" in text:
        return None
    try:
        return verify(assemble(re.sub(r"\.screen .*\n", "", text), reg.isa, "forms.tba"), reg.isa).module
    except (SourceError, ModuleError):
        return None


def lean(text: str) -> str:
    """A text of Program without the objects, types, functions and data that it does not use."""
    text = _MADE.sub(lambda made: made[0] if f"LOAD {made[1]}\n" in text else "", text)
    for opcodes, declared in _SPACES:
        if not re.search(rf"^  {opcodes}", text.split("main()")[-1], re.M):
            text = re.sub(rf"^\.(?:{declared[0]} .*|{declared[1]} [^\0]*?\n\.end)\n", "", text, flags=re.M)

    def rest(part: re.Match[str]) -> str:
        return part[0] if len(re.findall(rf"(?<![\w$.]){re.escape(part[1])}\b", text)) > 1 else ""

    while (less := _NAMED.sub(rest, text)) != text:
        text = less
    return text
