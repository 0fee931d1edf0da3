"""What Capstone sees in code, which is not the scanner's opinion."""

from __future__ import annotations

from collections.abc import Iterable

import capstone

from tblvm.isolation.scan import FORBIDDEN

# What Capstone calls an instruction -> what the scanner does.
_CALLED = {each.name: each.name for each in FORBIDDEN} | {
    "xrstor64": "xrstor",
    "xrstors64": "xrstors",
    "sysretq": "sysret",
    "sysexitq": "sysexit",
}
_MODES = [capstone.Cs(capstone.CS_ARCH_X86, mode) for mode in (capstone.CS_MODE_64, capstone.CS_MODE_32)]
_LONGEST_INSTRUCTION = 15


def decoded(code: bytes, at: int, disassembler: capstone.Cs = _MODES[0]) -> tuple[str, int] | None:
    """The forbidden instruction that Capstone sees at an offset, and its size."""
    for _, size, mnemonic, operands in disassembler.disasm_lite(code[at : at + _LONGEST_INSTRUCTION], 0, 1):
        name = f"{mnemonic} {operands}" if mnemonic == "int" else mnemonic.split()[-1]
        return (_CALLED[name], size) if name in _CALLED else None
    return None


def missed(code: bytes, hits: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """What Capstone decodes at some offset, as code of 64 or 32 bits, without a hit within it."""
    places = set(hits)
    return [
        (at, name)
        for disassembler in _MODES
        for at in range(len(code))
        if (seen := decoded(code, at, disassembler))
        for name, size in [seen]
        if not any((inside, name) in places for inside in range(at, at + size))
    ]
