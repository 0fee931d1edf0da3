"""A module whose exports are the functions of WASI, in tblvm and in wasmtime: tests call them from outside."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import wasmtime

import tblvm
from tblvm.core.registry import load
from tblvm.wasi.imports import BEFORE, MODULE

PAGES = 2
# Where tests put what they give, and find what they get.
PATHS, BUFFER, RESULT = 0x1000, 0x4000, 0x100

NOTCAPABLE, BADF, NOENT, PERM, ACCES, INVAL, LOOP, FAULT = 76, 8, 44, 63, 2, 28, 32, 21
CREAT, DIRECTORY, EXCL, TRUNC = 1, 2, 4, 8
READ, WRITE = 1 << 1, 1 << 6
ALL = (1 << 28) - 1


@cache
def module(of: str = MODULE) -> bytes:
    """The module; of: the snapshot that it imports."""
    natives = [native for _, native in load().imports.values() if native.module == of]
    head, body = [], []
    for each in natives:
        takes = " ".join(("param", *each.parameters)) if each.parameters else ""
        kind = f"{f'({takes})' if takes else ''} {f'(result {each.result})' if each.result else ''}"
        head.append(f'(import "{of}" "{each.name}" (func ${each.name} {kind}))')
        gets = " ".join(f"(local.get {index})" for index in range(len(each.parameters)))
        body.append(f'(func (export "{each.name}") {kind} (call ${each.name} {gets}))')
    text = "\n".join(
        ["(module", *head, f'(memory (export "memory") {PAGES})', *body, '(func (export "_start")))']
    )
    return bytes(wasmtime.wat2wasm(text))


class Ours:
    """The module in tblvm. level: how it is kept apart, where nobody says otherwise."""

    level = "none"

    def __init__(self, dirs: Mapping[str, Any] | None = None, *, before: bool = False, **more: Any) -> None:
        more = {"grants": ["clock", "random"], "isolation": self.level, **more}
        self.vm = tblvm.load(module(BEFORE if before else MODULE), dirs=dirs, **more)
        self.memory = self.vm.memory()

    def call(self, name: str, *arguments: int) -> Any:
        return self.vm.call(name, *arguments)

    def read(self, at: int, count: int) -> bytes:
        return bytes(self.memory[at : at + count])

    def write(self, at: int, data: bytes) -> None:
        self.memory[at : at + len(data)] = data


class Theirs:
    """The module in wasmtime."""

    def __init__(
        self,
        dirs: Mapping[str, Any] | None = None,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        config = wasmtime.WasiConfig()
        config.argv = list(args)
        config.env = list((env or {}).items())
        for guest, host in (dirs or {}).items():
            if isinstance(host, tblvm.embed.store.ReadOnly):
                read = (wasmtime.DirPerms.READ_ONLY, wasmtime.FilePerms.READ_ONLY)
                config.preopen_dir(str(host.path), guest, *read)
            else:
                config.preopen_dir(str(host), guest)
        self.store = wasmtime.Store()
        self.store.set_wasi(config)
        linker = wasmtime.Linker(self.store.engine)
        linker.define_wasi()
        self.instance = linker.instantiate(self.store, wasmtime.Module(self.store.engine, module()))
        self.exports = self.instance.exports(self.store)

    def call(self, name: str, *arguments: int) -> Any:
        function: Any = self.exports[name]
        return function(self.store, *arguments)

    def read(self, at: int, count: int) -> bytes:
        memory: Any = self.exports["memory"]
        return bytes(memory.read(self.store, at, at + count))

    def write(self, at: int, data: bytes) -> None:
        memory: Any = self.exports["memory"]
        memory.write(self.store, data, at)


class Machine:
    """Calls by what they are for, on either of both."""

    def __init__(self, on: Ours | Theirs) -> None:
        self.on = on

    def path(self, text: str | bytes, at: int = PATHS) -> tuple[int, int]:
        data = text.encode() if isinstance(text, str) else text
        self.on.write(at, data)
        return at, len(data)

    def word(self, at: int = RESULT) -> int:
        return int(struct.unpack("<I", self.on.read(at, 4))[0])

    def open(
        self,
        path: str | bytes,
        *,
        fd: int = 3,
        oflags: int = 0,
        base: int = READ,
        inheriting: int = 0,
        flags: int = 0,
        follow: int = 0,
    ) -> tuple[int, int]:
        """(error, descriptor)."""
        error = self.on.call(
            "path_open", fd, follow, *self.path(path), oflags, base, inheriting, flags, RESULT
        )
        return error, self.word() if not error else -1

    def put(self, fd: int, data: bytes, name: str = "fd_write", *offset: int) -> tuple[int, int]:
        self.on.write(BUFFER, data)
        self.on.write(0x200, struct.pack("<2I", BUFFER, len(data)))
        error = self.on.call(name, fd, 0x200, 1, *offset, RESULT)
        return error, self.word() if not error else -1

    def get(self, fd: int, count: int, name: str = "fd_read", *offset: int) -> tuple[int, bytes]:
        self.on.write(0x200, struct.pack("<2I", BUFFER, count))
        error = self.on.call(name, fd, 0x200, 1, *offset, RESULT)
        return error, self.on.read(BUFFER, self.word()) if not error else b""

    def stat(self, path: str | bytes, *, fd: int = 3, follow: int = 0) -> tuple[int, int, int]:
        """(error, type, size)."""
        error = self.on.call("path_filestat_get", fd, follow, *self.path(path), BUFFER)
        if error:
            return error, -1, -1
        _, _, kind, _, size = struct.unpack("<2QB7x2Q", self.on.read(BUFFER, 40))
        return 0, kind, size

    def entries(self, fd: int, room: int = 4096) -> tuple[int, list[tuple[str, int]]]:
        """(error, names with their types, in order), read with a buffer of so many bytes."""
        found: dict[str, int] = {}
        cookie = 0
        while True:
            error = self.on.call("fd_readdir", fd, BUFFER, room, cookie, RESULT)
            if error:
                return error, []
            used = self.word()
            data, at, whole = self.on.read(BUFFER, used), 0, 0
            while at + 24 <= used:
                following, _, length, kind = struct.unpack_from("<QQIB", data, at)
                if at + 24 + length > used:
                    break
                found[data[at + 24 : at + 24 + length].decode()] = kind
                at, cookie, whole = at + 24 + length, following, whole + 1
            if used < room:
                return 0, sorted(found.items())
            assert whole, "the buffer holds no entry"

    def at(self, name: str, path: str | bytes, fd: int = 3) -> int:
        """A function of a path alone."""
        return int(self.on.call(name, fd, *self.path(path)))

    def two(self, name: str, path: str | bytes, to: str | bytes, fd: int = 3, to_fd: int = 3) -> int:
        """path_rename, path_link, path_symlink."""
        one, other = self.path(path), self.path(to, PATHS + 0x1000)
        if name == "path_symlink":
            return int(self.on.call(name, *one, to_fd, *other))
        flags = (0,) if name == "path_link" else ()
        return int(self.on.call(name, fd, *flags, *one, to_fd, *other))

    def link(self, path: str | bytes, fd: int = 3) -> tuple[int, bytes]:
        error = self.on.call("path_readlink", fd, *self.path(path), BUFFER, 4096, RESULT)
        return error, self.on.read(BUFFER, self.word()) if not error else b""


def both(root: Path) -> tuple[Machine, Machine]:
    """The module in both, each with a directory of its own below *root*."""
    for name in ("ours", "theirs"):
        (root / name).mkdir()
    return Machine(Ours({"/": root / "ours"})), Machine(Theirs({"/": root / "theirs"}))
