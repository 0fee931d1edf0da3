"""tblvm.testing: it passes what is right, and says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tblvm.core.errors import UsageError
from tblvm.testing import check

HERE = Path(__file__).parent
HOST = ["x86_64-linux"]
# What the model says and what the C does can be told apart from outside.
LIAR = """\
from pathlib import Path
from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary
from tblvm.opcodes import OpcodeSet, Page, Trap, i32, service
from tblvm.opcodes.traps import TrapSignal

op = OpcodeSet(Page("liar"), library="liar")
ODD = Trap("ODD", "an odd number")


@service("liar_half", library="liar.c", traps=(ODD,))
def half(a: i32) -> i32:
    if a.v & 1:
        raise TrapSignal(ODD)
    return i32(a.v // 2)


@op(0, "HALF")
def half_of(a: i32) -> i32:
    "Half of an even number."
    return half(a)


@hookimpl
def tblvm_opcodes():
    return [op]


@hookimpl
def tblvm_micro_libraries():
    return [MicroLibrary("liar.c", "halves", Path(__file__).parent, sources=("liar.c",), services=(half,))]
"""
C = """\
#include "tb.h"
u32 liar_half(struct tb_context *cx, u32 a, u32 *result);
u32 liar_half(struct tb_context *cx, u32 a, u32 *result) {
  (void)cx;
  *result = %s;
  return %s;
}
"""
HALF, ODD = "(u32)((s32)(a - (a >> 31 & a & 1)) >> 1)", "a & 1"


def liar(folder: Path, result: str, trap: str) -> Path:
    (folder / "plugin.py").write_text(LIAR)
    (folder / "liar.c").write_text(C % (result, trap))
    return folder


def test_a_plug_in_passes_everywhere() -> None:
    found = check("GCDSTEP", plugins=[HERE / "gcd_op.py"], vectors=100)
    assert found.vectors == 100 and 0 < found.trapped < 50
    targets = ("x86_64-linux", "aarch64-linux", "riscv64-linux", "wasm32")
    everywhere = {f"{engine} on {target}" for engine in ("aot", "switch", "threaded") for target in targets}
    assert everywhere == set(found.runs)
    assert found.skipped == ()


@pytest.mark.parametrize("name", ["ADD", "double.DDIV", "long.LDIV", "float.FSQRT", "D2L", "JUNK"])
def test_built_in_opcodes_pass(name: str) -> None:
    if name == "JUNK":
        with pytest.raises(UsageError, match="JUNK"):
            check(name, targets=HOST)
    else:
        assert check(name, targets=HOST, vectors=60).vectors >= 60


def test_c_that_does_what_the_model_says(tmp_path: Path) -> None:
    found = check("HALF", plugins=[liar(tmp_path, HALF, ODD)], targets=HOST)
    assert found.trapped > 50


@pytest.mark.parametrize(
    ("result", "trap", "message"),
    [
        (
            "a / 3",
            ODD,
            r"liar\.HALF of \((-?\d+)\), engine switch on x86_64-linux: \(-?\d+\), and the declaration",
        ),
        (HALF, "0", r"liar\.HALF of \(-?\d+\), .*: \(-?\d+\), and the declaration says \(\)"),
        (HALF, "1", r"liar\.HALF of \(-?\d+\), .*\(\), and the declaration says \(-?\d+\)"),
    ],
    ids=["another result", "no trap", "always a trap"],
)
def test_c_that_does_something_else_is_told(result: str, trap: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=message):
        check("HALF", plugins=[liar(tmp_path, result, trap)], targets=HOST)


@pytest.mark.parametrize("name", ["JMP", "NEW", "SLENGTH", "RET", "CALL", "LOAD"])
def test_what_is_more_than_arithmetic_needs_programs(name: str) -> None:
    with pytest.raises(UsageError, match="is more than check knows"):
        check(name, targets=HOST)


def test_targets_that_do_not_run_here_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = check("ADD", vectors=10)
    assert sorted(found.runs) == [f"{engine} on x86_64-linux" for engine in ("aot", "switch", "threaded")]
    assert len(found.skipped) == 3 and "qemu-riscv64-static" in found.skipped[1]
    assert "nodejs" in found.skipped[2]
