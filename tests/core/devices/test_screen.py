"""PIXEL_SET in executables: the file that it leaves, and what is said when there is none."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from PIL import Image

from tests.harness import EVERYWHERE, Job, assembled, compiled, hosted_executable, reference

# A diagonal, and the lower right corner.
DRAW = """
.screen 5, 3
.func main()
  .local i: i32
again:
  LOAD i
  LOAD i
  CONST 0x0A141E
  LOAD i
  INC
  MUL
  PIXEL_SET
  LOAD i
  INC
  STORE i
  LOAD i
  PUSH 3
  JLT again
  PUSH 4
  PUSH 2
  PUSH -1
  PIXEL_SET
  {end}
.end
"""
LEAVE = "PUSH 111\n  PUTCHAR\n  {}\n  HALT"
ONE = ".screen 2, 1\n.func main()\n  PUSH 1\n  PUSH 0\n  PUSH -256\n  PIXEL_SET\n  HALT\n.end\n"
ASK = "GETCHAR\n  POP"
WRITE = "PUSH -1\n  PUSH -1\n  PUSH 0\n  PIXEL_SET"


def check(path: Any) -> None:
    with Image.open(path) as image:
        image.load()
        wanted = {(i, i): tuple(n * (i + 1) for n in (10, 20, 30)) for i in range(3)} | {(4, 2): (255,) * 3}
        assert image.size == (5, 3)
        for place in ((x, y) for x in range(5) for y in range(3)):
            assert image.getpixel(place) == wanted.get(place, (0, 0, 0)), place


TRAP = "PUSH 1\n  PUSH 0\n  DIV\n  POP\n  HALT"


@pytest.mark.parametrize(
    ("target", "end", "status"),
    [*((target, TRAP, 134) for target in EVERYWHERE), (EVERYWHERE[0], "HALT", 0), (EVERYWHERE[0], "RET", 0)],
)
def test_the_file_is_there_whatever_ends_the_program(ready: Any, target: str, end: str, status: int) -> None:
    program = ready(DRAW.format(end=end), target)
    (program.folder / "screen.png").write_text("an old picture")
    assert program.run().returncode == status
    check(program.folder / "screen.png")
    assert [each.name for each in program.folder.glob("*.part")] == []


def test_the_file_can_be_asked_for(ready: Any) -> None:
    program = ready(DRAW.format(end=f"{WRITE}\n  {LEAVE.format(ASK)}"), screen__file="asked \"'\\ä.png")
    process = subprocess.Popen(
        program.words, cwd=program.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None
    assert process.stdout.read(1) == b"o"  # now the program waits for input
    check(program.folder / "asked \"'\\ä.png")
    process.stdin.close()
    process.stdout.close()
    assert process.wait() == 0


@pytest.mark.parametrize("target", EVERYWHERE)
def test_a_file_that_cannot_be_written_is_said(ready: Any, target: str) -> None:
    program = ready(DRAW.format(end=LEAVE.format("")), target, screen__file="missing/screen.png")
    done = program.run()
    message = b"tblvm: cannot write missing/screen.png: system error 2\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, b"o", message)


def test_writing_that_fails_when_asked_for_traps(ready: Any) -> None:
    program = ready(DRAW.format(end=LEAVE.format(WRITE)), screen__file="missing/screen.png")
    done = program.run()
    message, trap, place = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (134, b"o")
    assert message == b"tblvm: cannot write missing/screen.png: system error 2"
    assert trap == b"tblvm: trap: the file cannot be written" and b"main (test.tba:" in place


def test_a_full_disk_is_said_and_leaves_nothing(ready: Any) -> None:
    program = ready(DRAW.format(end="HALT"))
    (program.folder / "screen.png").write_text("an old picture")
    limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh", *program.words]
    done = subprocess.run(limited, cwd=program.folder, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"tblvm: cannot write screen.png: system error 27\n")
    assert (program.folder / "screen.png").read_text() == "an old picture"
    assert sorted(each.name for each in program.folder.iterdir()) == ["program", "screen.png"]


def test_no_file_when_its_name_is_empty(ready: Any) -> None:
    program = ready(DRAW.format(end=WRITE + "\n  HALT"), screen__file="")
    assert program.run().returncode == 0
    assert [each.name for each in program.folder.iterdir()] == ["program"]


def test_the_upper_bits_of_a_color_do_not_matter(ready: Any) -> None:
    program = ready(ONE)
    program.run()
    with Image.open(program.folder / "screen.png") as image:
        assert [image.getpixel((x, 0)) for x in range(2)] == [(0, 0, 0), (255, 255, 0)]


def test_the_largest_screen_is_drawn_at_its_far_corner(ready: Any) -> None:
    text = ".screen 16384, 16384\n.func main()\n  CONST 16383\n  CONST 16383\n  PUSH 1\n  PIXEL_SET\n  HALT\n.end\n"
    assert ready(text, screen__file="").run().returncode == 0


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
def test_without_a_screen_drawing_traps(sanitize: bool) -> None:
    job = Job(assembled(ONE.replace(".screen 2, 1\n", "")))
    [run] = compiled("marksweep", sanitize=sanitize).run([job])
    outcome = reference(job)[1]
    assert run.trap == "NO_SCREEN" and outcome.trap is not None and outcome.trap.name == "NO_SCREEN"


def test_under_sanitizers(tmp_path: Any) -> None:
    verified = assembled(DRAW.format(end="HALT"))
    program = hosted_executable(verified, tmp_path, sanitize=True)
    assert subprocess.run([program], cwd=tmp_path, check=False).returncode == 0
    check(tmp_path / "screen.png")
