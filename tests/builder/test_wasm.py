"""Target wasm32: modules run by Node and by wasmtime, and where their bytes are."""

from __future__ import annotations

import functools
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import wasmtime

from tblvm.builder.artifacts import KINDS
from tblvm.builder.host import command
from tblvm.builder.pipeline import Artifact, build, translate
from tblvm.builder.report import report_of
from tblvm.builder.resolve import Request
from tblvm.core.errors import UsageError
from tblvm.core.registry import Registry, load
from tblvm.core.tbc import write
from tests.differential.programs import sketch
from tests.harness import LINE, LINEAR, TABLES, Job, assembled, reference
from tests.programs import EXAMPLES, STOPPED, expected
from tests.programs import options as limits

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261121"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
TBBUILD = [sys.executable, "-c", "from tblvm.builder.cli import main; main()"]
Run = Callable[[Path, bytes, Path], tuple[bytes, bytes, int]]


@functools.cache
def registry_() -> Registry:
    return load()


@functools.cache
def made(text: str, name: str = "test.tba", *features: str, **options: int | str) -> Artifact:
    request = Request(target="wasm32", features=features, options=options)
    return build(translate(text.encode(), name, registry_()), registry_(), request)


def written(artifact: Artifact, folder: Path) -> Path:
    (folder / "program.wasm").write_bytes(artifact.image)
    return folder / "program.wasm"


def by_node(module: Path, stdin: bytes, folder: Path, *arguments: str) -> tuple[bytes, bytes, int]:
    words = [*command(registry_().targets["wasm32"], module), *arguments]
    assert Path(words[0]).name == "node"
    done = subprocess.run(words, input=stdin, cwd=folder, capture_output=True, check=False)
    return done.stdout, done.stderr, done.returncode


class Ended(Exception):
    pass


def by_wasmtime(module: Path, stdin: bytes, folder: Path, *arguments: str) -> tuple[bytes, bytes, int]:
    """Exit statuses from 126 on are no errors here, as they are for wasmtime itself."""
    (folder / "stdin").write_bytes(stdin)
    engine = wasmtime.Engine()
    store, linker, wasi = wasmtime.Store(engine), wasmtime.Linker(engine), wasmtime.WasiConfig()
    wasi.stdin_file, wasi.stdout_file, wasi.stderr_file = (
        str(folder / each) for each in ("stdin", "stdout", "stderr")
    )
    wasi.argv = [str(module), *arguments]
    wasi.preopen_dir(str(folder), ".")
    store.set_wasi(wasi)
    linker.define_wasi()
    linker.allow_shadowing = True
    statuses: list[int] = []

    def end(status: int) -> None:
        statuses.append(status)
        raise Ended

    kind = wasmtime.FuncType([wasmtime.ValType.i32()], [])
    linker.define_func("wasi_snapshot_preview1", "proc_exit", kind, end)
    instance = linker.instantiate(store, wasmtime.Module.from_file(engine, str(module)))
    start = instance.exports(store)["_start"]
    assert isinstance(start, wasmtime.Func)
    with pytest.raises(Ended):
        start(store)
    return (folder / "stdout").read_bytes(), (folder / "stderr").read_bytes(), statuses[0]


@pytest.mark.parametrize("run", [by_node, by_wasmtime])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path: Path, run: Run, tmp_path: Path) -> None:
    wanted = expected(path.read_text())
    module = written(made(path.read_text()), tmp_path)
    assert run(module, wanted.stdin, tmp_path) == (wanted.output, b"", 0)


_OTHERS = sorted(set(STOPPED) - {"time", "fuel"})
_STOPPED = ["time", "fuel", *random.Random(SEED).sample(_OTHERS, min(len(_OTHERS), 8 * SCALE))]


@pytest.mark.parametrize("run", [by_node, by_wasmtime])
@pytest.mark.parametrize("name", _STOPPED)
def test_what_stops_a_program_is_said(name: str, run: Run, tmp_path: Path) -> None:
    case = STOPPED[name]
    module = written(made(case.text, "stopped.tba", **limits(case, registry_())), tmp_path)
    _, said, status = run(module, b"", tmp_path)
    first, *trace = said.decode().splitlines()
    assert (first, status) == (f"tblvm: trap: {case.message}", case.status)
    for place, line in zip(case.places, [*trace[: len(case.places) - 1], trace[-1]], strict=True):
        assert line.startswith("  ") and place in line, said


def test_a_deadline_ends_a_blocking_read(tmp_path: Path) -> None:
    text = ".func main()\n  READ\n  PRINT\n  HALT\n.end\n"
    module = written(made(text, "read.tba", timeout=100), tmp_path)
    words = command(registry_().targets["wasm32"], module)
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None and process.stdin is not None
    message = process.stderr.read()  # standard input stays open: only the deadline ends the read
    process.stdin.close()
    process.stderr.close()
    assert process.wait() == 124
    assert message.splitlines() == ["tblvm: trap: interrupted: the time is up", "  at main (read.tba:2)"]


# --- memory -------------------------------------------------------------------------------------------

LARGE = """\
.memory m: 1, 65535
.func main()
  PUSH 60000
  MEMORY_GROW m
  PRINT
  CONST {}
  PUSH 77
  I32_STORE 0
  CONST {}
  I32_LOAD 0
  PRINT
  HALT
.end
"""


@pytest.mark.parametrize("run", [by_node, by_wasmtime])
def test_memories_reach_beyond_half_of_all_addresses(run: Run, tmp_path: Path) -> None:
    last, behind = (60001 << 16) - 4, (60001 << 16) - 3
    place, beyond = last - (1 << 32), behind - (1 << 32)
    artifact = made(LARGE.format(place, place), linear=61000 << 16)
    assert run(written(artifact, tmp_path), b"", tmp_path) == (b"177", b"", 0)
    artifact = made(LARGE.format(place, beyond), linear=61000 << 16)
    assert run(written(artifact, tmp_path), b"", tmp_path)[2] == 134


def test_more_memory_than_there_are_addresses_is_refused() -> None:
    with pytest.raises(UsageError, match=r"4,293,918,720 bytes of memory.* linear memory .*-O linear=SIZE"):
        made(LARGE.format(0, 0), linear=65535 << 16)


BUNDLE = '.func main()\n  CONST "sub"\n  SCRIPT_EXEC\n  PRINT\n  CONST "sub"\n  SCRIPT_EXEC\n  PRINT\n  HALT\n.end\n'
SUB = """\
.heap 1M
.func main() -> i32
  .local a: cells
  NEW 100000
  STORE a
  LOAD a
  PUSH 90000
  LOADM 9999
  PRINT
  LOAD a
  PUSH 90000
  PUSH 7
  STOREM 9999
  PUSH 9
  RET
.end
"""


@pytest.mark.parametrize("run", [by_node, by_wasmtime])
def test_memory_that_is_given_back_is_zeroed_for_the_next(run: Run, tmp_path: Path) -> None:
    request = Request(target="wasm32", bundle={"sub": assembled(SUB, registry_())})
    artifact = build(translate(BUNDLE.encode(), "b.tba", registry_()), registry_(), request)
    assert run(written(artifact, tmp_path), b"", tmp_path) == (b"0909", b"", 0)


# --- the module ---------------------------------------------------------------------------------------


def sizes(module: bytes) -> tuple[dict[int, int], list[int]]:
    """By a reader of its own: the size of each section's content, and of each function's body."""

    def number(at: int) -> tuple[int, int]:
        found = shift = 0
        while True:
            found |= (module[at] & 127) << shift
            at, shift = at + 1, shift + 7
            if module[at - 1] < 128:
                return found, at

    at, found, bodies = 8, {}, []
    assert module[:8] == b"\0asm\1\0\0\0"
    while at < len(module):
        kind = module[at]
        size, at = number(at + 1)
        found[kind] = size
        if kind == 10:
            count, place = number(at)
            for _ in range(count):
                body, place = number(place)
                bodies.append(body)
                place += body
        at += size
    return found, bodies


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_rows_sum_to_the_file(path: Path) -> None:
    artifact = made(path.read_text())
    rows = artifact.footprint.rows
    assert sum(row.size for row in rows if row.in_file) == len(artifact.image)
    found, bodies = sizes(artifact.image)
    # Bodies, each with its size in front; rows of functions have both.
    text = artifact.footprint.total("text")
    assert 0 < text - sum(bodies) <= 5 * len(bodies)
    assert 0 <= found[10] - text <= 5
    assert 2 <= {row.item: row.size for row in rows}["imports"] - found[2] <= 6  # with its header
    opcodes = {row.item.rstrip("~") for row in rows if row.opcode}
    assert opcodes <= {handler.label.rstrip("~") for handler in artifact.composition.handlers}
    assert len(opcodes) > 2
    tables = {row.item: row.size for row in rows if row.owner == "program"}
    assert tables["code"] == len(artifact.composition.program.code)
    ram = report_of("x", artifact).ram()
    memory = wasmtime.Module(wasmtime.Engine(), artifact.image)
    [least] = [each.type.limits.min for each in memory.exports if isinstance(each.type, wasmtime.MemoryType)]
    assert sum(size for size in ram.values() if size <= 1 << 20) <= least << 16 <= 3 << 20


def test_only_what_is_called_is_imported() -> None:
    def imports(text: str) -> set[str]:
        module = wasmtime.Module(wasmtime.Engine(), made(text).image)
        assert {each.module for each in module.imports} == {"wasi_snapshot_preview1"}
        return {each.name or "" for each in module.imports}

    assert imports(".func main()\n  HALT\n.end\n") == {"proc_exit"}
    assert imports(".func main()\n  PUSH 1\n  PRINT\n  HALT\n.end\n") == {"proc_exit", "fd_write"}


def test_the_same_bytes_wherever_it_is_made_and_names_when_they_are_asked_for(tmp_path: Path) -> None:
    path = EXAMPLES[0]
    module = translate(path.read_bytes(), str(path), registry_())
    again = build(module, load(), Request(target="wasm32"), keep=tmp_path / "kept")
    assert again.image == made(path.read_text(), path.name).image and b"tb_run" not in again.image
    named = build(module, registry_(), Request(target="wasm32"), symbols=True).image
    assert named.startswith(again.image) and b"tb_run" in named


def test_run_finds_who_runs_it_or_says_what_to_install(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES[0], tmp_path / "p.tba")
    words = [*TBBUILD, "--target", "wasm32", "-q", "--run", "p.tba"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (expected(EXAMPLES[0].read_text()).output, b"", 0)
    none = subprocess.run(
        words, cwd=tmp_path, capture_output=True, check=False, env={**os.environ, "PATH": ""}
    )
    assert none.returncode == 6 and none.stderr.count(b"\n") == 1
    assert re.search(rb"cannot run programs for wasm32: install node .*wasmtime", none.stderr)


# --- a runtime that loads modules ---------------------------------------------------------------------

FUEL, STACK = 20_000, 400


@functools.cache
def runtime() -> Artifact:
    chosen = ("core", "int", "long", "double", "float", "object", "linear", "indirect")
    options: dict[str, int | str] = {"fuel": FUEL, "stack": STACK, "heap": 1 << 20, "load.memory": 8 << 20}
    options |= {"linear": LINEAR, "tables": TABLES, "prompt.line": LINE}
    request = Request(
        target="wasm32",
        artifact=KINDS["runtime"],
        features=(*chosen, "gc.marksweep", "nan.canonical"),
        options=options,
    )
    return build(None, registry_(), request)


def test_a_runtime_reads_the_file_that_it_is_given(tmp_path: Path) -> None:
    module = written(runtime(), tmp_path)
    path = next(path for path in EXAMPLES if path.stem == "tiny")
    wanted = expected(path.read_text())
    (tmp_path / "it.tbc").write_bytes(write(assembled(path.read_text(), registry_()).module))
    for run in (by_node, by_wasmtime):
        assert run(module, wanted.stdin, tmp_path, "it.tbc") == (wanted.output, b"", 0)
        found = run(module, b"", tmp_path, "none.tbc")
        assert found == (b"", b"tblvm: none.tbc: it cannot be opened\n", 2)
    assert by_node(module, wanted.stdin, tmp_path, str(tmp_path / "it.tbc"))[0] == wanted.output
    (tmp_path / "bad.tbc").write_bytes((tmp_path / "it.tbc").read_bytes()[:-1])
    assert by_wasmtime(module, b"", tmp_path, "bad.tbc")[2] == 5


@pytest.mark.parametrize("number", range(20 * SCALE))
def test_random_programs(number: int, tmp_path: Path) -> None:
    """As the reference interpreter runs them: every bit of every number that they print."""
    program = sketch(random.Random(f"{SEED} wasm {number}"), host=False)
    verified = assembled(program.text, registry_())
    job = Job(verified, program.stdin, FUEL, STACK)
    _, outcome, output = reference(job, registry_())
    module = written(runtime(), tmp_path)
    (tmp_path / "it.tbc").write_bytes(write(verified.module))
    stdout, stderr, status = by_wasmtime(module, program.stdin, tmp_path, "it.tbc")
    print(program.text)
    assert stdout == output
    if outcome.trap is not None:
        assert status == outcome.trap.status
        assert stderr.decode().splitlines()[0] == f"tblvm: trap: {outcome.trap.message}"
    else:
        assert (status, stderr) == (outcome.status, b"")
