"""Vectors for pages `linear` and `indirect`: memories, tables and segments, and operands at their edges.

Every vector leaves what it writes in the program's memories and tables, whose sums the harness compares.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tblvm.opcodes import Declaration

PAGE = 1 << 16
# Two of each: the first is what opcodes mean that name none. Where the runtime's limit ends depends on both.
MEMORIES = {"": 1, "n": 2}  # pages at first
TABLES = {"": 8, "u": 5}  # elements at first
SEGMENT = 40  # bytes of a data segment
ELEMENTS = ("none", "deep", "null", "swapped", "deep", "triple", "null", "none")
SIGNATURES = {
    "none": "()",
    "deep": "(i32) -> i32",
    "triple": "(i32) -> i32",
    "swapped": "(i32, f32) -> (f32, i32)",
}
EDGES = (0, 1, PAGE - 1, PAGE, 2**31 - 1, 2**31, 2**32 - PAGE, 2**32 - 8, 2**32 - 1)


def declarations(rng: random.Random) -> list[str]:
    """Memories, tables and segments, and functions that end by calling others."""

    def content(size: int) -> str:
        return '  "' + "".join(f"\\x{each:02x}" for each in rng.randbytes(size)) + '"'

    return [
        ".memory m: 1, 7\n.memory n: 2, 4",
        f".data $a: m, 0\n{content(64)}\n.end",
        f".data $b: m, {PAGE - 16}\n{content(16)}\n.end",
        f".data passive\n{content(SEGMENT)}\n.end",
        f".data active: n, {2 * PAGE - 64}\n{content(64)}\n.end",
        ".table t: 8, 20\n.table u: 5, 11",
        ".elem $a: t, 0\n  " + ", ".join(ELEMENTS) + "\n.end",
        ".elem $b: u, 1\n  deep, null, none\n.end",
        ".elem later\n  swapped, null, deep, triple, none\n.end",
        ".func triple(a: i32) -> i32\n  LOAD a\n  PUSH 3\n  MUL\n  RET\n.end",
        # Parameters move down past the link, both where there are more of them and where there are fewer.
        ".func more(a: i32, b: f32, c: i32) -> i32\n  .local d: i32\n  LOAD d\n  LOAD a\n  LOAD c\n  SUB\n  RET\n.end",
        ".func tail(a: i32) -> i32\n  PUSH 9\n  LOAD a\n  CONST 1.5f\n  PUSH 7\n  RETURN_CALL more\n.end",
        ".func count(n: i32, sum: i32) -> i32\n  LOAD n\n  JZ end\n  LOAD n\n  DEC\n  LOAD sum\n  LOAD n\n  ADD\n"
        "  RETURN_CALL count\nend:\n  LOAD sum\n  RETURN_CALL deep\n.end",
        *(
            f".func tail_{name or 't'}(a: i32, index: i32) -> i32\n  .local c: f32\n  LOAD a\n  LOAD a\n  LOAD index\n"
            f"  RETURN_CALL_INDIRECT (i32) -> i32{', u' if name else ''}\n.end"
            for name in TABLES
        ),
    ]


class Spaces:
    """One opcode of the pages on generated operands. The rest of it is vectors.Program."""

    rng: random.Random
    wild: bool
    lines: list[str]

    if TYPE_CHECKING:

        def emit(self, *lines: str) -> None: ...
        def label(self) -> str: ...
        def push(self, type_: str) -> None: ...
        def consume(self, type_: str) -> None: ...

    def _number(self, value: int) -> None:
        self.emit(f"CONST {(value + 2**31) % 2**32 - 2**31}")

    def _range(self, size: int) -> tuple[int, int]:
        """A start and a count: within *size*, or just beyond."""
        rng = self.rng
        if not self.wild:
            start = rng.choice((0, size, rng.randrange(size + 1)))
            return start, rng.choice((0, size - start, rng.randrange(size - start + 1)))
        start = rng.choice((*EDGES, size, size + 1, size - 1))
        return start, rng.choice(
            (0, 1, 2, 2**32 - 1, 2**31, (size - start + 1) % 2**32, (size - start) % 2**32)
        )

    def _other(self, declaration: Declaration) -> str:
        """The memory or table that the form is for: "" for the first one."""
        names = MEMORIES if declaration.page.name == "linear" else TABLES
        return "" if declaration.when else list(names)[1]

    def _access(self, declaration: Declaration, bound: dict[str, str]) -> None:
        rng, name = self.rng, declaration.name
        memory = self._other(declaration)
        size = MEMORIES[memory] * PAGE
        digits = "".join(c for c in name.split("_", 1)[1] if c.isdigit())
        width = int(digits or name[1:3]) // 8
        if self.wild:
            # Just beyond the end, or where 32 bits wrap.
            place = rng.choice(
                (size - width + 1, size - 1, size, size + 1, 2**32 - 1, 2**32, 2**32 + rng.randrange(64))
            )
            offset = rng.choice(
                [each for each in (*EDGES, place) if each <= place and each < 2**32 and place - each < 2**32]
            )
            address = place - offset
            if rng.random() < 0.2:
                address, offset = 2**32 - 1, 2**32 - 1
        else:
            # Mostly where there is something.
            place = rng.choice(
                (rng.randrange(56), size - width - rng.randrange(9), rng.randrange(size - width + 1))
            )
            offset = rng.choice(
                (0, place, min(place, rng.choice((1, 8, 127, 128, 16384))), rng.randrange(place + 1))
            )
            address = place - offset
        self._number(address)
        if len(declaration.signature.operands) == 2:
            self.push(name[:3].lower())
        self.emit(f"{name} {memory + ', ' if memory else ''}{offset}")
        if declaration.signature.results:
            self.consume(name[:3].lower())

    def _memory_size(self, declaration: Declaration, bound: dict[str, str]) -> None:
        self.emit(f"MEMORY_SIZE {self._other(declaration)}")
        self.consume("i32")

    def _memory_grow(self, declaration: Declaration, bound: dict[str, str]) -> None:
        memory = self._other(declaration)
        pages = self.rng.choice((0, 1, 1, 2, 3, 65535, 65536, 2**31, 2**32 - 1))
        self._number(pages)
        self.emit(f"MEMORY_GROW {memory}")
        self.consume("i32")
        self.emit(f"MEMORY_SIZE {memory}")
        self.consume("i32")

    def _memory_fill(self, declaration: Declaration, bound: dict[str, str]) -> None:
        memory = self._other(declaration)
        start, count = self._range(MEMORIES[memory] * PAGE)
        self._number(start)
        self.push("i32")
        self._number(count)
        self.emit(f"MEMORY_FILL {memory}")

    def _memory_copy(self, declaration: Declaration, bound: dict[str, str]) -> None:
        to, from_ = ("", "") if declaration.when else self.rng.choice((("n", "n"), ("n", "m"), ("m", "n")))
        at, count = self._range(MEMORIES["n" if to == "n" else ""] * PAGE)
        start, most = self._range(MEMORIES["n" if from_ == "n" else ""] * PAGE)
        for each in (at, start, min(count, most)):
            self._number(each)
        self.emit("MEMORY_COPY" + (f" {to}, {from_}" if to else ""))

    def _memory_init(self, declaration: Declaration, bound: dict[str, str]) -> None:
        memory = self._other(declaration)
        segment = self.rng.choice(("passive", "passive", "active"))
        at, count = self._range(MEMORIES[memory] * PAGE)
        start, most = self._range(SEGMENT if segment == "passive" else 0)
        for each in (at, start, min(count, most)):
            self._number(each)
        self.emit(f"MEMORY_INIT {segment}{', ' + memory if memory else ''}")

    def _data_drop(self, declaration: Declaration, bound: dict[str, str]) -> None:
        if self.rng.random() < 0.2:
            self.emit("DATA_DROP active")
        if self.wild:
            self.emit("PUSH 0", "PUSH 0", "PUSH 1", "DATA_DROP passive", "MEMORY_INIT passive")
        else:
            self.emit("DATA_DROP passive", "PUSH 1", "PUSH 0", "PUSH 0", "MEMORY_INIT passive")

    # -- tables -------------------------------------------------------------------------------------------

    def _element(self, table: str, *, holds: tuple[str, ...]) -> int:
        """An index of an element that is one of these."""
        elements = ("null", "deep", "null", "none", "null") if table else ELEMENTS
        return self.rng.choice([i for i, each in enumerate(elements) if each in holds])

    def _callee(self, table: str) -> tuple[int, str]:
        """An index and the type that is expected there."""
        if not self.wild:
            name = self.rng.choice(("none", "deep"))
            holds = tuple(each for each, type_ in SIGNATURES.items() if type_ == SIGNATURES[name])
            return self._element(table, holds=holds), name
        kind = self.rng.randrange(3)
        if kind == 0:
            return self.rng.choice((TABLES[table], 2**31, 2**32 - 1)), "deep"
        if kind == 1:
            return self._element(table, holds=("null",)), "deep"
        return self._element(table, holds=("none",)), "deep"

    def _call_indirect(self, declaration: Declaration, bound: dict[str, str]) -> None:
        table = self._other(declaration)
        index, name = self._callee(table)
        if name == "deep":
            self.push("i32")
        self._number(index)
        self.emit(f"CALL_INDIRECT {SIGNATURES[name]}{', u' if table else ''}")
        if name == "deep":
            self.consume("i32")

    def _return_call(self, declaration: Declaration, bound: dict[str, str]) -> None:
        if self.rng.random() < 0.5:
            self.push("i32")
            self.emit("CALL tail")
        else:
            self.emit(f"PUSH {self.rng.randrange(200)}", "PUSH 5", "CALL count")
        self.consume("i32")

    def _return_call_indirect(self, declaration: Declaration, bound: dict[str, str]) -> None:
        table = self._other(declaration)
        index, name = self._callee(table)
        while name != "deep":
            index, name = self._callee(table)
        self.push("i32")
        self._number(index)
        self.emit(f"CALL tail_{table or 't'}")
        self.consume("i32")

    def _br_table(self, declaration: Declaration, bound: dict[str, str]) -> None:
        count = self.rng.choice((0, 1, 2, 3, 5, 40, 200))
        labels = [self.label() for _ in range(min(count, 4) + 1)]
        chosen = [self.rng.choice(labels) for _ in range(count)]
        end = self.label()
        unused = [each for each in labels if each not in chosen]
        last = self.rng.choice(labels)
        # Code behind a branch table must be reachable.
        for each in unused:
            self.emit("PUSH 0", f"JNZ {each}")
        self._number(
            self.rng.choice((0, 1, count - 1, count, count + 1, self.rng.randrange(count + 2), 2**31, -1))
        )
        self.emit("BR_TABLE " + ", ".join([*chosen, last]))
        for number, each in enumerate(labels):
            self.lines.append(f"{each}:")
            self.emit(f"PUSH {number}", f"JMP {end}")
        self.lines.append(f"{end}:")
        self.consume("i32")

    def _table_get(self, declaration: Declaration, bound: dict[str, str]) -> None:
        table = self._other(declaration)
        index = (
            self.rng.choice((TABLES[table], 2**31, -1)) if self.wild else self.rng.randrange(TABLES[table])
        )
        self._number(index)
        if declaration.name == "TABLE_SET":
            self.push("function")
            self.emit(f"TABLE_SET {table}")
            if self.wild:
                return
            self._number(index)
        self.emit(f"TABLE_GET {table}")
        self.consume("function")

    _table_set = _table_get

    def _table_size(self, declaration: Declaration, bound: dict[str, str]) -> None:
        self.emit(f"TABLE_SIZE {self._other(declaration)}")
        self.consume("i32")

    def _table_grow(self, declaration: Declaration, bound: dict[str, str]) -> None:
        table = self._other(declaration)
        self.push("function")
        self._number(self.rng.choice((0, 1, 1, 2, 5, 2**31, 2**32 - 1, 2**32 - 8)))
        self.emit(f"TABLE_GROW {table}")
        self.consume("i32")
        self.emit(f"TABLE_SIZE {table}")
        self.consume("i32")

    def _table_fill(self, declaration: Declaration, bound: dict[str, str]) -> None:
        table = self._other(declaration)
        start, count = self._range(TABLES[table])
        self._number(start)
        self.push("function")
        self._number(count)
        self.emit(f"TABLE_FILL {table}")

    def _table_copy(self, declaration: Declaration, bound: dict[str, str]) -> None:
        to, from_ = ("", "") if declaration.when else self.rng.choice((("u", "u"), ("u", "t"), ("t", "u")))
        at, count = self._range(TABLES["u" if to == "u" else ""])
        start, most = self._range(TABLES["u" if from_ == "u" else ""])
        for each in (at, start, min(count, most)):
            self._number(each)
        self.emit("TABLE_COPY" + (f" {to}, {from_}" if to else ""))

    def _table_init(self, declaration: Declaration, bound: dict[str, str]) -> None:
        table = self._other(declaration)
        at, count = self._range(TABLES[table])
        start, most = self._range(5)
        for each in (at, start, min(count, most)):
            self._number(each)
        self.emit(f"TABLE_INIT later{', ' + table if table else ''}")

    def _elem_drop(self, declaration: Declaration, bound: dict[str, str]) -> None:
        if self.wild:
            self.emit("PUSH 0", "PUSH 0", "PUSH 1", "ELEM_DROP later", "TABLE_INIT later")
        else:
            self.emit("ELEM_DROP later", "PUSH 1", "PUSH 0", "PUSH 0", "TABLE_INIT later")
