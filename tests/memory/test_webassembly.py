"""Pages `linear` and `indirect` against a WebAssembly engine, wasmtime: the same steps, as text of both.

A scenario is a few steps that print what they give, until one traps. What was printed, the trap and all bytes
of the memories at the end must be the same; the native runtime runs the scenario too.
"""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
import wasmtime

from tests.differential.spaces import EDGES, PAGE
from tests.differential.vectors import bits
from tests.harness import Job, assembled, compiled, differences, reference

SEED = int(os.environ.get("TBLVM_TEST_SEED", "20261121"))
SCALE = int(os.environ.get("TBLVM_TEST_SCALE", "1"))
SCENARIOS, STEPS = 250 * SCALE, 12

TRAPS = {
    wasmtime.TrapCode.MEMORY_OUT_OF_BOUNDS: ("BAD_ADDRESS",),
    wasmtime.TrapCode.TABLE_OUT_OF_BOUNDS: ("BAD_TABLE_INDEX", "UNDEFINED_ELEMENT"),
    wasmtime.TrapCode.INDIRECT_CALL_TO_NULL: ("UNINITIALIZED_ELEMENT",),
    wasmtime.TrapCode.BAD_SIGNATURE: ("CALL_TYPE_MISMATCH",),
}
LOADS = [
    *((f"i32.load{each}", "i32") for each in ("", "8_s", "8_u", "16_s", "16_u")),
    *((f"i64.load{each}", "i64") for each in ("", "8_s", "8_u", "16_s", "16_u", "32_s", "32_u")),
    ("f32.load", "f32"),
    ("f64.load", "f64"),
]
STORES = [
    *((f"i32.store{each}", "i32") for each in ("", "8", "16")),
    *((f"i64.store{each}", "i64") for each in ("", "8", "16", "32")),
    ("f32.store", "f32"),
    ("f64.store", "f64"),
]
# Pages: least, most; the second memory reaches the harness's limit only together with the first.
MEMORIES = ((1, 3), (0, 2))
TABLES = ((6, 9), (3, 3))
# $pass is of the type of $add by another entry of the type section: types are equal by their structure.
FUNCTIONS = ("add", "none", "wide", "pass")
FIRST = ("add", None, "none", "wide", "pass", "add")
PASSIVE = bytes(range(0x41, 0x41 + 20))
ACTIVE = b"\x80\xff\x7f\x01 active"
WAT_TYPES = {"add": "(param i32) (result i32)", "none": "", "wide": "(param i64) (result i32)"}
TBA_TYPES = {"add": "(i32) -> i32", "none": "()", "wide": "(i64) -> i32"}


@dataclass
class Scenario:
    """The steps in both texts."""

    rng: random.Random
    wat: list[str] = field(default_factory=list)
    tba: list[str] = field(default_factory=list)
    labels: int = 0

    def number(self, type_: str, value: int) -> None:
        """Push a constant: an integer, or the bits of a float."""
        width = 32 if type_.endswith("32") else 64
        signed = (value + (1 << width - 1)) % (1 << width) - (1 << width - 1)
        if type_.startswith("i"):
            self.wat.append(f"{type_}.const {signed}")
            self.tba.append(f"CONST {signed}{'L' if width == 64 else ''}")
        else:
            self.wat += [f"i{width}.const {signed}", f"{type_}.reinterpret_i{width}"]
            self.tba.append(f"CONST {type_}:{value:#0{2 + width // 4}x}")

    def both(self, wat: str, tba: str = "") -> None:
        self.wat.append(wat)
        self.tba.append(tba or wat.upper().replace(".", "_", 1))

    def show(self, type_: str) -> None:
        """Print the top of the stack; of a float, its bits, by way of memory."""
        if type_.startswith("i"):
            self.both(f"call $out_{type_}", "PRINT" if type_ == "i32" else "LPRINT")
            self.tba += ["PUSH 10", "PUTCHAR"]
        else:
            local = f"$kept_{type_}"
            self.both(f"local.set {local}", f"STORE {local[1:]}")
            self.number("i32", 40)
            self.both(f"local.get {local}", f"LOAD {local[1:]}")
            self.both(f"{type_}.store", f"{type_.upper()}_STORE 0")

    def step(self) -> None:
        self.rng.choice(
            (
                self.load,
                self.load,
                self.store,
                self.store,
                self.size,
                self.grow,
                self.bulk,
                self.call,
                self.table,
            )
        )()

    def place(self, width: int) -> tuple[int, int]:
        """Address and offset: mostly within the page at first, sometimes at its end and beyond."""
        rng = self.rng
        if rng.random() < 0.85:
            place = rng.choice((rng.randrange(64), PAGE - width - rng.randrange(3), rng.randrange(PAGE - 8)))
            offset = rng.choice((0, rng.randrange(place + 1)))
            return place - offset, offset
        if rng.random() < 0.5:
            offset = rng.choice(EDGES)
            return (PAGE - width + rng.randrange(2) - offset) % 2**32, offset
        return rng.choice(EDGES), rng.choice(EDGES)

    def memory(self) -> int:
        return int(self.rng.random() < 0.1)

    def access(self, name: str, type_: str, *, value: bool) -> None:
        digits = "".join(
            c for c in name.split(".")[1].replace("load", "").replace("store", "") if c.isdigit()
        )
        memory = self.memory()
        address, offset = self.place(int(digits or type_[1:]) // 8)
        self.number("i32", address)
        if value:
            self.number(type_, bits(type_, self.rng))
        self.both(
            f"{name} {memory} offset={offset}",
            f"{name.upper().replace('.', '_')} {'n, ' if memory else ''}{offset}",
        )

    def load(self) -> None:
        name, type_ = self.rng.choice(LOADS)
        self.access(name, type_, value=False)
        self.show(type_)

    def store(self) -> None:
        name, type_ = self.rng.choice(STORES)
        self.access(name, type_, value=True)

    def size(self) -> None:
        memory = self.memory()
        self.both(f"memory.size {memory}", f"MEMORY_SIZE {'n' if memory else ''}")
        self.show("i32")

    def grow(self) -> None:
        memory = self.rng.randrange(2)
        self.number("i32", self.rng.choice((0, 1, 1, 2, 3, 65535, 65536, 2**31, 2**32 - 1)))
        self.both(f"memory.grow {memory}", f"MEMORY_GROW {'n' if memory else ''}")
        self.show("i32")

    def span(self, size: int) -> tuple[int, int]:
        """A start and a count, mostly within *size*."""
        rng = self.rng
        start = rng.choice((0, size, rng.randrange(size + 1)))
        if rng.random() < 0.85:
            return start, rng.randrange(size - start + 1)
        return rng.choice((start, *EDGES)), rng.choice((size - start + 1, 0, 1, 2**32 - 1))

    def bulk(self) -> None:
        kind = self.rng.randrange(4)
        at, count = self.span(PAGE)
        self.number("i32", at)
        if kind == 0:
            self.number("i32", bits("i32", self.rng))
            self.number("i32", count)
            self.both("memory.fill 0", "MEMORY_FILL")
        elif kind == 1:
            start, most = self.span(PAGE)
            self.number("i32", start)
            self.number("i32", min(count, most))
            self.both("memory.copy 0 0", "MEMORY_COPY")
        elif kind == 2:
            start, most = self.span(len(PASSIVE))
            self.number("i32", start)
            self.number("i32", min(count, most))
            self.both("memory.init 0 $passive", "MEMORY_INIT passive")
        else:  # what is in the memory from the start has no bytes any more
            self.number("i32", self.rng.choice((0, 0, 1)))
            self.number("i32", self.rng.choice((0, 0, 0, 1)))
            self.both("memory.init 0 $active", "MEMORY_INIT active")
            if self.rng.random() < 0.2:
                self.both("data.drop $passive", "DATA_DROP passive")

    def call(self) -> None:
        kind = self.rng.randrange(6)
        if kind == 0:
            self.number("i32", self.rng.choice((0, 1, 40, 2000)))
            self.both("call $down", "CALL down")
            self.show("i32")
            return
        if kind == 1:
            self.number("i32", self.rng.choice((0, 1, 2, 3, 4, 2**31, -1)))
            self.both("call $switch", "CALL switch")
            self.show("i32")
            return
        table = int(self.rng.random() < 0.2)
        holds = FIRST if not table else (None,) * 3
        name = self.rng.choice(("add", "add", "none", "wide"))
        fitting = [i for i, each in enumerate(holds) if each == name or (each == "pass" and name == "add")]
        if fitting and self.rng.random() < 0.8:
            index = self.rng.choice(fitting)
        else:
            index = self.rng.choice((len(holds), 2**31, 2**32 - 1, *range(len(holds))))
        if name != "none":
            self.number("i64" if name == "wide" else "i32", self.rng.randrange(100))
        self.number("i32", index)
        self.both(
            f"call_indirect {table} (type ${name})",
            f"CALL_INDIRECT {TBA_TYPES[name]}{', u' if table else ''}",
        )
        if name != "none":
            self.show("i32")

    def table(self) -> None:
        rng = self.rng
        table = rng.randrange(2)
        name = "u" if table else ""
        size = TABLES[table][0]
        kind = rng.randrange(7)
        if kind == 0:
            self.both(f"table.size {table}", f"TABLE_SIZE {name}")
            self.show("i32")
        elif kind == 1:
            self.number("i32", rng.choice((*range(size), size, 2**31, -1)))
            self.both(f"table.get {table}", f"TABLE_GET {name}")
            self.both("ref.is_null")
            self.show("i32")
        elif kind == 2:
            self.number("i32", rng.choice((*range(size), size, 2**32 - 1)) if rng.random() < 0.2 else 0)
            self.reference()
            self.both(f"table.set {table}", f"TABLE_SET {name}")
        elif kind == 3:
            self.reference()
            self.number("i32", rng.choice((0, 1, 1, 2, 3, 4, 2**31, 2**32 - 1)))
            self.both(f"table.grow {table}", f"TABLE_GROW {name}")
            self.show("i32")
        elif kind == 4:
            start, count = self.span(size)
            self.number("i32", start)
            self.reference()
            self.number("i32", count)
            self.both(f"table.fill {table}", f"TABLE_FILL {name}")
        elif kind == 5:
            at, count = self.span(3)
            start, most = self.span(3)
            for each in (at, start, min(count, most)):
                self.number("i32", each)
            self.both(f"table.copy {table} 0", f"TABLE_COPY {name or 't'}, t")
        else:
            at, count = self.span(3)
            start, most = self.span(4)
            for each in (at, start, min(count, most)):
                self.number("i32", each)
            self.both(f"table.init {table} $later", f"TABLE_INIT later{', u' if table else ''}")
            if rng.random() < 0.2:
                self.both("elem.drop $later", "ELEM_DROP later")

    def reference(self) -> None:
        name = self.rng.choice((*FUNCTIONS, None))
        self.both(
            f"ref.func ${name}" if name else "ref.null func", f"REF_FUNC {name}" if name else "REF_NULL"
        )

    # -- the texts ----------------------------------------------------------------------------------------

    def as_wat(self) -> str:
        def escaped(content: bytes) -> str:
            return "".join(f"\\{each:02x}" for each in content)

        memories = "\n".join(f'(memory (export "m{i}") {a} {b})' for i, (a, b) in enumerate(MEMORIES))
        tables = "\n".join(f"(table {a} {b} funcref)" for a, b in TABLES)
        first = " ".join(f"(ref.func ${each})" if each else "(ref.null func)" for each in FIRST)
        types_ = "\n".join(f"(type ${name} (func {text}))" for name, text in WAT_TYPES.items())
        return f"""(module
{types_}
(type $same (func (param i32) (result i32)))
(import "env" "i32" (func $out_i32 (param i32)))
(import "env" "i64" (func $out_i64 (param i64)))
{memories}
{tables}
(data $passive "{escaped(PASSIVE)}")
(data $active (memory 0) (i32.const 8) "{escaped(ACTIVE)}")
(elem (table 0) (i32.const 0) funcref {first})
(elem $later funcref (ref.func $add) (ref.null func) (ref.func $wide) (ref.func $none))
(func $add (type $add) (i32.add (local.get 0) (i32.const 1)))
(func $none (type $none))
(func $wide (type $wide) (i32.wrap_i64 (local.get 0)))
(func $pass (type $same) (local.get 0))
(func $down (type $add)
  (if (i32.eqz (local.get 0)) (then (return (i32.const 7))))
  (return_call $more (i32.const 0) (i32.sub (local.get 0) (i32.const 1))))
(func $more (param i32 i32) (result i32) (return_call $down (local.get 1)))
(func $switch (param i32) (result i32)
  (block (block (block (br_table 0 1 0 2 (local.get 0))) (return (i32.const 10))) (return (i32.const 11)))
  (i32.const 12))
(func (export "run") (local $kept_f32 f32) (local $kept_f64 f64)
  {chr(10).join(self.wat)}))
"""

    def as_tba(self) -> str:
        def escaped(content: bytes) -> str:
            return "".join(f"\\x{each:02x}" for each in content)

        first = ", ".join(each or "null" for each in FIRST)
        return f"""
.memory m: {MEMORIES[0][0]}, {MEMORIES[0][1]}
.memory n: {MEMORIES[1][0]}, {MEMORIES[1][1]}
.table t: {TABLES[0][0]}, {TABLES[0][1]}
.table u: {TABLES[1][0]}, {TABLES[1][1]}
.type $same = (i32) -> i32
.data passive
  "{escaped(PASSIVE)}"
.end
.data active: m, 8
  "{escaped(ACTIVE)}"
.end
.elem first: t, 0
  {first}
.end
.elem later
  add, null, wide, none
.end
.func add(a: i32) -> i32
  LOAD a
  INC
  RET
.end
.func none()
  RET
.end
.func wide(a: i64) -> i32
  LOAD a
  L2I
  RET
.end
.func pass(a: i32) -> i32
  .signature $same
  LOAD a
  RET
.end
.func down(n: i32) -> i32
  LOAD n
  JZ end
  PUSH 0
  LOAD n
  DEC
  RETURN_CALL more
end:
  PUSH 7
  RET
.end
.func more(a: i32, n: i32) -> i32
  LOAD n
  RETURN_CALL down
.end
.func switch(a: i32) -> i32
  LOAD a
  BR_TABLE x, y, x, z
x:
  PUSH 10
  RET
y:
  PUSH 11
  RET
z:
  PUSH 12
  RET
.end
.func main()
  .local kept_f32: f32, kept_f64: f64
  {chr(10).join(self.tba)}
  HALT
.end
"""


def scenario(number: int) -> Scenario:
    made = Scenario(random.Random(f"{SEED} webassembly {number}"))
    for _ in range(STEPS):
        made.step()
    return made


def outside(made: Scenario) -> tuple[str, tuple[str, ...], list[bytes]]:
    """What wasmtime does: output, the names that its trap has here, memories."""
    config = wasmtime.Config()
    config.wasm_tail_call = True
    config.wasm_multi_memory = True
    engine = wasmtime.Engine(config)
    store = wasmtime.Store(engine)
    printed: list[str] = []
    out = [
        wasmtime.Func(store, wasmtime.FuncType([kind], []), lambda value: printed.append(f"{value}\n"))
        for kind in (wasmtime.ValType.i32(), wasmtime.ValType.i64())
    ]
    instance = wasmtime.Instance(store, wasmtime.Module(engine, made.as_wat()), out)
    exports = instance.exports(store)
    trap: tuple[str, ...] = ("",)
    try:
        exports["run"](store)  # type: ignore[operator]
    except wasmtime.Trap as error:
        assert error.trap_code is not None
        trap = TRAPS[error.trap_code]
    memories = [bytes(exports[f"m{i}"].read(store)) for i in range(len(MEMORIES))]  # type: ignore[union-attr]
    return "".join(printed), trap, memories


@pytest.mark.parametrize("start", range(0, SCENARIOS, 50))
def test_the_same_as_in_webassembly(start: int) -> None:
    jobs = []
    ends = set()
    for number in range(start, start + 50):
        made = scenario(number)
        output, trap, memories = outside(made)
        job = Job(assembled(made.as_tba()))
        machine, outcome, printed = reference(job)
        where = f"seed {SEED}, scenario {number}\n{made.as_tba()}"
        name = outcome.trap.name if outcome.trap else ""
        assert name in trap, f"{name}, wasmtime {trap}: {where}"
        assert printed.decode() == output, where
        assert [bytes(each) for each in machine.memories.bytes] == memories, where
        jobs.append(job)
        ends.add(name)
    for job, run in zip(jobs, compiled("marksweep").run(jobs), strict=True):
        assert not differences(job, run)
    assert {"", "BAD_ADDRESS"} <= ends


ACCESSES = [
    (name, type_, value) for those, value in ((LOADS, False), (STORES, True)) for name, type_ in those
]


def ends_of_memory(name: str, type_: str, value: bool) -> Iterator[Scenario]:
    """The last place at which an access fits, and the first at which it does not, however it is said."""
    digits = "".join(c for c in name.split(".")[1] if c.isdigit())
    width = int(digits or type_[1:]) // 8
    pairs: Sequence[tuple[int, int]] = (
        (PAGE - width, 0),
        (0, PAGE - width),
        (PAGE - width + 1, 0),
        (0, PAGE - width + 1),
        (1, PAGE - width),
        (2**32 - 1, 2**32 - 1),
        (2**32 - width, width),
        (width, 2**32 - width),
        (2**31, 2**31),
        (2**32 - 1, 1),
    )
    for address, offset in pairs:
        made = Scenario(random.Random(0))
        made.number("i32", address)
        if value:
            made.number(type_, struct.unpack("<Q", bytes(range(0x91, 0x99)))[0] & ((1 << int(type_[1:])) - 1))
        made.both(f"{name} offset={offset}", f"{name.upper().replace('.', '_')} {offset}")
        if not value:
            made.show(type_)
        yield made


@pytest.mark.parametrize(("name", "type_", "value"), ACCESSES, ids=[name for name, _, _ in ACCESSES])
def test_the_end_of_memory(name: str, type_: str, value: bool) -> None:
    for made in ends_of_memory(name, type_, value):
        output, trap, memories = outside(made)
        machine, outcome, printed = reference(Job(assembled(made.as_tba())))
        assert (outcome.trap.name if outcome.trap else "") in trap, made.wat
        assert (printed.decode(), bytes(machine.memories.bytes[0])) == (output, memories[0]), made.wat
