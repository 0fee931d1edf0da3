"""docs/options.md names every option; what it says of traps is so."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from click.testing import CliRunner

from tblvm.builder.cli import main
from tblvm.core.registry import Registry
from tblvm.tools.cli import main as tblvm

DOCUMENT = Path(__file__).parents[2] / "docs" / "options.md"
DIVIDES = ".func main()\n  PUSH 1\n  PUSH 0\n  DIV\n  POP\n  HALT\n.end\n"


def test_every_option_is_described(registry: Registry) -> None:
    text = DOCUMENT.read_text()
    described = re.findall(r"^\| `([\w.-]+)` \|", text, re.M)
    assert sorted(described) == sorted({**registry.options, **registry.source_options})


def test_options_are_listed(registry: Registry) -> None:
    shown = CliRunner().invoke(tblvm, ["options"]).stdout
    assert "io.buffer (io.output; size, default 256)\n" in shown
    assert "fuel (core.fuel; number, brings its library in)\n" in shown
    data = json.loads(CliRunner().invoke(tblvm, ["options", "--json"]).stdout)
    assert {each["name"] for each in data} == {*registry.options, *registry.source_options}


def test_numbers_of_traps_are_explained(tmp_path: Path) -> None:
    program, made = tmp_path / "divides.tba", tmp_path / "divides"
    program.write_text(DIVIDES)
    sizes = {}
    for text in ("on", "off"):
        words = [str(program), "-O", f"traps.text={text}", "--json", "-o", str(made)]
        report = json.loads(CliRunner().invoke(main, words).stdout)
        sizes[text] = report["runtime_bytes"]
        done = subprocess.run([made], capture_output=True, text=True, check=False)
        first = done.stderr.splitlines()[0].removeprefix("tblvm: trap: ")
        said = first if text == "on" else report["traps"][int(first) - 1]
        assert (said, done.returncode) == ("integer divide by zero", 134)
    assert sizes["off"] < sizes["on"]
