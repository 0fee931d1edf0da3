"""The rooms stay apart: who imports whom, and that nothing generic knows a particular micro-library."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tblvm.core.registry import Registry

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "core",
    "core/devices",
    "core/host",
    "core/aot",
    "core/io",
    "core/numeric",
    "core/scripts",
    "core/superinstructions",
    "core/threaded",
    "opcodes",
    "opcodes/primitives",
    "stack",
    "memory",
    "gc",
    "embed",
    "isolation",
    "isolation/jobs",
    "isolation/keys",
    "wasi",
    "builder",
    "frontends",
    "frontends/c",
    "frontends/wasm",
    "frontends/wasm/conformance",
    "tools",
    "tools/reference",
)
# These work for every micro-library alike: none may know one.
GENERIC = ("core", "opcodes", "builder", "tools")


def files(room: str) -> list[Path]:
    """What is written for all micro-libraries: packages of a room's own are micro-libraries themselves."""
    own = [ROOT / each for each in PACKAGES if each.startswith("core/")]
    return [path for path in sorted((ROOT / room).rglob("*.py")) if not set(path.parents) & set(own)]


def docstrings(tree: ast.AST) -> set[ast.expr]:
    found: set[ast.expr] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(first.value)
    return found


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every string literal that is no docstring, pieces of f-strings too."""
    skip = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in skip:
            yield node.lineno, node.value


def foreign_names(tree: ast.AST, names: set[str], words: set[str]) -> list[tuple[int, str]]:
    """Literals that name a micro-library, or something of it; *words* have other meanings by themselves."""
    return [
        (line, text)
        for line, text in texts(tree)
        if any((text == name and name not in words) or text.startswith(name + ".") for name in names)
    ]


@pytest.mark.parametrize("room", GENERIC)
def test_generic_rooms_name_no_micro_library_of_others(registry: Registry, room: str) -> None:
    own = {each.name for each in registry.libraries.values() if each.room == ROOT / room}
    others = set(registry.libraries) - own - set(registry.interfaces)
    # `stack` is an option too, and `core` a page: both are public names.
    words = set(registry.options) | set(registry.isa.pages)
    paths = files(room)
    assert paths and others
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for path in paths
        for line, text in foreign_names(ast.parse(path.read_text()), others, words)
    ]
    assert found == []


def test_the_check_finds_names() -> None:
    tree = ast.parse('"""gc.x in a docstring"""\na = "gc"\nb = f"gc.marksweep {a}"\nc = "gcc"\n')
    assert foreign_names(tree, {"gc"}, set()) == [(2, "gc"), (3, "gc.marksweep ")]
    assert foreign_names(tree, {"gc"}, {"gc"}) == [(3, "gc.marksweep ")]


# --- imports ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", [each for each in PACKAGES if each != "opcodes/primitives"])
def test_a_package_refuses_another_name(package: str) -> None:
    name = package.rsplit("/", 1)[-1]
    text = (ROOT / package / "__init__.py").read_text()
    real = "tblvm." + package.replace("/", ".")
    with pytest.raises(ImportError, match=f"this package is {real}: install tblvm"):
        exec(compile(text, "__init__.py", "exec"), {"__name__": name})


def test_from_the_root_a_room_cannot_be_imported_by_its_folder_s_name() -> None:
    code = "import sys; sys.path.insert(0, '.'); import core"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "ImportError: this package is tblvm.core" in done.stderr


def is_type_checking(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports(path: Path, *, everywhere: bool) -> Iterator[tuple[int, str]]:
    """(line, full module name) of each import at run time: of the module's own level, or everywhere in it."""
    package = ["tblvm", *path.relative_to(ROOT).parent.parts]
    if package[1:2] == ["tblvm"]:
        package = package[1:]

    def visit(nodes: list[ast.stmt]) -> Iterator[tuple[int, str]]:
        for node in nodes:
            if is_type_checking(node):
                yield from visit(node.orelse)  # type: ignore[attr-defined]
            elif isinstance(node, ast.Import):
                yield from ((node.lineno, each.name) for each in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else []
                module = ".".join([*base, *([node.module] if node.module else [])])
                yield node.lineno, module
                yield from ((node.lineno, f"{module}.{each.name}") for each in node.names)
            elif everywhere or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                for name in ("body", "orelse", "finalbody"):
                    yield from visit([n for n in getattr(node, name, []) if isinstance(n, ast.stmt)])
                for handler in getattr(node, "handlers", []):
                    yield from visit(handler.body)

    yield from visit(ast.parse(path.read_text()).body)


def importers(rooms: tuple[str, ...], of: str, *, everywhere: bool) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for room in rooms
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, name in imports(path, everywhere=everywhere)
        if name == of or name.startswith(of + ".")
    ]


def test_opcodes_import_nothing_of_core_up_front() -> None:
    found = importers(("opcodes",), "tblvm.core", everywhere=False)
    assert [each for each in found if "/plugin.py:" not in each] == []


def test_opcodes_import_no_other_room_at_all() -> None:
    for room in ("stack", "memory", "gc", "builder"):
        assert importers(("opcodes",), f"tblvm.{room}", everywhere=True) == []


def test_the_builder_is_imported_by_the_tools_only() -> None:
    rooms = ("core", "opcodes", "stack", "memory", "gc", "tblvm")
    found = importers(rooms, "tblvm.builder", everywhere=True)
    assert found == []
    assert importers(("tools",), "tblvm.builder", everywhere=True), "the tools call the builder"


def test_the_tools_are_imported_by_the_command_and_the_test_kit_only() -> None:
    rooms = ("core", "opcodes", "stack", "memory", "gc", "builder", "tblvm")
    found = importers(rooms, "tblvm.tools", everywhere=True)
    faces = ("tblvm/__main__.py:", "tblvm/testing.py:")
    assert [each for each in found if not each.startswith(faces)] == []


def test_core_imports_no_room_but_opcodes() -> None:
    for room in ("stack", "memory", "gc"):
        assert importers(("core",), f"tblvm.{room}", everywhere=True) == []


def test_no_module_imports_itself_through_others() -> None:
    """Each module can be the first one that is imported."""
    names = [
        ".".join(["tblvm", *path.relative_to(ROOT).with_suffix("").parts])
        for package in PACKAGES
        for path in (ROOT / package).glob("*.py")
        if path.name != "__init__.py"
    ]
    graph = {name: set[str]() for name in names}
    for package in PACKAGES:
        for path in (ROOT / package).glob("*.py"):
            name = ".".join(["tblvm", *path.relative_to(ROOT).with_suffix("").parts])
            if name in graph:
                graph[name] = {found for _, found in imports(path, everywhere=False) if found in graph}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " → ".join([*above, name])
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, (*above, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())
    for name in names:
        importlib.import_module(name)
