"""A collector from outside the rooms, which moves objects, runs everything that the built-in one runs.

Under stress every allocation moves every object and poisons where it was: whoever does not read a
reference again from its home slot after a safepoint is found out.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.differential.programs import sketch
from tests.differential.test_opcodes import FORMS, SCALE, SEED, jobs
from tests.harness import Job, assembled, compiled, differences, registry
from tests.programs import expected

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FOLDER = HERE / "semispace"
EXAMPLES = [path for path in sorted((ROOT / "examples").glob("*.tba")) if "    FREE" not in path.read_text()]


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
def test_every_opcode(sanitize: bool) -> None:
    """A sample of the differential tests: for each form what runs in order, and what traps, under stress."""
    harness = compiled("gc.semispace", plugins=(FOLDER,), sanitize=sanitize)
    assert harness.composition.plan.interfaces["collector"] == "gc.semispace"
    rng = random.Random(1970)
    chosen = rng.sample(sorted(FORMS), 25 if sanitize else 60)
    work = []
    for name in chosen:
        those = list(jobs(FORMS[name], 50, 1))
        work += [Job(j.verified, j.stdin, j.fuel, j.stack, 1 << 16, stress=True) for j in those]
    for job, run in zip(work, harness.run(work), strict=True):
        found = differences(job, run, reg=registry((FOLDER,)))
        assert not found, found


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
def test_random_programs(sanitize: bool) -> None:
    """Programs with classes, calls of their methods and strings, every object moved at every allocation."""
    harness = compiled("gc.semispace", plugins=(FOLDER,), sanitize=sanitize, more=("nan.canonical",))
    programs = [
        sketch(random.Random(f"{SEED} moved {number}")) for number in range((15 if sanitize else 60) * SCALE)
    ]
    work = [Job(assembled(p.text), p.stdin, p.fuel, p.stack, 1 << 18, stress=True) for p in programs]
    for number, (job, run) in enumerate(zip(work, harness.run(work), strict=True)):
        if run.trap == "OUT_OF_MEMORY":  # half of the heap is empty: it ends sooner than the reference's
            continue
        found = differences(job, run, reg=registry((FOLDER,)), canonical=True)
        assert not found, f"seed {SEED}, program {number}: {found}\n{programs[number].text}"


def command(*arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    code = "from tblvm.builder.cli import main; main()"
    line = [sys.executable, "-c", code, "-p", FOLDER, "--features", "gc.semispace", *arguments]
    return subprocess.run(
        [str(each) for each in line], input=stdin, capture_output=True, text=True, check=False, timeout=100
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # some write files
    wanted = expected(path.read_text())
    done = command("-q", path, "--run", stdin=wanted.stdin.decode())
    assert (done.stdout, done.stderr, done.returncode) == (wanted.output.decode(), "", 0)


def test_the_plan_tells_why_it_is_there() -> None:
    done = command("--explain", ROOT / "examples" / "binary_trees.tba")
    assert done.returncode == 0, done.stderr
    assert "gc.semispace" in done.stdout and "--features gc.semispace" in done.stdout
    assert "gc.marksweep" not in done.stdout


def test_the_report_has_its_row(tmp_path: Path) -> None:
    done = command("--json", "-o", tmp_path / "trees", ROOT / "examples" / "binary_trees.tba")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    [row] = [each for each in report["libraries"] if each["name"] == "gc.semispace"]
    assert row["text"] > 0
    assert {each["item"] for each in report["rows"] if each["owner"] == "gc.semispace"}
    assert "gc.marksweep" not in {each["name"] for each in report["libraries"]}


def test_two_collectors_are_refused() -> None:
    done = command("--features", "gc.semispace,gc.marksweep", ROOT / "examples" / "binary_trees.tba")
    assert done.returncode == 4
    assert "gc.semispace" in done.stderr and "gc.marksweep" in done.stderr


def test_objects_move() -> None:
    """What a global holds is another number after each collection, and still the same object."""
    text = """\
.global kept: cells
.func main()
    NEW 1
    STOREG kept
    LOADG kept
    PUSH 0
    PUSH 77
    STOREM 0
    {litter}
    LOADG kept
    PUSH 0
    LOADM 0
    PRINT
    HALT
.end
"""
    work = [Job(assembled(text.format(litter="NEW 2\n POP\n" * n)), heap=4096, stress=True) for n in range(4)]
    runs = compiled("gc.semispace", plugins=(FOLDER,)).run(work)
    assert [run.output for run in runs] == [b"77"] * 4
    first, second, third, fourth = (run.globals[0] for run in runs)
    assert first == third != second == fourth
