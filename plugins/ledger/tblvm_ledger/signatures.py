"""Ed25519 signatures (RFC 8032): a host function, which a host offers and a program imports.

vm = tblvm.load("pay.tba", imports=IMPORTS)

.import verify(key: u8[], message: u8[], signature: u8[]) -> i32: "ledger", "verify_signature"
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def verify_signature(public_key: bytes, message: bytes, signature: bytes) -> int:
    """1 if *signature* (64 bytes) is the one of *message* by the owner of *public_key* (32 bytes); 0 if not,
    also where key or signature have another length or are no points of the curve."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return 0
    return 1


IMPORTS = {"ledger": {"verify_signature": verify_signature}}
