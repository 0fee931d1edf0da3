"""run: the program's own status, however it ends."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tblvm.builder.pipeline import Artifact
from tblvm.builder.run import run
from tblvm.core.errors import BuildError, HostError
from tblvm.core.parts import Target
from tblvm.core.registry import Registry

Build = Callable[..., Artifact]
HERE = Target("here", "", "", "", "", "what this machine runs by itself")


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go: it must be empty again afterwards."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_status_is_the_program_s(builds: Build, scratch: Path) -> None:
    assert run(builds("status.tba").image, HERE, ()) == 42
    assert list(scratch.iterdir()) == []


def test_output_goes_where_ours_goes(builds: Build, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(builds("hello.tba").image, HERE, ("ignored",)) == 0
    assert capfd.readouterr().out == "Hello, world!\n"


def test_a_signal_is_128_and_its_number() -> None:
    assert run(b"#!/bin/sh\nkill -9 $$\n", HERE, ()) == 128 + 9


def test_arguments_are_passed(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(b'#!/bin/sh\nprintf "%s|" "$@"\n', HERE, ("a b", "-c")) == 0
    assert capfd.readouterr().out == "a b|-c|"


def test_what_does_not_start_is_a_build_error(scratch: Path) -> None:
    with pytest.raises(BuildError, match="the program does not start: Exec format error"):
        run(b"\x7fELF" + bytes(60), HERE, ())
    assert list(scratch.iterdir()) == []


def test_another_machine_s_programs_run_under_its_emulator(
    builds: Build, registry: Registry, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An emulator gets the file and the arguments, and its status is the program's."""
    image, target = builds("status.tba", target="riscv64-linux").image, registry.targets["riscv64-linux"]
    assert run(image, target, ()) == 42
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(BuildError, match="Exec format error"):
        run(b"\x7fELF" + bytes(60), target, ())
    assert list(scratch.iterdir()) == []


def test_a_machine_without_the_emulator_says_what_to_install(
    registry: Registry, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(scratch))
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    expected = r"this machine \(x86_64\) .* aarch64-linux: install qemu-aarch64-static .* qemu-user-static\)"
    with pytest.raises(HostError, match=expected) as error:
        run(b"", registry.targets["aarch64-linux"], ())
    assert error.value.status == 6
    assert list(scratch.iterdir()) == []
