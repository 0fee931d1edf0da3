"""Draco: meshes of triangles made small, and made of few bytes again. Emscripten gave the functions short names."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from typing import Any

from ..given import Given
from ..machines import Machine, Open

_ENCODER = {
    "start": "e",
    "malloc": "i",
    "Encoder": "sa",
    "Builder": "ca",
    "Mesh": "A",
    "faces": "da",
    "floats": "ea",
}
_ENCODER |= {"encode": "ya", "Bytes": "I", "byte": "J", "quantize": "ua", "speed": "wa", "method": "ta"}
_DECODER = {
    "start": "g",
    "malloc": "k",
    "Buffer": "m",
    "init": "n",
    "Decoder": "Na",
    "decode": "mb",
    "Mesh": "T",
}
_DECODER |= {"ok": "$", "said": "aa", "faces": "U", "points": "W", "face": "Xa", "Ints": "wa", "int": "xa"}
_DECODER |= {"attribute_id": "Qa", "attribute": "Ta", "values": "ab", "Floats": "ca", "float": "da"}
_SEQUENTIAL, _EDGEBREAKER = 0, 1
_POSITION = 0
_SPEED = 5
Point = tuple[float, float, float]
Triangle = tuple[Point, Point, Point]


class _Library:
    """A library by emscripten; what it asks of its host is to give up, and more memory, which it does not get."""

    def __init__(self, open_: Open, names: dict[str, str]) -> None:
        def gave_up(*_: object) -> None:
            raise AssertionError("the program gave up")

        # The encoder has fewer of them, and others by these names.
        decoder = names is _DECODER
        outside: dict[str, Callable[..., Any]] = {"a": gave_up, "b": lambda *_: 0, "c": gave_up}
        if decoder:
            outside |= {"c": lambda _: 0, "d": lambda _: 0, "e": gave_up}
        self.machine: Machine = open_({"a": outside})
        self._names = names
        self.call("start")

    def call(self, name: str, *arguments: Any) -> Any:
        return self.machine.call(self._names[name], *arguments)

    def put(self, data: bytes) -> int:
        at: int = self.call("malloc", len(data))
        self.machine.write(at, data)
        return at


def _grid(numbers: random.Random, width: int, height: int) -> tuple[list[Point], list[tuple[int, int, int]]]:
    """A landscape: points of a grid at any height, two triangles for each square."""
    points = [(float(x), float(y), numbers.randrange(64) / 4) for y in range(height) for x in range(width)]
    faces = []
    for y in range(height - 1):
        for x in range(width - 1):
            at = y * width + x
            faces += [(at, at + 1, at + width), (at + 1, at + width + 1, at + width)]
    return points, faces


def _triangles(points: list[Point], faces: list[tuple[int, int, int]]) -> list[Triangle]:
    """Triangles in one order, each from its least corner on: how a mesh is compared with another."""
    found = []
    for face in faces:
        corners = [points[each] for each in face]
        first = corners.index(min(corners))
        found.append((corners[first], corners[(first + 1) % 3], corners[(first + 2) % 3]))
    return sorted(found)


def encoded(
    open_: Open, points: list[Point], faces: list[tuple[int, int, int]], method: int, bits: int
) -> bytes:
    """A mesh as Draco's file. bits: of each coordinate, 0 for all of a float."""
    library = _Library(open_, _ENCODER)
    builder, mesh, encoder, made = (library.call(each) for each in ("Builder", "Mesh", "Encoder", "Bytes"))
    corners = library.put(struct.pack(f"<{3 * len(faces)}I", *(each for face in faces for each in face)))
    assert library.call("faces", builder, mesh, len(faces), corners)
    values = library.put(struct.pack(f"<{3 * len(points)}f", *(each for point in points for each in point)))
    assert library.call("floats", builder, mesh, _POSITION, len(points), 3, values) >= 0
    library.call("method", encoder, method)
    library.call("speed", encoder, _SPEED, _SPEED)
    if bits:
        library.call("quantize", encoder, _POSITION, bits)
    size = library.call("encode", encoder, mesh, made)
    assert size > 0
    return bytes(library.call("byte", made, each) & 255 for each in range(size))


def decoded(open_: Open, data: bytes) -> list[Triangle] | str:
    """The triangles in a file, or what is wrong with it."""
    library = _Library(open_, _DECODER)
    buffer, decoder, mesh = (library.call(each) for each in ("Buffer", "Decoder", "Mesh"))
    library.call("init", buffer, library.put(data), len(data))
    status = library.call("decode", decoder, buffer, mesh)
    if not library.call("ok", status):
        return library.machine.string(library.call("said", status)).decode()
    corners, floats = library.call("Ints"), library.call("Floats")
    faces = []
    for number in range(library.call("faces", mesh)):
        library.call("face", decoder, mesh, number, corners)
        faces.append(tuple(library.call("int", corners, each) for each in range(3)))
    attribute = library.call(
        "attribute", decoder, mesh, library.call("attribute_id", decoder, mesh, _POSITION)
    )
    assert library.call("values", decoder, mesh, attribute, floats)
    count = library.call("points", mesh)
    points = [tuple(library.call("float", floats, 3 * at + each) for each in range(3)) for at in range(count)]
    return _triangles(points, faces)  # type: ignore[arg-type]


# The encoder's files of one landscape, for the decoder: (method, bits) -> file.
_SAMPLE = _grid(random.Random(7), 4, 3)
SAMPLES: dict[tuple[int, int], str] = {
    (_SEQUENTIAL, 0): (
        "445241434f0202010000000c0c01000104010504010205020605020306030706040508050908050609060a0906070a07"
        "0b0a01010009030000000000000000000000000024410000803f00000000000098400000004000000000000048410000"
        "4040000000000000c03f000000000000803f000010400000803f0000803f00004040000000400000803f000038410000"
        "40400000803f0000e03f00000000000000400000d8400000803f000000400000803f0000004000000040000030400000"
        "40400000004000005c41"
    ),
    (_EDGEBREAKER, 0): (
        "445241434f020201010000000c0c000c010004effab46aff011101ff0000010009030000000000803f0000803f000040"
        "4000000000000000400000d840000000000000803f000010400000803f00000000000098400000000000000000000024"
        "41000000400000000000004841000000400000803f0000384100004040000000000000c03f000040400000803f0000e0"
        "3f000000400000004000003040000040400000004000005c410000803f000000400000803f"
    ),
    (_EDGEBREAKER, 8): (
        "445241434f020201010000000c0c000c010004effab46aff011101ff0000010009030000020101010103fb01c121c901"
        "4fc9011b91031f910351052bc9016bc901ff13910303c90167c901cbc90147c9010e02f4f2c67cfd0916c67531a1ab97"
        "00000000ff00000000000000000000000000803f00004c4108"
    ),
}


def _encoder(open_: Open, given: Given) -> list[object]:
    for (method, bits), known in SAMPLES.items():
        assert encoded(open_, *_SAMPLE, method, bits).hex() == known, (method, bits)
    numbers, found = given.random(), []
    for size in (2, 5, 8 * given.scale):
        mesh = _grid(numbers, size, size + 1)
        for method, bits in SAMPLES:
            found.append(encoded(open_, *mesh, method, bits).hex())
            assert found[-1].startswith(b"DRACO".hex())
    return [*found]


def _decoder(open_: Open, given: Given) -> list[object]:
    wanted, found = _triangles(*_SAMPLE), []
    for (_, bits), known in SAMPLES.items():
        triangles = decoded(open_, bytes.fromhex(known))
        assert not isinstance(triangles, str) and len(triangles) == len(wanted), triangles
        if not bits:
            assert triangles == wanted
        found.append(triangles)
    numbers = given.random()
    for _ in range(4 * given.scale):
        data = bytearray.fromhex(numbers.choice([*SAMPLES.values()]))
        data[numbers.randrange(11)] ^= 1 << numbers.randrange(8)
        found.append(decoded(open_, bytes(data[: numbers.randrange(20)])))
    return [*found]


def drive(open_: Open, given: Given) -> list[object]:
    """Files of meshes; or the meshes in them."""
    return (_encoder if given.program.name == "draco/encoder" else _decoder)(open_, given)
