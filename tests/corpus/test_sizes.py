"""The README's table of composed runtimes says what `python -m bench.corpus` says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bench.corpus import HEAD, README, SHOWN, general, measure, peers
from tblvm.core.registry import Registry
from tests.corpus.fetch import Unavailable
from tests.corpus.manifest import program
from tests.corpus.opcodes import opcodes

_AGAIN = "python -m bench.corpus --write"


@pytest.mark.parametrize("name", SHOWN)
def test_a_row_of_the_readme(name: str, registry: Registry, unavailable: Callable[[Exception], Any]) -> None:
    try:
        row = measure(program(name), registry)
    except Unavailable as error:
        unavailable(error)
        return
    assert str(row) in README.read_text().splitlines(), f"{row}: {_AGAIN}"


def test_rows_of_what_takes_any_program(registry: Registry) -> None:
    lines = README.read_text().splitlines()
    at = lines.index(HEAD[0])
    after = lines[at:][: len(HEAD) + len(SHOWN) + 3]
    assert after[: len(HEAD)] == [*HEAD]
    assert after[-3:] == [general(registry), *peers()], _AGAIN


def test_instructions_are_counted() -> None:
    """(func (param i32) (result i32) block local.get 0 br_if 0 end i32.const -3 (f64.const 0 drop) i32.trunc_sat …)"""
    code = b"\x02\x40\x20\x00\x0d\x00\x0b\x41\x7d\x44" + bytes(8) + b"\xfc\x02\x6a\x0b"
    body = b"\x01\x02\x7f" + code
    section = b"\x01" + bytes([len(body)]) + body
    module = b"\0asm\1\0\0\0" + b"\x00\x02\x01x" + b"\x0a" + bytes([len(section)]) + section
    assert opcodes(module) == {0x02, 0x20, 0x0D, 0x0B, 0x41, 0x44, 0x102, 0x6A}
