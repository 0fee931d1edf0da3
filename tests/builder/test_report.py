"""measure and report: every byte has one row, rows sum to the file, reasons name the place."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from tblvm.builder.measure import Footprint
from tblvm.builder.pipeline import Artifact
from tblvm.builder.report import report_of, to_json
from tblvm.builder.report_text import show_text
from tblvm.builder.rows import NativeStack, Row
from tblvm.core.program import type_sizes
from tblvm.core.registry import Registry
from tests.harness import TARGETS

Build = Callable[..., Artifact]
ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.tba"))
OTHERS = [target for target in TARGETS if target != "x86_64-linux"]
SMALL = ["hello.tba", "halt.tba", "status.tba", "divide.tba", "free.tba", "boxes.tba", "cells.tba"]


def check_sums(made: Artifact) -> None:
    footprint = made.footprint
    assert footprint.file_size == len(made.image)
    assert sum(row.size for row in footprint.rows if row.in_file) == len(made.image)
    assert all(row.size >= 0 for row in footprint.rows)
    assert footprint.native_stack.bytes is not None, footprint.native_stack
    known = {each.name for each in made.plan.libraries} | {"program", "(headers)", "(padding)"}
    assert {row.owner for row in footprint.rows} <= known


@pytest.mark.parametrize("name", SMALL)
def test_rows_of_small_programs_sum_to_the_file(builds: Build, name: str) -> None:
    check_sums(builds(name))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_rows_of_the_examples_sum_to_the_file(builds: Build, path: Path) -> None:
    check_sums(builds(path))


@pytest.mark.parametrize("target", OTHERS)
@pytest.mark.parametrize("name", ["hello.tba", EXAMPLES[0]], ids=["hello", EXAMPLES[0].stem])
def test_rows_sum_to_the_file_on_other_targets(builds: Build, name: str | Path, target: str) -> None:
    """The same opcodes have bytes there, the same tables the same."""
    here, made = builds(name), builds(name, target=target)
    check_sums(made)

    def names(artifact: Artifact) -> set[tuple[str, str]]:
        return {(row.owner, row.item) for row in artifact.footprint.rows if row.opcode}

    assert names(made) == names(here)
    assert made.footprint.total("rodata", program=True) == here.footprint.total("rodata", program=True)
    assert not any(row.owner == "(toolchain)" for row in made.footprint.rows)
    padding = next(row.size for row in made.footprint.rows if row.owner == "(padding)")
    assert padding < 64


@pytest.mark.parametrize("target", OTHERS)
def test_the_line_table_gives_each_handler_its_instructions(
    builds: Build, target: str, tmp_path: Path
) -> None:
    """An independent reader of the line table, which on RISC-V the linker has changed, finds the same."""
    linked = builds(EXAMPLES[0], target=target).linked
    (tmp_path / "full").write_bytes(linked.full)
    words = ["readelf", "--wide", "--debug-dump=decodedline", "full"]
    listing = subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    words = ["readelf", "--wide", "--symbols", "full"]
    symbols = subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    engine = next(line.split() for line in symbols.splitlines() if line.endswith(" tb_run"))
    start, size = int(engine[1], 16), int(engine[2])
    rows = re.findall(r"^(\S+) +(\d+|-) +0x([0-9a-f]+)", listing, flags=re.M)
    places = [(int(at, 16), file) for file, _, at in rows if start <= int(at, 16) < start + size]
    expected: dict[str, int] = {}
    for (at, file), (after, _) in zip(places, [*places[1:], (start + size, "")], strict=True):
        if file.startswith("tb-op:"):
            label = file.split(":")[2]
            expected[label] = expected.get(label, 0) + after - at
    found = {row.item: row.size for row in builds(EXAMPLES[0], target=target).footprint.rows if row.opcode}
    assert expected == found


def test_with_symbols_the_rows_still_sum_to_the_file(builds: Build) -> None:
    check_sums(builds("hello.tba", symbols=True))


def test_padding_is_no_place_to_hide_bytes(builds: Build) -> None:
    for name in SMALL:
        padding = next(row.size for row in builds(name).footprint.rows if row.owner == "(padding)")
        assert padding < 64, name


def table(text: str) -> dict[str, list[int]]:
    """Rows of the text report: name -> text, rodata, data, bss, memory, file."""
    rows = {}
    for line in text.splitlines():
        cells = line.split()
        if len(cells) > 6 and all(re.fullmatch(r"[\d,]+|·", cell) for cell in cells[1:7]):
            rows[cells[0]] = [int(cell.replace(",", "").replace("·", "0")) for cell in cells[1:7]]
    return rows


@pytest.mark.parametrize("name", ["hello.tba", "boxes.tba"])
def test_the_total_is_the_sum_of_all_rows(builds: Build, name: str) -> None:
    made = builds(name)
    rows = table(show_text(report_of(name, made)))
    total = rows.pop("TOTAL")
    assert [sum(column) for column in zip(*rows.values(), strict=True)] == total
    assert total[5] == len(made.image)


def test_reasons_name_function_and_line(builds: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = show_text(report_of("hello.tba", builds("hello.tba")))
    assert "main (hello.tba:2) → CONST → core" in text
    assert "main (hello.tba:3) → PRINT → io.output" in text


def test_no_format_writes_control_codes(builds: Build, registry: Registry) -> None:
    for each in registry.report_formats.values():
        text = each.show(report_of("boxes.tba", builds("boxes.tba")))
        assert text.endswith("\n") and "gc.marksweep" in text
        assert not any(ord(char) < 32 and char != "\n" for char in text), each.name


def test_the_text_has_no_control_codes_and_names_the_artifact(builds: Build) -> None:
    made = builds("boxes.tba")
    text = show_text(report_of("boxes.tba", made))
    assert "\x1b" not in text and "\r" not in text
    assert f"sha256 {made.sha256}" in text
    assert f"{made.footprint.runtime:,} bytes of text and rodata" in text


def test_a_narrow_terminal_cuts_reasons_and_no_number(builds: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = []
    for width in ("60", "300"):
        monkeypatch.setenv("COLUMNS", width)
        tables.append(table(show_text(report_of("boxes.tba", builds("boxes.tba")))))
    assert tables[0] == tables[1]


@pytest.mark.parametrize(
    ("name", "mode"), [("hello.tba", "default"), ("boxes.tba", "micro"), ("free.tba", "nano")]
)
def test_the_json_report_follows_its_schema_and_sums(builds: Build, name: str, mode: str) -> None:
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    made = builds(name, mode=mode)
    data = json.loads(to_json(report_of(name, made)))
    jsonschema.validate(data, schema, cls=jsonschema.Draft202012Validator)
    assert (
        sum(row["size"] for row in data["rows"] if row["kind"] not in ("bss", "memory")) == data["file_bytes"]
    )
    for kind, total in data["totals"].items():
        assert sum(row["size"] for row in data["rows"] if row["kind"] == kind) == total
    assert data["sha256"] == made.sha256
    assert len(data["budgets"]) == {"default": 0, "micro": 1, "nano": 2}[mode]


def test_the_schema_notices_a_foreign_member(builds: Build) -> None:
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text())
    data = json.loads(to_json(report_of("hello.tba", builds("hello.tba"))))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, "surprise": 1}, schema)


def test_budgets_are_judged(builds: Build) -> None:
    made = builds("free.tba", mode="nano")
    code, data = report_of("free.tba", made).budgets
    assert (code.budget, code.measured) == (4096, made.footprint.runtime)
    assert (data.budget, data.measured) == (1024, made.footprint.total("data", "bss", program=False))
    assert code.kept and data.kept


def test_memory_needs_are_the_options_and_the_static_data(builds: Build) -> None:
    made = builds("boxes.tba", options={"stack": 128, "heap": 4096})
    assert report_of("boxes.tba", made).ram() == {
        "static data": made.footprint.total("data", "bss"),
        "VM stack": 768,  # 32-bit cells
        "heap cage": 4096 + 8 + len(made.composition.program.strings),
        "native stack": made.footprint.native_stack.bytes,
    }
    assert len(type_sizes(made.composition.program)) == 4 * len(made.verified.module.types)


def test_totals_of_a_footprint() -> None:
    rows = (Row("a", "f", "text", 5), Row("a", "g", "rodata", 2), Row("program", "code", "rodata", 3))
    footprint = Footprint((*rows, Row("a", "s", "bss", 7)), 10, NativeStack(0, ()))
    assert footprint.runtime == 7
    assert footprint.total("rodata") == 5
    assert footprint.total("rodata", program=True) == 3
    assert footprint.total("bss", program=False) == 7
