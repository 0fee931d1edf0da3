"""The plug-in ledger inside Python: instances share nothing, and signatures are verified by a host function."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import tblvm
from tests.plugins.test_ledger import ED25519, LEDGER

PROGRAM = """\
.import verify(key: u8[], message: u8[], signature: u8[]) -> i32: "ledger", "verify_signature"
.func put(key: u8[], value: u8[])
  LOAD key
  LOAD value
  STATE_WRITE
  RET
.end
.func get(key: u8[]) -> u8[]
  LOAD key
  STATE_READ
  RET
.end
.func append(block: u8[]) -> u8[]
  LOAD block
  LEDGER_APPEND
  RET
.end
.func charge(amount: i32)
  LOAD amount
  GAS_CHARGE
  RET
.end
.func begin()
  TX_BEGIN
  RET
.end
.func revert()
  TX_REVERT
  RET
.end
.func check(key: u8[], message: u8[], signature: u8[]) -> i32
  LOAD key
  LOAD message
  LOAD signature
  CALL verify
  RET
.end
.func main()
  HALT
.end
.export put
.export get
.export append
.export charge
.export begin
.export revert
.export check
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tblvm.Store]:
    from tests.plugins.test_ledger import signatures_module

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TBLVM_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield tblvm.Store(plugins=[LEDGER], imports=signatures_module().IMPORTS)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.tba"
    path.write_text(PROGRAM)
    return path


def test_instances_of_one_store_share_nothing(store: tblvm.Store, program: Path) -> None:
    one, other = store.load(program), store.load(program)
    one.call("put", b"key", b"one")
    assert (one.call("get", b"key"), other.call("get", b"key")) == (b"one", None)
    other.call("put", b"key", b"other")
    one.call("begin")
    one.call("put", b"key", None)
    with pytest.raises(tblvm.Trap, match="no transaction is open"):
        other.call("revert")
    one.call("revert")
    assert (one.call("get", b"key"), other.call("get", b"key")) == (b"one", b"other")
    first = hashlib.sha256(bytes(32) + b"block").digest()
    assert one.call("append", b"block") == other.call("append", b"block") == first
    for each in (one, other):
        each.call("charge", 6_000_000)
        with pytest.raises(tblvm.Trap, match="out of gas"):
            each.call("charge", 6_000_000)


@pytest.mark.parametrize("vector", ED25519, ids=["nothing", "a byte", "two bytes"])
def test_programs_verify_signatures(store: tblvm.Store, program: Path, vector: tuple[str, str, str]) -> None:
    instance = store.load(program)
    key, message, signature = map(bytes.fromhex, vector)
    assert instance.call("check", key, message, signature) == 1
    assert instance.call("check", key, message + b"!", signature) == 0
    assert instance.call("check", key, message, signature[:-1]) == 0
