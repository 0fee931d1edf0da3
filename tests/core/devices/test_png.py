"""Pictures as PNG, read again by Pillow."""

from __future__ import annotations

import io
import random
import struct
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tblvm import core

HERE = Path(__file__).parent
CORE = Path(core.__file__).parent
SEED = 20261121
FLAGS = ("-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fno-strict-aliasing")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("png")
    (folder / "tb_plan.h").write_text(
        "struct tb_context { u8 *cage; };\n"
        "static inline TB_UNUSED u8 *tb_cage(struct tb_context *cx) { return cx->cage; }\n"
    )
    include = [f"-I{each}" for each in (folder, CORE / "c", CORE / "devices" / "c")]
    sources = [HERE / "driver.c", CORE / "devices" / "c" / "png.c"]
    subprocess.run(["gcc", *FLAGS, *SANITIZERS, *include, *sources, "-o", folder / "driver"], check=True)
    return folder / "driver"


def encoded(driver: Path, width: int, height: int, pixels: bytes) -> bytes:
    given = struct.pack("<2I", width, height) + pixels
    return subprocess.run([driver], input=given, stdout=subprocess.PIPE, check=True, timeout=100).stdout


def decoded(png: bytes) -> tuple[tuple[int, int], bytes]:
    with Image.open(io.BytesIO(png)) as image:
        image.load()  # checks every sum
        assert (image.format, image.mode) == ("PNG", "RGB")
        return image.size, image.tobytes()


def picture(rng: random.Random) -> tuple[int, int, bytes]:
    """Runs of pixels of any length, some of one pixel: noise."""
    width, height = rng.choice((1, 2, 86, 87, 88, 200)), rng.choice((1, 2, 9, 40))
    most = rng.choice((1, 3, 90, 100_000))
    pixels = b""
    while len(pixels) < 3 * width * height:
        pixels += bytes(rng.choices((0, 1, 143, 144, 255, rng.randrange(256)), k=3)) * rng.randint(1, most)
    return width, height, pixels[: 3 * width * height]


def test_pictures_come_back(driver: Path) -> None:
    print("seed", SEED)
    rng = random.Random(SEED)
    for _ in range(60):
        width, height, pixels = picture(rng)
        assert decoded(encoded(driver, width, height, pixels)) == ((width, height), pixels)


@pytest.mark.parametrize("length", [*range(1, 14), *range(250, 270), 515, 516, 517, 518, 519])
def test_runs_of_every_length(driver: Path, length: int) -> None:
    """Grey values that go up by 1 with each pixel are equal differences, three for each of them."""
    pixels = bytes(each for x in range(length) for each in (x & 0xFF,) * 3) + b"\7\1\0"
    assert decoded(encoded(driver, length + 1, 1, pixels)) == ((length + 1, 1), pixels)


def test_one_color_takes_little_room(driver: Path) -> None:
    assert len(encoded(driver, 640, 480, b"\x12\x34\x56" * 640 * 480)) < 640 * 480 * 3 / 100
