"""Names that somebody chose to do harm: in modules, of files, in reports of every form, traces, messages."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tblvm.builder.cli import main as tbbuild
from tblvm.core import tbc
from tblvm.core.asm import assemble
from tblvm.core.errors import ModuleError
from tblvm.core.module import Module
from tblvm.core.printable import HIDDEN
from tblvm.core.registry import Registry
from tblvm.stack import verify
from tblvm.tools.cli import main as tblvm

TEXT = """\
.class Box
    value: i32
.end
.func half(n: i32) -> i32
    LOAD n
    PUSH 0
    DIV
    RET
.end
.func main()
    NEWOBJ Box
    GETFIELD Box.value
    CALL half
    PRINT
    HALT
.end
"""
EVIL = (
    "\x1b[31mx\x1b]0;t\x07\x9b2J\x7f a\nb\r\nc\u2028d \u202eb\u2066c\u200b ../../../etc/passwd\0 "
    '<script>alert(1)</script>&"\'|`*_[x](y)<!-- "; */ %s {0} \\" #include'
)
NAMES = {"evil": EVIL, "nothing": ""}
COMMANDS = (
    *(
        "tbbuild it.tbc -o out --report details",
        "tbbuild it.tbc -o out --report md",
        "tbbuild it.tbc --explain",
    ),
    *(
        "tbbuild it.tbc -o out --json",
        "tbbuild it.tbc -o out --report html",
        "tbbuild why it.tbc DIV --no-sizes",
    ),
    *(
        "tbbuild it.tbc --dump verify,need,resolve,compose,emit",
        "tblvm dis it.tbc",
        "tblvm dis --listing it.tbc",
    ),
    *("tblvm verify it.tbc", "tblvm verify --json it.tbc"),
)


def hidden(text: str) -> set[str]:
    """What in *text* a terminal would obey or not show."""
    return {c for c in text if c not in "\n " and any(a <= ord(c) <= b for a, b in HIDDEN)}


def ran(line: str) -> Result:
    tool, *words = line.split()
    return CliRunner().invoke(tbbuild if tool == "tbbuild" else tblvm, words)


@pytest.fixture(scope="module")
def module(registry: Registry) -> Module:
    return verify(assemble(TEXT, registry.isa, "it.tba"), registry.isa).module


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    # One build serves every form of the report.
    monkeypatch.setenv("TBLVM_CACHE_DIR", str(tmp_path.with_name(f"{tmp_path.name}-cache")))
    monkeypatch.delenv("TBLVM_CACHE_SIZE", raising=False)
    return tmp_path


def called(module: Module, name: str) -> Module:
    """*module* with everything called *name*."""
    debug = module.debug
    return replace(
        module,
        debug=replace(
            debug,
            source=name,
            functions=tuple(name for _ in debug.functions),
            types=(name, *debug.types[1:]),
            fields=((name,), *debug.fields[1:]),
            locals=((name,), *debug.locals[1:]),
        ),
    )


@pytest.mark.parametrize("kind", NAMES)
def test_names_in_modules(kind: str, module: Module) -> None:
    Path("it.tbc").write_bytes(tbc.write(called(module, NAMES[kind])))
    for line in COMMANDS:
        done = ran(line)
        assert done.exit_code == 0, (line, done.output, done.exception)
        assert not hidden(done.output), line
        # Others are no markup, and show names as they are.
        assert not line.endswith((" html", " md")) or not re.search(r"(?<!\\)<script", done.stdout), line
        if "json" in line:
            json.loads(done.stdout)
    trace = subprocess.run(["./out"], capture_output=True, check=False)
    assert trace.returncode == 134 and not hidden(trace.stderr.decode())
    assert len(trace.stderr.splitlines()) == 3
    Path("again.tba").write_text(ran("tblvm dis it.tbc").stdout)
    assert ran("tblvm verify again.tba").exit_code == 0
    assert {each.name for each in Path().iterdir()} == {"it.tbc", "out", "again.tba"}


@pytest.mark.parametrize("kind", NAMES)
def test_names_in_what_is_refused(kind: str, module: Module, registry: Registry) -> None:
    """The verifier's message, and that of what may not be in it, name functions."""
    named = called(module, NAMES[kind])
    first = replace(named.functions[0], code=bytes([registry.isa.find("POP").code]) + named.functions[0].code)
    Path("it.tbc").write_bytes(tbc.write(replace(named, functions=(first, *named.functions[1:]))))
    for line, status in (("tblvm verify it.tbc", 5), ("tbbuild it.tbc", 5)):
        done = ran(line)
        assert (done.exit_code, done.stdout) == (status, "") and not hidden(done.stderr), line
    Path("it.tbc").write_bytes(tbc.write(named))
    done = ran("tbbuild it.tbc --deny io")
    assert done.exit_code == 4 and "PRINT" in done.stderr and not hidden(done.stderr)


def test_a_name_of_a_megabyte_is_refused(module: Module) -> None:
    with pytest.raises(ModuleError, match="a name is longer than 65535 bytes"):
        tbc.write(called(module, "x" * (1 << 20)))
    long = "x" * 65535
    Path("it.tbc").write_bytes(tbc.write(called(module, long)))
    for line in ("tbbuild it.tbc -o out", "tbbuild it.tbc --report html -o out", "tblvm dis it.tbc"):
        assert ran(line).exit_code == 0
    trace = subprocess.run(["./out"], capture_output=True, check=False)
    assert trace.returncode == 134 and trace.stderr.startswith(b"tblvm: trap: integer divide by zero\n")


FILES = (
    *(b"-x.tba", b"q '\"; rm.tba", b"\xff\xfe.tba", b"new\nline <b>|%s{}.tba"),
    *("\u202ex\x1b[31m.tba".encode(), "caf\u00e9.tba".encode(), b"x" * 250 + b".tba"),
)


@pytest.mark.parametrize("name", FILES, ids=range(len(FILES)))
def test_names_of_files(name: bytes, place: Path) -> None:
    """The same bytes come out whatever the locale says about names."""
    folder = os.fsencode(place)
    (place / os.fsdecode(name)).write_text(TEXT)
    images = []
    others = ("C",) if b"\xff" in name or b"\xc3" in name else ()
    for number, locale in enumerate(("C.UTF-8", *others)):
        environment = {**os.environ, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        done = subprocess.run(
            [Path(sys.executable).with_name("tbbuild"), "-O", "traps.text=1", "--", name],
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b""), number
        assert not hidden(done.stdout.decode())
        images.append((place / os.fsdecode(name.removesuffix(b".tba"))).read_bytes())
    assert len(set(images)) == 1
    trace = subprocess.run(
        [folder + b"/" + name.removesuffix(b".tba")], capture_output=True, check=False
    ).stderr
    assert len(trace.splitlines()) == 3 and not hidden(trace.decode())


def test_files_that_are_not_there_are_named_without_harm() -> None:
    for name in ("\x1b[31mgone.tba", "new\nline.tba", "\u202egone.tba"):
        done = CliRunner().invoke(tbbuild, [name])
        assert done.exit_code == 2 and not hidden(done.stderr)
