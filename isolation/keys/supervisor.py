"""The supervisor (c/): the library that has every WRPKRU, and the scanner. Compiled once and kept in the
cache of tblvm."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Any

import cffi  # type: ignore[import-untyped]

from ...core.errors import BuildError
from ...core.once import once
from .. import scan
from .errors import Fault
from .probe import missing

FOLDER = Path(__file__).parent / "c"
# si_code of a SIGSEGV for a key: SEGV_PKUERR.
_KEY_FORBIDS = 4
_SCANNER = Path(scan.__file__).parent / "c"
_COMMON = Path(__file__).parent.parent.parent / "core" / "c"
_TARGET = "x86_64-linux-none"
_FLAGS = (
    "-fpic",
    "-fvisibility=hidden",
    "-mgeneral-regs-only",  # in a handler of signals, and beside a guest's, no other registers are ours
    "-mno-red-zone",
    '-DTB_SCAN_API=__attribute__((visibility("default")))',
)
_LINK = (
    *("-m", "elf_x86_64", "-shared", "--no-undefined", "-Bsymbolic", "-e", "0"),
    *("-z", "now", "-z", "relro", "-z", "noexecstack", "-z", "separate-code", "-z", "max-page-size=4096"),
    *("--build-id=none", "--gc-sections", "-s"),
)

_lock = threading.Lock()


@once
def ffi() -> cffi.FFI:
    """The declarations of tb_keys.h."""
    made = cffi.FFI()
    for header in (FOLDER / "tb_keys.h", _SCANNER / "tb_scan.h"):
        text = re.sub(r"^#.*\n", "", header.read_text("utf-8"), flags=re.M)
        made.cdef(re.sub(r"TB_(KEYS|SCAN)_API ", "", text))
    return made


def image() -> bytes:
    """The supervisor as a shared library: from the cache, or compiled and kept there. The cache's key says
    what it is made of; a copy from elsewhere does without a compiler here. Raises BuildError."""
    from ...builder import cache as caches
    from ...builder.compile import COMPILE_FLAGS

    flags = (*COMPILE_FLAGS, *_FLAGS)
    sources = _sources()
    found = hashlib.sha256(b"supervisor 1")
    words = (" ".join((*flags, *_LINK)), scan.c_table())
    for each in (*(word.encode() for word in words), *(path.read_bytes() for path in sources)):
        found.update(len(each).to_bytes(8, "little") + each)
    kept = caches.standard()
    entry = kept.find(found.hexdigest()) if kept is not None else None
    if entry is not None:
        return entry.body
    made = _compiled(flags, sources)
    if kept is not None:
        kept.keep(found.hexdigest(), caches.Kept({}, made), ())
    return made


def _sources() -> list[Path]:
    scanner = (_SCANNER / "scan.c", _SCANNER / "tb_scan.h")
    return [*sorted(FOLDER.glob("*.[ch]")), *scanner, _COMMON / "tb_compiler.h"]


def _compiled(flags: tuple[str, ...], sources: list[Path]) -> bytes:
    from ...builder.compile import is_made, run_all
    from ...builder.toolchain import zig

    with tempfile.TemporaryDirectory(prefix="tblvm-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "tb_scan_table.h").write_text(scan.c_table(), "utf-8")
        units = [path for path in sources if path.suffix == ".c"]
        objects = [folder / f"{path.stem}.o" for path in units]
        words = [str(zig()), "cc", "-target", _TARGET, *flags]
        words += [f"-I{each}" for each in (FOLDER, _SCANNER, _COMMON, folder)]
        words += [f"-ffile-prefix-map={FOLDER}=keys", "-ffile-compilation-dir=."]
        run_all([[*words, "-c", str(a), "-o", str(b)] for a, b in zip(units, objects, strict=True)], folder)
        made = folder / "supervisor.so"
        run_all([[str(zig()), "ld.lld", *_LINK, *map(str, objects), "-o", str(made)]], folder)
        if not is_made(made, "elf"):
            raise BuildError("the linker made no supervisor: pip install --force-reinstall ziglang")
        return made.read_bytes()


@cache
def _opened() -> Any:
    descriptor = os.memfd_create("tblvm supervisor")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(image())
        # The dynamic linker takes a name that it has seen for the library that it had then, whatever the
        # descriptor is by now: this is none that runtimes are opened by (embed/library.py).
        return ffi().dlopen(f"/proc/self/fd/../fd/{descriptor}", os.RTLD_NOW | os.RTLD_NODELETE)
    finally:
        os.close(descriptor)


def library() -> Any:
    """The supervisor, opened. Raises NoKeys where there are no protection keys at all, BuildError."""
    with _lock:
        if not _opened.cache_info().currsize:
            absent = missing()
            # Where all are taken, some may be ours.
            if absent is not None and absent.reason != "taken":
                raise absent
        return _opened()


def fault_of(found: Any) -> Fault:
    """A struct tb_keys_fault."""
    access = "write" if found.error & 2 else "execute" if found.error & 16 else "read"
    return Fault(
        signal=found.signal,
        code=found.code,
        address=found.address,
        pc=found.pc,
        access=access,
        # Key 0 is the host's own: it forbids, too.
        key=found.key if found.signal == signal.SIGSEGV and found.code == _KEY_FORBIDS else None,
        rights=found.rights,
        call=found.call if found.call >= 0 else None,
    )
