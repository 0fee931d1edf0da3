"""The reference interpreter: limits, the ends of runs, what is reachable."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tblvm.core.asm import assemble
from tblvm.core.io.services import Console
from tblvm.core.verified import Verified
from tblvm.opcodes import DslError, Isa, Trap
from tblvm.opcodes.meaning import FRAME_COST, MAX_OBJECT_BYTES, Limits, Machine, Outcome, Place, machine
from tblvm.opcodes.values import current
from tblvm.stack import verify


def verified(source: str, isa: Isa) -> Verified:
    return verify(assemble(source.replace(";", "\n"), isa), isa)


def run(source: str, isa: Isa, *, stdin: bytes = b"", **limits: int) -> tuple[Outcome, bytes, Machine]:
    console = Console()
    console.input = stdin
    made = Machine(verified(source, isa), limits=Limits(**limits), states=(console,))
    return made.run(isa), bytes(console.output), made


def test_ends(isa: Isa) -> None:
    assert run(".func main(); HALT; .end", isa)[0] == Outcome(None, 0, 1, ())
    assert run(".func main(); RET; .end", isa)[0] == Outcome(None, 0, 1, ())
    assert run(".func main() -> i32; PUSH 7; RET; .end", isa)[0].status == 7
    assert run(".func main() -> i32; PUSH -1; RET; .end", isa)[0].status == 255
    assert run(".func main() -> i32; PUSH 9; HALT; .end", isa)[0].status == 0
    outcome = run(".func main(); PUSH 1; PUSH 0; DIV; POP; HALT; .end", isa)[0]
    assert outcome == Outcome(Trap.DIVIDE_BY_ZERO, 134, 3, (Place(0, 4),))


def test_halt_ends_all_frames_and_the_trace_is_innermost_first(isa: Isa) -> None:
    source = ".func f(n: i32); {}; .end; .func main(); PUSH 0; CALL f; HALT; .end"
    assert run(source.format("HALT"), isa)[0] == Outcome(None, 0, 3, ())
    outcome = run(source.format("PUSH 1; LOAD n; MOD; POP; RET"), isa)[0]
    assert outcome.trace == (Place(0, 4), Place(1, 2))


CALLS = """
.func f(a: i32)
  .local x: any
  LOAD a
  POP
  RET
.end
.func main()
  NOP
  PUSH 1
  CALL f
  HALT
.end"""
MAIN, CALLEE = 0 + 0 + 1 + FRAME_COST, 1 + 1 + 1 + FRAME_COST


def test_stack_limit(isa: Isa) -> None:
    assert run(CALLS, isa, stack=MAIN + CALLEE)[0].trap is None
    outcome = run(CALLS, isa, stack=MAIN + CALLEE - 1)[0]
    # In the caller, at the call, which counts.
    assert outcome == Outcome(Trap.STACK_OVERFLOW, 134, 3, (Place(1, 3),))
    assert run(CALLS, isa, stack=MAIN)[0].trace == (Place(1, 3),)
    assert run(CALLS, isa, stack=MAIN - 1)[0] == Outcome(Trap.STACK_OVERFLOW, 134, 0, ())


def test_a_return_gives_its_cells_back(isa: Isa) -> None:
    twice = CALLS.replace("CALL f\n", "CALL f\n  PUSH 1\n  CALL f\n")
    outcome, _, made = run(twice, isa, stack=MAIN + CALLEE)
    assert outcome.trap is None and made.stack_left == CALLEE


def test_fuel_is_tested_at_calls(isa: Isa) -> None:
    # NOP PUSH CALL are three; what comes behind is counted, but not tested.
    assert run(CALLS, isa, fuel=3)[0] == Outcome(None, 0, 7, ())
    outcome = run(CALLS, isa, fuel=2)[0]
    assert outcome == Outcome(Trap.OUT_OF_FUEL, 134, 3, (Place(1, 3),))
    # What does not fit the stack is said first.
    assert run(CALLS, isa, fuel=2, stack=MAIN)[0].trap == Trap.STACK_OVERFLOW


def test_fuel_is_not_tested_at_the_entry_or_in_a_straight_line(isa: Isa) -> None:
    assert run(".func main(); NOP; NOP; HALT; .end", isa, fuel=0)[0] == Outcome(None, 0, 3, ())
    forward = ".func main(); JMP a; a: PUSH 0; JZ b; b: HALT; .end"
    assert run(forward, isa, fuel=0)[0] == Outcome(None, 0, 4, ())


LOOP = ".func main(); .local i: i32; a: LOAD i; INC; DUP; STORE i; PUSH 3; JLT a; HALT; .end"


def test_fuel_is_tested_at_taken_branches_back(isa: Isa) -> None:
    # Three rounds of six; the last branch is not taken, so it does not test.
    assert run(LOOP, isa, fuel=12)[0] == Outcome(None, 0, 19, ())
    assert run(LOOP, isa, fuel=11)[0] == Outcome(Trap.OUT_OF_FUEL, 134, 12, (Place(0, 8),))
    assert run(LOOP, isa, fuel=6)[0].fuel == 12
    assert run(LOOP, isa, fuel=5)[0].fuel == 6
    forever = run(".func main(); a: JMP a; .end", isa, fuel=100)[0]
    assert forever == Outcome(Trap.OUT_OF_FUEL, 134, 101, (Place(0, 0),))


def test_fuel_is_tested_behind_services_that_may_block(isa: Isa) -> None:
    source = ".func main(); NOP; READ; PRINT; HALT; .end"
    assert run(source, isa, stdin=b"5", fuel=2)[1] == b"5"
    outcome, output, _ = run(source, isa, stdin=b"5", fuel=1)
    assert outcome == Outcome(Trap.OUT_OF_FUEL, 134, 2, (Place(0, 1),)) and output == b""
    # Also when it trapped.
    assert run(source, isa, stdin=b"x", fuel=1)[0].trap == Trap.OUT_OF_FUEL
    assert run(source, isa, stdin=b"x", fuel=2)[0].trap == Trap.BAD_INPUT
    assert run(".func main(); GETCHAR; PRINT; HALT; .end", isa, fuel=1)[1] == b"-1"


def test_heap_limit(isa: Isa) -> None:
    keep = ".global g: cells; .func main(); NEW 2; STOREG g; NEW 2; POP; HALT; .end"
    assert run(keep, isa, heap=32)[0].trap is None
    assert run(keep, isa, heap=31)[0] == Outcome(Trap.OUT_OF_MEMORY, 134, 3, (Place(0, 4),))
    drop = ".func main(); NEW 2; POP; NEW 2; POP; HALT; .end"
    assert run(drop, isa, heap=16)[0].trap is None
    without = Machine(verified(drop, isa), limits=Limits(heap=16), collector=False)
    assert without.run(isa).trap == Trap.OUT_OF_MEMORY
    huge = ".func main(); CONST 2147483647; NEWARRAY i64[]; POP; HALT; .end"
    assert MAX_OBJECT_BYTES < 8 * (2**31 - 1) and run(huge, isa)[0].trap == Trap.OUT_OF_MEMORY


OBJECTS = """
.class Node
  number: i32
  next: Node
.end
.global kept: any
.global number: i32
.func main()
  .local l: Node, many: any[]
  NEWOBJ Node
  STORE l
  LOAD l
  NEWOBJ Node
  PUTFIELD Node.next
  PUSH 2
  NEWARRAY any[]
  STORE many
  LOAD many
  PUSH 1
  NEW 3
  ASTORE
  PUSH 4
  NEWARRAY i32[]
  STOREG kept
  NEWOBJ Node
  NEWOBJ Node
  POP
  CONST "text"
  {}
  POP
  POP
  HALT
.end"""


def test_reachable(isa: Isa) -> None:
    made = Machine(verified(OBJECTS.format("PUSH 1\n PUSH 0\n DIV\n POP"), isa))
    assert made.run(isa).trap == Trap.DIVIDE_BY_ZERO
    # Two nodes, the array and its cells, the global's array, and the node on the stack; not the dropped one.
    assert len(made.heap) == 7
    assert len(made.reachable()) == 6
    # An integer that looks like a reference keeps nothing.
    made.globals[1] = max(made.heap)
    assert len(made.reachable()) == 6
    made.frames.clear()
    assert len(made.reachable()) == 1


def test_what_a_collection_leaves(isa: Isa) -> None:
    made = Machine(
        verified(".func main(); NEW 1; NEW 2; POP; NEW 3; POP; POP; HALT; .end", isa), watch_heap=True
    )
    assert made.run(isa).collections == ((0, 0), (1, 16), (1, 16))


def test_release(isa: Isa) -> None:
    made = Machine(verified(".func main(); NEW 2; STOREG g; HALT; .end; .global g: cells", isa))
    made.run(isa)
    [reference] = made.heap
    assert not made.release(0) and not made.release(reference + 8)
    assert made.release(reference)
    assert made.heap[reference].length == 0
    assert not made.release(reference)
    source = ".func main(); .local c: cells; NEW 2; DUP; STORE c; FREE; {}; HALT; .end"
    assert run(source.format("LOAD c; FREE"), isa)[0].trap == Trap.BAD_FREE
    assert run(source.format("LOAD c; PUSH 0; LOADM 0; POP"), isa)[0].trap == Trap.BAD_INDEX
    assert run(source.format("NULL cells; FREE"), isa)[0].trap is None
    # What is given back no longer counts.
    again = Machine(verified(source.format("NEW 2; POP"), isa), limits=Limits(heap=16), collector=False)
    assert again.run(isa).trap is None


@dataclass
class Counter:
    count: int = 0


def test_states_of_micro_libraries(isa: Isa) -> None:
    made = Machine(verified(".func main(); HALT; .end", isa), states=(Counter(5),))
    assert made.state(Counter).count == 5
    assert made.state(Console) is made.state(Console)
    assert made.string(0) is None
    with pytest.raises(DslError, match="only while the opcode is traced or run"):
        machine()
    made.run(isa)
    with pytest.raises(DslError):
        current()  # the one before is restored


def test_narrow_and_wide_elements(isa: Isa) -> None:
    source = (
        ".func main(); .local a: {0}[]; PUSH 1; NEWARRAY {0}[]; STORE a; LOAD a; PUSH 0; CONST {1}; ASTORE; "
    )
    source += "LOAD a; PUSH 0; ALOAD; PRINT; HALT; .end"
    for type_, stored, shown in (
        ("i8", 255, b"-1"),
        ("u8", -1, b"255"),
        ("i16", 32768, b"-32768"),
        ("u16", -2, b"65534"),
        ("i32", -5, b"-5"),
        ("f32", "1.5f", b"1.5"),
    ):
        assert run(source.format(type_, stored), isa)[1] == shown
