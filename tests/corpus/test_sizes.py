"""Runtimes composed for one program each. The README's table of them says what `python -m bench.corpus` says: opcodes
exactly, bytes to two in a hundred, so that not each byte saved anywhere is a change of the README."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.corpus import CALLS, HEAD, README, SHOWN, compose, general, measure, peers
from tblvm.core.registry import Registry
from tests.corpus.drivers import cowsay
from tests.corpus.fetch import Unavailable, content
from tests.corpus.machines import Wasmtime, composed
from tests.corpus.manifest import program
from tests.corpus.opcodes import opcodes
from tests.corpus.transcripts import SEED, transcript


def _table() -> list[str]:
    lines = README.read_text().splitlines()
    at = lines.index(HEAD[0])
    return lines[at : lines.index("", at)]


def _check(row: str) -> None:
    """That the table has this row, or one with almost the same bytes."""
    start, _, size = row.removesuffix(" |").rpartition(" | ")
    found = [line for line in _table() if line.startswith(f"{start} | ")]
    assert len(found) == 1, f"{row}: python -m bench.corpus --write"
    said, now = (int(text.replace(",", "")) for text in (found[0].split("|")[-2], size))
    assert abs(said - now) <= now / 50, f"{found[0]}: {now:,} now: python -m bench.corpus --write"


@pytest.mark.parametrize("name", SHOWN)
def test_a_composed_runtime(
    name: str, registry: Registry, tmp_path: Path, unavailable: Callable[[Exception], Any]
) -> None:
    """It has the size that is said, and its program does in it what it does elsewhere."""
    wanted = program(name)
    try:
        data = content(wanted)
    except Unavailable as error:
        unavailable(error)
        return
    made = compose(wanted, data, registry)
    _check(str(measure(wanted, data, made)))
    expected = transcript(wanted, data, Wasmtime)
    if made.plan.request.artifact.hosted:
        found = transcript(wanted, data, composed(made, tmp_path / "program.so"))
    else:
        (tmp_path / wanted.name).write_bytes(made.image)
        (tmp_path / wanted.name).chmod(0o755)
        found = [_run(tmp_path / wanted.name, *case) for case in cowsay.CASES]
    assert found == expected, f"TBLVM_TEST_SEED={SEED}"


def _run(file: Path, arguments: tuple[str, ...], stdin: str) -> tuple[int, str, str]:
    """Status, output and messages, without those of a trap."""
    command = [f"./{file.name}", *arguments]
    done = subprocess.run(
        command, cwd=file.parent, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr.partition("tblvm: trap: unreachable\n")[0]


def test_rows_of_what_takes_any_program(registry: Registry) -> None:
    others = [*general(registry), *peers()]
    for row in others:
        _check(row)
    assert len(_table()) == len(HEAD) + len(SHOWN) + len(CALLS) + len(others)


@pytest.mark.parametrize("name", CALLS)
def test_one_call(
    name: str, registry: Registry, tmp_path: Path, unavailable: Callable[[Exception], Any]
) -> None:
    """An executable that calls one export: its row, and that it runs."""
    wanted = program(name)
    try:
        data = content(wanted)
    except Unavailable as error:
        unavailable(error)
        return
    made = compose(wanted, data, registry, CALLS[name])
    _check(str(measure(wanted, data, made)))
    (tmp_path / name).write_bytes(made.image)
    (tmp_path / name).chmod(0o755)
    assert _run(tmp_path / name, (), "") == (0, "", "")


def test_instructions_are_counted() -> None:
    """In a block, a branch, constants and a conversion with a prefix."""
    code = b"\x02\x40\x20\x00\x0d\x00\x0b\x41\x7d\x44" + bytes(8) + b"\xfc\x02\x6a\x0b"
    body = b"\x01\x02\x7f" + code
    section = b"\x01" + bytes([len(body)]) + body
    module = b"\0asm\1\0\0\0" + b"\x00\x02\x01x" + b"\x0a" + bytes([len(section)]) + section
    assert opcodes(module) == {0x02, 0x20, 0x0D, 0x0B, 0x41, 0x44, 0x102, 0x6A}
