"""What the verifiers in Python and C share: limits, and the kinds of immediates that the one in C knows."""

from __future__ import annotations

KINDS = (
    "imm_s",
    "imm_u",
    "imm_u32",
    "target",
    "targets",
    "local",
    "global",
    "pool",
    "func",
    "functype",
    "memory",
    "data",
    "table",
    "elem",
    "class",
    "interface",
    "field",
    "method",
    "array",
    "reftype",
    "import",
)
MACROS = {f"TB_IMM_{kind.upper()}": f"{number}u" for number, kind in enumerate(KINDS)}

# A file of some KB could ask for gigabytes: thousands of safepoints, each with thousands of references.
MAX_MAP_CELLS = 1 << 22
# A call takes a few bytes, and may take and give thousands of cells: what calls and returns move is limited
# by the size of all code, far above what programs do.
FREE_MOVES, MOVES_PER_BYTE = 1 << 20, 16
LIMITS = {
    "TB_MAX_MAP_CELLS": f"{MAX_MAP_CELLS}u",
    "TB_FREE_MOVES": f"{FREE_MOVES}u",
    "TB_MOVES_PER_BYTE": f"{MOVES_PER_BYTE}u",
}
