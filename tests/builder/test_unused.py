"""Pass `unused`: what is left does what the whole did, and nothing is left to leave out."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tblvm.builder.unused import run
from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.code import Decoder, Rewriter
from tblvm.core.dis import disassemble
from tblvm.core.module import Debug, FunctionType, Module
from tblvm.core.registry import Registry
from tblvm.core.verified import Verified
from tblvm.opcodes import types
from tblvm.opcodes.meaning import Outcome
from tblvm.stack import verify
from tests.differential.programs import Sketch, sketch
from tests.harness import Job, reference, registry

SEED = int(os.environ.get("TBLVM_TEST_SEED", "23"))
PROGRAMS = 60 * int(os.environ.get("TBLVM_TEST_SCALE", "1"))


def smaller(module: Module, reg: Registry) -> Module:
    return run(verify(module, reg.isa), reg.isa)


def told(verified: Verified, outcome: Outcome, output: bytes) -> object:
    """What people can tell about a run."""
    module = verified.module
    trace = [(module.function_name(at.function), module.line(*_at(at))) for at in outcome.trace]
    return outcome.trap, outcome.status, outcome.fuel, trace, output


def _at(place: object) -> tuple[int, int]:
    return place.function, place.offset  # type: ignore[attr-defined]


def entries(module: Module) -> list[int]:
    """The functions at which a program may begin."""
    wanted = [FunctionType((), ()), FunctionType((), (types.I32.code,))]
    return [i for i, each in enumerate(module.functions) if module.types[each.type] in wanted]


def programs() -> Iterator[tuple[str, Sketch, Module]]:
    """Random programs that begin anywhere, so that much of them is not reached; some without names."""
    for number in range(PROGRAMS):
        rng = random.Random(f"{SEED} unused {number}")
        made = sketch(rng, size=8)
        module = assemble(made.text, registry().isa, "random.tba")
        module = replace(module, entry=rng.choice([module.entry, *entries(module)]))
        if rng.random() < 0.3:  # all functions but the entry point are out of reach
            functions = [replace(each, max_stack=-1) for each in module.functions]
            functions[module.entry] = replace(functions[module.entry], code=b"\x00\x29", locals=())
            shapes = tuple(each for each in module.shapes if each.function != module.entry)
            module = replace(module, functions=tuple(functions), shapes=shapes, debug=Debug())
        # Tables name every function: here some.
        part = rng.choice((0, 0.5, 1))
        elements = tuple(
            replace(each, functions=tuple(f if rng.random() < part else None for f in each.functions))
            for each in module.elements
        )
        module = replace(module, elements=elements)
        if rng.random() < 0.3:
            module = replace(module, debug=replace(module.debug, functions=()))
        yield f"seed {SEED}, program {number}", made, module


def test_random_programs_do_the_same_with_less() -> None:
    reg = registry()
    left_out = 0
    for what, made, module in programs():
        before = verify(module, reg.isa)
        after = verify(run(before, reg.isa), reg.isa)
        left_out += len(before.module.functions) - len(after.module.functions)
        runs = []
        for each in (before, after):
            job = Job(each, made.stdin, fuel=min(made.fuel, 2000), stack=made.stack)
            _, outcome, output = reference(job, reg)
            runs.append(told(each, outcome, output))
        assert runs[0] == runs[1], f"{what}\n{made.text}"
        assert run(after, reg.isa) is after.module, f"{what}: not all at once"
        assert len(tbc.write(after.module)) <= len(tbc.write(before.module)) + 8 * len(after.module.functions)
        text = disassemble(after.module, reg.isa)
        assert tbc.write(verify(assemble(text, reg.isa, ""), reg.isa).module) == tbc.write(after.module), what
    assert left_out > PROGRAMS // 2


def test_rewriting_with_the_same_immediates_changes_nothing() -> None:
    reg = registry()
    for _, _, module in programs():
        decoder = Decoder(reg.isa, module.pages)
        for function in module.functions:
            code, places = Rewriter(decoder, lambda kind, value: value).rewrite(function.code)
            assert code == function.code
            assert all(old == new for old, new in places.items())


def test_branches_over_shorter_immediates_are_shorter() -> None:
    """Constant 200 becomes constant 0, so that a branch over many of it fits one byte."""
    reg = registry()
    unused = "".join(f"  CONST {number + 1000}\n  POP\n" for number in range(200))
    used = "  CONST 77\n  POP\n" * 35
    text = f".func dead()\n{unused}  RET\n.end\n.func main()\n  JMP over\nover:\n  PUSH 0\n  JZ end\n{used}end:\n  HALT\n.end\n"
    module = verify(assemble(text, reg.isa, "x.tba"), reg.isa).module
    after = verify(smaller(module, reg), reg.isa).module
    assert [len(module.functions), len(after.functions), len(after.pool)] == [2, 1, 1]
    code, shorter = module.functions[1].code, after.functions[0].code
    assert len(shorter) == len(code) - 35 - 1  # each CONST by one, and the branch
    assert [after.line(0, at) for at, *_ in Decoder(reg.isa, after.pages).instructions(shorter)] == [
        module.line(1, at) for at, *_ in Decoder(reg.isa, module.pages).instructions(code)
    ]


@pytest.mark.parametrize(
    ("text", "functions"),
    [
        (".func a()\n  RET\n.end\n.func main()\n  CALL a\n  HALT\n.end\n", ["a", "main"]),
        (".func a()\n  RET\n.end\n.func main()\n  REF_FUNC a\n  POP\n  HALT\n.end\n", ["a", "main"]),
        (
            ".table t: 1\n.elem e: t, 0\n  a\n.end\n.func a()\n  RET\n.end\n.func main()\n  HALT\n.end\n",
            ["a", "main"],
        ),
        (".elem e\n  a\n.end\n.func a()\n  RET\n.end\n.func main()\n  HALT\n.end\n", ["main"]),
        (
            ".table t: 1\n.elem e\n  a\n.end\n.func a()\n  RET\n.end\n"
            ".func main()\n  PUSH 0\n  PUSH 0\n  PUSH 0\n  TABLE_INIT e\n  HALT\n.end\n",
            ["a", "main"],
        ),
        (
            ".func b()\n  CALL a\n  RET\n.end\n.func a()\n  CALL b\n  RET\n.end\n.func main()\n  HALT\n.end\n",
            ["main"],
        ),
    ],
)
def test_what_is_reachable(text: str, functions: list[str]) -> None:
    reg = registry()
    module = verify(smaller(assemble(text, reg.isa, "x.tba"), reg), reg.isa).module
    assert list(module.debug.functions) == functions


def test_functions_without_names_keep_their_numbers_in_traces() -> None:
    reg = registry()
    text = ".func a()\n  RET\n.end\n.func b()\n  RET\n.end\n.func main()\n  CALL b\n  HALT\n.end\n"
    module = replace(assemble(text, reg.isa, "x.tba"), debug=Debug())
    assert smaller(module, reg).debug.functions == ("f1", "f2")


def test_pages_that_nothing_uses_any_more_are_not_listed() -> None:
    reg = registry()
    text = ".func a()\n  NULL string\n  SLENGTH\n  POP\n  RET\n.end\n.func main()\n  PUSH 1\n  POP\n  HALT\n.end\n"
    module = assemble(text, reg.isa, "x.tba")
    after = smaller(module, reg)
    assert [each.name for each in module.pages] == ["core", "object"]
    assert [(each.name, each.last) for each in after.pages] == [("core", 0x29)]
    assert verify(after, reg.isa)


def test_a_module_that_moves_as_much_as_its_size_allows_stays_as_it_is() -> None:
    """The verifier lets large modules move more cells in calls: less code might be too little."""
    reg = registry()
    many = ", ".join(f"p{i}: i32" for i in range(2000))
    body = "".join("  PUSH 0\n" for _ in range(2000))
    calls = f"{body}  CALL wide\n" * 60
    text = f".func dead()\n  RET\n.end\n.func wide({many})\n  RET\n.end\n.func main()\n{calls}  HALT\n.end\n"
    verified = verify(assemble(text, reg.isa, "x.tba"), reg.isa)
    assert run(verified, reg.isa) is verified.module


def test_exports_stay_and_imports_go_where_nothing_calls_them() -> None:
    reg = registry()
    text = (
        ".global a: i32\n.global b: i64\n.func dead()\n  RET\n.end\n"
        '.import gone: "env", "gone", (i64)\n.import kept: "env", "kept", (f32)\n'
        ".func seen(x: f32)\n  HOST kept\n  RET\n.end\n.func main()\n  HALT\n.end\n"
        '.export "f": function seen\n.export "g": global b\n'
    )
    module = smaller(assemble(text, reg.isa, "x.tba"), reg)
    assert [each.name for each in module.imports] == ["kept"]
    assert module.debug.functions == ("seen", "main")
    assert module.debug.globals == ("b",)
    assert [(each.name, each.kind, each.index) for each in module.exports] == [
        ("f", "function", 0),
        ("g", "global", 0),
    ]
    assert verify(module, reg.isa)
