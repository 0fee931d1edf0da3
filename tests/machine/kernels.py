"""The kernels that the machine boots: out of Debian's packages, unpacked into a folder, not installed."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from platformdirs import user_cache_dir

SERIES = ("6.1", "6.12")


class KernelError(Exception):
    """A kernel cannot be had; the message says why."""


def cache() -> Path:
    """What is fetched and made for machines, by all working trees of this user."""
    place = os.environ.get("TBLVM_MACHINE_CACHE", "") or user_cache_dir("tblvm-machine", appauthor=False)
    Path(place).mkdir(parents=True, exist_ok=True)
    return Path(place)


def kernel(series: str) -> Path:
    """The kernel image of the newest package of *series* ("6.1"), fetched by apt, which checks its signature,
    when there is none yet. Raises KernelError."""
    place = cache() / "kernels" / series
    place.parent.mkdir(exist_ok=True)
    with place.with_name(f"{series}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # who comes second waits, and finds it
        if not place.exists():
            work = Path(tempfile.mkdtemp(dir=place.parent))
            try:
                _fetch(series, work)
                work.rename(place)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    [image] = place.glob("vmlinuz-*")
    return image


def _fetch(series: str, to: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise KernelError("the kernels come from Debian's packages, and there is no apt-get here")
    try:
        package = _download(series, to)
    except KernelError:
        # The lists are missing, or older than the archive.
        sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        _run([*sudo, "apt-get", "update", "--quiet", "--quiet"], to)
        package = _download(series, to)
    with (
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as unpacked,
        tarfile.open(fileobj=unpacked.stdout, mode="r|") as files,
    ):
        for each in files:
            name = Path(each.name).name
            if name.startswith("vmlinuz-") and (content := files.extractfile(each)):
                (to / name).write_bytes(content.read())
    package.unlink()
    if len(list(to.glob("vmlinuz-*"))) != 1:
        raise KernelError(f"{package.name} has no kernel, or several")


def _download(series: str, to: Path) -> Path:
    pattern = rf"^linux-image-{re.escape(series)}\.[0-9][^ ]*-cloud-amd64$"
    found = re.findall(
        r"^(linux-image-\S+)", _run(["apt-cache", "search", "--names-only", pattern], to), re.M
    )
    if not found:
        raise KernelError(f"apt knows no package of Linux {series} for cloud machines ({pattern})")
    newest = max(found, key=lambda name: [int(each) for each in re.findall(r"\d+", name)])
    _run(["apt-get", "download", "--quiet", "--quiet", newest], to)
    [package] = to.glob("*.deb")
    return package


def _run(words: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KernelError(f"{words[0]}: {error}") from None
    if done.returncode:
        raise KernelError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
