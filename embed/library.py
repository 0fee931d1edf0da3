"""The runtime as a shared library in this process, and what of it Python sees."""

from __future__ import annotations

import os
import re
import sys
import threading
import warnings
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cffi  # type: ignore[import-untyped]

from ..core.errors import HostError
from ..core.once import once
from .names import decoded

if TYPE_CHECKING:
    from ..builder.cache import Entry
    from ..core.registry import Registry

# What the functions of tblvm.h give.
OK, TRAPPED, HALTED, MISUSED, EXCLUDED, INVALID, TOO_LARGE, BUSY, CLOSED, UNLINKED = range(10)
# Of a call that C saw nothing wrong with: its console failed.
UNTOLD = 10

HEADER = Path(__file__).parent / "c" / "tblvm.h"


def declarations() -> str:
    """tblvm.h as cffi reads it: without the preprocessor's lines, and what is only for compilers."""
    text = re.sub(r"^#.*\n", "", HEADER.read_text(), flags=re.M).replace("TBLVM_API ", "")
    return text.replace('extern "C" {\n', "").rstrip().removesuffix("}")


@once
def ffi() -> cffi.FFI:
    """The declarations of tblvm.h."""
    made = cffi.FFI()
    made.cdef(declarations())
    return made


@cache
def registry(plugins: tuple[str, ...]) -> Registry:
    """The registry with these plug-ins, as `-p` takes them."""
    from ..core.registry import load

    return load(plugins)


_lock = threading.Lock()
_libraries: dict[tuple[str, ...], Any] = {}


def library(words: Iterable[str]) -> Any:
    """The library that `tbbuild` makes of these words, loaded: one of a kind for the whole process, and for
    its whole life. Raises TblvmError: of the build; HostError where the system does not load it."""
    key = tuple(words)
    with _lock:
        if key not in _libraries:
            _libraries[key] = _open(built(key).image)
        found = _libraries[key]
    watch_keyboard(found)
    return found


def watch_keyboard(lib: Any) -> None:
    """Ctrl-C ends what runs: Python's own handler only takes a note until the call is over. For the main
    thread, which has Ctrl-C, and the handler that is there now."""
    if threading.current_thread() is threading.main_thread():
        lib.tblvm_watch_keyboard()


def built(words: tuple[str, ...]) -> Entry:
    """What `tbbuild` makes of these words, from the cache or built. Raises TblvmError."""
    from ..builder.runtimes import runtime

    def say(stage: str) -> None:
        if stage == "compile" and sys.stderr.isatty():
            print("tblvm: building the runtime: this happens once", file=sys.stderr)

    made = runtime(words, say)
    for note in made.notes:
        warnings.warn(f"tblvm: {note}", RuntimeWarning, stacklevel=2)
    return made


def _open(image: bytes) -> Any:
    # A file without a name: nothing to clean up, and no folder to which anybody else could write.
    descriptor = os.memfd_create("tblvm")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(image)
        # The dynamic linker takes a name that it has seen for the library that it had then, and descriptors
        # have the same number again: the path of each is another one.
        again = "/." * len(_libraries)
        # It stays to the end: a thread may still run in it while the interpreter goes away.
        return ffi().dlopen(f"/proc/self{again}/fd/{descriptor}", os.RTLD_NOW | os.RTLD_NODELETE)
    except OSError as error:
        raise HostError(f"the system does not load the runtime: {error}") from None
    finally:
        os.close(descriptor)


def address(context: Any) -> int:
    """A number for a context, for as long as it is not freed."""
    return int(ffi().cast("uintptr_t", context))


def text(pointer: Any) -> str:
    """A C string."""
    return decoded(bytes(ffi().string(pointer)))
