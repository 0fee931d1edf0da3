"""The same inputs, the same bytes: from any folder, any checkout, whoever builds, and whenever."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAIN = "import tblvm.builder, sys; from tblvm.builder.cli import main; print(tblvm.builder.__file__, file=sys.stderr); main()"
WORDS = {
    "exe": ["words.tba", "--features", "core.fuel"],
    "symbols": ["hello.tba", "--symbols"],
    "riscv64": ["calculator.tba", "--target", "riscv64-linux"],
    "runtime": ["--artifact", "runtime", "--features", "core,object,gc"],
    "shared": ["--artifact", "shared", "--features", "core,int"],
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package at another path, and of the examples beside it."""
    place = tmp_path_factory.mktemp("another checkout with a long name")
    (place / "tblvm").mkdir()
    own = [path for path in ROOT.iterdir() if (path / "py.typed").is_file() and path.name != "tblvm"]
    leave = shutil.ignore_patterns("__pycache__")
    for room in own:
        shutil.copytree(room, place / "tblvm" / room.name, ignore=leave)
    shutil.copytree(ROOT / "tblvm", place / "tblvm", dirs_exist_ok=True, ignore=leave)
    shutil.copytree(ROOT / "examples", place / "examples")
    return place


def built(words: list[str], examples: Path, folder: Path, **env: str) -> tuple[bytes, str]:
    """The bytes that come out, and where the package was."""
    folder.mkdir(parents=True)
    given = [str(examples / word) if word.endswith(".tba") else word for word in words]
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *given, "--no-cache", "-o", "out"],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    content = (folder / "out").read_bytes()
    assert f"sha256 {hashlib.sha256(content).hexdigest()}" in done.stdout
    return content, done.stderr.splitlines()[0]


@pytest.mark.parametrize("kind", WORDS)
def test_the_bytes_are_the_same(kind: str, checkout: Path, tmp_path: Path) -> None:
    here, package = built(WORDS[kind], ROOT / "examples", tmp_path / "here", PYTHONHASHSEED="1", TZ="UTC")
    environment = {
        "PYTHONPATH": str(checkout),
        "PYTHONHASHSEED": "2",
        "TZ": "Asia/Kathmandu",
        "LC_ALL": "C",
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path),
        "SOURCE_DATE_EPOCH": "1",
    }
    there, other = built(WORDS[kind], checkout / "examples", tmp_path / "a" / "deeper folder", **environment)
    assert package != other and str(checkout) in other
    assert here == there
    for place in (ROOT, checkout, tmp_path):
        assert os.fsencode(place) not in here + there
