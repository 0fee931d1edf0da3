"""hash-wasm: a module for each algorithm. A buffer of 16 KiB takes the input, then the digest."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import xxhash

from ..given import Given
from ..machines import Machine, Open

_BUFFER = 16 * 1024


@dataclass(frozen=True)
class Variant:
    """One way to use a module. size: bytes of the digest; init, final: what Hash_Init and Hash_Final take; before:
    what is in the buffer when Hash_Init is called; oracle: the digest as another implementation makes it."""

    size: int
    oracle: Callable[[bytes], bytes] | None = None
    init: tuple[int, ...] = ()
    final: tuple[int, ...] = ()
    before: bytes = b""


def _named(name: str) -> Callable[[bytes], bytes]:
    return lambda data: hashlib.new(name, data).digest()


def _blake2(make: Callable[..., hashlib._Hash], size: int, key: bytes) -> Variant:
    # Lengths in bits, the key's in the upper half.
    init = (size * 8 | len(key) << 16,)
    init = (init[0] - (1 << 32) if init[0] >> 31 else init[0],)
    return Variant(size, lambda data: make(data, digest_size=size, key=key).digest(), init, before=key)


def _crc64(polynomial: int) -> Callable[[bytes], bytes]:
    """CRC-64 with reflected bits, a bit at a time."""

    def oracle(data: bytes) -> bytes:
        value = (1 << 64) - 1
        for byte in data:
            value ^= byte
            for _ in range(8):
                value = value >> 1 ^ (polynomial if value & 1 else 0)
        return (value ^ (1 << 64) - 1).to_bytes(8, "big")

    return oracle


def _crc32(polynomial: int) -> Callable[[bytes], bytes]:
    def oracle(data: bytes) -> bytes:
        value = (1 << 32) - 1
        for byte in data:
            value ^= byte
            for _ in range(8):
                value = value >> 1 ^ (polynomial if value & 1 else 0)
        return (value ^ (1 << 32) - 1).to_bytes(4, "big")

    return oracle


def _signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value


_ECMA, _ISO = 0xC96C5795D7870F42, 0xD800000000000000
_CASTAGNOLI = 0x82F63B78
_SEED = 0x123456789ABCDEF0


def _seed(value: int) -> bytes:
    return value.to_bytes(8, "little")


def _sha3(bits: int) -> Variant:
    return Variant(bits // 8, _named(f"sha3_{bits}"), (bits,), (6,))


def _xxhash(size: int, make: Callable[..., object]) -> tuple[Variant, ...]:
    def oracle(seed: int) -> Callable[[bytes], bytes]:
        return lambda data: make(data, seed).digest()  # type: ignore[attr-defined,no-any-return]

    return tuple(Variant(size, oracle(seed), before=_seed(seed)) for seed in (0, _SEED))


VARIANTS: dict[str, tuple[Variant, ...]] = {
    "adler32": (Variant(4, lambda data: zlib.adler32(data).to_bytes(4, "big")),),
    "blake2b": (
        _blake2(hashlib.blake2b, 64, b""),
        _blake2(hashlib.blake2b, 20, b""),
        _blake2(hashlib.blake2b, 32, bytes(range(64))),
    ),
    "blake2s": (_blake2(hashlib.blake2s, 32, b""), _blake2(hashlib.blake2s, 7, bytes(range(32)))),
    "blake3": (Variant(32, None, (0,), (32,)), Variant(131, None, (32,), (131,), bytes(range(32)))),
    "crc32": (
        Variant(4, lambda data: zlib.crc32(data).to_bytes(4, "big"), (_signed(0xEDB88320),)),
        Variant(4, _crc32(_CASTAGNOLI), (_signed(_CASTAGNOLI),)),
    ),
    "crc64": tuple(Variant(8, _crc64(each), before=_seed(each)) for each in (_ECMA, _ISO)),
    "md4": (Variant(16),),
    "md5": (Variant(16, _named("md5")),),
    "ripemd160": (Variant(20, _named("ripemd160") if "ripemd160" in hashlib.algorithms_available else None),),
    "sha1": (Variant(20, _named("sha1")),),
    "sha256": (Variant(32, _named("sha256"), (256,)), Variant(28, _named("sha224"), (224,))),
    "sha3": (*map(_sha3, (224, 256, 384, 512)), Variant(32, None, (256,), (1,))),
    "sha512": (Variant(64, _named("sha512"), (512,)), Variant(48, _named("sha384"), (384,))),
    "sm3": (Variant(32, _named("sm3") if "sm3" in hashlib.algorithms_available else None),),
    "whirlpool": (Variant(64),),
    "xxhash128": _xxhash(16, xxhash.xxh3_128),
    "xxhash3": _xxhash(8, xxhash.xxh3_64),
    "xxhash32": (
        Variant(4, lambda data: xxhash.xxh32(data, 0).digest(), (0,)),
        Variant(4, lambda data: xxhash.xxh32(data, 0x9ABCDEF0).digest(), (_signed(0x9ABCDEF0),)),
    ),
    "xxhash64": _xxhash(8, xxhash.xxh64),
}

# Published digests, of algorithms that Python does not have or not everywhere: of which variant, of what.
VECTORS: dict[str, tuple[tuple[int, bytes, str], ...]] = {
    # The first and the last two of BLAKE3's own test_vectors.json that are one chunk, and two chunks.
    "blake3": (
        (0, b"", "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
        (0, b"\0", "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"),
        (0, b"abc", "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"),
        (
            0,
            bytes(n % 251 for n in range(1024)),
            "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
        ),
        (
            0,
            bytes(n % 251 for n in range(2048)),
            "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a",
        ),
    ),
    # RFC 1320, A.5.
    "md4": (
        (0, b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        (0, b"a", "bde52cb31de33e46245e05fbdbd6fb24"),
        (0, b"abc", "a448017aaf21d8525fc10ae87aa6729d"),
        (0, b"message digest", "d9130a8164549fe818874806e1c7014b"),
        (0, b"abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"),
        (0, b"1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ),
    # The authors' page.
    "ripemd160": (
        (0, b"", "9c1185a5c5e9fc54612808977ee8f548b2258d31"),
        (0, b"abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
    ),
    # Keccak with the padding of its submission, as Ethereum uses it.
    "sha3": ((4, b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),),
    # GB/T 32905-2016, A.1.
    "sm3": ((0, b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),),
    # ISO/IEC 10118-3, annex A.
    "whirlpool": (
        (
            0,
            b"",
            "19fa61d75522a4669b44e39c1d2e1726c530232130d407f89afee0964997f7a7"
            "3e83be698b288febcf88e3e03c4f0757ea8964e59b63d93708b138cc42a66eb3",
        ),
        (
            0,
            b"abc",
            "4e2448a4c6f486bb16b6562c73b4020bf3043e3a731bce721ae1b303d97e6d4c"
            "7181eebdb6c57e277d0e34957114cbd6c797fc9d95d8b582d225292076d4eef5",
        ),
    ),
}


def digest(machine: Machine, variant: Variant, pieces: Iterator[bytes]) -> bytes:
    """The digest of *pieces*, each in turns of at most a buffer."""
    at = machine.call("Hash_GetBuffer")
    machine.write(at, variant.before)
    machine.call("Hash_Init", *variant.init)
    for piece in pieces:
        for start in range(0, len(piece), _BUFFER):
            part = piece[start : start + _BUFFER]
            machine.write(at, part)
            machine.call("Hash_Update", len(part))
    machine.call("Hash_Final", *variant.final)
    return machine.read(at, variant.size)


def drive(open_: Open, given: Given) -> list[object]:
    """Digests of whole messages, and of the same in pieces."""
    machine = open_()
    name = given.program.name.rpartition("/")[2]
    for number, message, known in VECTORS.get(name, ()):
        assert digest(machine, VARIANTS[name][number], iter([message])).hex() == known, (name, message[:20])
    numbers, found = given.random(), []
    for variant in VARIANTS[name]:
        messages = [*given.messages(), numbers.randbytes(_BUFFER + numbers.randrange(_BUFFER))]
        for message in messages:
            cut = numbers.randint(0, len(message))
            whole = digest(machine, variant, iter([message]))
            assert digest(machine, variant, iter([message[:cut], message[cut:]])) == whole
            if variant.oracle is not None:
                assert whole == variant.oracle(message), (name, len(message))
            found.append(whole.hex())
    return [*found]
