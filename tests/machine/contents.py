"""What is in the machine: files under the paths that they have outside, so that nothing has to be told otherwise."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import cache_from_source
from pathlib import Path

from tblvm.builder.toolchain import zig

from . import init, kernels
from .archive import Entry, copied, folder, link, text, write

ROOT = Path(__file__).resolve().parents[2]
# The cache of what tests build, filled outside and used inside.
BUILT = ROOT / "build" / "machine" / "cache"

# What tests import, besides what the project itself needs; what these need comes by itself. wasmtime is the
# second user of protection keys in one process.
_PACKAGES = ("pytest", "pytest-timeout", "hypothesis", "capstone", "wasmtime")
_COMPILER = "ziglang"
# Of the standard library, what no test imports.
_LEFT_OUT = {
    "test",
    "idlelib",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "lib2to3",
    "site-packages",
    "__pycache__",
}
_LEFT_OUT_FILES = ("config-", "pydoc_data", "_tkinter", "_test")
_TOOLS = ("sh", "env", "cat", "ls", "sleep", "true", "false", "kill", "ps", "grep", "strace")
# Of the project, what is long and not looked at inside.
_NOT_INSIDE = ("bench/", "tests/fuzz/", "tests/corpus/", "tests/outside/")

_ACCOUNTS = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/tmp:/bin/sh\n",
    "/etc/group": "root:x:0:\nuser:x:1000:\n",
    "/etc/hosts": "127.0.0.1 localhost\n",
}


def base() -> Path:
    """The archive of what rarely changes: Python, packages, the libraries that they load, a few tools. Made once."""
    entries = _base()
    found = hashlib.sha256(Path(__file__).read_bytes())
    for path, entry in sorted(entries.items()):
        state: object = entry.content
        if isinstance(entry.content, Path):
            at = entry.content.stat()
            state = (at.st_size, at.st_mtime_ns)
        found.update(f"{path}\0{entry.mode}\0{state!r}\0".encode())
    place = kernels.cache() / "base" / f"{found.hexdigest()[:32]}.cpio"
    if not place.exists():
        place.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
            write(file, entries)
        Path(file.name).replace(place)
        for old in sorted(place.parent.glob("*.cpio"), key=os.path.getmtime)[:-4]:
            old.unlink(missing_ok=True)
    os.utime(place)
    return place


def project(job: dict[str, object], extra: Iterable[Path]) -> dict[str, Entry]:
    """What is packed anew each time: the working tree, what was built, what to do there."""
    words = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split("\0")
    entries = {}
    for name in filter(None, listed):
        path = ROOT / name
        if not name.startswith(_NOT_INSIDE) and path.is_file():
            entries.update(_with_compiled(path))
    for each in extra:
        entries.update(_tree(each))
    entries.update(_tree(BUILT))
    compiler = zig().stat()
    first = Path(init.__file__).read_text()
    entries |= {
        "/init": text(f"#!{Path(sys.executable).resolve()} -IB\n{first}", 0o755),
        str(init.JOB): text(json.dumps(job)),
        str(init.STAND_IN): text(json.dumps([str(zig()), compiler.st_size, compiler.st_mtime_ns])),
        **{path: text(_NO_COMPILER, 0o755) for path in (str(zig()), "/usr/bin/gcc", "/usr/bin/cc")},
    }
    return entries


_NO_COMPILER = """\
#!/bin/sh
echo "this machine has no compiler: what tests build must be built outside first, see tests/machine/__init__.py" >&2
exit 1
"""


def _base() -> dict[str, Entry]:
    entries = {path: text(content) for path, content in _ACCOUNTS.items()}
    entries |= {path: folder() for path in ("/proc", "/sys", "/tmp", "/root", "/run", "/etc")}
    entries["/dev/console"] = Entry(stat.S_IFCHR | 0o600, device=(5, 1))
    # Links from folders that are links themselves today (/bin is /usr/bin).
    for name in _TOOLS:
        for place in ("/usr/bin", "/bin"):
            path = Path(place, name)
            if path.exists():
                entries[f"/usr/bin/{name}"] = Entry(stat.S_IFREG | 0o755, path.resolve())
                break
    entries |= {"/bin": link("usr/bin"), "/lib": link("usr/lib"), "/lib64": link("usr/lib64")}
    python = Path(sys.executable).resolve()
    for path in (*_standard_library(), python, *_environment()):
        entries.update(_with_compiled(path))
    binaries = [
        path
        for path, entry in entries.items()
        if isinstance(entry.content, Path) and (".so" in Path(path).name or entry.mode & 0o100)
    ]
    for path in sorted(_libraries(binaries)):
        target = Path("/usr" + path if path.startswith("/lib") else path)
        entries[str(target)] = Entry(stat.S_IFREG | 0o755, Path(path).resolve())
    return entries


def _standard_library() -> Iterator[Path]:
    place = Path(sysconfig.get_paths(vars={"base": sys.base_prefix})["stdlib"])
    for path in sorted(place.rglob("*")):
        below = path.relative_to(place).parts
        out = _LEFT_OUT.intersection(below) or any(each.startswith(_LEFT_OUT_FILES) for each in below)
        if not out and path.is_file():
            yield path


def _environment() -> Iterator[Path]:
    """Of this virtual environment: its Python, the packages that tests import, and the project's own entry."""
    prefix = Path(sys.prefix)
    yield prefix / "pyvenv.cfg"
    for name in sorted(each.name for each in (prefix / "bin").glob("python*")):
        yield from _links(prefix / "bin" / name)
    site = Path(sysconfig.get_path("purelib"))
    yield from site.glob("__editable__*tblvm*")
    for each in site.glob("tblvm-*.dist-info"):
        yield from each.iterdir()
    for name in sorted(_closure(_PACKAGES + _required("tblvm"))):
        for file in distribution(name).files or ():
            path = Path(str(file.locate()))
            big = name == _COMPILER and (len(file.parts) > 2 or file.name in ("zig", "RECORD"))
            if path.suffix != ".pyc" and not big and path.is_file() and site in path.parents:
                yield path


def _links(path: Path) -> Iterator[Path]:
    """A symbolic link, and those that it leads to, but for the file at the end."""
    while path.is_symlink():
        yield path
        path = path.parent / path.readlink()


def _closure(names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop().lower().replace("_", "-")
        if name not in found:
            try:
                left += _required(name)
            except PackageNotFoundError:
                continue  # for another Python or system
            found.add(name)
    return found


@cache
def _required(name: str) -> tuple[str, ...]:
    words = distribution(name).requires or ()
    return tuple(m[0] for each in words if "extra ==" not in each and (m := re.match(r"[\w.-]+", each)))


def _with_compiled(path: Path) -> Iterator[tuple[str, Entry]]:
    """A file, and what Python and pytest keep of it in compiled form: compiling takes long inside."""
    yield str(path), copied(path)
    if path.suffix == ".py":
        kept = Path(cache_from_source(str(path)))
        for each in (kept, *kept.parent.glob(f"{kept.stem}-pytest-*.pyc")):
            if each.is_file():
                yield str(each), copied(each)


def _tree(top: Path) -> Iterator[tuple[str, Entry]]:
    for path in (top, *sorted(top.rglob("*"))):
        if path.is_symlink() or path.is_file() or path.is_dir():
            yield str(path), copied(path)


def _libraries(binaries: Iterable[str]) -> set[str]:
    """The shared libraries that these load, and theirs, with the dynamic linker; by the paths it finds them under."""
    done = subprocess.run(["ldd", *binaries], capture_output=True, text=True, check=False)
    return set(re.findall(r"^\s+(?:\S+ => )?(/\S+) \(0x", done.stdout, re.M))
