"""Each function of WASI as the only one that a program imports: its libraries suffice for it, on every kind of target."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest
import wasmtime

from tblvm.builder.artifacts import KINDS
from tblvm.builder.pipeline import build, translate
from tblvm.builder.resolve import Request
from tblvm.core.errors import PolicyError
from tblvm.core.parts import NativeImport
from tblvm.core.registry import Registry, load
from tblvm.wasi.imports import BEFORE, MODULE

SEED = os.environ.get("TBLVM_TEST_SEED", "20261121")
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
WASI = sorted(
    (native for _, native in load().imports.values() if native.module in (MODULE, BEFORE)),
    key=lambda each: each.key,
)
SOME = random.Random(f"{SEED}/alone").sample(WASI, min(len(WASI), 6 * SCALE))


def module(native: NativeImport) -> bytes:
    """A program that calls it with zeros, and ends with what it gives."""
    types = " ".join(native.parameters)
    zeros = " ".join(f"({each}.const 0)" for each in native.parameters)
    result, call = (
        ("(result i32)", f"(call $f {zeros})") if native.result else ("", f"(call $f {zeros}) (i32.const 0)")
    )
    return bytes(
        wasmtime.wat2wasm(
            f'(module (import "{native.module}" "{native.name}" (func $f (param {types}) {result}))'
            f'(import "{MODULE}" "proc_exit" (func $exit (param i32)))'
            f'(memory (export "memory") 1) (func (export "_start") {call} (call $exit)))'
        )
    )


@pytest.mark.parametrize("native", SOME, ids=lambda native: ".".join(native.key))
def test_it_stands_alone(registry: Registry, native: NativeImport, tmp_path: Path) -> None:
    program = translate(module(native), "x.wasm", registry)
    artifact = build(program, registry, Request())
    path = tmp_path / "x"
    path.write_bytes(artifact.image)
    path.chmod(0o755)
    done = subprocess.run([path], input=b"", capture_output=True, check=False, timeout=60)
    assert done.returncode <= 76 and not done.stderr, done
    for target, kind in (("wasm32", KINDS["exe"]), ("c11", KINDS["c"])):
        try:
            made = build(program, registry, Request(target=target, artifact=kind))
        except PolicyError as error:
            assert "this target has no" in str(error)
            continue
        if target == "c11":
            (tmp_path / "x.c").write_bytes(made.image)
            words = ["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-O0", "x.c", "-o", "y", "-lm"]
            subprocess.run(words, cwd=tmp_path, check=True)
            again = subprocess.run([tmp_path / "y"], input=b"", capture_output=True, check=False, timeout=60)
            assert again.returncode == done.returncode
