"""python with_wasmtime.py cranelift|winch PROGRAM.wasm WORDS… : runs it, and says what the call took."""

import sys
import time
from pathlib import Path

import wasmtime
from wasmtime import _ffi

config = wasmtime.Config()
# The package has no word for Winch, the library below it has.
_ffi.wasmtime_config_strategy_set(config.ptr(), {"cranelift": 1, "winch": 2}[sys.argv[1]])
config.parallel_compilation = False  # its time is the process's
began = time.process_time()
engine = wasmtime.Engine(config)
module = wasmtime.Module(engine, Path(sys.argv[2]).read_bytes())
load = time.process_time() - began
linker = wasmtime.Linker(engine)
linker.define_wasi()
store = wasmtime.Store(engine)
wasi = wasmtime.WasiConfig()
wasi.argv = sys.argv[2:]
wasi.inherit_stdout()
wasi.inherit_stderr()
store.set_wasi(wasi)
start = linker.instantiate(store, module).exports(store)["_start"]
assert isinstance(start, wasmtime.Func)
wall, cpu = time.perf_counter(), time.process_time()
start(store)
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
print(f"timed {cpu:.9f} {wall:.9f} {load:.9f}", file=sys.stderr)
