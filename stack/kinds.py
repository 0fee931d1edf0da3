"""The kinds of immediates that the verifier in C knows, by their numbers there."""

from __future__ import annotations

KINDS = (
    "imm_s",
    "imm_u",
    "target",
    "local",
    "global",
    "pool",
    "func",
    "functype",
    "class",
    "field",
    "array",
    "reftype",
)
MACROS = {f"TB_IMM_{kind.upper()}": f"{number}u" for number, kind in enumerate(KINDS)}
