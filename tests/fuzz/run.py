"""`make fuzz`: all harnesses, for FUZZ_SECONDS (600) altogether on two cores.

python -m tests.fuzz.run                      fuzzes; ends with 1 when anything was found
python -m tests.fuzz.run --reproduce FILE...  runs what was found again: .tbc files and .tba texts

What is found is kept in build/fuzz/crashes, what was learnt in build/fuzz/corpus.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tblvm.core import tbc
from tblvm.core.dis import disassemble
from tests.fuzz.build import ENVIRONMENT, HEAPS, HERE, PLUGINS, REGRESSIONS, SEEDS, replay, target
from tests.harness import registry
from tests.programs import EXAMPLES, STOPPED

ROOT = HERE.parent.parent
WORK = ROOT / "build" / "fuzz"
CRASHES, CORPUS = WORK / "crashes", WORK / "corpus"
# Shares of the time: on each core those of one worker, one after the other, then the differential.
WORKERS = ((("marksweep", 0.55), ("freelist", 0.2)), (("files", 0.45), ("texts", 0.3)))
_DIFFERENTIAL = 0.2
_OPTIONS = ("-max_len=8192", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=1")
_SUFFIX = {"marksweep": "tbc", "freelist": "tbc", "files": "tbc", "texts": "tba"}


@dataclass(frozen=True)
class Result:
    """What a harness did. coverage: libFuzzer's count of edges; found: what it stumbled over."""

    name: str
    executions: int
    coverage: int
    inputs: int
    found: tuple[Path, ...]


def _command(name: str) -> list[str]:
    if name in HEAPS:
        return [str(target(name, "fuzzer", WORK / name)), f"-dict={HERE / 'tbc.dict'}"]
    return [sys.executable, "-m", "tests.fuzz.python_target", name]


def _seeds(name: str) -> list[Path]:
    if name != "texts":
        return [SEEDS, REGRESSIONS]
    # Texts of examples, of what stops programs, and of all seeds.
    folder = WORK / "texts"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    isa = registry(PLUGINS).isa
    for path in [*EXAMPLES, *REGRESSIONS.glob("*.tba")]:
        shutil.copy(path, folder)
    for number, case in enumerate(STOPPED.values()):
        (folder / f"stopped-{number}.tba").write_text(case.text)
    for path in SEEDS.glob("*.tbc"):
        (folder / f"{path.stem}.tba").write_text(disassemble(tbc.read(path.read_bytes()), isa))
    return [folder]


def fuzz(name: str, command: Sequence[str], seeds: Sequence[Path], seconds: float, seed: int) -> Result:
    """Runs one harness; what it finds becomes a file in CRASHES."""
    corpus = CORPUS / ("modules" if name in HEAPS else name)  # one for both runtimes; Python is slow
    corpus.mkdir(parents=True, exist_ok=True)
    CRASHES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        pending, log = Path(folder) / "pending", WORK / f"{name}.log"
        environment = {**os.environ, **ENVIRONMENT, "TB_FUZZ_PENDING": str(pending)}
        options = [*_OPTIONS, f"-max_total_time={max(1, round(seconds))}", f"-seed={seed}"]
        options.append(f"-artifact_prefix={folder}/found-")
        with log.open("wb") as output:
            code = subprocess.run(
                [*command, *options, str(corpus), *map(str, seeds)],
                stdout=output,
                stderr=output,
                check=False,
                cwd=ROOT,
                env=environment,
            ).returncode
        text = log.read_text(errors="replace")
        inputs = [path.read_bytes() for path in sorted(Path(folder).glob("found-*"))] if code else []
        if code and pending.exists():  # the mutator tried it: what libFuzzer has kept is another
            kept = pending.read_bytes()
            size = int.from_bytes(kept[:4], "little")
            inputs = [kept[4 : 4 + size]] if size else inputs
    found = []
    for data in inputs:
        path = CRASHES / f"{name}-{hashlib.sha1(data).hexdigest()[:12]}.{_SUFFIX[name]}"
        path.write_bytes(data)
        found.append(path)
    if code and not found:
        found.append(log)
    executions = re.findall(r"number_of_executed_units: (\d+)", text)
    coverage = re.findall(r"\bcov: (\d+)", text)
    return Result(
        name,
        int(executions[-1]) if executions else 0,
        int(coverage[-1]) if coverage else 0,
        sum(1 for _ in corpus.iterdir()),
        tuple(found),
    )


def _differential(seconds: float, seed: int) -> list[Path]:
    """Inputs of the corpus, in another order each time, through C and Python until the time is up."""
    from tests.fuzz.differential import runs, verdicts

    end = time.monotonic() + seconds
    paths = sorted((CORPUS / "modules").glob("*"))
    random.Random(seed).shuffle(paths)
    found, done, ran, at = [], 0, 0, 0
    while at < len(paths) and time.monotonic() < end:
        batch = paths[at : at + 50]
        at += 50
        try:
            files = [path.read_bytes() for path in batch]
            done += verdicts(files).total()
            ran += runs(files) + runs(files, "freelist")
        except AssertionError as error:
            place = CRASHES / f"differential-{hashlib.sha1(str(error).encode()).hexdigest()[:12]}.tbc"
            place.write_bytes(bytes.fromhex(str(error).rsplit("\n", 1)[1]))
            print(f"differential: {str(error).splitlines()[0][:400]}")
            found.append(place)
    print(f"differential    {done:9} verdicts and {ran} runs compared with Python, of {len(paths)} inputs")
    return found


def run(seconds: float, seed: int) -> int:
    print(f"fuzzing for {seconds:.0f} s, seed {seed}", flush=True)
    commands = {name: _command(name) for worker in WORKERS for name, _ in worker}
    seeds = {name: _seeds(name) for name in commands}

    def work(worker: Sequence[tuple[str, float]]) -> list[Result]:
        return [fuzz(name, commands[name], seeds[name], seconds * share, seed) for name, share in worker]

    found: list[Path] = []
    with ThreadPoolExecutor(len(WORKERS)) as pool:
        for results in pool.map(work, WORKERS):
            for each in results:
                print(
                    f"{each.name:15} {each.executions:9} executions, {each.coverage} edges, "
                    f"{each.inputs} inputs, {len(each.found)} found",
                    flush=True,
                )
                found += each.found
    found += _differential(seconds * _DIFFERENTIAL, seed)
    for path in found:
        print(f"FOUND {path}")
        if path.suffix == ".log":
            print(f"  it ended without an input: see {path}")
        else:
            print(f"  to see it again: {Path(sys.executable)} -m tests.fuzz.run --reproduce {path}")
    return int(bool(found))


def reproduce(paths: Sequence[Path]) -> int:
    """Runs each file through everything; ends with 1 at the first that fails."""
    from tests.fuzz.differential import runs, verdicts
    from tests.fuzz.properties import check_file, check_text

    isa = registry(PLUGINS).isa
    for path in paths:
        if path.suffix == ".tba":
            print(f"{path}: {check_text(path.read_bytes().decode('utf-8', 'surrogateescape'), isa)}")
            continue
        for heap in HEAPS:
            done = replay(target(heap, "gcc", WORK / f"{heap}-gcc"), [path], WORK)
            print(f"{path}: {heap}: status, accepted, hash of output: {done.stdout}{done.stderr}")
            if done.returncode:
                return 1
        print(f"{path}: {check_file(path.read_bytes(), isa)}")
        print(f"{path}: {dict(verdicts([path.read_bytes()]))}, {runs([path.read_bytes()])} run")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--reproduce", type=Path, nargs="+", metavar="FILE")
    files = parser.parse_args().reproduce
    WORK.mkdir(parents=True, exist_ok=True)
    if files:
        return reproduce(files)
    seed = int(os.environ.get("TBLVM_TEST_SEED") or random.SystemRandom().randrange(1, 1 << 31))
    return run(float(os.environ.get("FUZZ_SECONDS", "600")), seed)


if __name__ == "__main__":
    sys.exit(main())
