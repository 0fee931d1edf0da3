"""How fast large WebAssembly modules are translated and verified in Python, beside wasmtime's compiler.

    python bench/translate.py [FILE.wasm...]

Of each file: stages in seconds of processor time (of all threads: other work on the machine hardly shows) and
nanoseconds an instruction; MB of .wasm a second; then what wasmtime's compiler takes for the same module, and
the ratio of the two. The least of three runs counts. Without a file it is a generated module: a thousand
functions with locals, arithmetic, loads and stores, calls, branches and branch tables.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import wasmtime

from tblvm.builder.need import need
from tblvm.builder.pipeline import translate
from tblvm.core import tbc
from tblvm.core.registry import load
from tblvm.stack import verify

T = TypeVar("T")
RUNS = 3
FUNCTIONS, STATEMENTS, SEED = 1000, 18, 1
LOCALS = ("i32", "i32", "i32", "i32", "i32", "i64", "f64")


# --- a module -------------------------------------------------------------------------------------------


def _expression(rng: random.Random, type_: str, depth: int) -> str:
    own = [index for index, each in enumerate(LOCALS) if each == type_]
    if depth == 0 or rng.random() < 0.3:
        if rng.random() < 0.7:
            return f"(local.get {rng.choice(own)})"
        return f"({type_}.const {rng.choice((0, 1, 2, 4, 8, -1, rng.randrange(1 << 16)))})"
    if rng.random() < 0.4:
        offset = rng.choice((0, 4, 8, 12, 16, rng.randrange(4096)))
        return f"({type_}.load offset={offset} {_expression(rng, 'i32', depth - 1)})"
    operation = rng.choice(("add", "sub", "mul") if type_ == "f64" else ("add", "sub", "and", "shl", "xor"))
    left, right = (_expression(rng, type_, depth - 1) for _ in range(2))
    return f"({type_}.{operation} {left} {right})"


def _statement(rng: random.Random, depth: int) -> str:
    choice = rng.random()
    target = rng.randrange(len(LOCALS))
    if depth == 0 or choice < 0.4:
        return f"(local.set {target} {_expression(rng, LOCALS[target], 3)})"
    if choice < 0.6:
        type_ = rng.choice(("i32", "i32", "i64", "f64"))
        address, value = _expression(rng, "i32", 1), _expression(rng, type_, 2)
        return f"({type_}.store offset={rng.randrange(256)} {address} {value})"
    if choice < 0.75:
        arguments = " ".join(_expression(rng, "i32", 1) for _ in range(2))
        return f"(local.set 0 (call {rng.randrange(FUNCTIONS)} {arguments}))"
    inside = " ".join(_statement(rng, depth - 1) for _ in range(rng.randrange(1, 4)))
    condition = _expression(rng, "i32", 2)
    if choice < 0.85:
        return f"(if {condition} (then {inside}) (else {_statement(rng, depth - 1)}))"
    if choice < 0.97:
        return f"(block (loop {inside} (br_if 1 {condition}) (br_if 0 (local.get 1))))"
    return f"(block (block (block (br_table 0 1 2 1 {condition})) {inside}) {_statement(rng, depth - 1)})"


def generated() -> bytes:
    """A module of realistic shape, always the same."""
    rng = random.Random(SEED)
    functions = []
    for index in range(FUNCTIONS):
        body = " ".join(_statement(rng, 3) for _ in range(STATEMENTS))
        head = f'(func (export "f{index}") (param i32 i32) (result i32) (local {" ".join(LOCALS[2:])})'
        functions.append(f"{head} {body} (local.get 0))")
    return bytes(wasmtime.wat2wasm(f"(module (memory 16) {' '.join(functions)})"))


# --- measuring ------------------------------------------------------------------------------------------


def least(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds of processor time that *work* takes, the least of some runs, and what it gives."""
    seconds = []
    for _ in range(RUNS):
        start = time.process_time()
        found = work()
        seconds.append(time.process_time() - start)
    return min(seconds), found


def show(name: str, content: bytes) -> None:
    registry = load()
    isa = registry.isa
    translating, module = least(lambda: translate(content, name, registry))
    verifying, verified = least(lambda: verify(module, isa))
    needing, _ = least(lambda: need(verified, isa))
    writing, file = least(lambda: tbc.write(verified.module))
    reading, _ = least(lambda: tbc.read(file))
    engine = wasmtime.Engine()
    compiling, _ = least(lambda: wasmtime.Module(engine, content))
    count = sum(len(each.offsets) for each in verified.functions)
    print(f"{name}: {len(content):,} bytes, {len(verified.functions):,} functions, {count:,} instructions")
    for stage, seconds in (
        ("translate", translating),
        ("verify", verifying),
        ("need", needing),
        ("write .tbc", writing),
        ("read .tbc", reading),
    ):
        print(f"  {stage:12} {seconds:7.3f} s {seconds / count * 1e9:7.0f} ns an instruction")
    both = translating + verifying
    print(f"  {'both first':12} {both:7.3f} s {len(content) / both / 1e6:7.2f} MB of .wasm a second")
    print(f"  {'wasmtime':12} {compiling:7.3f} s   ratio {both / compiling:.2f}")


def main() -> None:
    for path in map(Path, sys.argv[1:]):
        show(path.name, path.read_bytes())
    if len(sys.argv) == 1:
        show("generated", generated())


if __name__ == "__main__":
    main()
