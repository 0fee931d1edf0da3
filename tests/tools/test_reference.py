"""The reference as a page: everything about every opcode is in it, and it is sound HTML that needs nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tblvm.core.markup import element, raw
from tblvm.core.registry import Registry, load
from tblvm.opcodes import Isa
from tblvm.tools.cli import main
from tblvm.tools.reference.entry import encoding, entry, forms, handlers
from tblvm.tools.reference.html import page
from tblvm.tools.reference.text import effect, ruler

ROOT = Path(__file__).parents[2]
OUTSIDE = sorted((ROOT / "tests" / "outside").glob("*_op.py"))
VOID = {"meta", "input"}

HOSTILE = '''
from tblvm.core.hookspecs import hookimpl
from tblvm.opcodes import OpcodeSet, Page, Trap, i32, imm_s, trap_if
op = OpcodeSet(Page("page-core.x"), library="<i>library</i>")
@op(0xA5, "ADD")
def add(a: i32, b: i32, c: imm_s) -> i32:
    """</p><script>alert("one")</script> & <b title='two'>.

    A second paragraph; less < more.
    """
    trap_if((a < b) & (b > c), Trap("UNEVEN", 'a "message" with <angles> & more'))
    return a + b
@hookimpl
def tblvm_opcodes():
    return [op]
'''


class Tree(HTMLParser):
    """What a browser would see: balance, ids, links, and the text of each article."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.articles: dict[str, list[str]] = {}
        self.code: dict[str, list[str]] = {}
        self.maps: list[list[list[str | None]]] = []
        self.captions = 0
        self.headings: list[int] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs), "an attribute stands twice"
        self.tags[tag] += 1
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a":
            self.links.append(str(given["href"]))
        self.loads += [str(given[key]) for key in ("src", "srcset", "data", "action") if key in given]
        if tag == "link":
            self.loads.append(str(given.get("href")))
        if tag == "article":
            self.articles[str(given["id"])] = []
            self.code[str(given["id"])] = []
        if tag == "table":
            self.maps.append([])
        if tag == "tr":
            self.maps[-1].append([])
        if tag == "td":
            self.maps[-1][-1].append(None)
        if tag == "a" and any(name == "td" for name, _ in self.open):
            self.maps[-1][-1][-1] = str(given["href"])
        self.captions += tag == "caption"
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in ("pre", "code") and (at := self.article()):
            self.code[at].append("")
        if tag not in VOID:
            self.open.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1][0] == tag, (tag, self.open[-3:], self.getpos())
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if at := self.article():
            self.articles[at].append(data)
            if any(name in ("pre", "code") for name, _ in self.open):
                self.code[at][-1] += data

    def article(self) -> str | None:
        return next((str(given["id"]) for name, given in self.open if name == "article"), None)


@pytest.fixture(scope="module")
def everything() -> Registry:
    """The built-in pages and those of plug-ins."""
    return load(OUTSIDE)


@pytest.fixture(scope="module")
def text(everything: Registry) -> str:
    return page(everything)


@pytest.fixture(scope="module")
def tree(text: str) -> Tree:
    return Tree(text)


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **given: CliRunner().invoke(main, arguments, **given)


# --- the page -----------------------------------------------------------------------------------------


def test_every_opcode_is_there_with_all_parts(everything: Registry, tree: Tree) -> None:
    assert list(tree.articles) == [opcode.label for opcode in everything.isa]
    assert {opcode.page.prefix for opcode in everything.isa} >= {None, -1}, "no plug-in's page was looked at"
    for opcode in everything.isa:
        one = entry(everything, opcode)
        shown = " ".join("".join(tree.articles[opcode.label]).split())
        code = tree.code[opcode.label]
        assert f"{opcode.code:02x}" in shown
        for part in one.encoding:
            assert part.text in shown and (part.encoding == "byte" or part.doc in shown)
        for declaration, function in zip(opcode.declarations, one.functions, strict=True):
            assert effect(function) in code
            for paragraph in declaration.doc.split("\n\n"):
                assert " ".join(paragraph.split()) in shown
            assert f"{declaration.library} " in shown and declaration.library in code
            for trap in function.traps:
                assert trap.name in code and trap.message in shown
            for form in function.forms:
                assert set(form.equations) <= set(code)
        for form in forms(opcode):
            like = [f for f in forms(opcode) if entry_of(one, f.name) == entry_of(one, form.name)]
            assert any(f.graph.text() in code for f in like)
        for engine in everything.engines.values():
            printed = handlers(everything, opcode, engine)
            assert (f"C of engine {engine.name}" in shown) == bool(printed)
            assert printed or engine.name != "switch" or opcode.name == "NOP"
            for handler in printed:
                assert handler.text in code


def entry_of(one: Any, name: str) -> Any:
    """The equations of the form called *name*."""
    return next(form.equations for function in one.functions for form in function.forms if form.name == name)


def test_it_is_sound_html(text: str, tree: Tree) -> None:
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert [each for each, count in Counter(tree.ids).items() if count > 1] == []
    assert [link for link in tree.links if not link.startswith("#")] == []
    assert {link[1:] for link in tree.links} <= set(tree.ids)
    assert tree.headings[0] == 1 and tree.headings.count(1) == 1
    steps = zip(tree.headings, tree.headings[1:], strict=False)
    assert all(after - before <= 1 for before, after in steps), "a level of headings is left out"
    assert tree.captions == tree.tags["table"] > 0


def test_it_needs_no_network(text: str, tree: Tree) -> None:
    assert tree.loads == []
    assert not re.search(r"https?:|//cdn|@import|url\(", text)


def test_it_works_without_its_script(text: str) -> None:
    without = re.sub(r"<script>.*?</script>", "", text, flags=re.S)
    assert '<p id="search:bar" hidden>' in without, "a search box that does nothing"
    assert without.count("hidden") == 1 + without.count("[hidden]") + without.count("hidden;")


def test_the_maps_lead_to_the_opcodes(everything: Registry, tree: Tree) -> None:
    names = list(dict.fromkeys(opcode.page.name for opcode in everything.isa))
    assert len(tree.maps) == len(names)
    for name, (_, *rows) in zip(names, tree.maps, strict=True):
        assert [len(row) for row in rows] == [16] * 16
        found = {16 * r + c: link for r, row in enumerate(rows) for c, link in enumerate(row) if link}
        wanted = {code: f"#{opcode.label}" for code, opcode in everything.isa.page(name).items()}
        if name == "core":
            for other in everything.isa.pages.values():
                if other.prefix not in (None, -1):
                    wanted[other.prefix or 0] = f"#page:{other.name}"
        assert found == wanted


def test_everything_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "hostile.py").write_text(HOSTILE)
    registry = load([tmp_path / "hostile.py"])
    tree = Tree(page(registry))
    assert tree.tags["script"] == 1 and tree.tags["i"] > 0
    shown = "".join(tree.articles["page-core.x.ADD"])
    assert """</p><script>alert("one")</script> & <b title='two'>.""" in shown
    assert 'a "message" with <angles> & more' in shown and "<i>library</i>" in shown
    assert "trap UNEVEN if a < b and c < b" in tree.code["page-core.x.ADD"]


def test_markup_is_escaped_by_construction() -> None:
    made = element(
        "a", '<x> & "y"', element("b", None, ["1", "<"]), href='"&', class_="c", hidden=True, id=None
    )
    assert made == '<a href="&quot;&amp;" class="c" hidden>&lt;x&gt; &amp; &quot;y&quot;<b>1&lt;</b></a>'
    with pytest.raises(ValueError, match="would end"):
        raw("script", "'</Script>'")


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(2 * each for each in digits) if len(digits) == 3 else digits
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_contrast_is_enough_in_both_schemes() -> None:
    """WCAG 2: 4.5 to 1 for text."""
    css = (ROOT / "tools" / "reference" / "page.css").read_text()
    schemes = [
        dict(re.findall(r"--(\w+): (#\w+);", block)) for block in re.findall(r":root \{(.*?)\}", css, re.S)
    ]
    assert len(schemes) == 2
    for colours in schemes:
        for text in ("text", "quiet", "link", "strong"):
            for ground in ("ground", "shade", "byte", "free"):
                if text in ("quiet", "strong") and ground in ("byte", "free"):
                    continue  # never on boxes
                light, dark = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground, colours)


# --- the ruler ----------------------------------------------------------------------------------------


def test_the_encoding_is_drawn_to_scale(isa: Isa, everything: Registry) -> None:
    assert ruler(tuple(encoding(isa.find("ADD")))) == "┌────┐\n│ 10 │\n└────┘"
    assert ruler(tuple(encoding(isa.find("object.GETFIELD")))) == (
        "┌────┬────┬────┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┬────┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┐\n"
        "│ 64 │ 01 │ kind                   ┊ which                  ┊\n"
        "└────┴────┴────┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┴────┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┘"
    )
    assert (
        ruler(tuple(encoding(everything.isa.find("outside.MULADD")))).splitlines()[1] == "│ prefix │   00   │"
    )


def test_the_parts_say_what_they_are(isa: Isa) -> None:
    push = list(encoding(isa.find("PUSH")))
    assert [(p.text, p.kind, p.encoding, p.least, p.most) for p in push] == [
        ("01", "opcode", "byte", 1, 1),
        ("value", "imm_s", "signed LEB128", 1, 5),
    ]
    for opcode in isa:
        assert all(part.doc for part in encoding(opcode)), opcode.label


# --- the command --------------------------------------------------------------------------------------


def test_the_page_is_written_all_or_nothing(invoke: Callable[..., Result], text: str) -> None:
    plugins = [word for path in OUTSIDE for word in ("-p", str(path))]
    done = invoke("ops", "--html", "isa.html", *plugins)
    assert (done.exit_code, done.output) == (0, "")
    assert Path("isa.html").read_text() == text
    assert [path.name for path in Path().iterdir()] == ["isa.html"]
    done = invoke("ops", "--html", "gone/isa.html")
    assert (done.exit_code, done.stderr) == (
        2,
        "tblvm: cannot write gone/isa.html: No such file or directory\n",
    )


@pytest.mark.parametrize("more", [["ADD"], ["--json"]])
def test_the_page_is_of_all_opcodes(invoke: Callable[..., Result], more: list[str]) -> None:
    done = invoke("ops", "--html", "isa.html", *more)
    assert done.exit_code == 2 and "leave out NAME and --json" in done.stderr
    assert not Path("isa.html").exists()


def test_colours_are_for_terminals(invoke: Callable[..., Result]) -> None:
    plain = invoke("ops", "DIV", env={"NO_COLOR": "", "FORCE_COLOR": ""}).stdout
    assert "\x1b" not in plain
    assert "\x1b" not in invoke("ops", "DIV", env={"NO_COLOR": "1", "FORCE_COLOR": "1"}).stdout
    coloured = invoke("ops", "DIV", env={"NO_COLOR": "", "FORCE_COLOR": "1"}, color=True).stdout
    assert "\x1b[31mDIVIDE_BY_ZERO\x1b[0m" in coloured
    assert re.sub(r"\x1b\[\d*m", "", coloured) == plain


def test_a_report_tells_the_bytes(invoke: Callable[..., Result]) -> None:
    Path("prog.tba").write_text(".func main()\n    PUSH 3\n    PUSH 4\n    ADD\n    PRINT\n    HALT\n.end\n")
    command = [sys.executable, "-c", "from tblvm.builder.cli import main; main()"]
    report = subprocess.run(
        [*command, "--json", "prog.tba"], capture_output=True, text=True, check=True
    ).stdout
    Path("report.json").write_text(report)
    rows = {row["item"]: row["size"] for row in json.loads(report)["rows"] if row["opcode"]}
    assert rows["ADD"] > 0
    given = ("--report", "report.json")
    in_this = "bytes in prog.tba for x86_64-linux, engine switch: "
    assert f"\n{in_this}{rows['ADD']}\n" in invoke("ops", "ADD", *given).stdout
    assert f"\n{in_this}no row of its own\n" in invoke("ops", "SUB", *given).stdout
    assert "bytes" not in invoke("ops", "ADD").stdout.replace("1 to 5 bytes", "")
    assert json.loads(invoke("ops", "ADD", "--json", *given).stdout)["bytes"] == rows["ADD"]
    assert json.loads(invoke("ops", "ADD", "--json").stdout)["bytes"] is None
    head, *lines = invoke("ops", *given).stdout.splitlines()
    assert re.split("  +", head)[3] == "bytes"
    assert re.split("  +", next(line for line in lines if " ADD " in line))[3] == str(rows["ADD"])
    assert invoke("ops", "--html", "isa.html", *given).exit_code == 0
    articles = Tree(Path("isa.html").read_text()).articles
    assert "".join(articles["ADD"]).startswith(f"ADD 10, {rows['ADD']} bytes")
    assert "".join(articles["SUB"]).startswith("SUB 1111")  # heading, then the ruler


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"rows": [{}]}', "\0", '{"rows": 1}', "[" * 100000])
def test_what_is_no_report_is_said(invoke: Callable[..., Result], content: str) -> None:
    Path("report.json").write_text(content)
    done = invoke("ops", "--report", "report.json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("tblvm: report.json is no footprint report in JSON: make one with")
    assert done.stderr.count("\n") == 1


def test_a_report_that_is_not_there(invoke: Callable[..., Result]) -> None:
    done = invoke("ops", "--report", "gone.json")
    assert (done.exit_code, done.stderr) == (2, "tblvm: cannot read gone.json: No such file or directory\n")


def test_every_handler_is_shown(registry: Registry, isa: Isa) -> None:
    for opcode in isa:
        assert list(forms(opcode)), opcode.label
        for handler in handlers(registry, opcode, registry.engines["switch"]):
            assert handler.forms and (handler.text or opcode.name in ("NOP",)), opcode.label
