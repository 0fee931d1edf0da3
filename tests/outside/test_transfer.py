"""Results and a transfer of control in one opcode: verifier, reference and native engine mean the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tblvm.core.errors import ModuleError
from tests.harness import Job, assembled, compiled, differences

PLUGIN = (Path(__file__).parent / "transfer_op.py",)
PROGRAM = """
.func twice(n: i32) -> i32
  LOAD n
  DUP
  ADD
  RET
.end
.func main()
  PUSH 3
  JDUP 10, small
  PRINT
  PRINT
  HALT
small:
  PRINT
  PRINT
  CALLK 21, twice
  PRINT
  HALT
.end
"""


@pytest.mark.parametrize("value", [3, 9, 10, 11])
def test_results_are_there_on_both_ways(value: int) -> None:
    harness = compiled("marksweep", plugins=PLUGIN)
    job = Job(assembled(PROGRAM.replace("PUSH 3", f"PUSH {value}"), harness.reg))
    [run] = harness.run([job])
    assert not differences(job, run, reg=harness.reg)
    assert run.output == f"{value + 1}{value}{42 if value < 10 else ''}".encode()


def test_the_verifier_counts_them() -> None:
    reg = compiled("marksweep", plugins=PLUGIN).reg
    verified = assembled(PROGRAM, reg)
    assert [function.max_stack for function in verified.module.functions] == [2, 2]
    with pytest.raises(ModuleError, match="the operand stack is"):
        assembled(".func main()\n  PUSH 1\n  JDUP 5, out\n  POP\nout:\n  HALT\n.end\n", reg)


@pytest.mark.parametrize("low", [0, -1, -64, -65, -8192, -8193, -(2**31)])
@pytest.mark.parametrize("high", [0, 63, 64, -1, -64, -65, -(2**27) - 1, 2**31 - 1, -(2**31)])
def test_several_signed_immediates(low: int, high: int) -> None:
    harness = compiled("marksweep", plugins=PLUGIN)
    values = (0, 5, -5, 100, -100, 2**31 - 1, -(2**31))
    lines = "".join(f"  CONST {v}\n  CLAMP {low}, {high}\n  PRINT\n  PUSH 32\n  PUTCHAR\n" for v in values)
    job = Job(assembled(f".func main()\n{lines}  HALT\n.end\n", harness.reg))
    [run] = harness.run([job])
    assert not differences(job, run, reg=harness.reg)
    assert run.output.split() == [str(low if v < low else min(v, high)).encode() for v in values]


@pytest.mark.parametrize("locals_", [2, 126, 127, 128, 129, 200])
def test_several_locals(locals_: int) -> None:
    """Indexes 126 and 127 need a longer immediate once the link is skipped: each by itself, and both."""
    harness = compiled("marksweep", plugins=PLUGIN)
    names = [f"l{i}" for i in range(locals_)]
    chosen = sorted({0, 1, locals_ - 1, locals_ - 2, *(i for i in (125, 126, 127, 128) if i < locals_)})
    lines = [".func take(p: i32, q: f32)", *(f"  .local {name}: i32" for name in names)]
    lines += [f"  CONST {1000 + i}\n  STORE l{i}" for i in chosen]
    for a in ("p", *(f"l{i}" for i in chosen)):
        for b in ("q", "p", *(f"l{i}" for i in chosen)):
            lines.append(f"  BOTH {a}, {b}, -7\n  PRINT\n  PRINT\n  PRINT\n  PUSH 32\n  PUTCHAR")
    lines += [
        "  RET",
        ".end",
        ".func main()",
        "  PUSH 5",
        "  CONST 2.5f",
        "  CALL take",
        "  HALT",
        ".end",
        "",
    ]
    job = Job(assembled("\n".join(lines), harness.reg))
    [run] = harness.run([job])
    assert not differences(job, run, reg=harness.reg)
    assert run.output.split()[0] == b"-752.5"
