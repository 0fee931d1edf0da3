"""What calls between Python and a program cost, beside calls between Python and C by cffi in the same run.

    python bench/calls.py

Ratios are of the fastest of many rounds of both, taken in turns: other work on the machine hits both alike.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cffi

import tblvm
from tblvm.builder.toolchain import zig

ROUNDS, CALLS = 200, 2000
PROGRAM = """
.import nothing(): "bench", "nothing"
.import add(a: i32, b: i32) -> i32: "bench", "add"
.func main()
    RET
.end
.func empty()
    RET
.end
.func sum(a: i32, b: i32) -> i32
    LOAD a
    LOAD b
    ADD
    RET
.end
.func ask(n: i32)
again:
    CALL nothing
    LOAD n
    DEC
    DUP
    STORE n
    JNZ again
    RET
.end
.func ask_sum(n: i32)
again:
    LOAD n
    PUSH 1
    CALL add
    POP
    LOAD n
    DEC
    DUP
    STORE n
    JNZ again
    RET
.end
"""
PEER = """
void empty(void) {}
void pointer(void *p) { (void)p; }
int sum(int a, int b) { return a + b; }
void ask(void (*f)(void), int n) { while (n--) f(); }
int ask_sum(int (*f)(int, int), int n) { int all = 0; while (n--) all += f(n, 1); return all; }
"""
DECLARED = """
void empty(void); void pointer(void *p); int sum(int a, int b);
void ask(void (*f)(void), int n); int ask_sum(int (*f)(int, int), int n);
"""


def fastest(*those: Callable[[], None]) -> list[float]:
    """Nanoseconds of each, the fastest of all rounds."""
    best = [float("inf")] * len(those)
    for _ in range(ROUNDS):
        for number, each in enumerate(those):
            start = time.perf_counter_ns()
            each()
            best[number] = min(best[number], (time.perf_counter_ns() - start) / CALLS)
    return best


def repeated(call: str, **names: object) -> Callable[[], None]:
    """A function that makes the call CALLS times."""
    source = f"def run():\n  for _ in range({CALLS // 10}):\n" + f"    {call}\n" * 10
    exec(source, names)
    return names["run"]  # type: ignore[return-value]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "peer.c", Path(folder) / "peer.so"
        source.write_text(PEER)
        command = [str(zig()), "cc", "-O2", "-shared", "-nostdlib", "-fPIC", "-fno-sanitize=all"]
        subprocess.run([*command, "-o", str(made), str(source)], check=True)
        ffi = cffi.FFI()
        ffi.cdef(DECLARED)
        peer = ffi.dlopen(str(made))

    def nothing() -> None:
        pass

    def add(a: int, b: int) -> int:
        return a + b

    vm = tblvm.load(PROGRAM.encode(), imports={"bench": {"nothing": nothing, "add": add}})
    handle = ffi.new("char[8]")
    callback, sum_callback = ffi.callback("void(void)", nothing), ffi.callback("int(int, int)", add)
    empty, pointer, call, sum_peer, sum_vm, back, ask, back_sum, ask_sum = fastest(
        repeated("f()", f=peer.empty),
        repeated("f(p)", f=peer.pointer, p=ffi.cast("void *", handle)),
        repeated('vm.call("empty")', vm=vm),
        repeated("f(1, 2)", f=peer.sum),
        repeated('vm.call("sum", 1, 2)', vm=vm),
        lambda: peer.ask(callback, CALLS),
        lambda: vm.call("ask", CALLS),
        lambda: peer.ask_sum(sum_callback, CALLS),
        lambda: vm.call("ask_sum", CALLS),
    )
    rows = (
        ('vm.call("empty")', call, "cffi: void f(void)", empty),
        ('vm.call("empty")', call, "cffi: void f(void *)", pointer),
        ('vm.call("sum", 1, 2)', sum_vm, "cffi: int f(int, int)", sum_peer),
        ("host function ()", ask, "cffi callback: void f(void)", back),
        ("host function (i32, i32) -> i32", ask_sum, "cffi callback: int f(int, int)", back_sum),
    )
    print(f"Python {sys.version.split()[0]}, cffi {cffi.__version__}")
    for what, ours, than, theirs in rows:
        print(f"{what:32} {ours:7.0f} ns   {than:32} {theirs:7.0f} ns   ratio {ours / theirs:5.2f}")


if __name__ == "__main__":
    main()
