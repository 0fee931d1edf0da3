"""Instruction sets: finding opcodes, what cannot stand together, fingerprints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tblvm.opcodes import CORE, DslError, Isa, OpcodeSet, Page, f32, i32, imm_s, imm_u


def unary(a: i32) -> i32:
    """One cell."""
    return a + 1


def binary(a: i32, b: i32) -> i32:
    """Two cells."""
    return a + b


def of_float(a: f32) -> f32:
    """Another type."""
    return a


def with_number(a: i32, n: imm_u) -> i32:
    """An immediate."""
    return a + n


def with_signed(a: i32, n: imm_s) -> i32:
    """A signed immediate."""
    return a + n


def page(
    name: str, prefix: int | None, *opcodes: tuple[int, str, Callable[..., Any]], **more: Any
) -> OpcodeSet:
    op = OpcodeSet(Page(name, prefix) if name != "core" else CORE, library="test")
    for code, mnemonic, function in opcodes:
        op(code, mnemonic, **more)(function)
    return op


def test_finding(isa: Isa) -> None:
    assert isa.find("add") is isa.find("ADD") is isa.find("core.ADD")
    assert isa.find("object.newobj").label == "object.NEWOBJ" and isa.find("newobj").label == "object.NEWOBJ"
    with pytest.raises(LookupError, match="no opcode is called PUHS; did you mean PUSH"):
        isa.find("PUHS")
    with pytest.raises(LookupError, match=r"no opcode is called QQQQ$"):
        isa.find("QQQQ")
    for name in ("object.ADD", "nothing.ADD"):
        with pytest.raises(LookupError, match="no opcode is called"):
            isa.find(name)
    with pytest.raises(KeyError):
        isa.page("nothing")
    with pytest.raises(KeyError):
        isa.fingerprint("nothing", 0)
    order = [(opcode.page.name != "core", opcode.page.name, opcode.code) for opcode in isa]
    assert order == sorted(order)


def test_names_on_several_pages() -> None:
    isa = Isa(
        [
            page("core", -1, (0, "ONE", unary)),
            page("std", 0x70, (0, "TWO", unary)),
            page("more", 0x71, (0, "TWO", unary)),
            page("mine", None, (0, "ONE", unary), (1, "TWO", unary), (2, "THREE", unary)),
            page("yours", None, (0, "THREE", unary), (1, "FOUR", unary)),
        ]
    )
    assert isa.find("ONE").page.name == "core"  # a plug-in never hides it
    assert isa.find("mine.ONE").page.name == "mine"
    assert isa.find("FOUR").page.name == "yours"
    with pytest.raises(LookupError, match=r"THREE is ambiguous: write mine\.THREE or yours\.THREE"):
        isa.find("THREE")
    with pytest.raises(LookupError, match=r"TWO is ambiguous"):
        isa.find("TWO")
    assert isa.find("more.TWO").page.name == "more"


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ([page("a", 0x70), page("a", 0x71)], "page a is declared twice, with different prefixes"),
        ([page("a", 0x70), page("a", None)], "page a is declared twice"),
        ([page("a", 0x70), page("b", 0x70)], "pages a and b both have prefix 0x70"),
        ([page("a", 0x5F)], "the prefix of a standard page is 0x60 to 0xdf"),
        ([page("a", 0xE0)], "the prefix of a standard page is 0x60 to 0xdf"),
        ([page("a b", None)], "is no name for a page"),
        ([page("", None)], "is no name for a page"),
        ([page("a" * 256, None)], "is no name for a page"),
        ([page("core", -1, (0x60, "LATE", unary))], "LATE: core opcodes are below 0x60"),
        (
            [page("a", 0x70, (0, "ONE", unary)), page("a", 0x70, (0, "TWO", of_float))],
            "a 0x00 is declared as ONE and as TWO",
        ),
        (
            [page("a", 0x70, (0, "ONE", unary), (0, "ONE", with_number))],
            "the functions of ONE have different immediates",
        ),
    ],
)
def test_what_cannot_stand_together(sets: list[OpcodeSet], message: str) -> None:
    with pytest.raises(DslError, match=message):
        Isa(sets)


def test_several_functions_share_a_code() -> None:
    isa = Isa([page("a", 0x70, (3, "SHOW", unary)), page("a", 0x70, (3, "SHOW", of_float))])
    opcode = isa.find("SHOW")
    assert [each.function for each in opcode.declarations] == [unary, of_float]
    assert opcode.kinds == () and opcode.doc == "One cell." and opcode.label == "a.SHOW"


def test_fingerprints_follow_the_contract() -> None:
    def mark(
        *opcodes: tuple[int, str, Callable[..., Any]], last: int = 0xFF, name: str = "a", **more: Any
    ) -> int:
        return Isa([page(name, 0x70, *opcodes, **more)]).fingerprint(name, last)

    def reworded(a: i32) -> i32:
        """Says it otherwise, and computes otherwise: the promise is the same."""
        return a + 2

    def renamed(b: i32) -> i32:
        """An operand has another name."""
        return b

    base = mark((0, "ONE", unary), (1, "TWO", binary))
    assert base == mark((1, "TWO", binary), (0, "ONE", unary))  # whatever the order
    assert base == mark((0, "ONE", reworded), (1, "TWO", binary))
    changed = [
        mark((0, "UNO", unary), (1, "TWO", binary)),
        mark((2, "ONE", unary), (1, "TWO", binary)),
        mark((0, "ONE", binary), (1, "TWO", binary)),
        mark((0, "ONE", of_float), (1, "TWO", binary)),
        mark((0, "ONE", with_number), (1, "TWO", binary)),
        mark((0, "ONE", with_signed), (1, "TWO", binary)),
        mark((0, "ONE", unary), (1, "TWO", binary), (2, "THREE", unary)),
        mark((0, "ONE", unary), (0, "ONE", of_float), (1, "TWO", binary)),
        mark((0, "ONE", unary), (1, "TWO", binary), name="b"),
        mark((0, "ONE", renamed), (1, "TWO", binary)),
    ]
    assert base not in changed and len(set(changed)) == len(changed)
    assert mark((0, "N", with_number)) != mark((0, "N", with_number), when={"n": 0})
    assert mark((0, "N", with_number), when={"n": 1}) != mark((0, "N", with_number), when={"n": 0})


def test_a_page_may_grow_at_its_end() -> None:
    old = Isa([page("a", 0x70, (0, "ONE", unary), (1, "TWO", binary))])
    new = Isa([page("a", 0x70, (0, "ONE", unary), (1, "TWO", binary), (2, "THREE", unary))])
    assert old.fingerprint("a", 1) == new.fingerprint("a", 1)
    assert old.fingerprint("a", 2) != new.fingerprint("a", 2)
    assert old.fingerprint("a", 0) != old.fingerprint("a", 1)
    # Another prefix or library is no other contract.
    assert Isa([page("a", None, (0, "ONE", unary))]).fingerprint("a", 0) == old.fingerprint("a", 0)


def test_contracts_name_everything(isa: Isa) -> None:
    assert isa.find("NEW").contract() == (
        "30 NEW <size:imm_u> (count: i32) -> cells [('size', 0)] | <size:imm_u> () -> cells []"
    )
    assert isa.find("ASTORE").contract() == "05 ASTORE (object_: E[], index: i32, value: E) -> () []"
    assert isa.find("GETFIELD").signed == (False, False) and isa.find("PUSH").signed == (True,)


def test_what_built_in_pages_leave_for_later_is_right(isa: Isa) -> None:
    for opcode in isa:
        for declaration in opcode.declarations:
            declaration.check()


def test_later_means_at_first_use() -> None:
    op = OpcodeSet(Page("late"), library="late", later=True)

    @op(0, "WRONG")
    def wrong(a: i32) -> i32:
        """Rounds down."""
        return a // 2  # type: ignore[no-any-return]

    with pytest.raises(DslError, match="rounds down in Python"):
        Isa([op]).find("WRONG").declarations[0].check()


def test_a_name_stands_for_one_code_of_a_page() -> None:
    with pytest.raises(DslError, match="page p declares TWO at 0x00 and at 0x01"):
        Isa([page("p", None, (0, "TWO", unary), (1, "TWO", unary))])
