"""`make fuzz`: all harnesses, for FUZZ_SECONDS (600) on two cores.

python -m tests.fuzz.run                      fuzzes; ends with 1 when anything was found
python -m tests.fuzz.run --reproduce FILE...  runs what was found again: .tbc files, .tba texts, .wasm, .scan, .mail

What is found is kept in build/fuzz/crashes, what was learnt in build/fuzz/corpus. TBLVM_TEST_SEED is the seed.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import accumulate
from pathlib import Path
from threading import Event

from tblvm.core import tbc
from tblvm.core.dis import disassemble
from tblvm.core.errors import ModuleError
from tests.frontends.wasm.whole import seeds
from tests.fuzz.build import HEAPS, HERE, PLUGINS, REGRESSIONS, SEEDS, replay, target
from tests.fuzz.differential import Comparison, prepare
from tests.fuzz.harness import CORPUS, CRASHES, WORK, Fuzzer, shown
from tests.fuzz.walls import SEEDS as WALLS
from tests.harness import registry
from tests.programs import EXAMPLES, STOPPED

# One core searches the C; the other the Python, and then compares both. What has which share of the time:
WORKERS = (
    (("marksweep", 0.7), ("freelist", 0.3)),
    (("files", 0.25), ("texts", 0.15), ("wasm", 0.15), ("scan", 0.05), ("mail", 0.1), ("differential", 0.3)),
)


def _texts() -> Path:
    """A folder with the texts of examples, of what stops programs, and of all seeds that can be read."""
    folder = WORK / "texts"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    isa = registry(PLUGINS).isa
    for path in [*EXAMPLES, *REGRESSIONS.glob("*.tba")]:
        shutil.copy(path, folder)
    for number, case in enumerate(STOPPED.values()):
        (folder / f"stopped-{number}.tba").write_text(case.text)
    for path in SEEDS.glob("*.tbc"):
        try:
            (folder / f"{path.stem}.tba").write_text(disassemble(tbc.read(path.read_bytes()), isa))
        except ModuleError:
            continue  # a seed for what reads files
    return folder


def _wasm() -> Path:
    """A folder with WebAssembly modules of every kind."""
    folder = WORK / "wasm"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, content in enumerate(dict.fromkeys(seeds())):
        (folder / f"{number}.wasm").write_bytes(content)
    return folder


def _fuzzers() -> dict[str, Fuzzer]:
    """All but the differential, ready to run: what they are compiled of may take a minute."""
    dictionary = f"-dict={HERE / 'tbc.dict'}"
    inputs = [SEEDS, REGRESSIONS]
    python = [sys.executable, "-m", "tests.fuzz.python_target"]
    registry(PLUGINS)  # before the threads that ask for it: plug-ins are loaded by one at a time
    with ThreadPoolExecutor(len(WORKERS)) as pool:
        compiled = {heap: pool.submit(target, heap, "fuzzer") for heap in HEAPS}
        ready = pool.submit(prepare)
        texts, wasm = pool.submit(_texts), pool.submit(_wasm)
        # One corpus for both runtimes.
        made = {
            heap: Fuzzer(heap, [str(each.result()), dictionary], inputs, "modules")
            for heap, each in compiled.items()
        }
        made["files"] = Fuzzer("files", [*python, "files"], inputs, "files")
        made["texts"] = Fuzzer("texts", [*python, "texts"], [texts.result()], "texts", "tba")
        made["wasm"] = Fuzzer("wasm", [*python, "wasm"], [wasm.result()], "wasm", "wasm")
        for name in ("scan", "mail"):
            seeded = [WALLS / name, REGRESSIONS]
            made[name] = Fuzzer(name, [*python, name], seeded, name, name)
        ready.result()
    return made


def _spans() -> Iterator[tuple[tuple[str, float, float], ...]]:
    """For each worker the names of what it runs, when it starts and when it ends, in shares of the time."""
    for worker in WORKERS:
        ends = [*accumulate(share for _, share in worker)]
        yield tuple((name, end - share, end) for (name, share), end in zip(worker, ends, strict=True))


def run(seconds: float, seed: int) -> int:
    """Fuzzes; 1 when anything was found."""
    print(f"getting ready, seed {seed}", flush=True)
    stop = Event()
    fuzzers = _fuzzers()
    comparison = Comparison(seed)
    runs: dict[str, Callable[[float], None]] = {
        name: lambda until, each=each: each.run(until, seed, stop)  # type: ignore[misc]
        for name, each in fuzzers.items()
    }
    runs["differential"] = lambda until: comparison.run(CORPUS / "modules", until, stop)
    start = time.monotonic()
    print(f"fuzzing for {seconds:.0f} s on {len(WORKERS)} cores, until {_clock(seconds)}", flush=True)

    def work(spans: Sequence[tuple[str, float, float]]) -> None:
        for name, _, end in spans:
            runs[name](start + seconds * end)

    with ThreadPoolExecutor(len(WORKERS)) as pool:
        jobs = [pool.submit(work, spans) for spans in _spans()]
        try:
            while wait(jobs, timeout=min(60.0, max(10.0, seconds / 30))).not_done:
                _show(time.monotonic() - start, seconds, fuzzers, comparison)
        except KeyboardInterrupt:
            stop.set()
            print("interrupted: it ends now", flush=True)
    for job in jobs:
        job.result()  # what a worker has raised
    return _summary(list(fuzzers.values()), comparison, time.monotonic() - start)


def _clock(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(time.time() + seconds))


def _show(elapsed: float, seconds: float, fuzzers: dict[str, Fuzzer], comparison: Comparison) -> None:
    now = [name for spans in _spans() for name, start, end in spans if start <= elapsed / seconds < end]
    said = [fuzzers[name].progress() if name in fuzzers else comparison.progress() for name in now]
    found = sum(len(each.found) for each in fuzzers.values()) + len(comparison.found)
    if said:  # else it is about to end
        print(f"{elapsed:5.0f} s  {' | '.join([*said, f'{found} found'])}", flush=True)


def _summary(fuzzers: Sequence[Fuzzer], comparison: Comparison, seconds: float) -> int:
    print(f"\n{'harness':12} {'seconds':>8} {'executions':>12} {'edges':>7} {'new inputs':>11} {'found':>6}")
    for each in fuzzers:
        print(
            f"{each.name:12} {each.seconds:8.0f} {each.executions:12,} {each.edges:7,} {each.inputs:11,} "
            f"{len(each.found):6}"
        )
    print(comparison.progress())
    found = [path for each in fuzzers for path in each.found] + comparison.found
    for path, name in zip(found, shown(found), strict=True):
        if path.suffix == ".log":
            print(f"FOUND: a harness ended without an input; the end of {name}:")
            print("\n".join(f"  {line}" for line in path.read_text(errors="replace").splitlines()[-15:]))
        else:
            [python] = shown([Path(sys.executable)])
            print(f"FOUND {name}\n  to see it again: {python} -m tests.fuzz.run --reproduce {name}")
    print(f"{len(found)} found in {seconds:.0f} s")
    return int(bool(found))


def reproduce(paths: Sequence[Path]) -> int:
    """Runs each file through everything; ends with 1 at the first that fails."""
    from tests.fuzz.differential import runs, verdicts
    from tests.fuzz.properties import check_file, check_text, check_wasm
    from tests.fuzz.walls import check_mail, check_scan

    isa = registry(PLUGINS).isa
    for path in paths:
        if path.suffix in (".scan", ".mail"):
            check = check_scan if path.suffix == ".scan" else check_mail
            print(f"{path}: {check(path.read_bytes())}")
            continue
        if path.suffix == ".tba":
            print(f"{path}: {check_text(path.read_bytes().decode('utf-8', 'surrogateescape'), isa)}")
            continue
        if path.suffix == ".wasm":
            print(f"{path}: {check_wasm(path.read_bytes(), isa)}")
            continue
        for heap in HEAPS:
            done = replay(target(heap, "gcc"), [path], WORK)
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
        if missing := [str(path) for path in files if not path.is_file()]:
            parser.error(f"there is no file {missing[0]}")
        return reproduce(files)
    CRASHES.mkdir(exist_ok=True)
    try:
        seed = int(os.environ.get("TBLVM_TEST_SEED") or random.SystemRandom().randrange(1, 1 << 31))
        seconds = float(os.environ.get("FUZZ_SECONDS") or 600)
    except ValueError as error:
        parser.error(f"FUZZ_SECONDS and TBLVM_TEST_SEED are numbers: {error}")
    return run(seconds, seed)


if __name__ == "__main__":
    sys.exit(main())
