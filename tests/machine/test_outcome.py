"""That the machine cannot look like a success when it was none: with a machine that is a shell script."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.machine import emulator
from tests.machine.contents import ROOT
from tests.machine.outcome import Outcome

END = json.dumps({"end": {"status": 0}})


def outcome(*lines: object, **more: object) -> Outcome:
    made = Outcome("6.1", console="the last words", **more)  # type: ignore[arg-type]
    made.read("\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines))
    return made


def case(name: str, result: str, text: str = "") -> dict[str, object]:
    return {"case": name, "outcome": result, "seconds": 0.1, "text": text}


def test_success() -> None:
    made = outcome({"start": "a"}, case("a", "passed"), {"start": "b"}, case("b", "skipped", "why"), END)
    assert made.problems() == []
    assert made.summary == "Linux 6.1 with protection keys: 1 passed, 1 skipped in 0 s"


@pytest.mark.parametrize(
    ("lines", "more", "said"),
    [
        ([END], {}, "no case was executed"),
        ([case("a", "skipped"), END], {}, "no case was executed"),
        ([case("a", "passed"), case("b", "failed", "assert 1 == 2"), END], {}, "assert 1 == 2"),
        ([case("a", "passed")], {}, "the machine ended without a word"),
        ([case("a", "passed"), {"start": "slow"}], {"late": True}, "these had not ended: slow"),
        ([case("a", "passed")], {"late": True, "seconds": 9.0}, "not done after 9 s"),
        ([case("a", "passed")], {"late": True}, "the last words"),
        ([case("a", "passed"), {"end": {"status": -11}}], {}, "signal 11"),
        ([case("a", "passed"), {"end": {"status": -9, "kernel": "Out of memory"}}], {}, "Out of memory"),
        ([case("a", "passed"), {"end": {"status": 2}}], {}, "status 2"),
        ([case("a", "passed"), {"end": {"error": "no /proc"}}], {}, "no /proc"),
        ([case("a", "passed"), '{"end": {"sta'], {}, "the machine ended without a word"),
        ([case("a", "passed"), {"missing": ["--artifact", "guest"]}, END], {}, "--artifact guest"),
    ],
)
def test_what_is_none(lines: list[object], more: dict[str, object], said: str) -> None:
    assert said in "\n".join(outcome(*lines, **more).problems())


def test_what_pytest_tells(pytester_file: Path, tmp_path: Path) -> None:
    """The plug-in's lines, of tests that end in each way."""
    told = tmp_path / "told"
    words = [sys.executable, "-m", "pytest", "-q", "-p", "tests.machine.results", "-p", "no:cacheprovider"]
    environment = {**os.environ, "TBLVM_MACHINE_RESULTS": str(told), "PYTHONPATH": str(ROOT)}
    words += ["-c", os.devnull, "--rootdir", str(tmp_path), str(pytester_file)]
    done = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    made = Outcome("6.1")
    made.read(told.read_text())
    ends = {each.name.partition("::")[2]: each.outcome for each in made.cases}
    assert ends == {
        "test_fine": "passed",
        "test_wrong": "failed",
        "test_not_here": "skipped",
        "test_known": "xfailed",
        "test_no_fixture": "failed",
        "test_end": "failed",
    }, done.stdout
    text = next(each.text for each in made.cases if each.name.endswith("test_wrong"))
    assert "assert 1 == 2" in text and "printed before" in text
    assert made.running == []


@pytest.fixture
def pytester_file(tmp_path: Path) -> Path:
    path = tmp_path / "test_inner.py"
    path.write_text(
        """\
import pytest

def test_fine(): pass

def test_wrong():
    print("printed before")
    assert 1 == 2

@pytest.mark.skip(reason="why")
def test_not_here(): pass

@pytest.mark.xfail
def test_known(): assert False

def test_no_fixture(nothing): pass

@pytest.fixture
def ends():
    yield
    raise ValueError

def test_end(ends): pass
"""
    )
    return path


def machine(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / emulator.NAME).write_text(f"#!/bin/sh\n{script}\n")
    (folder / emulator.NAME).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_machine_that_hangs_is_ended_and_its_words_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(tmp_path, "echo I hang; exec sleep 1000", monkeypatch)
    done = emulator.run(tmp_path, tmp_path, tmp_path / "results", cpus=1, memory=64, deadline=1, live=False)
    assert done.late and done.seconds < 100
    assert done.console == "I hang\n"


def test_a_machine_that_ends_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(tmp_path, 'echo "$@"', monkeypatch)
    done = emulator.run(
        tmp_path, tmp_path, tmp_path / "results", cpus=3, memory=64, deadline=1000, live=False
    )
    assert not done.late
    assert "-smp 3 -m 64" in done.console


@pytest.mark.parametrize("required", [False, True])
def test_without_an_emulator(required: bool, tmp_path: Path) -> None:
    """A person is told loudly; in CI it is a failure."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("CI", "TBLVM_REQUIRE_MACHINE")
    }
    environment |= {"PATH": str(tmp_path), "TBLVM_MACHINE_KERNELS": "6.1"}
    environment |= {"TBLVM_REQUIRE_MACHINE": "1"} if required else {}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/machine/test_machine.py"]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == int(required), done.stdout
    assert "Linux 6.1: NOT RUN: there is no qemu-system-x86_64" in done.stdout
    assert ("1 failed" if required else "1 skipped") in done.stdout
