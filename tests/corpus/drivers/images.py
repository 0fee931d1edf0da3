"""Pictures: lodepng's PNG files, and pixels made larger and smaller."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable

from PIL import Image

from ..given import Given
from ..machines import Machine, Open


def picture(numbers: random.Random, width: int, height: int) -> bytes:
    """RGBA: runs of a color, some noise, and a gradient in what can be seen through."""
    pixels, color = bytearray(), numbers.randbytes(3)
    for at in range(width * height):
        if numbers.random() < 0.2:
            color = numbers.randbytes(3)
        pixels += color + bytes([255 - at * 200 // (width * height)])
    return bytes(pixels)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels: bytes, width: int, height: int, numbers: random.Random) -> bytes:
    """A PNG file of RGBA pixels whose rows have any filter of the first three."""
    rows, above = bytearray(), bytes(width * 4)
    for start in range(0, len(pixels), width * 4):
        row = pixels[start : start + width * 4]
        kind = numbers.randrange(3)
        before = (bytes(width * 4), bytes(4) + row, above)[kind]
        rows += bytes([kind]) + bytes((a - b) & 255 for a, b in zip(row, before, strict=False))
        above = row
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    level = numbers.randint(0, 9)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), level)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in chunks)


def decoded(machine: Machine, data: bytes) -> tuple[int, int, bytes]:
    """Width, height and pixels, or the number of an error."""
    at, answer = machine.call("malloc", len(data)), machine.call("malloc", 12)
    machine.write(at, data)
    error = machine.call("lodepng_decode32", answer, answer + 4, answer + 8, at, len(data))
    place, width, height = (machine.u32(answer + 4 * each) for each in range(3))
    pixels = b"" if error else machine.read(place, width * height * 4)
    for each in (at, answer, *(() if error else (place,))):
        machine.call("free", each)
    return (error, 0, b"") if error else (width, height, pixels)


def encoded(machine: Machine, pixels: bytes, width: int, height: int) -> bytes:
    at, answer = machine.call("malloc", len(pixels)), machine.call("malloc", 8)
    machine.write(at, pixels)
    assert machine.call("lodepng_encode32", answer, answer + 4, at, width, height) == 0
    place, size = machine.u32(answer), machine.u32(answer + 4)
    data = machine.read(place, size)
    for each in (at, answer, place):
        machine.call("free", each)
    return data


def _lodepng(open_: Open, given: Given) -> list[object]:
    machine, numbers = open_(), given.random()
    machine.call("_initialize")
    found: list[object] = []
    for width, height in [(1, 1), (7, 5), (40, 30 * given.scale)]:
        pixels = picture(numbers, width, height)
        assert decoded(machine, png(pixels, width, height, numbers)) == (width, height, pixels)
        made = encoded(machine, pixels, width, height)
        with Image.open(io.BytesIO(made)) as image:
            assert image.size == (width, height) and image.convert("RGBA").tobytes() == pixels
        found += [made.hex(), *(decoded(machine, each)[0] for each in _broken(made, numbers))]
    # What Pillow writes: a palette, grey, 16 bits, interlacing is read too.
    for mode in ("P", "L", "RGB", "1"):
        image = Image.frombytes("RGBA", (16, 16), picture(numbers, 16, 16)).convert(mode)
        file = io.BytesIO()
        image.save(file, "PNG")
        assert decoded(machine, file.getvalue()) == (16, 16, image.convert("RGBA").tobytes()), mode
    return found


def _broken(data: bytes, numbers: random.Random) -> list[bytes]:
    """The file cut off, and with a byte that is another."""
    at = numbers.randrange(len(data))
    return [data[:at], data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], b""]


def _answer(machine: Machine, name: str, pixels: bytes, align: int, unit: int, *arguments: int) -> bytes:
    """Calls what wasm-bindgen made of a function from a slice to a vector."""
    place = machine.call("__wbindgen_add_to_stack_pointer", -16)
    at = machine.call("__wbindgen_malloc", len(pixels), align)
    machine.write(at, pixels)
    machine.call(name, place, at, len(pixels) // unit, *arguments)
    start, count = machine.u32(place), machine.u32(place + 4)
    data = machine.read(start, count * unit)
    machine.call("__wbindgen_free", start, count * unit, align)
    machine.call("__wbindgen_add_to_stack_pointer", 16)
    return data


def _hqx(open_: Open, given: Given) -> list[object]:
    machine, numbers = open_(), given.random()
    found: list[object] = []
    # Each call fills a table of all colors first.
    for factor in numbers.sample((2, 3, 4), min(3, given.scale)):
        width, height = numbers.randint(2, 8 * given.scale), numbers.randint(2, 8)
        noise = picture(numbers, width, height)
        # Below, one color: that stays the same, away from the noise.
        flat = numbers.randbytes(4) * (width * 6)
        larger = _answer(machine, "resize", noise + flat, 4, 4, width, height + 6, factor)
        last = width * factor * 4 * factor
        assert larger[-last:] == flat[:4] * (last // 4), "one color stays that color"
        found.append(larger.hex())
    return found


def _resize(open_: Open, given: Given) -> list[object]:
    machine, numbers = open_(), given.random()
    found: list[object] = []
    for kind in range(4):
        for premultiply, linear in ((0, 0), (1, 0), (1, 1)):
            width, height, wide, high = (numbers.randint(3, 12 * given.scale) for _ in range(4))
            flat = bytes([200, 100, 50, 255]) * (width * height)
            same = _answer(machine, "resize", flat, 1, 1, width, height, wide, high, kind, 0, 0)
            assert same == flat[:4] * (wide * high), (kind, width, height, wide, high)
            pixels = picture(numbers, width, height)
            options = (width, height, wide, high, kind, premultiply, linear)
            found.append(_answer(machine, "resize", pixels, 1, 1, *options).hex())
    return found


_DRIVERS: dict[str, Callable[[Open, Given], list[object]]] = {
    "lodepng": _lodepng,
    "jsquash/hqx": _hqx,
    "jsquash/resize": _resize,
}


def drive(open_: Open, given: Given) -> list[object]:
    """Pictures, and what became of them."""
    return _DRIVERS[given.program.name](open_, given)
