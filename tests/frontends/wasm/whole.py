"""Whole modules, small ones of every kind, to be damaged."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import wasmtime

from .smith import module

_C = """
extern int log_(int);
static int table[3] = {1, 2, 3};
int (*volatile chosen)(int) = log_;
__attribute__((export_name("sum"))) int sum(int n) {
  int total = 0;
  for (int i = 0; i < n; i++) {
    total += table[i % 3] * chosen(i);
    if (total > 1000) return total;
  }
  return total;
}
"""
_WAT = (
    # Everything that a module can have, and every proposal that tblvm has.
    """(module $all
      (type $pair (func (param i32 i64) (result i64 i32)))
      (import "env" "f" (func $f (param i32) (result i32)))
      (import "env" "g" (global $g i32))
      (import "env" "m" (memory 1 4))
      (import "env" "t" (table $t 2 10 funcref))
      (func $swap (export "swap") (type $pair) local.get 1 local.get 0)
      (func (export "main") (param $n i32) (result i64) (local $x f64)
        local.get $n i64.const 7 call $swap drop
        local.get $n i32.const 1 i32.and if (param i64) (result i64) i64.extend8_s else i64.const 3 i64.mul end
        global.get $g call $f i64.extend_i32_s i64.add)
      (elem (global.get $g) $swap)
      (data (i32.const 8) "abc"))""",
    """(module $own
      (memory (export "memory") 1 2) (table (export "table") 4 funcref)
      (global (export "counter") (mut i64) (i64.const 40))
      (func $start (global.set 0 (i64.const 41)))
      (func $case (export "case") (param i32) (result i32)
        block block block local.get 0 br_table 0 1 2 0 end i32.const 10 return end i32.const 20 return end
        i32.const 0 i32.const 0 i32.const 4 memory.init $p  data.drop $p
        i32.const 8 i32.const 0 i32.const 2 memory.copy i32.const 30 i32.const 1 i32.const 3 memory.fill
        i32.const 8 i32.load)
      (func (export "loop") (param $n i32) (result f32) (local $s f32)
        loop $l local.get $s local.get $n f32.convert_i32_u f32.add local.set $s
          local.get $n i32.const 1 i32.sub local.tee $n br_if $l end
        local.get $s)
      (func (export "sat") (param f64) (result i32) local.get 0 i32.trunc_sat_f64_s)
      (func (export "indirect") (param i32) (result i32) i32.const 1 local.get 0 call_indirect (param i32) (result i32))
      (func (export "table") (result i32) i32.const 0 i32.const 0 i32.const 1 table.init $e elem.drop $e i32.const 0)
      (start $start)
      (elem (i32.const 1) $case $case) (elem $e func $case)
      (data (i32.const 16) "hello") (data $p "\\01\\02\\03\\04"))""",
)


@cache
def seeds() -> tuple[bytes, ...]:
    """Modules of `wasm-tools smith`, of text with all that there is, and of C with names and DWARF."""
    texts = tuple(
        bytes(wasmtime.wat2wasm(text.replace('(export "table") (result', "(result"))) for text in _WAT
    )
    return (
        *texts,
        *(module(number) for number in range(40)),
        *texts,
        _compiled(),
        _compiled(),
        b"\0asm\1\0\0\0",
    )


def _compiled() -> bytes:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "sum.c").write_text(_C)
        for words in (
            "cc -target wasm32-freestanding -g -O1 -c sum.c -o sum.o",
            "wasm-ld --no-entry --allow-undefined --export-table sum.o -o sum.wasm",
        ):
            tool = [sys.executable, "-m", "ziglang", *words.split()]
            subprocess.run(tool, check=True, capture_output=True, cwd=folder, timeout=280)
        return (folder / "sum.wasm").read_bytes()
