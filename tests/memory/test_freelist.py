"""The allocator with FREE against a model of it: random programs that allocate, give back, give back twice,
and go on using what they gave back.

The model knows which block each object takes, so it says of every stale access what it reads: an object
without cells while the block is free, the object that took its place afterwards. Nothing ever leaves the
cage: the same programs run under AddressSanitizer.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field

import pytest

from tests.harness import Job, assembled, compiled, differences

SEED = int(os.environ.get("TBLVM_TEST_SEED", "1996"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
SLOTS = 12  # variables that hold references, several of them to one object
BOTH = pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])


def size_class(cells: int) -> int:
    """Bytes of the block that an object of so many cells takes: powers of two, and one between each."""
    size = max(16, 8 + (4 * cells + 7 & ~7))
    power = 1 << (size - 1).bit_length()
    return power // 4 * 3 if size <= power // 4 * 3 else power


@dataclass
class Block:
    size: int
    cells: list[int]
    free: bool = False


@dataclass
class Model:
    """What the allocator does. left: bytes of the heap that were never given out."""

    left: int
    lists: dict[int, list[Block]] = field(default_factory=dict)

    def allocate(self, cells: int) -> Block | None:
        size = size_class(cells)
        if size <= self.left:
            self.left -= size
            return Block(size, [0] * cells)
        free = self.lists.get(size)
        if not free:
            return None
        block = free.pop()
        block.cells, block.free = [0] * cells, False
        return block

    def release(self, block: Block) -> bool:
        if block.free:
            return False
        block.cells, block.free = [], True
        self.lists.setdefault(block.size, []).append(block)
        return True


@dataclass
class Script:
    """A generated program, and what it must print and how it must end."""

    rng: random.Random
    heap: int
    lines: list[str] = field(default_factory=list)
    output: str = ""
    trap: str = ""

    def write(self, steps: int, wild: float) -> None:
        model = Model(self.heap & ~7)
        slots: list[Block | None] = [None] * SLOTS
        sizes = self.rng.choice(([1, 2], [3, 5, 6], list(range(1, 40)), [0, 1, 200, 13]))
        for _ in range(steps):
            at = self.rng.randrange(SLOTS)
            block = slots[at]
            action = self.rng.random()
            if action < 0.35:
                cells = self.rng.choice(sizes)
                counted = cells == 0 or self.rng.random() < 0.5
                self.emit(f"PUSH {cells}\n NEW 0" if counted else f"NEW {cells}", f"STORE {at}")
                slots[at] = model.allocate(cells)
                if slots[at] is None:
                    self.trap = "OUT_OF_MEMORY"
            elif action < 0.45:
                other = self.rng.randrange(SLOTS)
                self.emit(f"LOAD {at}", f"STORE {other}")
                slots[other] = block
            elif action < 0.65:
                if block is not None and block.free and self.rng.random() > wild:
                    continue
                self.emit(f"LOAD {at}", "FREE")
                if block is not None and not model.release(block):
                    self.trap = "BAD_FREE"
            else:
                index = self.rng.randrange(-1, 50) if self.rng.random() < wild else 0
                good = block is not None and 0 <= index < len(block.cells)
                if not good and self.rng.random() > wild:
                    continue
                self._access(at, block, index)
            if self.trap:
                return

    def _access(self, at: int, block: Block | None, index: int) -> None:
        value = self.rng.randrange(-(2**31), 2**31)
        store = self.rng.random() < 0.5
        self.emit(f"LOAD {at}", f"PUSH {index}")
        self.emit(*((f"CONST {value}", "STOREM 0") if store else ("LOADM 0", "PRINT", "PUSH 32", "PUTCHAR")))
        if block is None:
            self.trap = "NULL_REFERENCE"
        elif not 0 <= index < len(block.cells):
            self.trap = "BAD_INDEX"
        elif store:
            block.cells[index] = value
        else:
            self.output += f"{block.cells[index]} "

    def emit(self, *lines: str) -> None:
        self.lines += [f" {line}" for line in lines]

    def text(self) -> str:
        locals_ = ", ".join(f"r{i}: cells" for i in range(SLOTS))
        return f".func main()\n .local {locals_}\n" + "\n".join(self.lines) + "\n HALT\n.end\n"


@BOTH
@pytest.mark.parametrize("batch", range(3 * SCALE))
def test_against_a_model(batch: int, sanitize: bool) -> None:
    scripts = []
    for number in range(30 if sanitize else 60):
        rng = random.Random(f"{SEED} {batch} {number}")
        script = Script(rng, rng.choice((rng.randrange(16, 400), rng.randrange(400, 3000), 1 << 16)))
        script.write(rng.choice((20, 150, 400)), rng.choice((0, 0.005, 0.1)))
        scripts.append(script)
    jobs = [Job(assembled(script.text()), heap=script.heap) for script in scripts]
    for number, (script, run) in enumerate(
        zip(scripts, compiled("freelist", sanitize=sanitize).run(jobs), strict=True)
    ):
        got = (run.wait_status, run.trap, run.output.decode())
        assert got == (0, script.trap, script.output), f"seed {SEED} {batch} {number}, heap {script.heap}"


def test_the_model_meets_every_end() -> None:
    """The generator reaches what the test is for: it would prove little if every program ended in order."""
    ends = set()
    for number in range(300):
        rng = random.Random(f"{SEED} {number}")
        script = Script(rng, rng.choice((100, 600, 1 << 16)))
        script.write(150, rng.choice((0, 0.005, 0.1)))
        ends.add(script.trap)
    assert ends == {"", "OUT_OF_MEMORY", "BAD_FREE", "BAD_INDEX", "NULL_REFERENCE"}


@BOTH
@pytest.mark.parametrize("cells", [*range(1, 14), 22, 30, 31, 46, 62, 63, 1000, 2000])
def test_a_block_serves_its_size_class_and_no_other(cells: int, sanitize: bool) -> None:
    """The heap holds one block; after FREE it holds any object of the class, and nothing larger."""
    harness = compiled("freelist", sanitize=sanitize)
    block = size_class(cells)
    same = [n for n in range(max(1, cells - 3), cells + 4) if size_class(n) == block]
    other = [n for n in range(1, 2 * cells + 4) if size_class(n) != block]
    program = ".func main()\n NEW {0}\n FREE\n NEW {1}\n PUSH {2}\n LOADM 0\n PRINT\n HALT\n.end\n"
    jobs = [Job(assembled(program.format(cells, n, n - 1)), heap=block) for n in same]
    assert [(run.trap, run.output) for run in harness.run(jobs)] == [("", b"0")] * len(same)
    sample = random.Random(cells).sample(other, min(8, len(other)))
    jobs = [Job(assembled(program.format(cells, n, n - 1)), heap=block) for n in sample]
    assert {run.trap for run in harness.run(jobs)} <= {"OUT_OF_MEMORY"}


@BOTH
def test_a_freed_object_has_no_cells_and_its_successor_no_old_values(sanitize: bool) -> None:
    program = """\
.func main()
    .local old: cells, new: cells
    NEW 4
    STORE old
    LOAD old
    PUSH 3
    PUSH 99
    STOREM 0
    LOAD old
    FREE
    {then}
    HALT
.end
"""
    ends = {
        "LOAD old\n PUSH 0\n LOADM 0\n PRINT": ("BAD_INDEX", b""),
        "LOAD old\n PUSH 0\n PUSH 5\n STOREM 0": ("BAD_INDEX", b""),
        "LOAD old\n FREE": ("BAD_FREE", b""),
        "NULL cells\n FREE\n PUSH 1\n PRINT": ("", b"1"),
        # Another object of the class takes its place, and the old reference names it now.
        "NEW 3\n STORE new\n LOAD new\n PUSH 1\n PUSH 7\n STOREM 0\n LOAD old\n PUSH 1\n LOADM 0\n PRINT": (
            "",
            b"7",
        ),
        "NEW 3\n STORE new\n LOAD old\n PUSH 3\n LOADM 0\n PRINT": ("BAD_INDEX", b""),
        "NEW 4\n PUSH 3\n LOADM 0\n PRINT": ("", b"0"),
        "NEW 4\n STORE new\n LOAD old\n FREE\n LOAD new\n FREE": ("BAD_FREE", b""),
    }
    jobs = [Job(assembled(program.format(then=then)), heap=24) for then in ends]
    runs = compiled("freelist", sanitize=sanitize).run(jobs)
    assert [(run.trap, run.output) for run in runs] == list(ends.values())


@BOTH
def test_small_heaps(sanitize: bool) -> None:
    program = assembled(".func main()\nnext:\n NEW 2\n POP\n PUSH 46\n PUTCHAR\n JMP next\n.end\n")
    jobs = [Job(program, heap=heap) for heap in range(260)]
    for job, run in zip(jobs, compiled("freelist", sanitize=sanitize).run(jobs), strict=True):
        assert (run.wait_status, run.trap) == (0, "OUT_OF_MEMORY")
        assert run.output == b"." * (job.heap // 16)


@BOTH
@pytest.mark.parametrize("count", [2**31 - 1, 2**29, 2**29 - 3, 2**29 - 4, 2**28, 2**24, -1, -(2**31)])
def test_huge_objects(count: int, sanitize: bool) -> None:
    job = Job(assembled(f".func main()\n CONST {count}\n NEW 0\n FREE\n HALT\n.end\n"), heap=1 << 16)
    [run] = compiled("freelist", sanitize=sanitize).run([job])
    assert (run.wait_status, run.trap) == (0, "NEGATIVE_SIZE" if count < 0 else "OUT_OF_MEMORY")


@BOTH
def test_a_program_that_gives_back_runs_for_ever(sanitize: bool) -> None:
    """Far more than the heap in all; each size class gets a block and keeps it."""
    body = "".join(f" NEW {cells}\n FREE\n" for cells in (1, 2, 3, 4, 8, 9, 20, 30, 60))
    text = f".func main()\n .local left: i32\n PUSH 2000\n STORE left\nnext:\n{body}"
    text += " LOAD left\n DEC\n DUP\n STORE left\n JNZ next\n HALT\n.end\n"
    job = Job(assembled(text), heap=1024)
    [run] = compiled("freelist", sanitize=sanitize).run([job])
    assert not differences(job, run, collector=False)


@BOTH
@pytest.mark.parametrize(
    ("made", "trap"),
    [
        ("NEW 22", ""),
        ("PUSH 88\n NEWARRAY u8[]", "OUT_OF_MEMORY"),
        ("PUSH 22\n NEWARRAY K[]", "OUT_OF_MEMORY"),
        ("NEWOBJ K", "OUT_OF_MEMORY"),
        ('CONST "1234567890123456789012345678901234567890"\n DUP\n SCONCAT', "OUT_OF_MEMORY"),
    ],
)
def test_only_cells_take_the_place_of_cells(made: str, trap: str, sanitize: bool) -> None:
    """A reference that dangles reads a length in cells: what has one in bytes must never stand there."""
    fields = "\n".join(f" f{i}: any" for i in range(22))
    text = f".class K\n{fields}\n.end\n.func main()\n NEW 22\n FREE\n {made}\n POP\n HALT\n.end\n"
    [run] = compiled("freelist", sanitize=sanitize).run([Job(assembled(text), heap=96)])
    assert (run.wait_status, run.trap) == (0, trap)
