"""Mutators for the fuzzing of the Python: of files, and of assembly text."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from tblvm.core import tbc
from tblvm.core.errors import ModuleError
from tblvm.core.module import UNMEASURED, Debug, Module
from tblvm.core.registry import Registry
from tblvm.stack import verify
from tests.core.loader.mutants import change_file
from tests.differential.test_programs import MUTATIONS
from tests.programs import EXAMPLES, STOPPED


def mutate_file(data: bytes, rng: random.Random, reg: Registry, raw: Callable[[bytes], bytes]) -> bytes:
    """Another file: of a module that was changed, of changed parts, or what *raw* makes of the bytes."""
    choice = rng.random()
    if choice < 0.5:
        try:
            return _mutate_module(tbc.read(data), rng, reg)
        except (ModuleError, IndexError, ValueError):
            pass  # unreadable, or with nothing there to be mutated
    if choice < 0.9:
        try:
            return change_file(data, rng)
        except (ValueError, IndexError, ArithmeticError):
            pass
        except Exception as error:  # struct.error: no file at all
            assert type(error).__name__ == "error", error
    return raw(data)


def _mutate_module(module: Module, rng: random.Random, reg: Registry) -> bytes:
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        module = rng.choice(MUTATIONS)(module, rng)
    if rng.random() < 0.3:
        module = replace(module, debug=Debug())
    try:
        functions = tuple(replace(each, max_stack=UNMEASURED) for each in module.functions)
        return tbc.write(verify(replace(module, functions=functions), reg.isa).module)
    except ModuleError:
        functions = tuple(replace(each, max_stack=max(each.max_stack, 5)) for each in module.functions)
        return tbc.write(replace(module, functions=functions))


# --- text ------------------------------------------------------------------------------------------------

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\w.]+|\s+|.', re.S)
_DIRECTIVES = """.func .end .local .class .global .pool .type .shape .entry .stack .heap .source .line .lines .names
.max_stack .page .collector .handle i32 i64 f32 f64 any cells string i8 u8 i16 u16 i32[] any[][] -> ( ) , : = $0 $1"""
_LITERALS = """@0 @128 @-1 0 -1 1 2147483647 2147483648 -2147483648 9223372036854775807 -9223372036854775809 0x7f 0b1 1e999
-0.0 nan inf nan:0x1 1.5f 0x1p-3 1_000 'a' '\\n' "" "\\u0000" "\\ud800" "\\x" ; \\ é 𝔸"""
_PIECES = (*_DIRECTIVES.split(), *_LITERALS.split(), "\x00", "\x1b", "\r", "\u2028", "\t")


@cache
def _words(reg: Registry) -> tuple[str, ...]:
    return (*_PIECES, *(opcode.label.removeprefix("core.") for opcode in reg.isa))


@cache
def _lines() -> tuple[str, ...]:
    texts = [path.read_text() for path in EXAMPLES] + [case.text for case in STOPPED.values()]
    return tuple(dict.fromkeys(line for text in texts for line in text.splitlines()))


def mutate_text(text: str, rng: random.Random, reg: Registry) -> str:
    """Other lines or other words."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        lines = text.split("\n")
        at = rng.randrange(len(lines))
        choice = rng.randrange(8)
        if choice == 0:
            lines.insert(at, rng.choice(_lines()))
        elif choice == 1:
            del lines[at]
        elif choice == 2:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif choice == 3:
            lines[at:at] = lines[at : at + rng.randrange(1, 6)]
        else:
            lines[at] = _mutate_line(lines[at], rng, reg)
        text = "\n".join(lines)
    return text


def _mutate_line(line: str, rng: random.Random, reg: Registry) -> str:
    tokens = _TOKEN.findall(line) or [""]
    at = rng.randrange(len(tokens))
    choice = rng.randrange(5)
    if choice == 0:
        tokens.insert(at, rng.choice(_words(reg)))
    elif choice == 1:
        del tokens[at]
    elif choice == 2:
        tokens[at] = tokens[at][: rng.randrange(len(tokens[at]) + 1)] + rng.choice(("", "é", "\\", '"', "9"))
    else:
        tokens[at] = rng.choice(_words(reg))
    return "".join(tokens)
