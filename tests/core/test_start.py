"""Start functions: what runs before the entry point, in every kind of runtime."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

import tblvm
from tblvm.builder.cli import main as tbbuild
from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.io.services import Console
from tblvm.core.registry import Registry
from tblvm.opcodes.meaning import Limits, Machine
from tblvm.stack import verify

_MAIN = ".func main() -> i32\n  LOADG g\n  PRINT\n  PUSH 9\n  RET\n.end\n"
_BEGIN = (
    ".global g: fixed i32\n.start begin\n.func begin()\n  LOADG g\n  INC\n  STOREG g\n  LOADG g\n  PRINT\n"
)
PROGRAMS = {
    "plain": _BEGIN + "  RET\n.end\n" + _MAIN,
    "calls": _BEGIN + "  CALL more\n  RET\n.end\n.func more()\n  LOADG g\n  PRINT\n  RET\n.end\n" + _MAIN,
    "halt": _BEGIN + "  HALT\n.end\n" + _MAIN,
    "halt below": _BEGIN + "  CALL more\n  RET\n.end\n.func more()\n  HALT\n.end\n" + _MAIN,
    "trap": _BEGIN + "  PUSH 1\n  PUSH 0\n  DIV\n  POP\n  RET\n.end\n" + _MAIN,
    "fuel": _BEGIN + "again:\n  JMP again\n.end\n" + _MAIN,
    "the entry point itself": ".global g: i32\n.start main\n.func main()\n  LOADG g\n  INC\n  STOREG g\n"
    "  LOADG g\n  PRINT\n  RET\n.end\n",
}
FUEL = 30


def _reference(text: str, registry: Registry) -> tuple[str, int, bytes, int]:
    """Trap, status, output, instructions."""
    console = Console()
    verified = verify(assemble(text, registry.isa), registry.isa)
    done = Machine(verified, limits=Limits(fuel=FUEL), states=(console,)).run(registry.isa)
    return done.trap.message if done.trap else "", done.status, bytes(console.output), done.fuel


@pytest.mark.parametrize("name", PROGRAMS)
def test_executables_and_runtimes_do_what_the_reference_does(
    name: str, registry: Registry, tmp_path: Path
) -> None:
    trap, status, output, _ = _reference(PROGRAMS[name], registry)
    file = tmp_path / "x.tbc"
    verified = verify(assemble(PROGRAMS[name], registry.isa), registry.isa)
    file.write_bytes(tbc.write(verified.module))
    made = CliRunner().invoke(tbbuild, [str(file), "--fuel", str(FUEL), "-o", str(tmp_path / "x")])
    assert made.exit_code == 0, made.output
    made = CliRunner().invoke(
        tbbuild, ["--artifact", "runtime", "--fuel", str(FUEL), "-o", str(tmp_path / "rt")]
    )
    assert made.exit_code == 0, made.output
    for words in ([tmp_path / "x"], [tmp_path / "rt", file]):
        ran = subprocess.run(words, capture_output=True, check=False)
        assert (ran.returncode, ran.stdout) == (status, output)
        assert trap.encode() in ran.stderr and bool(trap) == bool(ran.stderr)


@pytest.mark.parametrize("name", PROGRAMS)
def test_loading_runs_it_once(name: str, registry: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    trap, _, output, fuel = _reference(PROGRAMS[name], registry)
    text = PROGRAMS[name].encode()
    if trap:
        with pytest.raises(tblvm.Trap) as caught:
            tblvm.load(text, fuel=FUEL)
        assert caught.value.message == trap and caught.value.function == "begin"
        return
    if name.startswith("halt"):
        with pytest.raises(tblvm.Halted):
            tblvm.load(text)
        return
    with tblvm.load(text, fuel=FUEL) as instance:
        said = capfd.readouterr().out
        assert instance.run().output == output[len(said) :]
        assert said and instance.fuel == FUEL - fuel


def test_its_time_is_limited() -> None:
    with pytest.raises(tblvm.DeadlineExceeded, match="the time is up"):
        tblvm.load(PROGRAMS["fuel"].encode(), timeout=0.05)


def test_it_may_call_the_host() -> None:
    text = b"""
.import ask() -> i32: "env", "ask"
.global g: i32
.start begin
.func begin()
    CALL ask
    STOREG g
    RET
.end
.func get() -> i32
    LOADG g
    RET
.end
.func main()
    RET
.end
"""
    instance = tblvm.load(text, imports={"env": {"ask": lambda: 41}})
    assert instance.call("get") == 41
    with pytest.raises(tblvm.Trap) as caught:
        tblvm.load(text, imports={"env": {"ask": lambda: 1 // 0}})
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert [frame.function for frame in caught.value.frames] == ["ask", "begin"]


def test_its_frame_must_fit_the_stack(registry: Registry, tmp_path: Path) -> None:
    deep = "  PUSH 0\n" * 90 + "  POP\n" * 90
    file = tmp_path / "x.tba"
    file.write_text(f".start begin\n.func begin()\n{deep}  RET\n.end\n.func main()\n  RET\n.end\n")
    made = CliRunner().invoke(tbbuild, [str(file), "--stack", "91", "-o", str(tmp_path / "x")])
    assert made.exit_code != 0 and "92" in made.output
    made = CliRunner().invoke(tbbuild, [str(file), "--stack", "92", "-o", str(tmp_path / "x")])
    assert made.exit_code == 0, made.output
    assert subprocess.run([tmp_path / "x"], check=False).returncode == 0
