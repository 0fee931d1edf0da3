"""Programs that import WASI: executables, runtimes and hosts, beside wasmtime."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import wasmtime

import tblvm
from tblvm.builder.artifacts import KINDS
from tblvm.builder.host import Host as Machines
from tblvm.builder.host import command
from tblvm.builder.pipeline import Artifact, build, plan, translate
from tblvm.builder.resolve import Request
from tblvm.builder.why import why
from tblvm.core.errors import PolicyError
from tblvm.core.registry import Registry
from tblvm.wasi.imports import BEFORE, MODULE
from tests.wasi.conftest import Compile

LINUX = ("x86_64-linux", "aarch64-linux", "riscv64-linux")


def made(registry: Registry, path: Path, **more: Any) -> Artifact:
    return build(translate(path.read_bytes(), path.name, registry), registry, Request(**more))


def kept(artifact: Artifact, folder: Path) -> list[str]:
    """The words that run it."""
    path = folder / "program"
    path.write_bytes(artifact.image)
    path.chmod(0o755)
    return command(Machines.of(artifact.plan.target), path)


def run(words: list[str], *more: str, given: bytes = b"", **how: Any) -> tuple[int, bytes, bytes]:
    done = subprocess.run([*words, *more], input=given, capture_output=True, check=False, timeout=60, **how)
    return done.returncode, done.stdout, done.stderr


def theirs(
    path: Path, *args: str, given: bytes = b"", env: dict[str, str] | None = None, dirs: Any = None
) -> Any:
    """What wasmtime makes of it."""
    folder = path.parent
    config = wasmtime.WasiConfig()
    config.argv = [path.name, *args]
    config.env = list((env or {}).items())
    (folder / "in").write_bytes(given)
    config.stdin_file = str(folder / "in")
    config.stdout_file, config.stderr_file = str(folder / "out"), str(folder / "err")
    for guest, host in (dirs or {}).items():
        config.preopen_dir(str(host), guest)
    store = wasmtime.Store()
    store.set_wasi(config)
    linker = wasmtime.Linker(store.engine)
    linker.define_wasi()
    module = wasmtime.Module.from_file(store.engine, str(path))
    # Of the snapshot before wasmtime has nothing; what tests import of it is the same.
    for name in {each.name for each in module.imports if each.module == "wasi_unstable" and each.name}:
        linker.define(store, "wasi_unstable", name, linker.get(store, "wasi_snapshot_preview1", name))
    status = 0
    try:
        instance = linker.instantiate(store, module)
        instance.exports(store)["_start"](store)  # type: ignore[operator]
    except wasmtime.ExitTrap as trap:
        status = trap.code
    return status, (folder / "out").read_bytes(), (folder / "err").read_bytes()


# --- which functions are there -----------------------------------------------------------------------------


def test_a_program_that_only_prints_has_fd_write_alone(
    registry: Registry, compiled: Compile, tmp_path: Path
) -> None:
    artifact = made(registry, compiled("print.c"))
    assert [each.name for each in artifact.plan.natives] == ["fd_write"]
    owners = {row.owner for row in artifact.footprint.rows if row.owner.startswith(("wasi.", "process"))}
    assert owners == {"wasi.write", "wasi.console"}
    items = {row.item for row in artifact.footprint.rows if row.owner == "wasi.write" and row.kind == "text"}
    assert {each for each in items if "_fd_" in each} == {"tb_p1_fd_write"}
    told = why("wasi.write", artifact.plan, registry)
    assert "_start" in told and "wasi_snapshot_preview1.fd_write" in told
    assert artifact.footprint.runtime <= 3200, sorted(
        (row.size, row.owner, row.item) for row in artifact.footprint.rows
    )
    assert run(kept(artifact, tmp_path)) == (0, b"hello\n", b"")


def test_what_cats_have(registry: Registry, compiled: Compile) -> None:
    artifact = made(registry, compiled("cat.c"))
    assert {"wasi.paths", "wasi.table", "process.directories"} <= set(artifact.plan.reasons)
    items = {row.item for row in artifact.footprint.rows if row.owner == "wasi.paths"}
    assert "tb_p1_path_open" in items and not {"tb_p1_path_rename", "tb_p1_path_symlink"} & items


def test_targets_without_files_say_so(registry: Registry, compiled: Compile) -> None:
    for target in ("wasm32", "c11"):
        kind = KINDS["c" if target == "c11" else "exe"]
        with pytest.raises(
            PolicyError, match="this target has no files for programs: build for one of Linux"
        ):
            module = translate(compiled("cat.c").read_bytes(), "cat.wasm", registry)
            plan(module, registry, Request(target=target, artifact=kind))


# --- executables -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [*LINUX, "wasm32"])
def test_words_on_every_target(registry: Registry, compiled: Compile, target: str, tmp_path: Path) -> None:
    path = compiled("words.c")
    words = kept(made(registry, path, target=target, options={"env": "B=2\nA=x y"}), tmp_path)
    wanted = theirs(path, "one", "", "zwei drei", given=b"Abc" * 70, env={"B": "2", "A": "x y"})
    assert wanted[0] == 23 and run(words, "one", "", "zwei drei", given=b"Abc" * 70) == wanted


def test_c_has_words_too(registry: Registry, compiled: Compile, tmp_path: Path) -> None:
    artifact = made(registry, compiled("words.c"), artifact=KINDS["c"], options={"env": "A=1"})
    (tmp_path / "x.c").write_bytes(artifact.image)
    flags = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined"]
    subprocess.run(["gcc", *flags, "x.c", "-o", "x", "-lm"], cwd=tmp_path, check=True)
    assert run([str(tmp_path / "x")], "a b", given=b"q") == (11, b"[a b]{A=1}", b"Q")


def test_the_environment_is_what_was_named(registry: Registry, compiled: Compile, tmp_path: Path) -> None:
    path, around = compiled("words.c"), {"ONE": "1", "TWO": "2", "TWOFOLD": "3"}
    for named, wanted in {
        "": b"",
        "TWO": b"{TWO=2}",
        "*": b"{ONE=1}{TWO=2}{TWOFOLD=3}",
        "*\nTWO=x": b"{ONE=1}{TWO=x}{TWOFOLD=3}",
        "NONE\nTHREE=": b"{THREE=}",
    }.items():
        words = kept(made(registry, path, options={"env": named}), tmp_path)
        assert run(words, env=around)[1] == wanted, named


@pytest.mark.parametrize("target", LINUX)
def test_files_below_what_was_granted(
    registry: Registry, compiled: Compile, target: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    (data / "deep").mkdir(parents=True)
    (data / "deep" / "a").write_bytes(b"contents of a\n" * 200)
    (tmp_path / "secret").write_bytes(b"secret")
    (data / "out").symlink_to("../secret")
    (data / "in").symlink_to("deep/../deep/a")
    path = compiled("cat.c")
    granted = {"/d": data}
    words = ["/d/deep/a", "/d/in", "/d/out", "/d/../secret", "/secret", "/d/none", "+/d/new"]
    wanted = theirs(path, *words, dirs=granted)
    assert (data / "new").read_bytes() == b"made\n"
    (data / "new").unlink()
    artifact = made(registry, path, target=target, options={"dir": f"{data}::/d"})
    assert run(kept(artifact, tmp_path), *words) == wanted
    assert (data / "new").read_bytes() == b"made\n"
    # For reading alone.
    read_only = kept(made(registry, path, target=target, options={"dir": f"{data}::/d:ro"}), tmp_path)
    assert run(read_only, "/d/deep/a")[:2] == (0, b"contents of a\n" * 200)
    assert run(read_only, "+/d/other")[:2] == (1, b"76\n") and not (data / "other").exists()
    # Nothing was granted, or what is not there.
    assert run(kept(made(registry, path, target=target), tmp_path), "/d/in")[1] == b"44\n"
    gone = kept(made(registry, path, target=target, options={"dir": "/no/such"}), tmp_path)
    status, _, told = run(gone, "x")
    assert status == 6 and told == b"tblvm: cannot open the directory that the program is to have: /no/such\n"


def test_tbbuild_s_options(compiled: Compile, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from tblvm.builder.cli import main

    (tmp_path / "a b").write_bytes(b"of a")
    words = ["--dir", f"{tmp_path}::/d:ro", "--env", "A=1", "--env", "B=x=y", "-q", "-o"]
    for name in ("cat", "words"):
        done = CliRunner().invoke(main, [str(compiled(f"{name}.c")), *words, str(tmp_path / name)])
        assert done.exit_code == 0, done.output
    assert run([str(tmp_path / "cat")], "/d/a b", "+/d/c") == (1, b"of a76\n", b"+/d/c: ")
    assert run([str(tmp_path / "words")], "z")[1] == b"[z]{A=1}{B=x=y}"
    done = CliRunner().invoke(main, [str(compiled("cat.c")), "--dir", "a\nb", "-o", str(tmp_path / "x")])
    assert done.exit_code == 2 and "--dir takes one line" in done.output


# --- runtimes ----------------------------------------------------------------------------------------------


def tool(*words: str, given: bytes = b"", **how: Any) -> tuple[int, bytes, bytes]:
    return run([sys.executable, "-m", "tblvm", "run"], *words, given=given, **how)


def test_tblvm_run(compiled: Compile, tmp_path: Path) -> None:
    path = compiled("words.c")
    around = {**os.environ, "FROM_OUTSIDE": "yes"}
    done = tool("--env", "FROM_OUTSIDE", "--env", "A=b c", str(path), "x", "-y", given=b"in", env=around)
    assert done == (22, b"[x][-y]{FROM_OUTSIDE=yes}{A=b c}", b"IN")
    (tmp_path / "a").write_bytes(b"aaa")
    cat = compiled("cat.c")
    assert tool("--dir", f"{tmp_path}::data:ro", str(cat), "data/a")[:2] == (0, b"aaa")
    assert tool("--dir", f"{tmp_path}::data:ro", str(cat), "+data/b")[:2] == (1, b"76\n")
    assert tool("--dir", ".", str(cat), "./a", cwd=tmp_path)[:2] == (0, b"aaa")
    assert tool(str(cat), str(tmp_path / "a"))[:2] == (1, b"44\n")


# --- hosts -------------------------------------------------------------------------------------------------


def test_in_a_host(compiled: Compile, tmp_path: Path) -> None:
    told = io.BytesIO()
    vm = tblvm.load(compiled("words.c"), args=["eins"], env={"K": "v=w"}, stderr=told)
    done = vm.run(stdin=b"abc")
    assert (done.status, done.output, told.getvalue()) == (11, b"[eins]{K=v=w}", b"ABC")
    assert vm.run(args=["a", "ä"]).output == "[a][ä]{K=v=w}".encode()
    assert vm.run(args=[]).output == b"{K=v=w}"
    with pytest.raises(tblvm.Halted):
        vm.call("_start")


def test_directories_of_a_host(compiled: Compile, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"of a")
    before = set(Path("/proc/self/fd").iterdir())
    vm = tblvm.load(compiled("cat.c"), dirs={"/d": tmp_path, "ro": tblvm.ReadOnly(str(tmp_path))})
    assert vm.run(args=["/d/a", "ro/a"]).output == b"of aof a"
    assert vm.run(args=["+ro/b", "+/d/b"]).output == b"76\n" and (tmp_path / "b").read_bytes() == b"made\n"
    other = vm.store.load(compiled("cat.c"))
    assert other.run(args=["/d/b"]).output == b"made\n"
    vm.close()
    other.close()
    del vm, other
    import gc

    gc.collect()
    after = set(Path("/proc/self/fd").iterdir())
    assert len(after) <= len(before) + 1, (before, after)  # the library's own
    with pytest.raises(tblvm.UsageError, match="is no directory"):
        tblvm.load(compiled("cat.c"), dirs={"/d": tmp_path / "a"})


CLOCK = """#include "wasi.h"
void _start(void) {
  u64 time = 0;
  char random[8] = {0};
  number(clock_time_get(0, 0, &time)), say(1, " "), number(time / 1000000000u > 1000000000u);
  say(1, " "), number(random_get(random, 8)), say(1, "\\n");
}
"""


def test_clocks_and_random_bytes_are_granted(registry: Registry, compiled: Compile, tmp_path: Path) -> None:
    path = compiled(CLOCK)
    for grants, wanted in {(): b"76 0 76\n", ("clock",): b"0 1 76\n", ("random",): b"76 0 0\n"}.items():
        assert tblvm.load(path, grants=grants).run().output == wanted
    assert run(kept(made(registry, path), tmp_path))[1] == b"0 1 0\n"
    off = {"wasi.clock": 0, "wasi.random": 0}
    assert run(kept(made(registry, path, options=off), tmp_path))[1] == b"76 0 76\n"


def test_the_snapshot_before_has_its_own_functions_where_it_differs(registry: Registry) -> None:
    """Functions whose records or constants changed are others under the old name; their types did not change."""
    found = {module: {name for of, name in registry.imports if of == module} for module in (MODULE, BEFORE)}
    changed = {"fd_seek", "fd_filestat_get", "path_filestat_get", "poll_oneoff"}
    assert len(found[MODULE]) == 46 and found[MODULE] - found[BEFORE] == {"sock_accept"}
    for name in found[BEFORE]:
        old, new = registry.imports[BEFORE, name][1], registry.imports[MODULE, name][1]
        assert (old.codes, old.ends) == (new.codes, new.ends) and (old.c != new.c) == (name in changed)


def test_records_of_the_snapshot_before(tmp_path: Path) -> None:
    """Places from where it is, the end, the start; a file's links in 32 bits; clocks with a number in front."""
    import struct

    from tests.wasi.proxy import BUFFER, RESULT, Machine, Ours

    (tmp_path / "a").write_bytes(b"0123456789")
    machine = Machine(Ours({"/": tmp_path}, before=True))
    _, fd = machine.open("a", base=(1 << 28) - 1 & ~(1 << 6 | 1 << 8 | 1 << 22))
    assert machine.on.call("fd_seek", fd, 4, 2, RESULT) == 0 and machine.word() == 4
    assert machine.on.call("fd_seek", fd, 3, 0, RESULT) == 0 and machine.word() == 7
    assert machine.on.call("fd_seek", fd, -1, 1, RESULT) == 0 and machine.word() == 9
    for error in (
        machine.on.call("fd_filestat_get", fd, BUFFER),
        machine.on.call("path_filestat_get", 3, 0, *machine.path("a"), BUFFER),
    ):
        kind, links, size = struct.unpack("<16xB3xIQ", machine.on.read(BUFFER, 32))
        assert (error, kind, links, size) == (0, 4, 1, 10)
    machine.on.write(BUFFER, struct.pack("<QB7xQI4xQQH6x", 5, 0, 99, 1, 1000, 0, 0))
    assert machine.on.call("poll_oneoff", BUFFER, BUFFER + 100, 1, RESULT) == 0 and machine.word() == 1
    assert struct.unpack("<QHB", machine.on.read(BUFFER + 100, 11)) == (5, 0, 0)
