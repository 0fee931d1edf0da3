"""LZ4, Snappy and Zstandard: both ways, and from and to native libraries."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import cramjam

from ..given import Given
from ..machines import Machine, Open

_ERRORS = 36  # wasm-bindgen's handles of JavaScript values begin here


def _samples(given: Given) -> Iterator[bytes]:
    """Bytes that compress well, not at all, and in parts."""
    numbers = given.random()
    yield b""
    yield b"a"
    yield b"abc" * 1000
    yield numbers.randbytes(300)
    words = [numbers.randbytes(numbers.randint(1, 9)) for _ in range(40)]
    for size in (100, 3000, 20_000 * given.scale):
        yield b"".join(numbers.choice(words) for _ in range(size // 5))


def _broken(data: bytes, numbers: random.Random) -> list[bytes]:
    """What is not quite *data*: cut off, and with a bit that is another."""
    at = numbers.randrange(len(data))
    return [data[:at], data[:at] + bytes([data[at] ^ 1 << numbers.randrange(8)]) + data[at + 1 :]]


class _Bindgen:
    """Functions from bytes to bytes, as wasm-bindgen makes them. What it throws is a string."""

    def __init__(self, open_: Open, error: str) -> None:
        self.thrown = b""

        def thrown(at: int, size: int) -> int:
            self.thrown = self.machine.read(at, size)
            return _ERRORS

        self.machine: Machine = open_({"__wbindgen_placeholder__": {error: thrown}})

    def call(self, name: str, data: bytes, *, fails: bool = True) -> bytes | None:
        """The answer; None where the function throws. fails: whether it can."""
        machine = self.machine
        place = machine.call("__wbindgen_add_to_stack_pointer", -16)
        at = machine.call("__wbindgen_malloc", len(data))
        machine.write(at, data)
        machine.call(name, place, at, len(data))
        start, size, error, failed = (machine.u32(place + 4 * each) for each in range(4))
        machine.call("__wbindgen_add_to_stack_pointer", 16)
        if fails and failed:
            assert error == _ERRORS
            return None
        found = machine.read(start, size)
        machine.call("__wbindgen_free", start, size)
        return found


def _lz4(open_: Open, given: Given) -> list[object]:
    program, numbers = _Bindgen(open_, "__wbindgen_string_new"), given.random()
    found: list[object] = []
    for data in _samples(given):
        # A block, after its size.
        small = program.call("compress", data, fails=False)
        assert small is not None and int.from_bytes(small[:4], "little") == len(data)
        assert bytes(cramjam.lz4.decompress_block(small)) == data or not data
        native = bytes(cramjam.lz4.compress_block(data))
        assert program.call("decompress", small) == data == program.call("decompress", native)
        found.append(small.hex())
        for broken in _broken(small, numbers):
            if int.from_bytes(broken[:4], "little") < 1 << 20:
                back = program.call("decompress", broken)
                found.append(program.thrown if back is None else back)
    return found


def _snappy(open_: Open, given: Given) -> list[object]:
    program, numbers = _Bindgen(open_, "__wbindgen_error_new"), given.random()
    found: list[object] = []
    for data in _samples(given):
        # The same but for text, which must be UTF-8.
        for kind in ("", "_raw") if data.isascii() else ("_raw",):
            small = program.call(f"compress{kind}", data)
            assert small is not None and bytes(cramjam.snappy.decompress_raw(small)) == data
            assert program.call(f"decompress{kind}", small) == data
            assert program.call(f"decompress{kind}", bytes(cramjam.snappy.compress_raw(data))) == data
            found.append(small.hex())
            for broken in _broken(small, numbers):
                back = program.call(f"decompress{kind}", broken)
                found.append(program.thrown if back is None else back)
    return found


# Of zstd's C interface, by emscripten's short names.
_ZSTD = {"is_error": "h", "bound": "i", "compress": "m", "content_size": "p", "decompress": "r"}


def _zstd(open_: Open, given: Given) -> list[object]:
    def nothing(*_: object) -> int:
        return 0

    def no_result(*_: object) -> None:
        raise RuntimeError("the program ended itself")

    machine = open_({"a": {"a": no_result, "b": no_result, "c": no_result, "d": nothing, "e": nothing}})
    machine.call("g")
    numbers = given.random()

    def run(name: str, data: bytes, room: int, *more: int) -> bytes | None:
        target, source = machine.call("s", room), machine.call("s", len(data))
        machine.write(source, data)
        size = machine.call(_ZSTD[name], target, room, source, len(data), *more)
        answer = None if machine.call(_ZSTD["is_error"], size) else machine.read(target, size)
        machine.call("t", target)
        machine.call("t", source)
        return answer

    found: list[object] = []
    for data in _samples(given):
        level = numbers.choice((1, 3, 9, 19) if len(data) < 10_000 else (1, 3))
        small = run("compress", data, machine.call(_ZSTD["bound"], len(data)), level)
        assert small is not None and bytes(cramjam.zstd.decompress(small)) == data
        native = bytes(cramjam.zstd.compress(data, level))
        assert run("decompress", small, len(data)) == data == run("decompress", native, len(data))
        found += [
            level,
            small.hex(),
            *(run("decompress", each, len(data)) for each in _broken(small, numbers)),
        ]
    return found


_DRIVERS: dict[str, Callable[[Open, Given], list[object]]] = {"lz4": _lz4, "snappy": _snappy, "zstd": _zstd}


def drive(open_: Open, given: Given) -> list[object]:
    """What was compressed, and what became of bytes that are damaged."""
    return _DRIVERS[given.program.name](open_, given)
