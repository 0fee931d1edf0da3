"""The distribution: nothing of a room is missing from it, and it works where it is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.fresh import environment, install
from tests.programs import expected

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS: dict[str, str] = PROJECT["tool"]["setuptools"]["package-dir"]
# What is no part of the distribution.
ELSEWHERE = {"tests", "bench", "docs", "examples", "plugins", "build", "dist"}


def packages_on_disk() -> dict[str, str]:
    found = {}
    for path in ROOT.glob("*/**/__init__.py"):
        parts = path.parent.relative_to(ROOT).parts
        if parts[0] not in ELSEWHERE and not parts[0].startswith("."):
            name = "tblvm" if parts == ("tblvm",) else ".".join(("tblvm", *parts))
            found[name] = "/".join(parts)
    return found


def shipped_files() -> set[str]:
    """Files of the rooms that must be in a wheel, as it names them."""
    found = set()
    for package, folder in FOLDERS.items():
        for path in (ROOT / folder).rglob("*"):
            below = path.relative_to(ROOT / folder)
            inner = [part for part in below.parts[:-1] if part != "c"]
            if path.suffix in (".c", ".h", ".ld", ".py", ".css", ".js", ".json", ".mjs") and path.is_file():
                # What stands in a subpackage is found under the subpackage.
                if path.suffix in (".py", ".css", ".js", ".json") and inner:
                    continue
                if "__pycache__" not in below.parts:
                    found.add(f"{package.replace('.', '/')}/{below.as_posix()}")
    return found


def test_every_package_on_disk_is_listed_and_mapped() -> None:
    on_disk = packages_on_disk()
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == set(on_disk)
    assert on_disk == FOLDERS


def test_every_room_with_a_plugin_has_an_entry_point() -> None:
    points: dict[str, str] = PROJECT["project"]["entry-points"]["tblvm"]
    plugins = {
        name.removeprefix("tblvm."): f"{name}.plugin"
        for name, folder in packages_on_disk().items()
        if (ROOT / folder / "plugin.py").is_file()
    }
    assert points == plugins


def test_the_scripts_name_functions_that_exist() -> None:
    from importlib import import_module

    for target in PROJECT["project"]["scripts"].values():
        module, _, function = target.partition(":")
        assert callable(getattr(import_module(module), function))


def test_the_versions_agree() -> None:
    import tblvm

    assert tblvm.__version__ == PROJECT["project"]["version"]


# --- the distribution itself --------------------------------------------------------------------------


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was made from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


def only(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def test_the_wheel_holds_every_file_of_the_rooms_and_nothing_stale(built: Path) -> None:
    with zipfile.ZipFile(only(built, "*.whl")) as wheel:
        inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    wanted = shipped_files()
    assert (
        "tblvm/core/c/exe.ld" in wanted
        and "tblvm/tools/reference/page.css" in wanted
        and "tblvm/core/io/c/tb_io.h" in wanted
    )
    assert wanted - inside == set()
    assert {name for name in inside - wanted if not name.endswith("py.typed")} == set()


def test_the_wheel_has_the_header_of_the_c_api_and_says_that_it_is_typed(built: Path) -> None:
    with zipfile.ZipFile(only(built, "*.whl")) as wheel:
        assert wheel.read("tblvm/embed/c/tblvm.h") == (ROOT / "embed" / "c" / "tblvm.h").read_bytes()
        assert "tblvm/py.typed" in wheel.namelist() and "tblvm/embed/py.typed" in wheel.namelist()


def test_the_sdist_holds_what_the_wheel_is_made_of(built: Path) -> None:
    with tarfile.open(only(built, "*.tar.gz")) as sdist:
        inside = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"pyproject.toml", "LICENSE", "core/plugin.py", "core/c/tb.h"} <= inside


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of scripts of a fresh environment with the wheel, its dependencies from this one."""
    return environment(tmp_path_factory.mktemp("fresh"), only(built, "*.whl"))


PLUGINS = {"fixedpoint": ("FXMUL", "Product, wrapping."), "ledger": ("STATE_READ", "null where it has none")}


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plug_in_that_is_installed_is_there(name: str, installed: Path, tmp_path: Path) -> None:
    """A distribution of its own, beside the wheel: its opcodes work as built-in ones do."""
    opcode, said = PLUGINS[name]
    folder = ROOT / "plugins" / name
    copy = tmp_path / "source"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path, copy, cwd=tmp_path)
    install(installed / "python", only(tmp_path, "*.whl"))
    try:
        assert f"{name} (tblvm-{name} 0.1.0)" in run(installed / "tblvm", "plugins", cwd=tmp_path).stdout
        program = folder / "example.tba"
        output = run(installed / "tbbuild", "-q", program, "--run", cwd=tmp_path).stdout
        assert output.encode() == expected(program.read_text()).output
        assert said in " ".join(run(installed / "tblvm", "ops", opcode, cwd=tmp_path).stdout.split())
        words = [installed / "tbbuild", "-p", f"no:{name}", program]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 1 and "no opcode is called" in done.stderr
        if name == "ledger":
            code = "from tblvm_ledger.signatures import verify_signature as v; print(v(bytes(32), b'', bytes(64)))"
            assert run(installed / "python", "-c", code, cwd=tmp_path).stdout == "0\n"
    finally:
        pip = [sys.executable, "-m", "pip", "--python", str(installed / "python")]
        run(*pip, "uninstall", "--quiet", "--yes", f"tblvm-{name}", cwd=tmp_path)


def test_the_installed_wheel_builds_and_runs_a_program(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "hello.tba").write_text('.func main()\nCONST "installed\\n"\nPRINT\nHALT\n.end\n')
    code = "import tblvm.core, sys; print(tblvm.core.__file__)"
    where = run(installed / "python", "-c", code, cwd=tmp_path).stdout
    assert str(installed.parent) in where
    assert run(installed / "tbbuild", "-q", "hello.tba", "--run", cwd=tmp_path).stdout == "installed\n"
    assert run(installed / "tbbuild", "--version", cwd=tmp_path).stdout.startswith("tbbuild, version ")
    assert "gc.marksweep" in run(installed / "tblvm", "plugins", cwd=tmp_path).stdout
    run(installed / "tblvm", "ops", "--html", "isa.html", cwd=tmp_path)
    assert 'id="ADD"' in (tmp_path / "isa.html").read_text()


EMBEDS = """
from pathlib import Path
import tblvm

def ask(n: int) -> int:
    return n + 1

vm: tblvm.Instance = tblvm.load(
    Path("ask.tba"), fuel=1000, imports={"env": {"ask": ask, "more": tblvm.HostFunction(ask, "(i32) -> i32")}}
)
try:
    print(vm.call("go", 1), vm.run(stdin=b"").status, tblvm.__file__)
except tblvm.Trap as trap:
    print(trap.kind, [frame.line for frame in trap.frames])
"""


def test_the_installed_wheel_is_embedded(installed: Path, tmp_path: Path) -> None:
    """A script that loads a program, with all warnings as errors; a type checker knows what it uses."""
    program = '.import ask(n: i32) -> i32: "env", "ask"\n.func main()\nRET\n.end\n'
    (tmp_path / "ask.tba").write_text(program + ".func go(n: i32) -> i32\nLOAD n\nCALL ask\nRET\n.end\n")
    (tmp_path / "use.py").write_text(EMBEDS)
    said = run(installed / "python", "-W", "error", "use.py", cwd=tmp_path).stdout
    assert said.startswith("2 0 ") and str(installed.parent) in said
    (tmp_path / "wrong.py").write_text("import tblvm\ntblvm.Store(fule=5)\ntblvm.load(5, fuel=[])\n")
    words = ["-m", "mypy", "--strict", "--python-executable", installed / "python", "--config-file="]
    done = subprocess.run(
        [sys.executable, *map(str, words), "use.py", "wrong.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    found = [line.partition(": error: ")[0] for line in done.stdout.splitlines() if ": error: " in line]
    assert found == ["wrong.py:2", "wrong.py:3", "wrong.py:3"], done.stdout
