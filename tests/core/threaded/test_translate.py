"""The translator of engine `threaded`: where its model of the operand stack was wrong once, and what is rare in
programs."""

from __future__ import annotations

import pytest

from tests.harness import Job, assembled, compiled, differences, reference

# Each ends in a result that tells what went wrong.
PROGRAMS = {
    # The copy of the old local must not stand before a result that lies in the same slot and is gone.
    "a local is stored while its old value is on the stack": """
.func main() -> i32
  .local old: i32
  PUSH 5
  PUSH 6
  ADD
  POP
  LOAD old
  PUSH 1
  STORE old
  PUSH 0
  JEQ same
  PUSH 1
  RET
same:
  PUSH 2
  RET
.end""",
    "a result goes to the local whose old value is on the stack": """
.func main() -> i32
  .local n: i32
  PUSH 40
  STORE n
  LOAD n
  LOAD n
  PUSH 2
  ADD
  STORE n
  LOAD n
  SUB
  RET
.end""",
    # Homes of operands that were exchanged with a constant, at a safepoint and at a branch.
    "exchanged with a constant, then in order": """
.func one() -> i32
  PUSH 1
  RET
.end
.func pair(a: i32, b: i32) -> i32
  LOAD a
  PUSH 10
  MUL
  LOAD b
  ADD
  RET
.end
.func main() -> i32
  CALL one
  PUSH 7
  SWAP
  CALL pair
  RET
.end""",
    "exchanged below a branch": """
.func one() -> i32
  PUSH 1
  RET
.end
.func main() -> i32
  CALL one
  PUSH 7
  SWAP
  JNZ on
on:
  RET
.end""",
    "two results exchanged": """
.func one() -> i32
  PUSH 1
  RET
.end
.func two() -> i32
  PUSH 2
  RET
.end
.func main() -> i32
  CALL two
  CALL one
  SWAP
  SUB
  RET
.end""",
    "a value that is read twice": """
.func main() -> i32
  .local n: i32
  PUSH 3
  STORE n
  LOAD n
  INC
  DUP
  MUL
  LOAD n
  INC
  DUP
  PUSH 4
  int.EQ
  ADD
  RET
.end""",
    "a branch table": """
.func main() -> i32
  .local n: i32
  .local sum: i32
  PUSH 4
  STORE n
again:
  LOAD n
  BR_TABLE done, third, second, again_less
second:
  LOAD sum
  PUSH 20
  ADD
  STORE sum
  JMP again_less
third:
  LOAD sum
  PUSH 3
  ADD
  STORE sum
again_less:
  LOAD n
  DEC
  STORE n
  JMP again
done:
  LOAD sum
  RET
.end""",
    # Which locals a function must find zero; the frame has had other values before.
    "locals that are set first, read first, and set on one way only": """
.func dirty(a: i32) -> i32
  .local b: i32
  .local c: i32
  .local d: i32
  PUSH 7
  STORE b
  PUSH 8
  STORE c
  PUSH 9
  STORE d
  LOAD b
  LOAD c
  ADD
  LOAD d
  ADD
  RET
.end
.func clean(a: i32) -> i32
  .local set: i32
  .local unset: i32
  .local later: i32
  LOAD a
  STORE set
  LOAD later
  PUSH 1
  ADD
  STORE later
  LOAD a
  JZ on
  PUSH 4
  STORE unset
on:
  LOAD set
  LOAD unset
  ADD
  LOAD later
  ADD
  RET
.end
.func main() -> i32
  PUSH 1
  CALL dirty
  PUSH 0
  CALL clean
  ADD
  PUSH 5
  CALL clean
  ADD
  RET
.end""",
    # Fuel ends in calls and in loops, at every place.
    "calls in a loop, and from the callee": """
.func down(n: i32) -> i32
  LOAD n
  JNZ on
  PUSH 0
  RET
on:
  LOAD n
  PUSH 1
  SUB
  CALL down
  PUSH 1
  ADD
  RET
.end
.func main() -> i32
  .local n: i32
  .local sum: i32
  PUSH 2
  STORE n
again:
  LOAD n
  CALL down
  LOAD sum
  ADD
  STORE sum
  LOAD n
  DEC
  STORE n
  LOAD n
  PUSH 0
  JGT again
  LOAD sum
  RET
.end""",
    "the truth that a branch took is on the stack once more": """
.func main() -> i32
  PUSH 3
  PUSH 4
  int.LT
  DUP
  JNZ on
  PUSH 5
  ADD
on:
  RET
.end""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_does_what_the_reference_does(name: str) -> None:
    """Output, status, and fuel, for every amount of fuel up to what it takes."""
    harness = compiled("marksweep", engine="threaded")
    verified = assembled(PROGRAMS[name])
    jobs = [Job(verified, fuel=fuel, stack=64) for fuel in (*range(60), 1000)]
    for job, run in zip(jobs, harness.run(jobs), strict=True):
        found = differences(job, run, known=reference(job, collector=True))
        assert not found, f"fuel {job.fuel}: {found}"
