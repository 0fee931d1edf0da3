"""poll_oneoff: what is so already, what time brings, what input brings."""

from __future__ import annotations

import os
import struct
import threading
import time
from typing import Any

import pytest

import tblvm
from tests.wasi.proxy import BADF, BUFFER, INVAL, NOTCAPABLE, RESULT, Machine, Ours, Theirs

CLOCK, FD_READ, FD_WRITE = 0, 1, 2
Event = tuple[int, int, int]


def clock(data: int, nanoseconds: int, *, number: int = 1, moment: bool = False) -> bytes:
    return struct.pack("<QB7xI4xQQH6x", data, CLOCK, number, nanoseconds, 0, moment)


def descriptor(data: int, kind: int, fd: int) -> bytes:
    return struct.pack("<QB7xI28x", data, kind, fd)


def poll(machine: Machine, *wanted: bytes) -> tuple[int, list[Event]]:
    """(error, for each event what it belongs to, its error, its kind)."""
    machine.on.write(BUFFER, b"".join(wanted))
    error = machine.on.call("poll_oneoff", BUFFER, BUFFER + 0x4000, len(wanted), RESULT)
    if error:
        return error, []
    data = machine.on.read(BUFFER + 0x4000, 32 * machine.word())
    return 0, [struct.unpack_from("<QHB", data, at) for at in range(0, len(data), 32)]


def ours(**more: Any) -> Machine:
    return Machine(Ours(**more))


@pytest.mark.parametrize("make", [ours, lambda: Machine(Theirs())], ids=["tblvm", "wasmtime"])
def test_time_and_output(make: Any) -> None:
    machine = make()
    assert poll(machine)[0] == INVAL
    start = time.monotonic_ns()
    assert poll(machine, clock(7, 2_000_000)) == (0, [(7, 0, CLOCK)])
    assert time.monotonic_ns() - start >= 2_000_000
    assert poll(machine, clock(1, 10**15), clock(2, 1000)) == (0, [(2, 0, CLOCK)])
    assert (3, 0, FD_WRITE) in poll(machine, clock(1, 10**15), descriptor(3, FD_WRITE, 1))[1]
    # Moments of both clocks that have passed.
    past = poll(machine, clock(4, 1, number=0, moment=True))
    assert past == (0, [(4, 0, CLOCK)])


def test_what_cannot_be_waited_for() -> None:
    assert poll(ours(grants=()), clock(1, 10**15)) == (0, [(1, NOTCAPABLE, CLOCK)])
    assert poll(ours(), clock(1, 5, number=3)) == (0, [(1, INVAL, CLOCK)])
    assert poll(ours(), descriptor(5, FD_READ, 77), clock(1, 10**12)) == (0, [(5, BADF, FD_READ)])
    assert poll(ours(), descriptor(1, FD_READ, 1)) == (0, [(1, NOTCAPABLE, FD_READ)])
    assert poll(ours(), struct.pack("<QB39x", 1, 9)) == (0, [(1, INVAL, 9)])
    machine = ours()
    assert machine.on.call("poll_oneoff", BUFFER, BUFFER, 1 << 30, RESULT) == INVAL
    assert machine.on.call("poll_oneoff", 0x1FFF0, 0, 1, RESULT) == 21


def test_files_are_ready(tmp_path: Any) -> None:
    machine = ours(dirs={"/": tmp_path})
    _, fd = machine.open("a", oflags=1, base=(1 << 28) - 1)
    found = poll(machine, clock(1, 10**15), descriptor(2, FD_READ, fd), descriptor(3, FD_WRITE, fd))
    assert found == (0, [(2, 0, FD_READ), (3, 0, FD_WRITE)])


def test_input_of_a_host_is_ready_when_it_is_read() -> None:
    machine = ours(stdin=b"x")
    assert poll(machine, clock(1, 10**15), descriptor(2, FD_READ, 0)) == (0, [(2, 0, FD_READ)])
    assert machine.get(0, 5) == (0, b"x") and machine.get(0, 5) == (0, b"")


def test_whoever_waits_can_be_stopped() -> None:
    machine = ours(timeout=0.2)
    with pytest.raises(tblvm.DeadlineExceeded):
        poll(machine, clock(1, 10**18))
    machine = ours()
    vm = machine.on.vm  # type: ignore[union-attr]
    stop = threading.Event()

    def interrupt() -> None:
        while not stop.wait(0.05):
            vm.interrupt()

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(tblvm.Trap, match="interrupted"):
            poll(machine, clock(1, 10**18))
    finally:
        stop.set()
        thread.join()


def test_a_pipe_wakes_an_executable(tmp_path: Any) -> None:
    """Standard input that comes later, in a process of its own."""
    import subprocess

    from tblvm.builder.pipeline import build, translate
    from tblvm.builder.resolve import Request
    from tblvm.core.registry import load

    text = """(module
      (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\\09\\00\\00\\00\\00\\00\\00\\00\\01")
      (data (i32.const 48) "\\08\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\01\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\10")
      (data (i32.const 200) "\\00\\02\\00\\00\\20\\00\\00\\00\\e0\\00\\00\\00\\05\\00\\00\\00")
      (data (i32.const 224) "ready")
      (func (export "_start")
        (drop (call $write (i32.const 1) (i32.const 208) (i32.const 1) (i32.const 300)))
        (drop (call $poll (i32.const 0) (i32.const 512) (i32.const 2) (i32.const 300)))
        (drop (call $write (i32.const 1) (i32.const 200) (i32.const 1) (i32.const 300)))))"""
    import wasmtime

    registry = load()
    module = translate(bytes(wasmtime.wat2wasm(text)), "x.wasm", registry)
    path = tmp_path / "x"
    path.write_bytes(build(module, registry, Request()).image)
    path.chmod(0o755)
    with subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        assert os.read(process.stdout.fileno(), 5) == b"ready"
        process.stdin.write(b"x")
        process.stdin.flush()
        data = process.stdout.read()
    assert struct.unpack_from("<QHB", data) == (9, 0, FD_READ) and data[8:10] == b"\0\0"
