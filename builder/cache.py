"""The cache of what was built and translated, so that the same is not done twice.

    <folder>/<first two digits>/<key>      magic, SHA-256 of the rest, length of the head, head (JSON), body

The key is the hash of all that is known before anything is loaded: the program and what the command line says
about it, this package, the compiler, the installed plug-ins. The head names the files that were read besides
(those of plug-ins), with their hashes: an entry counts only as long as these are the same.

Entries are whole or not there: each is written under another name first. Whoever reads one checks it. Several
builders can share a folder: entries never change, and one that has gone is only missed. When the folder grows
over its limit, those that were not used for longest go.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import UsageError
from ..core.names import GROUP
from .host import Host

if TYPE_CHECKING:
    from ..core.registry import Registry
    from .emit import Sources

MAGIC = b"tblvm cache 1\n"
DEFAULT_LIMIT = 256 << 20
# A temporary file that is older was left by somebody who was killed.
_STALE_SECONDS = 3600
_DIGEST = 32
_FILES = "files"  # of a head: path and hash of each file that counts
_INCLUDED = re.compile(r'^#include "(/.*)"$', re.MULTILINE)
_PACKAGE = Path(__file__).resolve().parent.parent
_PACKAGE_NAME = __name__.split(".")[0]
_SOURCES = (".py", ".c", ".h", ".ld", ".mjs")


@dataclass(frozen=True, slots=True)
class Kept:
    """What an entry holds. head: what JSON can say of it; body: bytes."""

    head: Mapping[str, Any]
    body: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """What was kept of a build. report: as JSON; notes: lines for standard error; host: what runs it; image:
    the executable."""

    report: str
    notes: tuple[str, ...]
    host: Host
    image: bytes

    def kept(self) -> Kept:
        head = {"report": self.report, "notes": list(self.notes), "host": astuple(self.host)}
        return Kept(head, self.image)

    @classmethod
    def of(cls, kept: Kept) -> Entry | None:
        """The build that *kept* is; None where it is none."""
        try:
            head = kept.head
            return cls(str(head["report"]), tuple(map(str, head["notes"])), _host(*head["host"]), kept.body)
        except (ValueError, KeyError, TypeError):
            return None


class Cache:
    """A folder of entries, of *limit* bytes at most. problem: why the last entry could not be kept."""

    def __init__(self, folder: Path, limit: int = DEFAULT_LIMIT) -> None:
        self.folder, self.limit = folder, limit
        self.problem = ""

    def get(self, key: str) -> Entry | None:
        """The build for *key*, None where there is none that is whole and up to date."""
        found = self.find(key)
        return None if found is None else Entry.of(found)

    def put(self, key: str, entry: Entry, files: Iterable[Path]) -> bool:
        """Keep a build, as `keep` does."""
        return self.keep(key, entry.kept(), files)

    def find(self, key: str) -> Kept | None:
        """The entry for *key*, None where there is none that is whole and up to date."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        found = _unpack(content)
        if found is None or not all(_is_same(file, digest) for file, digest in found[1]):
            return None
        with contextlib.suppress(OSError):  # read-only: then nothing goes either
            os.utime(path)
        return found[0]

    def keep(self, key: str, kept: Kept, files: Iterable[Path]) -> bool:
        """Keep this as an entry; files: those that were read for it and that its key does not cover. Whether
        it is there now; a folder that cannot be written to is no reason to fail."""
        self.problem = ""
        path = self._path(key)
        temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_bytes(_pack(kept, files))
                temporary.replace(path)
            except BaseException:
                with contextlib.suppress(OSError):
                    temporary.unlink(missing_ok=True)
                raise
            self._shrink()
        except OSError as error:
            self.problem = f"{self.folder}: {error.strerror or error}"
            return False
        return True

    def clear(self) -> int:
        """Remove all entries; how many there were."""
        found = [path for path, _, _ in self._entries()]
        for path in found:
            path.unlink(missing_ok=True)
        return len(found)

    def size(self) -> tuple[int, int]:
        """How many entries there are, and their bytes."""
        sizes = [size for _, size, _ in self._entries()]
        return len(sizes), sum(sizes)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _entries(self) -> Iterator[tuple[Path, int, float]]:
        """(file, bytes, when it was used last)."""
        for path in self.folder.glob("[0-9a-f][0-9a-f]/*"):
            with contextlib.suppress(OSError):  # somebody else removed it
                status = path.stat()
                if path.name.startswith("."):
                    continue
                yield path, status.st_size, status.st_mtime

    def _shrink(self) -> None:
        for path in self.folder.glob("[0-9a-f][0-9a-f]/.*.tmp"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < time.time() - _STALE_SECONDS:
                    path.unlink()
        entries = sorted(self._entries(), key=lambda each: each[2])
        total = sum(size for _, size, _ in entries)
        if total <= self.limit:
            return
        for path, size, _ in entries:
            if total <= self.limit * 9 // 10:
                break
            path.unlink(missing_ok=True)
            total -= size


def standard() -> Cache | None:
    """The cache that command lines use; None where TBLVM_CACHE_SIZE is 0. Raises UsageError."""
    from ..core.quantities import read_value

    text = os.environ.get("TBLVM_CACHE_SIZE", "")
    try:
        limit = int(read_value(text, "size")) if text else DEFAULT_LIMIT
    except UsageError as error:
        raise UsageError(f"TBLVM_CACHE_SIZE: {error}") from None
    if not limit:
        return None
    place = os.environ.get("TBLVM_CACHE_DIR", "")
    if place:
        return Cache(Path(place), limit)
    from platformdirs import user_cache_dir

    return Cache(Path(user_cache_dir("tblvm", appauthor=False)), limit)


# --- keys -----------------------------------------------------------------------------------------------


def key_of(what: Mapping[str, object], contents: Iterable[bytes]) -> str:
    """The key of a build. what: what is asked for, as JSON values; contents: programs and other files."""
    found = hashlib.sha256()
    own, others = _plugins()
    settled = {"asked": what, "package": _package(own), "compiler": _compiler(), "plug-ins": others}
    _add(found, json.dumps(settled, sort_keys=True).encode())
    for content in contents:
        _add(found, content)
    return found.hexdigest()


def _add(to: Any, content: bytes) -> None:
    """With the length first: no two lists of contents look the same."""
    to.update(len(content).to_bytes(8, "little"))
    to.update(content)


def _package(rooms: Iterable[str]) -> str:
    """The hash of all that this package composes runtimes from, and with. rooms: those with plug-ins."""
    return _hash_of(frozenset(rooms))


@cache  # a process goes on as it was started
def _hash_of(rooms: frozenset[str]) -> str:
    found = hashlib.sha256()
    for room in sorted({*rooms, "opcodes", "builder"}):
        folder = _PACKAGE / room
        for path in sorted(each for each in folder.rglob("*") if each.suffix in _SOURCES):
            _add(found, path.relative_to(folder).as_posix().encode())
            _add(found, path.read_bytes())
    return found.hexdigest()


def _compiler() -> list[object]:
    """What tells one compiler from another without running it."""
    from .toolchain import zig

    status = zig().stat()
    return [status.st_size, status.st_mtime_ns]


def _plugins() -> tuple[set[str], list[list[str]]]:
    """The rooms whose plug-ins are installed, and the plug-ins of others; none where these are not loaded."""
    own, others = _installed()
    off = os.environ.get("TBLVM_DISABLE_PLUGIN_AUTOLOAD")
    return set(own), [["off"]] if off else [list(each) for each in others]


@cache
def _installed() -> tuple[frozenset[str], tuple[tuple[str, str, str], ...]]:
    from importlib.metadata import entry_points

    own: set[str] = set()
    others = []
    for point in entry_points(group=GROUP):
        words = point.value.split(".")
        if words[0] == _PACKAGE_NAME:
            own.add(words[1])
        else:
            others.append((point.name, point.value, point.dist.version if point.dist else ""))
    return frozenset(own), tuple(sorted(others))


def files_of(registry: Registry, sources: Sources | None = None) -> set[Path]:
    """The files outside of this package that a build has read: the Python of plug-ins, with what they
    imported from beside it, and their C. sources: none where nothing was compiled."""
    found: set[Path] = set()
    homes = []
    for plugin in registry.plugins:
        file = getattr(plugin.module, "__file__", None)
        if file and not _is_own(Path(file)):
            homes.append(Path(file).resolve().parent)
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and any(home in Path(file).resolve().parents for home in homes):
            found.add(Path(file).resolve())
    if sources is None:
        return found
    for folder in sources.include:
        if not _is_own(folder):
            found.update(path for path in folder.glob("*") if path.is_file())
    for unit in sources.units:
        found.update(Path(each) for each in _INCLUDED.findall(unit.text) if not _is_own(Path(each)))
    return found


def _is_own(path: Path) -> bool:
    return _PACKAGE in path.resolve().parents


# --- entries --------------------------------------------------------------------------------------------


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_same(path: str, digest: str) -> bool:
    try:
        return _digest(Path(path)) == digest
    except OSError:
        return False


def _pack(kept: Kept, files: Iterable[Path]) -> bytes:
    read = [[str(path), _digest(path)] for path in sorted(set(files))]
    head = json.dumps({**kept.head, _FILES: read}).encode()
    rest = len(head).to_bytes(8, "little") + head + kept.body
    return MAGIC + hashlib.sha256(rest).digest() + rest


def _unpack(content: bytes) -> tuple[Kept, list[tuple[str, str]]] | None:
    """The entry in *content*, and the files that it depends on; None where it is damaged."""
    start = len(MAGIC) + _DIGEST
    rest = content[start:]
    if content[: len(MAGIC)] != MAGIC or hashlib.sha256(rest).digest() != content[len(MAGIC) : start]:
        return None
    size = int.from_bytes(rest[:8], "little")
    try:
        head = json.loads(rest[8 : 8 + size])
        files = [(str(path), str(digest)) for path, digest in head.pop(_FILES)]
        return Kept(head, rest[8 + size :]), files
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _host(name: str, machine: str, runners: list[list[str]], hint: str) -> Host:
    return Host(str(name), str(machine), tuple(tuple(map(str, words)) for words in runners), str(hint))
