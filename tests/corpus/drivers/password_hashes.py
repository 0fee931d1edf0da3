"""hash-wasm's functions for passwords: their modules mix large blocks; what stands around is made here."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator

from cryptography.hazmat.primitives.kdf import argon2

from ..given import Given
from ..machines import Machine, Open

_ARGON2 = {0: argon2.Argon2d, 1: argon2.Argon2i, 2: argon2.Argon2id}
_VERSION = 0x13


def _argon2_long(data: bytes, size: int) -> bytes:
    """RFC 9106, 3.3: the hash of variable length."""
    start = struct.pack("<I", size) + data
    if size <= 64:
        return hashlib.blake2b(start, digest_size=size).digest()
    found, last = b"", hashlib.blake2b(start).digest()
    while size - len(found) > 64:
        found += last[:32]
        last = hashlib.blake2b(last, digest_size=min(64, size - len(found))).digest()
    return found + last


def _argon2(
    machine: Machine, kind: int, password: bytes, salt: bytes, lanes: int, kib: int, turns: int
) -> bytes:
    size = 32
    machine.call("Hash_SetMemorySize", (kib + 1) * 1024)
    at = machine.call("Hash_GetBuffer")
    parameters = struct.pack("<6I", lanes, size, kib, turns, _VERSION, kind)
    machine.write(at + kib * 1024, parameters)
    start = hashlib.blake2b(parameters)
    for each in (password, salt, b"", b""):
        start.update(struct.pack("<I", len(each)) + each)
    for lane in range(lanes):
        place = at + lane * (kib // (4 * lanes) * 4) * 1024
        for block in (0, 1):
            text = start.digest() + struct.pack("<2I", block, lane)
            machine.write(place + block * 1024, _argon2_long(text, 1024))
    machine.call("Hash_Calculate", 0, kib)
    return _argon2_long(machine.read(at, 1024), size)


def _argon2s(open_: Open, given: Given) -> Iterator[bytes]:
    numbers = given.random()
    for kind, make in _ARGON2.items():
        for lanes, kib, turns in ((1, 8, 1), (2, 32, 2), (3, 64 * given.scale, 1)):
            password, salt = numbers.randbytes(numbers.randint(1, 40)), numbers.randbytes(16)
            kib -= kib % (4 * lanes)
            found = _argon2(open_(), kind, password, salt, lanes, kib, turns)
            oracle = make(salt=salt, length=32, iterations=turns, lanes=lanes, memory_cost=kib)
            assert found == oracle.derive(password), (kind, lanes, kib, turns)
            yield found


def _scrypts(open_: Open, given: Given) -> Iterator[bytes]:
    numbers = given.random()
    for n, r, p in ((2, 1, 1), (16, 1, 1), (16, 8, 2), (64 * given.scale, 3, 1)):
        password, salt = numbers.randbytes(numbers.randint(1, 40)), numbers.randbytes(16)
        machine = open_()
        start = hashlib.pbkdf2_hmac("sha256", password, salt, 1, 128 * r * p)
        machine.call("Hash_SetMemorySize", 128 * r * (p + n) + 256 * r)
        at = machine.call("Hash_GetBuffer")
        machine.write(at, start)
        machine.call("scrypt", r, n, p)
        found = hashlib.pbkdf2_hmac("sha256", password, machine.read(at, 128 * r * p), 1, 64)
        assert found == hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, dklen=64), (n, r, p)
        yield found


# From the tests of jBCrypt.
_BCRYPT = (
    (b"a", b"$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
    (b"abc", b"$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
)


def _bcrypts(open_: Open, given: Given) -> Iterator[bytes]:
    def fits(password: bytes, encoded: bytes) -> bool:
        # An instance each time, as the package has it: the module does not forget the last password.
        machine = open_()
        machine.write(machine.call("Hash_GetBuffer"), encoded + password)
        return bool(machine.call("bcrypt_verify", len(password)))

    for password, known in _BCRYPT:
        assert fits(password, known) and not fits(password + b"x", known), known
    numbers = given.random()
    for _ in range(given.scale):
        password, salt = numbers.randbytes(numbers.randint(1, 72)).replace(b"\0", b"."), numbers.randbytes(16)
        machine = open_()
        at = machine.call("Hash_GetBuffer")
        machine.write(at, salt + password)
        machine.call("bcrypt", len(password), 4, 1)
        encoded = machine.read(at, 60)
        assert fits(password, encoded)
        yield encoded


def drive(open_: Open, given: Given) -> list[object]:
    """Keys from passwords."""
    kinds = {"argon2": _argon2s, "scrypt": _scrypts, "bcrypt": _bcrypts}
    derive = kinds[given.program.name.rpartition("/")[2]]
    return [key.hex() for key in derive(open_, given)]
