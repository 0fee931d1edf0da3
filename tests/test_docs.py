"""The documents, held against the tree and run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from tblvm.builder import config
from tblvm.builder.cli import main as tbbuild
from tblvm.builder.formats import FORMATS
from tblvm.core import errors as errors_
from tblvm.core import hookspecs, parts
from tblvm.core.command import EXIT_STATUS
from tblvm.core.registry import Registry
from tblvm.opcodes import Trap

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
_PATH = re.compile(r"`([a-z_]+(?:/[\w.-]+)*/?(?:[\w-]+\.\w+)?)`")
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
_BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.S)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_paths_exist(path: Path) -> None:
    text = path.read_text()
    for link in _LINK.findall(text):
        assert (path.parent / link).exists(), link
    for name in _PATH.findall(text):
        if "/" in name:
            assert (ROOT / name).exists(), name


def test_the_architecture_names_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    rooms = {folder.name for folder in ROOT.iterdir() if (folder / "py.typed").exists()} - {"tblvm"}
    assert rooms == {name for name in rooms if f"| `{name}/`" in text}


def test_the_tutorials_opcode_works(tmp_path: Path) -> None:
    """What docs/opcodes.md shows, copied into a file and used."""
    blocks = _BLOCK.findall((ROOT / "docs" / "opcodes.md").read_text())
    (tmp_path / "average.py").write_text(blocks[0][1])
    (tmp_path / "prog.tba").write_text(
        ".func main()\n  PUSH 10\n  PUSH 4\n  MEAN\n  PRINT\n  PUSH 1\n  PUSH 0\n  MEAN\n  PRINT\n  HALT\n.end\n"
    )
    command = [sys.executable, "-c", "from tblvm.builder.cli import main; main()"]
    done = subprocess.run(
        [*command, "-p", "average.py", "--report", "details", "--run", "prog.tba"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("\n2")
    assert "average.MEAN" in done.stdout
    assert done.stderr.splitlines() == ["tblvm: trap: integer divide by zero", "  at main (prog.tba:8)"]
    assert done.returncode == 134


def test_the_tutorial_tells_how_the_reference_is_made(tmp_path: Path) -> None:
    """The commands that docs/opcodes.md gives, run on what it declares."""
    text = (ROOT / "docs" / "opcodes.md").read_text()
    (tmp_path / "average.py").write_text(_BLOCK.findall(text)[0][1])
    commands = re.findall(r"`tblvm (ops -p [^`]*)`", text)
    assert len(commands) == 2
    for command in commands:
        main = [sys.executable, "-m", "tblvm", *command.split()]
        done = subprocess.run(main, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert ("result = trunc(sum / count)" in done.stdout) == ("--html" not in command)
    assert 'id="average.MEAN"' in (tmp_path / "isa.html").read_text()


def test_the_readmes_program_runs(tmp_path: Path) -> None:
    [program] = [
        text for _, text in _BLOCK.findall((ROOT / "README.md").read_text()) if "; square.tba" in text
    ]
    (tmp_path / "square.tba").write_text(program)
    command = [sys.executable, "-c", "from tblvm.builder.cli import main; main()", "square.tba", "-q"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "square"], capture_output=True, check=True).stdout == b"144\n"


def test_every_hook_and_field_is_documented() -> None:
    for name in dir(hookspecs):
        if name.startswith("tblvm_"):
            assert (getattr(hookspecs, name).__doc__ or "").strip(), name
    document = parts.MicroLibrary.__doc__ or ""
    for name in parts.MicroLibrary.__dataclass_fields__:
        assert re.search(rf"\b{name}\b", document), name


def test_every_exit_status_is_documented(registry: Registry) -> None:
    """Those of errors, of traps, of runtimes in C, and of signals; and no other."""
    document = (ROOT / "docs" / "exit-statuses.md").read_text()
    documented = set(re.findall(r"^\| (\d+|128 \+ n) \|", document, re.M))
    errors, raised = [errors_.TblvmError], {0}
    for kind in errors:
        errors += kind.__subclasses__()
        raised.add(kind.status)
    raised |= {trap.status for library in registry.libraries.values() for trap in library.traps}
    raised |= {trap.status for trap in vars(Trap).values() if isinstance(trap, Trap)}
    header = (ROOT / "core" / "c" / "loader" / "tb_module.h").read_text()
    [enum] = re.findall(r"enum \{ (TB_UNREADABLE[^}]*) \}", header)
    raised |= {int(number) for number in re.findall(r"= (\d+)", enum)}
    assert documented == {str(each) for each in raised} | {"128 + n"}
    for each in raised | {"128+n"}:
        assert re.search(rf"(^|\s){re.escape(str(each))}\s", EXIT_STATUS), each


def test_every_setting_is_documented(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    settings = (*config.NAMES, *config.TEXTS, *config.VALUES, *config.TABLES, *config.LISTS, *config.BUDGETS)
    for name in settings:
        assert re.search(rf"\b{re.escape(name)}\b", text), name
    example = re.findall(r"(?:^    .*\n)+", text, re.M)[0]
    (tmp_path / "tblvm.toml").write_text(textwrap.dedent(example))
    found = config.find(tmp_path)
    assert found.given["mode"] == "nano" and found.options == {"io.buffer": "64"}
    assert found.given["plugins"] == (tmp_path / "my_ops.py",)
    assert set(found.budget) == {"total", "max-growth", "baseline", "libs"}


def test_what_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("prog.tba").write_text(".func main()\n  PUSH 1\n  PRINT\n  HALT\n.end\n")
    for name in ("one", "two"):
        Path(f"{name}.py").write_text(
            "from tblvm.core.hookspecs import hookimpl\nfrom tblvm.core.parts import Mode\n"
            f"@hookimpl\ndef tblvm_modes():\n    return [Mode('{name}', 'x')]\n"
        )
    monkeypatch.setenv("TBLVM_OPTIONS", "io.buffer=64 stack=1K")
    monkeypatch.setenv("TBLVM_PLUGINS", os.pathsep.join(["one.py", "two.py"]))
    for mode in ("one", "two"):
        done = CliRunner().invoke(tbbuild, ["--explain", "--mode", mode, "prog.tba"])
        assert done.exit_code == 0, done.output
        assert (
            "io.buffer = 64 (TBLVM_OPTIONS)" in done.stdout and "stack = 1024 (TBLVM_OPTIONS)" in done.stdout
        )


def test_the_commands_about_reports_do_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of columns, the forms, and the commands for continuous integration."""
    text = (ROOT / "docs" / "footprint-reports.md").read_text()
    monkeypatch.chdir(tmp_path)
    Path("prog.tba").write_text(".func main()\n  PUSH 1\n  PRINT\n  HALT\n.end\n")
    shown = CliRunner().invoke(tbbuild, ["prog.tba"]).stdout
    header = next(line for line in shown.splitlines() if line.startswith("micro-library")).split()
    assert header == next(line for line in text.splitlines() if "micro-library  " in line).split()
    rows = re.findall(r"^\| ([a-z, ]+) \|", text.split("| column |")[1].split("\n\n")[0], re.M)
    assert [name for row in rows for name in row.split(", ")] == header[1:]
    for name, _, _ in FORMATS:
        assert f"`{name}`" in text or f"`--{name}`" in text, name
    commands = re.findall(r"^    tbbuild (.*)$", text.split("## In continuous")[1].split("## When")[0], re.M)
    for command in commands:
        words, _, place = command.partition(" > ")
        done = CliRunner().invoke(tbbuild, words.split())
        assert done.exit_code == 0, done.output
        if place:
            Path(place).write_text(done.stdout)
    assert len(commands) == 3
