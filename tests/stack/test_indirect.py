"""Pages `linear` and `indirect`: what assembler and verifier accept and refuse, and how modules link."""

from __future__ import annotations

import random
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tblvm.builder.need import need
from tblvm.builder.resolve import Request, resolve
from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.dis import disassemble, listing
from tblvm.core.errors import BuildError, ModuleError, SourceError, UsageError
from tblvm.core.hierarchy import Hierarchy
from tblvm.core.module import canonical_types
from tblvm.core.program import MAX_BRANCH_PLACE, instructions, link
from tblvm.core.verified import Verified
from tblvm.memory.linear_tables import memory_bytes, memory_constants
from tblvm.opcodes import Isa, types
from tblvm.stack import verify
from tests.harness import Job, assembled, compiled, differences, reference, registry

DECLARED = """
.memory m: 1, 2
.memory n: 0
.data d: m, 65530
  "ab", 0xff
.end
.data p
.end
.table t: 2, 4
.table u: 0
.elem e: t, 0
  null, f
.end
.elem q
  "null"
.end
.func f(a: i32) -> i32
  LOAD a
  RET
.end
.func "null"(a: i32, s: string)
  RET
.end
"""


@pytest.fixture(scope="module")
def isa() -> Isa:
    return registry().isa


def main(body: str, locals_: str = "") -> str:
    lines = "\n".join(line.strip() for line in body.split(";"))
    return f"{DECLARED}.func main()\n{locals_}\n{lines}\n.end\n"


def checked(body: str, isa: Isa, **more: str) -> Verified:
    return verify(assemble(main(body, **more), isa), isa)


@pytest.mark.parametrize(
    "body",
    [
        "PUSH 1; I32_LOAD 4294967295; POP; HALT",
        "PUSH 1; I32_LOAD m, 1; PUSH 1; I64_LOAD n, 2; POP; POP; HALT",
        "PUSH 1; CONST 2L; I64_STORE32 n, 0; HALT",
        "PUSH 1; PUSH 2; PUSH 3; MEMORY_COPY; PUSH 1; PUSH 2; PUSH 3; MEMORY_COPY m, n; HALT",
        "PUSH 1; PUSH 2; PUSH 3; MEMORY_INIT p; PUSH 1; PUSH 2; PUSH 3; MEMORY_INIT d, n; DATA_DROP p; HALT",
        "PUSH 1; PUSH 0; CALL_INDIRECT (i32) -> i32; POP; HALT",
        'PUSH 1; CONST "x"; PUSH 0; CALL_INDIRECT (i32, any), u; HALT',
        "a: PUSH 0; BR_TABLE a, b, a, b; b: HALT",
        "PUSH 0; BR_TABLE b; b: HALT",
        "REF_FUNC f; STORE r; LOAD r; REF_IS_NULL; POP; REF_NULL; STORE r; HALT",
        "REF_FUNC main; PUSH 3; TABLE_GROW u; POP; PUSH 1; PUSH 2; PUSH 3; TABLE_COPY u, t; ELEM_DROP q; HALT",
        "RETURN_CALL main",
    ],
)
def test_what_is_right_goes_round(body: str, isa: Isa) -> None:
    """Text, file, text, file: the same bytes."""
    verified = checked(body, isa, locals_=".local r: function")
    file = tbc.write(verified.module)
    text = disassemble(tbc.read(file), isa)
    again = verify(assemble(text, isa), isa)
    assert tbc.write(again.module) == file, text
    assert "main:" in listing(verified.module, isa)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("CONST 1L; I32_LOAD 0", "linear.I32_LOAD: address must be i32, not i64"),
        ("CONST 1L; I32_LOAD n, 0", "linear.I32_LOAD: address must be i32, not i64"),
        ("PUSH 1; I32_LOAD @2, 0", "there is no memory 2: the module has 2"),
        ("MEMORY_SIZE @9", "there is no memory 9: the module has 2"),
        ("DATA_DROP @2", "there is no data segment 2: the module has 2"),
        ("TABLE_SIZE @2", "there is no table 2: the module has 2"),
        ("ELEM_DROP @2", "there is no element segment 2: the module has 2"),
        ("REF_FUNC @3", "there is no function 3: the module has 3"),
        ("PUSH 0; CALL_INDIRECT (i32) -> i32", "CALL_INDIRECT takes 1 operands and the stack has 0"),
        ("CONST 1L; PUSH 0; CALL_INDIRECT (i32)", "CALL_INDIRECT takes i32 where the stack has i64"),
        ("PUSH 0; CALL_INDIRECT @9", "entry 9 of the type table is no function type"),
        (
            "RETURN_CALL main; .end; .func g() -> i64; PUSH 1; RETURN_CALL f",
            r"f returns \(i32\) in place of a function that returns \(i64\)",
        ),
        # What is below the operands is no result, and no result is dropped.
        (
            "RETURN_CALL main; .end; .func g() -> i32; PUSH 1; RETURN_CALL main",
            r"main returns \(\) in place of a function that returns \(i32\)",
        ),
        ("PUSH 1; RETURN_CALL f", r"f returns \(i32\) in place of a function that returns \(\)"),
        (
            "PUSH 1; PUSH 0; RETURN_CALL_INDIRECT (i32) -> i32",
            r"returns \(i32\) in place of a function that returns \(\)",
        ),
        ("RETURN_CALL f", "RETURN_CALL f takes 1 operands and the stack has 0"),
        ("CONST 1L; BR_TABLE a; a: HALT", "BR_TABLE: index must be i32, not i64"),
        ("PUSH 1; JZ a; PUSH 2; PUSH 3; BR_TABLE a; a: HALT", r"at offset .* the operand stack is \(\)"),
        (
            "PUSH 1; BR_TABLE a, @200; a: HALT",
            "a branch to offset 200 leaves the function",
        ),
        ("PUSH 1; BR_TABLE a; HALT; a: HALT", "this code cannot be reached"),
        ("REF_FUNC f; STOREG any_", "no global"),
        ("REF_FUNC f; ISNULL", "a must be any, not function"),
        ("NULL any; REF_IS_NULL", "a must be function, not any"),
        ("PUSH 0; NULL any; TABLE_SET", "value must be function, not any"),
        ("NULL function", "function is no reference type"),
        ("REF_FUNC f; INC", "a must be i32, not function"),
    ],
)
def test_what_is_wrong_is_refused(body: str, message: str, isa: Isa) -> None:
    with pytest.raises((ModuleError, SourceError), match=message):
        checked(body, isa)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (".memory m: 2, 1", "1 is out of range: 2 to 65536"),
        (".memory m: 65537", "65537 is out of range: 0 to 65536"),
        (".memory m: 1\n.memory m: 1", "memory m exists already"),
        (".table t 1", "expected ':' instead of 1"),
        (".data d: m, 0\n.end", "no memory is called m"),
        (".memory m: 1\n.data d: m\n.end", "expected ',' at the end of the line"),
        ('.data d\n"€"\n.end', r"a character beyond U\+00FF is no byte: write its bytes as \\xNN"),
        (".data d\n256\n.end", "256 is out of range: 0 to 255"),
        (".data d\n.local a: i32\n.end", "d has no directives but .end"),
        (".data d\n", "d has no .end"),
        (".elem d\nmian\n.end", "no function is called mian; did you mean main?"),
        (
            ".memory m: 0\n.data d: m, 0\n1\n.end",
            "data segment 0 does not fit memory 0, which starts with 0 bytes",
        ),
        (".mem m: 0", "no directive is called .mem; did you mean .memory?"),
    ],
)
def test_mistakes_in_declarations(source: str, message: str, isa: Isa) -> None:
    with pytest.raises(SourceError, match=message):
        assemble(source + "\n.func main()\nHALT\n.end\n", isa)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("PUSH 0; I32_LOAD", "expected the offset of I32_LOAD, a whole number at the end of the line"),
        ("PUSH 0; I32_LOAD m", "expected ',' at the end of the line"),
        ("PUSH 0; I32_LOAD 4294967296", "4294967296 is out of range: 0 to 4294967295"),
        ("MEMORY_SIZE k", "no memory is called k"),
        ("PUSH 0; CALL_INDIRECT", "the end of the line is no function type"),
        ("PUSH 0; CALL_INDIRECT $f", r"\$f is no function type"),
        ("PUSH 0; BR_TABLE", "expected a name at the end of the line"),
        ("PUSH 0; BR_TABLE a, lost; a: HALT", "no label is called lost"),
    ],
)
def test_mistakes_in_instructions(body: str, message: str, isa: Isa) -> None:
    with pytest.raises(SourceError, match=message):
        checked(body, isa)


def test_a_function_reference_is_nothing_for_the_collector(isa: Isa) -> None:
    verified = checked("REF_FUNC f; NEW 3; POP; POP; HALT", isa, locals_=".local r: function, a: any")
    hierarchy = Hierarchy(verified.module.types)
    assert not hierarchy.assignable(types.FUNCTION.code, types.ANY.code)
    assert not types.is_reference_code(types.FUNCTION.code)
    function = verified.module.entry
    assert verified.reference_locals(function) == (1,)
    assert not verified.functions[function].maps


def test_equal_types_have_one_number(isa: Isa) -> None:
    text = ".type $a = (i32) -> i32\n.type $b = (i32) -> i32\n.type $c = (i32)\n" + main("HALT")
    module = assemble(text, isa)
    assert canonical_types(module)[:3] == (0, 0, 2)


def test_short_branch_tables_come_first(isa: Isa) -> None:
    rng = random.Random(7)
    body, sizes = "", []
    for number in range(60):
        count = rng.randrange(0, 300)
        sizes.append(count)
        body += f"PUSH 1; BR_TABLE {', '.join([f'a{number}'] * (count + 1))}; a{number}: NOP;"
    verified = checked(body + "HALT", isa)
    numbers = {each.use: b"\xab\xcd"[: each.use.opcode_bytes] for each in instructions(verified, isa)}
    program = link(verified, isa, numbers, 64)
    assert len(program.branches) == sum(sizes) + 2 * len(sizes)
    at = 0
    for size in sorted(sizes):
        assert program.branches[at] == size and len(set(program.branches[at + 1 : at + size + 2])) == 1
        at += size + 2
    assert len(program.code) == sum(len(each.code) for each in verified.module.functions)


def test_more_branch_tables_than_resolved_code_can_name(isa: Isa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tblvm.core.program.MAX_BRANCH_PLACE", 1)
    assert MAX_BRANCH_PLACE == 5
    body = "".join(f"PUSH 1; BR_TABLE a{n}, a{n}; a{n}: NOP;" for n in range(60))
    verified = checked(body + "HALT", isa)
    numbers = {each.use: b"\xab\xcd"[: each.use.opcode_bytes] for each in instructions(verified, isa)}
    with pytest.raises(BuildError, match="too many branch tables"):
        link(verified, isa, numbers, 64)


@pytest.mark.parametrize("count", [0, 1, 5, 127, 128, 3000])
def test_a_branch_table_of_any_size(count: int) -> None:
    step = 1 if count < 1000 else 599  # the reference decodes the whole table at each branch
    body = f".func main()\n  .local i: i32\nagain:\n  LOAD i\n  BR_TABLE {', '.join(['odd', 'even'] * count)}"
    body += (
        f"{', ' if count else ''}done\nodd:\n  PUSH 1\n  PRINT\n  JMP next\neven:\n  PUSH 2\n  PRINT\nnext:\n"
    )
    body += f"  LOAD i\n  PUSH {step}\n  ADD\n  STORE i\n  JMP again\ndone:\n  HALT\n.end\n"
    if not count:
        body = ".func main()\n  PUSH -1\n  BR_TABLE done\ndone:\n  HALT\n.end\n"
    job = Job(assembled(body))
    [run] = compiled("marksweep").run([job])
    assert not differences(job, run)
    assert run.output == (b"12" * count)[::step]


# --- limits ----------------------------------------------------------------------------------------------


def plan_of(text: str, **options: int) -> dict[str, int]:
    reg = registry()
    request = Request(options=options)
    return dict(resolve(need(verify(assemble(text, reg.isa), reg.isa), reg.isa), reg, request).options)


def test_what_a_program_starts_with_must_be_allowed() -> None:
    text = ".memory m: 5000, 6000\n.table t: 2000000\n.func main()\nMEMORY_SIZE\nPOP\nTABLE_SIZE\nPOP\nHALT\n.end\n"
    chosen = plan_of(text)
    assert (chosen["linear"], chosen["tables"]) == (5000 << 16, 2_000_000)
    with pytest.raises(UsageError, match="option linear is 1048576, but the program starts with 327680000"):
        plan_of(text, linear=1 << 20)
    with pytest.raises(UsageError, match="option tables is 3, but the program starts with 2000000"):
        plan_of(text, tables=3)
    assert plan_of(text, linear=5000 << 16)["linear"] == 5000 << 16


def test_the_reference_refuses_what_exceeds_the_limit() -> None:
    with pytest.raises(ValueError, match="linear memories"):
        reference(Job(assembled(".memory m: 7\n.func main()\nHALT\n.end\n")))
    with pytest.raises(ValueError, match="tables"):
        reference(Job(assembled(".table m: 25\n.func main()\nHALT\n.end\n")))


@pytest.mark.parametrize(
    ("declared", "body", "pages", "grows"),
    [
        (".memory m: 1, 1", "MEMORY_SIZE; POP", 1, 0),
        (".memory m: 1", "MEMORY_SIZE; POP", 1, 0),
        (".memory m: 1, 1", "PUSH 1; MEMORY_GROW; POP", 1, 1),
        (".memory m: 1, 2", "PUSH 1; MEMORY_GROW; POP", 2, 1),
        (".memory m: 1", "PUSH 1; MEMORY_GROW; POP", 20, 1),
        (".memory m: 17, 17", "MEMORY_SIZE; POP", 17, 0),
        (".memory m: 1, 1\n.memory n: 2, 2", "MEMORY_SIZE; POP", 3, 0),
    ],
)
def test_memory_takes_what_it_can_reach(declared: str, body: str, pages: int, grows: int, isa: Isa) -> None:
    lines = "\n".join(body.split("; "))
    verified = verify(assemble(f"{declared}\n.func main()\n{lines}\nHALT\n.end\n", isa), isa)
    numbers = {each.use: b"\1\2"[: each.use.opcode_bytes] for each in instructions(verified, isa)}
    program = link(verified, isa, numbers, 64)
    assert memory_constants(program)["TB_LINEAR_GROWS"] == grows
    plan: Any = SimpleNamespace(number={"linear": 20 << 16}.__getitem__)
    assert memory_bytes(plan, program) == pages << 16


def test_segments_are_checked_when_a_module_is_made(isa: Isa) -> None:
    module = assemble(main("HALT"), isa)
    with pytest.raises(ModuleError, match="data segment 0 does not fit"):
        verify(replace(module, data=(replace(module.data[0], offset=65535), *module.data[1:])), isa)
