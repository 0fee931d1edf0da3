"""Text form of modules: file → text → file gives the same bytes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.dis import disassemble, listing
from tblvm.core.errors import ModuleError, SourceError
from tblvm.core.module import (
    UNMEASURED,
    ArrayType,
    ClassType,
    Constant,
    Debug,
    Function,
    FunctionType,
    Module,
    PageUse,
    Shape,
)
from tblvm.opcodes import Isa

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.tba"))
THOROUGH = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def core_page(isa: Isa, last: int = 0x43) -> PageUse:
    return PageUse("core", -1, last, isa.fingerprint("core", last))


def small(isa: Isa, code: bytes = b"\x29", **changes: object) -> Module:
    """A module with one function of this code, and what else is given."""
    module = Module(
        types=(FunctionType((), ()),), functions=(Function(code, 0, (), 4),), pages=(core_page(isa),)
    )
    return replace(module, **changes)  # type: ignore[arg-type]


def assert_round_trip(module: Module, isa: Isa) -> str:
    text = disassemble(module, isa)
    again = assemble(text, isa, "other.tba")
    assert again == module, text
    assert tbc.write(again) == tbc.write(module)
    return text


@THOROUGH
@given(data=st.data())
def test_text_assembles_to_the_same_module(
    data: st.DataObject, modules: st.SearchStrategy[Module], isa: Isa
) -> None:
    module = data.draw(modules)
    text = assert_round_trip(module, isa)
    assert all(char.isprintable() or char == "\n" for char in text)
    listing(module, isa)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_round_trip(path: Path, isa: Isa) -> None:
    module = assemble(path.read_text(encoding="utf-8"), isa, str(path))
    text = disassemble(module, isa)
    assert assemble(text, isa) == module
    measured = replace(module, functions=tuple(replace(f, max_stack=9) for f in module.functions))
    assert tbc.read(tbc.write(measured)) == measured
    assert_round_trip(measured, isa)


def test_text_is_plain_where_nothing_is_unusual(isa: Isa) -> None:
    source = """.source "a.tba"
.class Node
    next: Node
    values: i32[]
.end
.global head: Node

.func main()
    .max_stack 2
    .line 4
    CONST "a\\n"
    .line 5
    PRINT
L1:
    JMP L1
.end
"""
    assert disassemble(assemble(source, isa), isa) == source


def test_unmeasured_functions_have_no_max_stack(isa: Isa) -> None:
    module = small(isa, functions=(Function(b"\x29", 0),))
    assert "max_stack" not in disassemble(module, isa)
    assert assemble(disassemble(module, isa), isa).functions[0].max_stack == UNMEASURED


def test_branch_offset_that_is_long_only_because_it_is_long(isa: Isa) -> None:
    # JMP to 128 takes three bytes, and with a two-byte JMP the same place would be 127.
    long_way = b"\x20\x80\x01" + b"\x00" * 125 + b"\x29"
    assert "JMP @128" in assert_round_trip(small(isa, long_way), isa)
    short_way = b"\x20\x7f" + b"\x00" * 125 + b"\x29"
    assert "JMP L1" in assert_round_trip(small(isa, short_way), isa)


def test_target_inside_an_instruction_is_a_number(isa: Isa) -> None:
    assert "JMP @3" in assert_round_trip(small(isa, b"\x20\x03\x01\x05\x29"), isa)


def test_label_at_the_end(isa: Isa) -> None:
    assert assert_round_trip(small(isa, b"\x20\x02"), isa).endswith("JMP L1\nL1:\n.end\n")


def test_nested_and_cyclic_arrays(isa: Isa) -> None:
    deep = tuple(ArrayType(17 + index - 1) for index in range(1, 300))
    module = small(isa, types=(FunctionType((), ()), ArrayType(1), *deep))
    assert len(assert_round_trip(module, isa)) < 20000
    cyclic = small(isa, types=(FunctionType((19,), ()), ArrayType(18), ArrayType(17), ArrayType(19)))
    assert_round_trip(replace(cyclic, functions=(Function(b"\x29", 0, (17,), 4),)), isa)


def test_pool_with_repeated_and_unused_entries(isa: Isa) -> None:
    pool = (Constant("string", "a"), Constant("i32", 1), Constant("i32", 1))
    text = assert_round_trip(small(isa, b"\x07\x02\x07\x01\x29", pool=pool), isa)
    assert '.pool string "a"' in text and "CONST $2" in text and "CONST 1\n" in text


def test_names_shared_by_functions(isa: Isa) -> None:
    functions = (Function(b"\x27\x01\x29", 0, (), 1), Function(b"\x28", 0, (), 1))
    module = small(isa, functions=functions, debug=Debug(functions=("f", "f")))
    text = assert_round_trip(module, isa)
    assert ".entry $0" in text and ".func $1=f()" in text and "CALL $1" in text


def test_terminal_escapes_in_names_are_not_printed(isa: Isa) -> None:
    module = small(isa, debug=Debug(source="\x1b]0;x\x07", functions=("\x1b[2J",)))
    assert "\x1b" not in assert_round_trip(module, isa) + listing(module, isa)


def test_class_called_like_a_built_in_type(isa: Isa) -> None:
    module = small(isa, types=(FunctionType((), ()), ClassType((17,))), debug=Debug(types=("", "i32")))
    assert '.class "i32"' in assert_round_trip(module, isa)


def test_line_inside_an_instruction(isa: Isa) -> None:
    lines = (((0, 7), (1, 8), (2, 9), (3, 1)),)
    text = assert_round_trip(small(isa, b"\x01\x00\x01\x00", debug=Debug(lines=lines)), isa)
    assert ".line 8 1\n" in text and ".line 1 3\n" in text


@pytest.mark.parametrize(
    ("code", "changes", "message"),
    [
        (b"\x29\xff", {}, "function f0, offset 1: 0xff is no opcode"),
        (b"\x01", {}, "offset 0: the code ends inside an immediate"),
        (b"\x29", {"pages": ()}, "0x29 is no opcode, and no prefix of a page that the module lists"),
        (b"\x29", {"pages": (PageUse("core", -1, 0x43, 5),)}, "other declarations of page core"),
        (b"\x01\x00", {"shapes": (Shape(0, 1, ()),)}, "offset 1: a shape stands inside an instruction"),
        (b"\x29", {"entry": 1}, "the entry point 1 is no function"),
    ],
)
def test_errors(code: bytes, changes: dict[str, object], message: str, isa: Isa) -> None:
    with pytest.raises(ModuleError, match=message):
        disassemble(small(isa, code, **changes), isa)


def test_listing(isa: Isa) -> None:
    functions = (Function(b"\x27\x01\x20\x00", 0, (), 1), Function(b"\x28", 0, (), 1))
    text = listing(small(isa, functions=functions), isa)
    assert text == (
        "f0: 4 bytes\n"
        "  000000  27 01                 CALL $1\n"
        "  000002  20 00                 JMP @0\n\n"
        "f1: 1 bytes\n"
        "  000000  28                    RET\n"
    )


def test_the_manual_is_true(isa: Isa) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "assembly.md").read_text(encoding="utf-8")
    program, classes, _, mistake, shown = re.findall(r"```\n(.*?)```", manual, re.DOTALL)
    module = assemble(program, isa)
    assert listing(module, isa).endswith(shown)
    assert assemble(disassemble(assemble(classes, isa, "m.tba"), isa), isa) == assemble(classes, isa, "m.tba")
    with pytest.raises(SourceError) as caught:
        assemble("\n" * 5 + ".func main()\n    PUHS 2\n.end\n", isa, "fib.tba")
    assert str(caught.value) == mistake.rstrip()
