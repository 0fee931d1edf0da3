"""The benchmark of engines: that it measures, compares, and says so where an engine does something else."""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path

import pytest

from bench.engines import command, document, figures, markdown, starts
from bench.engines.engine import Command, Engine
from bench.engines.languages import languages
from bench.engines.manifest import Program, chosen, programs
from bench.engines.measure import Samples
from bench.engines.native import compiled, natives
from bench.engines.ours import assembly
from bench.engines.process import Failed, run
from tblvm.core.registry import load

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261122"))
NINE = {
    "fib",
    "sieve",
    "nbody",
    "spectral_norm",
    "mandelbrot",
    "fannkuch",
    "matmul",
    "nqueens",
    "binary_trees",
}


def test_all_programs_are_there() -> None:
    known = programs()
    assert {each.name for each in known.values() if each.nine} == NINE
    for each in known.values():
        assert each.source("c"), each.name
        assert each.tiny < each.size and (each.source("tba") is None) == (each.like == "")
        assert each.like in (*known, "")
        if each.nine:
            assert all(each.source(suffix) for suffix in ("c", "lua", "js", "java")), each.name
    with pytest.raises(ValueError, match="no program tea: there are fib"):
        chosen(["fib", "tea"])


@pytest.mark.timeout(1200)  # the first time, zig compiles a libc for WASI
@pytest.mark.parametrize("engine", load().engines)
def test_a_program_on_an_engine(engine: str, tmp_path: Path) -> None:
    """Any program, of tiny size, by the command line: figures are there, and outputs are gcc's."""
    name = random.Random(f"{SEED} {engine}").choice(
        [each for each in programs() if not programs()[each].like]
    )
    file = tmp_path / "figures.json"
    words = ["speed", "--tiny", "--runs", "2", "--programs", name, "--engines", engine]
    status = command.main([*words, "--json", str(file), "--folder", str(tmp_path / "kept")])
    told = json.loads(file.read_text())
    assert (status, told["errors"]) == (0, []), (name, f"TBLVM_TEST_SEED={SEED}")
    assert told["version"] == 1 and told["amount"]["rounds"] == 2
    found = told["speed"]["programs"][name]
    assert set(found) == {"gcc", engine}
    assert found["gcc"]["ratio"] == {"middle": 1, "low": 1, "high": 1}
    assert len(found[engine]["seconds"]) == 2 and found[engine]["output"] == found["gcc"]["output"]


@pytest.mark.parametrize("name", ["binary_trees_gc", "shapes_classes"])
def test_a_program_of_ours_prints_what_the_one_in_c_does(name: str, tmp_path: Path) -> None:
    program = programs()[name]
    [native] = [each for each in natives() if each.name == "gcc"]
    like = native.prepare(programs()[program.like], tmp_path)
    assert like is not None
    source = tmp_path / f"{name}.tba"
    for repeats in (0, 2):
        source.write_text(assembly(program, repeats, program.tiny))
        done = run([str(Path(sys.executable).with_name("tbbuild")), "-q", "--run", str(source)])
        assert done.output == run(like(repeats, program.tiny)).output


@pytest.mark.parametrize(
    "engine", [each for each in languages() if not each.missing()], ids=lambda each: each.name
)
def test_other_languages_print_what_c_does(engine: Engine, tmp_path: Path) -> None:
    """One of the nine, and with no repetitions."""
    program = programs()[random.Random(f"{SEED} {engine.name}").choice(sorted(NINE))]
    [native] = [each for each in natives() if each.name == "gcc"]
    expected, found = native.prepare(program, tmp_path), engine.prepare(program, tmp_path)
    assert expected is not None and found is not None
    for repeats in (0, 2):
        assert run(found(repeats, program.tiny)).output == run(expected(repeats, program.tiny)).output, (
            program.name,
            f"TBLVM_TEST_SEED={SEED}",
        )


def _fake(tmp_path: Path, name: str, script: str) -> Engine:
    file = tmp_path / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)

    def prepare(program: Program, folder: Path) -> Command:
        return lambda repeats, size: [str(file), str(repeats), str(size)]

    return Engine(name, "native", name, lambda: "", prepare)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 12", ""),
        ("echo 13", "fib on other: it does not print what gcc does"),
        ("echo broken >&2; exit 3", "ended with 3:\nbroken"),
    ],
)
def test_what_is_wrong_is_an_error(
    script: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fakes = [_fake(tmp_path, "gcc", "echo 12"), _fake(tmp_path, "other", script)]
    monkeypatch.setattr(command, "engines", lambda: fakes)
    file = tmp_path / "figures.json"
    status = command.main(
        ["speed", "--programs", "fib", "--tiny", "--json", str(file), "--folder", str(tmp_path)]
    )
    assert status == bool(said)
    errors = json.loads(file.read_text())["errors"]
    assert len(errors) == status and said in "".join(errors)
    assert ("error:" in capsys.readouterr().out) == bool(said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tea"], "no part tea: there are speed, "),
        (["--programs", "tea"], "no program tea"),
        (["--engines", "tea*"], "no engine tea*: there are gcc, "),
    ],
)
def test_names_that_are_not_there(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(words)
    assert ended.value.code == 2 and said in capsys.readouterr().err


def _results(ratios: dict[str, dict[str, list[float]]], nine: list[str]) -> figures.Results:
    samples = {
        program: {name: Samples(program, name, seconds, output="x") for name, seconds in engines.items()}
        for program, engines in ratios.items()
    }
    return figures.Results("gcc", samples, nine)


def test_ratios_are_of_the_same_round_and_means_geometric() -> None:
    times = {"gcc": [1.0, 10.0, 2.0], "slow": [3.0, 20.0, 8.0]}
    found = _results({"a": times, "b": {**times, "slow": [9.0, 90.0, 18.0]}, "own": {"ours": [5.0]}}, [])
    assert found.ratio("a", "slow") == figures.Ratio(3, 2.5, 3.5)
    assert found.ratio("a", "ours") is None
    assert found.geo("slow", ["a", "b"]) == pytest.approx(27**0.5)
    assert found.geo("ours", ["a", "own"]) is None and found.geo9("slow") is None
    nine = [f"p{each}" for each in range(9)]
    assert _results(dict.fromkeys(nine, times), nine).geo9("slow") == pytest.approx(3)


def test_a_process_that_fails_or_takes_too_long(tmp_path: Path) -> None:
    took = run([sys.executable, "-c", "import sys; print('timed 0.5 0.75 0.1', file=sys.stderr); print(1)"])
    assert (took.cpu, took.wall, took.load, took.output, took.timed) == (0.5, 0.75, 0.1, b"1\n", True)
    took = run([sys.executable, "-c", "sum(range(10**6))"])
    assert not took.timed and took.wall > 0 and took.cpu > 0
    with pytest.raises(Failed, match=r"ended with 7:\nno"):
        run([sys.executable, "-c", "import sys; print('no', file=sys.stderr); sys.exit(7)"])
    with pytest.raises(Failed, match=r"took more than 0\.1 s"):
        run([sys.executable, "-c", "import time; time.sleep(60)"], 0.1)


def test_starts_and_memory_of_processes(tmp_path: Path) -> None:
    """A process that takes 40 MiB, beside one that does not; the program that starts them counts for neither."""
    small, large = tmp_path / "small.c", tmp_path / "large.c"
    small.write_text("int main(void) { return 0; }\n")
    large.write_text(
        "#include <stdlib.h>\n#include <string.h>\n"
        "int main(void) { char *volatile p = malloc(40 << 20); memset(p, 1, 40 << 20); return p[9] != 1; }\n"
    )
    made = [[str(compiled(tmp_path, ["gcc", "-static"], "", source))] for source in (small, large)]
    rows = starts.spawned(tmp_path, made, 3)
    assert [len(each) for each in rows] == [3, 3]
    assert all(wall > 0 for each in rows for wall, _, _ in each)
    assert 0 < rows[0][0][2] < 8192 and 40 << 10 <= rows[1][0][2] < 56 << 10
    with pytest.raises(Failed, match=r"spawn: .*: it failed"):
        starts.spawned(tmp_path, [["/bin/false"]], 1)


def test_a_chart(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from bench.engines.chart import chart

    results = _results({"a": {"gcc": [1.0, 1.0], "slow": [3.0, 4.0]}}, [])
    for suffix in ("svg", "png"):
        file = tmp_path / f"chart.{suffix}"
        chart(results, [_fake(tmp_path, "gcc", ""), _fake(tmp_path, "slow", "")], file)
        assert file.stat().st_size > 1000


def test_results_are_read_again_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two runs together: of a program the later one counts; the table of the nine is in the document."""
    files = []
    for seconds in (2.0, 4.0):
        samples = {
            name: {"gcc": [1.0, 1.0], "zig": [seconds, seconds]}
            for name in sorted(NINE)
            if name != "fib" or seconds > 3
        }
        results = _results(samples, sorted(samples))
        told = document.head({"rounds": 2, "scale": 1.0}) | {
            "speed": document.speed(results, [_fake(tmp_path, "gcc", ""), _fake(tmp_path, "zig", "")])
        }
        files.append(tmp_path / f"{seconds}.json")
        files[-1].write_text(json.dumps(told))
    told = document.together(files)
    results, engines = document.results(told["speed"], programs())
    assert results.geo9("zig") == pytest.approx(4) and [each.name for each in engines] == ["gcc", "zig"]
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- nine: python -m bench.engines -->\nold\n<!-- end -->\nb\n")
    assert markdown.write(told, page) == ["nine"]
    text = page.read_text()
    assert text.startswith("a\n<!-- nine") and text.endswith("<!-- end -->\nb\n") and "old" not in text
    assert "| zig | 4.00 |" in text and text.count("**4.00**") == 1
    assert command.main(["--read", *map(str, files)]) == 0 and "geo9" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        command.main(["--read", str(page)])
