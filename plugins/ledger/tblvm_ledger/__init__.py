"""A plug-in for tblvm: what ledgers need. Page `ledger` has

    hashes         HASH_BLOCK, MERKLE_ROOT; HASH_ROUND and HASH_SCHEDULE, the steps of SHA-256 in op IR
    state          STATE_READ, STATE_WRITE; TX_BEGIN, TX_COMMIT, TX_REVERT, nested
    gas            GAS_CHARGE
    a chain        LEDGER_APPEND

`signatures` verifies Ed25519 signatures, for hosts that offer that to programs.
"""

from __future__ import annotations

from pathlib import Path

from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary, Option
from tblvm.opcodes import OpcodeSet

from . import opcodes, services
from .state import DEPTH, ENTRIES, GAS, JOURNAL, KEY, VALUE

ROOM = Path(__file__).parent


@hookimpl
def tblvm_opcodes() -> list[OpcodeSet]:
    return [
        opcodes.steps,
        opcodes.hashes,
        opcodes.merkle,
        opcodes.state,
        opcodes.transactions,
        opcodes.gas,
        opcodes.chain,
    ]


def _option(name: str, default: int, macro: str, doc: str, minimum: int, maximum: int) -> Option:
    return Option(f"ledger.{name}", default, "number", f"TB_LEDGER_{macro}", doc, minimum, maximum)


@hookimpl
def tblvm_micro_libraries() -> list[MicroLibrary]:
    return [
        MicroLibrary(name="ledger.steps", doc="opcodes for the steps of SHA-256", room=ROOM),
        MicroLibrary(
            name="ledger.sha256",
            doc="SHA-256",
            room=ROOM,
            size=700,
            requires=("support",),
            sources=("c/sha256.c",),
            headers=("c",),
        ),
        MicroLibrary(
            name="ledger.give",
            doc="new arrays of bytes",
            room=ROOM,
            size=100,
            requires=("heap", "memory.allocate", "support"),
            sources=("c/give.c",),
            headers=("c",),
        ),
        MicroLibrary(
            name="ledger.hash",
            doc="hashes arrays of bytes",
            room=ROOM,
            size=100,
            requires=("ledger.sha256", "ledger.give"),
            sources=("c/hash.c",),
            headers=("c",),
            services=(services.digest,),
        ),
        MicroLibrary(
            name="ledger.merkle",
            doc="roots of Merkle trees",
            room=ROOM,
            size=400,
            requires=("ledger.sha256", "ledger.give"),
            sources=("c/merkle.c",),
            headers=("c",),
            services=(services.merkle_root,),
        ),
        MicroLibrary(
            name="ledger.state",
            doc="keys and their values",
            room=ROOM,
            size=500,
            requires=("ledger.give", "cage", "support"),
            sources=("c/state.c",),
            headers=("c",),
            services=(services.read, services.write),
            prototypes=(
                "struct tb_ledger_record {\n"
                "  u16 key_size, value_size;\n"
                "  u8 key[TB_LEDGER_KEY], value[TB_LEDGER_VALUE];\n"
                "};"
            ),
            store="u32 ledger_count;\nstruct tb_ledger_record ledger_records[TB_LEDGER_ENTRIES];",
            options=(
                _option("entries", ENTRIES, "ENTRIES", "Keys that can have a value at a time.", 1, 65535),
                _option("key", KEY, "KEY", "Bytes that a key may have.", 1, 256),
                _option("value", VALUE, "VALUE", "Bytes that a value may have.", 1, 4096),
            ),
        ),
        MicroLibrary(
            name="ledger.transactions",
            doc="transactions on the state, nested",
            room=ROOM,
            size=200,
            requires=("ledger.state",),
            sources=("c/transactions.c",),
            headers=("c",),
            services=(services.begin, services.commit, services.revert),
            store=(
                "u32 ledger_depth;\nu32 ledger_journaled;\nu32 ledger_marks[TB_LEDGER_DEPTH];\n"
                "struct tb_ledger_record ledger_journal[TB_LEDGER_JOURNAL];"
            ),
            macros={
                "TB_LEDGER_OPEN(cx)": "(tb_store_of(cx)->ledger_depth)",
                "TB_LEDGER_KEEP(cx, before)": "tb_ledger_keep(cx, before)",
            },
            prototypes=(
                "struct tb_ledger_record;\n"
                "u32 tb_ledger_keep(struct tb_context *cx, const struct tb_ledger_record *before);"
            ),
            options=(
                _option("depth", DEPTH, "DEPTH", "Transactions that can be open within each other.", 1, 1024),
                _option("journal", JOURNAL, "JOURNAL", "Changes that open transactions can have.", 1, 65535),
            ),
        ),
        MicroLibrary(
            name="ledger.gas",
            doc="gas: what the program says its work costs",
            room=ROOM,
            size=40,
            sources=("c/gas.c",),
            headers=("c",),
            services=(services.charge,),
            store="u64 ledger_gas;",
            options=(_option("gas", GAS, "GAS", "Gas that a program may charge.", 0, (1 << 63) - 1),),
        ),
        MicroLibrary(
            name="ledger.chain",
            doc="a chain of blocks, each hashed with what was before it",
            room=ROOM,
            size=150,
            requires=("ledger.sha256", "ledger.give"),
            sources=("c/chain.c",),
            headers=("c",),
            services=(services.append,),
            store="u8 ledger_head[32];",
        ),
    ]
