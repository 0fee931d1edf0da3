"""`--artifact c`: what compilers say to the file, and what the programs do that they make of it."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tblvm.builder.amalgamate import amalgamate, joined
from tblvm.builder.artifacts import KINDS
from tblvm.builder.pipeline import Artifact, build, translate
from tblvm.builder.report import as_data, report_of
from tblvm.builder.resolve import Request
from tblvm.builder.toolchain import zig
from tblvm.core.asm import assemble
from tblvm.core.errors import UsageError
from tblvm.core.registry import Registry, load
from tblvm.core.tbc import write
from tblvm.stack import verify
from tests.programs import EXAMPLES, STOPPED, expected
from tests.programs import options as limits

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261121"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
STRICT = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic")
SANITIZED = ("gcc", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
COMPILERS = [(name, level) for name in ("gcc", "clang") for level in ("-O0", "-O2")]


@functools.cache
def registry_() -> Registry:
    return load()


@functools.cache
def made(text: str, name: str = "test.tba", **options: int | str) -> Artifact:
    request = Request(artifact=KINDS["c"], options=options)
    return build(translate(text.encode(), name, registry_()), registry_(), request)


def compiled(
    artifact: Artifact, words: tuple[str, ...], folder: Path, flags: tuple[str, ...] = STRICT
) -> Path:
    (folder / "program.c").write_bytes(artifact.image)
    done = subprocess.run(
        [*words, *flags, "program.c", "-o", "program", "-lm"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "program"


def check(path: Path, words: tuple[str, ...], folder: Path, flags: tuple[str, ...] = STRICT) -> None:
    text = path.read_text()
    wanted = expected(text)
    program = compiled(made(text), words, folder, flags)
    done = subprocess.run([program], cwd=folder, input=wanted.stdin, capture_output=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (wanted.output, b"", 0)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("compiler", COMPILERS, ids=lambda words: "".join(words))
def test_examples_by_every_compiler(path: Path, compiler: tuple[str, ...], tmp_path: Path) -> None:
    check(path, compiler, tmp_path)


def _sample(salt: str, count: int) -> list[Path]:
    return random.Random(f"{SEED} {salt}").sample(EXAMPLES, min(len(EXAMPLES), count * SCALE))


@pytest.mark.parametrize("path", _sample("sanitized", 4), ids=lambda path: path.stem)
def test_a_sample_under_sanitizers(path: Path, tmp_path: Path) -> None:
    check(path, SANITIZED, tmp_path)


@pytest.mark.parametrize("path", _sample("iso", 4), ids=lambda path: path.stem)
def test_a_sample_in_nothing_but_iso_c(path: Path, tmp_path: Path) -> None:
    check(path, ("gcc", "-O2", "-DTB_ISO_C"), tmp_path)


@pytest.mark.parametrize("path", _sample("usual", 2), ids=lambda path: path.stem)
def test_a_sample_as_people_type_it(path: Path, tmp_path: Path) -> None:
    """With GNU's extensions, another arithmetic at hand, and aliasing by types."""
    check(path, ("gcc",), tmp_path, ("-O3",))


_OTHERS = sorted(set(STOPPED) - {"time", "fuel"})
_STOPPED = ["time", "fuel", *random.Random(SEED).sample(_OTHERS, min(len(_OTHERS), 6 * SCALE))]


@pytest.mark.parametrize("name", _STOPPED)
def test_what_stops_a_program_is_said(name: str, tmp_path: Path) -> None:
    case = STOPPED[name]
    artifact = made(case.text, "stopped.tba", **limits(case, registry_()))
    words = random.Random(f"{SEED} {name}").choice([*COMPILERS, SANITIZED, ("gcc", "-O1", "-DTB_ISO_C")])
    program = compiled(artifact, words, tmp_path)
    done = subprocess.run([program], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    first, *trace = done.stderr.splitlines()
    assert (first, done.returncode) == (f"tblvm: trap: {case.message}", case.status)
    for place, line in zip(case.places, [*trace[: len(case.places) - 1], trace[-1]], strict=True):
        assert line.startswith("  ") and place in line, done.stderr


READ = ".func main()\n  READ\n  PRINT\n  HALT\n.end\n"


def test_a_deadline_ends_a_blocking_read(tmp_path: Path) -> None:
    program = compiled(made(READ, "read.tba", timeout=100), ("gcc", "-O1"), tmp_path)
    process = subprocess.Popen([program], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None and process.stdin is not None
    message = process.stderr.read()  # standard input stays open: only the deadline ends the read
    process.stdin.close()
    process.stderr.close()
    assert process.wait() == 124
    assert message.splitlines() == ["tblvm: trap: interrupted: the time is up", "  at main (read.tba:2)"]


def test_a_screen_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    text = ".screen 5, 3\n.func main()\n  PUSH 1\n  PUSH 2\n  PUSH 3\n  PIXEL_SET\n  HALT\n.end\n"
    program = compiled(made(text, **{"screen.file": "missing/screen.png"}), SANITIZED, tmp_path)
    done = subprocess.run([program], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        b"tblvm: cannot write missing/screen.png: system error 2\n",
    )


# --- the file -----------------------------------------------------------------------------------------


def test_the_file_is_the_same_wherever_it_is_made_and_says_what_it_is(tmp_path: Path) -> None:
    path = EXAMPLES[0]
    artifact = made(path.read_text(), path.name)
    text = artifact.image.decode()
    registry = load()
    again = build(
        translate(path.read_bytes(), str(path), registry),
        registry,
        Request(artifact=KINDS["c"]),
        keep=tmp_path,
    )
    assert again.image == artifact.image == (tmp_path / "program.c").read_bytes()
    module = verify(assemble(path.read_text(), registry.isa, path.name), registry.isa).module
    assert hashlib.sha256(write(module)).hexdigest() in text.partition("*/")[0]
    assert "#line" not in text and str(Path.home()) not in text and '#include "' not in text


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_rows_sum_to_the_file(path: Path) -> None:
    artifact = made(path.read_text())
    rows = [row for row in artifact.footprint.rows if row.in_file]
    assert sum(row.size for row in rows) == len(artifact.image)
    assert {row.kind for row in rows} == {"source"}
    opcodes = {row.item.rstrip("~") for row in rows if row.opcode}
    assert opcodes == {handler.label.rstrip("~") for handler in artifact.composition.handlers}
    data = as_data(report_of("x", artifact))
    assert data["target"] == "c11" and data["native_stack"] == {"bytes": None, "path": []}
    ram = report_of("x", artifact).ram()
    assert ram["static data"] > sum(size for _, _, size in artifact.linked.members) > 0


def test_what_nothing_uses_is_left_out() -> None:
    text = made(".func main()\n  HALT\n.end\n").image.decode()
    assert "shortest.c" not in text and "tb_rt_shortest" not in text and "clock_gettime" in text
    assert "poll.h" in text  # reading may have to wait until a deadline


def test_units_whose_names_meet_stand_beside_each_other(tmp_path: Path) -> None:
    """Two micro-libraries of a plug-in with static names, types, constants and macros of the same name."""
    both = Path(__file__).parent / "twins"
    registry = load([both])
    program = ".func main()\n  PUSH 5\n  LEFT\n  PRINT\n  PUSH 5\n  RIGHT\n  PRINT\n  HALT\n.end\n"
    artifact = build(translate(program.encode(), "t.tba", registry), registry, Request(artifact=KINDS["c"]))
    done = subprocess.run([compiled(artifact, ("gcc", "-O1"), tmp_path)], capture_output=True, check=False)
    assert (done.stdout, done.stderr) == (b"1525", b"")
    pieces = amalgamate(artifact.sources, artifact.plan.target.platform)
    assert joined(pieces).encode() in artifact.image


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            ["--artifact", "c", "--target", "x86_64-linux"],
            "--artifact c is not for target x86_64-linux; .*c11",
        ),
        (["--target", "c11"], "--artifact exe is not for target c11; "),
        (["--artifact", "c", "--run"], "--artifact c gives nothing to run"),
    ],
)
def test_what_is_refused(given: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "p.tba").write_text(READ)
    words = [sys.executable, "-c", "from tblvm.builder.cli import main; main()", *given, "p.tba"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert re.search(message, done.stderr)
    assert list(tmp_path.iterdir()) == [tmp_path / "p.tba"]


def test_the_output_has_a_name_of_its_own_and_is_no_program(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES[0], tmp_path / "p.tba")
    words = [
        sys.executable,
        "-c",
        "from tblvm.builder.cli import main; main()",
        "-q",
        "--artifact",
        "c",
        "p.tba",
    ]
    subprocess.run(words, cwd=tmp_path, check=True)
    assert (tmp_path / "p.c").read_bytes()[:2] == b"/*" and not os.access(tmp_path / "p.c", os.X_OK)


def test_budgets_of_machine_code_do_not_count() -> None:
    module = translate(READ.encode(), "read.tba", registry_())
    artifact = build(module, registry_(), Request(artifact=KINDS["c"], mode="nano"))
    assert report_of("x", artifact).budgets == ()
    with pytest.raises(UsageError, match="is not for target"):
        build(module, registry_(), Request(artifact=KINDS["c"], target="riscv64-linux"))


# --- what stands in for GNU C ---------------------------------------------------------------------------

DRIVER = """\
#include "tb_compiler.h"
#include <stdio.h>
#include <inttypes.h>
int main(void) {
  u64 a, b;
  while (scanf("%" SCNx64 " %" SCNx64, &a, &b) == 2) {
    s32 narrow; s64 wide;
    printf("%d %d %d %d %d %d %" PRIx64 " %" PRIx32, a ? __builtin_clzll(a) : 0, a ? __builtin_ctzll(a) : 0,
           (u32)a ? __builtin_clz((u32)a) : 0, (u32)a ? __builtin_ctz((u32)a) : 0, __builtin_popcountll(a),
           __builtin_popcount((u32)a), __builtin_bswap64(a), __builtin_bswap32((u32)a));
    printf(" %d %d %d", __builtin_add_overflow((s64)a, (s64)b, &wide), __builtin_sub_overflow((s64)a, (s64)b, &wide),
           __builtin_mul_overflow((s64)a, (s64)b, &wide));
    printf(" %d %d %d\\n", __builtin_add_overflow((s32)a, (s32)b, &narrow),
           __builtin_sub_overflow((s32)a, (s32)b, &narrow), __builtin_mul_overflow((s32)a, (s32)b, &narrow));
  }
}
"""


def _numbers(rng: random.Random) -> int:
    edge = rng.choice(
        (0, 1, 2, 3, 1 << 31, (1 << 31) - 1, 1 << 32, 1 << 62, 1 << 63, (1 << 63) - 1, (1 << 64) - 1)
    )
    wide = rng.getrandbits(rng.randrange(1, 65))
    return (rng.choice((edge, wide, edge + rng.randrange(-2, 3), -wide))) % (1 << 64)


def test_builtins_of_gnu_c_and_what_stands_in_for_them_agree(tmp_path: Path) -> None:
    print("seed", SEED)
    rng = random.Random(SEED)
    (tmp_path / "d.c").write_text(DRIVER)
    lines = "".join(f"{_numbers(rng):x} {_numbers(rng):x}\n" for _ in range(20_000))
    core = registry_().libraries["core.entry"].room / "c"
    outputs = []
    for more in (["-DTB_ISO_C", "-fsanitize=undefined", "-fno-sanitize-recover=all"], []):
        words = ["gcc", "-std=c11", "-O1", "-Wno-unused", *more, f"-I{core}", "d.c", "-o", "d", "-lm"]
        subprocess.run(words, cwd=tmp_path, check=True)
        done = subprocess.run([tmp_path / "d"], input=lines, capture_output=True, text=True, check=True)
        outputs.append(done.stdout.splitlines())
    for given, iso, gnu in zip(lines.splitlines(), *outputs, strict=True):
        assert iso == gnu, given


def test_products_of_128_bits(tmp_path: Path) -> None:
    print("seed", SEED)
    rng = random.Random(SEED)
    core = registry_().libraries["core.entry"].room / "c"
    (tmp_path / "tb_plan.h").write_text(
        "typedef u64 cell;\nstruct tb_context { u8 *cage; };\n"
        "static inline TB_UNUSED u8 *tb_cage(struct tb_context *cx) { return cx->cage; }\n"
    )
    (tmp_path / "m.c").write_text(f'#include "{core}/rt/multi3.c"\n')
    words = ["gcc", "-O1", "-fPIC", "-shared", "-D__multi3=product", f"-I{core}", "-I.", "m.c", "-o", "m.so"]
    subprocess.run(words, cwd=tmp_path, check=True)

    class Wide(ctypes.Structure):
        _fields_ = (("low", ctypes.c_uint64), ("high", ctypes.c_uint64))

    product = ctypes.CDLL(str(tmp_path / "m.so")).product
    product.restype, product.argtypes = Wide, (Wide, Wide)
    for _ in range(5000):
        a, b = (_numbers(rng) << 64 | _numbers(rng) for _ in range(2))
        found = product(*(Wide(each & (1 << 64) - 1, each >> 64) for each in (a, b)))
        assert found.high << 64 | found.low == a * b % (1 << 128), (a, b)


def test_compilers_for_windows_and_32_bits_take_it(tmp_path: Path) -> None:
    """Nothing is run: that the file fits their headers and pointers is what counts."""
    path = next(path for path in EXAMPLES if path.stem == "calculator")  # 64-bit cells, a heap
    (tmp_path / "p.c").write_bytes(made(path.read_text()).image)
    for target in ("x86_64-windows-gnu", "arm-linux-musleabihf", "x86-linux-musl"):
        words = [str(zig()), "cc", "-target", target, "-O1", *STRICT, "-c", "p.c", "-o", "p.o"]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{target}: {done.stderr}"
