"""Whole programs, from their text to what a user sees: output, messages, exit status."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tblvm.builder.host import command
from tblvm.builder.pipeline import build, translate
from tblvm.builder.resolve import Request
from tblvm.core.registry import Registry
from tests.harness import ENGINE, TARGETS, Job, assembled, compiled, differences, hosted_executable
from tests.programs import EXAMPLES, STOPPED, expected

ROOT = Path(__file__).parent.parent
TBBUILD = [sys.executable, "-c", "from tblvm.builder.cli import main; main()"]


# Where what is built runs, and engines that make executables in a way of their own.
PLACES = (*((target, ENGINE) for target in TARGETS), (TARGETS[0], "aot"))


@pytest.mark.parametrize(("target", "engine"), PLACES)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_says_what_it_expects(
    path: Path, target: str, engine: str, registry: Registry, tmp_path: Path
) -> None:
    wanted = expected(path.read_text())
    module = translate(path.read_bytes(), str(path), registry)
    artifact = build(module, registry, Request(target=target, engine=engine))
    program = tmp_path / "program"
    program.write_bytes(artifact.image)
    program.chmod(0o755)
    run = command(artifact.plan.target, program)
    done = subprocess.run(run, cwd=tmp_path, input=wanted.stdin, capture_output=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (wanted.output, b"", 0)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_in_the_reference_interpreter(path: Path) -> None:
    """In a process of its own: counting the lines of two million instructions takes minutes."""
    wanted = expected(path.read_text())
    words = [sys.executable, "-m", "tests.reference", str(path)]
    done = subprocess.run(words, cwd=ROOT, input=wanted.stdin, capture_output=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (wanted.output, b"", 0)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_under_sanitizers(path: Path, tmp_path: Path) -> None:
    """The runtime that a build composes, entry point and all, with another compiler's checks."""
    wanted = expected(path.read_text())
    program = hosted_executable(assembled(path.read_text()), tmp_path, sanitize=True)
    done = subprocess.run([program], cwd=tmp_path, input=wanted.stdin, capture_output=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (wanted.output, b"", 0)


@pytest.mark.parametrize(("target", "engine"), PLACES)
@pytest.mark.parametrize("name", STOPPED)
def test_what_stops_a_program_is_said(name: str, target: str, engine: str, tmp_path: Path) -> None:
    case = STOPPED[name]
    (tmp_path / "stopped.tba").write_text(case.text)
    words = [*TBBUILD, "--target", target, "--engine", engine, "--run", "-q", *case.arguments, "stopped.tba"]
    done = subprocess.run(
        words, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    first, *trace = done.stderr.splitlines()
    assert (first, done.returncode) == (f"tblvm: trap: {case.message}", case.status)
    for place, line in zip(case.places, [*trace[: len(case.places) - 1], trace[-1]], strict=True):
        assert line.startswith("  ") and place in line, done.stderr


@pytest.mark.parametrize("name", [name for name in STOPPED if name not in ("time", "fuel")])
def test_what_stops_a_program_under_sanitizers(name: str, tmp_path: Path) -> None:
    program = hosted_executable(assembled(STOPPED[name].text), tmp_path, sanitize=True)
    done = subprocess.run([program], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.stderr.splitlines()[0], done.returncode) == (f"tblvm: trap: {STOPPED[name].message}", 134)


@pytest.mark.parametrize("target", TARGETS)
def test_a_deadline_ends_a_blocking_read(target: str, tmp_path: Path) -> None:
    (tmp_path / "read.tba").write_text(".func main()\n  READ\n  PRINT\n  HALT\n.end\n")
    process = subprocess.Popen(
        [*TBBUILD, "--target", target, "--run", "-q", "--timeout", "100ms", "read.tba"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    message = process.stderr.read()  # standard input stays open: only the deadline ends the read
    assert process.wait() == 124
    assert message.splitlines() == ["tblvm: trap: interrupted: the time is up", "  at main (read.tba:2)"]


@pytest.mark.parametrize("target", TARGETS)
def test_a_deadline_ends_a_write_that_nobody_reads(target: str, tmp_path: Path) -> None:
    (tmp_path / "write.tba").write_text(".func main()\nagain:\n  PUSH 65\n  PUTCHAR\n  JMP again\n.end\n")
    process = subprocess.Popen(
        [*TBBUILD, "--target", target, "--run", "-q", "--timeout", "300ms", "write.tba"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,  # fills up
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None and process.stdout is not None
    message = process.stderr.read()
    assert process.wait() == 124
    process.stdout.close()
    assert message.splitlines()[0] == "tblvm: trap: interrupted: the time is up"


def test_the_entry_points_result_is_the_exit_status(tmp_path: Path) -> None:
    (tmp_path / "status.tba").write_text(".func main() -> i32\n  CONST 1000042\n  RET\n.end\n")
    done = subprocess.run([*TBBUILD, "--run", "-q", "status.tba"], cwd=tmp_path, check=False)
    assert done.returncode == 1000042 & 0xFF


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_collecting_at_every_allocation(path: Path, sanitize: bool) -> None:
    """References that a map forgets are lost at once."""
    verified = assembled(path.read_text())
    uses_free = any(form.declaration.name == "FREE" for form in verified.forms)
    harness = compiled("freelist" if uses_free else "marksweep", sanitize=sanitize)
    job = Job(verified, expected(path.read_text()).stdin, heap=1 << 17, stress=not uses_free)
    [run] = harness.run([job])
    assert (run.output, run.trap, run.wait_status) == (expected(path.read_text()).output, "", 0)


def test_differences_are_seen() -> None:
    """The comparison itself can fail: another program's run is not this one's."""
    one, two = (assembled(f".func main()\n  PUSH {n}\n  PRINT\n  HALT\n.end\n") for n in (1, 2))
    [run] = compiled("marksweep").run([Job(one)])
    assert not differences(Job(one), run)
    assert any(each.startswith("output") for each in differences(Job(two), run))
