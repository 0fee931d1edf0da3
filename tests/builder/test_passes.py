"""Optimiser passes: chosen by name, from plug-ins, checked, told in reports."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from tblvm.builder.artifacts import KINDS
from tblvm.builder.cli import main as tbbuild
from tblvm.builder.pipeline import plan
from tblvm.builder.resolve import Request
from tblvm.core.asm import assemble
from tblvm.core.registry import Registry
from tblvm.tools.cli import main as tblvm

ROOT = Path(__file__).parents[2]
Run = Callable[..., Result]

PROGRAM = """\
.func dead()
  PUSH 1
  POP
  RET
.end
.func main()
  PUSH 2
  PRINT
  HALT
.end
"""
# NOPs before all code of functions without branches; and passes that are wrong.
PASSES = """\
from dataclasses import replace
from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import Pass

def padded(verified, isa):
    module = verified.module
    functions = tuple(replace(each, code=bytes(1) + each.code) for each in module.functions)
    return replace(module, functions=functions, debug=replace(module.debug, lines=()))

def without_entry(verified, isa):
    return replace(verified.module, entry=77)

def failing(verified, isa):
    raise LookupError("nothing there")

@hookimpl
def tblvm_passes():
    return [
        Pass("pad", "a NOP before each function", padded),
        Pass("headless", "forgets where it begins", without_entry),
        Pass("failing", "fails", failing),
        Pass("empty", "gives nothing", lambda verified, isa: None),
        Pass("odd", "puts text for code", lambda verified, isa: replace(verified.module, functions="text")),
    ]
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TBLVM_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "prog.tba").write_text(PROGRAM)
    (tmp_path / "passes.py").write_text(PASSES)
    return lambda *words, command=tbbuild: CliRunner().invoke(command, list(words))


def passes(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    jsonschema.validate(data, json.loads((ROOT / "docs" / "report.schema.json").read_text()))
    found: list[dict[str, object]] = data["passes"]
    return found


def test_reports_tell_what_passes_did_and_the_cache_knows_them(run: Run, tmp_path: Path) -> None:
    unused = {"name": "unused", "before": 8, "after": 4, "functions": 1}
    assert passes(run("prog.tba", "--json")) == [unused]
    assert passes(run("prog.tba", "--json", "--passes", "none")) == []
    pad = {"name": "pad", "before": 8, "after": 10, "functions": 0}
    both = ("prog.tba", "--json", "-p", "passes.py", "--passes", "pad,unused")
    assert passes(run(*both)) == [pad, {**unused, "before": 10, "after": 5}]
    # Out of the cache, too; and a pass that has changed is not found there.
    assert passes(run(*both))[0] == pad
    assert subprocess.run([tmp_path / "prog"], capture_output=True, check=True).stdout == b"2"


@pytest.mark.parametrize("form", ["text", "details", "md", "html"])
def test_every_form_of_report_has_them(run: Run, form: str) -> None:
    assert "pass unused: code of 8 → 4 bytes, 1 function fewer" in run("prog.tba", "--report", form).stdout


def test_explain_has_them_and_a_file_or_the_environment_can_choose(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\npass unused: code of 8 → 4 bytes, 1 function fewer\n" in run("prog.tba", "--explain").stdout
    (tmp_path / "tblvm.toml").write_text('passes = ["unused", "pad"]\nplugins = ["passes.py"]\n')
    said = run("prog.tba", "--explain").stdout
    assert "pass unused: code of 8 → 4 bytes, 1 function fewer\npass pad: code of 4 → 5 bytes\n" in said
    monkeypatch.setenv("TBLVM_PASSES", "none")
    assert "pass " not in run("prog.tba", "--explain").stdout.split("\n\n")[0]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("headless", "gave an invalid module: module: the entry point 77 is no function"),
        ("failing", "failed: LookupError: nothing there"),
        ("empty", "gave a NoneType, which is no module"),
        ("odd", "gave a broken module: AttributeError: 'str' object has no attribute 'type'"),
    ],
)
def test_a_pass_that_is_wrong_is_named_with_its_plug_in(run: Run, name: str, message: str) -> None:
    for command, words in ((tbbuild, ("prog.tba",)), (tblvm, ("asm", "prog.tba"))):
        done = run(*words, "-p", "passes.py", "--passes", f"unused,{name}", command=command)
        tool = "tbbuild" if command is tbbuild else "tblvm"
        start = f"{tool}: pass {name} of plug-in passes (passes.py) {message}"
        assert (done.exit_code, done.stderr.startswith(start)) == (3, True), done.stderr
        assert done.stderr.count("\n") == 1


def test_a_misspelt_pass(run: Run) -> None:
    for words in (("prog.tba",), ("--artifact", "runtime")):
        done = run(*words, "--passes", "unusd")
        assert (done.exit_code, done.stderr) == (
            2,
            "tbbuild: no pass is called unusd; did you mean unused?\n",
        )


def test_asm_makes_modules_smaller_when_it_is_told_to(run: Run, tmp_path: Path) -> None:
    assert run("asm", "prog.tba", "-o", "plain.tbc", command=tblvm).stderr == ""
    done = run("asm", "prog.tba", "-o", "small.tbc", "--passes", "unused", command=tblvm)
    assert done.stderr == "pass unused: code of 8 → 4 bytes, 1 function fewer\n"
    assert (tmp_path / "small.tbc").stat().st_size < (tmp_path / "plain.tbc").stat().st_size
    assert ".func dead" not in run("dis", "small.tbc", command=tblvm).stdout


def test_programs_of_a_bundle_pass_them_too(run: Run, tmp_path: Path) -> None:
    shell = '.func main()\n  CONST "prog"\n  SCRIPT_EXEC\n  POP\n  HALT\n.end\n'
    (tmp_path / "shell.tba").write_text(shell)
    [found] = passes(run("shell.tba", "--json", "--bundle", "prog=prog.tba"))
    assert (found["functions"], found["after"]) == (1, 9)


def test_what_a_host_can_call_stays(registry: Registry) -> None:
    """Where a library's program exports nothing, each of its functions can be called by its name."""
    for export, names in (("", ("dead", "main")), (".export main\n", ("main",))):
        module = assemble(PROGRAM + export, registry.isa, "prog.tba")
        verified, _, _ = plan(module, registry, Request(artifact=KINDS["shared"]))
        assert verified.module.debug.functions == names
