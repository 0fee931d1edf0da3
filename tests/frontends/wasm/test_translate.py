"""Modules run as wasmtime runs them: what is awkward about structured control, and all that a module can have."""

from __future__ import annotations

import random
from typing import Any

import pytest
import wasmtime

import tblvm
from tblvm.core.module import Module
from tblvm.core.registry import load
from tblvm.frontends.wasm import WasmError, translate
from tblvm.stack import verify

ISA = load().isa
NUMBERS = (0, 1, 2, 3, 5, 7, -1, 100, 0x7FFFFFFF, -0x80000000)


def translated(wat: str) -> Module:
    module = translate(wasmtime.wat2wasm(wat), "test.wasm", ISA)
    return verify(module, ISA).module


def agree(wat: str, *calls: tuple[Any, ...]) -> None:
    """The calls (name, arguments…), one after the other, give in one instance of each what they should, or
    trap; the verifier takes the module."""
    translated(wat)
    store = wasmtime.Store()
    exports = wasmtime.Instance(store, wasmtime.Module(store.engine, wat), []).exports(store)
    with tblvm.load(bytes(wasmtime.wat2wasm(wat))) as vm:
        for name, *arguments in calls:
            try:
                wanted = exports[name](store, *arguments)
            except wasmtime.Trap:
                wanted = "trap"
            try:
                given = vm.call(name, *arguments)
            except tblvm.Trap:
                given = "trap"
            wanted = tuple(wanted) if isinstance(wanted, list) else wanted
            assert given == wanted, (name, arguments)


def every(name: str) -> list[tuple[Any, ...]]:
    return [(name, number) for number in NUMBERS]


CONTROL = {
    "a branch drops what lies below its value": """
        (i32.const 10) (i32.const 20)
        (block (result i32)
          (i32.const 1) (i32.const 2) (i32.const 3)
          (br 0 (i32.add (i32.const 5) (local.get 0))))
        i32.add i32.add""",
    "a conditional branch does so where it is taken": """
        (block (result i32)
          (i32.const 7)
          (br_if 0 (i32.const 5) (local.get 0))
          i32.add)""",
    "a comparison before it": """
        (block (result i32)
          (i32.const 7)
          (br_if 0 (i32.const 5) (i32.lt_s (local.get 0) (i32.const 3)))
          i32.add)""",
    "a comparison is absorbed": """
        (block (br_if 0 (i32.gt_u (local.get 0) (i32.const 5))) (return (i32.const 1)))
        (block (br_if 0 (i32.eqz (local.get 0))) (return (i32.const 2)))
        (if (result i32) (i32.ne (local.get 0) (i32.const 7)) (then (i32.const 3)) (else (i32.const 4)))""",
    "a comparison is not absorbed across a label": """
        (block (result i32) (br_if 0 (i32.const 1) (i32.eq (local.get 0) (i32.const 5))) drop
          (i32.eqz (local.get 0)))
        (if (result i32) (then (i32.const 3)) (else (i32.const 4)))""",
    "a loop counts": """
        (local $sum i32) (local.set $sum (i32.const 0)) (local.set 0 (i32.and (local.get 0) (i32.const 63)))
        (block (loop
          (br_if 1 (i32.eqz (local.get 0)))
          (local.set $sum (i32.add (local.get $sum) (local.get 0)))
          (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
          (br 0)))
        (local.get $sum)""",
    "a loop takes parameters": """
        (i32.and (local.get 0) (i32.const 31)) (i32.const 1)
        (loop (param i32 i32) (result i32)
          (local.set $b) (local.set $a)
          (i32.sub (local.get $a) (i32.const 1)) (i32.mul (local.get $b) (i32.const 3))
          (br_if 0 (i32.gt_s (local.get $a) (i32.const 1)))
          (local.set $b) drop (local.get $b))""",
    "values below a loop that goes round": """
        (local.set $a (i32.and (local.get 0) (i32.const 7)))
        (i32.const 100)
        (loop (result i32)
          (i32.const 5) (i32.const 6)
          (local.set $a (i32.sub (local.get $a) (i32.const 1)))
          (br_if 0 (i32.gt_s (local.get $a) (i32.const 0)))
          i32.add)
        i32.add""",
    "a branch table with values to drop": """
        (block (result i32)
          (block (result i32)
            (i32.const 50)
            (block (result i32)
              (i32.const 60)
              (br_table 0 1 2 3 1 (i32.const 9) (local.get 0)))
            i32.add)
          (i32.const 1) i32.add)
        (i32.const 2) i32.add""",
    "dead code of every kind": """
        (block (result i32)
          (br 0 (local.get 0))
          (i32.add) (drop) (select) (drop)
          (block (result i32) (unreachable) (f32.add) (drop)) (drop)
          (loop (br 0)) (if (then (br 1 (i32.const 1))) (else (return (i32.const 2))))
          (local.tee 0) (i64.extend_i32_s) (drop)
          (br_if 0) (br_table 0 0 0))
        (i32.const 1) i32.add""",
    "code behind a loop without end is dead": """
        (block (br_if 0 (i32.eq (local.get 0) (i32.const 1)))
               (if (i32.eqz (local.get 0)) (then (loop (return (i32.const 77)) (br 0)) (local.set 0 (i32.const 3)))))
        (local.get 0)""",
    "an if without else that gives what it takes": """
        (local.get 0) (local.get 0) (i32.const 2) i32.and
        (if (param i32) (result i32) (then (i32.const 1) i32.add))""",
    "both arms of an if leave": """
        (if (local.get 0) (then (return (i32.const 1))) (else (return (i32.const 2))))
        (i32.const 3)""",
    "one arm of an if leaves": """
        (if (result i32) (local.get 0) (then (return (i32.const 1))) (else (i32.const 2)))""",
    "unreachable": "(if (local.get 0) (then (unreachable))) (i32.const 5)",
    "the function's own label": """
        (i32.const 1) (i32.const 2)
        (br_if 0 (i32.const 9) (local.get 0))
        i32.add i32.add""",
    "a table of returns": "(br_table 0 0 0 (i32.const 9) (local.get 0))",
    "tee": "(i32.add (local.tee $a (local.get 0)) (local.get $a))",
    "select": "(select (i32.const 1) (i32.const 2) (local.get 0))",
}


@pytest.mark.parametrize("name", CONTROL)
def test_control(name: str) -> None:
    body = CONTROL[name]
    declared = "(local $sum i32)"
    if declared in body:
        body = body.replace(declared, "")
    agree(
        f'(module (func (export "f") (param i32) (result i32) (local $a i32) (local $b i32) {declared} {body}))',
        *every("f"),
    )


def test_a_branch_keeps_several_values_of_all_types() -> None:
    agree(
        """(module (func (export "f") (param i32) (result i32 i64 f32 f64 i32)
             (block (result i32 i64 f32 f64 i32)
               (i64.const 1) (i64.const 2)
               (br_if 0 (i32.const 1) (i64.const 0x123456789abc) (f32.const 1.5) (f64.const -2.25)
                        (local.get 0) (local.get 0))
               (br 0))))""",
        *every("f"),
    )


def test_globals_segments_and_the_start_function() -> None:
    wat = """(module
      (memory 1) (table 4 funcref)
      (global $a (mut i32) (i32.const 7)) (global $b i64 (i64.const 0x100000000000))
      (global $c f64 (f64.const 2.5)) (global $d (mut f32) (f32.const 0))
      (data (i32.const 65533) "abc") (data $p "hello")
      (elem (i32.const 1) $one $two) (elem $e func $two)
      (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
      (func $begin (global.set $a (i32.add (global.get $a) (i32.const 1)))
                   (i32.store (i32.const 0) (i32.const 42)))
      (start $begin)
      (func (export "a") (result i32) (global.get $a))
      (func (export "b") (result i64) (global.get $b))
      (func (export "c") (result f64) (global.get $c))
      (func (export "byte") (param i32) (result i32) (i32.load8_u (local.get 0)))
      (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
      (func (export "init") (param i32 i32 i32) (result i32)
        (memory.init $p (local.get 0) (local.get 1) (local.get 2)) (data.drop $p)
        (table.init $e (i32.const 0) (i32.const 0) (i32.const 1)) (elem.drop $e)
        (i32.add (i32.load8_u (local.get 0)) (call_indirect (result i32) (i32.const 0))))
      (func (export "grow") (param i32) (result i32)
        (i32.add (i32.mul (memory.grow (local.get 0)) (i32.const 10)) (memory.size))))"""
    agree(
        wat,
        *(("a",), ("b",), ("c",), ("init", 9, 1, 3), ("init", 9, 1, 9), ("grow", 2), ("grow", 70000)),
        *(("byte", at) for at in (0, 65532, 65533, 65535, 65536, -1)),
        *(("call", at) for at in (0, 1, 2, 3, 4, -1)),
    )
    module = translated(wat)
    # What surely fits is there from the start; what is immutable, and mutable, is told.
    assert module.data[0].memory == 0 and module.data[1].memory is None
    assert module.elements[0].table == 0 and module.elements[1].table is None
    assert module.fixed_globals == (1, 2)


def test_segments_that_do_not_fit_trap_and_those_before_them_stay() -> None:
    wat = '(module (memory 1) (data (i32.const 0) "a") (data (i32.const 65536) "b") (data (i32.const 1) "c"))'
    module = translated(wat)
    assert [each.memory for each in module.data] == [0, None, None]
    with pytest.raises(tblvm.Trap, match="out of bounds memory access"):
        tblvm.load(bytes(wasmtime.wat2wasm(wat)))


def test_names() -> None:
    module = translated(
        """(module (import "env" "log" (func (param i32)))
             (func $inner (export "outer") unreachable) (func (export "plain")) (func))"""
    )
    assert module.debug.functions[:4] == ("env.log", "inner", "plain", "")
    assert [each.name for each in module.exports] == ["outer", "plain"]


def test_an_import_of_tblvm_is_an_opcode() -> None:
    module = translated(
        """(module (import "tblvm" "PUTCHAR" (func $put (param i32))) (import "tblvm" "LDIVU" (func $d (param i64 i64) (result i64)))
           (func (export "f") (call $put (i32.const 65)) (drop (call $d (i64.const 5) (i64.const 2)))))"""
    )
    assert not module.imports
    assert module.functions[0].code == bytes([5, 0, 0x43, 0x28])  # LOAD 0; PUTCHAR; RET


@pytest.mark.parametrize(
    "declared, said",
    [
        ('"PUTCHAR" (func (param i64))', r"import tblvm.PUTCHAR is \(i64\) -> \(\), and the opcode is not"),
        ('"PUTCHA" (func (param i32))', "import tblvm.PUTCHA: .*did you mean PUTCHAR"),
        ('"JMP" (func)', "import tblvm.JMP is"),
    ],
)
def test_an_import_that_is_no_opcode(declared: str, said: str) -> None:
    with pytest.raises(WasmError, match=said):
        translated(f'(module (import "tblvm" {declared}))')


def test_the_entry_point() -> None:
    module = translated('(module (func) (func (export "_start")))')
    assert module.entry == 1
    assert translated('(module (func (export "_start") (result i32) (i32.const 3)))').entry == 0
    # Of another type it is an export like others.
    assert translated('(module (func (export "_start") (param i32)))').entry == 1


def test_code_so_long_that_branches_take_more_bytes() -> None:
    """Forward and backward branches over 1 to 70,000 bytes give what they should."""
    rng = random.Random(5)
    for filler in (1, 30, 60, 120, 5000, 9000):
        blocks = "".join(
            f"(br_if {rng.randrange(4)} (i32.eq (local.get 0) (i32.const {number})))"
            f"{'(local.set 1 (i32.add (local.get 1) (i32.const 1)))' * (filler // 6)}"
            for number in range(6)
        )
        agree(
            f"""(module (func (export "f") (param i32) (result i32) (local i32)
              (block (loop (local.set 0 (i32.add (local.get 0) (i32.const 1))) (block (block {blocks})
                (local.set 0 (i32.const 100)) (br_if 2 (i32.lt_u (local.get 1) (i32.const 3))))
                (local.set 1 (i32.add (local.get 1) (i32.const 1000)))))
              (local.get 1)))""",
            *(("f", number) for number in range(-1, 7)),
        )
