"""Images of guests: ELF files that a loader of our own puts behind protection keys, once for a process.

Nothing in an image is written once it is there, so that several guests can share it; nothing in it enters
the kernel or changes rights: that is looked for in the very bytes that are executed. It has no needs, no
symbols, and relocations of one kind.
"""

from __future__ import annotations

import errno
import hashlib
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ...embed.errors import IsolationError
from . import key as keys
from .errors import SetUpError, checked
from .supervisor import ffi, library

_PAGE = 4096
_LARGEST = 1 << 30
_LOAD, _DYNAMIC, _INTERPRETER, _THREAD_LOCAL = 1, 2, 3, 7
_EXECUTE, _WRITE = 1, 2
# Tags of the dynamic section, of the System V ABI.
_NEEDED, _RELA, _RELASZ, _RELAENT, _TABLES = 1, 7, 8, 9, {2: "PLT", 17: "REL", 35: "RELR"}
_STARTERS = {12: "INIT", 25: "INIT_ARRAY", 32: "PREINIT_ARRAY"}
_RELATIVE = 8


class ImageError(IsolationError):
    """The image cannot be loaded behind protection keys."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the image cannot be loaded behind protection keys: {why}")


@dataclass(frozen=True, slots=True)
class _Segment:
    address: int
    memory: int
    offset: int
    stored: int
    flags: int

    @property
    def pages(self) -> tuple[int, int]:
        return self.address & -_PAGE, -(-(self.address + self.memory) // _PAGE) * _PAGE

    @property
    def access(self) -> int:
        """For pkey_mprotect: never writable."""
        return 1 | (4 if self.flags & _EXECUTE else 0)


class Image:
    """An image in memory. address; size: bytes; entry: the address of its entry function; sealed: whether the
    kernel lets nobody change its mappings any more (Linux from 6.10 on); code: (start, end) of what can be
    executed."""

    def __init__(self, address: int, size: int, entry: int, sealed: bool, code: tuple[tuple[int, int], ...]):
        self.address, self.size, self.entry, self.sealed, self.code = address, size, entry, sealed, code

    def place(self, address: int) -> str:
        """What *address* is in it, as "image+0x1234"; "" outside."""
        return f"image+{address - self.address:#x}" if 0 <= address - self.address < self.size else ""


_lock = threading.Lock()
_loaded: dict[tuple[bytes, bool], Image] = {}


def load(content: bytes, *, scanned: bool = True) -> Image:
    """The image in memory, in private pages with the key VM_CORE that nobody can write; the same for the same
    content. scanned: whether forbidden instructions are refused: tests of other walls turn it off.

    Raises ImageError, NoKeys, SetUpError.
    """
    key = (hashlib.sha256(content).digest(), scanned)
    with _lock:
        if key not in _loaded:
            _loaded[key] = _load(content, scanned)
        return _loaded[key]


def _load(content: bytes, scanned: bool) -> Image:
    entry, segments, dynamic = _parsed(content)
    core = keys.core()
    size = max(each.pages[1] for each in segments)
    lib = library()
    address = checked("mapping an image", lib.tb_keys_map(size))
    try:
        laid = bytearray(size)
        for each in segments:
            laid[each.address : each.address + each.stored] = content[each.offset : each.offset + each.stored]
        _relocate(laid, segments, dynamic, address)
        checked("mapping an image", lib.tb_keys_tag(address, size, 3, core))
        # The key is new to this thread, perhaps: it gets the right as it writes.
        keys.catch()
        memory = ffi().buffer(ffi().cast("char *", address), size)
        memory[:] = bytes(laid)
        for each in segments:
            start, end = each.pages
            tagged = lib.tb_keys_tag(address + start, end - start, each.access, core)
            checked("making an image read-only", tagged)
        at = 0
        for start, end in [*sorted(each.pages for each in segments), (size, size)]:
            if start > at:
                checked("making an image read-only", lib.tb_keys_tag(address + at, start - at, 0, core))
            at = end
        code = tuple(_joined(each.pages for each in segments if each.flags & _EXECUTE))
        if scanned:
            _refuse_forbidden(address, code)
    except BaseException:
        lib.tb_keys_unmap(address, size)
        raise
    sealed = int(lib.tb_keys_seal(address, size))
    if sealed not in (0, -errno.ENOSYS, -errno.EPERM):
        raise SetUpError("sealing an image", -sealed)
    placed = tuple((address + start, address + end) for start, end in code)
    return Image(address, size, address + entry, sealed == 0, placed)


def _refuse_forbidden(address: int, code: tuple[tuple[int, int], ...]) -> None:
    """Looks at what is mapped, as it can be executed and no longer written. Beside it nothing is executable:
    an image begins with constants, and ends with what is none."""
    kind = ffi().new("uint32_t *")
    for start, end in code:
        at = int(library().tb_scan_next(ffi().cast("uint8_t *", address + start), end - start, 0, kind))
        if at < end - start:
            name = bytes(ffi().string(library().tb_scan_name(kind[0]))).decode()
            raise ImageError(f"it has a {name} at {start + at:#x}")


def _joined(pages: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(pages):
        if found and found[-1][1] >= start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    yield from found


def _parsed(content: bytes) -> tuple[int, list[_Segment], dict[int, int]]:
    """(entry, segments, dynamic section). Raises ImageError for whatever is not as it must be."""
    if len(content) < 64 or content[:7] != b"\x7fELF\x02\x01\x01":
        raise ImageError("it is no 64-bit little-endian ELF file")
    kind, machine, _, entry, headers = struct.unpack_from("<HHIQQ", content, 16)
    size, count = struct.unpack_from("<HH", content, 54)
    if kind != 3 or machine != 62:
        raise ImageError("it is no position-independent image for x86-64")
    if size != 56 or headers + 56 * count > len(content):
        raise ImageError("its program headers are not in it")
    segments: list[_Segment] = []
    dynamic: dict[int, int] = {}
    for index in range(count):
        what, flags, offset, address, _, stored, memory, _ = struct.unpack_from(
            "<IIQQQQQQ", content, headers + 56 * index
        )
        if what in (_INTERPRETER, _THREAD_LOCAL):
            raise ImageError("it wants an interpreter or thread-local storage")
        if what not in (_LOAD, _DYNAMIC):
            continue
        if stored > memory or offset + stored > len(content) or address + memory > _LARGEST:
            raise ImageError("a segment does not lie in it")
        if what == _DYNAMIC:
            dynamic = _dynamic(content[offset : offset + stored])
            continue
        if flags & _EXECUTE and flags & _WRITE:
            raise ImageError("a segment can be written and executed")
        if flags & _WRITE and memory > stored:
            raise ImageError("it has data that is written")
        if memory:
            segments.append(_Segment(address, memory, offset, stored, flags))
    segments.sort(key=lambda each: each.address)
    for one, other in pairwise(segments):
        if one.pages[1] > other.pages[0]:
            raise ImageError("two segments share a page")
    code = [each for each in segments if each.flags & _EXECUTE]
    if not any(each.address <= entry < each.address + each.memory for each in code):
        raise ImageError("its entry is not in its code")
    return entry, segments, dynamic


def _dynamic(section: bytes) -> dict[int, int]:
    found: dict[int, int] = {}
    for tag, value in struct.iter_unpack("<QQ", section[: len(section) & -16]):
        if not tag:
            break
        if tag == _NEEDED:
            raise ImageError("it needs other libraries")
        found[tag] = value
    for tag, name in {**_TABLES, **_STARTERS}.items():
        if found.get(tag):
            raise ImageError(f"it has {name}, of which this loader knows nothing")
    return found


def _relocate(laid: bytearray, segments: list[_Segment], dynamic: dict[int, int], base: int) -> None:
    table, size = dynamic.get(_RELA, 0), dynamic.get(_RELASZ, 0)
    if not size:
        return
    if dynamic.get(_RELAENT) != 24 or size % 24 or table + size > len(laid):
        raise ImageError("its relocations are not in it")
    # A copy: they are not to relocate themselves.
    for offset, info, addend in struct.iter_unpack("<QQq", bytes(laid[table : table + size])):
        if info != _RELATIVE:
            raise ImageError(f"it has a relocation of kind {info & 0xFFFFFFFF}: RELATIVE alone is done")
        if not any(
            each.flags & _WRITE and each.address <= offset and offset + 8 <= each.address + each.memory
            for each in segments
        ):
            raise ImageError("a relocation is for what is not data")
        if not 0 <= addend <= len(laid):
            raise ImageError("a relocation leads out of it")
        struct.pack_into("<Q", laid, offset, base + addend)
