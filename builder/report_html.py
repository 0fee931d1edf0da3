"""A report as one page that needs no network: a treemap of the file, tables, all reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ..core.markup import Markup, element, joined, raw
from .report import CODE_KINDS, ESTIMATE, KINDS, Part, Report
from .report_text import told
from .rows import Row
from .treemap import Box, treemap

# Two drawings of the treemap, of which the style shows one: for wide screens, and for upright ones.
DRAWINGS = {"broad": Box(0, 0, 1000, 520), "tall": Box(0, 0, 400, 760)}
_CHARACTER, _LINE = 6.7, 13.0  # of labels
# Colours that people with any sight tell apart: Okabe and Ito's, and lighter ones of the same.
_COLOURS = (
    *("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#8fa8d6"),
    *("#a5d8f3", "#f3cf80", "#7fcfb9", "#f8f2a1", "#e6bcd3", "#eaaf80", "#c7d4eb"),
)
_GREY = "#b8bec7"


def show(report: Report) -> str:
    """The page."""
    style = (Path(__file__).parent / "report.css").read_text("utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width"),
        element("title", f"{report.program}: {report.size_text}"),
        raw("style", style),
    )
    page = element("html", head, "\n", element("body", _body(report)), lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


def _body(report: Report) -> Iterator[Markup]:
    colours = _colours(report)
    facts = [report.target, f"engine {report.engine}", f"mode {report.mode}"]
    facts += [f"cells of {report.cell_bits} bits", *(f"runs {name}" for name in report.bundle)]
    yield element("h1", f"{report.program}: {report.size_text}")
    yield element("p", " · ".join(facts))
    if report.estimate:
        yield element("p", ESTIMATE, class_="over")
    yield _figure(report, colours)
    yield element("h2", "Where every byte is, and why")
    yield _table(report, colours)
    yield element("h2", "Sums")
    yield from _sums(report)
    if report.settings:
        yield element("h2", "Settings")
        rows = ((each.name, str(each.value), each.origin) for each in report.settings)
        yield _plain(("option", "value", "from"), rows)
    if not report.estimate:
        yield element("footer", f"sha256 {report.sha256}")


def _colours(report: Report) -> dict[str, str]:
    """A colour for each owner: micro-libraries in turn, grey for the file's own rows."""
    names = {part.name for part in report.parts}
    own = [name for name in report.owners() if name in names]
    found = {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(own)}
    return {name: found.get(name, _GREY) for name in report.owners()}


# --- the treemap ----------------------------------------------------------------------------------------


def _in_file(report: Report, owner: str) -> list[Row]:
    return [row for row in report.of_owner(owner) if row.in_file and row.size]


def _figure(report: Report, colours: Mapping[str, str]) -> Markup:
    sizes = {owner: sum(row.size for row in _in_file(report, owner)) for owner in report.owners()}
    owners = sorted((owner for owner in sizes if sizes[owner]), key=lambda name: (-sizes[name], name))

    def drawing(name: str, within: Box) -> Markup:
        boxes = treemap([sizes[owner] for owner in owners], within)
        # Where there is no pointer, titles would only be bytes.
        titles = name == "broad"
        groups = (
            element(
                "g",
                element("title", f"{owner}: {sizes[owner]:,} bytes") if titles else None,
                _rectangle(box, colours[owner], "group"),
                _label(f"{owner} {sizes[owner]:,}", box, "name"),
                _rows(owner, _in_file(report, owner), box.inset(2, _LINE + 2), colours[owner], titles),
            )
            for owner, box in zip(owners, boxes, strict=True)
        )
        view = f"0 0 {within.width:.0f} {within.height:.0f}"
        label = "Treemap of the file"
        return element("svg", groups, viewBox=view, role="img", aria_label=label, class_=name)

    return element(
        "figure",
        (drawing(name, within) for name, within in DRAWINGS.items()),
        element(
            "figcaption",
            "Areas are bytes of the file",
            element("span", "; point at one to read what it is", class_="broad"),
            ".",
        ),
    )


def _rows(owner: str, rows: list[Row], within: Box, colour: str, titles: bool) -> Iterator[Markup]:
    for row, box in zip(rows, treemap([row.size for row in rows], within), strict=True):
        what = f"{owner}: {row.item}, {row.size:,} bytes" + (f" of {row.kind}" if row.kind else "")
        drawn = _rectangle(box, colour), _label(row.item, box)
        yield element("g", element("title", what), drawn) if titles else joined(drawn)


def _rectangle(box: Box, colour: str, kind: str | None = None) -> Markup | None:
    if box.width < 0.05 or box.height < 0.05:
        return None
    x, y, width, height = (f"{each:.1f}" for each in (box.x, box.y, box.width, box.height))
    return element("rect", x=x, y=y, width=width, height=height, fill=colour, class_=kind)


def _label(text: str, box: Box, kind: str | None = None) -> Markup | None:
    room = int((box.width - 6) / _CHARACTER)
    if room < 3 or box.height < _LINE + 2:
        return None
    shown = text if len(text) <= room else text[: room - 1] + "…"
    return element("text", shown, x=f"{box.x + 4:.1f}", y=f"{box.y + _LINE - 1:.1f}", class_=kind)


# --- tables ---------------------------------------------------------------------------------------------


def _table(report: Report, colours: Mapping[str, str]) -> Markup:
    heads = (element("th", name, class_="size") for name in (*KINDS, "file", "retained", "opcodes"))
    parts = {part.name: part for part in report.parts}
    rows = []
    # Those without bytes have reasons, too.
    for owner in dict.fromkeys((*report.owners(), *parts)):
        part = parts.get(owner)
        sizes = [report.size(owner, kind) for kind in KINDS]
        sizes += [sum(row.size for row in report.of_owner(owner) if row.in_file)]
        sizes += [part.retained, part.opcodes] if part else [0, 0]
        mark = element("span", class_="mark", style=f"background:{colours.get(owner, _GREY)}")
        why = element("td", _reasons(part), _items(report, owner))
        rows.append(element("tr", element("td", mark, owner), map(_size, sizes), why))
    totals = (*(report.total(kind) for kind in KINDS), report.file_bytes, 0, report.opcodes)
    return element(
        "div",
        element(
            "table",
            element("thead", element("tr", element("th", "micro-library"), heads, element("th", "reasons"))),
            element("tbody", rows),
            element("tfoot", element("tr", element("td", "total"), map(_size, totals), element("td"))),
        ),
        class_="wide",
    )


def _size(size: int) -> Markup:
    return element("td", f"{size:,}" if size else "·", class_="size")


def _lines(texts: Iterable[str]) -> Markup:
    return joined(element("div", text) for text in texts)


def _reasons(part: Part | None) -> Markup | None:
    if part is None or not part.reasons:
        return None
    first, *others = part.reasons
    if not others:
        return _lines([first])
    return element("details", element("summary", f"{first} (and {len(others)} more)"), _lines(others))


def _items(report: Report, owner: str) -> Markup | None:
    rows = [row for row in report.of_owner(owner) if row.size]
    if len(rows) < 2:
        return None
    lines = _lines(f"{row.size:,} {row.kind or 'file'} {row.item}" for row in rows)
    return element("details", element("summary", f"{len(rows)} rows"), lines)


def _sums(report: Report) -> Iterator[Markup]:
    ram = report.ram()
    rows = [
        (f"runtime without the program, {report.runtime_size[1]}", f"{report.runtime_size[0]:,}", ""),
        ("code and constants", f"{report.total(*CODE_KINDS):,}", ""),
        ("RAM", f"{sum(ram.values()):,}", ", ".join(f"{what} {size:,}" for what, size in ram.items())),
    ]
    if report.native_stack.bytes is None:
        known = report.native_stack.path
        rows.append(("native stack", "no bound" if known else "not known", " → ".join(known)))
    yield _plain(("", "bytes", ""), rows)
    for hint in report.hints:
        yield element("p", f"hint: {hint}")
    for step in report.passes:
        yield element("p", told(step))
    for verdict in report.budgets:
        mark = "within" if verdict.kept else "over"
        text = f"{verdict.what}: {verdict.measured:,} of {verdict.budget:,} bytes, {mark} budget"
        yield element("p", text, class_=mark)


def _plain(heads: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Markup:
    head = element("thead", element("tr", (element("th", each) for each in heads)))
    lines = (element("tr", (element("td", each) for each in row)) for row in rows)
    return element("div", element("table", head, element("tbody", lines)), class_="wide")
