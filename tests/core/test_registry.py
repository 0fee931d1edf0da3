"""The registry: how plug-ins are found, what happens when they conflict or do not load."""

from __future__ import annotations

import importlib.metadata
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tblvm.core.errors import UsageError
from tblvm.core.registry import Registry, choose, load

HEAD = """\
from pathlib import Path
from tblvm.core.hookspecs import hookimpl
from tblvm.core.parts import MicroLibrary, Mode, Option
from tblvm.opcodes import CORE, OpcodeSet, Page, i32
"""


def plugin(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.py"
    path.write_text(HEAD + text)
    return path


def libraries(text: str) -> str:
    return f"@hookimpl\ndef tblvm_micro_libraries():\n    return [{text}]\n"


def test_built_in_rooms_are_found_by_their_entry_points(registry: Registry) -> None:
    names = [each.name for each in registry.plugins]
    assert names == sorted(names)
    assert {"core", "core.io", "stack", "memory", "gc", "builder"} <= set(names)
    assert all(each.origin.startswith("tblvm ") for each in registry.plugins)


def test_what_rooms_contribute_is_there(registry: Registry) -> None:
    assert "ADD" in {opcode.name for opcode in registry.isa}
    assert "switch" in registry.engines and "x86_64-linux" in registry.targets
    assert {"default", "nano", "micro"} <= set(registry.modes)
    assert {"text", "json"} <= set(registry.report_formats)
    assert [each.name for each in registry.front_ends][:2] == ["tbc", "assembly"]


@pytest.mark.parametrize(
    ("content", "name", "front_end"),
    [
        (b"TBCO", "prog", "tbc"),
        (b"TBCO", "prog.tba", "tbc"),
        (b"; a comment\n\n  .func main()", "prog", "assembly"),
        (b"ADD", "prog.tba", "assembly"),
        (b"ADD", "prog", ""),
        (b".\0", "prog.tba", ""),
        (b"", "prog", ""),
    ],
)
def test_content_says_what_a_program_is(
    registry: Registry, content: bytes, name: str, front_end: str
) -> None:
    found = [each.name for each in registry.front_ends if each.recognises(content, name)]
    assert (found or [""])[0] == front_end


def test_options(registry: Registry) -> None:
    assert registry.options["heap"][0].name == "memory.cage"


def test_interfaces_list_who_fills_them_smallest_first(registry: Registry) -> None:
    for interface, those in registry.interfaces.items():
        assert [(each.size, each.name) for each in those] == sorted((each.size, each.name) for each in those)
        assert all(interface in each.provides for each in those)
    assert next(iter(registry.interfaces["heap"])).name == "memory.bump"


def test_everything_that_is_required_is_a_library_or_an_interface(registry: Registry) -> None:
    known = set(registry.libraries) | set(registry.interfaces)
    for each in registry.libraries.values():
        assert set(each.requires) <= known, each.name
        assert set(each.conflicts) <= known, each.name
    for opcode in registry.isa:
        assert {d.library for d in opcode.declarations} <= set(registry.libraries), opcode.label
    for mode in registry.modes.values():
        assert set(mode.deny) <= known, mode.name


def test_files_that_libraries_name_exist(registry: Registry) -> None:
    for each in registry.libraries.values():
        for source in each.sources:
            assert (each.room / source).is_file(), f"{each.name}: {source}"
        for folder in each.headers:
            assert (each.room / folder).is_dir(), f"{each.name}: {folder}"


# --- loose plug-ins -----------------------------------------------------------------------------------


def test_a_file_and_a_folder_are_plugins(tmp_path: Path) -> None:
    file = plugin(tmp_path, "one", libraries("MicroLibrary('one', 'a', Path())"))
    (tmp_path / "two").mkdir()
    plugin(tmp_path / "two", "plugin", libraries("MicroLibrary('two', 'b', Path())"))
    found = load([file, tmp_path / "two"])
    assert {"one", "two"} <= set(found.libraries)
    assert [(each.name, each.origin) for each in found.plugins[-2:]] == [
        ("one", str(file)),
        ("two", str(tmp_path / "two")),
    ]
    assert found.contributions(found.plugins[-1]) == {"micro libraries": ("two",)}


def test_the_same_file_named_twice_is_one_plugin(tmp_path: Path) -> None:
    file = plugin(tmp_path, "same", libraries("MicroLibrary('same', 'a', Path())"))
    assert len(load([file, file]).plugins) == len(load([file]).plugins)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0\n", "plug-in .*broken.py does not load: ZeroDivisionError: division by zero"),
        ("import nowhere_at_all\n", "does not load: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        (
            "@hookimpl\ndef tblvm_opcode():\n    return []\n",
            r"broken\.py: no hook is called tblvm_opcode; did you mean tblvm_opcodes\?",
        ),
    ],
)
def test_a_plugin_that_does_not_load_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        load([plugin(tmp_path, "broken", text)])
    assert error.value.status == 2
    assert error.value.__cause__ is not None  # for --debug


def test_what_is_no_plugin_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no plug-in at .*gone: name a Python file, or a folder"):
        load([tmp_path / "gone"])
    with pytest.raises(UsageError, match="there is no plug-in at"):
        load([tmp_path])
    (tmp_path / "text.txt").write_text("x = 1\n")
    with pytest.raises(UsageError, match="is no Python file"):
        load([tmp_path / "text.txt"])


# --- conflicts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what", "message"),
    [
        (
            libraries("MicroLibrary('gc.marksweep', '', Path())"),
            "libraries",
            "both have a micro-library called gc.marksweep",
        ),
        (
            libraries("MicroLibrary('collector', '', Path())"),
            "libraries",
            "collector is the name of a micro-library and an interface of gc.marksweep",
        ),
        (
            libraries("MicroLibrary('x', '', Path(), options=(Option('heap', 0, 'size', 'X', ''),))"),
            "options",
            "memory.cage and x both have an option heap",
        ),
        (
            "@hookimpl\ndef tblvm_modes():\n    return [Mode('nano', '')]\n",
            "modes",
            "both have a mode called nano",
        ),
        (
            "op = OpcodeSet(Page('x', prefix=0x64), library='x')\n"
            "@hookimpl\ndef tblvm_opcodes():\n    return [op]\n",
            "isa",
            "the installed plug-ins' opcodes conflict: pages object and x both have prefix 0x64",
        ),
        (
            "op = OpcodeSet(CORE, library='x')\n"
            "@op(0x10, 'PLUS')\ndef plus(a: i32, b: i32) -> i32:\n    '''Sum.'''\n    return a + b\n"
            "@hookimpl\ndef tblvm_opcodes():\n    return [op]\n",
            "isa",
            "core 0x10 is declared as ADD and as PLUS",
        ),
    ],
)  # fmt: skip
def test_conflicting_contributions_are_errors(tmp_path: Path, text: str, what: str, message: str) -> None:
    found = load([plugin(tmp_path, "clash", text)])
    with pytest.raises(UsageError, match=message):
        getattr(found, what)


# --- entry points -------------------------------------------------------------------------------------


def with_entry_points(monkeypatch: pytest.MonkeyPatch, *more: EntryPoint) -> None:
    real = importlib.metadata.entry_points

    def entry_points(**select: str) -> list[EntryPoint]:
        return [*real(**select), *more]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)


def test_a_broken_installed_plugin_is_named_and_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with_entry_points(monkeypatch, EntryPoint("broken", "nowhere_at_all.plugin", "tblvm"))
    with pytest.raises(
        UsageError, match=r"plug-in broken \(nowhere_at_all.plugin\) does not load: Module.*-p no:broken"
    ):
        load(autoload=True)
    assert "core" in {each.name for each in load(autoload=False).plugins}
    assert "core" in {each.name for each in load(["no:broken"]).plugins}
    monkeypatch.setenv("TBLVM_DISABLE_PLUGIN_AUTOLOAD", "1")
    assert "core" in {each.name for each in load().plugins}


def test_installed_plugins_are_switched_on_and_off_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "some_plugin.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with_entry_points(monkeypatch, EntryPoint("some", "some_plugin", "tblvm"))

    def names(*paths: str, autoload: bool) -> set[str]:
        return {each.name for each in load(paths, autoload=autoload).plugins}

    assert "some" in names(autoload=True) and "some" not in names(autoload=False)
    assert "some" in names("some", autoload=False)
    assert "some" not in names("no:some", autoload=True)
    assert "gc" not in names("no:gc", autoload=True) and "core" in names("no:gc", autoload=True)
    with pytest.raises(UsageError, match=r"no plug-in is called smoe; did you mean some\?"):
        load(["no:smoe"])
    Path("some").write_text("")  # what is there by that name is meant
    with pytest.raises(UsageError, match="some is no Python file"):
        load(["some"])


def test_a_plugin_that_is_listed_twice_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with_entry_points(monkeypatch, EntryPoint("core", "tblvm.core.plugin", "tblvm"))
    assert [each.name for each in load().plugins].count("core") == 1


# --- names --------------------------------------------------------------------------------------------


def test_choosing_suggests_the_closest_name() -> None:
    assert choose("fruit", "apple", ["pear", "apple"]) == "apple"
    with pytest.raises(UsageError, match=r"no fruit is called aple; did you mean apple\?"):
        choose("fruit", "aple", ["pear", "apple"])
    with pytest.raises(UsageError, match="no fruit is called xyz; there are: apple, pear"):
        choose("fruit", "xyz", ["pear", "apple"])
