"""tblvm profile: what it shows, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tblvm.builder.cli import main as tbbuild
from tblvm.core.asm import assemble
from tblvm.core.registry import Registry
from tblvm.core.superinstructions.profile import Function, Profile, Profiled, Stretch, from_json, to_json
from tblvm.opcodes.meaning import Frame, Machine
from tblvm.opcodes.values import Value
from tblvm.stack import verify
from tblvm.tools.cli import main as tblvm

EXAMPLES = Path(__file__).parents[2] / "examples"

STRETCH = Stretch(("ADD:si>s", "int.LT:as>a", "JNZ:a>b"), (100, 100, 100), 90)
CALL = Stretch(("object.INVOKEVIRTUAL(C=any):h",), (10,), 0, {"area": 7, "\x1b[2Jevil": 3})

PROGRAM = ".func main()\n    HALT\n.end\n"


def profile(*stretches: Stretch, sha256: str = "0" * 64) -> Profile:
    return Profile("threaded", (Profiled("p.c", sha256, 1, (Function("main", 0, stretches),)),))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "p.profile.json"
    path.write_text(to_json(profile(STRETCH, CALL)))
    return path


def run(*words: object) -> Result:
    return CliRunner().invoke(tblvm, ["profile", *map(str, words)])


def test_a_profile_is_shown(file: Path) -> None:
    done = run("--show", file)
    assert done.exit_code == 0, done.stderr
    for text in ("310 register instructions, 1 run", "ADD:si>s ; int.LT:as>a ; JNZ:a>b", "90.0%", "area"):
        assert text in done.stdout
    assert "\x1b" not in done.stdout


def test_the_code_that_was_executed_most(file: Path) -> None:
    done = run("--show", "--code", "--top", "1", file)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines() == [
        "p.c, main: 96.8% of all, the branch taken 90 times",
        "             100  ADD:si>s",
        "             100  int.LT:as>a",
        "             100  JNZ:a>b",
    ]
    assert run("--code", file).exit_code == 2 and run("--show", "--code", "--json", file).exit_code == 2


def test_as_json(file: Path) -> None:
    done = run("--show", "--json", "--top", "1", file)
    data = json.loads(done.stdout)
    assert data["executed"] == 310 and len(data["instructions"]) == 1
    assert data["sequences"]["2"] == [{"sequence": "ADD:si>s ; int.LT:as>a", "count": 100, "share": 0.3226}]
    assert data["branches"] == [{"instruction": "JNZ:a>b", "count": 100, "taken": 0.9}]
    assert data["calls"] == [{"function": "main", "target": "area", "count": 7}]
    assert data["functions"] == [{"function": "main", "count": 310, "share": 1.0}]


def test_several_are_added_up(file: Path, tmp_path: Path) -> None:
    other, out = tmp_path / "other.json", tmp_path / "out.json"
    other.write_text(to_json(profile(STRETCH, sha256="1" * 64)))
    assert run("-o", out, "--show", file, other, file).exit_code == 0
    made = from_json(out.read_bytes(), "out.json")
    assert [(each.runs, each.executed) for each in made.programs] == [(2, 620), (1, 300)]


def test_what_is_no_profile_is_an_error_of_one_line(file: Path, tmp_path: Path) -> None:
    file.write_text(file.read_text().replace("ADD:", "DAD:"))
    done = run("--show", file)
    assert done.exit_code == 2 and done.stderr.count("\n") == 1
    assert "counts opcode DAD, which is not among those registered" in done.stderr
    file.write_text("{}")
    assert "is no profile" in run("--show", file).stderr
    assert "No such file" in run("--show", tmp_path / "none").stderr
    assert "--json is for --show" in run("--json", file).stderr
    program = tmp_path / "p.tba"
    program.write_text(PROGRAM)
    done = run("--engine", "switch", program)
    assert done.exit_code == 2 and "engine switch does not count what it executes" in done.stderr


def test_a_profile_is_for_the_engine_that_it_is_of(file: Path, tmp_path: Path) -> None:
    program = tmp_path / "p.tba"
    program.write_text(PROGRAM)
    done = CliRunner().invoke(
        tbbuild, ["--engine", "switch", "--profile", str(file), "--explain", str(program)]
    )
    assert done.exit_code == 2
    assert "the profile is of engine threaded, and this is engine switch: build with --engine" in done.stderr


class Calls(Machine):
    """The reference, which writes down who calls whom."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.calls: Counter[tuple[str, str]] = Counter()

    def _enter(self, function: int, stack: list[Value], replaced: Frame | None = None) -> None:
        if self.frames:
            name = self.module.function_name
            self.calls[name(self.frames[-1].function), name(function)] += 1
        super()._enter(function, stack, replaced)


@pytest.mark.parametrize("name", ["shapes", "fib"])
def test_what_a_run_executes_is_counted(name: str, registry: Registry, tmp_path: Path) -> None:
    """Against the calls that the reference makes; and the profile is good for a build."""
    path, out = EXAMPLES / f"{name}.tba", tmp_path / "out.json"
    done = subprocess.run(
        [sys.executable, "-m", "tblvm", "profile", "-o", str(out), str(path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    machine = Calls(verify(assemble(path.read_text(), registry.isa, path.name), registry.isa))
    machine.run(registry.isa)
    (program,) = from_json(out.read_bytes(), "out.json", registry.isa.has_form).programs
    assert (program.name, program.runs) == (path.name, 1)
    entered: Counter[str] = Counter()
    for (_, callee), count in machine.calls.items():
        entered[callee] += count
    found = 0
    for function in program.functions:
        for stretch in function.stretches:
            for target, count in (stretch.targets or {}).items():
                assert machine.calls[function.name, target] == count
                found += 1
        if function.name in entered:
            assert function.stretches[0].counts[0] == entered[function.name]
    assert bool(found) == (name == "shapes")
    made = CliRunner().invoke(
        tbbuild,
        ["--engine", "threaded", "--profile", str(out), "-q", "-o", str(tmp_path / "made"), str(path)],
    )
    assert made.exit_code == 0, made.stderr
    again = subprocess.run([tmp_path / "made"], capture_output=True, text=True)
    assert (again.returncode, again.stdout) == (0, done.stdout)
