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
# Imports WASI's functions of files, so that its runtime has them, and what no program should.
HOSTILE_WAT = """(module
  (import "hostile" "open" (func $open (param i64) (result i64)))
  (import "hostile" "call" (func $call (param i64 i64 i64 i64 i64 i64) (result i64)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "open") (result i64) (call $open (i64.const 0)))
  (func (export "call") (param i64) (result i64)
    (call $call (local.get 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)))
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


@needs_landlock
@pytest.mark.parametrize("level", ["process", "auto"])
def test_a_program_has_the_directories_that_it_was_given(place: Path, level: str) -> None:
    tblvm.load(place / "files.c", isolation="process").close()  # what workers are started from stays
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
