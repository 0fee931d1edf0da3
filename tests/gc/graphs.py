"""Generated programs that build object graphs, change them, lose parts of them, and say what they hold.

A program is a list of statements, each of which starts and ends with an empty operand stack; expressions
nest, so that references wait on the operand stack while other calls allocate. What a program prints is a
checksum over fields that it reaches through references: a moved or lost object changes it.
"""

from __future__ import annotations

import random

LENGTHS = {"nodes": 5, "anys": 7, "strings": 3, "nested": 2}
TYPES = {"nodes": "Node[]", "anys": "any[]", "strings": "string[]", "nested": "Node[][]"}
VARIABLES = {
    "Node": ("x", "y", "z"),
    "any": ("p", "q"),
    "Node[]": ("nodes",),
    "any[]": ("anys",),
    "string[]": ("strings",),
    "Node[][]": ("nested",),
    "cells": ("raw",),
    "string": ("text",),
    "Odd": ("odd",),
}

PRELUDE = """\
.collector
.class Node
    tag: i8
    number: i32
    left: Node
    wide: f64
    right: any
    items: Node[]
    name: string
.end
.class Odd
    flag: u8
    rest: any
.end
.class Plain
    number: i32
.end
.func node(number: i32, left: Node) -> Node
    .local made: Node
    NEWOBJ Node
    STORE made
    LOAD made
    LOAD number
    PUTFIELD Node.number
    LOAD made
    LOAD left
    PUTFIELD Node.left
    LOAD made
    LOAD number
    PUTFIELD Node.tag
    LOAD made
    RET
.end
; Two nodes in one, the second of them behind a reference of any type.
.func pair(a: Node, b: any) -> Node
    .local made: Node
    PUSH 3
    LOAD a
    CALL node
    STORE made
    PUSH 1
    CALL litter
    LOAD made
    LOAD b
    PUTFIELD Node.right
    LOAD made
    RET
.end
; A list made from its end: each node waits on the operand stack for the one behind it.
.func deep(count: i32) -> Node
    LOAD count
    JZ end
    NEWOBJ Node
    DUP
    LOAD count
    PUTFIELD Node.number
    DUP
    LOAD count
    DEC
    CALL deep
    PUTFIELD Node.left
    RET
end:
    NULL Node
    RET
.end
; A list made from its front, longer than a mark stack.
.func long(count: i32) -> Node
    .local first: Node
next:
    LOAD count
    LOAD first
    CALL node
    STORE first
    LOAD count
    DEC
    STORE count
    LOAD count
    JNZ next
    LOAD first
    RET
.end
.func tree(depth: i32) -> Node
    LOAD depth
    JZ leaf
    LOAD depth
    DEC
    CALL tree
    LOAD depth
    DEC
    CALL tree
    CALL pair
    RET
leaf:
    PUSH 2
    NULL Node
    CALL node
    RET
.end
; A ring: the last node's left is the first.
.func ring(count: i32) -> Node
    .local first: Node, last: Node
    PUSH 9
    NULL Node
    CALL node
    STORE first
    LOAD first
    STORE last
next:
    LOAD count
    LOAD last
    CALL node
    STORE last
    LOAD count
    DEC
    STORE count
    LOAD count
    JNZ next
    LOAD first
    LOAD last
    PUTFIELD Node.left
    LOAD last
    RET
.end
.func wide(count: i32, value: Node) -> Node[]
    .local made: Node[], at: i32
    LOAD count
    NEWARRAY Node[]
    STORE made
next:
    LOAD at
    LOAD count
    JEQ end
    LOAD made
    LOAD at
    LOAD at
    LOAD value
    CALL node
    ASTORE
    LOAD at
    INC
    STORE at
    JMP next
end:
    LOAD made
    RET
.end
.func litter(count: i32)
next:
    LOAD count
    JZ end
    NEWOBJ Plain
    POP
    LOAD count
    NEWARRAY i8[]
    POP
    LOAD count
    NEW 0
    POP
    LOAD count
    DEC
    STORE count
    JMP next
end:
    RET
.end
; References among numbers in parameters and results.
.func turn(a: i32, p: any, b: f64, q: Node) -> (Node, i32, any)
    .local keep: any
    LOAD p
    STORE keep
    PUSH 2
    CALL litter
    LOAD q
    LOAD a
    LOAD keep
    RET
.end
.func sum(node: Node, depth: i32) -> i32
    .local items: Node[]
    LOAD node
    JNULL nothing
    LOAD depth
    JZ nothing
    LOAD node
    GETFIELD Node.number
    LOAD node
    GETFIELD Node.tag
    ADD
    LOAD node
    GETFIELD Node.left
    LOAD depth
    DEC
    CALL sum
    PUSH 31
    MUL
    ADD
    LOAD node
    GETFIELD Node.right
    ISNULL
    ADD
    LOAD node
    GETFIELD Node.items
    STORE items
    LOAD items
    JNONNULL more
    .shape i32
    RET
more:
    LOAD items
    ALENGTH
    ADD
    LOAD items
    ALENGTH
    JNZ some
    RET
some:
    LOAD items
    PUSH 0
    ALOAD
    LOAD depth
    DEC
    CALL sum
    PUSH 17
    MUL
    ADD
    RET
nothing:
    PUSH 5
    RET
.end
"""


class Graphs:
    """Generates one program. size: statements in `main`."""

    def __init__(self, rng: random.Random, size: int = 40) -> None:
        self.rng, self.size = rng, size
        self.lines: list[str] = []
        self.labels = 0

    def text(self) -> str:
        for name, length in LENGTHS.items():
            for where in ("STORE ", "STOREG g_"):
                self.emit(f"PUSH {length}", f"NEWARRAY {TYPES[name]}", where + name)
        self.statements(self.size)
        for name in VARIABLES["Node"]:
            for where in ("LOAD ", "LOADG g_"):
                self.emit(where + name, "PUSH 6", "CALL sum", "PRINT", "PUSH 10", "PUTCHAR")
        globals_ = [f".global g_{n}: {t}" for t, names in VARIABLES.items() for n in names]
        globals_.insert(self.rng.randrange(len(globals_)), ".global g_number: i64")
        self.rng.shuffle(globals_)
        locals_ = [f"    .local {n}: {t}" for t, names in VARIABLES.items() for n in names]
        locals_ += [f"    .local i{i}: i32" for i in range(4)] + ["    .local wide_number: i64"]
        self.rng.shuffle(locals_)
        parts = [*globals_, ".func main()", *locals_, *self.lines, "    HALT", ".end"]
        return PRELUDE + "\n".join(parts) + "\n"

    def emit(self, *lines: str) -> None:
        self.lines += [f"    {line}" for line in lines]

    def label(self) -> str:
        self.labels += 1
        return f"L{self.labels}"

    def variable(self, type_: str) -> tuple[str, str]:
        """The instructions that load and store some variable of *type_*."""
        name = self.rng.choice(VARIABLES[type_])
        if self.rng.random() < 0.4:
            return f"LOADG g_{name}", f"STOREG g_{name}"
        return f"LOAD {name}", f"STORE {name}"

    # -- expressions ----------------------------------------------------------------------------------

    def push(self, type_: str, depth: int = 0) -> None:
        """Leave a reference of *type_* on the operand stack."""
        simple = depth > 3 or self.rng.random() < 0.35
        if simple:
            if self.rng.random() < 0.15:
                self.emit(f"NULL {type_}")
            else:
                self.emit(self.variable(type_)[0])
        elif type_ == "Node":
            self._node(depth)
        elif type_ == "any":
            self.push(self.rng.choice([each for each in VARIABLES if each != "any"]), depth)
        elif type_ == "Node[]" and self.rng.random() < 0.6:
            self.emit(f"PUSH {self.rng.choice((5, 5, 6, 40))}")
            self.push("Node", depth + 1)
            self.emit("CALL wide")
        elif type_ == "cells":
            self.emit(f"NEW {self.rng.randrange(1, 30)}")
        elif type_ == "string":
            text = self.rng.choice(('"plain"', '"caf\\u00e9"', '"\\u20ac"', '""'))
            self.emit(f"CONST {text}")
        elif type_ == "Odd":
            self.emit("NEWOBJ Odd", "DUP")
            self.push("any", depth + 1)
            self.emit("PUTFIELD Odd.rest")
        else:
            length = LENGTHS[VARIABLES[type_][0]]
            self.emit(f"PUSH {length}", f"NEWARRAY {type_}")

    def _node(self, depth: int) -> None:
        kind = self.rng.randrange(9)
        if kind == 0:
            self.emit("NEWOBJ Node")
        elif kind <= 2:
            self.emit(f"PUSH {self.rng.randrange(-200, 200)}")
            self.push("Node", depth + 1)
            self.emit("CALL node")
        elif kind <= 4:  # the first waits on the operand stack while the second is made
            self.push("Node", depth + 1)
            self.push("any", depth + 1)
            self.emit("CALL pair")
        elif kind == 5:
            self.emit(f"PUSH {self.rng.choice((1, 4, 12, 25))}", "CALL deep")
        elif kind == 6:
            self.emit(f"PUSH {self.rng.choice((1, 5, 30))}", f"CALL {self.rng.choice(('long', 'ring'))}")
        elif kind == 7:
            self.emit(f"PUSH {self.rng.randrange(4)}", "CALL tree")
        else:  # a new node's field, the node lost
            self.push("Node", depth + 1)
            self.push("any", depth + 1)
            self.emit("CALL pair", "GETFIELD Node.left")

    # -- statements -----------------------------------------------------------------------------------

    def statements(self, count: int, loop: int = 0) -> None:
        actions = [
            self._assign,
            self._assign,
            self._forget,
            self._put,
            self._put,
            self._put,
            self._cycle,
            self._element,
            self._element,
            self._shuffle,
            self._turn,
            self._print,
            self._litter,
        ]
        for _ in range(count):
            if loop < 2 and self.rng.random() < 0.06:
                self._repeat(loop)
            else:
                self.rng.choice(actions)()

    def _assign(self) -> None:
        type_ = self.rng.choice(list(VARIABLES))
        self.push(type_)
        self.emit(self.variable(type_)[1])

    def _forget(self) -> None:
        type_ = self.rng.choice(list(VARIABLES))
        self.emit(f"NULL {type_}", self.variable(type_)[1])

    def _put(self) -> None:
        load, end = self.variable("Node")[0], self.label()
        field, type_ = self.rng.choice(
            (("left", "Node"), ("right", "any"), ("items", "Node[]"), ("name", "string"))
        )
        self.emit(load, f"JNULL {end}", load)
        if load.startswith("LOADG") or self.rng.random() < 0.8:
            self.push(type_)
        else:
            self.emit(f"NULL {type_}")
        self.emit(f"PUTFIELD Node.{field}")
        self.lines.append(f"{end}:")

    def _cycle(self) -> None:
        self.emit("LOAD x", f"JNULL {(end := self.label())}", "LOAD x", "LOAD x", "PUTFIELD Node.right")
        self.lines.append(f"{end}:")

    def _element(self) -> None:
        name = self.rng.choice(list(LENGTHS))
        element = TYPES[name][:-2]
        where, end = self.rng.choice(("LOAD ", "LOADG g_")), self.label()
        index = self.rng.randrange(LENGTHS[name])
        self.emit(where + name, f"JNULL {end}")
        if self.rng.random() < 0.6:
            self.emit(where + name, f"PUSH {index}")
            self.push(element)
            self.emit("ASTORE")
        else:
            self.emit(where + name, f"PUSH {index}", "ALOAD", self.variable(element)[1])
        self.lines.append(f"{end}:")

    def _shuffle(self) -> None:
        """References and numbers on the operand stack, in changing order, across a call."""
        first, second = self.rng.choice(list(VARIABLES)), self.rng.choice(list(VARIABLES))
        self.push(first, 1)
        self.emit("PUSH 7")
        self.push(second, 1)
        if self.rng.random() < 0.5:
            self.emit("CONST 4000000000L", "PUSH 3", "CALL litter", "STOREG g_number")
        else:
            self.emit("DUP", "PUSH 2", "CALL litter", "POP")
        self.emit("SWAP", "PUSH 2", "CALL litter", "POP", self.variable(second)[1], self.variable(first)[1])

    def _turn(self) -> None:
        self.emit("PUSH 4")
        self.push("any", 1)
        self.emit("CONST 1.5")
        self.push("Node", 1)
        self.emit("CALL turn", self.variable("any")[1], "POP", self.variable("Node")[1])

    def _print(self) -> None:
        self.emit(self.variable("Node")[0], "PUSH 5", "CALL sum", "PRINT", "PUSH 32", "PUTCHAR")

    def _litter(self) -> None:
        self.emit(f"PUSH {self.rng.randrange(6)}", "CALL litter")

    def _repeat(self, loop: int) -> None:
        again = self.label()
        self.emit(f"PUSH {self.rng.randrange(2, 4)}", f"STORE i{loop}")
        self.lines.append(f"{again}:")
        self.statements(self.rng.randrange(1, 5), loop + 1)
        self.emit(f"LOAD i{loop}", "DEC", f"STORE i{loop}", f"LOAD i{loop}", f"JNZ {again}")
