"""The supervisor as it is compiled, and what is said where there are no keys."""

from __future__ import annotations

import errno
import io
import os
import re
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from tblvm.builder import cache as caches
from tblvm.isolation import scan
from tblvm.isolation.keys import errors, key, probe, supervisor
from tests.machine.keys import INSIDE, has_keys

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def image() -> bytes:
    return supervisor.image()


def code(image: bytes) -> bytes:
    """What can be executed of it."""
    return b"".join(
        each.data() for each in ELFFile(io.BytesIO(image)).iter_segments("PT_LOAD") if each["p_flags"] & 1
    )


def listing(image: bytes, folder: Path) -> list[list[str]]:
    """The instructions of its gates, as binutils reads them, by function."""
    path = folder / "supervisor.so"
    path.write_bytes(image)
    done = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", str(path)], capture_output=True, text=True, check=True
    )
    return [
        [line.split("\t", 1)[1].strip() for line in block.splitlines() if "\t" in line]
        for block in done.stdout.split("\n\n")
    ]


def test_there_is_a_wrpkru_for_each_gate_and_no_other(image: bytes) -> None:
    found = [each for each in scan.scan(code(image)) if each.instruction.name == "wrpkru"]
    source = (supervisor.FOLDER / "gates.c").read_text()
    # The macro's uses: write, die, leave, enter, to a plug-in, back, signal.
    assert len(found) == len(re.findall(r"^\s+WRPKRU$", source, re.M)) == 7


def test_nothing_else_in_it_gives_rights(image: bytes) -> None:
    """Also not at bytes where no instruction begins."""
    found = {each.instruction.name for each in scan.scan(code(image))}
    assert not found & {"xrstor", "xrstors", "wrfsbase", "wrgsbase", "int 0x80", "sysenter"}
    assert {"wrpkru", "syscall"} <= found


@pytest.mark.outside
def test_each_wrpkru_is_followed_by_a_check_that_dies(image: bytes, tmp_path: Path) -> None:
    lines = [line for block in listing(image, tmp_path) for line in block]
    for at, line in enumerate(lines):
        if line.startswith("wrpkru"):
            behind = lines[at + 1 : at + 5]
            assert behind[0].startswith(("test", "cmp", "rdfsbase")), behind
            assert any(each.startswith(("jne", "je")) for each in behind), behind


@pytest.mark.outside
def test_gates_are_as_long_as_the_documentation_says(image: bytes, tmp_path: Path) -> None:
    lines = [line for block in listing(image, tmp_path) for line in block]
    words = [line.split()[0] for line in lines]
    writes = [at for at, word in enumerate(words) if word == "wrpkru"]
    _, die, leave, enter, plugin, back, _ = writes
    # From behind the end of one gate to its own end: a jump or a return.
    start = words.index("ud2", die) + 1
    first = words.index("call", leave)
    second = words.index("fninit", first)
    third = words.index("ret", enter)
    crossing = words.index("push", words.index("ret", third + 1))
    inside = words.index("call", plugin)
    lengths = [
        first - start + 1,
        third - second + 1,
        inside - crossing + 1,
        words.index("ret", back) - inside,
    ]
    text = (ROOT / "docs" / "isolation.md").read_text()
    assert f"| {lengths[0]} + {lengths[1]} | 2 |" in text, lengths
    assert f"| {lengths[2]} + {lengths[3]} | 2 |" in text, lengths


def test_it_needs_nothing_of_others(image: bytes) -> None:
    elf = ELFFile(io.BytesIO(image))
    assert not list(elf.iter_segments("PT_INTERP"))
    dynamic = next(elf.iter_segments("PT_DYNAMIC"))
    assert not list(dynamic.iter_tags("DT_NEEDED"))
    assert not [each for each in elf.iter_segments("PT_LOAD") if each["p_flags"] & 3 == 3]


def test_it_comes_from_the_cache_without_a_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image: bytes
) -> None:
    if INSIDE in os.environ:
        assert image  # there is no compiler at all
        return
    monkeypatch.setenv("TBLVM_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("TBLVM_CACHE_SIZE", "1M")
    assert supervisor.image() == image
    cache = caches.standard()
    assert cache is not None and cache.size()[0] == 1
    monkeypatch.setattr(supervisor, "_compiled", lambda *words: pytest.fail("compiled again"))
    assert supervisor.image() == image


# --- why there are none ----------------------------------------------------------------------------------


REASONS: list[tuple[str, dict[str, object]]] = [
    ("machine", {"machine": "aarch64"}),
    ("cpu", {"flags": {"fpu"}}),
    ("kernel", {"flags": {"pku"}}),
    ("kernel", {"flags": {"pku", "ospke"}, "hwcap2": 0}),
]


@pytest.mark.parametrize(("reason", "world"), REASONS)
def test_the_reason_is_told(reason: str, world: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe.platform, "machine", lambda: world.get("machine", "x86_64"))
    monkeypatch.setattr(probe, "_flags", lambda: world.get("flags", {"pku", "ospke"}))
    monkeypatch.setattr(probe, "_hwcap2", lambda: world.get("hwcap2", 2))
    found = probe.missing()
    assert found is not None and found.reason == reason and found.status == 6
    assert str(found)


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.ENOSPC, "taken"), (errno.EPERM, "forbidden"), (errno.EACCES, "forbidden")],
)
def test_what_pkey_alloc_says(number: int, reason: str) -> None:
    assert probe.refused(number).reason == reason


def test_no_sys_call_is_the_kernel_s_doing_or_a_filter_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_contained", lambda: False)
    assert probe.refused(errno.ENOSYS).reason == "kernel"
    monkeypatch.setattr(probe, "_contained", lambda: True)
    assert probe.refused(errno.ENOSYS).reason == "forbidden"


@pytest.mark.skipif(has_keys() or INSIDE in os.environ, reason="there are keys here")
def test_without_keys_it_is_an_error() -> None:
    with pytest.raises(errors.NoKeys) as caught:
        key.take()
    assert caught.value.reason in ("cpu", "kernel", "forbidden")
