"""A fresh environment in which only wheels are installed."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path


def environment(place: Path, wheel: Path) -> Path:
    """Makes one at *place* with *wheel*, its dependencies from the environment that runs; its folder of
    scripts."""
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    install(python, wheel)
    # Behind the fresh site-packages on sys.path, without its own .pth files: so the editable tblvm of
    # this environment is not seen, its dependencies are.
    (Path(site) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place / "bin"


def install(python: Path, wheel: Path) -> None:
    """Installs *wheel*, and nothing else, for *python*."""
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
    ]
    done = subprocess.run([*pip, str(wheel)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
