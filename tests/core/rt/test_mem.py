"""memcpy and its kin: right, and not compiled into calls of themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tblvm import core

HERE = Path(__file__).parent
C = Path(core.__file__).parent / "c"
NAMES = ("memcpy", "memmove", "memset", "memcmp")
INCLUDES = (f"-I{HERE}", f"-I{C}")


@pytest.mark.parametrize("wide", [0, 1])
@pytest.mark.parametrize("level", ["-O0", "-O1", "-O3"])
def test_memory_functions(tmp_path: Path, level: str, wide: int) -> None:
    flags = (
        f"-std=gnu11 -g {level} -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all"
    )
    renamed = [f"-DTB_COPY_WIDE={wide}", *(f"-D{name}=rt_{name}" for name in NAMES)]
    object_ = tmp_path / "mem.o"
    source = str(C / "rt" / "mem.c")
    subprocess.run(["gcc", *flags.split(), *renamed, *INCLUDES, "-c", source, "-o", object_], check=True)
    program = tmp_path / "driver"
    subprocess.run(["gcc", *flags.split(), str(HERE / "driver.c"), object_, "-o", program], check=True)
    done = subprocess.run([program], capture_output=True, text=True, timeout=100)
    assert (done.stdout, done.returncode) == ("ok\n", 0), done.stderr


@pytest.mark.parametrize(
    "compiler", [["gcc"], [sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-linux-none"]]
)
@pytest.mark.parametrize(
    "flags", ["-Oz", "-O2", "-O3", "-O2 -fno-builtin", "-Oz -DTB_COPY_WIDE=1", "-O3 -DTB_COPY_WIDE=1"]
)
def test_no_function_calls_itself_or_another(tmp_path: Path, compiler: list[str], flags: str) -> None:
    common = [
        "-std=gnu11",
        "-ffreestanding",
        "-fno-sanitize=all",
        "-fno-pic",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-c",
    ]
    if compiler == ["gcc"]:
        flags = flags.replace("-Oz", "-Os")
    object_ = tmp_path / "mem.o"
    subprocess.run(
        [*compiler, *common, "-c", *flags.split(), *INCLUDES, str(C / "rt" / "mem.c"), "-o", object_],
        check=True,
    )
    listing = subprocess.run(["objdump", "-dr", object_], check=True, capture_output=True, text=True).stdout
    listing = listing.partition("Disassembly")[2]  # the file's name comes before it
    assert all(f"<{name}>:" in listing for name in NAMES)
    assert "call" not in listing
    assert "R_X86_64" not in listing
    jumps = [line for line in listing.splitlines() if "\tj" in line]
    assert jumps and all("+0x" in line for line in jumps)  # into a function's middle, never to its start
