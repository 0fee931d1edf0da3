"""Heaps of every size, structures that are hard to mark, and how a program ends that runs out."""

from __future__ import annotations

import itertools
import random
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tblvm.builder.pipeline import Artifact, build, translate
from tblvm.builder.resolve import Request
from tblvm.core.registry import load
from tests.gc.collectors import COLLECTORS, EXAMPLES, harness, live_limit, observed
from tests.gc.graphs import PRELUDE
from tests.harness import Job, assembled, differences, reference
from tests.programs import expected

BOTH = pytest.mark.parametrize("collector", COLLECTORS)

FILL = """\
.collector
.class Item
{fields}
    next: Item
.end
.func more(before: Item) -> Item
    .local made: Item
    NEWOBJ Item
    STORE made
    LOAD made
    LOAD before
    PUTFIELD Item.next
    LOAD made
    RET
.end
.func main()
    .local all: Item
next:
    LOAD all
    CALL more
    STORE all
    PUSH 46
    PUTCHAR
    JMP next
.end
"""

CHURN = """\
.collector
.class Item
    value: i32
    next: Item
.end
.func main() -> i32
    .local item: Item, last: Item, left: i32, sum: i32
    CONST {count}
    STORE left
next:
    NEWOBJ Item
    STORE item
    LOAD item
    LOAD left
    PUTFIELD Item.value
    LOAD item
    LOAD last
    PUTFIELD Item.next
    LOAD item
    GETFIELD Item.next
    JNULL first
    LOAD item
    GETFIELD Item.next
    GETFIELD Item.value
    LOAD sum
    ADD
    STORE sum
    LOAD item
    GETFIELD Item.next
    NULL Item
    PUTFIELD Item.next
first:
    LOAD item
    STORE last
    LOAD left
    DEC
    DUP
    STORE left
    JNZ next
    LOAD sum
    PRINT
    PUSH 7
    RET
.end
"""


def built(text: str, collector: str, options: dict[str, int], name: str = "test.tba") -> Artifact:
    registry = load(COLLECTORS[collector])
    feature = "gc." + collector.removeprefix("gc.")
    module = translate(text.encode(), name, registry)
    return build(module, registry, Request(features=(feature,), options=options))


def execute(artifact: Artifact, folder: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = folder / "program"
    program.write_bytes(artifact.image)
    program.chmod(0o755)
    return subprocess.run([program], cwd=folder, input=stdin, capture_output=True, check=False, timeout=100)


# --- running out ---------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
@pytest.mark.parametrize(("fields", "size"), [("", 16), ("    a: i64", 24), ("    a: i32\n    b: i64\n", 24)])
def test_heaps_of_every_small_size_hold_what_fits(
    collector: str, sanitize: bool, fields: str, size: int
) -> None:
    program = assembled(FILL.format(fields=fields))
    heaps = [*range(300), *range(300, 4000, 97), 40000, 70001]
    jobs = [Job(program, heap=heap, stress=heap % 3 == 0 and heap < 1000) for heap in heaps]
    for job, run in zip(jobs, harness(collector, sanitize=sanitize).run(jobs), strict=True):
        fits = live_limit(collector, job.heap) // size
        assert (run.wait_status, run.trap) == (0, "OUT_OF_MEMORY"), job.heap
        assert run.output == b"." * fits, job.heap
        assert [place.function for place in run.trace] == [0, 1]


@BOTH
@pytest.mark.parametrize("heap", [64, 65, 1000, 100_003])
def test_out_of_memory_names_function_and_line(collector: str, heap: int, tmp_path: Path) -> None:
    done = execute(built(FILL.format(fields=""), collector, {"heap": heap}), tmp_path)
    assert done.returncode == 134
    assert done.stdout == b"." * (live_limit(collector, heap) // 16)
    assert done.stderr.decode().splitlines() == [
        "tblvm: trap: out of memory",
        "  at more (test.tba:8)",
        "  at main (test.tba:20)",
    ]


@BOTH
@pytest.mark.parametrize("count", [-1, 2**31 - 1, 2**29, 2**28 + 3, 2**27])
@pytest.mark.parametrize("what", ["NEW 0", "NEWARRAY i64[]", "NEWARRAY i8[]", "NEWARRAY any[]"])
def test_huge_objects(collector: str, count: int, what: str) -> None:
    program = assembled(f".func main()\n CONST {count}\n {what}\n POP\n HALT\n.end\n")
    for stress in (False, True):
        job = Job(program, heap=1 << 16, stress=stress)
        [run] = harness(collector, sanitize=True).run([job])
        assert run.wait_status == 0
        assert run.trap == ("NEGATIVE_SIZE" if count < 0 else "OUT_OF_MEMORY")


# --- much more than fits ---------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("stress", [False, True], ids=["", "stress"])
def test_a_program_allocates_a_hundred_times_its_heap(collector: str, stress: bool) -> None:
    job = Job(assembled(CHURN.format(count=6400)), heap=1024, stress=stress)
    [run] = harness(collector).run([job])
    assert (run.wait_status, run.trap, run.status) == (0, "", 7)
    assert int(run.output) == sum(range(2, 6401))
    if stress:
        assert not differences(job, run)
    else:
        assert len(run.collections) >= 6400 * 16 // 1024 - 2


@BOTH
def test_an_executable_allocates_a_hundred_times_its_heap(collector: str, tmp_path: Path) -> None:
    done = execute(built(CHURN.format(count=60000), collector, {"heap": 9600}), tmp_path)
    assert (done.returncode, done.stderr) == (7, b"")
    assert int(done.stdout) == sum(range(2, 60001))


# A collection costs what is alive: with less of it, the examples take a second instead of ten.
SMALLER = {
    "binary_trees": (
        ("LONG_LIVED i32 10", "LONG_LIVED i32 6"),
        ("tree of depth 10", "tree of depth 6"),
        ("2047", "127"),
    ),
    "list_sort": (("COUNT i32 2000", "COUNT i32 400"), ("2000 numbers", "400 numbers")),
}
# FREE and a collector exclude each other.
COLLECTED = [path for path in EXAMPLES if "    FREE" not in path.read_text()]


@BOTH
@pytest.mark.parametrize("path", COLLECTED, ids=lambda path: path.stem)
def test_examples_collecting_at_every_allocation(collector: str, path: Path, tmp_path: Path) -> None:
    text = path.read_text()
    for given, smaller in SMALLER.get(path.stem, ()):
        assert given in text
        text = text.replace(given, smaller)
    wanted = expected(text)
    done = execute(built(text, collector, {"gc.stress": 1}, path.name), tmp_path, wanted.stdin)
    assert (done.stdout, done.stderr, done.returncode) == (wanted.output, b"", 0)


# --- hard to mark ----------------------------------------------------------------------------------------

NEST = """\
.collector
.class Node
    down: any
    next: Node
.end
; Arrays in arrays in nodes; the last elements are as deep as the first.
.func nest(depth: i32, width: i32) -> any
    .local made: any[], at: i32
    LOAD depth
    JZ leaf
    LOAD width
    NEWARRAY any[]
    STORE made
next:
    LOAD made
    LOAD at
    LOAD depth
    DEC
    LOAD width
    CALL nest
    ASTORE
    LOAD at
    INC
    STORE at
    LOAD at
    LOAD width
    JLT next
    LOAD made
    RET
leaf:
    NEWOBJ Node
    RET
.end
; A list whose elements each hold three things more: the mark stack overflows at each of them.
.func spine(length: i32) -> Node
    .local first: Node, made: Node
next:
    NEWOBJ Node
    STORE made
    LOAD made
    LOAD first
    PUTFIELD Node.next
    LOAD made
    PUSH 1
    PUSH 3
    CALL nest
    PUTFIELD Node.down
    LOAD made
    STORE first
    LOAD length
    DEC
    STORE length
    LOAD length
    JNZ next
    LOAD first
    RET
.end
.func main()
    .local a: any, b: any
    PUSH {depth}
    PUSH {width}
    CALL nest
    STORE a
    PUSH {length}
    CALL spine
    STORE b
    PUSH 100000
    NEW 0
    POP
    NULL any
    STORE a
    PUSH 100000
    NEW 0
    POP
    HALT
.end
"""


@BOTH
@pytest.mark.parametrize(("depth", "width", "length"), [(1, 1000, 1), (3, 9, 60), (7, 2, 300), (2, 3, 900)])
def test_structures_deeper_and_wider_than_the_mark_stack(
    collector: str, depth: int, width: int, length: int
) -> None:
    program = assembled(NEST.format(depth=depth, width=width, length=length))
    job = Job(program, heap=1 << 20)  # holds one of the two large objects besides the structures
    heap = 500_000 if collector == "marksweep" else 1_000_000
    _, outcome, _ = reference(Job(program, heap=500_000))
    assert outcome.trap is None
    [run] = harness(collector).run([Job(program, heap=heap)])
    assert not differences(job, run)
    # The second collection finds the spine and nothing else: each node with an array and three leaves.
    assert run.collections[-1] == (5 * length, (16 + 24 + 3 * 16) * length)
    arrays = sum(width**level for level in range(depth))
    assert run.collections[0][0] in (arrays + width**depth + 5 * length, 5 * length)


# --- fragmentation -----------------------------------------------------------------------------------------

HOLES = """\
.collector
.global kept: any[]
.func fill(count: i32)
    .local at: i32
    LOAD count
    NEWARRAY any[]
    STOREG kept
next:
    LOADG kept
    LOAD at
    PUSH {cells}
    NEW 0
    ASTORE
    LOAD at
    INC
    STORE at
    LOAD at
    LOAD count
    JLT next
    RET
.end
; Drops every `step`-th object.
.func drop(count: i32, step: i32)
    .local at: i32
next:
    LOADG kept
    LOAD at
    NULL any
    ASTORE
    LOAD at
    LOAD step
    ADD
    STORE at
    LOAD at
    LOAD count
    JLT next
    RET
.end
.func main()
    PUSH {count}
    CALL fill
    PUSH {count}
    PUSH {step}
    CALL drop
    PUSH {size}
    NEW 0
    PUSH 0
    LOADM {last}
    PRINT
    HALT
.end
"""


@pytest.mark.parametrize(
    ("cells", "step", "compact"), [(2, 2, False), (3, 2, False), (40, 2, False), (6, 1, True)]
)
def test_holes(cells: int, step: int, compact: bool) -> None:
    """Half of the heap is free: one who moves objects gives it out whole, one who does not joins neighbours."""
    each = (8 + 4 * cells + 7) & ~7
    count = 4096 // each
    size = (count // 2 * each) // 4 - 2 if step == 2 else (count * each) // 4 - 2
    size &= ~1  # so that header and cells are a multiple of 8
    text = HOLES.format(cells=cells, step=step, count=count, size=size, last=size - 1)
    need = (8 + 4 * count + 7 & ~7) + count * each
    [run] = harness("gc.semispace").run([Job(assembled(text), heap=2 * need)])
    assert (run.trap, run.output) == ("", b"0")
    [run] = harness("marksweep").run([Job(assembled(text), heap=need)])
    assert (run.wait_status, run.trap) == (0, "" if compact else "OUT_OF_MEMORY")


def test_mixed_sizes_fit_into_the_holes_of_their_like() -> None:
    """The heap is full of objects of many sizes; every other one is dropped and made again, three times."""
    rng = random.Random(1960)
    work = []
    for _ in range(6):
        sizes = [rng.choice((1, 2, 3, 9, 10, 40, 150)) for _ in range(60)]
        bytes_ = [8 + (4 * size + 7 & ~7) for size in [len(sizes), *sizes]]
        lines = [f" PUSH {len(sizes)}\n NEWARRAY any[]\n STORE kept"]
        lines += [f" LOAD kept\n PUSH {at}\n NEW {size}\n ASTORE" for at, size in enumerate(sizes)]
        for first in (0, 1, 0):
            dropped = range(first, len(sizes), 2)
            lines += [f" LOAD kept\n PUSH {at}\n NULL any\n ASTORE" for at in dropped]
            lines += [f" LOAD kept\n PUSH {at}\n NEW {sizes[at]}\n ASTORE" for at in dropped]
        text = ".func main()\n .local kept: any[]\n" + "\n".join(lines) + "\n {}\n HALT\n.end\n"
        work.append(Job(assembled(text.format("NOP")), heap=sum(bytes_)))
        work.append(Job(assembled(text.format("NEW 1\n POP")), heap=sum(bytes_)))
    expected = harness("marksweep").run(work)
    for job, run in zip(work, expected, strict=True):
        assert not differences(job, run)
    for collector, sanitize in itertools.product(COLLECTORS, (False, True)):
        factor = 1 if collector == "marksweep" else 2
        own = [replace(job, heap=factor * job.heap) for job in work]
        runs = harness(collector, sanitize=sanitize).run(own)
        for run, other in zip(runs, expected, strict=True):
            run.collections = other.collections  # each collector has its own moments
            assert observed(run) == observed(other), collector


@pytest.mark.parametrize(
    ("depth", "heap", "stress", "trap"),
    [
        (120, 1 << 18, True, ""),
        (3000, 200_000, False, ""),
        (3000, 100_000, False, "OUT_OF_MEMORY"),
        (12000, 1 << 20, False, "STACK_OVERFLOW"),
    ],
)
def test_references_wait_in_thousands_of_frames(depth: int, heap: int, stress: bool, trap: str) -> None:
    """Each call of `deep` leaves a node on its caller's operand stack until all calls behind it are done."""
    main = f" PUSH {depth}\n CALL deep\n PUSH 200\n CALL litter\n PUSH 9\n CALL sum\n PRINT\n HALT\n"
    program = assembled(f"{PRELUDE}.func main()\n{main}.end\n")
    job = Job(program, heap=heap, stress=stress)
    [expected] = harness("marksweep").run([job])
    assert (expected.wait_status, expected.trap) == (0, trap)
    assert not differences(job, expected)
    for collector, sanitize in itertools.product(COLLECTORS, (False, True)):
        own = job if collector == "marksweep" else replace(job, heap=2 * heap)
        [run] = harness(collector, sanitize=sanitize).run([own])
        assert run.collections or trap == "STACK_OVERFLOW"
        if not stress:
            run.collections = expected.collections  # each collector has its own moments
        assert observed(run) == observed(expected), collector


@BOTH
def test_reused_memory_is_zero(collector: str) -> None:
    """Objects of many sizes take each other's place; none sees what was there before."""
    text = """\
.func dirty(count: i32) -> i32
    .local made: cells, at: i32, sum: i32
    LOAD count
    NEW 0
    STORE made
next:
    LOAD made
    LOAD at
    LOADM 0
    LOAD sum
    OR
    STORE sum
    LOAD made
    LOAD at
    PUSH -1
    STOREM 0
    LOAD at
    INC
    STORE at
    LOAD at
    LOAD count
    JLT next
    LOAD sum
    RET
.end
.func main()
    .local count: i32, round: i32, sum: i32
again:
    PUSH 1
    STORE count
next:
    LOAD count
    CALL dirty
    LOAD sum
    OR
    STORE sum
    LOAD count
    INC
    STORE count
    LOAD count
    PUSH 60
    JLT next
    LOAD round
    INC
    STORE round
    LOAD round
    PUSH 20
    JLT again
    LOAD sum
    PRINT
    HALT
.end
"""
    jobs = [Job(assembled(text), heap=heap, stress=heap == 600) for heap in (600, 601, 700, 1000, 5000)]
    for run in harness(collector).run(jobs):
        assert (run.trap, run.output, run.wait_status) == ("", b"0", 0)
