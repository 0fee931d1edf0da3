"""HOST: what a program that imports functions does with a host, and what is said where there is none."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from tblvm.builder.cli import main
from tblvm.builder.pipeline import plan, translate
from tblvm.builder.resolve import Request
from tblvm.core.asm import assemble
from tblvm.core.dis import disassemble
from tblvm.core.errors import PolicyError
from tblvm.core.host.services import HOST_FAILED, Host, HostError
from tblvm.core.io.services import Console
from tblvm.core.registry import Registry
from tblvm.opcodes import Trap
from tblvm.opcodes.meaning import Limits, Machine, Place, machine
from tblvm.opcodes.traps import TrapSignal
from tblvm.stack import verify
from tests.harness import Job, assembled, compiled, differences

ADD = """.import add(a: i32, b: i32) -> i32: "env", "add"
.func main()
  PUSH 30
  PUSH 12
  CALL add
  PRINT
  HALT
.end
"""


def run(text: str, host: Host, **limits: int) -> tuple[Machine, str]:
    console = Console()
    made = Machine(assembled(text), limits=Limits(**limits), states=(console, host))
    outcome = made.run(_isa())
    trap = "" if outcome.trap is None else outcome.trap.name
    return made, f"{bytes(console.output).decode()} {trap}".strip()


def _isa():  # type: ignore[no-untyped-def]
    from tests.harness import registry

    return registry().isa


# --- the model -------------------------------------------------------------------------------------------


def test_a_host_function_is_called() -> None:
    assert run(ADD, Host({("env", "add"): lambda a, b: a + b}))[1] == "42"


def test_it_fails_by_an_error_by_a_trap_and_where_nobody_gives_it() -> None:
    def refuses(a: int, b: int) -> int:
        raise HostError("no")

    def stops(a: int, b: int) -> int:
        raise TrapSignal(Trap.OUT_OF_MEMORY)

    for functions in ({}, {("env", "sub"): refuses}, {("env", "add"): refuses}, {("env", "add"): stops}):
        made = Machine(assembled(ADD), states=(Host(functions),))
        outcome = made.run(_isa())
        assert outcome.trap == HOST_FAILED and outcome.status == 134
        assert outcome.trace == (Place(0, 0), Place(1, 4))


def test_results_of_every_kind_and_an_object_of_its_own() -> None:
    text = """.import all(a: i64) -> (i64, f32, f64, string, function): "env", "all"
.import nothing(): "env", "nothing"
.global g: function
.func main()
  CALL nothing
  CONST -5L
  CALL all
  STOREG g
  PRINT
  DPRINT
  PRINT
  LPRINT
  HALT
.end
"""
    calls = []

    def everything(a: int) -> tuple[int, ...]:
        calls.append(a)
        return a - 1, 0x3F800000, 0x4000 << 48, machine().new_string([0x20AC]), 3

    made, shown = run(text, Host({("env", "all"): everything, ("env", "nothing"): lambda: None}))
    assert shown == "€2.01.0-6" and calls == [-5] and made.globals == [3]


def test_a_function_of_the_program_that_asks_twice() -> None:
    text = """.import more: "env", "more", (i32) -> i32
.func ask(n: i32) -> i32
  .local r: i32
  HOST more
  LOAD r
  STORE n
  HOST more
  LOAD r
  RET
.end
.func main()
  PUSH 5
  CALL ask
  PRINT
  HALT
.end
"""
    assert run(text, Host({("env", "more"): lambda n: 10 * n + 1}))[1] == "511"


# --- natively --------------------------------------------------------------------------------------------

# A string that the host makes and one that the program gave it live over the collections that follow.
KEPT = """.import made(a: any, s: string) -> (string, any, string, string): "tests", "make"
.func main()
  .local one: string, two: any, three: string, four: string, n: i32
  PUSH 50
  STORE n
again:
  LOAD n
  NEWARRAY i32[]
  CONST "x"
  LOAD n
  I2STR
  SCONCAT
  CALL made
  STORE four
  STORE three
  STORE two
  STORE one
  PUSH 100
  NEWARRAY any[]
  POP
  LOAD one
  PRINT
  LOAD three
  PRINT
  LOAD four
  PRINT
  LOAD two
  CAST string
  PRINT
  LOAD n
  DEC
  STORE n
  LOAD n
  JNZ again
  HALT
.end
"""


@pytest.mark.parametrize("sanitize", [False, True], ids=["native", "sanitized"])
def test_references_in_frames_are_found_again(sanitize: bool) -> None:
    harness = compiled("marksweep", sanitize=sanitize)
    verified = assembled(KEPT)
    jobs = [Job(verified, stress=True), Job(verified, heap=2000), Job(verified, fuel=99)]
    runs = harness.run(jobs)
    for job, done in zip(jobs, runs, strict=True):
        assert not differences(job, done)
    assert [done.trap for done in runs] == ["", "", "OUT_OF_FUEL"]
    # How much of a small heap can be used is the collector's affair.
    small = harness.run([Job(verified, heap=heap) for heap in range(256, 800, 16)])
    assert {done.trap for done in small} == {"", "OUT_OF_MEMORY", "HOST_FAILED"}
    assert all(runs[0].output.startswith(done.output) for done in small)


def test_the_stack_limit_counts_an_imported_function_as_any() -> None:
    jobs = [Job(assembled(ADD), stack=stack) for stack in range(4, 14)]
    runs = compiled("marksweep").run(jobs)
    for job, done in zip(jobs, runs, strict=True):
        assert not differences(job, done)
    assert {done.trap for done in runs} == {"", "STACK_OVERFLOW"}


def test_indirect_calls_and_tail_calls_of_imported_functions() -> None:
    text = """.import add(a: i32, b: i32) -> i32: "tests", "add"
.table t: 1
.elem e: t, 0
  add
.end
.func goes_on(a: i32) -> i32
  LOAD a
  PUSH 7
  RETURN_CALL add
.end
.func main()
  PUSH 3
  PUSH 4
  PUSH 0
  CALL_INDIRECT (i32, i32) -> i32
  PRINT
  PUSH 9
  CALL goes_on
  PRINT
  HALT
.end
"""
    job = Job(assembled(text))
    [done] = compiled("marksweep").run([job])
    assert not differences(job, done) and done.trap == ""


# --- nobody is asked -------------------------------------------------------------------------------------


def test_a_program_that_imports_is_no_executable(registry: Registry) -> None:
    module = translate(ADD.encode(), "x.tba", registry)
    with pytest.raises(PolicyError) as caught:
        plan(module, registry, Request())
    assert str(caught.value) == (
        "env.add is needed for main (x.tba:5), but no micro-library offers it, and a runtime that stands alone "
        "has no host: build it with --artifact shared, or load it in Python"
    )


@pytest.mark.parametrize(
    "line", ['memory m: "env", "it", 1', 'table t: "env", "it", 1', 'global g: "env", "it", i32']
)
def test_nor_is_one_that_imports_something_else(line: str, registry: Registry, tmp_path: Path) -> None:
    text = f".import {line}\n.func main()\n  HALT\n.end\n"
    with pytest.raises(PolicyError) as caught:
        plan(translate(text.encode(), "x.tba", registry), registry, Request())
    kind = line.split()[0]
    assert str(caught.value) == (
        f"sharing is needed for it imports {kind} env.it → links → host.links, but a runtime that stands alone "
        "has no host that gives it: load the module in Python"
    )


def test_an_import_that_nothing_calls_is_nothing(registry: Registry) -> None:
    text = '.import add: "env", "add", (i32) -> i32\n.export main\n.func main()\n  HALT\n.end\n'
    _, _, found = plan(translate(text.encode(), "x.tba", registry), registry, Request())
    assert "host.imports" not in {library.name for library in found.libraries}


@pytest.mark.parametrize("command", ["tbbuild", "tblvm run"])
def test_commands_say_so_too(command: str, tmp_path: Path) -> None:
    path = tmp_path / "x.tba"
    path.write_text(ADD.replace('"env"', '"\\x1b[2Jenv"'))
    if command == "tbbuild":
        done = CliRunner().invoke(main, [str(path), "-o", str(tmp_path / "x")])
    else:
        from tblvm.tools.cli import main as tools

        done = CliRunner().invoke(tools, ["run", str(path)])
    assert done.exit_code == 4
    assert "env.add" in done.output and "--artifact shared" in done.output
    assert "\x1b" not in done.output and len(done.output.splitlines()) == 1
    assert not (tmp_path / "x").exists()


REFUSALS = {
    (
        "--deny",
        "host.standalone",
    ): b"function add, offset 0: it needs an opcode that this runtime was built without",
    (
        "--features",
        "host",
    ): b"it imports env.add, which this runtime does not offer: load it in Python, with a function for it",
}


@pytest.mark.parametrize("choice", REFUSALS, ids=" ".join)
def test_a_runtime_refuses_a_module_that_imports(choice: tuple[str, str], tmp_path: Path) -> None:
    runner = CliRunner()
    words = ["--artifact", "runtime", *choice, "-o", str(tmp_path / "rt")]
    done = runner.invoke(main, words)
    assert done.exit_code == 0, done.output
    from tblvm.core import tbc

    isa = _isa()
    (tmp_path / "x.tbc").write_bytes(tbc.write(verify(assemble(ADD, isa, "x.tba"), isa).module))
    ran = subprocess.run([tmp_path / "rt", tmp_path / "x.tbc"], capture_output=True, check=False)
    assert (ran.returncode, ran.stdout) == (4, b"")
    assert REFUSALS[choice] in ran.stderr


# --- the manual ------------------------------------------------------------------------------------------


def test_the_manual_s_program_with_imports() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "assembly.md").read_text(encoding="utf-8")
    section = manual.split("### Imports and exports")[1]
    [text] = re.findall(r"```\n(.*?)```", section.split("\n## ")[0], re.DOTALL)
    isa = _isa()
    module = assemble(text, isa, "m.tba")
    verify(module, isa)
    assert assemble(disassemble(module, isa), isa) == module
    names: list[bytes] = []

    def log(reference: int) -> None:
        names.append((machine().string(reference) or "").encode())

    made = Machine(
        verify(module, isa), states=(Host({("env", "log"): log, ("env", "add"): lambda a, b: a + b}),)
    )
    assert made.run(isa).trap is None
    assert names == [b"5"]
    assert [each.name for each in module.exports] == ["main", "twice as much"]
