"""Reading in C against the models, in pieces of any size, and on a system that misbehaves."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tblvm.core.io import services
from tblvm.opcodes.traps import Trap, TrapSignal

SEED = 20240613
EINTR, EIO = -4, -5


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes, list[str]], list[tuple[int, ...]]]:
    """Runs reads with the models; the results as the driver gives them."""

    def run(data: bytes, reads: list[str]) -> list[tuple[int, ...]]:
        console = services.Console(input=data)
        monkeypatch.setattr(services, "machine", lambda: SimpleNamespace(state=lambda cls: console))
        results: list[tuple[int, ...]] = []
        for read in reads:
            if read == "g":
                results.append((services.get_byte.model().v & 0xFFFFFFFF,))
                continue
            try:
                results.append((0, services.read_i32.model().v))
            except TrapSignal as signal:
                assert signal.trap == Trap.BAD_INPUT
                results.append((1,))
        return results

    return run


def given(data: bytes) -> str:
    return f"t {data.hex() or '.'}"


def results(driven: Any) -> list[tuple[int, ...]]:
    """A failed read's value is not defined."""
    return [(1,) if len(each) == 2 and each[0] == 1 else each for each in driven.results]


def inputs(source: random.Random) -> bytes:
    """Tokens that are numbers, nearly numbers, or neither."""

    def token() -> bytes:
        kind = source.randrange(8)
        if kind < 3:
            return b"%d" % (source.randint(-(2**31), 2**31 - 1) >> source.randrange(32))
        if kind == 3:
            return b"%d" % (source.choice([-1, 1]) * (2**31 + source.randint(-2, 2)))
        if kind == 4:
            return (
                source.choice([b"+", b"-", b""])
                + b"0" * source.randrange(30)
                + b"%d" % source.randrange(10**12)
            )
        if kind == 5:
            return source.choice(
                [b"+", b"-", b"+-1", b"--1", b"1-1", b"x", b"1x", b"1.5", b"\x00", b"\xff", b"/:", b"0x1"]
            )
        if kind == 6:
            return b"%d" % (2 ** source.randrange(28, 70) + source.randint(-1, 1))
        return bytes(source.randrange(256) for _ in range(source.randrange(4)))

    blanks = [b" ", b"\n", b"\t", b"\r\n", b"\v\f", b"  \n ", b"", b"\x08", b"\x0e"]
    return b"".join(token() + source.choice(blanks) for _ in range(source.randrange(30)))


@pytest.mark.parametrize("size", [16, 256])
def test_reads(compiled: Callable[..., Any], model: Callable[..., Any], size: int) -> None:
    print("seed", SEED)
    source = random.Random(SEED + size)
    driver = compiled(TB_IO_INPUT_BUFFER=size)
    for _ in range(150):
        data = inputs(source)
        reads = [source.choice("rrrg") for _ in range(40)]
        pieces = [f"R {source.randint(1, 20)}" for _ in range(source.randrange(100))]
        assert results(driver([given(data), *pieces, *reads])) == model(data, reads), (data, reads)


@pytest.mark.parametrize(
    ("data", "result"),
    [
        (b"5", (0, 5)),
        (b" \t\n\v\f\r-7x", (0, -7)),
        (b"+0012", (0, 12)),
        (b"-2147483648", (0, -(2**31))),
        (b"2147483647", (0, 2**31 - 1)),
        (b"2147483648", (1,)),
        (b"-2147483649", (1,)),
        (b"4294967296", (1,)),
        (b"18446744073709551616", (1,)),
        (b"0" * 5000 + b"1", (0, 1)),
        (b"9" * 5000, (1,)),
        (b"", (1,)),
        (b"   ", (1,)),
        (b"-", (1,)),
        (b"- 1", (1,)),
        (b"+-1", (1,)),
        (b"x", (1,)),
    ],
)
def test_integers(driver: Any, model: Callable[..., Any], data: bytes, result: tuple[int, ...]) -> None:
    assert results(driver([given(data), "r"])) == [result] == model(data, ["r"])


def test_the_byte_behind_a_number_stays(driver: Any, model: Callable[..., Any]) -> None:
    reads = ["r", "g", "r", "g", "g", "g"]
    expected = [(0, 12), (ord("x"),), (0, -3), (ord("\n"),), (0xFFFFFFFF,), (0xFFFFFFFF,)]
    assert results(driver([given(b"12x-3\n"), *reads])) == expected == model(b"12x-3\n", reads)


def test_every_byte_comes_through(driver: Any) -> None:
    data = bytes(range(256)) * 3
    assert driver([given(data), *["g"] * 769]).results == [*((byte,) for byte in data), (0xFFFFFFFF,)]


def test_output_is_flushed_before_a_read_that_may_block(driver: Any) -> None:
    events = driver(["p 3f", given(b"ab"), "g", "p 21", "g", "g"]).events
    assert events == ["b", "w 3f", "g 97", "g 98", "b", "w 21", "g 4294967295"]


@pytest.mark.parametrize("failure", [0, EINTR, EIO])
def test_the_end_or_an_error_is_not_the_last_word(driver: Any, failure: int) -> None:
    commands = [given(b"12 34"), "R 4", f"R {failure}", "R 1", f"R {failure}", "r", "r", "r", "g"]
    # "12 3" comes, then the failure ends the number; the 4 behind it is a number of its own.
    assert results(driver(commands)) == [(0, 12), (0, 3), (0, 4), (0xFFFFFFFF,)]


def test_an_interrupted_read_takes_nothing(driver: Any) -> None:
    assert results(driver([given(b"7"), f"R {EINTR}", f"R {EINTR}", "g", "r", "r"])) == [
        (0xFFFFFFFF,),
        (1,),
        (0, 7),
    ]
