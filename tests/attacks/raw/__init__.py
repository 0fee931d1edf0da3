"""What a bare Linux lets native code do behind protection keys: the attacks without any wall but the keys.

Each shows that a danger is real, and that the tests of the walls against it can fail. The C in c/ is one static
executable: `raw CASE [sealed]` puts up a wall (a page with a secret under a key that is denied), sees that it
holds, goes round it in the way of that case, and says how it ended (c/raw.h). RAW has the cases by the numbers of
tests/attacks/attacks.toml; FACTS those that belong to none and shape the design.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.harness.builds import built_of

HERE = Path(__file__).parent
_COMPILER = ("gcc", "-std=gnu11", "-static", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread")

LEAK, DENIED, SURVIVES, WITHOUT = "leak", "denied", "survives", "without"
KILLED = "SIGSEGV"


@dataclass(frozen=True, slots=True)
class Case:
    """name: as the executable takes it. attack: its number, 0 for what belongs to none. what: in a line. bare: how
    it ends on a bare kernel; newer: from which kernel on it ends in another way, and in which; sealed: how it ends where the
    page is sealed by mseal besides, "" where that has no part in it."""

    name: str
    attack: int
    what: str
    bare: str
    sealed: str = ""
    newer: tuple[tuple[int, int], str] | None = None

    def expected(self, kernel: tuple[int, int], sealed: bool) -> str:
        if sealed:
            return self.sealed if kernel >= MSEAL else WITHOUT
        return self.newer[1] if self.newer and kernel >= self.newer[0] else self.bare


# The first kernel with mseal.
MSEAL = (6, 10)

CASES = (
    Case("xrstor", 10, "XRSTOR with the bit of PKRU clear gives all rights", LEAK, LEAK),
    Case("pkey_mprotect", 19, "pkey_mprotect takes the key away", LEAK, DENIED),
    Case("execute-only", 20, "mprotect to execute-only and back takes the key away", LEAK, DENIED),
    Case("mmap-over", 21, "a new mapping over the page has key 0", LEAK, DENIED),
    Case("munmap", 22, "the page is unmapped and another put there", LEAK, DENIED),
    Case("mremap-over", 24, "a page of the attacker's is moved over it", LEAK, DENIED),
    Case("mremap-away", 24, "the page is moved: its key goes along", DENIED, DENIED),
    Case("vm-readv", 25, "process_vm_readv reads it", LEAK, LEAK),
    Case("vm-writev", 25, "process_vm_writev writes it", LEAK, LEAK),
    Case("proc-mem-read", 26, "/proc/self/mem reads it", LEAK, LEAK),
    Case("proc-mem-write", 26, "/proc/self/mem writes it", LEAK, LEAK),
    Case("ptrace", 27, "a traced copy of the process shows it", LEAK, LEAK),
    Case("two-mappings", 28, "another mapping of the same file has key 0", LEAK),
    Case("userfaultfd", 29, "userfaultfd fills the page", LEAK, DENIED),
    Case("int-0x80", 30, "pkey_mprotect by its number of 32 bits", LEAK, DENIED),
    Case("io_uring", 33, "io_uring writes it to a pipe: with the thread's rights", DENIED, DENIED),
    Case("io_uring-worker", 33, "so does a thread of the kernel that the attacker starts", DENIED, DENIED),
    Case(
        "io_uring-older", 33, "a thread of the kernel that is older than the wall has all rights", LEAK, LEAK
    ),
    Case("io_uring-open", 33, "io_uring opens a file that a filter of system calls kills for", LEAK),
    Case("filtered-open", 33, "that filter does kill", "SIGSYS"),
    Case("pkey_free", 34, "the key is freed and allocated again", LEAK, LEAK),
    Case("all-keys", 35, "15 keys can be had", DENIED),
    Case("all-keys-but-one", 35, "14 where the process has execute-only memory", DENIED),
    Case("sigreturn", 41, "a signal frame in which PKRU was changed", LEAK, LEAK),
    Case("signal", 42, "a signal while key 0 is denied", KILLED, newer=((6, 12), SURVIVES)),
    Case(
        "signal-own-stack", 42, "a signal then, with an alternate stack that the thread can write", SURVIVES
    ),
    Case("rseq", 46, "preemption of a thread with rseq while key 0 is denied", KILLED),
    Case("rseq-off", 46, "preemption of one without", SURVIVES),
    Case("older-thread", 48, "a thread that is older than the key has no rights", DENIED, DENIED),
    Case("newer-thread", 48, "a new thread has the rights of its maker", LEAK, LEAK),
    Case("seccomp-one", 49, "a filter without TSYNC leaves siblings as they are", LEAK),
    Case("seccomp-all", 49, "a filter with TSYNC does not", DENIED),
    Case("x32", 103, "system calls by the numbers of x32: Debian's kernels do not have them", DENIED),
    Case("write", 0, "the kernel reads for a thread with that thread's rights: write", DENIED, DENIED),
    Case("read", 0, "and writes: read", DENIED, DENIED),
    Case("vmsplice", 0, "and pins pages: vmsplice", DENIED, DENIED),
    Case("futex", 0, "and compares words: futex", DENIED, DENIED),
    Case("madvise", 0, "MADV_DONTNEED empties the page", LEAK, DENIED),
    Case("handler-rights", 0, "a handler has key 0 only, and all rights come back after it", SURVIVES),
)


def _by_number() -> Mapping[int, tuple[Case, ...]]:
    found: dict[int, list[Case]] = defaultdict(list)
    for case in CASES:
        found[case.attack].append(case)
    return {number: tuple(cases) for number, cases in sorted(found.items()) if number}


RAW = _by_number()
FACTS = tuple(case for case in CASES if not case.attack)


def kernel() -> tuple[int, int]:
    """The version of the kernel that runs: major and minor number."""
    found = re.match(r"(\d+)\.(\d+)", os.uname().release)
    assert found
    return int(found[1]), int(found[2])


def executable() -> Path:
    """The executable, compiled when there is none yet of this C."""
    sources = sorted((HERE / "c").iterdir())
    return built_of(sources, _COMPILER, _compile) / "raw"


def _compile(to: Path) -> None:
    units = sorted((HERE / "c").glob("*.c"))
    done = subprocess.run([*_COMPILER, "-o", to / "raw", *units], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a case ended: a word of c/raw.h, or the name of the signal that ended it; how: in words."""

    what: str
    how: str


def run(name: str, *, sealed: bool = False) -> Verdict:
    """Run a case, in a process of its own."""
    words = [str(executable()), name, *(["sealed"] if sealed else [])]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode < 0:
        return Verdict(signal.Signals(-done.returncode).name, "")
    assert done.returncode == 0, done.stderr
    verdict, how = done.stdout.strip().split(": ", 1)
    return Verdict(verdict, how)


def markdown() -> str:
    """The cases as docs/isolation.md shows them."""
    lines = ["| the attack | 6.1 | 6.12 | 6.12, page sealed by mseal |", "|---|---|---|---|"]
    for case in CASES:
        number = f" [{case.attack}]" if case.attack else ""
        ends = [case.expected((6, 1), False), case.expected((6, 12), False)]
        ends.append(case.expected((6, 12), True) if case.sealed else "")
        lines.append(f"| {case.what}{number} | {' | '.join(ends)} |")
    return "\n".join(lines) + "\n"
