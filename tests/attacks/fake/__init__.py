"""Workers that lie: one executable (fake.c), with rules that tests write into it."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

from tblvm.builder.toolchain import zig
from tblvm.isolation import levels, mail
from tblvm.isolation.channel import Worker, started_from
from tblvm.isolation.proxy import Library
from tests.harness.builds import built_of

SOURCE = Path(__file__).parent / "fake.c"
BASE = mail.WORKER_ADDRESS
ANY = 0xFFFFFFFF
_ACTIONS = [
    "answer",
    "end",
    "stop",
    "silent",
    "flood",
    "empty",
    "long",
    "send",
    "hang_up",
    "random",
    "flip",
    "shrink",
    "killed",
    "twice",
]
_NUMBERS = ("ROOM", "MAKE", "FUNCTIONS", "FUNCTION_NAME", "SIGNATURE", "SLOTS", "FUEL", "MEMORY")
_MAGIC = b"tblvm fake rule\0"
_RULE = struct.Struct("<14Q")
_FLAGS = ("-target", "x86_64-linux-musl", "-O1", "-static", "-pthread", "-Wall", "-Wextra", "-Werror")


@dataclass(frozen=True)
class Rule:
    """on: the function of the guest's at which it happens ("" for all), but for the first *skip* times. how: one
    of the actions. kind, what, words, result: the mail that it answers with; result: also of actions."""

    on: str = ""
    how: str = "answer"
    kind: int = mail.DONE
    what: int = 0
    words: Sequence[int] = ()
    result: int = 0
    skip: int = 0

    def packed(self) -> bytes:
        number = mail.numbers()[self.on] if self.on else ANY
        words = (*self.words, *(0,) * mail.WORDS)[: mail.WORDS]
        numbers = (number, self.skip, _ACTIONS.index(self.how), self.kind, self.what, *words, self.result)
        return _RULE.pack(*(each & 0xFFFFFFFFFFFFFFFF for each in numbers))


def executable() -> bytes:
    """The compiled worker, without rules."""

    return (build() / "fake").read_bytes()


def build() -> Path:
    """The folder with it."""

    def make(folder: Path) -> None:
        subprocess.run([zig(), "cc", *_FLAGS, "-o", folder / "fake", SOURCE], check=True)

    return built_of([SOURCE], (_FLAGS, version("ziglang")), make)


def image(rules: Sequence[Rule], seed: int = 1) -> int:
    """A descriptor of a worker with these rules."""
    content = executable()
    at = content.index(_MAGIC) + len(_MAGIC)
    numbers = [mail.numbers()[each] for each in _NUMBERS]
    head = struct.pack("<18Q", seed, len(rules), *numbers, *[ANY] * (16 - len(numbers)))
    script = head + b"".join(each.packed() for each in rules)
    return started_from(content[:at] + script + content[at + len(script) :])


@contextmanager
def lying(rules: Sequence[Rule], seed: int = 1) -> Iterator[list[Worker]]:
    """Programs at level process are loaded into such workers; gives those that were started."""
    descriptor, started = image(rules, seed), []

    def launch(size: int) -> Worker:
        started.append(Worker(descriptor, size))
        return started[-1]

    library = Library("process", launch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(levels, "library", lambda level, words: library)
        try:
            yield started
        finally:
            os.close(descriptor)
