"""Names of the proposals that this front-end does not have, by what gives them away."""

from __future__ import annotations

_TYPES = {
    0x7B: "SIMD: a vector type",
    0x70: "reference types: a function reference as a value",
    0x6F: "reference types: externref",
    0x64: "typed function references",
    0x63: "typed function references",
    0x69: "exception handling: exnref",
    0x74: "exception handling: exnref",
    **dict.fromkeys((0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x71, 0x72, 0x73), "garbage collection: a reference type"),
}
_INSTRUCTIONS = {
    **dict.fromkeys((0x06, 0x07, 0x08, 0x09, 0x0A, 0x18, 0x19, 0x1F), "exception handling"),
    **dict.fromkeys((0x12, 0x13), "tail calls"),
    **dict.fromkeys((0x14, 0x15, 0xD4, 0xD5, 0xD6), "typed function references"),
    **dict.fromkeys((0x1C, 0x25, 0x26, 0xD0, 0xD1, 0xD2), "reference types"),
    0xD3: "garbage collection",
    0xFB: "garbage collection",
    0xFD: "SIMD",
    0xFE: "threads",
}
# Behind the prefix 0xFC.
_MISCELLANEOUS = {
    **dict.fromkeys((15, 16, 17), "reference types"),
    18: "memory control",
    **dict.fromkeys((19, 20, 21, 22), "wide arithmetic"),
}


def of_type(code: int) -> str:
    """The proposal that a type of this code belongs to, "" for none."""
    return _TYPES.get(code, "")


def of_instruction(code: int) -> str:
    """The proposal that an instruction of this opcode belongs to, "" for none."""
    return _INSTRUCTIONS.get(code, "")


def of_miscellaneous(code: int) -> str:
    """The same, of opcodes behind the prefix 0xFC."""
    return _MISCELLANEOUS.get(code, "")


def of_limits(flags: int) -> str:
    """The proposal that limits with these flags belong to, "" for none."""
    if flags in (2, 3):
        return "threads: a shared memory or table"
    if flags in (4, 5, 6, 7):
        return "memory64: addresses of 64 bits"
    return "custom page sizes" if flags in (8, 9) else ""
