"""What instances of a store share, against wasmtime on the same modules."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import wasmtime

import tblvm

SEED = int(os.environ.get("TBLVM_TEST_SEED", "11"))
SCALE = float(os.environ.get("TBLVM_TEST_SCALE", "1"))

OWNER = """
(module
  (type $unary (func (param i32) (result i32)))
  (type $wide (func (param i64 f64) (result i64)))
  (import "env" "log" (func $log (param i32)))
  (memory (export "memory") 1 4)
  (table (export "table") 10 16 funcref)
  (global $g (export "g") (mut i32) (i32.const 7))
  (global $w (export "w") (mut i64) (i64.const 1))
  (global (export "c") f64 (f64.const 2.5))
  (elem (i32.const 0) $double $wide)
  (func $double (export "double") (param i32) (result i32)
    (global.set $g (i32.add (global.get $g) (i32.const 1)))
    (i32.mul (local.get 0) (i32.const 2)))
  (func $wide (export "wide") (param i64 f64) (result i64)
    (global.set $w (i64.add (global.get $w) (local.get 0)))
    (i64.add (global.get $w) (i64.trunc_sat_f64_s (local.get 1))))
  (func (export "at") (param i32 i32) (result i32)
    (call $log (local.get 0))
    (call_indirect (type $unary) (local.get 1) (local.get 0)))
  (func (export "wide_at") (param i32 i64) (result i64)
    (call_indirect (type $wide) (local.get 1) (f64.const 3.75) (local.get 0)))
  (func (export "peek") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "poke") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "size") (result i32) (memory.size))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "get") (result i32) (global.get $g))
  (func (export "set") (param i32) (global.set $g (local.get 0)))
)
"""
SHARER = """
(module
  (type $unary (func (param i32) (result i32)))
  (type $other (func (param i32) (result i64)))
  (type $two (func (param i32 i32) (result i32)))
  (import "env" "log" (func $log (param i32)))
  (import "a" "double" (func $double (param i32) (result i32)))
  (import "a" "at" (func $at (param i32 i32) (result i32)))
  (import "a" "set" (func $set (param i32)))
  (import "a" "memory" (memory 1))
  (import "a" "table" (table 4 funcref))
  (import "a" "g" (global $g (mut i32)))
  (import "a" "g" (global $same (mut i32)))
  (import "a" "w" (global $w (mut i64)))
  (import "a" "c" (global $c f64))
  (global $own (mut f64) (global.get $c))
  (elem (i32.const BASE) $mine $double $odd $deep $fails)
  (data (i32.const DATA) "shared by TAG")
  (func $mine (param i32) (result i32)
    (call $log (i32.add (local.get 0) (i32.const TAG)))
    (global.set $same (i32.sub (global.get $g) (i32.const 3)))
    (i32.add (local.get 0) (global.get $g)))
  (func $odd (param i32) (result i64) (i64.const 5))
  (func $deep (param i32) (result i32)
    (global.set $g (i32.add (global.get $same) (local.get 0)))
    (if (result i32) (i32.le_s (local.get 0) (i32.const 0))
      (then (global.get $g))
      (else (i32.add (global.get $g)
        (call $at (i32.const DEEP) (i32.sub (local.get 0) (i32.const 1)))))))
  (func $fails (param i32) (result i32)
    (i32.store (i32.const 0) (local.get 0))
    (if (i32.eqz (local.get 0)) (then unreachable))
    (i32.div_s (i32.const 100) (i32.sub (local.get 0) (i32.const 1))))
  (func (export "call") (param i32 i32) (result i32) (call $at (local.get 0) (local.get 1)))
  (func (export "direct") (param i32) (result i32)
    (call $set (i32.const 50))
    (i32.add (call $double (local.get 0)) (global.get $same)))
  (func (export "through") (param i32 i32) (result i32)
    (call_indirect (type $unary) (local.get 1) (local.get 0)))
  (func (export "wrong") (param i32 i32) (result i32)
    (call_indirect (type $two) (local.get 1) (local.get 1) (local.get 0)))
  (func (export "peek") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "poke") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "size") (result i32) (memory.size))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "copy") (param i32 i32 i32) (table.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "widen") (param i64) (result i64)
    (global.set $w (i64.mul (global.get $w) (local.get 0)))
    (i64.add (global.get $w) (i64.trunc_f64_s (global.get $own))))
)
"""


def sharer(tag: int, base: int) -> bytes:
    text = SHARER.replace("TAG", str(tag)).replace("BASE", str(base)).replace("DEEP", str(base + 3))
    return bytes(wasmtime.wat2wasm(text.replace("DATA", str(256 * tag))))


# What a call gives: a value, or the words of its trap.
Call = Callable[..., Any]


def ours(modules: list[bytes], log: list[int]) -> tuple[list[dict[str, Call]], Callable[[], Any]]:
    store = tblvm.Store(imports={"env": {"log": log.append}})
    owner = store.load(modules[0])
    made = [owner]
    for each in modules[1:]:
        made.append(store.load(each, imports={"a": owner.exports}))
    calls = [{name: _caught(each.exports[name]) for name, kind in each.functions.items()} for each in made]

    def state() -> Any:
        memory, table = owner.exports["memory"], owner.exports["table"]
        return (
            bytes(memory[:4096]),
            [None if each is None else each.type for each in table],
            [owner.exports[name].value for name in "gwc"],
        )

    return calls, state


def _caught(function: tblvm.Function) -> Call:
    def call(*arguments: int) -> Any:
        try:
            return function(*arguments)
        except tblvm.Trap as trap:
            return trap.message

    return call


def theirs(modules: list[bytes], log: list[int]) -> tuple[list[dict[str, Call]], Callable[[], Any]]:
    store = wasmtime.Store()
    unary = wasmtime.FuncType([wasmtime.ValType.i32()], [])
    linker = wasmtime.Linker(store.engine)
    linker.define(store, "env", "log", wasmtime.Func(store, unary, log.append))
    owner = linker.instantiate(store, wasmtime.Module(store.engine, modules[0]))
    linker.define_instance(store, "a", owner)
    made = [owner]
    made += [linker.instantiate(store, wasmtime.Module(store.engine, each)) for each in modules[1:]]
    exports = owner.exports(store)

    def caught(function: wasmtime.Func) -> Call:
        def call(*arguments: int) -> Any:
            try:
                return function(store, *arguments)
            except wasmtime.Trap as trap:
                return str(trap)

        return call

    calls = []
    for each in made:
        found = dict(each.exports(store).items())
        calls.append({n: caught(item) for n, item in found.items() if isinstance(item, wasmtime.Func)})

    def state() -> Any:
        memory, table = exports["memory"], exports["table"]
        functions = [_element(store, table, index) for index in range(table.size(store))]
        return (
            bytes(memory.read(store, 0, 4096)),
            [None if each is None else _type(each.type(store)) for each in functions],
            [exports[name].value(store) for name in "gwc"],
        )

    return calls, state


def _element(store: wasmtime.Store, table: wasmtime.Table, index: int) -> Any:
    found = table.get(store, index)
    return found if isinstance(found, wasmtime.Func) else None  # it makes a Val of null


def _type(type_: wasmtime.FuncType) -> str:
    takes, gives = ([str(each) for each in half] for half in (type_.params, type_.results))
    return f"({', '.join(takes)})" + (f" -> {gives[0]}" if gives else "")


def _arguments(rng: random.Random, name: str) -> list[int]:
    small = [-1, 0, 1, 2, 3, 5, 7, 8, 11]
    wanted = {
        "at": ["index", "small"],
        "call": ["index", "small"],
        "through": ["index", "small"],
        "wrong": ["index", "small"],
        "wide_at": ["index", "small"],
        "peek": ["address"],
        "poke": ["address", "small"],
        "grow": ["pages"],
        "copy": ["index", "index", "count"],
        "double": ["small"],
        "direct": ["small"],
        "set": ["small"],
        "widen": ["small"],
    }.get(name, [])
    kinds: dict[str, list[int]] = {
        "small": small,
        "index": [*range(10), 6, 7, 7, 9, -1, 16],
        "address": [0, 256, 300, 512, 65532, 65533, 65536, 131068, 262140, -4],
        "pages": [0, 0, 1, 1, 2, 9],
        "count": [0, 1, 2, 3, 9],
    }
    return [rng.choice(kinds[each]) for each in wanted]


def test_three_modules_do_what_they_do_in_wasmtime() -> None:
    """An owner and two that share all it has: calls of any of them, at random."""
    modules = [bytes(wasmtime.wat2wasm(OWNER)), sharer(1, 2), sharer(2, 3)]
    kinds: set[str] = set()
    for number in range(max(1, int(8 * SCALE))):
        rng = random.Random(f"{SEED} {number}")
        log, log_of_theirs = [], []
        (calls, state), (calls_of_theirs, state_of_theirs) = (
            ours(modules, log),
            theirs(modules, log_of_theirs),
        )
        assert state() == state_of_theirs()
        history = []
        for _ in range(250):
            which = rng.randrange(3)
            name = rng.choice(sorted(set(calls[which]) - {"wide"}))
            arguments = _arguments(rng, name)
            history.append((which, name, *arguments))
            found, wanted = calls[which][name](*arguments), calls_of_theirs[which][name](*arguments)
            if isinstance(found, str):
                kinds.add(found)
                assert isinstance(wanted, str) and found in wanted, (SEED, number, history)
            else:
                assert found == wanted, (SEED, number, history)
            assert log == log_of_theirs, (SEED, number, history)
        assert state() == state_of_theirs(), (SEED, number, history)
    assert kinds >= {
        "integer divide by zero",
        "unreachable",
        "indirect call type mismatch",
        "undefined element",
        "uninitialized element",
        "out of bounds memory access",
        "out of bounds table access",
    }


# -- what links -------------------------------------------------------------------------------------------


def _limits() -> Iterator[str]:
    for least, most in itertools.product((0, 1, 2), (None, 1, 2, 3)):
        if most is None or least <= most:
            yield f"{least}" + ("" if most is None else f" {most}")


THINGS = {
    "memory": [f"(memory {each})" for each in _limits()],
    "table": [f"(table {each} funcref)" for each in _limits()],
    "global": [
        f"(global {'(mut ' * mutable}{type_}{')' * mutable} ({type_}.const 1))"
        for type_ in ("i32", "i64", "f32", "f64")
        for mutable in (0, 1)
    ],
    "func": [
        f"(func {takes} {gives} unreachable)"
        for takes in ("", "(param i32)", "(param i64)", "(param i32 i64)")
        for gives in ("", "(result i32)", "(result f64)")
    ],
}


def _links(offered: str, wanted: str) -> tuple[bool, bool]:
    """Whether it links here, and in wasmtime."""
    kind, body = offered.lstrip("(").split(" ", 1)
    giver = bytes(wasmtime.wat2wasm(f'(module ({kind} (export "it") {body})'))
    kind, body = wanted.lstrip("(").rstrip(")").split(" ", 1)
    body = wanted.lstrip("(")[len(kind) : -1].replace("unreachable", "").rsplit(" (i32.const", 1)[0]
    for type_ in ("i64", "f32", "f64"):
        body = body.rsplit(f" ({type_}.const", 1)[0]
    taker = bytes(wasmtime.wat2wasm(f'(module (import "m" "it" ({kind} {body})))'))
    store = wasmtime.Store()
    instance = wasmtime.Instance(store, wasmtime.Module(store.engine, giver), [])
    try:
        wasmtime.Instance(store, wasmtime.Module(store.engine, taker), [instance.exports(store)["it"]])
        theirs_ = True
    except wasmtime.WasmtimeError:
        theirs_ = False
    mine = tblvm.Store()
    with mine.load(giver) as given:
        try:
            mine.load(taker, imports={"m": {"it": given.exports["it"]}}).close()
            return True, theirs_
        except tblvm.LinkError as error:
            assert "m.it" in str(error) and error.status == 4
            return False, theirs_


@pytest.mark.parametrize("kind", THINGS)
def test_what_links_is_what_links_in_wasmtime(kind: str) -> None:
    rng = random.Random(f"{SEED} {kind}")
    pairs = list(itertools.product(THINGS[kind], THINGS[kind]))
    if kind == "func":
        pairs = [(one, one) for one in THINGS[kind]] + rng.sample(pairs, 40)
    found = [(pair, *_links(*pair)) for pair in pairs]
    assert [each for each in found if each[1] != each[2]] == []
    assert {mine for _, mine, _ in found} == {True, False}


def test_nothing_links_with_another_kind() -> None:
    for one, other in itertools.permutations(THINGS, 2):
        assert _links(THINGS[one][0], THINGS[other][0]) == (False, False), (one, other)
