"""How fast the scanner is: in C and in Python, beside what only looks for one byte.

    python bench/scanner.py [FILE]

FILE: code to scan, this Python by default, as often as makes 64 MiB; random bytes besides.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tblvm.isolation import scan

BYTES = 64 << 20


def native(folder: Path) -> ctypes.CDLL:
    """scan.c as a library, compiled as the supervisor is, for speed."""
    from tblvm.builder.toolchain import zig

    source = Path(scan.__file__).parent / "c"
    (folder / "tb_scan_table.h").write_text(scan.c_table())
    words = [str(zig()), "cc", "-O2", "-fno-sanitize=all", "-shared", "-fPIC", f"-I{source}", f"-I{folder}"]
    subprocess.run([*words, "-o", str(folder / "scan.so"), str(source / "scan.c")], check=True)
    library = ctypes.CDLL(str(folder / "scan.so"))
    library.tb_scan_next.restype = ctypes.c_uint64
    library.tb_scan_next.argtypes = (ctypes.c_char_p, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_void_p)
    return library


def hits(library: ctypes.CDLL, code: bytes) -> int:
    at, count = 0, 0
    while (at := library.tb_scan_next(code, len(code), at, None)) < len(code):
        at, count = at + 1, count + 1
    return count


def best(work: Callable[[], int]) -> tuple[float, int]:
    times, found = [], 0
    for _ in range(3):
        began = time.perf_counter()
        found = work()
        times.append(time.perf_counter() - began)
    return BYTES / min(times) / 1e6, found


def main() -> None:
    name = Path(sys.argv[1] if len(sys.argv) > 1 else os.path.realpath(sys.executable))
    content = name.read_bytes()
    samples = {name.name: (content * (BYTES // len(content) + 1))[:BYTES], "random": os.urandom(BYTES)}
    with tempfile.TemporaryDirectory() as folder:
        library = native(Path(folder))
        for what, code in samples.items():
            absent = code.replace(b"\xf1", b"\xf2")
            rows = {
                "C": lambda code=code: hits(library, code),
                "Python": lambda code=code: sum(1 for _ in scan.scan(code)),
                "bytes.find of one byte": lambda code=absent: code.find(b"\xf1"),
                "bytes.count of one byte": lambda code=code: code.count(b"\x0f"),
            }
            for row, work in rows.items():
                speed, found = best(work)
                print(f"{what:12} {row:24} {speed:10,.0f} MB/s   {found:,}")


if __name__ == "__main__":
    main()
