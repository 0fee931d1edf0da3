"""What a program's ledger holds, in Python: the model that the C is compared with.

Every instance of a program has its own. The limits are the defaults of the options of the same names.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from tblvm.opcodes import Trap
from tblvm.opcodes.traps import TrapSignal

ENTRIES, KEY, VALUE, DEPTH, JOURNAL, GAS = 64, 32, 32, 8, 64, 10_000_000

KEY_SIZE = Trap("LEDGER_KEY_SIZE", "a key of the state is too long")
VALUE_SIZE = Trap("LEDGER_VALUE_SIZE", "a value of the state is too long")
STATE_FULL = Trap("LEDGER_STATE_FULL", "the state has no room for another key")
JOURNAL_FULL = Trap("LEDGER_JOURNAL_FULL", "the open transactions have too many changes")
TOO_DEEP = Trap("LEDGER_TOO_DEEP", "too many transactions within each other")
NO_TRANSACTION = Trap("LEDGER_NO_TRANSACTION", "no transaction is open")
OPEN_TRANSACTION = Trap("LEDGER_OPEN_TRANSACTION", "a block is appended while a transaction is open")
OUT_OF_GAS = Trap("LEDGER_OUT_OF_GAS", "out of gas")


@dataclass
class Ledger:
    """values: the state. marks: for each open transaction the length that the journal had when it began.
    journal: a key and the value that it had before a change, None for none. head: of the chain."""

    entries: int = ENTRIES
    key: int = KEY
    value: int = VALUE
    depth: int = DEPTH
    journal_size: int = JOURNAL
    gas: int = GAS
    values: dict[bytes, bytes] = field(default_factory=dict)
    marks: list[int] = field(default_factory=list)
    journal: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    gas_used: int = 0
    head: bytes = bytes(32)

    def read(self, key: bytes) -> bytes | None:
        _unless(len(key) <= self.key, KEY_SIZE)
        return self.values.get(key)

    def write(self, key: bytes, value: bytes | None) -> None:
        """Without a value the key goes."""
        _unless(len(key) <= self.key, KEY_SIZE)
        _unless(value is None or len(value) <= self.value, VALUE_SIZE)
        before = self.values.get(key)
        if before is None:
            if value is None:
                return
            _unless(len(self.values) < self.entries, STATE_FULL)
        if self.marks:
            _unless(len(self.journal) < self.journal_size, JOURNAL_FULL)
            self.journal.append((key, before))
        self._put(key, value)

    def _put(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self.values.pop(key, None)
        else:
            self.values[key] = value

    def begin(self) -> None:
        _unless(len(self.marks) < self.depth, TOO_DEEP)
        self.marks.append(len(self.journal))

    def commit(self) -> None:
        _unless(bool(self.marks), NO_TRANSACTION)
        self.marks.pop()
        if not self.marks:
            self.journal.clear()

    def revert(self) -> None:
        _unless(bool(self.marks), NO_TRANSACTION)
        mark = self.marks.pop()
        while len(self.journal) > mark:
            self._put(*self.journal.pop())

    def charge(self, amount: int) -> None:
        _unless(amount <= self.gas - self.gas_used, OUT_OF_GAS)
        self.gas_used += amount

    def append(self, block: bytes) -> bytes:
        _unless(not self.marks, OPEN_TRANSACTION)
        self.head = hashlib.sha256(self.head + block).digest()
        return self.head


def _unless(condition: bool, trap: Trap) -> None:
    if not condition:
        raise TrapSignal(trap)
