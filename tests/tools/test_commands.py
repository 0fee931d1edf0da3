"""Commands of plug-ins, faults of plug-ins, and what plug-ins are asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tblvm.builder.cli import main as tbbuild
from tblvm.tools.cli import main as tblvm

Run = Callable[..., Result]

HEAD = """\
import click
from tblvm.core.errors import PolicyError
from tblvm.core.hookspecs import hookimpl
"""
GREET = (
    HEAD
    + """
@click.command()
@click.argument("name")
def greet(name):
    \"\"\"Greet NAME.\"\"\"
    if name == "nobody":
        raise PolicyError("nobody is not greeted: name somebody")
    click.echo(f"hello {name}")

@hookimpl
def tblvm_commands():
    return [greet]
"""
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "greet.py").write_text(GREET)
    (tmp_path / "again.py").write_text(GREET)
    (tmp_path / "taken.py").write_text(
        GREET.replace("def greet", "def verify").replace("[greet]", "[verify]")
    )
    (tmp_path / "mute.py").write_text(HEAD + "@hookimpl\ndef tblvm_commands():\n    click.Command('x')\n")
    (tmp_path / "broken.py").write_text(HEAD + "@hookimpl\ndef tblvm_commands():\n    return [1 / 0]\n")
    (tmp_path / "prog.tba").write_text(".func main()\n  HALT\n.end\n")
    return lambda *words, command=tblvm: CliRunner().invoke(command, list(words))


def test_a_plug_ins_command_runs_and_is_listed(run: Run) -> None:
    assert run("-p", "greet.py", "greet", "you").stdout == "hello you\n"
    assert "  greet       Greet NAME." in run("-p", "greet.py", "--help").stdout
    assert "commands: greet" in run("-p", "greet.py", "plugins").stdout
    assert "commands: greet" in run("plugins", "-p", "greet.py").stdout
    assert "greet [OPTIONS] NAME\n\n  Greet NAME." in run("-p", "greet.py", "greet", "--help").stdout


def test_its_errors_are_told_as_ours(run: Run) -> None:
    done = run("-p", "greet.py", "greet", "nobody")
    assert (done.exit_code, done.stderr) == (4, "tblvm: nobody is not greeted: name somebody\n")


def test_an_unknown_command_is_an_error_with_a_suggestion(run: Run) -> None:
    done = run("-p", "greet.py", "gret", "you")
    assert (done.exit_code, done.stderr) == (2, "tblvm: no command is called gret; did you mean greet?\n")
    assert "did you mean verify?" in run("verfy", "prog.tba").stderr


@pytest.mark.parametrize(
    ("plugins", "message"),
    [
        (
            ("taken.py",),
            "plug-in taken (taken.py) has a command verify, which is tblvm's own: rename it, or leave the "
            "plug-in out",
        ),
        (("greet.py", "again.py"), "two plug-ins both have a command called greet"),
        (
            ("mute.py",),
            "plug-in mute.py: tblvm_commands gives None, not a list; leave it out, or tell its author",
        ),
        (
            ("greet.py", "broken.py"),
            "plug-in broken.py: tblvm_commands raises ZeroDivisionError: division by zero; leave it out, or "
            "tell its author",
        ),
    ],
)
def test_plug_ins_that_cannot_stand_together_are_named(
    run: Run, plugins: tuple[str, ...], message: str
) -> None:
    given = [word for each in plugins for word in ("-p", each)]
    for words in (["greet", "you"], ["plugins"]):
        done = run(*given, *words)
        assert (done.exit_code, done.stderr) == (2, f"tblvm: {message}\n")
    # What is built in works, and so does help.
    assert run(*given, "verify", "prog.tba").exit_code == 0
    done = run(*given, "--help")
    assert (done.exit_code, done.stderr) == (0, f"tblvm: {message}\n")
    assert "  verify " in done.stdout


def test_tracing_tells_what_plug_ins_are_asked_and_give(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TBLVM_TRACE_PLUGINS", raising=False)
    line = "tblvm: trace: tblvm_commands: greet.py gave greet\n"
    before = "tblvm: trace: tblvm_commands: asking 2 plug-ins\n"
    before += "tblvm: trace: tblvm_commands: frontends.wasm (tblvm 0.1.0) gave wast\n"
    assert before + line in run("-p", "greet.py", "--trace-plugins", "greet", "you").stderr
    assert "trace" not in run("-p", "greet.py", "greet", "you").stderr
    build = run("--trace-plugins", "--explain", "prog.tba", command=tbbuild)
    assert "tblvm: trace: tblvm_opcodes: core (tblvm " in build.stderr
    assert "NOP, PUSH, POP, DUP, SWAP, CONST, ADD, SUB, … (" in build.stderr
    assert "trace" not in build.stdout
    monkeypatch.setenv("TBLVM_TRACE_PLUGINS", "1")
    assert before + line in run("-p", "greet.py", "greet", "you").stderr
    mute = run("-p", "mute.py", "x").stderr
    assert (
        "tblvm: trace: tblvm_commands: UsageError: plug-in mute.py: tblvm_commands gives None, not a list"
        in mute
    )
    broken = run("-p", "broken.py", "x").stderr
    assert (
        "tblvm: trace: tblvm_commands: UsageError: plug-in broken.py: tblvm_commands raises ZeroDiv" in broken
    )
    monkeypatch.setenv("TBLVM_TRACE_PLUGINS", "0")
    assert "trace" not in run("-p", "greet.py", "greet", "you").stderr
