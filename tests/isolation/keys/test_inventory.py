"""The inventory of the supervisor: its gates, and nothing else that changes rights."""

from __future__ import annotations

import pytest

from tblvm.isolation.inventory import gates
from tblvm.isolation.keys import supervisor

pytestmark = pytest.mark.outside  # it is compiled

# What each gate has, by what it is for: gates.c.
RIGHTS = {
    "tb_keys_write": 1,
    "tb_keys_die": 1,
    "tb_keys_leave": 1,
    "tb_keys_enter": 1,
    "tb_keys_call_plugin": 2,
    "tb_keys_on_signal": 1,
}


def test_every_wrpkru_is_one_of_a_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_LINK", tuple(each for each in supervisor._LINK if each != "-s"))
    found = gates(supervisor._compiled((*compile_flags(), *supervisor._FLAGS), supervisor._sources()))
    assert {symbol: count for (symbol, name), count in found.items() if name == "wrpkru"} == RIGHTS
    # No XRSTOR at all, no base of a segment is set; gates and threads make the system calls.
    others = {name for _, name in found} - {"wrpkru"}
    assert others & {"syscall", "rdfsbase", "rdgsbase"}
    assert not others & {"xrstor", "xrstors", "wrfsbase", "wrgsbase", "vmcall", "vmmcall", "vmfunc", "enclu"}


def compile_flags() -> tuple[str, ...]:
    from tblvm.builder.compile import COMPILE_FLAGS

    return COMPILE_FLAGS
