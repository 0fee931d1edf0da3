"""invoke: a program that calls one function of a module and prints what it gives.

A call is words: the name of an export, then a number for each parameter. The program is the module with
another entry point, so that what the function does not need is left out like anything that nothing reaches.
"""

from __future__ import annotations

import shlex
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..core.code import Decoder, write_leb
from ..core.errors import UsageError
from ..core.module import Constant, Function, FunctionType, Module, PageUse
from ..core.printable import printable
from ..core.registry import choose
from ..opcodes import CORE, Isa, types

# How a value of each type is pushed where it is small, and how it is printed.
_PUSH = {types.I32.code: "PUSH", types.I64.code: "LPUSH"}
_PRINT = {
    types.I32.code: "PRINT",
    types.I64.code: "LPRINT",
    types.F32.code: "PRINT",
    types.F64.code: "DPRINT",
}
_NEWLINE = 10
_SHOWN = 8  # names of exports in a message


def words(call: str) -> tuple[str, ...]:
    """The words of a call that was given as one text. Raises UsageError."""
    try:
        found = tuple(shlex.split(call))
    except ValueError as error:
        raise UsageError(f"--invoke {call}: {error}") from None
    if not found:
        raise UsageError("--invoke: name an export, and the arguments behind it")
    return found


def invoke(module: Module, isa: Isa, call: Sequence[str]) -> Module:
    """The program that makes *call*, and prints each result on a line of its own.

    Raises UsageError where there is no such export, or its parameters are others than the words.
    """
    known = functions(module)
    number = known[choose("exported function", call[0], known)]
    type_ = module.function_type(number)
    name, given = printable(call[0]).decode(), call[1:]
    shown = ", ".join(map(module.type_name, type_.parameters))
    if any(code not in _PRINT for code in (*type_.parameters, *type_.results)):
        raise UsageError(f"{name} takes or gives references: --invoke calls functions of numbers")
    if len(given) != len(type_.parameters):
        raise UsageError(f"{name} takes {len(type_.parameters)} arguments ({shown}), not {len(given)}")
    program = _Program(module, isa, f"(invoke {call[0]})")
    for code, word in zip(type_.parameters, given, strict=True):
        program.push(code, number_of(word, types.BY_CODE[code].name))
    program.add("CALL", number)
    for local in reversed(range(len(type_.results))):
        program.add("STORE", local)
    for local, code in enumerate(type_.results):
        program.add("LOAD", local)
        program.add(_PRINT[code])
        program.push(types.I32.code, _NEWLINE)
        program.add("PUTCHAR")
    program.add("RET")
    return program.module(type_.results)


def check_runs(module: Module, isa: Isa) -> None:
    """Raises UsageError for a module that only has functions to be called: its entry point does nothing, and
    what is run before it calls nothing."""
    known = functions(module) if module.exports else {}
    if not known or module.functions[module.entry].code != bytes((isa.find("RET").code,)):
        return
    if module.start is not None:
        decoder = Decoder(isa, module.pages)
        code = module.functions[module.start].code
        if any("func" in opcode.kinds for _, opcode, _, _ in decoder.instructions(code)):
            return
    names = [printable(name).decode() for name in known]
    more = ", …" if len(names) > _SHOWN else ""
    raise UsageError(
        "the module does nothing by itself: call what it exports by --invoke "
        f"({', '.join(names[:_SHOWN])}{more}), or build a library of it by --artifact shared"
    )


def functions(module: Module) -> dict[str, int]:
    """The functions that can be called by name: the exported ones; of a module without exports all."""
    if module.exports:
        return {each.name: each.index for each in module.exports if each.kind == "function"}
    return {module.function_name(index): index for index in range(len(module.functions))}


def number_of(word: str, type_: str) -> int:
    """What *word* says: an integer of 32 or 64 bits, signed or not, as a signed one; the bits of a float.

    Raises UsageError.
    """
    try:
        if type_ in ("f32", "f64"):
            return _bits(float(word), type_)
        bits = 32 if type_ == "i32" else 64
        value = int(word, 0)
    except (ValueError, OverflowError):
        raise UsageError(f"{word} is no {type_}") from None
    if not -(1 << (bits - 1)) <= value < 1 << bits:
        raise UsageError(f"{word} is no {type_}: it has more than {bits} bits")
    return value - (1 << bits) if value >> (bits - 1) == 1 else value


def _bits(value: float, type_: str) -> int:
    packed = struct.pack("<f" if type_ == "f32" else "<d", value)
    return int.from_bytes(packed, "little")


class _Program:
    """The code of the entry point on its way, with the constants and pages that it needs."""

    def __init__(self, module: Module, isa: Isa, name: str) -> None:
        self.given, self.isa, self.name = module, isa, name
        self.code = bytearray()
        self.pool = list(module.pool)
        self.pages = {use.name: use for use in module.pages}

    def add(self, name: str, *immediates: int) -> None:
        opcode = self.isa.find(name)
        page = opcode.page
        known = self.pages.get(page.name)
        last = max(opcode.code, known.last if known else 0)
        prefix = -1 if page == CORE else page.prefix
        assert prefix is not None
        self.pages[page.name] = PageUse(page.name, prefix, last, self.isa.fingerprint(page.name, last))
        self.code += bytes((opcode.code,) if prefix < 0 else (prefix, opcode.code))
        for value in immediates:
            self.code += write_leb(value, signed=name in _PUSH.values())

    def push(self, code: int, value: int) -> None:
        if code in _PUSH and -(1 << 31) <= value < 1 << 31:
            self.add(_PUSH[code], value)
            return
        self.pool.append(Constant(types.BY_CODE[code].name, value))
        self.add("CONST", len(self.pool) - 1)

    def _pages(self) -> Iterator[PageUse]:
        for name in sorted(self.pages, key=lambda name: (name != CORE.name, name)):
            yield self.pages[name]

    def module(self, results: tuple[int, ...]) -> Module:
        given = self.given
        entry = FunctionType((), ())
        known = entry in given.types
        kinds = given.types if known else (*given.types, entry)
        function = Function(bytes(self.code), kinds.index(entry), results)
        debug = given.debug
        longer: dict[str, Any] = {
            "functions": (*debug.functions, self.name) if debug.functions else (),
            "locals": (*debug.locals, ()) if debug.locals else (),
            "lines": (*debug.lines, ()) if debug.lines else (),
        }
        if not known:  # of the types that the module had
            longer |= {
                what: (*table, nothing)
                for what, nothing in (("types", ""), ("fields", ()), ("methods", ()))
                if (table := getattr(debug, what))
            }
        return replace(
            given,
            types=kinds,
            pool=tuple(self.pool),
            functions=(*given.functions, function),
            entry=len(given.functions),
            pages=tuple(self._pages()),
            exports=(),
            debug=replace(debug, **longer),
        )
