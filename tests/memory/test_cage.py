"""The cage: string constants below the heap, and the allocator that never gives back, in executables."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from tblvm.builder.pipeline import Artifact, build, translate
from tblvm.builder.resolve import Request
from tblvm.core.registry import Registry
from tests.harness import Job, assembled, compiled, differences

FILL = ".func main()\nnext:\n NEW 2\n POP\n PUSH 46\n PUTCHAR\n JMP next\n.end\n"
TEXTS = (
    "",
    "a",
    "plain ASCII\n",
    "café ÿ \x80",
    "€",
    "x€é",
    "\U0001f600 in pairs",
    "\x00 and \x7f",
    "long " * 500,
    "länger " * 300,
    "längst € " * 200,
)


def built(text: str, registry: Registry, **options: int) -> Artifact:
    module = translate(text.encode(), "test.tba", registry)
    return build(module, registry, Request(options=options))


def execute(artifact: Artifact, folder: Path) -> subprocess.CompletedProcess[bytes]:
    (folder / "program").write_bytes(artifact.image)
    (folder / "program").chmod(0o755)
    return subprocess.run([folder / "program"], capture_output=True, check=False, timeout=100)


def literal(text: str) -> str:
    """*text* as assembly writes it, all but plain letters escaped."""
    return '"' + "".join(c if c.isalnum() and c.isascii() else f"\\u{{{ord(c):x}}}" for c in text) + '"'


def printing(texts: list[str], *, between: str = "") -> str:
    """A program that prints its texts, the last first, with allocations between."""
    lines = [f" CONST {literal(text)}" for text in texts]
    return ".func main()\n" + "\n".join(lines) + (f"\n{between} PRINT" * len(texts)) + "\n HALT\n.end\n"


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
@pytest.mark.parametrize("heap", ["marksweep", "freelist"])
def test_strings_are_below_the_heap_and_stay(heap: str, sanitize: bool) -> None:
    """Strings of every kind wait on the operand stack while the heap beside them fills and is collected."""
    rng = random.Random(16)
    work = []
    for _ in range(12):
        texts = rng.sample(TEXTS, rng.randrange(1, len(TEXTS)))
        text = printing(texts, between=" NEW 30\n POP\n")
        work.append((Job(assembled(text), heap=rng.choice((2048, 4096)), stress=heap == "marksweep"), texts))
    runs = compiled(heap, sanitize=sanitize).run([job for job, _ in work])
    for (job, texts), run in zip(work, runs, strict=True):
        assert run.output == "".join(reversed(texts)).encode()
        assert not differences(job, run, collector=heap != "freelist")


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("allocating", [False, True], ids=["no heap", "heap"])
def test_a_string_in_an_executable(text: str, allocating: bool, registry: Registry, tmp_path: Path) -> None:
    program = printing([text], between=" NEW 3\n POP\n" if allocating else "")
    artifact = built(program, registry)
    assert ("cage" in artifact.plan.interfaces) == allocating
    done = execute(artifact, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, text.encode(), b"")


def test_strings_are_the_same_object_and_no_other(registry: Registry, tmp_path: Path) -> None:
    text = '.func main()\n CONST "a"\n CONST "a"\n REFEQ\n PRINT\n CONST "a"\n CONST "b"\n REFEQ\n PRINT\n'
    text += ' CONST ""\n NULL any\n REFEQ\n PRINT\n NEW 1\n CONST ""\n REFEQ\n PRINT\n HALT\n.end\n'
    assert execute(built(text, registry), tmp_path).stdout == b"1000"


# --- bump -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("heap", [64, 65, 71, 72, 80, 1000, 65536, 1_000_001])
def test_bump_gives_out_all_of_the_heap(heap: int, registry: Registry, tmp_path: Path) -> None:
    artifact = built(FILL, registry, heap=heap)
    assert artifact.plan.interfaces["heap"] == "memory.bump"
    done = execute(artifact, tmp_path)
    assert (done.returncode, done.stdout) == (134, b"." * (heap // 16))
    assert done.stderr.decode().splitlines() == ["tblvm: trap: out of memory", "  at main (test.tba:3)"]


def test_objects_keep_apart(registry: Registry, tmp_path: Path) -> None:
    """Objects of every size up to 40 cells: each is zero at first, and keeps what only it is given."""
    lines = [f" PUSH {size}\n CALL filled" for size in range(1, 41)]
    lines += [" CALL total\n PRINT\n PUSH 32\n PUTCHAR"] * 40
    text = """\
.func filled(size: i32) -> cells
    .local made: cells, at: i32
    LOAD size
    NEW 0
    STORE made
next:
    LOAD made
    LOAD at
    LOAD made
    LOAD at
    LOADM 0
    LOAD size
    ADD
    STOREM 0
    LOAD at
    INC
    STORE at
    LOAD at
    LOAD size
    JLT next
    LOAD made
    RET
.end
.func total(object: cells) -> i32
    .local at: i32, sum: i32, size: i32
    LOAD object
    PUSH 0
    LOADM 0
    STORE size
next:
    LOAD object
    LOAD at
    LOADM 0
    LOAD sum
    ADD
    STORE sum
    LOAD at
    INC
    STORE at
    LOAD at
    LOAD size
    JLT next
    LOAD sum
    RET
.end
.func main()
"""
    done = execute(built(text + "\n".join(lines) + "\n HALT\n.end\n", registry), tmp_path)
    assert done.stdout.split() == [b"%d" % (size * size) for size in range(40, 0, -1)]
    assert done.returncode == 0


@pytest.mark.parametrize("count", [-1, 2**31 - 1, 2**29, 2**22])
def test_sizes_that_do_not_fit(count: int, registry: Registry, tmp_path: Path) -> None:
    done = execute(
        built(f".func main()\n CONST {count}\n NEW 0\n POP\n HALT\n.end\n", registry, heap=1 << 20), tmp_path
    )
    message = "negative size" if count < 0 else "out of memory"
    assert (done.returncode, done.stderr.decode().splitlines()[0]) == (134, f"tblvm: trap: {message}")
