"""Programs for many jobs, and functions of the host that can go into other processes."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

# What an input is divided by, seen by the host; how often this instance was called; input to output; no end.
TEXT = b"""
.import seen(n: i32) -> i32: "env", "seen"
.global calls: i32
.func main() -> i32
    .local c: i32
again:
    GETCHAR
    STORE c
    LOAD c
    PUSH 0
    JLT done
    LOAD c
    PUTCHAR
    JMP again
done:
    PUSH 7
    RET
.end
.export div
.export told
.export count
.export spin
.export say
.func div(a: i32, b: i32) -> i32
    LOAD a
    LOAD b
    DIV
    RET
.end
.func told(n: i32) -> i32
    LOAD n
    CALL seen
    RET
.end
.func count() -> i32
    LOADG calls
    INC
    STOREG calls
    LOADG calls
    RET
.end
.func spin(n: i32) -> i32
    LOAD n
    JZ done
again:
    JMP again
done:
    PUSH 1
    RET
.end
.func say(n: i32) -> i32
    LOAD n
    PRINT
    PUSH 1
    LOAD n
    DIV
    RET
.end
"""


# The same without the host, for the command.
PLAIN = TEXT.decode().replace(
    '.import seen(n: i32) -> i32: "env", "seen"\n', ".func seen(n: i32) -> i32\nLOAD n\nRET\n.end\n"
)


@dataclass(frozen=True)
class Seen:
    """Writes each number that it is told into a file. At *kills* it kills its process, by kill -9; at *raises* it
    raises. once: a file whose being there stops it from killing again."""

    path: str
    kills: int = -1
    raises: int = -1
    once: str = ""

    def __call__(self, n: int) -> int:
        with Path(self.path).open("a") as file:  # one write, at the file's end
            file.write(f"{n}\n")
        if n == self.raises:
            raise LookupError(f"nothing at {n}")
        if n == self.kills and not (self.once and Path(self.once).exists()):
            if self.once:
                Path(self.once).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return n + 1

    @property
    def all(self) -> list[int]:
        """What it was told, in the order of the file."""
        return [int(line) for line in Path(self.path).read_text().split()]
