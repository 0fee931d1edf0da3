"""Modules that `wasm-tools smith` makes do on tblvm what they do on wasmtime: results, traps, memories, globals."""

from __future__ import annotations

import os
import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import pytest
import wasmtime

from tblvm.builder.invoke import invoke
from tblvm.builder.pipeline import build
from tblvm.builder.resolve import Request
from tblvm.core.io.services import Console
from tblvm.core.registry import Registry
from tblvm.frontends.wasm import translate
from tblvm.frontends.wasm.conformance.script import Value
from tblvm.opcodes.meaning import Machine
from tblvm.stack import verify

from .compare import FUEL, attempt, bits, compared, same_trap
from .mutated import signed
from .oracle import Wasmtime
from .smith import module

SEED = int(os.environ.get("TBLVM_TEST_SEED", "1"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
COUNT, PARTS = 500 * SCALE, 10


@pytest.mark.parametrize("part", range(PARTS))
def test_generated_modules(part: int, tmp_path: Path) -> None:
    """One that differs is in tmp_path; `wasm-tools shrink` makes it small, see docs/webassembly.md."""
    calls = results = 0
    traps: Counter[str] = Counter()
    for number in range(part, COUNT, PARTS):
        content = module(SEED * 1_000_000 + number)
        kept = tmp_path / f"generated-{number}.wasm"
        kept.write_bytes(content)
        try:
            seen = compared(content, number)
        except Exception as error:
            raise AssertionError(f"module {number} of TBLVM_TEST_SEED={SEED}, in {kept}") from error
        kept.unlink()
        calls, results = calls + seen.calls, results + seen.results
        traps.update(seen.traps)
    print(f"{calls} calls, {results} gave results, traps: {dict(traps)}")
    assert results > calls / 10 and len(traps) >= 3, "they do something"


EXECUTABLES = 6 * SCALE


def calls() -> Iterator[tuple[bytes, str, list[Value], list[tuple[str, int]] | None, str]]:
    """Functions of integers in generated modules: module, name, arguments, results or None, trap."""
    for number in count():
        content = module(SEED * 1_000_000 + number)
        theirs, rng = Wasmtime(FUEL), random.Random(number)
        instance, _ = attempt(theirs.instantiate, content)
        exports = instance.exports(theirs.store) if instance is not None else {}
        for name in exports:
            function = exports[name]
            if not isinstance(function, wasmtime.Func) or "\0" in name:
                continue
            types = function.type(theirs.store)
            if not types.results or any(str(each)[0] == "f" for each in (*types.params, *types.results)):
                continue
            arguments = [Value(str(each), bits(str(each), rng)) for each in types.params]
            given = [(each.type, each.bits) for each in arguments]
            found, trap = attempt(theirs.call, instance, name, given)
            if trap not in ("exhausted", "out of fuel"):
                yield content, name, arguments, found, trap
            break  # the next one would find what this one has left


@pytest.mark.parametrize("engine", ["switch", "aot"])
def test_generated_modules_as_executables(registry: Registry, tmp_path: Path, engine: str) -> None:
    """The same by way of `tbbuild --invoke`: a runtime for each, and the reference interpreter."""
    for content, name, arguments, found, trap in islice(calls(), EXECUTABLES):
        call = (name, *(str(each.bits) for each in arguments))
        translated = translate(content, "generated.wasm", registry.isa)
        image = build(translated, registry, Request(invoke=call, engine=engine)).image
        program = tmp_path / "program"
        program.write_bytes(image)
        program.chmod(0o755)
        done = subprocess.run([program], capture_output=True, text=True, check=False, timeout=120)
        program.unlink()
        console = Console()
        machine = Machine(verify(invoke(translated, registry.isa, call), registry.isa), states=(console,))
        run = machine.run(registry.isa)
        if found is None:
            assert done.returncode == 134 and same_trap(
                trap, done.stderr.partition("trap: ")[2].splitlines()[0]
            ), (call, done)
            assert run.trap is not None and same_trap(trap, run.trap.message)
        else:
            wanted = "".join(f"{signed(type_, value)}\n" for type_, value in found)
            assert (done.returncode, done.stdout) == (0, wanted), (call, done)
            assert console.output.decode() == wanted
