"""What `tblvm doctor` says of a machine, held against what the system itself says."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tblvm import IsolationError
from tblvm.isolation import levels, machine
from tblvm.isolation.machine import Offer, offers

pytestmark = pytest.mark.skipif(platform.system() != "Linux", reason="isolation is for Linux")


@pytest.fixture(scope="module")
def found() -> dict[str, Offer]:
    return {each.what: each for each in offers()}


def test_the_kernel_says_the_same(found: dict[str, Offer]) -> None:
    assert os.uname().release in found["kernel"].note
    flags = Path("/proc/cpuinfo").read_text().split("flags", 1)[-1].split("\n", 1)[0].split()
    assert not found["protection keys"].there or {"pku", "ospke"} <= set(flags)
    security = Path("/sys/kernel/security/lsm")
    if security.exists():
        assert found["landlock"].there == ("landlock" in security.read_text().split(","))
    actions = Path("/proc/sys/kernel/seccomp/actions_avail")
    if actions.exists():
        assert found["seccomp"].there == ("trap" in actions.read_text().split())


def test_levels_are_there_that_can_be_chosen(found: dict[str, Offer]) -> None:
    for level in ("none", "process", "mpk"):
        try:
            there = levels.choose(level) == level
        except IsolationError:
            there = False
        offer = found[f"isolation {level}"]
        assert offer.there == there and "not against" in offer.note
    assert set(machine.PROTECTS) == set(levels.LEVELS) - {"auto"}


def test_nothing_is_changed_by_looking(found: dict[str, Offer]) -> None:
    """No filter, no rights lost, no key taken: looking again, and running something else, gives the same."""
    status = Path("/proc/self/status").read_text()
    assert {each.what: each for each in offers()} == found
    after = Path("/proc/self/status").read_text()
    for name in ("Seccomp:", "NoNewPrivs:", "CapEff:"):
        assert [line for line in status.splitlines() if line.startswith(name)] == [
            line for line in after.splitlines() if line.startswith(name)
        ]


def test_rseq_is_what_the_c_library_was_told() -> None:
    code = "from tblvm.isolation.machine import _rseq\nprint(_rseq().note)"
    notes = []
    for given in ("1", "0"):
        environment = {**os.environ, "GLIBC_TUNABLES": f"glibc.pthread.rseq={given}"}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        notes.append(done.stdout.strip())
    assert notes[1] == "not registered"
    if platform.libc_ver()[0] == "glibc" and tuple(map(int, platform.libc_ver()[1].split("."))) >= (2, 35):
        assert notes[0].startswith("registered by the C library")


def test_libraries_with_gadgets_are_named(found: dict[str, Offer]) -> None:
    """The dynamic linker of glibc restores registers with xrstor; it is in every process of it."""
    offer = found["code without wrpkru and xrstor"]
    if platform.machine() == "x86_64" and platform.libc_ver()[0] == "glibc":
        assert not offer.there and "ld-linux" in offer.note and "libc.so" in offer.note
