"""Reports in HTML and Markdown, treemaps, and what would go with a micro-library."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tblvm.builder.pipeline import Artifact
from tblvm.builder.report import Report, as_data, from_json, gone_without, report_of
from tblvm.builder.report_html import DRAWINGS
from tblvm.builder.report_html import show as html
from tblvm.builder.report_markdown import show as markdown
from tblvm.builder.treemap import Box, treemap
from tblvm.core.registry import Registry

Build = Callable[..., Artifact]
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def artifact(registry: Registry) -> Artifact:
    from tblvm.builder.pipeline import build, translate
    from tblvm.builder.resolve import Request

    path = EXAMPLES / "binary_trees.tba"
    return build(translate(path.read_bytes(), path.name, registry), registry, Request(mode="micro"))


@pytest.fixture(scope="module")
def report(artifact: Artifact) -> Report:
    return report_of("binary_trees.tba", artifact)


# --- treemaps -------------------------------------------------------------------------------------------


@given(
    st.lists(st.integers(1, 100_000), min_size=1, max_size=60),
    st.floats(1, 2000),
    st.floats(1, 2000),
)
def test_rectangles_fill_the_whole_and_do_not_overlap(sizes: list[int], width: float, height: float) -> None:
    sizes.sort(reverse=True)
    boxes = treemap(sizes, Box(10, 20, width, height))
    scale = width * height / sum(sizes)
    slack = 1e-6 * (width + height)
    for size, box in zip(sizes, boxes, strict=True):
        assert box.width * box.height == pytest.approx(size * scale, rel=1e-6)
        assert 10 - slack <= box.x and box.x + box.width <= 10 + width + slack
        assert 20 - slack <= box.y and box.y + box.height <= 20 + height + slack
    for n, a in enumerate(boxes):
        for b in boxes[n + 1 :]:
            across = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
            down = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
            assert across <= slack or down <= slack


def test_the_example_of_the_paper() -> None:
    """Sizes 6 6 4 3 2 2 1 in 6 × 4: 6 above 6 at the left, 4 beside 3 above the others."""
    boxes = treemap([6, 6, 4, 3, 2, 2, 1], Box(0, 0, 6, 4))
    assert boxes[:2] == [Box(0, 0, 3, 2), Box(0, 2, 3, 2)]
    four, three = boxes[2:4]
    assert (four.x, four.y, three.y) == (3, 0, 0) and four.width == pytest.approx(12 / 7)
    assert four.height == three.height == pytest.approx(7 / 3)
    assert all(box.y == pytest.approx(7 / 3) or box.y > 7 / 3 for box in boxes[4:])


def test_nothing_to_show_and_no_room() -> None:
    assert treemap([], Box(0, 0, 5, 5)) == []
    assert treemap([3, 1], Box(1, 2, 0, 5)) == [Box(1, 2, 0, 0)] * 2
    assert Box(0, 0, 3, 30).inset(2) == Box(2, 2, 0, 26)


# --- HTML -----------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Checks nesting, and collects elements and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_is_whole_and_alone(report: Report) -> None:
    text = html(report)
    page = Page(text)
    assert {"svg", "table", "details", "style"} <= {tag for tag, _ in page.tags}
    assert not {"script", "link", "img", "iframe", "a"} & {tag for tag, _ in page.tags}
    assert not re.search(r"https?:|//\w|url\(|@import", text)
    assert len(text.encode()) < 60_000


def test_the_page_shows_every_byte_and_all_reasons(report: Report) -> None:
    shown = "\n".join(Page(html(report)).text)
    for part in report.parts:
        for reason in part.reasons:
            assert reason in shown
    for row in report.rows:
        if row.in_file and row.size:
            assert f"{row.owner}: {row.item}, {row.size:,} bytes" in shown
    assert report.sha256 in shown and "mode micro, code" in shown


def test_areas_are_bytes(report: Report) -> None:
    groups = [each for tag, each in Page(html(report)).tags if tag == "rect" and each.get("class") == "group"]
    areas = [float(each["width"] or 0) * float(each["height"] or 0) for each in groups]
    broad, tall = areas[: len(areas) // 2], areas[len(areas) // 2 :]
    sizes = sorted(
        (sum(row.size for row in report.of_owner(owner) if row.in_file) for owner in report.owners()),
        reverse=True,
    )
    for found, drawing in ((broad, DRAWINGS["broad"]), (tall, DRAWINGS["tall"])):
        for area, size in zip(found, [size for size in sizes if size], strict=True):
            whole = drawing.width * drawing.height
            assert area == pytest.approx(size / report.file_bytes * whole, rel=0.05)


def test_names_are_text_and_nothing_else(report: Report) -> None:
    data = as_data(report)
    evil = '"><script>alert(1)</script>|`*_[x](y)'
    data["program"] = evil
    data["rows"][0]["item"] = evil  # type: ignore[index]
    data["libraries"][0]["reasons"] = [evil]  # type: ignore[index]
    made = from_json(json.dumps(data), "evil.json")
    assert "<script>" not in html(made)
    assert "script" not in {tag for tag, _ in Page(html(made)).tags}
    text = markdown(made)
    assert "<script>" not in text and "\\|\\`\\*\\_\\[x\\]" in text


# --- Markdown -------------------------------------------------------------------------------------------


def test_markdown_is_a_table_that_sums_up(report: Report) -> None:
    lines = markdown(report).splitlines()
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if line.startswith("| ")]
    assert {len(row) for row in rows} == {5}
    files = [int(row[1].replace(",", "").replace("*", "")) for row in rows[1:]]
    assert sum(files[:-1]) == files[-1] == report.file_bytes
    assert "- mode micro, code: " in markdown(report)


# --- retained sizes -------------------------------------------------------------------------------------


def test_what_goes_with_a_library(artifact: Artifact, report: Report) -> None:
    plan = artifact.plan
    gone = gone_without("gc.marksweep", plan)
    assert {"gc.marksweep", "gc-walk"} <= gone and "io.output" not in gone and "core" not in gone
    assert gone_without("io.output", plan) == {"io.output"}
    sizes = {part.name: sum(r.size for r in report.of_owner(part.name) if r.in_file) for part in report.parts}
    for part in report.parts:
        assert part.retained == sum(sizes[name] for name in gone_without(part.name, plan))
        assert part.retained >= sizes[part.name]
        assert part.name in gone_without(part.name, plan)


def test_what_completes_several_goes_with_each_of_them(artifact: Artifact) -> None:
    """stack.trace is there because frames, traps and support are."""
    for name in ("core.traps", "stack", "rt"):
        assert "stack.trace" in gone_without(name, artifact.plan)
    assert "stack.trace" not in gone_without("io.output", artifact.plan)


def test_every_library_has_somebody_who_asks_for_it(builds: Build) -> None:
    for name in ("hello.tba", "boxes.tba"):
        plan = builds(name).plan
        assert set(plan.askers) == {library.name for library in plan.libraries}
        assert gone_without("nothing", plan) == set()


# --- hints ----------------------------------------------------------------------------------------------


def test_a_hint_says_what_a_line_costs(registry: Registry) -> None:
    """Without the line the file is smaller by what the hint says, and by the opcode's own handler."""
    from tblvm.builder.pipeline import build, translate
    from tblvm.builder.resolve import Request

    def made(line: str) -> Artifact:
        text = f".func main()\n  PUSH 1\n  PRINT\n{line}  HALT\n.end\n"
        return build(translate(text.encode(), "it.tba", registry), registry, Request(cell_bits=64))

    plain, dear = made("  CONST 1.5\n  POP\n"), made("  CONST 1.5\n  DPRINT\n")
    [hint] = report_of("it.tba", dear).hints
    found = re.fullmatch(
        r"double\.DPRINT \(print_f64\) costs ([\d,]+) bytes: first in main \(it\.tba:5\)", hint
    )
    assert found is not None, hint
    handler = sum(row.size for row in dear.footprint.rows if row.opcode and row.item.endswith("DPRINT"))
    difference = dear.footprint.runtime - plain.footprint.runtime
    assert abs(int(found[1].replace(",", "")) + handler - difference) < 40
    assert report_of("it.tba", plain).hints == ()
