"""A program whose functions are the opcodes of the hostile plug-in."""

from __future__ import annotations

from pathlib import Path

PLUGIN = str(Path(__file__).parent / "hostile")

_FUNCTIONS = {
    "read": ("a: i64", "i32", "HOSTILE_READ"),
    "write": ("a: i64, b: i32", "", "HOSTILE_WRITE"),
    "jump": ("a: i64", "i64", "HOSTILE_JUMP"),
    "deep": ("a: i64", "i64", "HOSTILE_DEEP"),
    "spin": ("", "", "HOSTILE_SPIN"),
    "stack": ("a: i64", "", "HOSTILE_STACK"),
    "here": ("a: i32", "i64", "HOSTILE_HERE"),
    "clock": ("", "i64", "HOSTILE_CLOCK"),
    "far": ("a: i32, b: i64, c: i64", "", "HOSTILE_FAR"),
}
_CALLS = {
    "call": (", ".join(f"{name}: i64" for name in "abcdefg"), "i64", "HOSTILE_CALL"),
    "old_call": (", ".join(f"{name}: i64" for name in "abcd"), "i64", "HOSTILE_OLD_CALL"),
    "lie": (", ".join(f"{name}: i64" for name in "abcde"), "i64", "HOSTILE_LIE"),
}


def program(*, calls: bool = True) -> bytes:
    """Its text. calls: with those functions that ask the kernel."""
    text = ".memory m: 1\n.func main()\n  RET\n.end\n.func seven() -> i32\n  PUSH 7\n  RET\n.end\n"
    for name, (takes, gives, opcode) in {**_FUNCTIONS, **(_CALLS if calls else {})}.items():
        loads = "".join(f"  LOAD {each.split(':')[0].strip()}\n" for each in takes.split(",") if each)
        head = f".func {name}({takes})" + (f" -> {gives}" if gives else "")
        text += f"{head}\n{loads}  {opcode}\n  RET\n.end\n"
    return text.encode()


def signed(number: int) -> int:
    """An address or number of 64 bits as an i64 takes it."""
    bits = number & 0xFFFFFFFFFFFFFFFF
    return bits - (1 << 64) if bits >> 63 else bits
