"""Programs of the corpus, fetched by npm and kept in a cache.

    python -m tests.corpus.fetch

fetches those that are missing. The cache is a folder of the user's; TBLVM_CORPUS_DIR names another one. A program is
there whole or not at all, and its sha256 is looked at each time that it is read.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from platformdirs import user_cache_dir

from .manifest import Program, listed

_BASE64 = re.compile(rb"AGFzbQ[A-Za-z0-9+/]+={0,2}")
_SECONDS = 180
# What npm says where there is no network: other packages are not asked for then.
_OFFLINE = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|no npm")
_offline: list[str] = []


class Unavailable(Exception):
    """A program that is not in the cache and cannot be fetched; the text says why."""


def folder() -> Path:
    """Where programs are kept."""
    given = os.environ.get("TBLVM_CORPUS_DIR", "")
    return Path(given) if given else Path(user_cache_dir("tblvm-corpus", appauthor=False))


def content(program: Program) -> bytes:
    """The program's bytes, from the cache or from its package. Raises Unavailable."""
    found = _kept(program)
    if found is not None:
        return found
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    with (place / f"{_plain(program.package)}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # who comes second waits, and finds it fetched
        found = _kept(program)
        if found is None:
            _fetch(program)
            found = _kept(program)
    if found is None:
        raise Unavailable(f"{program.name}: {place} does not keep what is written to it")
    return found


def _plain(package: str) -> str:
    return package.replace("/", "+")


def _kept(program: Program) -> bytes | None:
    try:
        found = (folder() / f"{program.sha256}.wasm").read_bytes()
    except FileNotFoundError:
        return None
    return found if _fits(program, found) else None


def _fits(program: Program, data: bytes) -> bool:
    return len(data) == program.bytes and hashlib.sha256(data).hexdigest() == program.sha256


def _fetch(wanted: Program) -> None:
    """Keeps all programs of *wanted*'s package. Raises Unavailable where *wanted* is not in it."""
    package = [p for p in listed() if (p.package, p.version) == (wanted.package, wanted.version)]
    together = dict.fromkeys([wanted, *package])
    files = _unpacked(f"{wanted.package}@{wanted.version}", {_file(each) for each in together})
    for each in together:
        found = [data for data in _candidates(each, files.get(_file(each), b"")) if _fits(each, data)]
        if found:
            _keep(folder() / f"{each.sha256}.wasm", found[0])
        elif each == wanted:
            raise Unavailable(
                f"{each.name}: {each.path} of {each.package}@{each.version} holds no module with sha256 {each.sha256}"
            )


def _file(program: Program) -> str:
    return program.path.rpartition(":")[2]


def _unpacked(package: str, names: set[str]) -> dict[str, bytes]:
    """Files of the package by name. Raises Unavailable."""
    if _offline:
        raise Unavailable(f"{package}: {_offline[0]}")
    with tempfile.TemporaryDirectory(dir=folder()) as work:
        try:
            _pack(package, work)
        except Unavailable as error:
            if _OFFLINE.search(str(error)):
                _offline.append(str(error))
            raise
        [archive] = Path(work).glob("*.tgz")
        with tarfile.open(archive) as tar:
            # The first folder's name is the package's own choice.
            members = {each.name.partition("/")[2]: each for each in tar.getmembers() if each.isfile()}
            return {name: _read(tar, member) for name, member in members.items() if name in names}


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member) or io.BytesIO()
    with file:
        return file.read()


def _pack(package: str, work: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable(f"{package}: there is no npm here")
    # Nothing of the package is run.
    retries = ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=4000"]
    command = [npm, "pack", "--silent", "--ignore-scripts", *retries, "--loglevel=error", package]
    try:
        done = subprocess.run(
            command, cwd=work, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{package}: npm pack took more than {_SECONDS} seconds (ETIMEDOUT)") from None
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise Unavailable(f"{package}: npm pack failed: {said[:300]}")


def _candidates(program: Program, data: bytes) -> list[bytes]:
    """The modules that the program's file, with the bytes *data*, is or holds."""
    if not program.path.startswith("b64:"):
        return [data]
    found = []
    for text in _BASE64.findall(data):
        try:
            found.append(base64.b64decode(text + b"=" * (-len(text) % 4)))
        except binascii.Error:
            continue
    return found


def _keep(place: Path, data: bytes) -> None:
    """Writes *data* to *place*, whole or not at all."""
    handle, name = tempfile.mkstemp(dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def main() -> int:
    missing = []
    for each in listed():
        try:
            content(each)
        except Unavailable as error:
            missing.append(str(error))
    print(f"{len(listed()) - len(missing)} of {len(listed())} programs are in {folder()}")
    for text in missing:
        print(f"missing: {text}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
