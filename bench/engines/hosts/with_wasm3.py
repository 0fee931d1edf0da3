"""python with_wasm3.py PROGRAM.wasm WORDS… : runs it, and says what the call took.

The package has no WASI: here is what programs need that have arguments and print.
"""

import struct
import sys
import time
from pathlib import Path

import wasm3

began = time.process_time()
environment = wasm3.Environment()
runtime = environment.new_runtime(1 << 20)
module = environment.parse_module(Path(sys.argv[1]).read_bytes())
runtime.load(module)
words = [word.encode() + b"\0" for word in sys.argv[1:]]


def put(at, form, *values):
    struct.pack_into("<" + form, runtime.get_memory(0), at, *values)


def args_sizes_get(count, size):
    put(count, "I", len(words))
    put(size, "I", sum(map(len, words)))
    return 0


def args_get(pointers, at):
    for number, word in enumerate(words):
        put(pointers + 4 * number, "I", at)
        put(at, f"{len(word)}s", word)
        at += len(word)
    return 0


def fd_write(fd, vectors, count, done):
    memory, total = runtime.get_memory(0), 0
    for number in range(count):
        at, size = struct.unpack_from("<II", memory, vectors + 8 * number)
        (sys.stdout if fd == 1 else sys.stderr).buffer.write(bytes(memory[at : at + size]))
        total += size
    put(done, "I", total)
    return 0


def fd_fdstat_get(fd, at):
    put(at, "BxHxxxxQQ", 2, 0, 0, 0)
    return 0


def proc_exit(status):
    sys.stdout.flush()
    sys.exit(status)


functions = (
    ("args_sizes_get", "i(ii)", args_sizes_get),
    ("args_get", "i(ii)", args_get),
    ("fd_write", "i(iiii)", fd_write),
    ("fd_fdstat_get", "i(ii)", fd_fdstat_get),
    ("fd_seek", "i(iIii)", lambda fd, offset, whence, at: 70),
    ("fd_close", "i(i)", lambda fd: 0),
    ("proc_exit", "v(i)", proc_exit),
)
for name, spelled, function in functions:
    try:
        module.link_function("wasi_snapshot_preview1", name, spelled, function)
    except RuntimeError as error:
        if "lookup failed" not in str(error):  # the program does not import it
            raise
start = runtime.find_function("_start")
load = time.process_time() - began
wall, cpu = time.perf_counter(), time.process_time()
start()
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
sys.stdout.flush()
print(f"timed {cpu:.9f} {wall:.9f} {load:.9f}", file=sys.stderr)
