"""The verifier: each rule with its message, and what it finds out about programs."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import FrameType

import pytest

from tblvm.core.asm import assemble
from tblvm.core.code import Decoder, write_leb
from tblvm.core.errors import ModuleError
from tblvm.core.hierarchy import Hierarchy
from tblvm.core.module import ArrayType, ClassType, Constant, Function, FunctionType, Module, PageUse, Shape
from tblvm.core.verified import Form, Verified
from tblvm.opcodes import C, E, F, Isa, OpcodeSet, Page, R, array, class_, field, halt, imm_u, instance, types
from tblvm.stack import verify
from tblvm.stack.match import Matcher, Mismatch
from tblvm.stack.stacks import Stack
from tblvm.stack.verify import _Checker, _Totals

I32, ANY, CELLS = types.I32.code, types.ANY.code, types.CELLS.code
DECLARATIONS = """
.global number: i32
.global object: K
.class K
  n: i32
  narrow: i8
  next: K
.end
.class L
.end
.import asked: "m", "f", () -> K
.import taken: "m", "g", (i32) -> K
.func none()
  RET
.end
.func takes(a: i32, k: K, x: any) -> (K, i32)
  LOAD k
  LOAD a
  RET
.end
"""


def checked(body: str, isa: Isa, *, locals_: str = "", results: str = "") -> Verified:
    lines = "\n".join(line.strip() for line in body.split(";"))
    locals_ = f".local {locals_}\n" if locals_ else ""
    return verify(assemble(f"{DECLARATIONS}.func main(){results}\n{locals_}{lines}\n.end\n", isa), isa)


def main(verified: Verified) -> int:
    return verified.module.entry


def pages(isa: Isa) -> tuple[PageUse, ...]:
    return (
        PageUse("core", -1, 0xFF, isa.fingerprint("core", 0xFF)),
        PageUse("object", 0x64, 0xFF, isa.fingerprint("object", 0xFF)),
    )


def raw(code: bytes, isa: Isa, **changes: object) -> Module:
    """A module whose only function has this code. Types: 16 its own, 17 a class, 18 an array of any."""
    table = (FunctionType((), ()), ClassType((I32,)), ArrayType(ANY))
    module = Module(types=table, functions=(Function(code, 0, (I32, ANY)),), pages=pages(isa))
    return replace(module, **changes)  # type: ignore[arg-type]


def refused(module: Module, isa: Isa) -> ModuleError:
    with pytest.raises(ModuleError) as caught:
        verify(module, isa)
    return caught.value


# --- rules ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("ADD; HALT", "ADD: it takes 2 operands and the stack has 0"),
        ("PUSH 1; ADD; HALT", "ADD: it takes 2 operands and the stack has 1"),
        ("POP; HALT", "POP: it takes 1 operands and the stack has 0"),
        ("PUSH 1; CONST 1.5f; ADD; HALT", "ADD: b must be i32, not f32"),
        ("NULL K; PUSH 1; ADD; HALT", "ADD: a must be i32, not K"),
        ("CONST 5L; JZ x; x: HALT", "JZ: a must be i32, not i64"),
        ("PUSH 1; JNULL x; x: HALT", "JNULL: a must be any, not i32"),
        ("PUSH 1; STOREG object; HALT", "STOREG: value must be K, not i32"),
        ("NULL any; STOREG object; HALT", "STOREG: value must be K, not any"),
        ("NULL L; STOREG object; HALT", "STOREG: value must be K, not L"),
        ("NULL any; GETFIELD K.n; HALT", "GETFIELD: object_ must be K, not any"),
        ("NULL L; GETFIELD K.n; HALT", "GETFIELD: object_ must be K, not L"),
        ("NULL K; NULL any; PUTFIELD K.next; HALT", "PUTFIELD: value must be K, not any"),
        ("NULL K; PUSH 0; ALOAD; HALT", "ALOAD: object_ must be an array, not K"),
        ("NULL cells; PUSH 0; ALOAD; HALT", "ALOAD: object_ must be an array, not cells"),
        ("NULL K[]; PUSH 0; PUSH 0; ASTORE; HALT", "ASTORE: value must be K, not i32"),
        ("NULL K[]; PUSH 0; NULL L; ASTORE; HALT", "ASTORE: value must be K, not L"),
        ("NULL i8[]; PUSH 0; CONST 1.5f; ASTORE; HALT", "ASTORE: value must be i32, not f32"),
        ("NULL i32[]; PUSH 0; LOADM 0; HALT", "LOADM: object_ must be cells, not i32[]"),
        ("CONST 5L; PRINT; HALT", "PRINT: value must be i32, not i64; or value must be f32, not i64; or "),
        ("NULL any; PRINT; HALT", "value must be string, not any"),
        ("NULL K; NEW 0; HALT", "NEW: count must be i32, not K"),
        ("NEW 0; HALT", "NEW: it takes 1 operands and the stack has 0"),
        ("CALL takes; HALT", "CALL takes takes 3 operands and the stack has 0"),
        ("PUSH 1; NULL L; NULL K; CALL takes; HALT", "CALL takes takes K where the stack has L"),
        ("PUSH 1; NULL K; PUSH 1; CALL takes; HALT", "CALL takes takes any where the stack has i32"),
        ("LOAD @0; HALT", "LOAD: there is no local 0: the function has 0"),
        ("PUSH 1; STORE @9; HALT", "STORE: there is no local 9: the function has 0"),
        ("LOADG @2; HALT", "LOADG: there is no global 2: the module has 2"),
        ("CONST @0; HALT", "CONST: there is no constant 0: the pool has 0"),
        ("CALL @3; HALT", "CALL: there is no function 3: the module has 3"),
        ("NEWOBJ @1; HALT", "NEWOBJ: type 1 is no class"),
        ("NEWOBJ @99; HALT", "NEWOBJ: type 99 is no class"),
        ("NULL K; GETFIELD @16, @3; HALT", "GETFIELD: class K has no field 3: it has 3"),
        ("NULL K; GETFIELD @5, @0; HALT", "GETFIELD: type 5 is no class"),
        ("PUSH 1; NEWARRAY @16; HALT", "NEWARRAY: type 16 is no array"),
        ("PUSH 1; NEWARRAY @6; HALT", "NEWARRAY: type 6 is no array"),
        ("NULL @1; HALT", "NULL: type 1 is no reference type"),
        ("NULL @8; HALT", "NULL: type 8 is no reference type"),
        ("NULL @18; HALT", "NULL: type 18 is no reference type"),  # a function type
        ("HOST @2; HALT", "HOST: there is no import 2: the module has 2"),
        (
            "HOST asked; HALT",
            "import 0 takes other types than the parameters of the function, or gives others",
        ),
        (".local a: any; HOST asked; HALT", "import 0 takes other types"),
        (".local a: K, b: i32; HOST asked; HALT", "import 0 takes other types"),
        (".local a: i32, b: K; HOST taken; HALT", "import 1 takes other types"),
        ("PUSH 1", "its code runs off its end: end it with RET, HALT or JMP"),
        ("", "its code runs off its end"),
        ("x: PUSH 0; JZ x", "its code runs off its end"),
        ("HALT; NOP; HALT", "this code cannot be reached"),
        ("HALT; x: JMP x", "this code cannot be reached"),
        ("HALT; x: NOP; JMP y; y: JMP x", "this code cannot be reached"),
        ("HALT; x: PUSH 1; JZ x; HALT", "this code cannot be reached"),
        ("JMP @1; HALT", "names an offset at which no instruction starts"),
        ("JMP @3; HALT", "a branch to offset 3 leaves the function"),
        ("PUSH 0; JZ @1; HALT", "names an offset at which no instruction starts"),
        ("JMP @2147483647", "a branch to offset 2147483647 leaves the function"),
    ],
)
def test_refused(body: str, message: str, isa: Isa) -> None:
    with pytest.raises(ModuleError) as caught:
        checked(body, isa)
    assert message in caught.value.message
    assert caught.value.function == "main"


@pytest.mark.parametrize(
    ("body", "results", "message"),
    [
        ("RET", " -> i32", "RET takes 1 operands and the stack has 0"),
        ("NULL any; RET", " -> i32", "RET takes i32 where the stack has any"),
        ("PUSH 1; NULL K; RET", " -> i32", "RET takes i32 where the stack has K"),
    ],
)
def test_results_must_be_on_top(body: str, results: str, message: str, isa: Isa) -> None:
    with pytest.raises(ModuleError, match=message):
        checked(body, isa, results=results)


def test_the_message_says_where(isa: Isa) -> None:
    with pytest.raises(ModuleError) as caught:
        verify(assemble(".func main()\n PUSH 1\n PUSH 2\n\n FADD\n HALT\n.end", isa), isa)
    error = caught.value
    assert (error.function, error.offset, error.line) == ("main", 4, 5)
    assert str(error) == "function main, offset 4, line 5: FADD: a must be f32, not i32"


# --- joins ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "PUSH 0; JZ a; PUSH 1; a: HALT",  # one arm leaves a cell
        "PUSH 5; PUSH 0; JZ a; POP; a: HALT",
        "PUSH 0; JZ a; PUSH 1; JMP b; a: CONST 1.5f; b: POP; HALT",  # a cell of two types
        "PUSH 0; JZ a; NULL K; JMP b; a: NULL L; b: POP; HALT",
        "PUSH 0; JZ a; NULL K; JMP b; a: NULL any; b: POP; HALT",  # the first branch says K
        "a: PUSH 1; PUSH 0; JZ a; HALT",  # a loop that piles up
        "PUSH 1; a: POP; PUSH 0; JZ a; HALT",  # and one that eats
        "PUSH 1; a: POP; CONST 1.5f; PUSH 0; JZ a; HALT",
        "NULL K; a: POP; NULL any; PUSH 0; JZ a; HALT",  # `any` does not fit K behind the label
        "PUSH 1; a: JZ a; HALT",  # a branch to itself
        "PUSH 1; JMP @0",
    ],
)
def test_what_arrives_must_fit(body: str, isa: Isa) -> None:
    with pytest.raises(ModuleError, match=r"the operand stack is \(.*\), but it arrives as \(.*\)"):
        checked(body, isa)


@pytest.mark.parametrize(
    "body",
    [
        "PUSH 0; JZ a; NULL any; JMP b; a: NULL L; b: POP; HALT",  # the first branch says any
        "PUSH 0; JZ a; NULL any; JMP b; a: NULL any; b: POP; HALT",
        "NULL K; .shape any; a: POP; NULL L; PUSH 0; JZ a; HALT",  # a shape widens what falls through
        "PUSH 0; JZ a; NULL K; JMP b; a: NULL L; .shape any; b: POP; HALT",
        "PUSH 7; JMP t; .shape i32; h: NEG; t: PUSH 0; JZ h; PRINT; HALT",  # a loop entered at its test
        "JMP t; h: NOP; t: PUSH 0; JZ h; HALT",  # with nothing on the stack it needs no shape
        ".shape; PUSH 0; HALT",
        "PUSH 1; .shape i32; POP; HALT",  # an unused one
        "PUSH 1; a: NEG; PUSH 0; JZ a; PUSH 0; JZ a; PRINT; HALT",
        "a: JMP a",
        ".local a: K; a: HOST asked; LOAD a; JNULL a; HOST asked; HALT",
    ],
)
def test_accepted(body: str, isa: Isa) -> None:
    checked(body, isa)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("PUSH 7; JMP t; h: NEG; t: PUSH 0; JZ h; PRINT; HALT", "NEG: it takes 1 operands"),
        ("PUSH 7; JMP t; .shape f32; h: NOP; t: PUSH 0; JZ h; PRINT; HALT", "it arrives as"),
        ("PUSH 7; JMP t; .shape i32, i32; h: NOP; t: PUSH 0; JZ h; PRINT; HALT", "it arrives as"),
        ("PUSH 1; .shape f32; POP; HALT", "it arrives as"),
        ("NULL any; .shape K; POP; HALT", "it arrives as"),  # a shape never narrows
        (".shape i32; POP; HALT", "a shape says that its operand stack is not empty at its start"),
        ("HALT; .shape i32; POP; HALT", "this code cannot be reached"),
        # Nothing arrives from outside of the loop: its shape would make a reference of nothing.
        ("HALT; .shape K; x: GETFIELD K.n; POP; NULL K; JMP x", "this code cannot be reached"),
        # What falls through is widened at a shape, and stays so.
        ("NULL K; .shape any; NOP; GETFIELD K.n; HALT", "object_ must be K, not any"),
        # What is widened at a join stays so when a branch goes back to it.
        ("NULL K; .shape any; a: NOP; PUSH 0; JZ a; GETFIELD K.n; HALT", "object_ must be K, not any"),
    ],
)
def test_shapes(body: str, message: str, isa: Isa) -> None:
    with pytest.raises(ModuleError, match=message):
        checked(body, isa)


def test_a_shape_inside_an_instruction(isa: Isa) -> None:
    error = refused(raw(b"\x01\x05\x02\x29", isa, shapes=(Shape(0, 1, ()),)), isa)
    assert "no instruction starts" in error.message and error.offset == 1


def test_a_branch_back_into_an_immediate_with_cells_on_the_stack(isa: Isa) -> None:
    # PUSH 2 at 0; its immediate would be POP.
    refused(raw(b"\x01\x02\x01\x00\x21\x01\x29", isa), isa)


def test_subtypes() -> None:
    kinds = [I32, types.F32.code, ANY, CELLS, types.STRING.code, 16, 17]
    hierarchy = Hierarchy((ClassType(()), ClassType(())))
    accepted = {(a, b) for a in kinds for b in kinds if hierarchy.assignable(a, b)}
    assert accepted == {(a, a) for a in kinds} | {(a, ANY) for a in kinds[2:]}


def test_arrays_are_invariant(isa: Isa) -> None:
    checked("NULL any[]; PUSH 0; NULL K; ASTORE; HALT", isa)
    with pytest.raises(ModuleError, match=r"is \(any\[\]\), but it arrives as \(K\[\]\)"):
        checked("PUSH 0; JZ a; NULL any[]; JMP b; a: NULL K[]; b: POP; HALT", isa)


def test_narrow_elements_and_fields_are_i32_on_the_stack(isa: Isa) -> None:
    checked("NULL u16[]; PUSH 0; PUSH 1; ASTORE; NULL i8[]; PUSH 0; ALOAD; PRINT; HALT", isa)
    checked("NULL K; PUSH 1; PUTFIELD K.narrow; NULL K; GETFIELD K.narrow; PRINT; HALT", isa)


def test_ret_drops_what_is_below(isa: Isa) -> None:
    checked("NULL K; CONST 5L; PUSH 1; RET", isa, results=" -> i32")


def test_operands_of_a_call_may_be_subtypes_and_results_are_as_declared(isa: Isa) -> None:
    verified = checked("PUSH 1; NULL K; NULL L; CALL takes; POP; GETFIELD K.n; PRINT; HALT", isa)
    assert verified.module.functions[main(verified)].max_stack == 3


# --- functions and modules -----------------------------------------------------------------------------


def test_overloads(isa: Isa) -> None:
    verified = checked('PUSH 1; PRINT; CONST 1.5f; PRINT; CONST "s"; PRINT; PUSH 1; NEW 0; NEW 3; HALT', isa)
    function = verified.functions[main(verified)]
    names = [verified.forms[form].declaration.function.__name__ for form in function.forms]
    assert names == (
        "push print_i32 const print_f32 const print_string push new_counted new halt_".split()  # noqa: SIM905
    )
    assert {"CONST(T=f32)", "CONST(T=any)"} <= {form.name for form in verified.forms}


def test_max_stack_is_measured(isa: Isa) -> None:
    verified = checked("PUSH 1; PUSH 2; PUSH 3; ADD; ADD; PRINT; HALT", isa)
    assert verified.module.functions[main(verified)].max_stack == 3
    assert checked("HALT", isa).module.functions[2].max_stack == 0
    # DUP at the deepest place; a call's results may be deeper than its operands.
    verified = checked("PUSH 1; DUP; DUP; POP; POP; POP; HALT", isa)
    assert verified.module.functions[main(verified)].max_stack == 3


@pytest.mark.parametrize("stated", [0, 1, 3])
def test_a_wrong_max_stack(stated: int, isa: Isa) -> None:
    with pytest.raises(ModuleError, match=f"max_stack is {stated}, but its stack gets 2 deep"):
        checked(f".max_stack {stated}; PUSH 1; PUSH 2; ADD; PRINT; HALT", isa)
    checked(".max_stack 2; PUSH 1; PUSH 2; ADD; PRINT; HALT", isa)


def test_the_largest_frame(isa: Isa) -> None:
    room = 0x7FFF - 2  # two locals
    verify(raw(b"\x01\x01" * room + b"\x29", isa), isa)
    error = refused(raw(b"\x01\x01" * (room + 1) + b"\x29", isa), isa)
    assert "its frame exceeds 32767 cells" in error.message
    assert error.offset == 2 * room


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("(a: i32)", "takes parameters, and is the entry point"),
        ("() -> f32", "returns something else than an i32"),
        ("() -> (i32, i32)", "returns something else than an i32"),
        ("() -> any", "returns something else than an i32"),
    ],
)
def test_entry_points(head: str, message: str, isa: Isa) -> None:
    with pytest.raises(ModuleError, match=message):
        verify(assemble(f".func main{head}\n HALT\n.end", isa), isa)


def test_functions_share_nothing(isa: Isa) -> None:
    """A shape, a branch or a deep stack of one function says nothing about another."""
    source = """
    .func one()
      PUSH 1
    a: NEG
      PUSH 0
      JZ a
      POP
      RET
    .end
    .func main()
      NOP
      NOP
    a: NOP
      JMP a
    .end"""
    verified = verify(assemble(source, isa), isa)
    assert [each.max_stack for each in verified.module.functions] == [2, 0]
    shaped = raw(b"\x01\x01\x02\x29", isa, shapes=(Shape(0, 2, (I32,)),))
    two = replace(shaped, functions=(shaped.functions[0], Function(b"\x00\x00\x00\x29", 0)))
    verify(two, isa)


def test_code_that_does_not_decode(isa: Isa) -> None:
    for code in (
        b"\xff",
        b"\x64",
        b"\x64\xff",
        b"\x01",
        b"\x01\x80",
        b"\x01\x80\x00\x29",
        b"\xe0\x00",
        b"\x0a",
    ):
        assert refused(raw(code, isa), isa).offset >= 0
    no_object_page = raw(b"\x64\x07\x05\x29", isa, pages=pages(isa)[:1])
    assert "no opcode" in refused(no_object_page, isa).message
    assert "which no plug-in that is loaded has" in str(
        refused(raw(b"\x29", isa, pages=(PageUse("x", 0xE0, 0, 0),)), isa)
    )
    foreign = (PageUse("core", -1, 0xFF, 1),)
    assert "other declarations" in str(refused(raw(b"\x29", isa, pages=foreign), isa))


def test_a_module_has_at_most_65536_forms(isa: Isa) -> None:
    class Many(dict[Form, int]):
        def setdefault(self, key: Form, default: int = 0, /) -> int:
            return 0x10000

    module = raw(b"\x29", isa)
    checker = _Checker(module, Hierarchy(module.types), Decoder(isa, module.pages), 0, Many(), {}, _Totals(0))
    with pytest.raises(ModuleError, match="more than 65536 forms"):
        checker.run()


# --- reference maps ------------------------------------------------------------------------------------


def maps(body: str, isa: Isa, **more: str) -> tuple[list[tuple[int, ...]], int]:
    """The reference map of each safepoint of main, in order, () where no reference is on the stack."""
    verified = checked(body, isa, **more)
    function = verified.functions[main(verified)]
    assert set(function.maps) <= function.safepoints
    return [function.maps.get(at, ()) for at in sorted(function.safepoints)], len(function.maps)


def test_maps_of_allocations(isa: Isa) -> None:
    found, kept = maps("NEW 1; PUSH 5; NEWOBJ K; PUSH 3; NEWARRAY K[]; CONST 1L; PUSH 2; NEW 0; HALT", isa)
    # NEW: nothing yet; NEWOBJ: the cells; NEWARRAY: its count is taken; NEW 0 likewise.
    assert found == [(), (0,), (0, 2), (0, 2, 3)]
    assert kept == 3  # empty maps are not stored


def test_a_slot_that_changes_its_type(isa: Isa) -> None:
    found, _ = maps("PUSH 1; NEW 1; POP; POP; NULL K; NEW 1; POP; POP; CONST 2L; NEW 1; HALT", isa)
    assert found == [(), (0,), ()]


def test_a_map_below_a_call_has_no_arguments(isa: Isa) -> None:
    found, _ = maps("NULL any; PUSH 9; NULL L; PUSH 1; NULL K; NULL any; CALL takes; HALT", isa)
    # Arguments belong to the callee, which sees them as its parameters.
    assert found == [(0, 2)]


def test_maps_of_services_and_back_edges(isa: Isa) -> None:
    found, _ = maps(
        "NULL K; a: PUSH 1; READ; JEQ b; PUSH 7; PUSH 0; JZ c; POP; JMP a; c: POP; JMP a; b: POP; HALT", isa
    )
    # READ and both branches back; the operands of a branch are taken.
    assert found == [(0,), (0,), (0,)]
    found, _ = maps("PUSH 8; NULL K; a: PUSH 0; JZ a; NULL any; JNULL a; POP; PRINT; HALT", isa)
    assert found == [(1,), (1,)]


def test_only_branches_back_are_safepoints(isa: Isa) -> None:
    verified = checked("a: PUSH 0; JZ b; PUSH 0; JZ a; PUSH 0; JZ b; JMP b; b: CALL none; HALT", isa)
    function = verified.functions[main(verified)]
    assert sorted(function.safepoints) == [6, 14]
    # A branch to itself is one back.
    verified = checked("a: JMP a", isa)
    assert verified.functions[main(verified)].safepoints == {0}


def test_maps_do_not_see_printing_or_moves(isa: Isa) -> None:
    found, _ = maps("NULL K; DUP; SWAP; ISNULL; PRINT; POP; PUSH 1; PUTCHAR; HALT", isa)
    assert found == []


def test_reference_locals(isa: Isa) -> None:
    verified = checked("HALT", isa, locals_="a: i32, b: K, c: f64, d: any, e: K[]")
    assert verified.reference_locals(main(verified)) == (1, 3, 4)
    assert verified.reference_locals(1) == (1, 2)  # parameters


# --- size and time -------------------------------------------------------------------------------------


def test_deep_stacks_cost_no_more_than_flat_ones(isa: Isa) -> None:
    """No work for depth times instructions: with eight times the depth and eight times the instructions it is
    eight times as much, or somewhat more behind what the verifier remembers, and not 64 times. Work is counted in
    calls of functions, whose number is the same on any machine."""

    def calls(module: Module) -> int:
        count = 0

        def called(frame: FrameType, event: str, _: object) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(called)
        try:
            verify(module, isa)
        finally:
            sys.setprofile(before)
        return count

    def deep(depth: int) -> Module:
        return raw(b"\x01\x01" * depth + b"\x01\x01\x02" * depth + b"\x29", isa)

    def branching(depth: int) -> Module:
        """Each branch arrives with a stack that fits the expected one cell by cell, and is none of its cells."""
        nulls = b"\x64\x07\x06" * depth
        target = len(nulls) + depth * 6
        branches = (b"\x01\x01\x22" + write_leb(target)) * depth
        shape = Shape(0, target, (ANY,) * depth)
        return raw(nulls + branches + b"\x29", isa, shapes=(shape,))

    for made in (deep, branching):
        assert calls(made(28_000)) < 16 * calls(made(3_500))


def test_reference_maps_are_limited(isa: Isa) -> None:
    piled = b"\x30\x01" * 4_000 + b"\x29"
    assert "the reference maps of the module exceed" in refused(raw(piled, isa), isa).message
    many = raw(b"\x30\x01" * 2_000 + b"\x29", isa)
    error = refused(replace(many, functions=many.functions * 3), isa)
    assert "the reference maps of the module exceed" in error.message and error.function == "f2"


def test_deep_stacks_are_shortened_in_messages(isa: Isa) -> None:
    code = b"\x01\x01" * 1000 + b"\x01\x01\x22\x00\x29"
    message = refused(raw(code, isa), isa).message
    assert "(…, i32, i32" in message and len(message) < 500


# --- opcodes of plug-ins -------------------------------------------------------------------------------


def test_a_guard_decides_which_function_is_meant(isa: Isa) -> None:
    """NEW 0 takes its count from the stack; it is not an object without cells when there is none."""
    with pytest.raises(ModuleError, match="NEW: count must be i32, not f32"):
        checked("CONST 1.5f; NEW 0; HALT", isa)


def test_two_arrays_of_one_variable_have_one_type() -> None:
    op = OpcodeSet(Page("pair", 0x70), library="core")

    @op(0, "SAME")
    def same(a: array[E], b: array[E]) -> None:
        """Takes two arrays of one type."""

    @op(1, "FIELD_OF")
    def field_of(a: instance[C], b: array[F], kind: class_[C], which: field[C, F]) -> None:
        """Takes an object and an array of what one of its fields is."""

    core = OpcodeSet(Page("core", -1), library="core")

    @core(0x29, "END")
    def end() -> None:
        """Ends."""
        halt()

    isa = Isa([core, op])
    table = (FunctionType((), ()), ArrayType(I32), ArrayType(ANY), ArrayType(I32), ClassType((I32,)))
    uses = tuple(
        PageUse(name, prefix, 0xFF, isa.fingerprint(name, 0xFF))
        for name, prefix in (("core", -1), ("pair", 0x70))
    )
    module = Module(types=table, functions=(Function(b"\x29", 0),), pages=uses)
    matcher = Matcher(module, Hierarchy(module.types), FunctionType((), ()), ())
    declaration = isa.find("SAME").declarations[0]
    empty = Stack()
    matcher.match(declaration, (), empty.push(17, 17))
    for second in (18, 19):  # another type, even with the same elements
        with pytest.raises(Mismatch):
            matcher.match(declaration, (), empty.push(17, second))
    declaration = isa.find("FIELD_OF").declarations[0]
    matcher.match(declaration, (20, 0), empty.push(20, 17))
    with pytest.raises(Mismatch, match="another type"):
        matcher.match(declaration, (20, 0), empty.push(20, 18))


def test_a_variable_of_references_takes_references_only(isa: Isa) -> None:
    op = OpcodeSet(Page("keep", 0x71), library="core")

    @op(0, "KEEP")
    def keep(a: R, n: imm_u) -> R:
        """A reference as it is."""
        return a

    keeping = Isa([op])
    matcher, empty = Matcher(raw(b"\x29", isa), Hierarchy(()), FunctionType((), ()), ()), Stack()
    [declaration] = keeping.find("KEEP").declarations
    assert matcher.match(declaration, (0,), empty.push(I32, CELLS))[2] == (CELLS,)
    with pytest.raises(Mismatch, match="a must be a reference, not i32"):
        matcher.match(declaration, (0,), empty.push(I32))
    with pytest.raises(Mismatch, match="is negative"):
        matcher.match(declaration, (-1,), empty.push(CELLS))


def test_constants_have_their_type(isa: Isa) -> None:
    pool = (Constant("i64", 1), Constant("string", "x"))
    verify(raw(b"\x07\x00\x02\x07\x01\x40\x29", isa, pool=pool), isa)
    assert "must be i32" in refused(raw(b"\x07\x00\x40\x29", isa, pool=pool), isa).message


# --- classes ---------------------------------------------------------------------------------------------

HIERARCHY = """\
.interface I
  give(i32) -> any
.end
.interface J
.end
.class A implements I
  a: i32
  .method give: a_give
.end
.class B extends A implements J
  .override give: b_give
.end
.func a_give(self: A, n: i32) -> A
  LOAD self
  RET
.end
.func b_give(self: B, n: i32) -> B
  LOAD self
  RET
.end
.func takes(i: I, a: A)
  RET
.end
"""


def hierarchical(body: str, isa: Isa) -> Verified:
    lines = "\n".join(line.strip() for line in body.split(";"))
    return verify(
        assemble(f"{HIERARCHY}.func main()\n.local a: A, b: B, i: I, j: J, x: any\n{lines}\n.end\n", isa), isa
    )


@pytest.mark.parametrize(
    "body",
    [
        "NEWOBJ B; STORE a; LOAD b; STORE i; LOAD b; STORE j; LOAD a; STORE i; LOAD i; STORE x; HALT",
        "LOAD b; LOAD b; CALL takes; LOAD b; PUSH 1; PUTFIELD A.a; LOAD b; GETFIELD B.a; POP; HALT",
        # What a method gives is what the class that is named says.
        "LOAD b; PUSH 1; INVOKEVIRTUAL B.give; STORE b; LOAD b; PUSH 1; INVOKEVIRTUAL A.give; STORE a; HALT",
        "LOAD a; PUSH 1; INVOKEINTERFACE I.give; STORE x; LOAD x; CAST B; STORE b; LOAD x; CAST J; STORE j; HALT",
        "LOAD x; INSTANCEOF I; POP; LOAD x; CAST string; PRINT; LOAD x; CAST A[]; POP; HALT",
        # Joins: what arrives later may be a subtype.
        "PUSH 0; JZ over; LOAD a; JMP end; over: LOAD b; end: STORE a; HALT",
    ],
)
def test_subclasses_stand_for_their_superclasses(body: str, isa: Isa) -> None:
    hierarchical(body, isa)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("LOAD a; STORE b; HALT", "STORE: value must be B, not A"),
        ("LOAD a; STORE j; HALT", "value must be J, not A"),
        ("LOAD i; STORE a; HALT", "value must be A, not I"),
        ("LOAD x; STORE i; HALT", "value must be I, not any"),
        ("LOAD i; LOAD i; CALL takes; HALT", "takes A where the stack has I"),
        ("LOAD a; PUSH 1; INVOKEVIRTUAL B.give; POP; HALT", "takes B where the stack has A"),
        ("LOAD x; PUSH 1; INVOKEINTERFACE I.give; POP; HALT", "takes I where the stack has any"),
        ("LOAD a; INVOKEVIRTUAL A.give; POP; HALT", "takes 2 operands and the stack has 1"),
        ("LOAD a; PUSH 1; INVOKEVIRTUAL A.give; STORE b; HALT", "value must be B, not A"),
        ("LOAD a; PUSH 1; INVOKEVIRTUAL @16, @0; POP; HALT", "type 16 is no class"),
        ("LOAD a; PUSH 1; INVOKEVIRTUAL @18, @1; POP; HALT", "A has no method 1: it has 1"),
        ("LOAD a; PUSH 1; INVOKEINTERFACE @18, @0; POP; HALT", "type 18 is no interface"),
        ("LOAD a; PUSH 1; INVOKEINTERFACE @16, @1; POP; HALT", "I has no method 1: it has 1"),
        ("LOAD x; CAST @1; POP; HALT", "type 1 is no reference type"),
        ("PUSH 1; CAST A; POP; HALT", "a must be any, not i32"),
        ("PUSH 0; JZ over; LOAD b; JMP end; over: LOAD a; end: STORE a; HALT", "but it arrives as"),
        ("LOAD b; GETFIELD @19, @0; POP; HALT", "class B has no field 0: it has 0"),
        ("NULL u8[]; PUSH 0; PUSH 0; SFROMCHARS; POP; HALT", r"a must be a u16\[\], not u8\[\]"),
        ("NULL A[]; STORE x; NULL B[]; PUSH 0; LOAD a; ASTORE; HALT", "value must be B, not A"),
    ],
)
def test_what_subclasses_may_not(body: str, message: str, isa: Isa) -> None:
    with pytest.raises(ModuleError, match=message):
        hierarchical(body, isa)
