"""Every opcode, with thousands of generated operands, through the reference and the native engine.

The reference is the function that declares the opcode; the native engine is what users get. The same
vectors run under AddressSanitizer and UndefinedBehaviorSanitizer, in smaller number.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from tblvm.core.program import instructions
from tblvm.core.verified import Form
from tests.differential.vectors import Program
from tests.harness import (
    ENGINES,
    LINE,
    Job,
    assembled,
    compiled,
    differences,
    disagreements,
    every_use,
    reference,
    registry,
)

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261121"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
VECTORS, WILD = 2000 * SCALE, 30 * SCALE
LONGEST = 200  # vectors in one program: what it declares first costs more than they do


def forms(heap: str) -> list[Form]:
    excluded = frozenset() if heap == "freelist" else frozenset({"memory.freelist"})
    return list(dict.fromkeys(use.form for use in every_use(registry(), excluded)))


def makes_floats(form: Form) -> bool:
    """Whether the opcode computes a floating-point number, which may be NaN."""
    pure = [node for node in form.graph.nodes if node.primitive.pure and node.operands]
    return any(node.type in ("f32", "f64") for node in pure)


def named(form: Form) -> str:
    when = "".join(f" {name}={value}" for name, value in form.declaration.when.items())
    return f"{form.name} {form.declaration.function.__name__}{when}"


def mixed(form: Form) -> bool:
    """Whether one of two type variables is a function, which is one more cell that only moves."""
    kinds = [type_.name == "function" for _, type_ in form.bindings]
    return any(kinds) and not all(kinds)


FORMS = {named(form): form for form in forms("marksweep") if not mixed(form)}


def jobs(form: Form, vectors: int, wild: int) -> Iterator[Job]:
    """Programs with so many sets of operands in all, and *wild* ones with one each on which it may trap.
    Every fifth collects at each allocation, with objects of all types around."""
    rng = random.Random(f"{SEED} {form.name} {form.declaration.function.__name__}")
    sizes = [min(LONGEST, vectors - done) for done in range(0, vectors, LONGEST)]
    for number, size in enumerate([*sizes, *[0] * wild]):
        stress = number % 5 == 4
        program = Program(rng, wild=not size, full=stress)
        for _ in range(size or 1):
            program.run(form)
        yield Job(
            assembled(program.text()), stdin=_input(form, rng, program.wild), stress=stress, heap=1 << 18
        )


def line(rng: random.Random) -> bytes:
    """A line of input: ASCII, Latin-1, any UTF-8, or bytes that are no UTF-8."""
    size = rng.choice((0, 1, 2, 5, LINE // 4))
    kind = rng.randrange(4)
    if kind == 3:
        telling = (
            0x41,
            0x7F,
            0x80,
            0x8F,
            0x90,
            0x9F,
            0xA0,
            0xBF,
            0xC0,
            0xC2,
            0xE0,
            0xE2,
            0xED,
            0xF0,
            0xF4,
            0xFF,
        )
        text = bytes(rng.choice(telling) for _ in range(size))
    else:
        limit = (0x80, 0x100, 0x110000)[kind]
        text = "".join(chr(rng.randrange(limit)) for _ in range(size)).encode("utf-8", "replace")
    return text.replace(b"\n", b"") + rng.choice((b"\n", b"\n", b"\r\n"))


def _input(form: Form, rng: random.Random, wild: bool) -> bytes:
    if form.declaration.name == "PROMPT_READ":
        text = b"".join(line(rng) for _ in range(rng.randrange(2 * LONGEST)))
        return (
            text + bytes(rng.choices(b"abc", k=rng.choice((1, LINE - 1, LINE, LINE + 1)))) if wild else text
        )
    if wild:
        return rng.choice(
            (b"", b"-", b"+", b"x", b" 2147483648", b"-2147483649 ", b"99999999999", b"12", b"- 1", b"\xff")
        )
    blank = (" ", "\n", "\t", "  \r\n")
    numbers = (rng.randrange(-(2**31), 2**31) for _ in range(LONGEST))
    return "".join(
        f"{rng.choice(blank)}{rng.choice(('', '+')) if n >= 0 else ''}{n}" for n in numbers
    ).encode()


def amount(form: Form) -> tuple[int, int]:
    """Vectors and wild programs: fewer where there are many forms of one declaration."""
    many = form.declaration.page.name in ("linear", "indirect")
    return (400 * SCALE, 15 * SCALE) if many else (VECTORS, WILD)


def check(heap: str, form: Form, vectors: int, wild: int, sanitize: bool) -> None:
    harness, *others = (compiled(heap, sanitize=sanitize, engine=engine) for engine in ENGINES)
    work = list(jobs(form, vectors, wild))
    # Without a collector every allocation stays.
    work = work if harness.collector else [Job(j.verified, j.stdin, j.fuel, j.stack, 1 << 22) for j in work]
    runs = [each.run(work) for each in (harness, *others)]
    for job, *each in zip(work, *runs, strict=True):
        known = reference(job, collector=harness.collector)
        for engine, run in zip(ENGINES, each, strict=True):
            found = differences(job, run, known=known)
            assert not found, f"seed {SEED}: {engine}: {form.name}: {found}"


@pytest.mark.parametrize("name", FORMS)
def test_native_engine_agrees_with_the_declaration(name: str) -> None:
    check("marksweep", FORMS[name], *amount(FORMS[name]), sanitize=False)


@pytest.mark.parametrize("name", FORMS)
def test_under_sanitizers(name: str) -> None:
    check("marksweep", FORMS[name], 100 * SCALE, 6 * SCALE, sanitize=True)


@pytest.mark.parametrize("name", [n for n, form in FORMS.items() if makes_floats(form)])
def test_with_canonical_nans_every_bit_agrees(name: str) -> None:
    work = list(jobs(FORMS[name], 300 * SCALE, 0))
    for _, found in disagreements(
        work, "marksweep", ("x86_64-linux",), canonical=True, more=("nan.canonical",)
    ):
        raise AssertionError(f"seed {SEED}: {name}: {found}")


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
@pytest.mark.parametrize("function", ["free", "new", "new_counted", "loadm", "storem"])
def test_cells_without_a_collector(function: str, sanitize: bool) -> None:
    [form] = [each for each in forms("freelist") if each.declaration.function.__name__ == function]
    check("freelist", form, 400 * SCALE if sanitize else VECTORS, WILD, sanitize)


def test_every_handler_is_run() -> None:
    """The vectors reach each form, in each shape of resolved code: none is left out by oversight."""
    harness = compiled("freelist")
    seen = set()
    for form in forms("freelist"):
        for job in jobs(form, 100, 1):
            seen |= {each.use for each in instructions(job.verified, registry().isa)}
    missing = [h.label for h in harness.composition.handlers if not seen & set(h.uses)]
    assert not missing
