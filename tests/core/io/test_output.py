"""Printing in C against the models, and the output buffer on a system that misbehaves."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from tblvm.core.io import services

SEED = 20240612
EINTR, EPIPE = -4, -32
LATIN1, UTF16 = 7, 14


def units(text: str) -> str:
    """The hexadecimal of a UTF-16 string for the driver."""
    raw = text.encode("utf-16-be", "surrogatepass").hex()
    return raw or "."


def characters(source: random.Random, most: int, length: int) -> str:
    edges = [
        0,
        0x7F,
        0x80,
        0xFF,
        0x7FF,
        0x800,
        0xD7FF,
        0xD800,
        0xDBFF,
        0xDC00,
        0xDFFF,
        0xE000,
        0xFFFF,
        0x10000,
        0x10FFFF,
    ]
    usable = [edge for edge in edges if edge <= most]
    return "".join(
        chr(source.choice(usable) if source.random() < 0.6 else source.randint(0, most))
        for _ in range(length)
    )


def test_i32(driver: Any) -> None:
    print("seed", SEED)
    source = random.Random(SEED)
    numbers = [0, 1, -1, 9, 10, -10, 2**31 - 1, -(2**31), *(10**k for k in range(10))]
    numbers += [source.randint(-(2**31), 2**31 - 1) >> source.randrange(32) for _ in range(3000)]
    commands = [line for number in numbers for line in (f"i {number & 0xFFFFFFFF:x}", "p a")]
    assert driver([*commands, "F"]).output.decode().split() == [str(number) for number in numbers]


def test_put_byte_writes_the_low_byte(driver: Any) -> None:
    assert driver(["p 41", "p ffffff42", "p 143", "p 0", "p ff", "F"]).output == b"ABC\0\xff"


@pytest.mark.parametrize("kinds", [0, 1, 2])
def test_strings(compiled: Callable[..., Any], kinds: int) -> None:
    print("seed", SEED)
    source = random.Random(SEED + kinds)
    commands, expected = ["s 0 ."], [b"null"]
    for length in [0, 1, 2, *(source.randrange(600) for _ in range(150))]:
        text = characters(source, (0x7F, 0xFF, 0xFF)[kinds], length)
        commands.append(f"s {LATIN1:x} {text.encode('latin-1').hex() or '.'}")
        expected.append(services.utf8(text))
        if kinds == 2:
            text = characters(source, 0x10FFFF, length)
            commands.append(f"s {UTF16:x} {units(text)}")
            expected.append(services.utf8(text))
    assert compiled(TB_STRING_KINDS=kinds)([*commands, "F"]).output == b"".join(expected)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("\ud83d\ude00", "\U0001f600"),
        ("\ud800", "?"),
        ("\udc00\ud800", "??"),
        ("\ud800\ud800\udc00", "?\U00010000"),
        ("\ud800a", "?a"),
        ("\udbff\udfff", "\U0010ffff"),
        ("\ud7ff\ue000", "\ud7ff\ue000"),
    ],
)
def test_surrogates(driver: Any, text: str, printed: str) -> None:
    assert driver([f"s {UTF16:x} {units(text)}", "F"]).output == printed.encode() == services.utf8(text)


def test_output_waits_until_the_buffer_is_full(driver: Any) -> None:
    assert driver(["p 41"] * 255).writes == []
    assert driver(["p 41"] * 256).writes == [b"A" * 256]
    assert driver([*["p 41"] * 257, "F", "F"]).writes == [b"A" * 256, b"A"]


@pytest.mark.parametrize("size", [16, 17, 256, 4096])
def test_partial_and_interrupted_writes_go_on(compiled: Callable[..., Any], size: int) -> None:
    print("seed", SEED)
    source = random.Random(SEED + size)
    plan = [f"W {source.choice([EINTR, 1, 2, 7, 100])}" for _ in range(2000)]
    data = source.randbytes(5000)
    done = compiled(TB_IO_BUFFER=size)([*plan, *(f"p {byte:x}" for byte in data), "F"])
    assert done.output == data
    assert len(done.writes) > 5000 / size


@pytest.mark.parametrize("failure", [EPIPE, 0])
def test_output_is_dropped_after_an_error(driver: Any, failure: int) -> None:
    done = driver(["p 41", "p 42", "p 43", "W 1", f"W {failure}", "F", "p 44", "F", *["p 45"] * 1000, "F"])
    assert done.writes == [b"A"]
