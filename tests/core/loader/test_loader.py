"""Loader and verifier in C accept and refuse what those in Python do, for the same place, and make the same
reference maps, resolved code and tables."""

from __future__ import annotations

import os
import random
import resource
import struct
import time
from collections import Counter
from dataclasses import replace

import pytest

from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.code import write_leb
from tblvm.core.module import ArrayType, Function, FunctionType, Module, PageUse, Shape
from tblvm.stack import verify
from tests.core.loader import Answer, Driver, built
from tests.core.loader.mutants import Parts, measured, mutant
from tests.core.test_tbc import DAMAGED, FILE, PLAIN, insert_section
from tests.programs import EXAMPLES
from tests.stack import test_verify as rules

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261121"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
MUTANTS = 1000 * SCALE
BATCH = 500


def agree(files: list[bytes], what: str, driver: Driver | None = None) -> Counter[int]:
    """How the files ended, by status; fails where C and Python differ."""
    driver = driver or built()
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
    return tbc.write(measured(module, built().reg))


def rule(text: str, *locals_: str) -> bytes:
    """The file of a function main with this body, among the declarations of the verifier's tests."""
    lines = "\n".join(line.strip() for line in text.split(";"))
    lines = "".join(f".local {each}\n" for each in locals_) + lines
    source = f"{rules.DECLARATIONS}.func main()\n{lines}\n.end\n"
    return written(assemble(source, built().reg.isa, "rule.tba"))


def bodies(test: object) -> list[str]:
    """The first arguments with which one of the verifier's tests is run."""
    [mark] = [mark for mark in test.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    return [each[0] if isinstance(each, tuple) else each for each in mark.args[1]]


def test_rules() -> None:
    """What the tests of the verifier in Python look at, one by one."""
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
    files = [rule(text) for text in texts]
    assert agree(files, "rule")[0] == len(bodies(rules.test_accepted))


# What the built-in pages do not have, and whether it is valid.
ODD = [
    ("CONST 1L; NULL K; odd.KEEP; POP; NULL any; CONST 1L; NULL any; odd.KEEP; HALT", True),
    ("CONST 1L; PUSH 1; odd.KEEP; HALT", False),
    ("PUSH 1; odd.GUARD 1, -2; POP; CONST 1L; odd.GUARD 2, 7; POP; NULL K; odd.GUARD 1, 3; HALT", True),
    ("NULL K; odd.GUARD 1, -2; HALT", False),  # the guard holds: the last one is not meant
    ("NULL K; odd.GUARD 2, 0; HALT", False),
    ("PUSH 1; odd.GUARD 3, 0; HALT", False),
    ("PUSH 1; JMP b; .shape i32, i32; a: POP; b: odd.WAITJUMP a", True),
    ("PUSH 1; NULL K; PUSH 1; odd.CALLAT @3; HALT", False),
    ("PUSH 0; odd.CALLAT @2; HALT", True),
    ("PUSH 0; odd.CALLAT @1; HALT", False),  # a class
    ("PUSH 0; odd.CALLAT @99; HALT", False),
    ("odd.CALLWITH -70, none; PRINT; HALT", True),
    ("odd.LOCALS far, kept, -1, far; POP; PRINT; HALT", False),
    ("odd.LOCALS far, kept, -1, far; POP; POP; HALT", True),
    ("PUSH 1; NEWARRAY i8[]; DUP; PUSH 1; odd.SAME; ALENGTH; PRINT; HALT", True),
    ("PUSH 1; NEWARRAY i8[]; PUSH 1; NEWARRAY i32[]; PUSH 1; odd.SAME; POP; HALT", False),
    ("NULL i32[]; NULL i32[]; NULL any; odd.SAME; POP; HALT", False),
    ("NULL K; odd.FIELDS @16, @0, @16, @0, @0; HALT", False),
    ("NULL K; odd.AS K; GETFIELD K.n; PRINT; HALT", True),
    ("NULL K; odd.AS any; POP; HALT", True),
    ("NULL any; odd.AS K; POP; HALT", False),
    ("NULL any; NULL K; PUSH 7; NEWARRAY i16[]; PUSH 0; NEW 0; POP; POP; POP; POP; HALT", True),
]


def test_what_built_in_pages_do_not_have() -> None:
    files = [rule(text, "far: i64", "kept: K") for text, _ in ODD]
    assert [built().expected(file).answer.status == 0 for file in files] == [valid for _, valid in ODD]
    agree(files, "odd rule")


@pytest.mark.parametrize("source", [".", "..", "a/.", "a//", "/", "//x", "a/b/", "./a.tba", "a\\b", ""])
def test_names_of_source_files(source: str) -> None:
    """Stack traces show what stands behind the last folder, whatever it is."""
    module = assemble(".func main()\n  HALT\n.end\n", built().reg.isa, "a.tba")
    assert agree([written(replace(module, debug=replace(module.debug, source=source)))], source)[0] == 1


EVERYTHING = """\
.collector
.screen 13, 7
.stack 300
.heap 4K
.import memory given: "host", "m", 3
.import global number: "host", "g", fixed f64
.import table calling: "host", "t", 1, 7
.global count: fixed i32
.global box: Box
.class Box
  big: i64
  byte: i8
  next: Box
  all: any[]
.end
.class Empty
.end
.interface Tells
  tell(i32) -> i32
.end
.class Sub extends Box implements Tells
  small: u8
  .method tell: told
.end
.memory ground: 1, 2
.data hello: ground, 8
  "abc"
.end
.data later
  "xyzzy"
.end
.table calls: 2, 5
.elem first: calls, 0
  pair, null
.end
.elem more
  null, walk
.end
.import ask: "host", "ask", () -> (i32, f64)
.start begin
.import alone: "", "é", (Box)
.import outer(a: i32, b: Box) -> (Box, i64): "h", "o"
.export pair
.export pa: global box
.export q: memory ground
.export "é": table calls
.func begin()
  PUSH 1
  STOREG count
  RET
.end
.func pair() -> (i32, f64)
  .local x: i64
  PUSH -70
  CONST 2.5
  RET
.end
.func told(self: any, a: i32) -> i32
  LOAD a
  RET
.end
.func walk(n: i32, b: Box) -> Box
  PUSH 7
  JMP test
.shape i32
body:
  NEG
test:
  LOAD n
  JZ body
  POP
  LOAD b
  GETFIELD Box.next
  RET
.end
.func main() -> i32
  CONST "é"
  PRINT
  CONST "a€b"
  PRINT
  CONST 5L
  long.LPRINT
  CALL pair
  POP
  PUSH 300
  NEWARRAY Box[]
  PUSH 0
  NEWOBJ Box
  ASTORE
  NEWOBJ Box
  CALL walk
  STOREG box
  NEWOBJ Sub
  PUSH 7
  INVOKEINTERFACE Tells.tell
  PRINT
  NULL Sub
  PUSH 7
  INVOKEVIRTUAL Sub.tell
  PRINT
  PUSH 0
  I32_LOAD 4000000000
  BR_TABLE one, two, one
one:
  NOP
two:
  PUSH 4
  PUSH 6
  numbers.GCD
  RET
.end
"""


def test_every_byte_of_a_file() -> None:
    """Each byte of a valid file with something in every section, changed in several ways; most of it is
    looked at by one check only."""
    file = tbc.write(verify(assemble(EVERYTHING, built().reg.isa, "all.tba"), built().reg.isa).module)
    assert agree([file], "file") == {0: 1}
    files = []
    for at in range(len(file)):
        for byte in {0, 1, 0xFF, file[at] ^ 1, file[at] ^ 0x80, (file[at] + 1) & 0xFF} - {file[at]}:
            files.append(file[:at] + bytes([byte]) + file[at + 1 :])
    ends = agree(files, "byte")
    assert ends[0] > 100 and ends[5] > 1000, ends


def test_lists_of_pages() -> None:
    isa = built().reg.isa
    file = tbc.write(rules.raw(b"\x29", isa, functions=(Function(b"\x29", 0, (), 0),)))
    pages = {"core": 0xFF, "numbers": 0xE1, "object": 0x64, "odd": 0xE0}
    rows = {
        name: (prefix, 0xFF, name.encode(), isa.fingerprint(name, 0xFF)) for name, prefix in pages.items()
    }
    core, numbers, object_, odd = rows.values()

    def row(prefix: int, last: int, name: bytes, print_: int) -> bytes:
        return struct.pack("<BBHQ", prefix, last, len(name), print_) + name

    lists = [
        [core, numbers, object_, odd],
        [core],
        [core, core],
        [object_, core],
        [core, odd, numbers],
        [core, object_, object_],
        [core, (0, *core[1:])],
        [(0x60, *core[1:])],
        [core, numbers, (0xE1, *odd[1:])],
        [core, (0xFF, *odd[1:])],
        [core, (0xDF, *odd[1:])],
        [core, (0xFE, *odd[1:])],
        [core, (0x65, *object_[1:])],
        [core, (0x64, 0xFF, b"object2", 0)],
        *(
            [core, (0xE0, 0, name, 0)]
            for name in (b"", b".a", b"-a", b"a b", "ä".encode(), b"\xe4", b"a" * 255, b"a" * 256)
        ),
    ]
    files = []
    for each in lists:
        parts = Parts(file)
        section = next(section for section in parts.sections if section[0] & 0xFF == 6)
        section[1] = bytearray(b"".join(row(*page) for page in each))
        files.append(parts.file(random.Random(1)))
    assert agree(files, "list of pages")[0] == 3


def test_numbers_in_code() -> None:
    """Immediates at the ends of their ranges, and longer than they need be."""
    isa = built().reg.isa
    ends = (0x00, 0x01, 0x07, 0x08, 0x0F, 0x10, 0x3F, 0x40, 0x70, 0x77, 0x78, 0x7F, 0x80, 0xFF)
    numbers = [
        bytes([first] * more + [last])
        for first in (0x80, 0xBF, 0xC0, 0xFF)
        for more in range(6)
        for last in ends
    ]
    files = []
    for opcode in (0x01, 0x30):  # PUSH, signed; NEW, unsigned
        for number in numbers:
            code = bytes([opcode]) + number + b"\x29"
            files.append(tbc.write(rules.raw(code, isa, functions=(Function(code, 0, (), 1),))))
    assert agree(files, "number")[0] > 60


def test_two_array_types_of_the_same_elements() -> None:
    isa = built().reg.isa
    module = rules.raw(b"\x29", isa)
    plugin = PageUse("odd", 0xE0, 0xFF, isa.fingerprint("odd", 0xFF))
    table = (*module.types[:2], ArrayType(1), ArrayType(1))
    files = []
    for other in (18, 19):  # NULL 18, NULL, PUSH 1, odd.SAME, POP, HALT
        code = bytes([0x64, 7, 18, 0x64, 7, other, 1, 1, 0xE0, 0x0B, 2, 0x29])
        functions = (Function(code, 0, (), 3),)
        files.append(
            tbc.write(replace(module, types=table, functions=functions, pages=(*module.pages, plugin)))
        )
    assert agree(files, "module") == {0: 1, 5: 1}


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
    assert ends[0] == len(files) - 1  # one frees: this runtime has a collector


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


def test_calls_of_many_cells_are_limited() -> None:
    """A function of a few bytes that takes thousands of cells from a call of itself, again and again."""
    isa = built().reg.isa
    types = (FunctionType((), ()), FunctionType((), (1,) * 30_000))
    base = rules.raw(b"\x29", isa, types=types)
    main = Function(b"\x29", 0, (), 0)

    def many(count: int) -> bytes:
        calling = Function(b"\x27\x01\x28", 1, (), 30_000)
        return tbc.write(replace(base, functions=(main, *(calling,) * count)))

    assert agree([many(17), many(18), many(300)], "module of calls") == {0: 1, 5: 2}


def test_safepoints_above_deep_stacks() -> None:
    """References are found without looking at what lies between them."""
    isa = built().reg.isa
    piled = b"\x64\x07\x06" + b"\x01\x01\x27\x01" * 16_000 + b"\x29"
    module = rules.raw(piled, isa)
    functions = (replace(module.functions[0], max_stack=16_001), Function(b"\x28", 0, (), 0))
    started = time.process_time()
    assert agree([tbc.write(replace(module, functions=functions))], "module") == {0: 1}
    assert time.process_time() - started < 10
