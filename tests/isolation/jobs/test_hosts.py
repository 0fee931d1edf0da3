"""Hosts that map, as processes of their own: pools that spawn, Ctrl-C, an end with work under way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .programs import TEXT

# Nothing of it depends on the machine, and each process starts anew.
pytestmark = pytest.mark.outside

HEAD = f"""
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import tblvm

TEXT = {TEXT!r}

def seen(n: int) -> int:
    with open(sys.argv[1], "a") as file:
        file.write(f"{{n}}\\n")
    return n + 1

def mapped(inputs, **more):
    return tblvm.map(TEXT, inputs, imports={{"env": {{"seen": seen}}}}, **more)
"""


def started(cache: Path, folder: Path, body: str) -> subprocess.Popen[str]:
    """A host that runs *body* behind the head."""
    (folder / "host.py").write_text(HEAD + body)
    return subprocess.Popen(
        [sys.executable, str(folder / "host.py"), str(folder / "seen")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TBLVM_CACHE_SIZE": "100M", "TBLVM_CACHE_DIR": str(cache)},
    )


def test_a_pool_that_spawns(cache: Path, tmp_path: Path) -> None:
    body = """
if __name__ == "__main__":
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = [each.get() for each in mapped(range(20), call="told", executor=pool)]
        print(found == [*range(1, 21)])
        try:
            list(tblvm.map(TEXT, [1], call="told", imports={"env": {"seen": lambda n: n}}, executor=pool))
        except Exception as error:
            print("pickle" in str(error))
"""
    host = started(cache, tmp_path, body)
    out, err = host.communicate(timeout=120)
    assert (out.split(), err, host.returncode) == (["True", "True"], "", 0)
    assert sorted(map(int, (tmp_path / "seen").read_text().split())) == [*range(20)]


SPINNING = """
results = mapped([0, *[1] * 20], call="spin", workers=2)
print(next(results).get(), flush=True)
"""


def test_the_host_ends_while_programs_run_for_ever(cache: Path, tmp_path: Path) -> None:
    host = started(cache, tmp_path, SPINNING)
    out, err = host.communicate(timeout=60)
    assert (out, err, host.returncode) == ("1\n", "", 0)


@pytest.mark.parametrize("body", ["list(results)", "for _ in results: pass"])
def test_ctrl_c_ends_the_host(cache: Path, tmp_path: Path, body: str) -> None:
    host = started(cache, tmp_path, SPINNING + body)
    assert host.stdout is not None and host.stdout.readline() == "1\n"
    host.send_signal(signal.SIGINT)
    _, err = host.communicate(timeout=60)
    assert err.splitlines()[-1] == "KeyboardInterrupt" and host.returncode == -signal.SIGINT
