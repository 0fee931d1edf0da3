"""The cache of programs: whole or not at all, and never what the manifest does not list."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.corpus import fetch
from tests.corpus.manifest import Program, listed, programs, refused

WASM = b"\0asm\1\0\0\0"


def _program(path: str, data: bytes = WASM) -> Program:
    digest = hashlib.sha256(data).hexdigest()
    return Program("made", "@made/up", "1.2.3", path, digest, len(data), "MIT", "none")


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An npm that packs a package with a module in a file and one in base64; the packages that it was asked for."""
    asked: list[str] = []
    other = base64.b64encode(WASM + b"\0").rstrip(b"=")
    files = {"first/a.wasm": WASM, "first/lib/b.js": b'x = "AGFzbQAA";\ny = "' + other + b'";\n'}

    def pack(package: str, work: str) -> None:
        asked.append(package)
        with tarfile.open(Path(work) / "made.tgz", "w:gz") as tar:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))

    monkeypatch.setattr(fetch, "_pack", pack)
    monkeypatch.setattr(fetch, "_offline", [])
    monkeypatch.setenv("TBLVM_CORPUS_DIR", str(tmp_path / "kept"))
    return asked


def test_a_file_and_a_string_of_base64(packed: list[str]) -> None:
    assert fetch.content(_program("a.wasm")) == WASM
    assert fetch.content(_program("b64:lib/b.js", WASM + b"\0")) == WASM + b"\0"
    assert fetch.content(_program("a.wasm")) == WASM
    assert packed == ["@made/up@1.2.3"] * 2


def test_what_is_kept_is_looked_at_each_time(packed: list[str]) -> None:
    program = _program("a.wasm")
    fetch.content(program)
    kept = fetch.folder() / f"{program.sha256}.wasm"
    for broken in (WASM[:-1], b"", WASM[:-1] + b"\1"):
        kept.write_bytes(broken)
        assert fetch.content(program) == WASM == kept.read_bytes()
    assert len(packed) == 4


def test_a_package_with_another_module_is_refused(packed: list[str]) -> None:
    wanted = dataclasses.replace(_program("a.wasm"), sha256="0" * 64)
    with pytest.raises(
        fetch.Unavailable, match=r"made: a\.wasm of @made/up@1\.2\.3 holds no module with sha256 0000"
    ):
        fetch.content(wanted)
    assert not list(fetch.folder().glob("*.wasm"))


def test_no_network_is_asked_for_once(packed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def pack(package: str, work: str) -> None:
        packed.append(package)
        raise fetch.Unavailable("npm pack failed: npm error code ENOTFOUND")

    monkeypatch.setattr(fetch, "_pack", pack)
    for path in ("a.wasm", "b64:lib/b.js"):
        with pytest.raises(fetch.Unavailable, match="ENOTFOUND"):
            fetch.content(_program(path))
    assert len(packed) == 1


def test_an_interrupted_write_leaves_nothing(packed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def replace(self: Path, place: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        fetch.content(_program("a.wasm"))
    assert [each.suffix for each in fetch.folder().iterdir()] == [".lock"]


def test_the_manifest() -> None:
    names = [each.name for each in listed()]
    assert len(names) == len(set(names)) == len({each.sha256 for each in listed()})
    assert len(programs()) >= 25 and len(programs()) + len(refused()) == len(names)
    for each in listed():
        assert each.licence and each.bytes and len(each.sha256) == 64
    for each in programs():
        assert (Path(__file__).parent / "drivers" / f"{each.driver}.py").exists(), each.name


@pytest.mark.parametrize("ci", [True, False])
def test_a_missing_program_is_a_failure_or_told_loudly(ci: bool, tmp_path: Path) -> None:
    """A run without npm, and with an empty cache: in continuous integration and elsewhere."""
    name = programs()[0].name
    test = f"tests/corpus/test_programs.py::test_it_does_what_it_does_elsewhere[{name}]"
    path = f"{Path(sys.executable).parent}:{tmp_path}"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", test],
        cwd=Path(__file__).parents[2],
        env={
            "PATH": path,
            "HOME": str(tmp_path),
            "CI": "true" if ci else "",
            "TBLVM_CORPUS_DIR": str(tmp_path / "kept"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode != 0) == ci, done.stdout
    said = "continuous integration must have" if ci else "programs of the corpus that are missing"
    assert said in done.stdout and "there is no npm here" in done.stdout, done.stdout
