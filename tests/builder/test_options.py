"""The values of options as the command line reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tblvm.builder.options import names, read_value
from tblvm.core.errors import UsageError

NUMBERS = st.integers(0, 10**18)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("64", "size", 64),
        ("64K", "size", 65536),
        (" 1m ", "size", 1 << 20),
        ("2G", "number", 2 << 30),
        ("1e9", "number", 10**9),
        ("1.5k", "size", 1536),
        ("500ms", "duration", 500),
        ("2s", "duration", 2000),
        ("1m", "duration", 60000),
        ("3", "duration", 3000),
        ("0.029s", "duration", 29),
        ("on", "flag", 1),
        ("No", "flag", 0),
        ("0", "size", 0),
        ("a picture.png", "text", "a picture.png"),
        ("", "text", ""),
    ],
)
def test_forms_of_values(text: str, kind: str, value: int | str) -> None:
    assert read_value(text, kind) == value


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "size"),
        ("two\nlines", "text"),
        ("k", "size"),
        ("-1", "size"),
        ("1.5", "number"),
        ("0.1k", "size"),
        ("nan", "number"),
        ("inf", "size"),
        ("0x10", "size"),
        ("1e400", "number"),
        ("1e999999999", "number"),
        ("1e-999999999", "number"),
        ("9" * 5000, "number"),
        ("5 parsecs", "duration"),
        ("1.0001s", "duration"),
        ("maybe", "flag"),
        ("2", "flag"),
    ],
)
def test_bad_values_are_usage_errors(text: str, kind: str) -> None:
    with pytest.raises(UsageError):
        read_value(text, kind)


@given(NUMBERS, st.sampled_from([("", 1), ("k", 1 << 10), ("M", 1 << 20), ("g", 1 << 30)]))
def test_units_multiply(number: int, unit: tuple[str, int]) -> None:
    assert read_value(f"{number}{unit[0]}", "size") == number * unit[1]


@given(NUMBERS)
def test_milliseconds_as_seconds_are_exact(number: int) -> None:
    assert read_value(f"{number // 1000}.{number % 1000:03}s", "duration") == number


@given(st.text(max_size=12), st.sampled_from(["size", "number", "duration", "flag"]))
def test_whatever_is_written_gives_a_value_or_a_usage_error(text: str, kind: str) -> None:
    try:
        assert read_value(text, kind) >= 0
    except UsageError:
        return


def test_lists_of_names() -> None:
    assert names("core, gc,,io") == ("core", "gc", "io")
    assert names(None) == names("") == ()
