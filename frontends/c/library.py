"""The libc as an archive: compiled once, and kept in the cache of builds."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ...builder import cache as caches
from ...builder.cache import Cache, Entry
from ...builder.compile import run_all
from ...builder.host import Host
from ...builder.toolchain import zig
from .compile import LIBC, TARGET, headers

FLAGS = (
    *TARGET,
    "-std=gnu11",
    "-Oz",
    "-ffreestanding",
    "-fno-builtin",  # memcpy in terms of memcpy would never end
    "-fvisibility=hidden",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-g0",  # a module has the lines of one source: the program's
    f"-ffile-prefix-map={LIBC}=libc",
)


def sources() -> list[Path]:
    """All C files of the libc."""
    return sorted((LIBC / "src").glob("*/*.c"))


def cache() -> Cache | None:
    """Where the archive is kept."""
    return caches.standard()


def library() -> bytes:
    """The archive, from the cache or built. Raises BuildError."""
    kept = cache()
    if kept is None:
        return _built()
    files = [*sources(), *sorted((LIBC / "src").rglob("*.h")), *sorted((LIBC / "include").glob("*.h"))]
    what = {"what": "libc", "flags": [flag.replace(str(LIBC), "libc") for flag in FLAGS]}
    key = caches.key_of(
        what, [content for path in files for content in (path.name.encode(), path.read_bytes())]
    )
    found = kept.get(key)
    if found is not None:
        return found.image
    archive = _built()
    kept.put(key, Entry("", (), Host("", "", (), ""), archive), ())
    return archive


def _built() -> bytes:
    source = LIBC / "src"
    with tempfile.TemporaryDirectory(prefix="tblvm-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        compiler = [str(zig()), "clang", *FLAGS, *headers(), f"-I{source}"]
        made = {path: folder / f"{path.parent.name}-{path.stem}.o" for path in sources()}
        run_all([[*compiler, "-c", str(path), "-o", str(to)] for path, to in made.items()], folder)
        archive = folder / "libc.a"
        run_all([[str(zig()), "ar", "rcsD", str(archive), *map(str, made.values())]], folder)
        return archive.read_bytes()
