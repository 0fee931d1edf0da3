"""PROMPT_READ in executables; its lines against the model are in the differential tests."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.harness import TARGETS

ECHO = """
.func main()
again:
  CONST "> "
  PROMPT_READ
  DUP
  JNULL end
  PRINT
  PUSH 10
  PUTCHAR
  JMP again
end:
  POP
  HALT
.end
"""


@pytest.mark.parametrize("target", TARGETS)
def test_a_prompt_is_there_before_its_line_is_waited_for(ready: Any, target: str) -> None:
    made = ready(ECHO, target)
    process = subprocess.Popen(made.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert process.stdin is not None and process.stdout is not None
    seen = b""
    for line in (b"one\n", "zwölf €\r\n".encode(), b"\n", b"bad \xff\n"):
        while not seen.endswith(b"> "):
            seen += process.stdout.read(1)
        seen = b""
        process.stdin.write(line)
        shown = process.stdout.readline()
        assert shown == line.replace(b"\r", b"").replace(b"\xff", "\ufffd".encode())
    process.stdin.write(b"last")
    process.stdin.close()
    assert process.stdout.read() == b"> last\n> "
    process.stdout.close()
    assert process.wait() == 0


def test_a_line_that_is_too_long_traps(ready: Any) -> None:
    made = ready(ECHO, prompt__line=16)
    assert made.run(b"x" * 16 + b"\n").returncode == 0
    done = made.run(b"x" * 17 + b"\n")
    assert (done.returncode, done.stdout) == (134, b"> ")
    assert done.stderr.splitlines()[0] == b"tblvm: trap: a line of input is too long"


def test_lines_end_when_the_heap_does(ready: Any) -> None:
    done = ready(ECHO, "x86_64-linux", "memory.bump", heap=64).run(b"12345678\n" * 9)
    assert (done.returncode, done.stdout.count(b"12345678")) == (134, 4)
    assert done.stderr.splitlines()[0] == b"tblvm: trap: out of memory"


def test_a_null_prompt_prints_nothing(ready: Any) -> None:
    text = ".func main()\n  NULL string\n  PROMPT_READ\n  PRINT\n  HALT\n.end\n"
    assert ready(text).run(b"line\n").stdout == b"line"
    assert ready(text).run().stdout == b"null"


def test_a_line_s_own_carriage_returns_stay(ready: Any) -> None:
    assert ready(ECHO).run(b"a\rb\r\r\nc\r").stdout == b"> a\rb\r\n> c\r\n> "
