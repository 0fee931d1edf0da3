"""tbbuild: exit statuses, messages, files, what goes to which stream."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from tblvm.builder.artifacts import EXE
from tblvm.builder.cli import main
from tblvm.core.command import write_file
from tblvm.core.errors import UsageError
from tblvm.core.registry import Registry

TBBUILD = Path(sys.executable).with_name("tbbuild")
Finished = subprocess.CompletedProcess[str]
Tool = Callable[..., Finished]


@pytest.fixture
def tool(programs: Path) -> Tool:
    """Runs tbbuild as a process in the folder of the programs."""

    def run(*arguments: str | Path, env: dict[str, str] | None = None, given: str = "") -> Finished:
        return subprocess.run(
            [TBBUILD, *arguments],
            cwd=programs,
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, **(env or {})},
        )

    return run


@pytest.fixture
def invoke(programs: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Calls tbbuild in this process, in the folder of the programs."""
    monkeypatch.chdir(programs)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments)

    return run


Invoke = Callable[..., Result]


# --- what it makes ------------------------------------------------------------------------------------


def test_it_writes_an_executable_and_reports_to_standard_output(tool: Tool, programs: Path) -> None:
    done = tool("hello.tba")
    assert (done.returncode, done.stderr) == (0, "")
    assert "TOTAL" in done.stdout and "\x1b" not in done.stdout
    assert (
        subprocess.run([programs / "hello"], stdout=subprocess.PIPE, check=True).stdout == b"Hello, world!\n"
    )
    assert os.access(programs / "hello", os.X_OK)


def test_run_leaves_no_file(tool: Tool, programs: Path) -> None:
    before = sorted(programs.iterdir())
    done = tool("-q", "hello.tba", "--run")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Hello, world!\n", "")
    assert sorted(programs.iterdir()) == before


def test_run_with_an_output_keeps_it(tool: Tool, programs: Path) -> None:
    assert tool("-q", "hello.tba", "--run", "-o", "kept").stdout == "Hello, world!\n"
    assert (programs / "kept").is_file()


def test_the_json_report_is_all_that_standard_output_holds(invoke: Invoke) -> None:
    done = invoke("--json", "hello.tba")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["program"] == "hello.tba"
    assert done.stderr == ""


def test_help_names_the_targets_and_reports_name_theirs(invoke: Invoke, registry: Registry) -> None:
    shown = " ".join(invoke("--help").output.split())
    assert all(name in shown for name, each in registry.targets.items() if not each.kind)
    for target, each in registry.targets.items():
        if not EXE.is_for(each):
            continue  # another --artifact is for it
        assert json.loads(invoke("--json", "--target", target, "hello.tba").stdout)["target"] == target


@pytest.mark.parametrize("target", ["aarch64-linux", "riscv64-linux"])
def test_another_machine_s_program_runs_under_its_emulator(tool: Tool, target: str) -> None:
    done = tool("-q", "--run", "--target", target, "hello.tba")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Hello, world!\n", "")
    none = tool("-q", "--run", "--target", target, "hello.tba", env={"PATH": ""})
    assert none.returncode == 6 and none.stdout == ""
    assert none.stderr.startswith("tbbuild: ") and "qemu-user-static" in none.stderr
    assert len(none.stderr.splitlines()) == 1


def test_quiet_and_report_none_say_nothing(invoke: Invoke) -> None:
    assert invoke("-q", "hello.tba").output == ""
    assert invoke("--report", "none", "hello.tba").output == ""


def test_the_report_has_no_colour_when_it_is_piped(tool: Tool) -> None:
    assert "\x1b" not in tool("hello.tba", env={"TERM": "xterm-256color", "FORCE_COLOR": "1"}).stdout


def test_explain_builds_nothing(invoke: Invoke, programs: Path) -> None:
    done = invoke("--explain", "hello.tba", "--stack", "64K")
    assert done.exit_code == 0
    assert "because main (hello.tba:3) → PRINT → io.output" in done.stdout
    assert "option stack = 65536 (command line)" in done.stdout
    assert not (programs / "hello").exists()


def test_dump_shows_the_stages(invoke: Invoke) -> None:
    done = invoke("--dump", "need,resolve,compose,emit", "hello.tba")
    assert done.exit_code == 0
    assert [line for line in done.stdout.splitlines() if line.startswith("== ")] == [
        "== need",
        "== resolve",
        "== compose",
        "== emit",
    ]
    assert "1 × PRINT" in done.stdout and "// --- engine.c" in done.stdout
    assert "traps: none" in done.stdout and "table code: u8, 4 bytes" in done.stdout


def test_the_generated_c_can_be_kept(invoke: Invoke, programs: Path) -> None:
    assert invoke("-q", "--keep", "generated", "hello.tba").exit_code == 0
    assert (programs / "generated" / "engine.c").is_file()
    assert not [each for each in (programs / "generated").iterdir() if each.name.startswith(".")]
    (programs / "taken").write_text("a file")
    done = invoke("-q", "--keep", "taken/below", "hello.tba")
    assert done.exit_code == 2 and "cannot keep the generated C in taken/below" in done.stderr


def test_symbols_can_be_left(invoke: Invoke, programs: Path) -> None:
    assert invoke("-q", "--symbols", "hello.tba").exit_code == 0
    assert b"tb_run\0" in (programs / "hello").read_bytes()


def test_a_plugin_is_loaded_from_a_file(invoke: Invoke, programs: Path) -> None:
    (programs / "tiny.py").write_text(
        "from tblvm.core.hookspecs import hookimpl\n"
        "from tblvm.core.parts import Mode\n"
        "@hookimpl\n"
        "def tblvm_modes():\n"
        "    return [Mode('tiny', 'hardly anything', budget=100)]\n"
    )
    done = invoke("-p", "tiny.py", "--mode", "tiny", "hello.tba")
    assert done.exit_code == 4
    assert "mode tiny, code: " in done.stderr and "exceed the budget of 100" in done.stderr
    assert "OVER budget" in done.stdout
    assert not (programs / "hello").exists()


def test_help_tells_the_exit_statuses(invoke: Invoke) -> None:
    done = invoke("--help")
    assert done.exit_code == 0
    for text in ("Exit status:", "134", "--features", "Examples:"):
        assert text in done.stdout


# --- exit statuses ------------------------------------------------------------------------------------


def test_a_guest_has_its_own_status(tool: Tool) -> None:
    assert tool("-q", "--run", "status.tba").returncode == 42


def test_what_stands_behind_the_program_is_the_guest_s(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, ...]] = []
    monkeypatch.chdir(programs)

    def run(image: bytes, target: object, arguments: tuple[str, ...]) -> int:
        seen.append(arguments)
        return 7

    monkeypatch.setattr("tblvm.builder.run.run", run)
    assert CliRunner().invoke(main, ["-q", "--run", "halt.tba", "one", "--", "--two", "-q"]).exit_code == 7
    assert seen == [("one", "--two", "-q")]


def test_mistakes_in_the_source_are_1_with_a_caret(tool: Tool, programs: Path) -> None:
    (programs / "wrong.tba").write_text(".func main()\n    PUHS 1\n    HALT\n.end\n")
    done = tool("wrong.tba")
    assert (done.returncode, done.stdout) == (1, "")
    assert "wrong.tba:2:5: " in done.stderr and "PUSH?" in done.stderr
    assert done.stderr.splitlines()[-2:] == ["        PUHS 1", "        ^^^^"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.tba"], "cannot read gone.tba: No such file or directory"),
        (["."], "cannot read .: Is a directory"),
        (["--features", "gcc", "hello.tba"], "no feature is called gcc; did you mean gc?"),
        (["--mode", "micr", "hello.tba"], "no mode is called micr; did you mean micro?"),
        (["--engine", "swtch", "hello.tba"], "no engine is called swtch; did you mean switch?"),
        (["--target", "x86_64", "hello.tba"], "no target is called x86_64; did you mean x86_64-linux?"),
        (["--report", "jason", "hello.tba"], "no report format is called jason; did you mean json?"),
        (["--dump", "emti", "hello.tba"], "no stage is called emti; did you mean emit?"),
        (["-O", "stak=1", "hello.tba"], "no option is called stak; did you mean stack?"),
        (["-O", "stack", "hello.tba"], "-O takes NAME=VALUE, not 'stack'"),
        (
            ["--heap", "lots", "hello.tba"],
            "option heap: 'lots' is no size: write a number, with k, m, g behind it",
        ),
        (["--stack", "1", "hello.tba"], "option stack must be 4 to 268435456, not 1"),
        (["-p", "gone.py", "hello.tba"], "there is no plug-in at gone.py"),
        (["-o", "", "hello.tba"], "cannot write '.': it names no file"),
        (["-o", "gone/out", "hello.tba"], "cannot write gone/out: No such file or directory"),
        (["-o", "halt.tba/out", "hello.tba"], "cannot write halt.tba/out: Not a directory"),
    ],
)
def test_wrong_usage_is_2_with_one_message(
    invoke: Invoke, programs: Path, arguments: list[str], message: str
) -> None:
    before = sorted(programs.iterdir())
    done = invoke(*arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"tbbuild: {message}")
    assert done.stderr.count("\n") == 1
    assert sorted(programs.iterdir()) == before


def test_unknown_content_is_2(invoke: Invoke, programs: Path) -> None:
    (programs / "picture.png").write_bytes(b"\x89PNG\r\n\0\0")
    done = invoke("picture.png")
    assert done.exit_code == 2
    assert "picture.png is no program: none of the front-ends knows it" in done.stderr


def test_a_missing_compiler_is_3(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "shadow" / "ziglang").mkdir(parents=True)
    (tmp_path / "shadow" / "ziglang" / "__init__.py").touch()
    done = tool("hello.tba", env={"PYTHONPATH": str(tmp_path / "shadow")})
    assert (done.returncode, done.stdout) == (3, "")
    assert "the package ziglang has no compiler at" in done.stderr and "Traceback" not in done.stderr


def test_excluded_parts_are_4(tool: Tool) -> None:
    done = tool("--only", "core", "hello.tba")
    assert done.returncode == 4
    assert "main (hello.tba:3) → PRINT" in done.stderr
    assert tool("--deny", "io", "hello.tba").returncode == 4


def test_a_corrupt_module_is_5(tool: Tool, programs: Path) -> None:
    (programs / "bad.tbc").write_bytes(b"TBCO" + bytes(40))
    done = tool("bad.tbc")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith("tbbuild: module") and done.stderr.count("\n") == 1


def test_an_invalid_program_is_5_and_names_the_place(tool: Tool, programs: Path) -> None:
    (programs / "under.tba").write_text(".func main()\n    POP\n    HALT\n.end\n")
    done = tool("under.tba")
    assert done.returncode == 5
    assert done.stderr.startswith("tbbuild: function main, offset 0, line 2: ")


def test_debug_shows_a_traceback(tool: Tool) -> None:
    done = tool("--debug", "gone.tba")
    assert "Traceback" in done.stderr and "UsageError" in done.stderr


# --- traps --------------------------------------------------------------------------------------------

TRAPS = {
    "integer divide by zero": ("PUSH 1\nPUSH 0\nDIV\nPOP", [], "main (trap.tba:5)"),
    "null reference": ("LOAD c\nPUSH 0\nLOADM 0\nPOP", [], "main (trap.tba:5)"),
    "index out of bounds": ("NEW 3\nPUSH 3\nLOADM 0\nPOP", [], "main (trap.tba:5)"),
    "negative size": ("PUSH -1\nNEW 0\nPOP", [], "main (trap.tba:4)"),
    "out of memory": ("again:\nNEW 1000\nPOP\nJMP again", ["--heap", "16K"], "main (trap.tba:4)"),
    "stack overflow": ("CALL main", [], "main (trap.tba:3)"),
    "out of fuel": ("again:\nNOP\nJMP again", ["--fuel", "1e5"], "main (trap.tba:5)"),
}


@pytest.mark.parametrize("message", TRAPS)
def test_traps_are_134_with_function_and_line(tool: Tool, programs: Path, message: str) -> None:
    body, options, place = TRAPS[message]
    text = f".func main()\n.local c: cells\n{body}\nHALT\n.end\n"
    if "JMP" in body:
        text = text.replace("HALT\n", "")
    (programs / "trap.tba").write_text(text)
    done = tool("-q", "--run", "trap.tba", *options)
    assert (done.returncode, done.stdout) == (134, "")
    lines = done.stderr.splitlines()
    assert lines[0] == f"tblvm: trap: {message}"
    assert lines[1] == f"  at {place}"


def test_a_trace_goes_through_all_frames_and_says_how_many_more(tool: Tool, programs: Path) -> None:
    done = tool("-q", "--run", "divide.tba")
    assert done.stderr.splitlines()[1:] == ["  at quotient (divide.tba:4)", "  at main (divide.tba:9)"]
    (programs / "deep.tba").write_text(".func main()\n    CALL main\n    HALT\n.end\n")
    lines = tool("-q", "--run", "deep.tba", "--stack", "100").stderr.splitlines()
    assert len(lines) == 1 + 16 + 1 and lines[-1].endswith(" more frames")


def test_without_a_trace_the_report_is_one_line(tool: Tool) -> None:
    done = tool("-q", "--run", "--deny", "stack.trace", "divide.tba")
    assert (done.returncode, done.stderr) == (134, "tblvm: trap: integer divide by zero\n")


def test_output_before_a_trap_is_not_lost(tool: Tool, programs: Path) -> None:
    (programs / "late.tba").write_text(
        '.func main()\nCONST "before\\n"\nPRINT\nPUSH 1\nPUSH 0\nDIV\nPRINT\nHALT\n.end\n'
    )
    assert tool("-q", "--run", "late.tba").stdout == "before\n"


def test_bad_input_is_a_trap(tool: Tool, programs: Path) -> None:
    (programs / "read.tba").write_text(".func main()\nREAD\nPRINT\nHALT\n.end\n")
    assert tool("-q", "--run", "read.tba", given=" -12 x").stdout == "-12"
    done = tool("-q", "--run", "read.tba", given="x")
    assert done.returncode == 134 and "input is not an integer" in done.stderr


def test_a_deadline_is_124(tool: Tool) -> None:
    done = tool("-q", "--run", "--timeout", "100ms", "loop.tba")
    assert (done.returncode, done.stdout) == (124, "")
    assert done.stderr.splitlines() == [
        "tblvm: trap: interrupted: the time is up",
        "  at main (loop.tba:3)",
    ]


# --- writing files ------------------------------------------------------------------------------------


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    write_file(path, b"new", executable=True)
    assert path.read_bytes() == b"new" and os.access(path, os.X_OK)

    def fails(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fails)
    with pytest.raises(UsageError, match=r"cannot write .*out: No space left on device"):
        write_file(path, b"newer")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_to_a_file_is_replaced_by_the_file(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    write_file(tmp_path / "link", b"new")
    assert (tmp_path / "there").read_bytes() == b"old"


def test_the_command_is_a_click_command() -> None:
    assert isinstance(main, click.Command)


def test_every_stage_can_be_shown(invoke: Invoke) -> None:
    stages = ("verify", "need", "resolve", "compose", "emit", "compile", "measure")
    shown = invoke("--dump", ",".join(stages), "hello.tba").stdout
    assert [line for line in shown.splitlines() if line.startswith("== ")] == [f"== {s}" for s in stages]
    assert "main: 4 bytes, 3 instructions, operand stack 1" in shown
    assert "// --- tb_plan.h" in shown and "// --- layout.c" in shown
    assert ":(.text.tb_run)" in shown
    assert shown.splitlines()[-1].endswith(" file")


def test_an_executable_with_symbols_names_no_folder(
    tool: Tool, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes from any folder, line tables included."""
    assert tool("-q", "--symbols", "-o", str(tmp_path / "here"), "hello.tba").returncode == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    assert tool("-q", "--symbols", "-o", str(tmp_path / "there"), "hello.tba").returncode == 0
    here, there = (tmp_path / "here").read_bytes(), (tmp_path / "there").read_bytes()
    assert here == there
    assert str(programs).encode() not in here and str(Path(__file__).parents[2]).encode() not in here


def test_a_full_disk_is_3_and_said(programs: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from tblvm.builder.cli import main; main()", "--json", "hello.tba"],
            cwd=programs,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (
        3,
        "tbbuild: No space left on device: free some space or give access\n",
    )
