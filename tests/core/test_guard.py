"""Plug-ins that do what no plug-in may: one message, which names them."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tblvm.builder.cli import main as tbbuild
from tblvm.core.errors import UsageError
from tblvm.core.registry import Registry, load
from tblvm.tools.cli import main as tblvm

HEAD = "from pathlib import Path\nfrom tblvm.core.hookspecs import hookimpl\nfrom tblvm.core.parts import *\n"
LEAF = ".func main()\n  PUSH 1\n  PRINT\n  HALT\n.end\n"
_number = itertools.count()


def hook(name: str, *lines: str) -> str:
    return "\n".join(["@hookimpl", f"def tblvm_{name}():", *(f"    {line}" for line in lines), ""])


WRONG = {
    "def (": "does not load: SyntaxError: invalid syntax",
    "raise RuntimeError('\\x1b[31mno')": r"does not load: RuntimeError: \?\[31mno",
    "import sys; sys.exit(0)": "does not load: SystemExit: 0",
    "from tblvm.core.parts import Nothing": "does not load: ImportError: cannot import name 'Nothing'",
    hook("opcode", "return []"): "no hook is called tblvm_opcode; did you mean tblvm_opcodes?",
    hook("modes", "return []").replace("()", "(a)"): "has a hook of another form: Argument.*'a'",
    hook("opcodes", "raise RuntimeError('no')"): "tblvm_opcodes raises RuntimeError: no",
    hook("modes", "raise SystemExit(0)"): "tblvm_modes raises SystemExit: 0",
    hook("opcodes", "return None"): "tblvm_opcodes gives None, not a list of OpcodeSet",
    hook("opcodes", "return [7]"): "tblvm_opcodes gives int 7 in its list, not OpcodeSet",
    hook("micro_libraries", "return 7"): "tblvm_micro_libraries gives int 7, not a list of MicroLibrary",
    hook("report_formats", "return 'text'"): "gives str 'text', not a list of ReportFormat",
    hook("micro_libraries", "return [MicroLibrary('../x', 'x', Path('.'))]"): r"'\.\./x' is no name",
    hook("modes", "return [Mode(7, 'x')]"): "tblvm_modes: 7 is no name",
}
EVERY = ("opcode_sets", "libraries", "modes", "report_formats", "front_ends", "engines", "targets")


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / f"wrong{next(_number)}.py"


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_it_is_named_with_what_it_does(text: str, written: Path) -> None:
    written.write_text(HEAD + text)
    with pytest.raises(UsageError, match=f"^plug-in {re.escape(str(written))}:? .*{WRONG[text]}"):
        registry = load([written])
        for each in EVERY:
            getattr(registry, each)


def test_command_lines_tell_it_in_one_message(written: Path, tmp_path: Path) -> None:
    (tmp_path / "leaf.tba").write_text(LEAF)
    written.write_text(HEAD + hook("opcodes", "raise RuntimeError('no')"))
    told = f"plug-in {written}: tblvm_opcodes raises RuntimeError: no; leave it out, or tell its author\n"
    done = CliRunner().invoke(tbbuild, ["-p", str(written), str(tmp_path / "leaf.tba")])
    assert (done.exit_code, done.stderr) == (2, f"tbbuild: {told}")
    for words in (["ops"], ["plugins"], ["verify", str(tmp_path / "leaf.tba")]):
        done = CliRunner().invoke(tblvm, [*words, "-p", str(written)])
        assert (done.exit_code, done.stderr) == (2, f"tblvm: {told}")


@pytest.mark.parametrize(
    ("show", "status", "message"),
    [
        ("lambda report: 1 / 0", 3, "a defect, of tblvm or a plug-in: ZeroDivisionError: division by zero; "),
        ("lambda report: None", 2, "the report format gives NoneType, not a text"),
    ],
)
def test_a_report_format_that_fails(
    show: str, status: int, message: str, written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("leaf.tba").write_text(LEAF)
    written.write_text(HEAD + hook("report_formats", f"return [ReportFormat('bad', 'x', {show})]"))
    done = CliRunner().invoke(tbbuild, ["-p", str(written), "--report", "bad", "leaf.tba"])
    assert (done.exit_code, done.stdout) == (status, "")
    assert done.stderr.startswith(f"tbbuild: {message}") and done.stderr.count("\n") == 1
    assert not Path("leaf").exists()
    if status == 3:
        done = CliRunner().invoke(tbbuild, ["-p", str(written), "--report", "bad", "leaf.tba", "--debug"])
        assert isinstance(done.exception, ZeroDivisionError)


def test_plug_ins_of_our_own_pass(registry: Registry) -> None:
    assert all(getattr(registry, each) for each in EVERY)
