"""Equations: a dozen as they must read; all primitives against their meaning; random opcodes run as printed."""

from __future__ import annotations

import math
import os
import random
import re
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from tblvm.core.verified import Form
from tblvm.opcodes import Isa, OpcodeSet, Page, i32, imm_s, local, types
from tblvm.opcodes.ir import Graph, Node
from tblvm.opcodes.primitives import Primitive, primitives
from tblvm.opcodes.primitives.floating import decode, encode
from tblvm.opcodes.primitives.integer import wrap
from tblvm.opcodes.values import T
from tblvm.tools.reference.entry import forms
from tblvm.tools.reference.equation import equations

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20240607"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))


def lines(form: Form) -> list[str]:
    return [str(each) for each in equations(form)]


GOLDEN = {
    "NOP": [],
    "POP": [],
    "PUSH": ["result = value"],
    "SWAP": ["result1 = b", "result2 = a"],
    "ADD": ["result = a + b  (mod 2^32)"],
    "NEG": ["result = 0 - a  (mod 2^32)"],
    "DIV": ["trap DIVIDE_BY_ZERO if b = 0", "result = trunc(a / b)  (mod 2^32)"],
    "MOD": ["trap DIVIDE_BY_ZERO if b = 0", "result = a - b × trunc(a / b)"],
    "FDIV": ["result = a / b  (rounded to f32)"],
    "I2F": ["result = a  (rounded to f32)"],
    "JEQ": ["goto to if a = b"],
    "CALL": ["call callee()"],
    "HALT": ["halt"],
    "LOAD": ["result = local[index]"],
    "STORE": ["local[index] ← value"],
    "READ": ["result = read_i32()"],
    "LOADM": [
        "trap NULL_REFERENCE if object = null",
        "v6 = index + offset  (mod 2^32)",
        "trap BAD_INDEX unless 0 ≤ v6 < object.i32[4]",
        "result = object.i32[(v6 << 2) + 8]  (mod 2^32, count mod 32)",
    ],
    "STOREM": [
        "trap NULL_REFERENCE if object = null",
        "v7 = index + offset  (mod 2^32)",
        "trap BAD_INDEX unless 0 ≤ v7 < object.i32[4]",
        "object.i32[(v7 << 2) + 8] ← value  (mod 2^32, count mod 32)",
    ],
    "object.NEWOBJ": ["result = allocate(size_of(kind) bytes, type kind, length 0)"],
    "object.REFNE": ["result = 1 if not(a = b) else 0"],
    "object.NULL": ["result = null"],
    "object.PUTFIELD": ["trap NULL_REFERENCE if object = null", "object.i32[which] ← value"],
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(isa: Isa, name: str) -> None:
    assert lines(next(forms(isa.find(name)))) == GOLDEN[name]


def test_a_reference_store_says_that_it_passes_the_barrier(isa: Isa) -> None:
    texts = {form.name: lines(form)[-1] for form in forms(isa.find("object.ASTORE"))}
    assert [text.endswith("  (with the write barrier)") for text in texts.values()] == [False, False, False]
    assert "with the write barrier" in texts["object.ASTORE(E=any)"]
    assert "with the write barrier" not in texts["object.ASTORE(E=i32)"]


def declared(function: Callable[..., Any], bindings: tuple[tuple[str, types.Type], ...] = ()) -> Form:
    function.__doc__ = "A test's."
    ops = OpcodeSet(Page("equations"), library="equations")
    ops(0x00, "TESTED")(function)
    return Form(ops.declarations[0], bindings)


def test_what_is_read_before_an_effect_is_written_before_it() -> None:
    def exchange(value: T, index: local[T]) -> T:
        before = index.get()
        index.set(value)
        return before

    form = declared(exchange, (("T", types.I32),))
    assert lines(form) == ["result = local[index]", "local[index] ← value"]


def test_names_do_not_collide() -> None:
    def tested(v3: i32, result: i32) -> tuple[i32, i32]:
        both = v3 + result
        return both * both, both - v3

    # v2 is the sum; no operand has the name of a result of two.
    assert lines(declared(tested)) == [
        "v2 = v3 + result  (mod 2^32)",
        "result1 = v2 × v2  (mod 2^32)",
        "result2 = v2 - v3  (mod 2^32)",
    ]

    def one(v1: i32, result: i32) -> i32:
        return (v1 - result) * (v1 - result) + result

    assert lines(declared(one)) == [
        "v2 = v1 - result  (mod 2^32)",
        "resultʹ = (v2 × v2) + result  (mod 2^32)",
    ]


def made(notation: str, attribute: object = None) -> list[str]:
    """The lines of an opcode of (a, b) with a primitive of this notation over a + b, and a after it."""

    def tested(a: i32, b: i32) -> i32:
        return a + b

    graph = declared(tested).graph
    *parameters, total = graph.nodes
    given = Node(
        Primitive("made.i32", ("i32", "i32"), "i32", notation=notation),
        "i32",
        (total, parameters[0]),
        attribute,
    )
    form: Any = SimpleNamespace(
        graph=Graph(graph.parameters, (*graph.nodes, given), (given,)),
        declaration=declared(tested).declaration,
    )
    return lines(form)


@pytest.mark.parametrize(
    ("notation", "written"),
    [
        ("", "made(a + b, a)"),
        ("-{0} ~ {1}", "-(a + b) ~ a"),
        ("-{0}", "-(a + b)"),
        ("{0}.x[{1}]", "(a + b).x[a]"),
        ("{1} ~ {0}", "a ~ (a + b)"),
        ("{0} < {1}", "a + b < a"),
        ("{1} plus {0}", "a plus a + b"),
        ("f({0})[{1}]", "f(a + b)[a]"),
        ("f({0}) ~ {1}", "f(a + b) ~ a"),
        ("f({1}, {0})", "f(a, a + b)"),
        ("{operands}", "a + b, a"),
    ],
)
def test_parentheses_stand_where_they_are_needed(notation: str, written: str) -> None:
    assert made(notation) == [f"result = {written}  (mod 2^32)"]


def test_without_a_notation_it_is_a_function() -> None:
    assert made("", types.I32) == ["result = made[i32](a + b, a)  (mod 2^32)"]
    assert made("", (types.I32, 5)) == ["result = made[i32, 5](a + b, a)  (mod 2^32)"]
    with pytest.raises(ValueError, match=r"the notation of made\.i32 has \{nonsense\}"):
        made("{nonsense}")


# --- every primitive ----------------------------------------------------------------------------------


def test_every_primitive_of_ours_states_its_notation() -> None:
    missing = [each.name for each in primitives().values() if not each.notation]
    assert missing == [], "give them notation= where they are defined (opcodes/primitives/primitive.py)"


def test_a_notation_uses_every_operand_and_nothing_else() -> None:
    for each in primitives().values():
        places = set(re.findall(r"\{(\w*)\}", each.notation))
        numbers = {place for place in places if place.isdecimal()}
        assert places - numbers <= {"parameter", "immediate", "constant", "name", "operands"}, each.name
        if each.operands and "operands" not in places:
            assert numbers == {str(number) for number in range(len(each.operands))}, each.name


NAN = {"f32": 0x7FC00000, "f64": 0x7FF8000000000000}
INTEGERS = (0, 1, -1, 2, -2, 7, 31, 32, 33, 63, 64, 100, -100, 12345, 0x7FFFFFFF, -0x80000000)
LONGS = (*INTEGERS, (1 << 63) - 1, -(1 << 63), 1 << 40)
FLOATS = (0.5, -0.5, 1.0, -1.0, 1.5, 3.0, -7.25, 100.75, 1e6, -3e9, 5e9, 2.0**-30)
# Functions of notations that Python has: exact on integers and fractions.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "trunc": math.trunc,
    "floor": math.floor,
    "ceil": math.ceil,
    "nearest": round,
    "abs": abs,
    "min": min,
    "max": max,
    "i8": lambda x: wrap(x, 8),
    "i16": lambda x: wrap(x, 16),
    "i32": lambda x: wrap(x, 32),
}
KNOWN = {*FUNCTIONS, "unsigned", "not"}
SYMBOLS = {"×": "*", "⊕": "^", " = ": " == ", "≠": "!=", "≤": "<=", "≥": ">=", " mod ": " % "}


def python(text: str) -> str:
    """An equation's expression as Python has it."""
    for sign, spelling in SYMBOLS.items():
        text = text.replace(sign, spelling)
    return text


def samples(type_: str) -> list[Any]:
    if type_ == "i1":
        return [False, True]
    if type_ in ("i32", "i64"):
        return list(INTEGERS if type_ == "i32" else LONGS)
    return [decode(type_, encode(type_, each)) for each in FLOATS]


def as_raw(type_: str, value: Any) -> int:
    return encode(type_, value) if type_ in ("f32", "f64") else int(value)


def evaluated(each: Primitive, given: list[Any]) -> int:
    """What the notation of *each* says of *given*, in exact arithmetic, remarks applied."""
    template, *remarks = re.split("  +", each.notation)
    remark = " ".join(remarks)
    source = each.operands[0]
    bits = int(source[1:])
    values = list(given)
    if found := re.search(r"count mod (\d+)", remark):
        values[1] %= int(found[1])
    if "/" in template or "trunc" in template or source[0] == "f":
        values = [value if isinstance(value, bool) else Fraction(value) for value in values]
    template, (a_type, is_one) = membership(template)
    text = python(template.replace("{0} >>> {1}", "unsigned({0}) >> {1}"))
    names = {**FUNCTIONS, "unsigned": lambda x: x % (1 << bits), "xs": values}
    result = eval(text.format(*(f"xs[{number}]" for number in range(len(values)))), names)
    if a_type:
        low, high = extent(a_type)
        return int((low <= result <= high) == is_one)
    if found := re.search(r"saturating to ([iu]\d+)", remark):
        low, high = extent(found[1])
        result = wrap(max(low, min(high, result)), int(found[1][1:]))
    if found := re.search(r"mod 2\^(\d+)", remark):
        result = wrap(int(result), int(found[1]))
    return rounded(each.result, result) if each.result[0] == "f" else int(result)


def membership(template: str) -> tuple[str, tuple[str, bool]]:
    """`x is no i32`, `x is a u32`: x, the type and whether it must be one."""
    found = re.fullmatch(r"(.*) is (an?|no) ([iu]\d+)", template)
    return (found[1], (found[3], found[2] != "no")) if found else (template, ("", True))


def extent(type_: str) -> tuple[int, int]:
    """The smallest and the largest number of an integer type."""
    bits = int(type_[1:])
    return (0, (1 << bits) - 1) if type_[0] == "u" else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def rounded(type_: str, number: Fraction) -> int:
    """The bits of the float nearest to *number*, the even one of two; found by trying its neighbours."""
    bits = encode(type_, float(number))
    near = [bits + step for step in (-1, 0, 1)] if bits & 0x7FFFFFFF else [bits]
    return min(near, key=lambda each: (abs(Fraction(decode(type_, each)) - number), each & 1))


def test_notations_mean_what_primitives_do() -> None:
    checked = []
    for each in primitives().values():
        plain = {*each.operands, each.result} <= {"i1", "i32", "i64", "f32", "f64"}
        template = each.notation.partition("  ")[0]
        # What only names a function says nothing that could be checked.
        if not each.operands or not plain or set(re.findall(r"(\w+)\(", template)) - KNOWN:
            continue
        assert each.value is not None
        columns = [samples(type_) for type_ in each.operands]
        rows = [[value] for value in columns[0]]
        for column in columns[1:]:
            rows = [[*row, value] for row in rows for value in column]
        for row in rows:
            raws = [as_raw(type_, value) for type_, value in zip(each.operands, row, strict=True)]
            if ("/" in template or " mod " in template) and row[1] == 0:
                continue  # the opcode traps before
            said, meant = evaluated(each, row), each.value(*raws)
            if each.result[0] == "f":  # equations say nothing about the sign of zero
                assert decode(each.result, said) == decode(each.result, meant), (each.name, row)
            else:
                assert said == meant, (each.name, row)
        checked.append(each.name)
    assert len(checked) >= 120, checked


# --- random opcodes: what is printed is run -----------------------------------------------------------


class Wrapped(int):
    """An i32 whose arithmetic wraps, with Python's own operators."""

    def __new__(cls, value: int) -> Wrapped:
        return super().__new__(cls, wrap(int(value), 32))

    def __add__(self, other: int) -> Wrapped:
        return Wrapped(int(self) + int(other))

    def __sub__(self, other: int) -> Wrapped:
        return Wrapped(int(self) - int(other))

    __radd__ = __add__

    def __rsub__(self, other: int) -> Wrapped:
        return Wrapped(int(other) - int(self))

    def __mul__(self, other: int) -> Wrapped:
        return Wrapped(int(self) * int(other))

    __rmul__ = __mul__


def random_function(rng: random.Random) -> Callable[[i32, i32, imm_s], i32]:
    """An opcode's function of random pure operations over values that may be read many times."""
    steps = [
        (
            rng.choice(["+", "-", "*", "&", "|", "^", "<", "=", "!<", "and", "or"]),
            *(rng.random() for _ in "abcd"),
        )
        for _ in range(rng.randrange(1, 9))
    ]

    def tested(a: i32, b: i32, c: imm_s) -> i32:
        known: list[Any] = [a, b, c]

        def pick(at: float) -> Any:
            return known[int(at * len(known))]

        for operator, *at in steps:
            w, x, y, z = map(pick, at)
            if operator in "+-*&|^":
                apply = {"+": w + x, "-": w - x, "*": w * x, "&": w & x, "|": w | x, "^": w ^ x}
                known.append(apply[operator])
            elif operator == "and":
                known.append(((w < x) & (y != z)).select(x, y))
            elif operator == "or":
                known.append(((w >= x) | (y == z)).to_i32())
            else:
                truth = {"<": w < x, "=": w == x, "!<": ~(w < x)}[operator]
                known.append(truth.select(y, z))
        return known[-1]

    return tested


def test_printed_equations_run_as_the_opcode_does() -> None:
    rng = random.Random(SEED)
    for number in range(300 * SCALE):
        function = random_function(rng)
        form = declared(function)
        printed = [each.text for each in equations(form)]
        for _ in range(5):
            given = [rng.choice(INTEGERS) for _ in range(3)]
            state: dict[str, Any] = dict(zip("abc", map(Wrapped, given), strict=True))
            for line in printed:
                name, _, text = line.partition(" = ")
                state[name] = Wrapped(eval(python(text), {}, dict(state)))
            wanted = function(*map(i32, given)).v  # type: ignore[arg-type]
            assert state["result"] == wanted, (SEED, number, given, printed)
