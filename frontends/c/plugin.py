"""The front-end for C, and for what else clang compiles: C++ without exceptions and library, LLVM's text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from ...core.hookspecs import hookimpl
from ...core.parts import FrontEnd, Option

if TYPE_CHECKING:
    from ...core.module import Module
    from ...opcodes import Isa

_MAIN = ("__original_main", "__main_argc_argv")
SUFFIXES = {".c", ".cc", ".cpp", ".cxx", ".c++", ".C", ".i", ".ii", ".ll"}
FLAGS = Option(
    name="c.flags",
    default="",
    kind="text",
    macro="",
    doc="What the C compiler is told besides: -I, -D, -O, -std, -W, -f, other sources of the program.",
    maximum=1 << 16,
)
STACK = Option(
    name="c.stack",
    default=1 << 16,
    kind="size",
    macro="",
    doc="Stack that a C program has in its linear memory, for what it takes the address of.",
    minimum=1 << 10,
    maximum=1 << 30,
)
MEMORY = Option(
    name="c.memory",
    default=0,
    kind="size",
    macro="",
    doc="Memory that a C program can have at most, with its stack; 0 for no limit of its own.",
    maximum=1 << 32,
)


def _is_c(content: bytes, name: str) -> bool:
    """C is text like any other: what it is called decides."""
    return PurePath(name).suffix in SUFFIXES


def _translate(content: bytes, name: str, isa: Isa, options: Mapping[str, int | str]) -> Module:
    from ..wasm import translate
    from .compile import compile_

    module = translate(compile_(content, name, options), name, isa)
    # The program's own name for what the compiler calls by the kind of its arguments.
    names = tuple("main" if each in _MAIN else each for each in module.debug.functions)
    return replace(module, debug=replace(module.debug, functions=names))


def _reads(content: bytes, name: str, options: Mapping[str, int | str]) -> Iterable[Path]:
    from .compile import reads

    return reads(content, name, options)


@hookimpl
def tblvm_front_ends() -> list[FrontEnd]:
    return [FrontEnd("C", _is_c, _translate, options=(FLAGS, STACK, MEMORY), reads=_reads)]
