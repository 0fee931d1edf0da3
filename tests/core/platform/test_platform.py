"""Platform layers, each on its own: what they give is compared with what Python finds on this machine."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from pathlib import Path

import pytest

from tblvm.builder.compile import COMPILE_FLAGS
from tblvm.builder.host import command
from tblvm.builder.toolchain import zig
from tblvm.core.parts import MicroLibrary, Target
from tests.harness import TARGETS, registry

HERE = Path(__file__).parent
# A platform layer reads nothing of a plan; tb.h wants these.
PLAN = """\
struct tb_context { u8 *cage; };
static inline TB_UNUSED u8 *tb_cage(struct tb_context *cx) { return cx->cage; }
"""


def compiled(target: Target, platform: MicroLibrary, folder: Path) -> Path:
    (folder / "tb_plan.h").write_text(PLAN)
    include = [f"-I{folder}", *(f"-I{platform.room / each}" for each in platform.headers)]
    sources = [str(HERE / "driver.c"), *(str(platform.room / each) for each in platform.sources)]
    program = folder / "driver"
    if target.name == "hosted":
        flags = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined"]
        core = registry().libraries["core.entry"].room / "c"
        subprocess.run(["gcc", *flags, *include, f"-I{core}", *sources, "-o", program], check=True)
        return program
    flags = ["-target", target.triple, *COMPILE_FLAGS, *target.flags, "-nostdlib", "-static"]
    subprocess.run([zig(), "cc", *flags, *include, *sources, "-o", program], check=True)
    return program


@pytest.mark.parametrize("name", [*TARGETS, "hosted"])
def test_a_platform_does_what_its_interface_says(name: str, tmp_path: Path) -> None:
    target = registry().targets[name]
    program = compiled(target, registry().libraries[target.platform], tmp_path)
    for name in ("made", "taken", "gone"):
        (tmp_path / name).write_text("what was there before")
    process = subprocess.Popen(
        command(target, program), cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    assert process.stdin is not None and process.stdout is not None
    lines = [int(process.stdout.readline()) for _ in range(2)]
    assert lines == [0, 1]
    process.stdin.write(b"x")
    process.stdin.close()
    rest = [int(line) for line in process.stdout.read().split()]
    process.stdout.close()
    now = time.time_ns()
    assert process.wait() == 42
    assert rest[:5] == [1, 1, ord("x"), 1, 0]
    assert abs(now - rest[5]) < 60 * 10**9
    assert rest[6:11] == [1, 4, 0, -9, -2]  # EBADF, ENOENT
    assert rest[11:15] == [0, -2, 0, -2]
    assert [(each.name, each.read_text()) for each in sorted(tmp_path.glob("[mgt]*"))] == [
        ("taken", "text"),
        ("tb_plan.h", PLAN),
    ]
    assert rest[15] == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert rest[16] == len(os.sched_getaffinity(0))
    assert rest[17] == (8 << 20 if target.name == "hosted" else resource.getrlimit(resource.RLIMIT_STACK)[0])
    assert rest[18:] == [1, -4, 1, -4]
