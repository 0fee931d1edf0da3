"""The opcodes of page `ledger`. Arrays of bytes are u8[]; those that an opcode gives are new, of the type of
the array that it takes."""

from __future__ import annotations

from tblvm.opcodes import OpcodeSet, Page, Trap, anyref, cells, i32, octets, trap_if

from . import services

PAGE = Page("ledger")
hashes = OpcodeSet(PAGE, library="ledger.hash")
steps = OpcodeSet(PAGE, library="ledger.steps")
merkle = OpcodeSet(PAGE, library="ledger.merkle")
state = OpcodeSet(PAGE, library="ledger.state")
transactions = OpcodeSet(PAGE, library="ledger.transactions")
gas = OpcodeSet(PAGE, library="ledger.gas")
chain = OpcodeSet(PAGE, library="ledger.chain")


def _present(*references: anyref) -> None:
    for each in references:
        trap_if(each.is_null(), Trap.NULL_REFERENCE)


# --- hashes ---------------------------------------------------------------------------------------------


@hashes(0x00, "HASH_BLOCK")
def hash_block(data: octets) -> octets:
    """The SHA-256 of the bytes (FIPS 180-4): 32 bytes. Traps NULL_REFERENCE and OUT_OF_MEMORY."""
    _present(data)
    return services.digest(data)


@steps(0x01, "HASH_ROUND")
def hash_round(
    a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32, h: i32, word: i32
) -> tuple[i32, i32, i32, i32, i32, i32, i32, i32]:
    """One round of SHA-256 (FIPS 180-4, 6.2.2, step 3): the working variables a to h behind it. word is the
    sum of the round's constant and its word of the message schedule."""
    choice = (e & f) ^ (~e & g)
    first = h + (e.rotr(6) ^ e.rotr(11) ^ e.rotr(25)) + choice + word
    majority = (a & b) ^ (a & c) ^ (b & c)
    second = (a.rotr(2) ^ a.rotr(13) ^ a.rotr(22)) + majority
    return first + second, a, b, c, d + first, e, f, g


@steps(0x02, "HASH_SCHEDULE")
def hash_schedule(w16: i32, w15: i32, w7: i32, w2: i32) -> i32:
    """A word of the message schedule of SHA-256 (FIPS 180-4, 6.2.2, step 1), of those that stand 16, 15, 7
    and 2 places before it."""
    low = w15.rotr(7) ^ w15.rotr(18) ^ w15.shr_u(3)
    high = w2.rotr(17) ^ w2.rotr(19) ^ w2.shr_u(10)
    return high + w7 + low + w16


@merkle(0x03, "MERKLE_ROOT")
def merkle_root(entries: octets, ends: cells) -> octets:
    """The root of the Merkle tree of RFC 6962, 32 bytes. Leaf number i is what stands in entries from where
    the one before ends, the first from 0, to ends[i]: its hash is that of a byte 0 and the leaf, that of an
    inner node that of a byte 1 and both hashes below. Traps NULL_REFERENCE, OUT_OF_MEMORY, and BAD_INDEX for
    ends that decrease or are behind entries."""
    _present(entries, ends)
    return services.merkle_root(entries, ends)


# --- state ----------------------------------------------------------------------------------------------


@state(0x08, "STATE_READ")
def state_read(key: octets) -> octets:
    """The value that the key has in the program's state, a new array; null where it has none. Traps
    NULL_REFERENCE, OUT_OF_MEMORY, and LEDGER_KEY_SIZE for a key longer than option ledger.key."""
    _present(key)
    return services.read(key)


@state(0x09, "STATE_WRITE")
def state_write(key: octets, value: octets) -> None:
    """Gives the key a value in the program's state; null takes it away. Traps NULL_REFERENCE for a null key,
    LEDGER_KEY_SIZE, LEDGER_VALUE_SIZE, LEDGER_STATE_FULL beyond option ledger.entries, and
    LEDGER_JOURNAL_FULL for more changes in open transactions than option ledger.journal."""
    _present(key)
    services.write(key, value)


@transactions(0x0A, "TX_BEGIN")
def tx_begin() -> None:
    """Opens a transaction, within the one that is open: TX_REVERT takes back all changes of the state from
    here on. Traps LEDGER_TOO_DEEP beyond option ledger.depth."""
    services.begin()


@transactions(0x0B, "TX_COMMIT")
def tx_commit() -> None:
    """Ends the transaction that was opened last; its changes are those of the one around it, and stay where
    there is none. Traps LEDGER_NO_TRANSACTION."""
    services.commit()


@transactions(0x0C, "TX_REVERT")
def tx_revert() -> None:
    """Ends the transaction that was opened last, and gives every key the value that it had when it began.
    Gas stays charged. Traps LEDGER_NO_TRANSACTION."""
    services.revert()


# --- gas, chain -----------------------------------------------------------------------------------------


@gas(0x10, "GAS_CHARGE")
def gas_charge(amount: i32) -> None:
    """Charges so much gas, an unsigned number. Traps LEDGER_OUT_OF_GAS where less is left of option
    ledger.gas; then nothing is charged."""
    services.charge(amount)


@chain(0x14, "LEDGER_APPEND")
def ledger_append(block: octets) -> octets:
    """Appends a block to the program's chain, and gives the chain's new head, 32 bytes: the SHA-256 of the
    old head, 32 zeros at first, and the block. Traps NULL_REFERENCE, OUT_OF_MEMORY, and
    LEDGER_OPEN_TRANSACTION while a transaction is open: a block is not taken back."""
    _present(block)
    return services.append(block)
