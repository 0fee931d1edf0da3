"""Engine aot as people meet it: executables, C files, what is refused, what can be left out."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tblvm.builder.cli import main
from tblvm.builder.pipeline import Artifact, build, translate
from tblvm.builder.resolve import Request
from tblvm.core.registry import Registry
from tests.harness import Job, assembled, differences, run_compiled

EXAMPLES = Path(__file__).parents[3] / "examples"
DOWN = """\
.func main() -> i32
  PUSH 0
  CALL down
  RET
.end
.func down(n: i32) -> i32
  LOAD n
  INC
  CALL down
  INC
  RET
.end
"""
# A million calls in place of their callers, of functions that call each other.
EVEN = """\
.func even(n: i32) -> i32
  LOAD n
  JZ yes
  LOAD n
  DEC
  RETURN_CALL odd
yes:
  PUSH 1
  RET
.end
.func odd(n: i32) -> i32
  LOAD n
  JZ no
  LOAD n
  DEC
  RETURN_CALL even
no:
  PUSH 0
  RET
.end
.func main()
  PUSH 1000000
  CALL even
  PRINT
  HALT
.end
"""
C_FLAGS = ("-Wall", "-Wextra", "-Werror", "-pedantic")
BATCHED = ("fib", "nqueens", "shapes", "words", "calculator", "binary_trees", "tiny", "dispatch", "list_sort")


def made(text: str, registry: Registry, **options: int | str) -> Artifact:
    module = translate(text.encode(), "test.tba", registry)
    given = {name.replace("_", ".", 1).replace("_", "-"): value for name, value in options.items()}
    return build(module, registry, Request(engine="aot", options=given, passes=()))


def run(artifact: Artifact, folder: Path, **given: object) -> subprocess.CompletedProcess[str]:
    path = folder / "program"
    path.write_bytes(artifact.image)
    path.chmod(0o755)
    return subprocess.run([path], capture_output=True, text=True, check=False, timeout=60, **given)  # type: ignore[call-overload, no-any-return]


def test_examples_do_what_the_reference_does() -> None:
    work = [
        Job(assembled((EXAMPLES / f"{name}.tba").read_text()), b"1 2 + 3 * = a b a\n", fuel=400_000)
        for name in BATCHED
    ]
    runs = run_compiled(work, "marksweep", "aot")
    found = [differences(job, each) for job, each in zip(work, runs, strict=True)]
    assert not any(found), found


@pytest.mark.parametrize("compiler", ["gcc -std=c11 -O2", "gcc -std=c11 -O0 -DTB_ISO_C"])
def test_c_that_compilers_take_without_a_warning(compiler: str, tmp_path: Path) -> None:
    source, program = tmp_path / "shapes.c", tmp_path / "shapes"
    words = ["--engine", "aot", "--artifact", "c", str(EXAMPLES / "shapes.tba"), "-o", str(source)]
    done = CliRunner().invoke(main, [*words, "--fuel", "1e9", "--report", "none"])
    assert done.exit_code == 0, done.output
    subprocess.run([*compiler.split(), *C_FLAGS, source, "-o", program, "-lm"], check=True)
    said = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    assert said.endswith("together 79.90725123519331\n")


@pytest.mark.parametrize("artifact", ["runtime", "shared"])
def test_what_loads_programs_is_refused(artifact: str, tmp_path: Path) -> None:
    words = ["--engine", "aot", "--artifact", artifact, "-o", str(tmp_path / "x")]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert "engine aot compiles programs when they are built" in done.output
    assert "take engine switch" in done.output and "Traceback" not in done.output


def test_no_bytecode_is_in_it(registry: Registry) -> None:
    artifact = made(DOWN, registry)
    code = artifact.verified.module.functions[1].code
    assert code not in artifact.image
    assert all(table.name != "code" for table in artifact.composition.tables)


def test_the_stack_ends_where_it_does_elsewhere(registry: Registry, tmp_path: Path) -> None:
    said = run(made(DOWN, registry), tmp_path)
    assert said.returncode == 134
    assert said.stderr.startswith("tblvm: trap: stack overflow\n  at down (test.tba:9)\n")
    # As many calls as fit: each counts its parameter, its deepest operands and its link.
    assert said.stderr.endswith("  and 16368 more frames\n")


def test_the_native_stack_ends_in_a_trap(registry: Registry, tmp_path: Path) -> None:
    artifact = made(DOWN, registry, stack=1 << 26)

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_STACK, (256 << 10, 256 << 10))

    for given in ({}, {"preexec_fn": little}):
        said = run(artifact, tmp_path, **given)
        assert said.returncode == 134
        assert said.stderr.startswith("tblvm: trap: stack overflow\n")


@pytest.mark.parametrize("fuel", [(), ("--fuel", "1e9")])
@pytest.mark.parametrize("target", ["x86_64-linux", "aarch64-linux", "riscv64-linux"])
def test_tail_calls_take_no_stack(tmp_path: Path, target: str, fuel: tuple[str, ...]) -> None:
    program = tmp_path / "even.tba"
    program.write_text(EVEN)
    words = ["--engine", "aot", "--target", target, *fuel, "--run", str(program)]
    said = subprocess.run(
        [sys.executable, "-c", "from tblvm.builder.cli import main; main()", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0 and said.stdout.endswith("\n1"), said.stderr


def test_traces_can_be_left_out(registry: Registry, tmp_path: Path) -> None:
    whole, without = made(DOWN, registry), made(DOWN, registry, aot_traces=0)
    assert run(without, tmp_path).stderr == "tblvm: trap: stack overflow\n  at down (test.tba:9)\n"
    assert without.footprint.total("text") < whole.footprint.total("text")


def test_the_stack_limit_can_be_left_out(registry: Registry) -> None:
    text = made(DOWN, registry, aot_stack_limit=0, aot_native_stack=0).sources.units[0].text
    assert "u32 left" not in text and "TB_AOT_DEEP(cx)))" not in text


def test_reports_name_functions_of_the_program(registry: Registry) -> None:
    rows = made((EXAMPLES / "fib.tba").read_text(), registry).footprint.rows
    assert {row.item for row in rows if row.owner == "program" and row.kind == "text"} >= {"fib", "main"}
