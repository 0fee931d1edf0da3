"""docs/tutorial.md, executed: its files are written, its commands run, where only the wheel is installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.fresh import environment

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "tutorial.md").read_text()
BLOCK = re.compile(r"^```(\w+) (?:file=(\S+)|(run|output))\n(.*?)^```$", re.M | re.S)


def fresh(folder: Path) -> Path:
    """The scripts of an environment that has this project's wheel, and what this one has besides."""
    wheels = folder / "wheels"
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(wheels), str(ROOT)]
    subprocess.run(build, cwd=folder, check=True, capture_output=True, timeout=120)
    [wheel] = wheels.glob("*.whl")
    return environment(folder / "environment", wheel)


def test_the_tutorial(tmp_path: Path) -> None:
    scripts = fresh(tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    variables = os.environ | {
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "TBLVM_CACHE_DIR": str(tmp_path / "cache"),
        "PIP_NO_INDEX": "1",
    }
    variables.pop("TBLVM_CACHE_SIZE", None)
    said = ""
    steps = 0
    for _, file, kind, content in BLOCK.findall(TEXT):
        if file:
            (work / file).write_text(content)
        elif kind == "output":
            assert said == content
        else:
            said = ""
            for line in content.splitlines():
                done = subprocess.run(
                    ["sh", "-c", line],
                    cwd=work,
                    env=variables,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    timeout=200,
                    check=False,
                )
                # The program ends with a trap, as it is said there.
                runs = "mean.tba --run" in line or line.startswith("tblvm run")
                assert done.returncode == (134 if runs else 0), f"{line}\n{done.stdout}"
                said += done.stdout
                steps += 1
    assert steps == 11
    assert said.endswith("14\ntblvm: trap: integer divide by zero\n  at main (mean.tba:10)\n")
