"""Programs for hosts in C: tests/embed/c/exercise.c calls their functions."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import replace

from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.module import Export
from tblvm.core.registry import Registry
from tblvm.stack import verify

# What exercise.h calls them.
NARROW, WIDE, LOADING, ANY, NUL, SHARING = 1, 2, 3, 4, 5, 6


def _functions(text: str) -> str:
    """Functions from lines `head: instruction; instruction ...`."""
    made = []
    for line in filter(str.strip, text.splitlines()):
        head, _, body = line.strip().partition(" = ")
        made.append(f".func {head}\n" + "\n".join(each.strip() for each in body.split(";")) + "\n.end\n")
    return "".join(made)


def _many(count: int) -> str:
    parameters = ", ".join(f"p{i}: i32" for i in range(count))
    results = ", ".join(["i32"] * count)
    pushes = "; ".join(f"PUSH {i}" for i in range(count))
    return (
        f"takes{count}({parameters}) -> i32 = LOAD p{count - 1}; RET\n"
        f"gives{count}() -> ({results}) = {pushes}; RET\n"
    )


NARROW_TEXT = """\
.collector
.stack 400
.memory ground: 1, 2
.global count: i32
.import ask(n: i32) -> i32: "env", "ask"
.import turn(s: string, b: u8[]) -> (u8[], string): "env", "turn"
""" + _functions(
    """
main() -> i32 = LOADG count; INC; STOREG count; CONST "main "; PRINT; LOADG count; PRINT; CONST "\\n"; PRINT; PUSH 41; RET
nothing() = RET
add(a: i32, b: i32) -> i32 = LOAD a; LOAD b; ADD; RET
real(a: f32) -> f32 = LOAD a; LOAD a; FADD; RET
same(s: string) -> string = LOAD s; RET
shorts(a: i16[]) -> i32 = LOAD a; PUSH 1; ALOAD; RET
cells(a: cells) -> i32 = LOAD a; PUSH 2; LOADM 0; RET
calls(f: function) -> i32 = LOAD f; REF_IS_NULL; RET
fill(n: i32) -> u8[] = LOAD n; NEWARRAY u8[]; RET
asks(n: i32) -> i32 = LOAD n; CALL ask; RET
asks_and_spins() = PUSH 0; CALL ask; POP; again:; JMP again
turns(s: string, b: u8[]) -> (u8[], string) = LOAD s; LOAD b; CALL turn; RET
halts() -> i32 = HALT
half(n: i32) -> i32 = LOAD n; PUSH 0; DIV; RET
spin() = again:; JMP again
deep() = CALL deep; RET
echo() = GETCHAR; PUTCHAR; RET
poke(at: i32, value: i32) = LOAD at; LOAD value; I32_STORE8 0; RET
deeply(a: f32[][], b: any, c: string[]) -> (f32[][], any) = LOAD a; LOAD b; RET
"""
    + _many(256)
    + _many(257)
)
WIDE_TEXT = ".collector\n" + _functions("""
main() = RET
add(a: i64, b: i64) -> i64 = LOAD a; LOAD b; LADD; RET
real(a: f64) -> f64 = LOAD a; LOAD a; DADD; RET
second(a: f64[]) -> f64 = LOAD a; PUSH 1; ALOAD; RET
""")
_NUL_TEXT = _functions("""
main() = RET
one() -> i32 = PUSH 1; RET
two() -> i32 = PUSH 2; RET
""")


def module(text: str, registry: Registry) -> bytes:
    return tbc.write(verify(assemble(text, registry.isa, "folder/module.tba"), registry.isa).module)


OWNER_TEXT = """\
.memory m: 1, 4
.table t: 4, 10
.table small: 3
.global g: i32
.global c: fixed i64
.start init
.export m: memory m
.export t: table t
.export small: table small
.export g: global g
.export c: global c
.export f
.export at
.export getg
""" + _functions(
    """
init() = CONST 1234567890123L; STOREG c; PUSH 7; STOREG g; RET
f(a: i32) -> i32 = LOAD a; PUSH 2; MUL; RET
at(i: i32, x: i32) -> i32 = LOAD x; LOAD i; CALL_INDIRECT (i32) -> i32; RET
getg() -> i32 = LOADG g; RET
main() = RET
"""
)
SHARER_TEXT = """\
.import memory m: "a", "m", 1
.import table t: "a", "t", 4
.import global g: "a", "g", i32
.import global h: "a", "g", i32
.import global c: "a", "c", fixed i64
.import f(a: i32) -> i32: "a", "f"
.import getg() -> i32: "a", "getg"
.import at(i: i32, x: i32) -> i32: "a", "at"
.elem e: t, 1
  mine, f, null
.end
.data d: m, 8
  "hello"
.end
.export sum
.export big
.export grow
.export roundtrip
.export half
.export back
""" + _functions(
    """
mine(a: i32) -> i32 = LOAD a; PUSH 1000; ADD; RET
half(a: i32) -> i32 = PUSH 100; LOAD a; DIV; RET
sum() -> i32 = LOADG g; PUSH 1; ADD; STOREG h; CALL getg; LOADG g; ADD; RET
big() -> i64 = LOADG c; RET
grow() -> i32 = PUSH 2; MEMORY_GROW; RET
roundtrip(i: i32, x: i32) -> i32 = LOAD i; LOAD x; CALL at; RET
back(i: i32) -> i32 = LOAD i; LOAD i; CALL at; RET
main() = RET
"""
)


def with_zeros(registry: Registry) -> bytes:
    """Exports whose names have a zero in them."""
    read = verify(assemble(_NUL_TEXT, registry.isa, "m.tba"), registry.isa).module
    exports = (Export("a\0", "function", 1), Export("b", "function", 2), Export("b\0c", "function", 0))
    return tbc.write(replace(read, exports=exports))


def told(things: Iterable[tuple[int, bytes]]) -> bytes:
    """What exercise.c reads from standard input."""
    return b"".join(struct.pack("<2I", kind, len(file)) + file for kind, file in things)
