"""compile: the executable and what is not in it; errors of the toolchain; the same bytes every time."""

from __future__ import annotations

import dataclasses
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from tblvm.builder import compile as compiler
from tblvm.builder.compile import compile_
from tblvm.builder.compose import CAGE_ADDRESS
from tblvm.builder.emit import Sources, Unit
from tblvm.builder.pipeline import Artifact, build, translate
from tblvm.builder.resolve import Request
from tblvm.core.errors import BuildError
from tblvm.core.registry import Registry
from tests.harness import TARGETS

Build = Callable[..., Artifact]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["hello.tba", "divide.tba", "boxes.tba"])
def test_no_segment_is_writable_and_executable_and_nothing_is_linked_at_run_time(
    builds: Build, name: str, target: str
) -> None:
    elf = ELFFile(io.BytesIO(builds(name, target=target).image))
    assert elf.header["e_type"] == "ET_EXEC"
    segments = list(elf.iter_segments())
    kinds = {segment["p_type"] for segment in segments}
    assert kinds == {"PT_LOAD", "PT_GNU_STACK"}  # no interpreter, no dynamic section
    for segment in segments:
        assert segment["p_flags"] & 3 != 3, "writable and executable"
    stack = next(each for each in segments if each["p_type"] == "PT_GNU_STACK")
    assert not stack["p_flags"] & 1
    entry = elf.header["e_entry"]
    code = next(s for s in segments if s["p_vaddr"] <= entry < s["p_vaddr"] + s["p_memsz"])
    assert code["p_flags"] == 5


@pytest.mark.parametrize(
    ("target", "page"), [("x86_64-linux", 4096), ("aarch64-linux", 65536), ("riscv64-linux", 4096)]
)
@pytest.mark.parametrize("name", ["hello.tba", "boxes.tba"])
def test_segments_fit_pages_of_every_size_that_a_kernel_may_have(
    builds: Build, name: str, target: str, page: int
) -> None:
    """What a kernel maps of a file are whole pages, each with one set of rights."""
    elf = ELFFile(io.BytesIO(builds(name, target=target).image))
    ends = 0
    for each in elf.iter_segments("PT_LOAD"):
        assert (each["p_vaddr"] - each["p_offset"]) % page == 0
        assert each["p_align"] == page
        assert each["p_vaddr"] // page * page >= ends
        ends = -(-(each["p_vaddr"] + each["p_memsz"]) // page) * page
    assert ends <= CAGE_ADDRESS and CAGE_ADDRESS % page == 0


def symbols_of(made: Artifact) -> set[str]:
    table = ELFFile(io.BytesIO(made.image)).get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    return {symbol.name for symbol in table.iter_symbols() if symbol.name}


def test_what_a_program_does_not_use_leaves_no_byte(builds: Build) -> None:
    small, large = builds("hello.tba", symbols=True), builds("boxes.tba", symbols=True)
    ours = symbols_of(small)
    assert {"tb_run", "tb_io_print_string", "_start"} <= ours
    # The other program's runtime shows what these symbols would look like.
    absent = ("marksweep", "walk", "trace", "traps", "heap", "cage", "print_i32")
    theirs = symbols_of(large)
    for word in absent:
        assert any(word in name for name in theirs), word
        assert not any(word in name for name in ours), word
    undefined = [name for name in ours if name in ("malloc", "printf", "__libc_start_main", "memcpy")]
    assert not undefined


def test_only_the_opcodes_of_the_program_have_rows(builds: Build) -> None:
    rows = builds("hello.tba").footprint.rows
    assert {row.item for row in rows if row.opcode} == {"CONST", "PRINT", "HALT"}
    used = {row.owner for row in rows}
    assert used <= {
        "core",
        "core.entry",
        "core.switch",
        "io.output",
        "platform.x86_64-linux",
        "stack",
        "program",
        "(headers)",
        "(padding)",
    }


@pytest.mark.parametrize("target", TARGETS)
def test_the_layout_is_the_same_with_and_without_symbols(builds: Build, target: str) -> None:
    def loaded(made: Artifact) -> list[bytes]:
        elf = ELFFile(io.BytesIO(made.image))
        first = next(s for s in elf.iter_segments() if s["p_type"] == "PT_LOAD")
        headers = elf.header["e_ehsize"] + elf.header["e_phnum"] * elf.header["e_phentsize"]
        return [first.data()[headers:]]

    shipped = builds("hello.tba", target=target)
    assert loaded(shipped) == loaded(builds("hello.tba", symbols=True, target=target))


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_program_gives_the_same_bytes_wherever_it_is(
    builds: Build, registry: Registry, programs: Path, tmp_path: Path, target: str
) -> None:
    for name in ("hello.tba", "boxes.tba"):
        other = tmp_path / "elsewhere" / name
        other.parent.mkdir(exist_ok=True)
        other.write_bytes((programs / name).read_bytes())
        module = translate(other.read_bytes(), str(other), registry)
        again = build(module, registry, Request(target=target), keep=tmp_path / "kept")
        assert again.sha256 == builds(name, target=target).sha256


def test_another_process_in_another_folder_gives_the_same_bytes(
    builds: Build, programs: Path, tmp_path: Path
) -> None:
    tool = Path(sys.executable).with_name("tbbuild")
    folder = tmp_path / "away"
    folder.mkdir()
    subprocess.run([tool, "-q", programs / "divide.tba", "-o", "out"], cwd=folder, check=True)
    assert (folder / "out").read_bytes() == builds("divide.tba").image


def test_constants_use_all_64_bits(builds: Build, tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(builds("negative.tba").image)
    (tmp_path / "program").chmod(0o755)
    assert subprocess.run([tmp_path / "program"], capture_output=True, check=True).stdout == b"-1.0-1"


def test_the_generated_c_can_be_kept(builds: Build, registry: Registry, tmp_path: Path) -> None:
    made = builds("hello.tba")
    compile_(made.sources, made.plan.target, keep=tmp_path / "kept")
    kept = {
        path.name: path.read_text() for path in (tmp_path / "kept").iterdir() if path.suffix in (".c", ".h")
    }
    units = (*made.sources.units, made.sources.layout)
    assert kept == {**{unit.name: unit.text for unit in units}, **made.sources.headers}


@pytest.mark.parametrize("features", [("core.fuel",), ("core.interrupt",), ("core.fuel", "core.interrupt")])
def test_what_never_polls_can_have_limits(features: tuple[str, ...], builds: Build) -> None:
    """Without a call or a loop, nothing asks whether they are reached."""
    assert builds("hello.tba", features=features).image


def with_engine(sources: Sources, text: str) -> Sources:
    return dataclasses.replace(sources, units=(Unit("engine.c", "x", text),))


def test_messages_of_the_compiler_are_shown(builds: Build) -> None:
    made = builds("halt.tba")
    sources = with_engine(made.sources, "this is no C\n")
    with pytest.raises(BuildError, match=r"the C compiler failed:\n(.|\n)*engine\.c:1:1: error: ") as error:
        compile_(sources, made.plan.target)
    assert error.value.status == 3


def test_symbols_that_nothing_defines_are_an_error(builds: Build) -> None:
    made = builds("halt.tba")
    text = "void gone(void);\nvoid _start(void);\nvoid _start(void) { gone(); }\n"
    told = r"micro-library x uses gone \(engine\.c:3\), which no C in this runtime defines"
    with pytest.raises(BuildError, match=told):
        compile_(with_engine(made.sources, text), made.plan.target)


def test_a_missing_compiler_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BuildError, match=r"the compiler is missing: pip install ziglang==0\.17\.0"):
        compiler.zig()
