"""Two pages that leave no opcode free: more handlers than a byte can number."""

from __future__ import annotations

from tblvm.core.hookspecs import hookimpl
from tblvm.opcodes import OpcodeSet, Page, i32, imm_s

pages = [OpcodeSet(Page(name), library=name) for name in ("many-a", "many-b")]


def _declare(op: OpcodeSet, code: int) -> None:
    amount = code * (3 if op.page.name == "many-a" else 1000)

    @op(code, f"ADD{code}{op.page.name[-1].upper()}")
    def plain(a: i32) -> i32:
        """Adds a number of its own."""
        return a + amount


def _declare_with_immediate(op: OpcodeSet, code: int) -> None:
    @op(code, f"MUL{code}{op.page.name[-1].upper()}")
    def scaled(a: i32, by: imm_s, more: imm_s) -> i32:
        """Uses both of its immediates."""
        return a * by + (more ^ code)


for _page in pages:
    for _code in range(256):
        (_declare_with_immediate if _code % 8 == 5 else _declare)(_page, _code)


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return pages
