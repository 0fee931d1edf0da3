"""Hash functions in modules of their own, most of them written in WebAssembly's text: each has a layout of its memory
that its package's JavaScript knows, and so does this."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import xxhash

from ..given import Given
from ..machines import Machine, Open

_WORD, _LONG = (1 << 32) - 1, (1 << 64) - 1
# Where a message is put: behind all states.
_FAR = 4096


def siphash(key: bytes, data: bytes) -> bytes:
    """SipHash-2-4, after the paper by Aumasson and Bernstein."""
    k0, k1 = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def turn(value: int, by: int) -> int:
        return (value << by | value >> 64 - by) & _LONG

    def rounds(count: int) -> None:
        for _ in range(count):
            for a, b, left, wide in (
                (0, 1, 13, True),
                (2, 3, 16, False),
                (0, 3, 21, False),
                (2, 1, 17, True),
            ):
                v[a] = v[a] + v[b] & _LONG
                v[b] = turn(v[b], left) ^ v[a]
                if wide:
                    v[a] = turn(v[a], 32)

    last = data[len(data) // 8 * 8 :]
    blocks = data[: len(data) // 8 * 8] + last.ljust(7, b"\0") + bytes([len(data) & 255])
    for start in range(0, len(blocks), 8):
        word = int.from_bytes(blocks[start : start + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 255
    rounds(4)
    return (v[0] ^ v[1] ^ v[2] ^ v[3]).to_bytes(8, "little")


def _siphash(machine: Machine, given: Given) -> list[object]:
    def digest(key: bytes, data: bytes) -> bytes:
        machine.write(8, key)
        machine.write(24, data)
        machine.call("siphash", 24, len(data))
        return machine.read(0, 8)

    # The vector in the paper's appendix.
    assert digest(bytes(range(16)), bytes(range(15))).hex() == "e545be4961ca29a1"
    found, numbers = [], given.random()
    for data in given.messages():
        key = numbers.randbytes(16)
        found.append(digest(key, data))
        assert found[-1] == siphash(key, data), len(data)
    return [each.hex() for each in found]


def _sha2(name: str, block: int, buffer: int, state: int) -> Callable[[Machine, Given], list[object]]:
    """SHA-2: a state, in it a buffer for a block that is not full yet, and the rest of the input elsewhere."""

    def digest(machine: Machine, pieces: list[bytes]) -> bytes:
        machine.write(0, bytes(state))
        filled = 0
        for piece in pieces:
            machine.write(_FAR, bytes(len(piece) + 2 * block))
            machine.write(buffer + filled, piece[: block - filled])
            machine.write(_FAR, piece[block - filled :])
            filled = (filled + len(piece)) % block
            machine.call(name, 0, _FAR, len(piece), 0)
        machine.write(buffer + filled, bytes(block - filled))
        machine.call(name, 0, _FAR, 0, 1)
        return machine.read(0, hashlib.new(name).digest_size)

    def drive(machine: Machine, given: Given) -> list[object]:
        found, numbers = [], given.random()
        for data in given.messages():
            cut = numbers.randint(0, len(data))
            found.append(digest(machine, [data]))
            assert found[-1] == digest(machine, [data[:cut], data[cut:]]) == hashlib.new(name, data).digest()
        return [each.hex() for each in found]

    return drive


def _sha3(machine: Machine, given: Given) -> list[object]:
    def digest(rate: int, rule: int, data: bytes, size: int) -> bytes:
        machine.write(0, bytes(208))
        machine.call("init", 0, rate, size * 8)
        machine.write(_FAR, bytes(len(data) + 400))
        machine.write(_FAR, data)
        offset = machine.call("absorb", 0, _FAR, _FAR + len(data))
        padding = machine.call("pad", rate, _FAR + offset, len(data), rule)
        machine.write(_FAR, bytes(offset))
        machine.call("absorb", 0, _FAR, _FAR + offset + padding)
        machine.call("squeeze", 0, _FAR, size)
        return machine.read(_FAR, size)

    found = []
    for data in given.messages():
        for bits in (224, 256, 384, 512):
            found.append(digest(1600 - 2 * bits, 0, data, bits // 8))
            assert found[-1] == hashlib.new(f"sha3_{bits}", data).digest(), (bits, len(data))
        found.append(digest(1344, 2, data, 64))
        assert found[-1] == hashlib.shake_128(data).digest(64), len(data)
    return [each.hex() for each in found]


def _xxhash(machine: Machine, given: Given) -> list[object]:
    found, numbers = [], given.random()
    for data in given.messages():
        seed, cut = numbers.getrandbits(64), numbers.randint(0, len(data))
        short = seed & _WORD
        machine.write(_FAR, data)
        oracles = (xxhash.xxh32(data, short).intdigest(), xxhash.xxh64(data, seed).intdigest())
        whole = (
            machine.call("xxh32", _FAR, len(data), _signed(short, 32)),
            machine.call("xxh64", _FAR, len(data), _signed(seed, 64)),
        )
        pieces = []
        for kind, start in (("32", _signed(short, 32)), ("64", _signed(seed, 64))):
            machine.write(0, bytes(88))
            machine.call(f"init{kind}", 0, start)
            machine.call(f"update{kind}", 0, _FAR, cut)
            machine.call(f"update{kind}", 0, _FAR + cut, len(data) - cut)
            pieces.append(machine.call(f"digest{kind}", 0))
        for pair in (whole, pieces):
            assert (pair[0] & _WORD, pair[1] & _LONG) == oracles, len(data)
        found.append(oracles)
    return [*found]


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value


_DRIVERS: dict[str, Callable[[Machine, Given], list[object]]] = {
    "siphash24": _siphash,
    "sha256-wasm": _sha2("sha256", 64, 40, 108),
    "sha512-wasm": _sha2("sha512", 128, 80, 216),
    "sha3-wasm": _sha3,
    "xxhash-wasm": _xxhash,
}


def drive(open_: Open, given: Given) -> list[object]:
    """Digests, in one piece and in two where the module can."""
    return _DRIVERS[given.program.name](open_(), given)
