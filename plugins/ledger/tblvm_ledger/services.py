"""The services of the opcodes, each with its model in Python and the traps that its C can raise."""

from __future__ import annotations

import hashlib

from tblvm.opcodes import Trap, cells, i32, octets, service
from tblvm.opcodes.meaning import machine
from tblvm.opcodes.traps import TrapSignal

from . import state
from .state import Ledger

_NEW = {"safepoint", "writes heap"}
_FULL = Trap.OUT_OF_MEMORY


@service("tb_ledger_digest", library="ledger.hash", effects=_NEW, traps=(_FULL,))
def digest(data: octets) -> octets:
    return octets(machine().new_octets(data.v, hashlib.sha256(machine().octets(data.v)).digest()))


@service("tb_ledger_merkle", library="ledger.merkle", effects=_NEW, traps=(_FULL, Trap.BAD_INDEX))
def merkle_root(entries: octets, ends: cells) -> octets:
    content, found = machine().octets(entries.v), machine().object(ends.v)
    leaves, begin = [], 0
    for at in range(0, 4 * found.length, 4):
        end = int.from_bytes(found.data[at : at + 4], "little")
        if not begin <= end <= len(content):
            raise TrapSignal(Trap.BAD_INDEX)
        leaves.append(content[begin:end])
        begin = end
    return octets(machine().new_octets(entries.v, tree_hash(leaves)))


def tree_hash(leaves: list[bytes]) -> bytes:
    """The Merkle tree hash of RFC 6962, section 2.1, as it is defined there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + tree_hash(leaves[:split]) + tree_hash(leaves[split:])).digest()


@service("tb_ledger_read", library="ledger.state", effects=_NEW, traps=(_FULL, state.KEY_SIZE))
def read(key: octets) -> octets:
    found = machine().state(Ledger).read(machine().octets(key.v))
    return octets(0 if found is None else machine().new_octets(key.v, found))


@service(
    "tb_ledger_write",
    library="ledger.state",
    traps=(state.KEY_SIZE, state.VALUE_SIZE, state.STATE_FULL, state.JOURNAL_FULL),
)
def write(key: octets, value: octets) -> None:
    given = machine().octets(value.v) if value.v else None
    machine().state(Ledger).write(machine().octets(key.v), given)


@service("tb_ledger_begin", library="ledger.transactions", traps=(state.TOO_DEEP,))
def begin() -> None:
    machine().state(Ledger).begin()


@service("tb_ledger_commit", library="ledger.transactions", traps=(state.NO_TRANSACTION,))
def commit() -> None:
    machine().state(Ledger).commit()


@service("tb_ledger_revert", library="ledger.transactions", traps=(state.NO_TRANSACTION,))
def revert() -> None:
    machine().state(Ledger).revert()


@service("tb_ledger_charge", library="ledger.gas", traps=(state.OUT_OF_GAS,))
def charge(amount: i32) -> None:
    machine().state(Ledger).charge(amount.v & 0xFFFFFFFF)


@service("tb_ledger_append", library="ledger.chain", effects=_NEW, traps=(_FULL, state.OPEN_TRANSACTION))
def append(block: octets) -> octets:
    return octets(machine().new_octets(block.v, machine().state(Ledger).append(machine().octets(block.v))))
