"""Linear memory by comparisons and by guard pages, beside each other and beside wasmtime in the same run.

    python bench/linear.py [--count]

Three kernels in C are compiled to one WebAssembly module; an executable is composed for a call of each, with
linear.checked and with linear.guarded. Bytes are of text and rodata of the runtime. Times are the fastest of
many rounds, taken in turns: other work on the machine hits all alike. wasmtime runs the same module by its
own interpreter (pulley) and as machine code. --count: instructions of the processor, by valgrind.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import wasmtime

from tblvm.builder.pipeline import build, translate
from tblvm.builder.resolve import Request
from tblvm.builder.toolchain import zig
from tblvm.core.registry import load

ROUNDS = 12
VARIANTS = ("linear.checked", "linear.guarded")
CALLS = (("sieve", 1_000_000), ("sort", 60_000), ("crc", 1_000_000))
KERNELS = """
typedef unsigned char u8;
typedef unsigned u32;
#define EXPORT(name) __attribute__((export_name(#name))) u32 name
static u8 bytes[1 << 20];
static u32 words[1 << 16];

EXPORT(sieve)(u32 n) {
  u32 found = 0;
  for (u32 i = 2; i < n; i++) bytes[i] = 0;
  for (u32 i = 2; i < n; i++) {
    if (bytes[i]) continue;
    found++;
    for (u32 j = i + i; j < n; j += i) bytes[j] = 1;
  }
  return found;
}

EXPORT(sort)(u32 n) {
  u32 seed = 1, sum = 0;
  for (u32 i = 0; i < n; i++) words[i] = seed = seed * 1664525u + 1013904223u;
  for (u32 gap = n / 2; gap; gap /= 2)
    for (u32 i = gap; i < n; i++) {
      u32 value = words[i], at = i;
      for (; at >= gap && words[at - gap] > value; at -= gap) words[at] = words[at - gap];
      words[at] = value;
    }
  for (u32 i = 0; i < n; i++) sum = sum * 31 + words[i];
  return sum;
}

EXPORT(crc)(u32 n) {
  u32 sum = ~0u;
  for (u32 i = 0; i < 256; i++) {
    u32 c = i;
    for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xEDB88320u : c >> 1;
    words[i] = c;
  }
  for (u32 i = 0; i < n; i++) bytes[i & 0xfffff] = (u8)(i * 7);
  for (u32 i = 0; i < n; i++) sum = words[(sum ^ bytes[i & 0xfffff]) & 255] ^ sum >> 8;
  return ~sum;
}
"""


def compiled(folder: Path) -> bytes:
    """The kernels as a WebAssembly module."""
    source, made = folder / "kernels.c", folder / "kernels.wasm"
    source.write_text(KERNELS)
    words = [str(zig()), "cc", "-target", "wasm32-freestanding", "-O2", "-mcpu=mvp", "-nostdlib"]
    words += ["-fno-sanitize=all", "-Wl,--no-entry", "-o", str(made), str(source)]
    subprocess.run(words, check=True)
    return made.read_bytes()


def by_process(path: Path) -> Callable[[], tuple[float, int]]:
    """Runs an executable: seconds that it computed, and what it printed."""

    def run() -> tuple[float, int]:
        with subprocess.Popen([path], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            printed = process.stdout.read()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = status
        assert status == 0, status
        return used.ru_utime + used.ru_stime, int(printed) & 0xFFFFFFFF

    return run


def by_wasmtime(
    module: bytes, name: str, argument: int, target: str | None
) -> Callable[[], tuple[float, int]]:
    """Calls the export."""
    config = wasmtime.Config()
    if target is not None:
        config.target = target
    engine = wasmtime.Engine(config)
    store = wasmtime.Store(engine)
    exports = wasmtime.Instance(store, wasmtime.Module(engine, module), []).exports(store)

    def run() -> tuple[float, int]:
        start = time.perf_counter()
        found = exports[name](store, argument)  # type: ignore[operator]
        return time.perf_counter() - start, found & 0xFFFFFFFF

    return run


def instructions(path: Path) -> int:
    """Of the processor, in millions."""
    words = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(path)]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stderr
    found = re.search(r"Collected : (\d+)", said)
    assert found is not None, said
    return int(found[1]) // 1_000_000


def main() -> None:
    registry = load()
    heads = ("bytes", "ms checked", "guarded", "ratio", "pulley", "machine code")
    print(f"{'call':14}{heads[0]:>13}" + "".join(f"{each:>{2 + len(each)}}" for each in heads[1:]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        module = compiled(folder)
        translated = translate(module, "kernels.wasm", registry)
        for export, argument in CALLS:
            runs, sizes, paths = [], [], []
            for variant in VARIANTS:
                request = Request(features=(variant,), invoke=(export, str(argument)))
                made = build(translated, registry, request)
                paths.append(folder / f"{export}-{variant}")
                paths[-1].write_bytes(made.image)
                paths[-1].chmod(0o755)
                sizes.append(made.footprint.runtime)
                runs.append(by_process(paths[-1]))
            runs += [by_wasmtime(module, export, argument, target) for target in ("pulley64", None)]
            best = [float("inf")] * len(runs)
            answers = set()
            for _ in range(ROUNDS):
                for number, run in enumerate(runs):
                    seconds, answer = run()
                    best[number] = min(best[number], seconds)
                    answers.add(answer)
            assert len(answers) == 1, answers
            checked, guarded, pulley, native = (1000 * each for each in best)
            print(
                f"{export + f'({argument})':14}{f'{sizes[0]:,} {sizes[1]:,}':>13}{checked:12.1f}"
                f"{guarded:9.1f}{guarded / checked:7.2f}{pulley:8.1f}{native:14.1f}"
            )
            if "--count" in sys.argv:
                print(f"{'':16}{' and '.join(map(str, map(instructions, paths)))} million instructions")


if __name__ == "__main__":
    main()
