"""What programs are translated to is kept: found while all that it was made of is the same, and only then."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import tblvm.builder.cache as caches
import tblvm.builder.pipeline as pipeline
from tblvm.builder.translated import Translated, translated
from tblvm.core import tbc
from tblvm.core.errors import SourceError
from tblvm.embed.library import registry
from tblvm.embed.store import _program

PROGRAM = b".func main()\n  PUSH 1\n  PRINT\n  HALT\n.end\n"
PLUGIN = """\
from tblvm.core.asm import assemble
from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import FrontEnd

@hookimpl
def tblvm_front_ends():
    def numbers(content, name, isa):
        return assemble(".func main()\\n  PUSH NUMBER\\n  PRINT\\n  HALT\\n.end\\n", isa)
    return [FrontEnd("numbers", lambda content, name: content.startswith(b"number"), numbers)]
"""

Load = Callable[..., tuple[bytes, bool]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TBLVM_CACHE_SIZE")
    monkeypatch.setenv("TBLVM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def program(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """What the embedding gives the runtime for a program, and whether it was translated for that."""
    calls: list[str] = []
    translate = pipeline.translate

    def watched(content: bytes, name: str, *given: object) -> object:
        calls.append(name)
        return translate(content, name, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "translate", watched)

    def load(content: bytes, plugins: tuple[str, ...] = ()) -> tuple[bytes, bool]:
        calls.clear()
        registry.cache_clear()
        _, module, found = _program(content, lambda: registry(plugins), plugins)
        assert found is not None and tbc.read(found) == module
        return found, bool(calls)

    return load


def entries(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*/*") if not path.name.startswith(".")]


def test_a_program_is_translated_once(program: Load, folder: Path) -> None:
    first, made = program(PROGRAM)
    assert made and program(PROGRAM) == (first, False)
    assert len(entries(folder)) == 1


def test_what_counts(program: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(PROGRAM)
    assert program(PROGRAM.replace(b"PUSH 1", b"PUSH 2"))[1]
    for name in ("_package", "_plugins"):
        with monkeypatch.context() as patch:
            other = (set(), [["new", "new.plugin", "1.0"]]) if name == "_plugins" else "another"
            patch.setattr(caches, name, lambda *args, other=other: other)
            assert program(PROGRAM)[1], name
    assert not program(PROGRAM)[1]
    path = tmp_path / "program.tba"
    path.write_bytes(PROGRAM)
    for name in (str(path), path.name):  # the name is in stack traces
        assert _program(name, lambda: registry(()), ())[0] == name
    assert len(entries(tmp_path / "cache")) == 6


def test_plug_ins_count_with_what_is_in_them(program: Load, tmp_path: Path) -> None:
    plugin = tmp_path / "numbers.py"
    plugin.write_text(PLUGIN.replace("NUMBER", "1"))
    first, made = program(b"number", (str(plugin),))
    assert made and program(b"number", (str(plugin),)) == (first, False)
    plugin.write_text(PLUGIN.replace("NUMBER", "70"))
    assert program(b"number", (str(plugin),))[1]
    assert not program(b"number", (str(plugin),))[1]


def test_errors_are_not_kept(program: Load, folder: Path) -> None:
    for _ in range(2):
        with pytest.raises(SourceError):
            program(b".func main()\n  NOTHING\n.end\n")
    assert entries(folder) == []


def test_damaged_entries_are_translated_again(program: Load, folder: Path) -> None:
    first, _ = program(PROGRAM)
    [path] = entries(folder)
    whole = path.read_bytes()
    rng = random.Random(7)
    damages = [b"", whole[:-1], whole + b"x", whole[: len(whole) // 2]]
    for _ in range(6):
        at = rng.randrange(len(whole))
        damages.append(whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :])
    for damaged in damages:
        path.write_bytes(damaged)
        assert program(PROGRAM) == (first, True)
        assert path.read_bytes() == whole


@pytest.mark.parametrize("head", [{}, {"said": "text"}, {"said": None}])
def test_an_entry_that_is_something_else(head: dict[str, object], folder: Path) -> None:
    """As a build is, or what another version has kept under this key."""
    kept = Translated(b"made", {"words": ("a", "b"), "none": ()})
    ask = {"program": b"x", "name": "n", "plugins": (), "purpose": "p"}
    assert translated(**ask, make=lambda: (kept, set())) == kept  # type: ignore[arg-type]
    [path] = entries(folder)
    assert caches.Cache(folder).keep(path.name, caches.Kept(head, b"other"), ())
    assert translated(**ask, make=lambda: (kept, set())) == kept  # type: ignore[arg-type]
    assert caches.Cache(folder).get(path.name) is None  # nor is it a build


def test_purposes_and_plug_ins_are_apart(folder: Path) -> None:
    made = 0

    def make() -> tuple[Translated, set[Path]]:
        nonlocal made
        made += 1
        return Translated(b"%d" % made), set()

    asked = [("a", "n", ()), ("b", "n", ()), ("a", "m", ()), ("a", "n", ("no:x",)), ("a", "n", ("x", "y"))]
    for _ in range(2):
        found = [translated(b"", name, plugins, purpose, make).content for purpose, name, plugins in asked]
        assert found == [b"1", b"2", b"3", b"4", b"5"]


SECOND = """\
import sys
from tblvm.embed.store import _program
def known():
    raise AssertionError("the plug-ins are loaded")
if len(sys.argv) > 1:
    from tblvm.embed.library import registry
    known = lambda: registry(())
_program(sys.stdin.buffer.read(), known, ())
print([name for name in ("tblvm.stack.verify", "tblvm.core.asm", "tblvm.core.registry") if name in sys.modules])
"""


def test_the_second_time_little_is_imported(folder: Path) -> None:
    def run(*words: str) -> str:
        command = [sys.executable, "-c", SECOND, *words]
        return subprocess.run(command, input=PROGRAM, capture_output=True, check=True).stdout.decode()

    assert "tblvm.core.asm" in run("first")
    assert run() == "[]\n"
