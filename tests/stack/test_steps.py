"""What the verifier remembers of instructions changes nothing but its speed."""

from __future__ import annotations

import os
import random
import re
from dataclasses import replace
from unittest.mock import patch

import pytest

from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.code import Decoder
from tblvm.core.errors import ModuleError
from tblvm.core.module import Debug, Function, FunctionType, Module
from tblvm.core.verified import Verified
from tblvm.opcodes import Isa, types
from tblvm.stack import steps, verify
from tblvm.stack.match import Matcher
from tests.core.loader.mutants import grown, mutant
from tests.differential.programs import sketch
from tests.harness import registry

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261122"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
MUTANTS, PROGRAMS = 300 * SCALE, 4 * SCALE


def modules(kind: str) -> list[Module]:
    reg, found = registry(), []
    if kind == "programs":
        for number in range(PROGRAMS):
            text = sketch(random.Random(f"{SEED} steps {number}"), size=6).text
            found.append(assemble(text, reg.isa))
        return found
    for number in range(MUTANTS):
        try:
            found.append(tbc.read(mutant(reg, number, SEED)))
        except ModuleError:
            continue
    return found


def answer(module: Module) -> Verified | tuple[str, int, str]:
    try:
        return verify(module, registry().isa)
    except ModuleError as error:
        return error.function, error.offset, error.message


# Instructions that are alike on stacks that are equal, and not the same.
ALIKE = {
    "values that have a declaration": "PUSH 1; NEW 1; POP; PUSH 1; NEW 0; POP; PUSH 1; NEW 2; POP; POP; HALT",
    "functions": "CALL none; CALL gives; LPRINT; POP; CALL none; HALT",
    "functions of other types": "PUSH 1; CALL takes; PUSH 1; CALL none; POP; CALL gives; POP; CALL takes; HALT",
    "locals": "LOAD a; POP; LOAD b; POP; LOAD a; STORE a; LOAD b; STORE a; HALT",
    "globals": "LOADG p; POP; LOADG q; STOREG q; LOADG q; DPRINT; HALT",
    "constants": "CONST 1L; POP; CONST 1.5; POP; CONST 2L; LPRINT; CONST 2.5; DPRINT; HALT",
    "fields": "NULL K; GETFIELD K.n; POP; NULL K; GETFIELD K.next; NULL K; GETFIELD K.n; PUTFIELD K.next; HALT",
    "types": "NULL K; POP; NULL any; GETFIELD K.n; HALT",
    "memories": "PUSH 1; I32_LOAD n, 0; POP; PUSH 1; I32_LOAD 0; POP; PUSH 1; I32_LOAD n, 0; POP; HALT",
    "tables": "PUSH 1; TABLE_GET u; POP; PUSH 1; TABLE_GET t; POP; PUSH 1; TABLE_GET u; HALT",
    "targets": "PUSH 1; JZ a; PUSH 1; JZ b; PUSH 1; a: POP; b: HALT",
    "results": "PUSH 1; CONST 1L; RET",
    "imports": "HOST @0; PUSH 1; RET",
}
_ALIKE = """\
.memory m: 1
.memory n: 1
.table t: 1
.table u: 1
.global p: i32
.global q: f64
.class K
  n: i32
  next: K
.end
.import one: "m", "f", (i32) -> i32
.func none()
  RET
.end
.func asks(a: i32) -> i32
  .local r: i32
  HOST @0
  LOAD r
  RET
.end
.func gives() -> (i32, i64)
  PUSH 1
  CONST 1L
  RET
.end
.func takes(a: i32) -> i32
  PUSH 2
  RET
.end
"""


@pytest.mark.parametrize("what", ALIKE)
def test_instructions_that_are_alike(what: str, isa: Isa) -> None:
    lines = "\n".join(line.strip() for line in ALIKE[what].split(";"))
    locals_ = ".local a: i32\n.local b: i64\n"
    module = assemble(f"{_ALIKE}.func main() -> i32\n{locals_}{lines}\n.end\n", isa)
    found = answer(module)
    with patch.object(steps.Memory, "keep", lambda self, stack, kind, step: None):
        assert answer(module) == found


@pytest.mark.parametrize("kind", ["programs", "mutants"])
def test_what_is_remembered_changes_nothing(kind: str) -> None:
    accepted = 0
    for number, module in enumerate(modules(kind)):
        found = answer(module)
        accepted += isinstance(found, Verified)
        with patch.object(steps.Memory, "keep", lambda self, stack, kind, step: None):
            assert answer(module) == found, f"seed {SEED}, {kind} {number}: nothing remembered"
        for most in (-1, 0, 5, 30):
            with patch.object(steps, "MAX_REMEMBERED", most):
                assert answer(module) == found, f"seed {SEED}, {kind} {number}: at most {most} remembered"
    assert accepted >= min(PROGRAMS, MUTANTS // 20)


def test_equal_functions_are_looked_at_once(isa: Isa) -> None:
    """How often declarations are asked depends on what is different in a module, not on its size."""
    text = sketch(random.Random(f"{SEED} copies"), size=6).text
    module = assemble(text, isa)
    asked: list[int] = []
    match = Matcher.match

    def counted(self: Matcher, *given: object) -> object:
        asked[-1] += 1
        return match(self, *given)  # type: ignore[arg-type]

    shaped = {each.function for each in module.shapes}
    checked = verify(module, isa).functions
    lengths = [0 if index in shaped else len(each.offsets) for index, each in enumerate(checked)]
    longest = lengths.index(max(lengths))
    with patch.object(Matcher, "match", counted):
        for copies in (0, 50):
            asked.append(0)
            more = (module.functions[longest],) * copies
            verify(replace(module, functions=module.functions + more, debug=Debug()), isa)
    # What a copy asks again: how the function returns, and imports.
    assert asked[1] - asked[0] < 50 * max(lengths) // 5


def test_what_is_remembered_is_limited(isa: Isa) -> None:
    """Functions that each make stacks, steps and kinds of instructions that no other one makes."""
    deep, count = 200, 60
    page = assemble(".func main()\n  HALT\n.end\n", isa).pages
    functions = [Function(b"\x29", 0)]
    for number in range(count):
        # PUSH 0 or LOAD of an i64, by the bits of the number, then as many more; RET without results.
        bits = [number >> bit & 1 for bit in range(8)]
        body = b"".join(b"\x05\x00" if bit else b"\x01\x00" for bit in bits) + b"\x01\x01" * deep
        functions.append(Function(body + b"\x29", 0, (types.I64.code,)))
    core = max(page[0].last, 0x29)
    use = type(page[0])("core", -1, core, isa.fingerprint("core", core))
    module = Module((FunctionType((), ()),), functions=tuple(functions), pages=(use,))
    sizes: list[int] = []
    begin = steps.Memory.begin

    def watched(self: steps.Memory) -> None:
        begin(self)
        sizes.append(self.size)

    with patch.object(steps, "MAX_REMEMBERED", 1000), patch.object(steps.Memory, "begin", watched):
        found = verify(module, isa)
    assert max(sizes) <= 1000 and sizes.count(0) > 5
    assert found == verify(module, isa)
    assert found.module.functions[1].max_stack == deep + 8


def test_instructions_are_found_as_they_are_decoded() -> None:
    reg = registry()
    for number in range(40 * SCALE):
        rng = random.Random(f"{SEED} split {number}")
        module = grown(reg, rng)
        decoder = Decoder(reg.isa, module.pages)
        for function in module.functions:
            code = bytearray(function.code)
            if code and number % 2:
                code[rng.randrange(len(code))] = rng.randrange(256)
            found = decoder.split(bytes(code))
            at = 0
            for instruction in found:
                try:
                    opcode, immediates, after = decoder.at(code, at)
                except ValueError as error:
                    with pytest.raises(ValueError, match=re.escape(str(error))):
                        decoder.decode(instruction)
                    break
                assert (opcode, immediates) == decoder.decode(instruction)
                assert code[at:after] == instruction
                at = after
            else:
                if at < len(code):
                    with pytest.raises(ValueError):
                        decoder.at(code, at)
