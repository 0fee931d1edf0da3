"""Directories of programs in worker processes: what they were given stays, by landlock and a longer list of system
calls, and nothing else is there. What programs do with them is compared with wasmtime in tests/wasi/test_paths.py."""

from __future__ import annotations

import ctypes
import gc
import os
from pathlib import Path

import pytest

import tblvm
from tblvm.embed.errors import Blocked, IsolationError
from tblvm.isolation.channel import DIRECTORIES
from tblvm.isolation.walls import call_number

HOSTILE = Path(__file__).parent / "hostile"
FILES = r"""
#include <stdio.h>
int main(void) {
  char text[64] = "";
  FILE *in = fopen("/in/a", "r");
  if (in) fgets(text, sizeof text, in);
  FILE *out = fopen("/out/b", "w");
  if (out) fprintf(out, "<%s>", text), fclose(out);
  FILE *bad = fopen("/in/c", "w");
  FILE *away = fopen("/etc/passwd", "r");
  printf("%s %d %d %d\n", text, out != 0, bad != 0, away != 0);
  return rename("/out/b", "/out/d");
}
"""
TIMES = r"""
#include <stdint.h>
#include <stdio.h>
__attribute__((import_module("wasi_snapshot_preview1"), import_name("path_filestat_set_times")))
int set_times(int fd, int look, const char *path, int bytes, uint64_t accessed, uint64_t modified, int flags);
int main(void) {
  int in = set_times(3, 0, "a", 1, 1000000000000, 1000000000000, 5);
  int file = set_times(4, 1, "link", 4, 1000000000000, 1000000000000, 5);
  int folder = set_times(4, 0, "folder", 6, 2000000000000, 2000000000000, 5);
  int none = set_times(4, 0, "nothing", 7, 0, 0, 5);
  printf("%d %d %d %d %d\\n", in, file, folder, none, set_times(4, 0, "pipe", 4, 0, 0, 5));
}
"""
# Imports WASI's functions of files, so that its runtime has them, and what no program should.
HOSTILE_WAT = """(module
  (import "hostile" "open" (func $open (param i64) (result i64)))
  (import "hostile" "call" (func $call (param i64 i64 i64 i64 i64 i64) (result i64)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_set_times"
    (func $times (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $make (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $list (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pread" (func $read (param i32 i32 i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (table 8 funcref)
  (elem (i32.const 0) $times $make $unlink $list $read)
  (func (export "open") (result i64) (call $open (i64.const 0)))
  (func (export "call") (param i64) (result i64)
    (call $call (local.get 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)))
  (func (export "any") (param i64 i64 i64 i64 i64 i64) (result i64)
    (call $call (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)))
  (func (export "path") (result i32)
    (call $path (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i64.const 0)
      (i32.const 0) (i32.const 0))))
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "in" / "a").write_text("text")
    (tmp_path / "files.c").write_text(FILES)
    return tmp_path


def given(place: Path) -> dict[str, object]:
    return {"/in": tblvm.ReadOnly(place / "in"), "/out": place / "out"}


def landlock() -> bool:
    """Whether this kernel has it: asked by the system call itself."""
    return ctypes.CDLL(None).syscall(444, 0, 0, 1) > 0


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


needs_landlock = pytest.mark.skipif(not landlock(), reason="this kernel has no landlock")


@pytest.mark.outside  # compiles C
@needs_landlock
@pytest.mark.parametrize("level", ["process", "auto"])
def test_a_program_has_the_directories_that_it_was_given(place: Path, level: str) -> None:
    tblvm.load(place / "files.c", isolation="process").close()  # what workers are started from stays
    gc.collect()  # what tests before this one left
    before = descriptors()
    vm = tblvm.load(place / "files.c", isolation=level, dirs=given(place))
    assert vm.report().isolation == "process"
    done = vm.run()
    assert (done.status, done.output) == (0, b"text 1 0 0\n")
    assert (place / "out" / "d").read_text() == "<text>"
    assert [each.name for each in (place / "in").iterdir()] == ["a"]
    vm.close()
    del vm
    gc.collect()
    assert descriptors() == before


@needs_landlock
def test_native_code_of_such_a_program_gets_no_other_file(place: Path) -> None:
    import wasmtime

    program = bytes(wasmtime.wat2wasm(HOSTILE_WAT))
    store = tblvm.Store(isolation="process", plugins=[HOSTILE], dirs=given(place))
    vm = store.load(program)
    assert vm.call("open") == -13, (
        "EACCES: the list has openat, and landlock knows the directory is none of its own"
    )
    assert vm.call("path") != 0
    for name in ("execve", "socket", "ptrace", "memfd_create", "mmap"):
        vm = store.load(program)
        with pytest.raises(Blocked, match=name):
            vm.call("call", call_number(name, os.uname().machine))
    bare = tblvm.load(program, isolation="process", plugins=[HOSTILE])
    with pytest.raises(Blocked, match="openat"):
        bare.call("open")


class Native:
    """Native code of a program with directories, of which the first is descriptor 6 of its worker."""

    def __init__(self, dirs: dict[str, object]) -> None:
        import wasmtime

        store = tblvm.Store(isolation="process", plugins=[HOSTILE], dirs=dirs)
        self.vm = store.load(bytes(wasmtime.wat2wasm(HOSTILE_WAT)))
        self.memory = self.vm._lib.guest(self.vm._context).call("MEMORY", 0)

    def text(self, path: str, at: int = 0) -> int:
        """The address of a path."""
        data = path.encode() + b"\0"
        self.vm.memory()[at : at + len(data)] = data
        return int(self.memory) + at

    def call(self, name: str, *words: int) -> int:
        """A system call, with at most five arguments."""
        number = call_number(name, os.uname().machine)
        assert number is not None
        return int(self.vm.call("any", number, *words, *[0] * (5 - len(words))))


HERE, PATH_ONLY, EMPTY = -100, 0o10000000, 0x1000


def opened(native: Native, path: str, flags: int, mode: int = 0o600) -> int:
    return native.call("openat", 6, native.text(path), flags, mode)


@needs_landlock
def test_native_code_changes_no_file_that_is_for_reading(place: Path) -> None:
    """Also by what landlock does not see: a file that is opened for reading can be emptied by that (before Linux
    6.2), and times are no right of it."""
    only = {"/in": tblvm.ReadOnly(place / "in")}
    wanted = (place / "in" / "a").stat()
    for flags in (os.O_RDONLY | os.O_TRUNC, os.O_RDONLY | os.O_TRUNC | os.O_CLOEXEC):
        with pytest.raises(Blocked, match="openat"):
            opened(Native(only), "a", flags)
    native = Native(only)
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_RDWR | os.O_TRUNC, os.O_WRONLY | os.O_CREAT | os.O_TRUNC):
        assert opened(native, "a", flags) == -13
    assert opened(native, "new", os.O_WRONLY | os.O_CREAT) == -13
    assert native.call("unlinkat", 6, native.text("a"), 0) == -13
    assert native.call("mkdirat", 6, native.text("new"), 0o777) == -13
    file = opened(native, "a", os.O_RDONLY)
    assert file > 0
    with pytest.raises(Blocked, match="utimensat"):
        native.call("utimensat", file, 0, 0, 0)
    now = (place / "in" / "a").stat()
    assert (now.st_size, now.st_mtime_ns) == (wanted.st_size, wanted.st_mtime_ns)


@needs_landlock
def test_native_code_sets_no_times_of_other_files(place: Path) -> None:
    """Landlock does not see times: the filter lets nobody name a path, and what is open is in the directories."""
    (place / "away").write_text("")
    os.utime(place / "away", (1, 1))
    for directory, path, flags in ((HERE, str(place / "away"), 0), (6, "../away", 0), (6, "x", EMPTY)):
        native = Native({"/out": place / "out"})
        with pytest.raises(Blocked, match="utimensat"):
            native.call("utimensat", directory, native.text(path), 0, flags)
    native = Native({"/out": place / "out"})
    looked = native.call("openat", HERE, native.text(str(place / "away")), PATH_ONLY, 0)
    assert looked > 0, "a descriptor to look at is had of anything"
    assert native.call("utimensat", looked, 0, 0, 0) == -9
    assert (place / "away").stat().st_mtime == 1
    file = opened(native, "mine", os.O_CREAT | os.O_WRONLY)
    assert native.call("utimensat", file, 0, 0, 0) == 0


@needs_landlock
def test_native_code_leaves_no_program_of_its_owner_s(place: Path) -> None:
    """Whoever runs a file with the bit of its owner's rights has them: also one that was left in a directory."""
    out = {"/out": place / "out"}
    for mode in (0o4755, 0o2755, 0o6777):
        with pytest.raises(Blocked, match="openat"):
            opened(Native(out), "evil", os.O_CREAT | os.O_WRONLY, mode)
    with pytest.raises(Blocked, match="mkdirat"):
        native = Native(out)
        native.call("mkdirat", 6, native.text("evil"), 0o2777)
    assert opened(Native(out), "plain", os.O_CREAT | os.O_WRONLY, 0o777) > 0
    for name in ("fchmod", "fchmodat", "fchownat", "mknodat", "openat2", "truncate", "setxattr"):
        with pytest.raises(Blocked, match=name):
            Native(out).call(name)
    assert [each.name for each in (place / "out").iterdir()] == ["plain"]


@needs_landlock
def test_what_native_code_sees_of_other_files(place: Path) -> None:
    """Names, sizes, times: landlock hides none of that. Nothing is read, nothing is listed."""
    native = Native({"/in": tblvm.ReadOnly(place / "in")})
    assert opened(native, "/etc/passwd", os.O_RDONLY) == -13
    assert opened(native, "/nothing/there", os.O_RDONLY) == -2
    looked = opened(native, "/etc", PATH_ONLY)
    assert looked > 0
    assert native.call("getdents64", looked, native.text(""), 100) == -9
    assert native.call("pread64", looked, native.text(""), 10, 0) == -9
    assert native.call("statx", looked, native.text("passwd"), 0, 0x7FF, native.text("", 4096)) == 0
    size = int.from_bytes(bytes(native.vm.memory()[4096 + 40 : 4096 + 48]), "little")
    assert size == Path("/etc/passwd").stat().st_size
    for path in ("/proc/self/mem", "/proc/self/maps", f"/proc/{os.getpid()}/mem", "/dev/mem", "/dev/null"):
        assert opened(native, path, os.O_RDONLY) in (-13, -2), path


@pytest.mark.outside  # compiles C
@needs_landlock
def test_times_of_what_a_program_was_given(place: Path) -> None:
    """Of files and directories, by name and by a link, as without walls."""
    source = place / "times.c"
    source.write_text(TIMES)
    (place / "out" / "file").write_text("")
    (place / "out" / "folder").mkdir()
    (place / "out" / "link").symlink_to("file")
    os.mkfifo(place / "out" / "pipe")
    said = {}
    for level in ("none", "process"):
        for name in ("file", "folder"):
            os.utime(place / "out" / name, (5, 5))
        done = tblvm.load(source, isolation=level, dirs=given(place)).run()
        assert [int((place / "out" / name).stat().st_mtime) for name in ("file", "folder")] == [1000, 2000]
        said[level] = done.output.split()[:4]
    assert said["none"] == said["process"]


@pytest.mark.outside  # compiles C
def test_there_can_be_so_many(place: Path) -> None:
    many = {f"/{number}": place / "in" for number in range(DIRECTORIES + 1)}
    with pytest.raises(IsolationError, match=f"{DIRECTORIES} directories"):
        tblvm.load(place / "files.c", isolation="process", dirs=many)
    if not landlock():
        return
    # As many as do not take all 64 descriptors of a program: their numbers go over those that the host has.
    some = dict(list(many.items())[:40])
    vm = tblvm.load(place / "files.c", isolation="process", dirs={**some, **given(place)})
    assert vm.run().output == b"text 1 0 0\n"
