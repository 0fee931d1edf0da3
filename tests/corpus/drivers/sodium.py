"""libsodium, by emscripten: what is encrypted, signed and hashed, against other implementations of the same."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ..given import Given
from ..machines import Machine, Open
from .small_hashes import siphash

_EXPORTS = {"init": "xe", "malloc": "Ee", "free": "Fe", "start": "f"}
_EXPORTS |= {"secretbox": "Sc", "secretbox_open": "Uc", "generichash": "Ja", "sign_keys": "sd", "sign": "wd"}
_EXPORTS |= {"sign_verify": "xd", "scalarmult": "Jc", "scalarmult_base": "Ic", "encrypt": "D", "decrypt": "H"}
_EXPORTS |= {"shorthash": "kd", "auth": "ea", "extract": "Hb", "expand": "Jb", "sha3_256": "Va"}

# Bernstein, "Cryptography in NaCl", sections 8 and 9: key, nonce, message, box.
_NACL = (
    "1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389",
    "69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37",
    "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffc"
    "e5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb31"
    "0e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde"
    "048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f93776384864"
    "5e0705",
    "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce"
    "48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c972"
    "71d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae"
    "90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b3"
    "7973f622a43d14a6599b1f654cb45a74e355a5",
)


class Sodium:
    """The library, called with bytes."""

    def __init__(self, open_: Open, given: Given) -> None:
        numbers = given.random()

        def gave_up(*_: object) -> None:
            raise AssertionError("the program gave up")

        # A constant in its JavaScript is asked for by its place: for random words, which are these.
        outside = {"a": gave_up, "b": lambda *_: numbers.getrandbits(31), "c": gave_up, "d": lambda size: 0}
        self._machine: Machine = open_({"a": outside})
        self._machine.call(_EXPORTS["start"])
        assert self._machine.call(_EXPORTS["init"]) == 0

    def call(self, name: str, *arguments: int | bytes | None) -> tuple[int, list[bytes]]:
        """Status, and what each argument that is bytes is afterwards."""
        given: list[Any] = []
        for each in arguments:
            if isinstance(each, bytes):
                at = self._machine.call(_EXPORTS["malloc"], max(1, len(each)))
                self._machine.write(at, each)
                given.append(at)
            else:
                given.append(each or 0)
        status: int = self._machine.call(_EXPORTS[name], *given)
        found = []
        for at, each in zip(given, arguments, strict=True):
            if isinstance(each, bytes):
                found.append(self._machine.read(at, len(each)))
                self._machine.call(_EXPORTS["free"], at)
        return status, found

    def make(self, size: int, name: str, *arguments: int | bytes | None) -> bytes:
        """The *size* bytes that a function writes to its first argument."""
        status, found = self.call(name, bytes(size), *arguments)
        assert status == 0, name
        return found[0]


def _boxes(sodium: Sodium, given: Given) -> list[object]:
    numbers = given.random()
    key, nonce, message, box = map(bytes.fromhex, _NACL)
    # 64-bit lengths come as two words.
    assert sodium.make(len(box), "secretbox", message, len(message), 0, nonce, key) == box
    found: list[object] = []
    for message in given.messages(300):
        key, nonce = numbers.randbytes(32), numbers.randbytes(24)
        box = sodium.make(len(message) + 16, "secretbox", message, len(message), 0, nonce, key)
        assert sodium.make(len(message), "secretbox_open", box, len(box), 0, nonce, key) == message
        at = numbers.randrange(len(box))
        broken = box[:at] + bytes([box[at] ^ 1]) + box[at + 1 :]
        assert sodium.call("secretbox_open", bytes(len(message)), broken, len(box), 0, nonce, key)[0] == -1
        found.append(box.hex())
    return found


def _aead(sodium: Sodium, given: Given) -> list[object]:
    numbers = given.random()
    found: list[object] = []
    for message in given.messages(300):
        key, nonce, extra = (
            numbers.randbytes(32),
            numbers.randbytes(12),
            numbers.randbytes(numbers.randrange(40)),
        )
        size = len(message) + 16
        rest = (extra, len(extra), 0, None, nonce, key)
        made = sodium.make(size, "encrypt", bytes(8), message, len(message), 0, *rest)
        assert made == ChaCha20Poly1305(key).encrypt(nonce, message, extra)
        rest = (extra, len(extra), 0, nonce, key)
        assert sodium.make(len(message), "decrypt", bytes(8), None, made, size, 0, *rest) == message
        broken = made[:-1] + bytes([made[-1] ^ 1])
        assert sodium.call("decrypt", bytes(len(message)), bytes(8), None, broken, size, 0, *rest)[0] == -1
        found.append(made.hex())
    return found


def _signatures(sodium: Sodium, given: Given) -> list[object]:
    numbers = given.random()
    found: list[object] = []
    for message in [b"", *(numbers.randbytes(n) for n in (1, 127, 128 * given.scale))]:
        seed = numbers.randbytes(32)
        status, (public, secret, _) = sodium.call("sign_keys", bytes(32), bytes(64), seed)
        native = Ed25519PrivateKey.from_private_bytes(seed)
        assert status == 0 and public == native.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        signature = sodium.make(64, "sign", bytes(8), message, len(message), 0, secret)
        assert signature == native.sign(message)
        assert sodium.call("sign_verify", signature, message, len(message), 0, public)[0] == 0
        assert sodium.call("sign_verify", signature, message + b"x", len(message) + 1, 0, public)[0] == -1
        found.append(signature.hex())
    return found


def _agreements(sodium: Sodium, given: Given) -> list[object]:
    numbers = given.random()
    found: list[object] = []
    for _ in range(2 * given.scale):
        ours, theirs = (X25519PrivateKey.from_private_bytes(numbers.randbytes(32)) for _ in range(2))
        secret = ours.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        public = theirs.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        assert sodium.make(32, "scalarmult_base", secret) == ours.public_key().public_bytes(
            Encoding.Raw, PublicFormat.Raw
        )
        shared = sodium.make(32, "scalarmult", secret, public)
        assert shared == ours.exchange(X25519PublicKey.from_public_bytes(public))
        found.append(shared.hex())
    return found


def _hashes(sodium: Sodium, given: Given) -> list[object]:
    numbers = given.random()
    found: list[object] = []
    for message in given.messages(700):
        key, size, length = numbers.randbytes(32), numbers.randint(16, 64), (len(message), 0)
        made = sodium.make(size, "generichash", size, message, *length, key, 32)
        assert made == hashlib.blake2b(message, digest_size=size, key=key).digest()
        assert (
            sodium.make(32, "auth", message, *length, key)
            == hmac.new(key, message, hashlib.sha512).digest()[:32]
        )
        assert sodium.make(32, "sha3_256", message, *length) == hashlib.sha3_256(message).digest()
        assert sodium.make(8, "shorthash", message, *length, key[:16]) == siphash(key[:16], message)
        drawn = sodium.make(32, "extract", key, 32, message, len(message))
        assert drawn == hmac.new(key, message, hashlib.sha256).digest()
        wide = sodium.make(40, "expand", 40, message[:20], len(message[:20]), drawn)
        first = hmac.new(drawn, message[:20] + b"\1", hashlib.sha256).digest()
        assert wide == (first + hmac.new(drawn, first + message[:20] + b"\2", hashlib.sha256).digest())[:40]
        found.append(made.hex())
    return found


def drive(open_: Open, given: Given) -> list[object]:
    """Boxes, signatures, shared secrets and digests."""
    sodium = Sodium(open_, given)
    parts = (_boxes, _aead, _signatures, _agreements, _hashes)
    return [each for part in parts for each in part(sodium, given)]
