"""compose: numbers, tables, the order of calls; emit: the C that comes of it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tblvm.builder.compose import numbers
from tblvm.builder.emit import emit, image, plan_header
from tblvm.builder.pipeline import Artifact
from tblvm.core.errors import BuildError
from tblvm.core.parts import MicroLibrary, Table

Build = Callable[..., Artifact]
HERE = Path(__file__).parent


def test_handlers_without_operands_have_the_lowest_numbers(builds: Build) -> None:
    handlers = builds("divide.tba").composition.handlers
    assert [handler.number for handler in handlers] == list(range(len(handlers)))
    operands = [handler.uses[0].operands(1) for handler in handlers]
    assert sorted(operands) == operands


def test_every_form_has_one_number_and_the_code_uses_them(builds: Build) -> None:
    made = builds("hello.tba")
    assert set(numbers(made.composition.handlers)) == set(made.need.uses)
    code = made.composition.program.code
    assert [code[0], code[2], code[3]] == [
        next(h.number for h in made.composition.handlers if h.label == name)
        for name in ("CONST", "PRINT", "HALT")
    ]


def test_the_tables_are_those_that_the_plan_reads(builds: Build) -> None:
    assert {table.name for table in builds("hello.tba").composition.tables} == {
        "code",
        "functions",
        "pool",
        "strings",
    }
    assert "trace" in {table.name for table in builds("divide.tba").composition.tables}


def library(name: str, **more: object) -> MicroLibrary:
    return MicroLibrary(name=name, doc="", room=HERE, **more)  # type: ignore[arg-type]


def with_libraries(made: Artifact, *libraries: MicroLibrary) -> Artifact:
    plan = dataclasses.replace(
        made.plan,
        libraries=libraries,
        interfaces={i: each.name for each in libraries for i in each.provides},
    )
    return dataclasses.replace(made, composition=dataclasses.replace(made.composition, plan=plan))


def test_what_a_library_requires_starts_before_it_and_finishes_after_it(builds: Build) -> None:
    a = library("a", requires=("thing",), on_start=("start_a",), on_finish=("finish_a",))
    z = library("z", provides=("thing",), on_start=("start_z",), on_finish=("finish_z",))
    composition = with_libraries(builds("halt.tba"), a, z).composition
    assert composition.calls("on_start") == ["start_z", "start_a"]
    assert composition.calls("on_finish") == ["finish_a", "finish_z"]


def test_libraries_that_require_each_other_still_start(builds: Build) -> None:
    a = library("a", requires=("b",), on_start=("start_a",))
    b = library("b", requires=("a",), on_start=("start_b",))
    composition = with_libraries(builds("halt.tba"), a, b).composition
    assert sorted(composition.calls("on_start")) == ["start_a", "start_b"]


# --- emit ---------------------------------------------------------------------------------------------


def test_one_unit_for_the_engine_the_image_and_each_library_with_c(builds: Build) -> None:
    made = builds("hello.tba")
    owners = [unit.owner for unit in made.sources.units]
    assert owners[:2] == ["core.switch", "program"]
    assert owners[2:] == [each.name for each in made.plan.libraries if each.sources]


def test_the_engine_has_a_case_for_each_handler_and_no_other(builds: Build) -> None:
    made = builds("hello.tba")
    text = made.sources.units[0].text
    assert re.findall(r"op_(\d+): \{", text) == [str(each.number) for each in made.composition.handlers]
    marks = re.findall(r'#line 1 "tb-op:(.*)"', text)
    assert marks == [f"{h.library}:{h.label}:{h.number}" for h in made.composition.handlers]


def test_options_members_and_traps_are_in_the_header(builds: Build) -> None:
    text = plan_header(builds("divide.tba", options={"stack": 100}).composition)
    assert "#define TB_STACK_CELLS 100\n" in text
    assert "#define TB_TRAP_DIVIDE_BY_ZERO 1u" in text
    assert 'TB_TRAP_MESSAGES "integer divide by zero\\0stack overflow\\0"' in text
    assert "  cell *sp;" in text
    assert "((void)(trap), 0)" not in text  # core.traps has the report
    assert text.count("#define TB_REPORT(cx, trap) tb_traps_report(cx, trap)") == 1


def test_where_nothing_traps_the_report_is_empty(builds: Build) -> None:
    assert "#define TB_REPORT(cx, trap) ((void)(trap), 0)" in plan_header(builds("hello.tba").composition)


def test_tables_are_printed_as_numbers() -> None:
    text = image((Table("x", "u16", b"\x01\x00\xff\xff", align=2), Table("y", "struct s", b"\x07", align=4)))
    assert "const u16 tb_image_x[] = {\n  1u, 65535u,\n};" in text
    assert "const u8 tb_image_y[] = {\n  7u,\n};" in text
    assert "_Alignas(4)" in text


def test_tables_of_bytes_are_string_literals_where_the_compiler_takes_them() -> None:
    data = bytes(range(256)) + b'1??/\\"7'
    tables = (Table("x", "u16", b"\x01\x00", align=2), Table("y", "struct s", data, align=4))
    text = image(tables, literals=True)
    assert "const u16 tb_image_x[] = {\n  1u,\n};" in text
    assert f"_Alignas(4) const u8 tb_image_y[{len(data)}] TB_NONSTRING =" in text
    body = text[text.index("TB_NONSTRING =") :]
    written = "".join(re.findall(r'^  "(.*)";?$', body, re.MULTILINE))
    found = re.sub(
        r"\\([0-7]{3})|([^\\])", lambda each: chr(int(each[1], 8)) if each[1] else each[2], written
    )
    assert found.encode("latin-1") == data
    assert not set('"\\?') & set(re.sub(r"\\\d{3}", "", written))


def test_texts_are_string_literals_of_their_bytes(builds: Build) -> None:
    text = 'a"b\\c??/1ä'
    header = plan_header(builds("pixel.tba", options={"screen.file": text}).composition)
    [literal] = re.findall(r'#define TB_SCREEN_FILE "(.*)"', header)
    assert not set('"\\?') & set(re.sub(r"\\\d{3}", "", literal))
    assert (
        re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), literal).encode("latin-1") == text.encode()
    )


def test_a_library_that_lacks_its_file_is_named(builds: Build) -> None:
    broken = with_libraries(builds("halt.tba"), library("broken", sources=("c/gone.c",)))
    with pytest.raises(
        BuildError, match=r"micro-library broken lacks its file c/gone\.c: reinstall its plug-in"
    ):
        emit(broken.composition)


def test_the_same_composition_gives_the_same_c(builds: Build) -> None:
    made = builds("boxes.tba")
    assert emit(made.composition) == made.sources
