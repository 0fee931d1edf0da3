"""Run outside by machine.py: calls each `prebuild()` in the places given, writes the paths that these give;
builds the runtimes of the list, with `--all` of both lists.

Compiles all Python besides, so that nothing is compiled inside.
"""

from __future__ import annotations

import compileall
import contextlib
import importlib
import sys
from pathlib import Path

from .contents import BUILT, ROOT
from .runtimes import build, listed


def main(places: list[str], everything: bool) -> None:
    BUILT.mkdir(parents=True, exist_ok=True)
    found: list[Path] = []
    with contextlib.redirect_stdout(sys.stderr):
        for room in sorted({each.parent for each in ROOT.glob("*/__init__.py")} | {ROOT / "tests"}):
            compileall.compile_dir(room, quiet=2)
        for place in places:
            for file in sorted((ROOT / place).rglob("prebuild.py")):
                module = importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
                found += module.prebuild() or ()
        build(listed(everything=everything))
    for path in found:
        print(path.resolve())


if __name__ == "__main__":
    main([each for each in sys.argv[1:] if each != "--all"], "--all" in sys.argv)
