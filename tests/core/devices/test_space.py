"""SPACE_INFO: what it says against what Python finds, and what a plan does without."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tblvm.builder.need import need
from tblvm.builder.resolve import Request, resolve
from tblvm.core.registry import Registry
from tests.harness import TARGETS, assembled


def asking(what: int, before: str = "", declared: str = "") -> str:
    return f"{declared}.func main()\n{before}  PUSH {what}\n  SPACE_INFO\n  PRINT\n  HALT\n.end\n"


def answer(program: Any) -> int:
    done = program.run()
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("target", TARGETS)
def test_the_machine(ready: Any, target: str) -> None:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024
    assert answer(ready(asking(0), target)) == len(os.sched_getaffinity(0))
    assert answer(ready(asking(1), target)) == min(pages, 2**31 - 1)


def test_the_stack(ready: Any) -> None:
    assert answer(ready(asking(2), stack=100)) == 100
    assert answer(ready(asking(3), stack=100)) == 100 - 2 - 1  # the frame's link, one operand
    deeper = asking(3).replace(".func main()\n", ".func f()\n  .local a: i32, b: i32\n") + (
        ".func main()\n  CALL f\n  HALT\n.end\n"
    )
    assert answer(ready(deeper, stack=100)) == 100 - 2 - (2 + 2 + 1)


@pytest.mark.parametrize(("type_", "bits"), [("i32", 32), ("i64", 64)], ids=["narrow", "wide"])
def test_cells(ready: Any, type_: str, bits: int) -> None:
    assert answer(ready(asking(6, "  LOADG g\n  POP\n", f".global g: {type_}\n"))) == bits


def test_without_a_heap_there_is_none_and_none_is_built(ready: Any, registry: Registry) -> None:
    assert answer(ready(asking(4))) == answer(ready(asking(5))) == 0
    plan = resolve(need(assembled(asking(2)), registry.isa), registry, Request())
    assert not {"heap", "cage", "collector"} & set(plan.interfaces)


CELLS = "  NEW 4\n  POP\n  NEW 4\n  POP\n"


@pytest.mark.parametrize(
    ("feature", "before", "free"),
    [
        ("memory.bump", "  NEW 1\n  POP\n", 4096 - 16),
        ("memory.bump", CELLS, 4096 - 2 * 24),
        ("memory.freelist", "  NEW 5\n  POP\n", 4096 - 32),  # its size class
        ("memory.freelist", "  NEW 4\n  NEW 4\n  FREE\n  FREE\n", 4096),
        ("memory.freelist", "  NEW 4\n  FREE\n  NEW 9\n  FREE\n  NEW 4\n  POP\n", 4096 - 24),
        ("gc.marksweep", CELLS, 4096 - 2 * 24),  # unreachable, and not yet found to be
    ],
)
def test_the_heap(ready: Any, feature: str, before: str, free: int) -> None:
    assert answer(ready(asking(4, before), "x86_64-linux", feature, heap=4099)) == 4096
    assert answer(ready(asking(5, before), "x86_64-linux", feature, heap=4099)) == free


def test_a_collection_finds_what_is_unreachable(ready: Any) -> None:
    before = "  PUSH 500\n  NEW 0\n  POP\n" * 3  # 2,008 bytes each: the third needs a collection
    text = asking(5, before)
    assert answer(ready(text, "x86_64-linux", "gc.marksweep", heap=4096)) == 4096 - 2008


def test_other_numbers_trap(ready: Any) -> None:
    for what in (-1, 7, 2**31 - 1):
        done = ready(asking(what)).run()
        assert done.returncode == 134
        assert done.stderr.splitlines()[0] == b"tblvm: trap: no information has this number"
