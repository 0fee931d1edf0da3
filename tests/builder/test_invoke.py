"""--invoke: a program that is one call."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import pytest
from click.testing import CliRunner

from tblvm.builder.cli import main
from tblvm.builder.invoke import check_runs, invoke, number_of, words
from tblvm.core.asm import assemble
from tblvm.core.errors import UsageError
from tblvm.core.io.services import Console
from tblvm.core.module import Module
from tblvm.core.registry import load
from tblvm.opcodes.meaning import Machine
from tblvm.stack import verify

ISA = load().isa
TEXT = """
.export add
.export all
.export nothing
.export "two words": add
.export reference
.func main()
    RET
.end
.func add(a: i32, b: i32) -> i32
    LOAD a
    LOAD b
    ADD
    RET
.end
.func all(a: i32, b: i64, c: f32, d: f64) -> (i32, i64, f32, f64)
    LOAD a
    LOAD b
    LOAD c
    LOAD d
    RET
.end
.func nothing()
    CONST "said\\n"
    PRINT
    RET
.end
.func reference(s: string)
    RET
.end
"""


def module() -> Module:
    return assemble(TEXT, ISA, "test.tba")


def printed(*call: str) -> str:
    """What the program prints, by the reference interpreter."""
    console = Console()
    Machine(verify(invoke(module(), ISA, call), ISA), states=(console,)).run(ISA)
    return bytes(console.output).decode()


def test_results_are_printed() -> None:
    assert printed("add", "2", "-3") == "-1\n"
    assert printed("two words", "0x10", "1") == "17\n"
    assert printed("all", "4294967295", "-9223372036854775808", "1.5", "nan") == (
        "-1\n-9223372036854775808\n1.5\nNaN\n"
    )
    assert printed("all", "0", "9223372036854775807", "1e-45", "-inf") == (
        "0\n9223372036854775807\n1.4E-45\n-Infinity\n"
    )
    assert printed("nothing") == "said\n"


@pytest.mark.parametrize(
    "call, said",
    [
        (("ad", "1"), "no exported function is called ad; did you mean add"),
        (("add", "1"), r"add takes 2 arguments \(i32, i32\), not 1"),
        (("add", "1", "x"), "x is no i32"),
        (("add", "1", "4294967296"), "it has more than 32 bits"),
        (("add", "1", "1.5"), "1.5 is no i32"),
        (("reference", "a"), "takes or gives references"),
    ],
)
def test_calls_that_cannot_be(call: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        invoke(module(), ISA, call)


def test_numbers() -> None:
    assert number_of("-0x80000000", "i32") == -(1 << 31)
    assert number_of("0b11", "i64") == 3
    assert number_of("18446744073709551615", "i64") == -1
    assert number_of("0.1", "f32") == struct.unpack("<I", struct.pack("<f", 0.1))[0]
    assert number_of("1e308", "f64") == struct.unpack("<Q", struct.pack("<d", 1e308))[0]
    assert math.isnan(struct.unpack("<d", number_of("nan", "f64").to_bytes(8, "little"))[0])
    with pytest.raises(UsageError, match="1e39 is no f32"):
        number_of("1e39", "f32")


def test_words() -> None:
    assert words("fib 30") == ("fib", "30")
    assert words("'a b' 1") == ("a b", "1")
    for wrong in ("", "  ", "'a"):
        with pytest.raises(UsageError, match="--invoke"):
            words(wrong)


def test_a_module_that_does_nothing_by_itself() -> None:
    with pytest.raises(UsageError, match=r"--invoke \(add, all, nothing, reference, two words\)"):
        check_runs(module(), ISA)
    check_runs(assemble(".func main()\nRET\n.end\n", ISA, "x"), ISA)  # it exports nothing either


def test_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "test.tba").write_text(TEXT)
    done = CliRunner().invoke(main, ["-q", "--run", "--invoke", "add 40 2", "test.tba"])
    assert (done.exit_code, capfd.readouterr().out) == (0, "42\n")
    done = CliRunner().invoke(main, ["test.tba"])
    assert done.exit_code == 2 and "does nothing by itself" in done.stderr
    assert CliRunner().invoke(main, ["-q", "--artifact", "shared", "test.tba"]).exit_code == 0
