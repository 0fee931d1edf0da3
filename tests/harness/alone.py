"""Tests in a process of their own: what they need of it nobody else has used up, and what they break is nobody's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import FunctionType

ROOT = Path(__file__).parents[2]


def alone(function: FunctionType, *words: str, timeout: float = 270) -> None:
    """Call a function of a module with these words in another Python. Raises AssertionError with what it said where
    it raises there, or the process ends in another way. timeout: seconds."""
    # As who stands in the root of the working tree calls it: pytest has names of its own.
    module = ".".join(Path(function.__code__.co_filename).relative_to(ROOT).with_suffix("").parts)
    code = "import faulthandler, sys\n"
    # Who hangs tells where all of its threads are.
    code += f"faulthandler.dump_traceback_later({timeout - 15}, exit=True)\n"
    code += f"from {module} import {function.__name__} as run\nrun(*sys.argv[1:])\n"
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert done.returncode == 0, f"status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-12000:]}"
