"""The scanner in C, compiled for tests: as it is, and with a mistake put into it."""

from __future__ import annotations

import ctypes
import mmap
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from tblvm.isolation import scan

C = Path(scan.__file__).parent / "c"


class NativeScanner:
    """isolation/c/scan.c as a library. mistakes: texts of it -> what stands there instead."""

    def __init__(self, folder: Path, mistakes: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tb_scan_table.h").write_text(scan.c_table())
        text = (C / "scan.c").read_text()
        for right, wrong in (mistakes or {}).items():
            assert text.count(right) == 1, right
            text = text.replace(right, wrong)
        (folder / "scan.c").write_text(text)
        made = folder / "scan.so"
        flags = (
            "-std=c11",
            "-O2",
            "-ffreestanding",
            "-fPIC",
            "-shared",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-pedantic",
        )
        folders = (f"-I{C}", f"-I{folder}")
        subprocess.run(["gcc", *flags, *folders, "-o", made, folder / "scan.c"], check=True)
        library = ctypes.CDLL(str(made))
        self._next = library.tb_scan_next
        self._next.restype = ctypes.c_uint64
        self._next.argtypes = (ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_void_p)
        self.name = library.tb_scan_name
        self.name.restype = ctypes.c_char_p
        self.name.argtypes = (ctypes.c_uint32,)
        self._room = Guarded(1 << 16)

    def next(self, address: int, length: int, start: int) -> tuple[int, str]:
        """(offset, mnemonic) of the next hit in memory; (length, "") where there is none."""
        kind = ctypes.c_uint32(0xFFFFFFFF)
        at = self._next(address, length, start, ctypes.byref(kind))
        return at, self.name(kind.value).decode()

    def scan(self, code: bytes) -> Iterator[tuple[int, str]]:
        """(offset, mnemonic) of all hits; the byte behind the code cannot be read."""
        address, at = self._room.put(code), 0
        while True:
            at, name = self.next(address, len(code), at)
            if at >= len(code):
                assert (at, name) == (len(code), "")
                return
            yield at, name
            at += 1


class Guarded:
    """Memory with a page behind it that nothing can touch."""

    def __init__(self, size: int) -> None:
        self._memory = mmap.mmap(-1, size + mmap.PAGESIZE)
        self._size = size
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        libc = ctypes.CDLL(None, use_errno=True)
        assert not libc.mprotect(ctypes.c_void_p(self._address + size), mmap.PAGESIZE, 0)

    def put(self, code: bytes) -> int:
        """The address of *code*, copied so that it ends where the page begins."""
        assert len(code) <= self._size
        self._memory[self._size - len(code) : self._size] = code
        return self._address + self._size - len(code)
