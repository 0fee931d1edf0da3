"""run: the program's own status, however it ends."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tblvm.builder.pipeline import Artifact
from tblvm.builder.run import run
from tblvm.core.errors import BuildError

Build = Callable[..., Artifact]


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go: it must be empty again afterwards."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_status_is_the_program_s(builds: Build, scratch: Path) -> None:
    assert run(builds("status.tba").image, ()) == 42
    assert list(scratch.iterdir()) == []


def test_output_goes_where_ours_goes(builds: Build, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(builds("hello.tba").image, ("ignored",)) == 0
    assert capfd.readouterr().out == "Hello, world!\n"


def test_a_signal_is_128_and_its_number() -> None:
    assert run(b"#!/bin/sh\nkill -9 $$\n", ()) == 128 + 9


def test_arguments_are_passed(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(b'#!/bin/sh\nprintf "%s|" "$@"\n', ("a b", "-c")) == 0
    assert capfd.readouterr().out == "a b|-c|"


def test_what_does_not_start_is_a_build_error(scratch: Path) -> None:
    with pytest.raises(BuildError, match="the program does not start: Exec format error"):
        run(b"\x7fELF" + bytes(60), ())
    assert list(scratch.iterdir()) == []
