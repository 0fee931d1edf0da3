"""Seeds and regressions, replayed: through the sanitized C, through Python, and through both. No fuzzer is needed."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from threading import Event

import pytest

from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.dis import disassemble
from tests.fuzz import harness
from tests.fuzz.build import HEAPS, PLUGINS, REGRESSIONS, SEEDS, replay, target
from tests.fuzz.corpus import made
from tests.fuzz.differential import runs, verdicts
from tests.fuzz.harness import Fuzzer
from tests.fuzz.modules import written
from tests.fuzz.mutate import mutate_file, mutate_text
from tests.fuzz.properties import check_file, check_text
from tests.fuzz.report import REASONS, ROOT, reasons
from tests.fuzz.snippets import snippets
from tests.fuzz.walls import SEEDS as WALLS
from tests.fuzz.walls import check_mail, check_scan, other_code, some_code, some_mail
from tests.harness import registry

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261121"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
MUTANTS = 300 * SCALE
FILES = sorted([*SEEDS.glob("*.tbc"), *REGRESSIONS.glob("*.tbc")])
TEXTS = sorted(REGRESSIONS.glob("*.tba"))
MOST_BYTES = 400_000
# All seeds once more, a sample of them through what is slow.
SAMPLE = sorted(random.Random(SEED).sample(FILES, min(len(FILES), 40 * SCALE)))


@pytest.mark.parametrize("heap", HEAPS)
def test_replay_under_sanitizers(heap: str, tmp_path: Path) -> None:
    done = replay(target(heap, "gcc"), FILES, tmp_path)
    assert done.returncode == 0, done.stderr[-6000:]
    ends = [line.split() for line in done.stdout.splitlines()]
    assert len(ends) == len(FILES)
    statuses = Counter(end[0] for end in ends)
    assert statuses["0"] > 20 and statuses["134"] > 5, statuses


def test_made_seeds_are_modules_that_run() -> None:
    """Each that no fuzzer has found is a module that the verifier accepts, and that only stops where it should."""
    isa = registry(PLUGINS).isa
    # The first of them are made anew; the rest takes its time.
    assert {check_file(file, isa) for _, file in islice(made(registry(PLUGINS)), 30)} == {"verified"}
    there = [path for path in SEEDS.glob("*.tbc") if not path.name.startswith("found-")]
    assert len(there) > 40
    assert {check_file(path.read_bytes(), isa) for path in there} == {"verified"}


def test_seeds_are_small() -> None:
    assert sum(path.stat().st_size for path in FILES) < MOST_BYTES


def test_python_and_c_agree() -> None:
    files = [path.read_bytes() for path in SAMPLE]
    ends = verdicts(files)
    assert ends[0] > len(files) // 3, ends
    assert runs(files) > len(files) // 3


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.parent == REGRESSIONS], ids=lambda path: path.stem
)
def test_regressions(path: Path) -> None:
    verdicts([path.read_bytes()])
    runs([path.read_bytes()])


def test_properties_in_python() -> None:
    isa = registry(PLUGINS).isa
    for path in FILES:
        check_file(path.read_bytes(), isa)
    for path in TEXTS:
        check_text(path.read_bytes().decode("utf-8", "surrogateescape"), isa)


def test_properties_of_mutants() -> None:
    reg = registry(PLUGINS)
    ends: Counter[str] = Counter()
    for number in range(MUTANTS):
        rng = random.Random(f"{SEED} fuzz {number}")
        file = rng.choice(FILES).read_bytes()
        if number % 2:
            ends[check_file(mutate_file(file, rng, reg, bytes), reg.isa)] += 1
        else:
            text = disassemble(tbc.read(rng.choice(FILES[:40]).read_bytes()), reg.isa)
            ends[check_text(mutate_text(text, rng, reg), reg.isa)] += 1
    assert min(ends[end] for end in ("verified", "read", "unreadable", "refused")) > MUTANTS // 60, ends


def _walls(kind: str) -> list[Path]:
    return sorted([*(WALLS / kind).glob(f"*.{kind}"), *REGRESSIONS.glob(f"*.{kind}")])


def test_code_of_guests() -> None:
    rng = random.Random(f"{SEED} scan")
    ends = Counter(check_scan(path.read_bytes()) for path in _walls("scan"))
    for _ in range(60 * SCALE):
        ends[check_scan(some_code(rng))] += 1
        ends[check_scan(other_code(rng.choice(_walls("scan")).read_bytes(), rng))] += 1
    assert ends["hit"] > 20 and ends["clean"] > 5, ends


def test_mail_of_guests() -> None:
    rng = random.Random(f"{SEED} mail")
    ends = Counter(check_mail(path.read_bytes()) for path in _walls("mail"))
    for number in range(300 * SCALE):
        try:
            ends[check_mail(some_mail(rng))] += 1
        except BaseException:
            print(f"input {number}, TBLVM_TEST_SEED={SEED}")
            raise
    assert ends["used"] > 20 and ends["refused"] > 20, ends


def test_reasons_are_about_lines_that_are_there() -> None:
    found = reasons()
    assert len(found) == sum(line.startswith("| ") for line in REASONS.read_text().splitlines()) - 1
    for reason in found:
        if not reason.file.startswith("(engine"):
            assert reason.lines((ROOT / reason.file).read_text().splitlines()), reason


def test_snippets_are_programs() -> None:
    """Each assembles, and has a name of its own; a sample of them is verified and runs alike everywhere."""
    reg = registry(PLUGINS)
    found = list(snippets(reg))
    assert len({each.name for each in found}) == len(found)
    some = random.Random(SEED).sample(found, min(len(found), 40 * SCALE))
    files = [written(assemble(each.text, reg.isa, "snippet.tba"), reg) for each in some]
    assert verdicts(files)[0] > len(files) // 2


class _Command:
    """A fuzzer of its own: a shell that is given libFuzzer's options."""

    def __init__(self, script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("WORK", "CRASHES", "CORPUS"):
            monkeypatch.setattr(harness, name, folder / name)
        (folder / "WORK").mkdir()
        self.fuzzer = Fuzzer("shell", ["sh", "-c", script, "sh"], [], "corpus")

    def run(self, seconds: float) -> Fuzzer:
        self.fuzzer.run(time.monotonic() + seconds, 1, Event())
        return self.fuzzer


def test_a_fuzzer_is_ended_when_its_time_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = _Command("echo '#7 NEW cov: 12'; exec tail -f /dev/null", tmp_path, monkeypatch)
    found = command.run(1.0)
    assert not found.found and found.executions == 7 and found.edges == 12
    assert 0.9 < found.seconds < 20


def test_what_a_fuzzer_finds_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The fourth option says where to: -artifact_prefix=...
    script = (
        'for each; do case $each in -artifact_prefix=*) printf bad > "${each#*=}crash";; esac; done; exit 77'
    )
    found = _Command(script, tmp_path, monkeypatch).run(20.0)
    assert [path.read_bytes() for path in found.found] == [b"bad"]
    assert {path.parent.name for path in found.found} == {"CRASHES"}


def test_a_fuzzer_that_does_not_start_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = _Command("echo no such thing; exit 1", tmp_path, monkeypatch).run(20.0)
    assert [path.read_text() for path in found.found] == ["no such thing\n"]
