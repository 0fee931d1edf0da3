"""The audit of what is mapped: code that can be written, is shared, or has what it may not have, is found."""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Iterator

import pytest

from tblvm.isolation.mappings import Mapping, audit, code_of_process, mappings

PAGE = 4096
READ, WRITE, EXECUTE = mmap.PROT_READ, mmap.PROT_WRITE, mmap.PROT_EXEC


class Memory:
    """Three pages with nothing beside them that can be touched."""

    def __init__(self) -> None:
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.mmap.restype = ctypes.c_void_p
        self.libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long)
        self.whole = self.libc.mmap(None, 5 * PAGE, 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
        self.start = self.whole + PAGE
        self.end = self.start + 3 * PAGE

    def protect(self, access: int, page: int = 0, pages: int = 3) -> None:
        address = ctypes.c_void_p(self.start + PAGE * page)
        assert not self.libc.mprotect(address, ctypes.c_size_t(PAGE * pages), access)

    def put(self, offset: int, code: bytes) -> None:
        self.protect(READ | WRITE)
        ctypes.memmove(self.start + offset, code, len(code))
        self.protect(READ | EXECUTE)

    def problems(self, start: int = 0, pages: int = 3) -> list[str]:
        found = audit([(self.start + start * PAGE, self.start + (start + pages) * PAGE)])
        return [f"{each.address - self.start:#x}: {each.what}" for each in found]


@pytest.fixture
def memory() -> Iterator[Memory]:
    made = Memory()
    yield made
    made.libc.munmap(ctypes.c_void_p(made.whole), ctypes.c_size_t(5 * PAGE))


def test_code_that_is_as_it_should_be(memory: Memory) -> None:
    memory.put(0, b"\xc3")
    assert memory.problems() == []


def test_code_that_can_be_written(memory: Memory) -> None:
    memory.put(0, b"\xc3")
    memory.protect(READ | WRITE | EXECUTE, page=1, pages=1)
    assert memory.problems() == ["0x1000: can be written, and executed"]
    memory.protect(READ | WRITE, page=1, pages=1)
    assert memory.problems() == ["0x1000: can be written", "0x1000: cannot be executed"]


def test_gaps(memory: Memory) -> None:
    memory.protect(READ | EXECUTE)
    memory.libc.munmap(ctypes.c_void_p(memory.start + PAGE), ctypes.c_size_t(PAGE))
    assert memory.problems() == ["0x1000: is not mapped"]
    memory.libc.munmap(ctypes.c_void_p(memory.start + 2 * PAGE), ctypes.c_size_t(PAGE))
    assert memory.problems() == ["0x1000: is not mapped"]
    memory.libc.munmap(ctypes.c_void_p(memory.start), ctypes.c_size_t(PAGE))
    assert memory.problems() == ["0x0: is not mapped"]


def test_a_second_mapping_of_the_same_memory(memory: Memory) -> None:
    """Read-only here, writable there: what is shared is no code."""
    file = os.memfd_create("code")
    os.ftruncate(file, PAGE)
    memory.protect(READ | EXECUTE)
    fixed = 0x10
    memory.libc.mmap(memory.start, PAGE, READ | EXECUTE, mmap.MAP_SHARED | fixed, file, 0)
    os.close(file)
    assert memory.problems() == ["0x0: is shared: another mapping of it may be writable"]


def test_forbidden_instructions_in_it_and_over_its_edges(memory: Memory) -> None:
    memory.put(100, b"\x0f\x05")
    assert memory.problems() == ["0x64: has syscall"]
    memory.put(100, b"\x90\x90")
    memory.put(2 * PAGE - 1, b"\x0f\x01\xef")
    assert memory.problems() == ["0x1fff: has wrpkru"]
    beside = "0x1fff: has wrpkru, with what is mapped beside it"
    memory.protect(READ | EXECUTE, page=2, pages=1)
    memory.protect(READ | WRITE | EXECUTE, page=2, pages=1)  # so that it is another mapping
    assert memory.problems(pages=2) == [beside]
    assert beside in memory.problems(start=2, pages=1)
    memory.protect(READ, page=2, pages=1)
    assert memory.problems(pages=2) == []


def test_mappings_are_read_as_they_are(memory: Memory) -> None:
    memory.protect(READ, pages=1)
    [found] = [each for each in mappings() if each.start == memory.start]
    assert found == Mapping(memory.start, memory.start + PAGE, True, False, False, False, "")
    paths = {each.name for each in mappings(os.getpid())}
    assert any("python" in each for each in paths) and "[stack]" in paths


def test_a_process_has_code_that_writes_rights() -> None:
    """Why keys alone are no wall against native code: the C library's own functions for keys, which anybody can jump to."""
    libraries = {
        name: count for name, count in code_of_process().items() if "libc.so" in name or "libc-" in name
    }
    assert any(count["syscall"] > 100 for count in libraries.values())
    assert any(count["wrpkru"] for count in libraries.values())
