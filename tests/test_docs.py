"""The documents, held against the tree and run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tblvm.core import hookspecs, parts

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
    assert done.stderr.splitlines() == ["tblvm: trap: division by zero", "  at main (prog.tba:8)"]
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
