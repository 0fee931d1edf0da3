"""Loader and verifier in C accept and refuse what those in Python do, for the same place, and make the same
reference maps, resolved code and tables."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import struct
from collections import Counter
from dataclasses import replace

import pytest

from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.code import write_leb
from tblvm.core.errors import ModuleError
from tblvm.core.module import Function, FunctionType, Module, Shape
from tblvm.stack import verify
from tests.core.loader import Answer, built
from tests.core.loader.mutants import Parts, mutant
from tests.core.test_tbc import DAMAGED, FILE, PLAIN, insert_section
from tests.programs import EXAMPLES
from tests.stack import test_verify as rules

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261121"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
MUTANTS = 1000 * SCALE
BATCH = 500


def agree(files: list[bytes], what: str) -> Counter[int]:
    """How the files ended, by status; fails where C and Python differ."""
    driver = built()
    expected = [driver.expected(file) for file in files]
    ends: Counter[int] = Counter()
    for number, (file, wanted, (found, message)) in enumerate(
        zip(files, expected, driver.answers(files, expected), strict=True)
    ):
        ends[wanted.answer.status] += 1
        if wanted.answer == found:
            continue
        tables = [name for name, data in found.tables if dict(wanted.answer.tables).get(name) != data]
        raise AssertionError(
            f"{what} {number}: C: {found} ({message}), Python: {wanted.answer} ({wanted.message}), "
            f"tables that differ: {tables}\n{file.hex()}"
        )
    return ends


@pytest.mark.parametrize("start", range(0, MUTANTS, BATCH))
def test_mutants(start: int) -> None:
    ends = agree(
        [mutant(built().reg, start + n, SEED) for n in range(BATCH)], f"seed {SEED}, mutant {start} +"
    )
    assert ends[0] > BATCH // 20, ends
    assert ends[5] > BATCH // 3, ends


def written(module: Module) -> bytes:
    """The file of *module*, whether it is valid or not."""
    with contextlib.suppress(ModuleError):
        return tbc.write(verify(module, built().reg.isa).module)
    functions = tuple(replace(each, max_stack=max(each.max_stack, 9)) for each in module.functions)
    return tbc.write(replace(module, functions=functions))


def bodies(test: object) -> list[str]:
    """The first arguments with which one of the verifier's tests is run."""
    [mark] = [mark for mark in test.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    return [each[0] if isinstance(each, tuple) else each for each in mark.args[1]]


def test_rules() -> None:
    """What the tests of the verifier in Python look at, one by one."""
    isa = built().reg.isa
    texts = [
        body
        for test in (
            rules.test_refused,
            rules.test_what_arrives_must_fit,
            rules.test_accepted,
            rules.test_shapes,
        )
        for body in bodies(test)
    ]
    files = []
    for text in texts:
        lines = "\n".join(line.strip() for line in text.split(";"))
        files.append(written(assemble(f"{rules.DECLARATIONS}.func main()\n{lines}\n.end\n", isa, "rule.tba")))
    assert agree(files, "rule")[0] == len(bodies(rules.test_accepted))


def test_damaged_files() -> None:
    files = []
    for damage, _ in DAMAGED:
        file = bytearray(FILE)
        damage(file)
        files.append(bytes(file))
    plain = tbc.write(PLAIN)
    for kind, body in (
        (99, b"x"),
        (99, b""),
        (0x80000063, b"x"),
        (7, b"x"),
        (16, bytes(5)),
        (16, b"\x80\0"),
        (17, b"\x80"),
    ):
        files += [insert_section(FILE, kind, body), insert_section(plain, kind, body)]
    agree(files, "damaged file")


def test_large_numbers() -> None:
    """Sections, types, results, frames, maps: up to their limits and one more."""
    isa = built().reg.isa
    module = rules.raw(b"\x29", isa)
    files = [written(module), insert_section(written(module), 99, b"")]
    for _ in range(300):
        files[1] = insert_section(files[1], int.from_bytes(files[1][44:48], "little") + 200, b"x")
    never = replace(module, functions=(*module.functions, Function(b"\x20\x00", 3)))
    for results in (0x7FFF, 0x8000):
        # Written by hand: the writer refuses what it may not contain.
        file = written(replace(never, types=(*module.types, FunctionType((), (1,) * 0x7FFF))))
        if results == 0x8000:
            at = file.index(struct.pack("<4I", 3, 0, 0x7FFF, 1))
            file = bytearray(file)
            struct.pack_into("<I", file, at + 8, results)
            parts = Parts(bytes(file))
            next(body for word, body in parts.sections if word & 0xFF == 4).extend(struct.pack("<I", 1))
            file = parts.file(random.Random(0))
        files.append(bytes(file))
    room = 0x7FFF - 2
    for count in (room, room + 1):
        files.append(
            tbc.write(rules.raw(b"\x01\x01" * count + b"\x29", isa, functions=(_pushes(count, room),)))
        )
    assert [built().expected(file).answer.status for file in files] == [0, 0, 0, 5, 0, 5]
    agree(files, "large module")


def _pushes(count: int, max_stack: int) -> Function:
    return Function(b"\x01\x01" * count + b"\x29", 0, (1, 5), max_stack)


def test_deep_stacks() -> None:
    """They are compared and remembered in no more time than flat ones, and maps are limited."""
    isa = built().reg.isa
    nulls = b"\x64\x07\x06" * 10_000
    target = len(nulls) + 10_000 * 6
    branches = (b"\x01\x01\x22" + write_leb(target)) * 10_000
    deep = rules.raw(nulls + branches + b"\x29", isa, shapes=(Shape(0, target, (5,) * 10_000),))
    half = rules.raw(b"\x30\x01" * 2_000 + b"\x29", isa)
    halves = replace(half, functions=tuple(replace(each, max_stack=2_000) for each in half.functions * 3))
    files = [written(deep), written(half), tbc.write(halves)]
    wanted = [built().expected(file) for file in files]
    started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    answers = built().answers(files, wanted)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - started < 5
    assert [answer for answer, _ in answers] == [each.answer for each in wanted]
    assert [answer.status for answer, _ in answers] == [0, 0, 5]


def test_a_module_that_is_invalid_is_not_one_that_needs_more() -> None:
    """FREE is in no runtime with a collector; the wrong max_stack behind it counts more."""
    isa = built().reg.isa
    module = verify(assemble(".func main()\n  NEW 1\n  FREE\n  HALT\n.end\n", isa, "x.tba"), isa).module
    wrong = replace(module, functions=(replace(module.functions[0], max_stack=7),))
    assert agree([tbc.write(module), tbc.write(wrong)], "module") == {4: 1, 5: 1}


def test_examples() -> None:
    isa = built().reg.isa
    files = [tbc.write(verify(assemble(path.read_text(), isa, path.name), isa).module) for path in EXAMPLES]
    ends = agree(files, "example")
    assert ends[0] == len(files) - 1  # one frees, which this runtime does not


def test_every_truncation() -> None:
    isa = built().reg.isa
    file = tbc.write(verify(assemble(EXAMPLES[0].read_text(), isa, "x.tba"), isa).module)
    assert agree([file[:size] for size in range(len(file))], "truncation") == {5: len(file)}


def test_an_answer_says_where() -> None:
    driver = built()
    file = b"TBCO"
    wanted = driver.expected(file)
    assert wanted.answer == Answer(5)
    assert driver.answers([file], [wanted]) == [(Answer(5), "the file ends inside its header")]
