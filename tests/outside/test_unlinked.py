"""What is told when a plug-in's C does not link: whose, which symbol, and an estimate of the footprint."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from tblvm.builder.cli import main
from tblvm.builder.link_errors import explained
from tblvm.builder.pipeline import build, translate
from tblvm.builder.resolve import Request
from tblvm.core.registry import load
from tests.harness import TARGETS

HERE = Path(__file__).parent
FOLDER = HERE / "unlinked"
SCHEMA = json.loads((HERE.parents[1] / "docs" / "report.schema.json").read_text())
CASES = {
    "MISSING": r"micro-library unlinked\.missing uses tb_unlinked_nowhere \(missing\.c:8\), which no C in this "
    r"runtime defines: name .*`sources`.*`requires`",
    "TWICE": r"micro-library core\.switch and micro-library unlinked\.twice both define tb_run "
    r"\(engine\.c:\d+, twice\.c:7\): make it static, or give it another name",
    "LARGE": r"the image is too large for the addresses that executables have: .* below 256 MiB; .*",
}


def program(*names: str) -> str:
    lines = "".join(f"  {name}\n" for name in names)
    return f".func main()\n  PUSH 1\n{lines}  PRINT\n  HALT\n.end\n"


@pytest.fixture
def tbbuild(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(*words: str) -> Result:
    return CliRunner().invoke(main, ["-p", str(FOLDER), *words, "it.tba"])


@pytest.mark.parametrize("name", CASES)
def test_the_error_names_library_and_symbol_and_a_report_comes_first(name: str, tbbuild: Path) -> None:
    Path("it.tba").write_text(program(name))
    done = ran("--json")
    assert done.exit_code == 3
    assert re.fullmatch(f"tbbuild: {CASES[name]}\n", done.stderr), done.stderr
    data = json.loads(done.stdout)
    jsonschema.validate(data, SCHEMA, cls=jsonschema.Draft202012Validator)
    assert data["estimate"] is True and data["sha256"] == ""
    in_file = [row["size"] for row in data["rows"] if row["kind"] not in ("bss", "memory")]
    assert sum(in_file) == data["file_bytes"] > 0
    owners = {row["owner"] for row in data["rows"]}
    assert f"unlinked.{name.lower()}" in owners and not owners & {"(headers)", "(padding)", "(toolchain)"}
    assert [each.name for each in tbbuild.iterdir()] == ["it.tba"]


def test_every_form_of_the_report_says_that_it_is_an_estimate(tbbuild: Path) -> None:
    Path("it.tba").write_text(program("MISSING"))
    for form in ("text", "details", "md", "html"):
        done = ran("--report", form)
        assert done.exit_code == 3, form
        assert "about " in done.stdout and "ESTIMATE, not linked" in done.stdout, form
        assert "sha256" not in done.stdout and "unlinked.missing" in done.stdout, form
    assert ran("-q").stdout == "" and ran("--report", "none").stdout == ""


def test_what_is_not_understood_is_told_as_it_is() -> None:
    text = "ld.lld: error: /place/x.o: no such thing\x1b[31m\n>>> here\n"
    assert explained(1, text, {}, Path("/place")) == (
        "the linker failed:\nld.lld: error: x.o: no such thing?[31m\n>>> here"
    )
    assert explained(-9, "", {}, Path("/place")).startswith("the linker was ended by signal 9: is there room")


def test_all_symbols_are_named() -> None:
    text = "".join(
        f"ld.lld: error: undefined symbol: {name}\n>>> referenced by a.c:{line} (/x/a.c:{line})\n"
        f">>>               /place/a.c.o:(f)\n>>> referenced 3 more times\n\n"
        for line, name in ((3, "one"), (4, "two"))
    )
    told = explained(1, text, {"a.c.o": "lib.a"}, Path("/place")).splitlines()
    assert [line.split(", which")[0] for line in told] == [
        "micro-library lib.a uses one (a.c:3)",
        "micro-library lib.a uses two (a.c:4)",
    ]


def test_why_tells_its_reasons_all_the_same(tbbuild: Path) -> None:
    Path("it.tba").write_text(program("MISSING"))
    words = ["why", "it.tba", "unlinked.missing", "-p", str(FOLDER)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 3 and "tb_unlinked_nowhere" in done.stderr
    assert re.search(r"about \d+ bytes in the file\n  because main \(it\.tba:3\) → ", done.stdout)


def test_an_estimate_is_no_baseline(tbbuild: Path) -> None:
    Path("it.tba").write_text(program("MISSING"))
    Path("estimate.json").write_text(ran("--json").stdout)
    Path("leaf.tba").write_text(program())
    Path("linked.json").write_text(CliRunner().invoke(main, ["--json", "leaf.tba"]).stdout)
    done = CliRunner().invoke(main, ["diff", "linked.json", "estimate.json"])
    assert done.exit_code == 0 and "it.tba: ESTIMATE, not linked" in done.stdout
    done = CliRunner().invoke(main, ["diff", "estimate.json", "linked.json", "--max-growth", "2%"])
    assert done.exit_code == 2 and "estimate.json is an estimate" in done.stderr
    Path("tblvm.toml").write_text('[budget]\nmax-growth = "2%"\nbaseline = "estimate.json"\n')
    done = CliRunner().invoke(main, ["leaf.tba"])
    assert done.exit_code == 2 and "estimate.json is an estimate" in done.stderr


@pytest.mark.parametrize("target", TARGETS)
def test_an_estimate_is_what_linking_would_have_given(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that links, measured once more as if it had not."""
    from tblvm.builder import measure as measuring
    from tblvm.builder.compile import Linked

    registry = load()
    text = (HERE.parents[1] / "examples" / "words.tba").read_bytes()
    made = build(translate(text, "words.tba", registry), registry, Request(target=target))
    linked = made.linked
    guess = measuring.measure(
        Linked(b"", b"", "", linked.owners, linked.members, linked.objects),
        [(row.owner, row.item, row.size) for row in made.footprint.rows if row.kind == "memory"],
    )
    assert guess.estimate and not made.footprint.estimate
    own = sum(row.size for row in made.footprint.rows if row.owner in ("(headers)", "(padding)"))
    assert abs(guess.file_size - (made.footprint.file_size - own)) <= made.footprint.file_size // 20
    assert guess.total("bss", "memory") == pytest.approx(made.footprint.total("bss", "memory"), abs=64)
    if target == "x86_64-linux":  # no relaxation by the linker there: each row is the same
        assert {(r.owner, r.item, r.kind, r.size) for r in guess.rows} == {
            (r.owner, r.item, r.kind, r.size) for r in made.footprint.rows if not r.owner.startswith("(")
        }
