"""The cache of builds: what is the same is found, what is not is built, and nothing that happens to it matters."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import tblvm.builder.cache as caches
import tblvm.builder.pipeline as pipeline
from tblvm.builder.cache import Cache, Entry
from tblvm.builder.cli import main
from tblvm.builder.host import Host

LEAF = ".func main()\n  PUSH 1\n  PRINT\n  HALT\n.end\n"
PLUGIN = """\
from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary
from tblvm.opcodes import OpcodeSet, Page, i32, service
from pathlib import Path

op = OpcodeSet(Page("late"), library="late")


@service("late_number", library="late.c")
def number() -> i32:
    return i32(NUMBER)


@op(0, "LATE")
def late() -> i32:
    "A number."
    return number()


@hookimpl
def tblvm_opcodes():
    return [op]


@hookimpl
def tblvm_micro_libraries():
    return [MicroLibrary("late.c", "a number", Path(__file__).parent, sources=("late.c",), services=(number,))]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with an empty cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TBLVM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("TBLVM_CACHE_SIZE", raising=False)
    Path("leaf.tba").write_text(LEAF)
    return tmp_path


Builds = Callable[..., tuple[Result, bool]]


@pytest.fixture
def tbbuild(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Builds:
    """Runs tbbuild; with the result, whether it built anything."""
    count: list[int] = []
    build = pipeline.build

    def counted(*args: object, **more: object) -> object:
        count.append(1)
        return build(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "build", counted)

    def run(*words: str) -> tuple[Result, bool]:
        before = len(count)
        return CliRunner().invoke(main, list(words)), len(count) > before

    return run


def entries(folder: Path) -> list[Path]:
    return [path for path in (folder / "cache").glob("*/*") if not path.name.startswith(".")]


# --- what is found, and what is not ----------------------------------------------------------------------


def test_the_second_time_nothing_is_built(tbbuild: Builds, folder: Path) -> None:
    first, built = tbbuild("leaf.tba", "-o", "one")
    assert first.exit_code == 0 and built
    second, built = tbbuild("leaf.tba", "-o", "two")
    assert not built
    assert second.stdout == first.stdout
    assert Path("one").read_bytes() == Path("two").read_bytes()
    assert os.access("two", os.X_OK)
    assert subprocess.run(["./two"], capture_output=True, check=True).stdout == b"1"


def test_every_form_of_the_report_comes_out_of_it(tbbuild: Builds) -> None:
    for words in (["--json"], ["--report", "details"], ["--report", "none"], ["-q"]):
        fresh = tbbuild("leaf.tba", *words, "--no-cache")[0].stdout
        tbbuild("leaf.tba", *words)
        again, built = tbbuild("leaf.tba", *words)
        assert (again.stdout, built) == (fresh, False)


@pytest.mark.parametrize(
    "words",
    [
        ["--heap", "64K"],
        ["--stack", "900"],
        ["--features", "core.fuel"],
        ["--mode", "nano"],
        ["--target", "riscv64-linux"],
        ["-O", "io.buffer=32"],
        ["--symbols"],
        ["--deny", "gc"],
    ],
)
def test_what_is_asked_for_counts(words: list[str], tbbuild: Builds) -> None:
    tbbuild("leaf.tba")
    assert tbbuild("leaf.tba", *words)[1]
    assert not tbbuild("leaf.tba", *words)[1]
    assert not tbbuild("leaf.tba")[1]


def test_the_program_and_its_name_count(tbbuild: Builds) -> None:
    tbbuild("leaf.tba")
    Path("leaf.tba").write_text(LEAF.replace("PUSH 1", "PUSH 2"))
    assert tbbuild("leaf.tba")[1]
    Path("other.tba").write_text(LEAF)  # its name is in the report and in stack traces
    assert tbbuild("other.tba")[1]
    Path("leaf.tba").write_text(LEAF)
    assert not tbbuild("leaf.tba")[1]


def test_bundled_programs_count(tbbuild: Builds) -> None:
    Path("calls.tba").write_text('.func main()\n  CONST "b"\n  SCRIPT_EXEC\n  POP\n  HALT\n.end\n')
    words = ["calls.tba", "--bundle", "b=leaf.tba"]
    assert tbbuild(*words)[1] and not tbbuild(*words)[1]
    assert tbbuild("calls.tba", "--bundle", "c=leaf.tba")[1]
    Path("leaf.tba").write_text(LEAF.replace("PUSH 1", "PUSH 2"))
    assert tbbuild(*words)[1]


def test_plug_ins_count_with_their_c(tbbuild: Builds) -> None:
    Path("plug").mkdir()
    Path("plug/plugin.py").write_text(PLUGIN.replace("NUMBER", "7"))
    source = '#include "tb.h"\nu32 late_number(struct tb_context *cx);\nu32 late_number(struct tb_context *cx) {{ (void)cx; return {}; }}\n'
    Path("plug/late.c").write_text(source.format(7))
    Path("late.tba").write_text(".func main()\n  LATE\n  PRINT\n  HALT\n.end\n")
    words = ["late.tba", "-p", "plug", "--report", "none", "-o", "late"]
    first, built = tbbuild(*words)
    assert first.exit_code == 0 and built, first.output
    assert not tbbuild(*words)[1]
    Path("plug/late.c").write_text(source.format(8))
    assert tbbuild(*words)[1]
    assert subprocess.run(["./late"], capture_output=True, check=True).stdout == b"8"
    assert not tbbuild(*words)[1]
    Path("plug/plugin.py").write_text(PLUGIN.replace("NUMBER", "70"))
    assert tbbuild(*words)[1]


def test_the_package_and_the_compiler_count(
    tbbuild: Builds, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tbbuild("leaf.tba")
    for name in ("_package", "_compiler", "_plugins"):
        with monkeypatch.context() as patch:
            other = (set(), [["new", "new.plugin", "1.0"]]) if name == "_plugins" else "another"
            patch.setattr(caches, name, lambda *args, other=other: other)
            assert tbbuild("leaf.tba")[1], name
    assert not tbbuild("leaf.tba")[1]


def test_no_cache(tbbuild: Builds, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tbbuild("leaf.tba", "--no-cache")[1]
    assert entries(folder) == []
    monkeypatch.setenv("TBLVM_CACHE_SIZE", "0")
    assert tbbuild("leaf.tba")[1] and tbbuild("leaf.tba")[1]
    assert entries(folder) == []
    monkeypatch.setenv("TBLVM_CACHE_SIZE", "much")
    done, _ = tbbuild("leaf.tba")
    assert done.exit_code == 2 and "TBLVM_CACHE_SIZE: 'much' is no size" in done.stderr


def test_a_budget_is_judged_from_the_cache_too(tbbuild: Builds) -> None:
    Path("big.tba").write_text(LEAF + '.func more()\n  CONST "' + "x" * 9000 + '"\n  PRINT\n  RET\n.end\n')
    words = ["leaf.tba", "--mode", "nano", "-O", "io.buffer=4K"]
    for built in (True, False):
        done, made = tbbuild(*words)
        assert (done.exit_code, made) == (4, built)
        assert "exceed the budget" in done.stderr and "OVER" in done.stdout
        assert not Path("leaf").exists()


# --- what happens to it -----------------------------------------------------------------------------------


def test_damaged_entries_are_built_again(tbbuild: Builds, folder: Path) -> None:
    first = tbbuild("leaf.tba", "-o", "one")[0].stdout
    [path] = entries(folder)
    whole = path.read_bytes()
    rng = random.Random(3)
    damages = [b"", whole[:-1], whole + b"x", whole[: len(whole) // 2], b"tblvm cache 1\n" + bytes(40)]
    for _ in range(4):
        at = rng.randrange(len(whole))
        damages.append(whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :])
    for damaged in damages:
        path.write_bytes(damaged)
        done, built = tbbuild("leaf.tba", "-o", "two")
        assert built and done.stdout == first
        assert path.read_bytes() == whole


def test_an_entry_that_is_whole_and_lies_is_not_believed(tbbuild: Builds, folder: Path) -> None:
    tbbuild("leaf.tba", "-o", "one")
    [path] = entries(folder)
    found = Cache(folder / "cache").get(path.name)
    assert found is not None
    for report, image in ((found.report, found.image + b"!"), ("{}", found.image), ("[", b"")):
        Cache(folder / "cache").put(path.name, Entry(report, (), found.host, image), ())
        assert tbbuild("leaf.tba", "-o", "two")[1]
        assert Path("one").read_bytes() == Path("two").read_bytes()


def test_a_folder_that_cannot_be_used(tbbuild: Builds, folder: Path) -> None:
    (folder / "cache").write_text("no folder")
    done, built = tbbuild("leaf.tba", "-o", "one")
    assert done.exit_code == 0 and built and Path("one").exists()
    assert "nothing is kept for the next time" in done.stderr and "TBLVM_CACHE_DIR" in done.stderr


def test_a_full_disk(tbbuild: Builds, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_bytes

    def full(self: Path, content: bytes) -> int:
        if "cache" in self.parts:
            write(self, content[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    done, _ = tbbuild("leaf.tba", "-o", "one")
    assert done.exit_code == 0 and "No space left on device" in done.stderr
    assert list((folder / "cache").glob("*/*")) == list((folder / "cache").glob("*/.*")) == []


KILLED = """\
import os, signal
from pathlib import Path
from tblvm.builder.cli import main
Path.replace = lambda self, target: os.kill(os.getpid(), signal.SIGKILL)
main(["leaf.tba", "-o", "one"])
"""


def test_a_builder_that_is_killed_leaves_nothing_that_counts(tbbuild: Builds, folder: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert entries(folder) == []
    [left] = (folder / "cache").glob("*/.*.tmp")
    assert tbbuild("leaf.tba")[1] and not tbbuild("leaf.tba")[1]
    assert left.exists()  # it might be somebody's who writes just now
    old = time.time() - 7200
    os.utime(left, (old, old))
    assert tbbuild("leaf.tba", "--stack", "900")[1]
    assert not left.exists()


HOST = Host("x86_64-linux", "x86_64", (("qemu-x86_64-static",),), "qemu")


def entry(size: int) -> Entry:
    return Entry("{}", (), HOST, os.urandom(size))


def test_it_stays_below_its_limit_and_what_was_used_last_stays(folder: Path) -> None:
    cache = Cache(folder / "cache", 100_000)
    keys = [f"{number:02x}" * 32 for number in range(40)]
    for number, key in enumerate(keys):
        assert cache.put(key, entry(9000), ())
        os.utime(folder / "cache" / key[:2] / key, (1000 + number, 1000 + number))
        assert cache.get(keys[0]) is not None  # used again and again
    count, size = cache.size()
    assert size <= 100_000 and count >= 8
    assert cache.get(keys[-1]) is not None and cache.get(keys[1]) is None
    assert cache.clear() == count and cache.size() == (0, 0)


MANY = """\
import os, random, sys
from pathlib import Path
from tblvm.builder.cache import Cache, Entry
from tblvm.builder.host import Host
seed = int(sys.argv[1])
rng = random.Random(seed)
cache = Cache(Path("cache"), 60_000)
for _ in range(300):
    number = rng.randrange(30)
    key = f"{number:02x}" * 32
    found = cache.get(key)
    if found is None:
        image = bytes([number]) * 4000
        assert cache.put(key, Entry("{}", (), Host("", "", (), ""), image), ()), cache.problem
    else:
        assert found.image == bytes([number]) * 4000
"""


def test_several_builders_at_once(folder: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", MANY, str(seed)], cwd=folder) for seed in range(4)]
    assert [each.wait(timeout=100) for each in running] == [0, 0, 0, 0]
    assert Cache(folder / "cache").size()[1] <= 60_000
    assert not list((folder / "cache").glob("*/.*.tmp"))
