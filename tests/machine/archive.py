"""Archives as the kernel unpacks them into its first file system: cpio, format "newc"
(Documentation/driver-api/early-userspace/buffer-format.rst of the kernel)."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_END = "TRAILER!!!"


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands at a path. mode: with the file type; content: bytes, or the file that has them; age: seconds
    since 1970; device: major and minor number."""

    mode: int
    content: bytes | Path = b""
    age: int = 0
    device: tuple[int, int] = (0, 0)


def folder() -> Entry:
    return Entry(stat.S_IFDIR | 0o755)


def link(target: str) -> Entry:
    return Entry(stat.S_IFLNK | 0o777, target.encode())


def text(content: str, mode: int = 0o644) -> Entry:
    return Entry(stat.S_IFREG | mode, content.encode())


def copied(path: Path) -> Entry:
    """The file, symbolic link or folder at *path*."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return link(str(path.readlink()))
    if stat.S_ISDIR(found.st_mode):
        return folder()
    # With seconds that count: Python's compiled files name the age of their sources.
    return Entry(found.st_mode, path, int(found.st_mtime))


def write(to: BinaryIO, entries: dict[str, Entry]) -> None:
    """Write an archive of these, by their paths; the folders above them are added."""
    whole = dict(entries)
    for path in entries:
        for parent in Path(path).parents:
            whole.setdefault(str(parent), folder())
    whole.pop("/", None)
    for number, path in enumerate(sorted(whole), 1):
        _write(to, number, path.lstrip("/"), whole[path])
    _write(to, 0, _END, Entry(0))


def join(to: BinaryIO, archives: Iterable[Path]) -> None:
    """One after another is an archive again; what comes later replaces what was there."""
    for each in archives:
        to.write(each.read_bytes())


def _write(to: BinaryIO, number: int, name: str, entry: Entry) -> None:
    data = entry.content.read_bytes() if isinstance(entry.content, Path) else entry.content
    words = name.encode() + b"\0"
    # inode, mode, user, group, links, age, size, device of the file, device that it is, length of the name, sum
    head = (number, entry.mode, 0, 0, 1, entry.age, len(data), 0, 0, *entry.device, len(words), 0)
    to.write(b"070701" + "".join(f"{each & 0xFFFFFFFF:08X}" for each in head).encode() + words)
    to.write(bytes(-(6 + 8 * len(head) + len(words)) % 4) + data + bytes(-len(data) % 4))
