"""A job for a machine: what to run there, packed, run, read."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import archive, contents, emulator, init, kernels, results
from .keys import INSIDE
from .outcome import Outcome

# Where tests are that run inside.
PLACES = (
    "tests/isolation",
    "tests/attacks",
    "tests/embed/test_engines.py",
    "tests/embed/test_limits.py",
    "tests/embed/test_report.py",
)


class PrebuildError(Exception):
    """What goes into the machine could not be built."""


@dataclass(frozen=True, slots=True)
class Machine:
    """kernel: the series ("6.1"). memory: MiB. deadline: seconds from power-on. user: the number of the one who
    runs the job. live: show the console meanwhile."""

    kernel: str
    cpus: int = 2
    memory: int = 2048
    deadline: float = 600.0
    user: int = 0
    live: bool = False

    def tests(self, selection: Sequence[str], *, everything: bool = False) -> Outcome:
        """Run pytest with these arguments; what is marked `outside` is left out, and what is marked `repeated`
        without *everything*."""
        marked = "not outside" if everything else "not outside and not repeated"
        words = ["-m", "pytest", "-p", "tests.machine.results", "-p", "no:cacheprovider", "-m", marked]
        words += ["--continue-on-collection-errors", "--maxfail", "20", "-q", "-rs", "--color", "no"]
        return self.run([sys.executable, *words, *selection], [*places(), *["--all"] * everything])

    def run(self, command: Sequence[str], prebuilt: Sequence[str] = ()) -> Outcome:
        """Run *command*, after what is to be *prebuilt* (words of prebuilt.py) was. Raises KernelError, PrebuildError."""
        image = kernels.kernel(self.kernel)
        extra = _prebuild(prebuilt)
        with tempfile.TemporaryDirectory(prefix="tblvm-machine-") as place:
            own, files, said = (Path(place, name) for name in ("own.cpio", "files.cpio", "results"))
            with own.open("wb") as file:
                archive.write(file, contents.project(self._job(command), extra))
            with files.open("wb") as file:
                archive.join(file, (contents.base(), own))
            own.unlink()
            done = emulator.run(
                image,
                files,
                said,
                cpus=self.cpus,
                memory=self.memory,
                deadline=self.deadline,
                live=self.live,
            )
            outcome = Outcome(self.kernel, console=done.console, late=done.late, seconds=done.seconds)
            outcome.read(said.read_text(errors="replace") if said.exists() else "")
            return outcome

    def _job(self, command: Sequence[str]) -> dict[str, object]:
        given = {name: value for name, value in os.environ.items() if name.startswith("TBLVM_TEST_")}
        environment = given | {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin",
            "HOME": "/tmp" if self.user else "/root",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "PYTHONFAULTHANDLER": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "TBLVM_CACHE_DIR": str(contents.BUILT),
            "TBLVM_CACHE_SIZE": "1G",
            INSIDE: self.kernel,
            results.FILE: str(init.RESULTS),
        }
        return {
            "command": list(command),
            "folder": str(contents.ROOT),
            "environment": environment,
            "user": self.user,
            "writable": [str(contents.ROOT / "build")],
        }


def places() -> list[str]:
    """Those of PLACES that there are."""
    return [name for name in PLACES if (contents.ROOT / name).exists()]


def _prebuild(words: Sequence[str]) -> list[Path]:
    """Builds what tests use, for these words of prebuilt.py; what goes in besides the cache. In another process: this one's
    settings are not those of the tests inside."""
    if not words:
        return []
    environment = os.environ | {
        "TBLVM_CACHE_DIR": str(contents.BUILT),
        "TBLVM_CACHE_SIZE": "1G",
        # Compiled files are made outside, where it is quick.
        "PYTHONDONTWRITEBYTECODE": "",
    }
    # As for the tests inside: tests/conftest.py.
    if "TBLVM_TEST_ENGINE" in os.environ:
        environment["TBLVM_ENGINE"] = os.environ["TBLVM_TEST_ENGINE"]
    command = [sys.executable, "-m", "tests.machine.prebuilt", *words]
    done = subprocess.run(
        command, cwd=contents.ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise PrebuildError("what the machine needs was not built: what is above says why")
    return [Path(line) for line in done.stdout.splitlines()]
