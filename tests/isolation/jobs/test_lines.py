"""Lines of JSON: what Python's own json and float make of them, and what is no input."""

from __future__ import annotations

import array
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tblvm.core.asm import assemble
from tblvm.isolation.jobs.errors import InputError
from tblvm.isolation.jobs.lines import Line, arguments_in, lines, stdin_in, told, written
from tblvm.isolation.jobs.result import Result
from tblvm.opcodes import Isa

# The same in any process.
pytestmark = pytest.mark.repeated
TEXT = """
.export f
.func main()
    RET
.end
.func f(n: i32, x: f64, s: string, y: f32[]) -> i32
    PUSH 1
    RET
.end
"""


def line(text: str | bytes) -> Line:
    return Line(0, 7, text.encode() if isinstance(text, str) else text)


def again(result: Result) -> Any:
    text = written(told(result))
    assert text.count(b"\n") == 1 and text.endswith(b"\n")
    return json.loads(text)


@given(st.lists(st.text() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.none()))
def test_values_are_json_s(values: list[Any]) -> None:
    """NaN and the infinities are texts, which float reads."""
    for value in values:
        found = again(Result(0, line(b"1"), value=value))["value"]
        if isinstance(value, float) and not math.isfinite(value):
            assert isinstance(found, str) and (float(found) == value or math.isnan(value))
        else:
            assert found == value and type(found) is type(value)
    assert again(Result(0, line(b"1"), value=tuple(values[:0])))["value"] == []


@given(st.binary(), st.lists(st.integers(-128, 127)))
def test_bytes_and_arrays_are_numbers(data: bytes, numbers: list[int]) -> None:
    value = (data, array.array("b", numbers), array.array("d", [math.inf]))
    assert again(Result(0, line(b"1"), value=value))["value"] == [[*data], numbers, ["Infinity"]]


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_output_is_an_input(data: bytes) -> None:
    """What a program writes is told as what one reads."""
    found = again(Result(0, line(b"1"), status=0, output=data))["output"]
    assert stdin_in(line(json.dumps(found))) == data


@given(st.text())
def test_text_is_read(text: str) -> None:
    try:
        expected = text.encode()
    except UnicodeEncodeError:
        with pytest.raises(InputError, match="line 7: half of a surrogate pair"):
            stdin_in(line(json.dumps(text)))
    else:
        assert stdin_in(line(json.dumps(text))) == expected


def test_arguments(isa: Isa) -> None:
    arguments = arguments_in(assemble(TEXT, isa), "f")
    assert arguments(line('[1, "NaN", "NaN", [1, "-Infinity"]]'))[2:] == ("NaN", [1, -math.inf])
    assert math.isnan(arguments(line('[1, "NaN"]'))[1])
    assert arguments(line("5")) == (5,) and arguments(line('"x"')) == ("x",) and arguments(line("[]")) == ()
    assert arguments(line("[[1, 2]]")) == ([1, 2],) and arguments(line("null")) == (None,)
    assert arguments_in(assemble(TEXT, isa), "nothing")(line("[1]")) == (1,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{bad", "no JSON: .*, column 2"),
        ("1 2", "no JSON: .*, column 3"),
        (b'"\xff"', "byte 2 is no UTF-8"),
        ("[" * 100_000, "too deep"),
        ("9" * 5000, "no JSON that can be read"),
        ("NaN", 'NaN is written "NaN"'),
        ('{"a": 1}', "an argument is a number"),
        ("[true]", "an argument is a number"),
    ],
)
def test_what_is_no_input(isa: Isa, text: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=rf"^line 7: .*{message}"):
        arguments_in(assemble(TEXT, isa), "f")(line(text))


@pytest.mark.parametrize("text", ["5", "[]", '{"base64": "ä"}', '{"base64": 5}', '{"text": ""}', "true"])
def test_what_nobody_can_read(text: str) -> None:
    with pytest.raises(InputError, match=r"^line 7: "):
        stdin_in(line(text))


def test_lines_that_are_blank_are_none() -> None:
    file = [b'\xef\xbb\xbf"a"\r\n', b"\n", b" \t\r\n", b'"b"\n', b'"c"']
    assert [(each.index, each.number, each.value()) for each in lines(file)] == [
        (0, 1, "a"),
        (1, 4, "b"),
        (2, 5, "c"),
    ]
