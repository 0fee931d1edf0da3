"""Programs whose expectation stands inside them: examples, and what stops programs.

; expect: a line of output          ; stdin: a line of input
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tblvm.builder.options import read_value
from tblvm.core.registry import Registry

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.tba"))


@dataclass(frozen=True)
class Expected:
    output: bytes
    stdin: bytes


def expected(text: str) -> Expected:
    """What the comments of a program's text say."""

    def lines(key: str) -> bytes:
        found = [line.split(key, 1)[1] for line in text.splitlines() if line.strip().startswith("; " + key)]
        return "".join(line.removeprefix(" ") + "\n" for line in found).encode()

    return Expected(lines("expect:"), lines("stdin:"))


@dataclass(frozen=True)
class Stopped:
    """A program that is stopped: how it is built, what it says, its exit status."""

    text: str
    message: str
    places: tuple[str, ...]
    status: int = 134
    arguments: tuple[str, ...] = ()


def options(case: Stopped, registry: Registry) -> dict[str, int | str]:
    """The options that a case's arguments set: pairs of --NAME and VALUE."""
    given = zip(case.arguments[::2], case.arguments[1::2], strict=True)
    found = {name.removeprefix("--"): value for name, value in given}
    return {name: read_value(value, registry.options[name][1].kind) for name, value in found.items()}


_ENDLESS = ".func spin()\nagain:\n  JMP again\n.end\n.func main()\n  CALL spin\n  HALT\n.end\n"

STOPPED = {
    "division": Stopped(
        ".func half(n: i32) -> i32\n  LOAD n\n  PUSH 0\n  DIV\n  RET\n.end\n"
        ".func main()\n  PUSH 7\n  CALL half\n  PRINT\n  HALT\n.end\n",
        "integer divide by zero",
        ("half (stopped.tba:4)", "main (stopped.tba:9)"),
    ),
    "null": Stopped(
        ".func main()\n  NULL cells\n  PUSH 0\n  LOADM 0\n  PRINT\n  HALT\n.end\n",
        "null reference",
        ("main (stopped.tba:4)",),
    ),
    "null field": Stopped(
        ".class P\n  x: i32\n.end\n.func main()\n  NULL P\n  GETFIELD P.x\n  PRINT\n  HALT\n.end\n",
        "null reference",
        ("main (stopped.tba:6)",),
    ),
    "index": Stopped(
        ".func main()\n  NEW 3\n  PUSH 1\n  LOADM 2\n  PRINT\n  HALT\n.end\n",
        "index out of bounds",
        ("main (stopped.tba:4)",),
    ),
    "array index": Stopped(
        ".func main()\n  PUSH 3\n  NEWARRAY f32[]\n  PUSH -1\n  ALOAD\n  PRINT\n  HALT\n.end\n",
        "index out of bounds",
        ("main (stopped.tba:5)",),
    ),
    "address": Stopped(
        ".memory m: 1, 1\n.func main()\n  PUSH -1\n  I64_LOAD16_U 4294967295\n  POP\n  HALT\n.end\n",
        "out of bounds memory access",
        ("main (stopped.tba:4)",),
    ),
    "table index": Stopped(
        ".table t: 2\n.func main()\n  PUSH 2\n  TABLE_GET\n  POP\n  HALT\n.end\n",
        "out of bounds table access",
        ("main (stopped.tba:4)",),
    ),
    "undefined element": Stopped(
        ".table t: 2\n.func main()\n  PUSH -1\n  CALL_INDIRECT ()\n  HALT\n.end\n",
        "undefined element",
        ("main (stopped.tba:4)",),
    ),
    "uninitialized element": Stopped(
        ".table t: 2\n.func main()\n  PUSH 1\n  CALL_INDIRECT ()\n  HALT\n.end\n",
        "uninitialized element",
        ("main (stopped.tba:4)",),
    ),
    "type of an indirect call": Stopped(
        ".table t: 2\n.elem e: t, 1\n  main\n.end\n.func main()\n  PUSH 1\n  CALL_INDIRECT () -> i32\n"
        "  POP\n  HALT\n.end\n",
        "indirect call type mismatch",
        ("main (stopped.tba:7)",),
    ),
    # The callee stands where its caller stood; the frame is no larger, and fits for ever.
    "tail call": Stopped(
        ".func down(n: i32)\n  LOAD n\n  JZ end\n  LOAD n\n  DEC\n  RETURN_CALL down\nend:\n"
        "  PUSH 1\n  LOAD n\n  DIV\n  POP\n  RET\n.end\n"
        ".func first()\n  CONST 3000000\n  RETURN_CALL down\n.end\n"
        ".func main()\n  CALL first\n  HALT\n.end\n",
        "integer divide by zero",
        ("down (stopped.tba:10)", "main (stopped.tba:19)"),
    ),
    "tail call, no room": Stopped(
        ".stack 11\n.func wide(a: i32)\n  .local b: i32, c: i32, d: i32, e: i32, f: i32, g: i32\n  RET\n.end\n"
        ".func narrow(a: i32)\n  LOAD a\n  RETURN_CALL wide\n.end\n"
        ".func main()\n  PUSH 1\n  CALL narrow\n  HALT\n.end\n",
        "stack overflow",
        ("narrow (stopped.tba:8)", "main (stopped.tba:12)"),
    ),
    "negative size": Stopped(
        ".func main()\n  PUSH -1\n  NEWARRAY i8[]\n  POP\n  HALT\n.end\n",
        "negative size",
        ("main (stopped.tba:3)",),
    ),
    "stack": Stopped(
        ".func down(n: i32) -> i32\n  LOAD n\n  CALL down\n  RET\n.end\n"
        ".func main()\n  PUSH 1\n  CALL down\n  PRINT\n  HALT\n.end\n",
        "stack overflow",
        ("down (stopped.tba:3)", "more frames"),
    ),
    "heap, no collector": Stopped(
        ".heap 4K\n.func main()\nagain:\n  NEW 10\n  POP\n  JMP again\n.end\n",
        "out of memory",
        ("main (stopped.tba:4)",),
    ),
    "heap, all of it live": Stopped(
        ".collector\n.heap 4K\n.class L\n  next: L\n.end\n.func main()\n  .local l: L\n  .local m: L\n"
        "again:\n  NEWOBJ L\n  STORE m\n  LOAD m\n  LOAD l\n  PUTFIELD L.next\n  LOAD m\n  STORE l\n"
        "  JMP again\n.end\n",
        "out of memory",
        ("main (stopped.tba:10)",),
    ),
    "free twice": Stopped(
        ".func main()\n  NEW 3\n  DUP\n  FREE\n  FREE\n  HALT\n.end\n",
        "free of what is not allocated",
        ("main (stopped.tba:5)",),
    ),
    "input": Stopped(
        ".func main()\n  READ\n  PRINT\n  HALT\n.end\n", "input is not an integer", ("main (stopped.tba:2)",)
    ),
    "fuel": Stopped(
        _ENDLESS, "out of fuel", ("spin (stopped.tba:3)", "main (stopped.tba:6)"), 134, ("--fuel", "1e6")
    ),
    "time": Stopped(
        _ENDLESS,
        "interrupted: the time is up",
        ("spin (stopped.tba:3)", "main (stopped.tba:6)"),
        124,
        ("--timeout", "100ms"),
    ),
}
