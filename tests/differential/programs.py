"""Random programs that pass verification, with loops, calls, joins and objects.

A program is *tame* or *wild*. A tame one keeps three promises, so that it seldom traps: every array and
cells object has eight elements, what is dereferenced is not null, divisors are not zero. A wild one does
not. Both end by fuel at the latest.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from tests.differential.vectors import SCREEN, integer, literal
from tests.harness import registry

NUMBERS = ("i32", "i64", "f32", "f64")
FROM_TEXT = {"i32": "STR2I", "i64": "STR2L", "f32": "STR2F", "f64": "STR2D"}
TO_TEXT = {"i32": "I2STR", "i64": "L2STR", "f32": "F2STR", "f64": "D2STR"}
ARRAYS = ("i32[]", "i64[]", "f32[]", "f64[]", "i8[]", "u8[]", "i16[]", "u16[]", "any[]", "K[]", "string[]")
# M extends K and implements J, N extends M, L implements J, K implements I; all by methods of the same names.
PARENTS = {"K": "", "L": "", "M": "K", "N": "M"}
OWN_METHODS = {"K": "ab", "L": "cd", "M": "ac", "N": "abe"}
INTERFACES = {"I": "a", "J": "c"}
SUBTYPES = {"K": "MN", "M": "N", "I": "KMN", "J": "LMN"}
OBJECTS = (*PARENTS, *INTERFACES)
REFERENCES = ("any", "cells", "string", *OBJECTS, *ARRAYS)
TYPES = (*NUMBERS, *REFERENCES, "function")
VALUES = (*NUMBERS, "function")  # no heap references
STORED = (*TYPES, "i8", "u8", "i16", "u16")
_EXTENDED = tuple(f"{width}_{sign}" for width in (8, 16) for sign in "SU")
I32_LOADS = ("I32_LOAD", *(f"I32_LOAD{each}" for each in _EXTENDED))
I64_LOADS = ("I64_LOAD", *(f"I64_LOAD{each}" for each in (*_EXTENDED, "32_S", "32_U")))
I32_STORES = ("I32_STORE", "I32_STORE8", "I32_STORE16")
I64_STORES = ("I64_STORE", "I64_STORE8", "I64_STORE16", "I64_STORE32")
LENGTH = 8  # of every array of a tame program
BINARY = ("ADD", "SUB", "MUL", "AND", "OR")
FLOAT_BINARY = ("FADD", "FSUB", "FMUL", "FDIV")
COMPARES = ("JEQ", "JNE", "JLT", "JGT")


def assignable(given: str, wanted: str) -> bool:
    return given == wanted or (wanted == "any" and given not in VALUES) or given in SUBTYPES.get(wanted, "")


def ancestors(class_: str) -> str:
    """The class and its superclasses."""
    return class_ + (ancestors(PARENTS[class_]) if PARENTS.get(class_) else "")


def methods(type_: str) -> str:
    """The names of the methods of a class, inherited ones too, or of an interface."""
    if type_ in INTERFACES:
        return INTERFACES[type_]
    return "".join(sorted({name for each in ancestors(type_) for name in OWN_METHODS[each]}))


@dataclass(frozen=True)
class Numeric:
    """An opcode that computes one number from numbers."""

    label: str
    takes: tuple[str, ...]
    traps: bool


@cache
def numeric(result: str) -> tuple[Numeric, ...]:
    """The opcodes of all pages that compute a *result* from numbers, whatever they are."""
    found = []
    for opcode in registry().isa:
        signature = opcode.declarations[0].signature
        patterns = [pattern for _, pattern in signature.operands]
        plain = all(p.kind == "type" and str(p) in NUMBERS for p in (*patterns, *signature.results))
        if plain and patterns and len(signature.results) == 1 and not signature.immediates:
            effects = list(opcode.declarations[0].graph().effects())
            may_trap = any(node.primitive.name == "trap_if" for node in effects)
            computes = all(node.primitive.name == "trap_if" for node in effects)
            if computes and str(signature.results[0]) == result and len(opcode.declarations) == 1:
                found.append(Numeric(opcode.label, tuple(map(str, patterns)), may_trap))
    return tuple(found)


def on_stack(type_: str) -> str:
    return "i32" if type_ in ("i8", "u8", "i16", "u16") else type_


@dataclass(frozen=True)
class Sketch:
    """A generated program and the limits that it is to run with."""

    text: str
    wild: bool
    stdin: bytes
    fuel: int
    stack: int


@dataclass
class Callable_:
    name: str
    parameters: tuple[str, ...]
    results: tuple[str, ...]
    recursive: bool = False
    is_method: bool = False
    field: str | None = None  # of an imported function

    @property
    def type(self) -> str:
        results = f" -> ({', '.join(self.results)})" if self.results else ""
        return f"({', '.join(self.parameters)}){results}"


@dataclass
class Label:
    """A place that is branched to: the stack there, and whether the first branch said exactly so."""

    name: str
    stack: list[str]
    first: list[str] | None = None


class Body:
    """One function while it is generated; `stack` holds the types on the operand stack."""

    def __init__(self, program: Generator, function: Callable_, callees: Sequence[Callable_]) -> None:
        self.program, self.rng, self.function, self.callees = program, program.rng, function, callees
        self.wild = program.wild
        self.lines: list[str] = []
        self.stack: list[str] = []
        self.floor = 0
        self.nesting = 0
        self.labels = 0
        self.loops: list[tuple[Label, Label]] = []  # continue, break
        names = [f"a{i}" for i in range(len(function.parameters))]
        if function.recursive:
            names[0] = "n"
        self.locals = dict(zip(names, function.parameters, strict=True))
        self.declared: list[str] = []
        self.fixed = {"n"}  # locals that nothing else writes
        if self.chance(0.08):
            self.declared += [f"  .local filler{i}: i32" for i in range(124)]
        for i in range(self.rng.randrange(1, 6)):
            self.local(f"v{i}", self.rng.choice(TYPES))

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def local(self, name: str, type_: str) -> None:
        self.locals[name] = type_
        self.declared.append(f"  .local {name}: {type_}")

    def fresh_local(self, prefix: str, type_: str) -> str:
        name = f"{prefix}{len(self.locals)}"
        self.local(name, type_)
        self.fixed.add(name)
        return name

    # -- emitting -----------------------------------------------------------------------------------

    def op(self, line: str, takes: int = 0, *gives: str) -> None:
        """An instruction that takes so many cells and leaves these types."""
        if takes:
            del self.stack[-takes:]
        self.stack += gives
        self.lines.append(f"  {line}")

    def label(self, stack: Sequence[str]) -> Label:
        self.labels += 1
        return Label(f"L{self.labels}", list(stack))

    def branch(self, line: str, takes: int, to: Label) -> None:
        """A forward branch. What is below its operands must be assignable to the label's stack."""
        self.op(f"{line} {to.name}", takes)
        if to.first is None:
            to.first = list(self.stack)

    def place(self, label: Label, *, falls: bool = True) -> None:
        """Put the label here. *falls*: the instruction before goes on to it."""
        said = label.first if label.first is not None else (self.stack if falls else [])
        if said != label.stack or self.chance(0.15):
            self.lines.append("  .shape " + ", ".join(label.stack) if label.stack else "  .shape")
        self.lines.append(f"{label.name}:")
        self.stack = list(label.stack)
        # Something must stand behind every label, and a shape needs an instruction of its own.
        self.op("NOP")

    def condition(self, to: Label) -> None:
        """A forward branch that is sometimes taken, to a label for the present stack."""
        choice = self.rng.randrange(5)
        if choice < 2:
            self.value("i32")
            self.branch(self.rng.choice(("JZ", "JNZ")), 1, to)
        elif choice < 4:
            self.value("i32")
            self.value("i32")
            self.branch(self.rng.choice(COMPARES), 2, to)
        else:
            self.value(self.rng.choice(REFERENCES))
            self.branch(self.rng.choice(("JNULL", "JNONNULL")), 1, to)

    # -- values -------------------------------------------------------------------------------------

    def fresh(self, type_: str) -> None:
        """A new object, or a constant: never null in a tame program."""
        if type_ == "function":
            self.op(f"REF_FUNC {self.rng.choice(self.program.functions).name}", 0, "function")
        elif type_ in (*NUMBERS, "string"):
            self.op(f"CONST {literal(type_, self.rng)}", 0, type_)
        elif type_ in OBJECTS:
            below = SUBTYPES.get(type_, "")
            class_ = self.rng.choice(below if type_ in INTERFACES else type_ + below)
            self.op(f"NEWOBJ {class_}", 0, class_)
        elif type_ == "cells":
            if not self.wild and self.chance(0.5):
                self.op(f"NEW {LENGTH}", 0, "cells")
            elif self.wild and self.chance(0.5):
                self.op(f"NEW {self.rng.randrange(1, 12)}", 0, "cells")
            else:
                self.count()
                self.op("NEW 0", 1, "cells")
        elif type_ == "any":
            self.op("NULL any", 0, "any") if self.chance(0.3) else self.fresh(self.rng.choice(REFERENCES[1:]))
        else:
            self.count()
            self.op(f"NEWARRAY {type_}", 1, type_)

    def count(self) -> None:
        if not self.wild or self.chance(0.3):
            self.op(f"PUSH {LENGTH}", 0, "i32")
        elif self.chance(0.9):
            self.op(f"PUSH {self.rng.randrange(12)}", 0, "i32")
        else:
            self.op(f"CONST {self.rng.choice((-1, -(2**31), 2**31 - 1, 1 << 28))}", 0, "i32")

    def index(self, offset: int = 0) -> None:
        if self.wild and self.chance(0.1):
            self.value("i32")
        elif self.chance(0.3) and not offset:
            self.value("i32")
            self.op(f"PUSH {LENGTH - 1}", 0, "i32")
            self.op("AND", 2, "i32")
        else:
            self.op(f"PUSH {self.rng.randrange(LENGTH - offset)}", 0, "i32")

    def usable(self) -> None:
        """The reference on top is replaced by a new object if it is null; in a wild program, mostly."""
        type_ = self.stack[-1]
        if type_ in VALUES or type_ == "any" or (self.wild and self.chance(0.07)):
            return
        label = self.label(self.stack)
        self.op("DUP", 0, type_)
        self.branch("JNONNULL", 1, label)
        self.op("POP", 1)
        self.fresh(type_)
        self.place(label)

    def named(self, type_: str, *, writable: bool = False) -> list[str]:
        return [n for n, t in self.locals.items() if t == type_ and not (writable and n in self.fixed)]

    def value(self, type_: str, depth: int = 0) -> None:
        """Push a value that is assignable to *type_*."""
        if type_ == "any" and self.chance(0.6):
            type_ = self.rng.choice(REFERENCES)
        if type_ in SUBTYPES and self.chance(0.3):
            type_ = self.rng.choice(SUBTYPES[type_])
        choice = self.rng.random()
        if choice < 0.3 and self.named(type_):
            self.op(f"LOAD {self.rng.choice(self.named(type_))}", 0, type_)
            if self.wild:
                self.usable()
        elif choice < 0.4 and self.program.globals_of(type_):
            self.op(f"LOADG {self.rng.choice(self.program.globals_of(type_))}", 0, type_)
            self.usable()
        elif type_ == "function" and choice < 0.5:
            self._table_value()
        elif self.wild and choice < 0.45 and type_ not in NUMBERS:
            self.op(f"NULL {type_}", 0, type_)
            self.usable()
        elif choice < 0.75 and depth < 2:
            self.computed(type_, depth + 1)
        else:
            self.fresh(type_)

    def _table_value(self) -> None:
        if self.chance(0.2):
            self.op("REF_NULL", 0, "function")
            return
        self.element()
        self.op("TABLE_GET", 1, "function")

    def element(self) -> None:
        """An index of the table."""
        if self.wild and self.chance(0.1):
            self.op(f"CONST {self.rng.choice((-1, 8, 9, 2**31 - 1))}", 0, "i32")
        else:
            self.op(f"PUSH {self.rng.randrange(8)}", 0, "i32")

    def address(self) -> int:
        """Push an address; the offset that goes with it."""
        if self.wild and self.chance(0.15):
            self.value("i32")
            return self.rng.choice((0, 1, 65530, 2**31, 2**32 - 1))
        self.value("i32")
        self.op("CONST 1023", 0, "i32")
        self.op("AND", 2, "i32")
        return self.rng.choice((0, 0, 4, 60_000))

    def computed(self, type_: str, depth: int) -> None:
        if type_ in NUMBERS and self.chance(0.4):
            those = [each for each in numeric(type_) if self.wild or not each.traps]
            trapping = [each for each in those if each.traps]
            chosen = self.rng.choice(trapping if trapping and self.chance(0.2) else those)
            for taken in chosen.takes:
                if chosen.traps and taken in ("f32", "f64") and self.chance(0.4):
                    self.op("CONST nanf" if taken == "f32" else "CONST nan", 0, taken)
                else:
                    self.value(taken, depth)
            self.op(chosen.label.removeprefix("core."), len(chosen.takes), type_)
            return
        if type_ in NUMBERS and self.chance(0.2):
            offset = self.address()
            loads = {"i32": I32_LOADS, "i64": I64_LOADS}.get(type_, (f"{type_.upper()}_LOAD",))
            self.op(f"{self.rng.choice(loads)} {offset}", 1, type_)
            return
        if type_ == "i32":
            self.rng.choice((self._arithmetic, self._unary, self._question, self._division, self._input))(
                depth
            )
            return
        if type_ == "f32" and self.chance(0.6):
            self.value("f32", depth)
            self.value("f32", depth)
            self.op(self.rng.choice(FLOAT_BINARY), 2, "f32")
            return
        if type_ == "f32" and self.chance(0.5):
            self.value("i32", depth)
            self.op("I2F", 1, "f32")
            return
        if type_ == "string" and self.chance(0.2):
            self.value("string", depth)
            self.op("PROMPT_READ", 1, "string")
            self.usable()
            return
        if type_ == "string" and self.chance(0.6):
            self._text(depth)
            return
        if type_ in OBJECTS and self.chance(0.4):
            self._narrowed(type_, depth)
            return
        fields = [(c, f) for c in PARENTS for f, t in self.program.all_fields(c) if on_stack(t) == type_]
        if fields and self.chance(0.6):
            class_, name = self.rng.choice(fields)
            self.value(class_, depth)
            self.usable()
            self.op(f"GETFIELD {class_}.{name}", 1, type_)
            self.usable()
        elif f"{type_}[]" in ARRAYS:
            self.value(f"{type_}[]", depth)
            self.usable()
            self.index()
            self.op("ALOAD", 2, type_)
            self.usable()
        else:
            self.fresh(type_)

    def _narrowed(self, type_: str, depth: int) -> None:
        """A cast; in a tame program to what the object is."""
        wider = [each for each, below in SUBTYPES.items() if type_ in below]
        self.value(self.rng.choice(("any", *wider)), depth)
        given = self.stack[-1]
        if not self.wild or self.chance(0.8):
            label = self.label([*self.stack[:-1], "any"])
            for test in ("JNULL", f"INSTANCEOF {type_}"):
                self.op("DUP", 0, given)
                if test == "JNULL":
                    self.branch("JNULL", 1, label)
                else:
                    self.op(test, 1, "i32")
                    self.branch("JNZ", 1, label)
            self.op("POP", 1)
            self.fresh(type_)
            self.place(label)
        self.op(f"CAST {type_}", 1, type_)
        self.usable()

    def _text(self, depth: int) -> None:
        """A string that is made."""
        choice = self.rng.randrange(7)
        if choice == 0:
            self.value("string", depth)
            self.value("string", depth)
            self.op("SCONCAT", 2, "string")
        elif choice == 1:
            kind = self.rng.choice(NUMBERS)
            self.value(kind, depth)
            self.op(TO_TEXT[kind], 1, "string")
        elif choice == 2:
            self.value("i32", depth)
            self.op("SFROMCHAR", 1, "string")
        elif choice == 3:
            self.value("u16[]", depth)
            self.usable()
            self.between(LENGTH)
            self.op("SFROMCHARS", 3, "string")
        else:
            self.value("string", depth)
            self.usable()
            if self.wild and self.chance(0.1):
                self.between(LENGTH)
            else:  # the second half
                for line in ("DUP", "SLENGTH", "DUP", "PUSH 2", "DIV", "SWAP"):
                    takes, gives = {
                        "DUP": (0, self.stack[-1:]), "SLENGTH": (1, ["i32"]), "DIV": (2, ["i32"])
                    }.get(line, (0, ["i32"]))  # fmt: skip
                    self.op(line, *((2, "i32", "i32") if line == "SWAP" else (takes, *gives)))
            self.op("SSUBSTRING", 3, "string")

    def between(self, length: int) -> None:
        """Two indexes of a range of so many."""
        for at in sorted(self.rng.randrange(length + 1) for _ in range(2)):
            self.op(f"PUSH {at}", 0, "i32")

    def _asked_of_text(self, depth: int) -> None:
        """An i32 that depends on a string."""
        choice = self.rng.randrange(9)
        if choice < 3:
            self.value("string", depth)
            self.usable()
            self.value("string", depth)
            self.usable()
            if choice == 0:
                self.value("i32", depth)
            name = ("SINDEXOF", "SEQUALS", "SCOMPARE")[choice]
            self.op(name, 3 if choice == 0 else 2, "i32")
        elif choice == 3:
            self.value("string", depth)
            self.usable()
            self.value("i32", depth)
            self.value("i32", depth)
            self.op("SINDEXOFCHAR", 3, "i32")
        elif choice == 4:
            self.value("string", depth)
            if not self.wild:
                self.op('CONST "x"', 0, "string")
                self.op("SCONCAT", 2, "string")
            self.usable()
            self.op("PUSH 0", 0, "i32")
            self.op("SCHARAT", 2, "i32")
        elif choice == 5:
            self.value("string", depth)
            self.op(self.rng.choice(("SISINT", "SISLONG", "SISFLOAT")), 1, "i32")
        elif choice == 6:
            self.value("string", depth)
            self.usable()
            self.op(self.rng.choice(("SHASH", "SLENGTH")), 1, "i32")
        else:
            self._parsed(depth)

    def _parsed(self, depth: int) -> None:
        """An i32 that came as text; in a wild program, of any text."""
        kind = self.rng.choice(NUMBERS)
        if self.wild and self.chance(0.5):
            self.value("string", depth)
            self.usable()
        else:
            self.value(kind, depth)
            self.op(TO_TEXT[kind], 1, "string")
        self.op(FROM_TEXT[kind], 1, kind)
        if kind != "i32":
            self.op("POP", 1)
            self.op("PUSH 1", 0, "i32")

    def _arithmetic(self, depth: int) -> None:
        self.value("i32", depth)
        self.value("i32", depth)
        self.op(self.rng.choice(BINARY), 2, "i32")

    def _division(self, depth: int) -> None:
        self.value("i32", depth)
        if self.wild and self.chance(0.5):
            self.value("i32", depth)
        else:
            self.op(f"CONST {integer(self.rng) or 3}", 0, "i32")
        self.op(self.rng.choice(("DIV", "MOD")), 2, "i32")

    def _unary(self, depth: int) -> None:
        if self.chance(0.25):
            self.value("f32", depth)
            self.op("F2I", 1, "i32")
            return
        self.value("i32", depth)
        self.op(self.rng.choice(("NEG", "INC", "DEC")), 1, "i32")

    def _question(self, depth: int) -> None:
        """An i32 that depends on a reference."""
        choice = self.rng.randrange(7)
        if choice > 4:
            self._asked_of_text(depth)
        elif choice == 4:
            self.value(self.rng.choice(REFERENCES), depth)
            self.op(f"INSTANCEOF {self.rng.choice(REFERENCES)}", 1, "i32")
        elif choice == 0:
            type_ = self.rng.choice((*REFERENCES, "function"))
            self.value(type_, depth)
            self.op("REF_IS_NULL" if type_ == "function" else "ISNULL", 1, "i32")
        elif choice == 1:
            self.value(self.rng.choice(REFERENCES), depth)
            if self.chance(0.3):
                self.op("DUP", 1, self.stack[-1], self.stack[-1])
            else:
                self.value(self.rng.choice(REFERENCES), depth)
            self.op(self.rng.choice(("REFEQ", "REFNE")), 2, "i32")
        elif choice == 2:
            self.value(self.rng.choice(ARRAYS), depth)
            self.usable()
            self.op("ALENGTH", 1, "i32")
        else:
            self.value("cells", depth)
            self.usable()
            offset = self.rng.choice((0, 0, 0, 3))
            self.index(offset)
            self.op(f"LOADM {offset}", 2, "i32")

    def _input(self, depth: int) -> None:
        if self.chance(0.5):
            self.op("READ" if self.chance(0.5) else "GETCHAR", 0, "i32")
        elif self.chance(0.5):
            self.value("i32", depth)
            self.op("EVENT_WAIT", 1, "i32")
        elif self.wild and self.chance(0.3):
            self.value("string", depth)
            self.op("SCRIPT_EXEC", 1, "i32")  # nothing is granted
        elif self.wild and self.chance(0.8):
            self.value("i32", depth)
            self.op(self.rng.choice(("SPACE_INFO", "TIME_GET")), 1, "i32")
            self.op("POP", 1)
            self.fresh("i32")
        elif self.chance(0.3):
            self.op(f"PUSH {self.rng.randrange(5)}", 0, "i32")
            self.op("TIME_GET", 1, "i32")
            self.op("POP", 1)
            self.fresh("i32")
        else:
            self.op(f"PUSH {self.rng.choice((2, 3, 4))}", 0, "i32")
            self.op("SPACE_INFO", 1, "i32")

    # -- statements ---------------------------------------------------------------------------------

    def block(self, steps: int) -> None:
        for _ in range(steps):
            self.step()

    def step(self) -> None:
        room = len(self.stack) - self.floor
        if room > 8 or (room and self.chance(0.3)):
            self.consume()
            return
        actions: list[tuple[int, Callable[[], None]]] = [
            (5, lambda: self.value(self.rng.choice(TYPES))),
            (4, self.store),
            (3, self.show),
            (3, self.mutate),
            (1, self.draw),
            (2, self.shuffle),
            (1, lambda: self.lines.append("  NOP")),
            (3, self.call),
            (1, self.leave),
            (2, self.write),
        ]
        if self.nesting < 3:
            actions += [(3, self.diamond), (2, self.loop), (1, self.choose)]
        if self.loops:
            actions.append((2, self.escape))
        if self.function.recursive:
            actions.append((2, self.recurse))
        if self.program.free:
            actions.append((4, self.free))
        weights = [weight for weight, _ in actions]
        self.rng.choices([action for _, action in actions], weights)[0]()

    def consume(self) -> None:
        """Take the top of the stack."""
        type_ = self.stack[-1]
        wanted = self.named(type_, writable=True)
        choice = self.rng.random()
        if choice < 0.35 and type_ in ("i32", "f32", "string"):
            self.op("PRINT", 1)
        elif choice < 0.45 and type_ == "i32":
            self.op("PUTCHAR", 1)
        elif choice < 0.6 and wanted:
            self.op(f"STORE {self.rng.choice(wanted)}", 1)
        elif choice < 0.8 and self.program.globals_of(type_):
            self.op(f"STOREG {self.rng.choice(self.program.globals_of(type_))}", 1)
        else:
            self.op("POP", 1)

    def store(self) -> None:
        names = [name for name in self.locals if name not in self.fixed]
        if names and self.chance(0.6):
            name = self.rng.choice(names)
            self.value(self.locals[name])
            self.op(f"STORE {name}", 1)
        else:
            name, type_ = self.rng.choice(self.program.globals)
            self.value(type_)
            self.op(f"STOREG {name}", 1)

    def show(self) -> None:
        self.value(self.rng.choice(("i32", "i32", "f32", "string")))
        self.op("PRINT", 1)
        if self.chance(0.5):
            self.op("PUSH 32", 0, "i32")
            self.op("PUTCHAR", 1)

    def mutate(self) -> None:
        """Write into an object."""
        choice = self.rng.randrange(4)
        if choice == 3:
            self.op('CONST "\\u20acx"', 0, "string")
            self.between(2)
            self.value("u16[]")
            self.usable()
            self.op(f"PUSH {self.rng.randrange(LENGTH - 1)}", 0, "i32")
            self.op("SGETCHARS", 5)
        elif choice == 0:
            class_ = self.rng.choice(tuple(PARENTS))
            name, type_ = self.rng.choice(self.program.all_fields(class_))
            self.value(class_)
            self.usable()
            self.value(on_stack(type_))
            self.op(f"PUTFIELD {class_}.{name}", 2)
        elif choice == 1:
            type_ = self.rng.choice(ARRAYS)
            self.value(type_)
            self.usable()
            self.index()
            self.value(on_stack(type_[:-2]))
            self.op("ASTORE", 3)
        else:
            offset = self.rng.choice((0, 0, 0, 5))
            self.value("cells")
            self.usable()
            self.index(offset)
            self.value("i32")
            self.op(f"STOREM {offset}", 3)

    def write(self) -> None:
        """Write into linear memory or the table, or let them grow."""
        choice = self.rng.randrange(8)
        if choice < 4:
            type_ = self.rng.choice(NUMBERS)
            offset = self.address()
            self.value(type_)
            stores = {"i32": I32_STORES, "i64": I64_STORES}.get(type_, (f"{type_.upper()}_STORE",))
            self.op(f"{self.rng.choice(stores)} {offset}", 2)
        elif choice == 4:
            self.element()
            self.value("function")
            self.op("TABLE_SET", 2)
        elif choice == 5:
            self.op(f"PUSH {self.rng.choice((0, 1, 1, 100_000))}", 0, "i32")
            self.op("MEMORY_GROW", 1, "i32")
        elif choice == 6:
            self.value("function")
            self.op(f"PUSH {self.rng.randrange(3)}", 0, "i32")
            self.op("TABLE_GROW", 2, "i32")
        else:
            fill = self.chance(0.5)
            self.op(f"PUSH {self.rng.randrange(60_000)}", 0, "i32")
            if fill:
                self.value("i32")
            else:
                self.op(f"PUSH {self.rng.randrange(60_000)}", 0, "i32")
            self.op(f"PUSH {self.rng.randrange(400)}", 0, "i32")
            self.op("MEMORY_FILL" if fill else "MEMORY_COPY", 3)

    def choose(self) -> None:
        """A branch table to some of a few places, and their joins."""
        places = [self.label(self.stack) for _ in range(self.rng.randrange(1, 4))]
        end = self.label(self.joined())
        self.value("i32")
        targets = [*places, *(self.rng.choice(places) for _ in range(self.rng.randrange(4)))]
        self.rng.shuffle(targets)
        self.op("BR_TABLE " + ", ".join(each.name for each in targets), 1)
        for each in places:
            each.first = list(self.stack)
        for number, each in enumerate(places):
            self.place(each, falls=False)
            self.nested(self.rng.randrange(1, 3))
            self.reconcile(end.stack)
            if number < len(places) - 1:
                self.branch("JMP", 0, end)
        self.place(end)

    def draw(self) -> None:
        for size in SCREEN:
            if self.wild and self.chance(0.1):
                self.value("i32")
            else:
                self.op(f"PUSH {self.rng.randrange(size)}", 0, "i32")
        self.value("i32")
        self.op("PIXEL_SET", 3)

    def shuffle(self) -> None:
        if len(self.stack) - self.floor >= 2 and self.chance(0.7):
            a, b = self.stack[-2:]
            self.op("SWAP", 2, b, a)
        elif len(self.stack) > self.floor:
            self.op("DUP", 0, self.stack[-1])

    def call(self) -> None:
        if not self.function.is_method and self.chance(0.5):
            self.call_method()
            return
        choices = list(self.callees)
        if self.wild and self.chance(0.1):
            choices = self.program.functions
        if not choices:
            return
        if self.wild and self.chance(0.6):
            choices = [each for each in choices if not each.is_method] or choices
        callee = self.rng.choice(choices)
        indirect = self.chance(0.7 if self.wild else 0.3) and not callee.is_method  # the table has none
        for index, type_ in enumerate(callee.parameters):
            if callee.recursive and index == 0:
                self.op(f"PUSH {self.rng.randrange(4)}", 0, "i32")
            else:
                self.value(type_)
        if not indirect:
            self.op(f"CALL {callee.name}", len(callee.parameters), *callee.results)
            return
        # Elements that functions have set are of any type, or null, in wild programs only.
        if self.wild and self.chance(0.4):
            self.op(f"CONST {self.rng.choice((0, 1, 14, 15, 16, 17, -1))}", 0, "i32")
        else:
            self.op(f"PUSH {self.program.functions.index(callee)}", 0, "i32")
        self.op(f"CALL_INDIRECT {callee.type}, $calls", len(callee.parameters) + 1, *callee.results)

    def call_method(self) -> None:
        owner = self.rng.choice(OBJECTS)
        name = self.rng.choice(methods(owner))
        self.value(owner)
        self.usable()
        parameters, results = self.program.signatures[name]
        if owner in PARENTS:  # the function that this class has may promise more
            declaring = next(each for each in ancestors(owner) if name in OWN_METHODS[each])
            [results] = [f.results for f in self.program.functions if f.name == f"{declaring}_{name}"]
        for type_ in parameters:
            self.value(type_)
        opcode = "INVOKEINTERFACE" if owner in INTERFACES else "INVOKEVIRTUAL"
        self.op(f"{opcode} {owner}.{name}", 1 + len(parameters), *results)

    def recurse(self) -> None:
        before = list(self.stack)
        skip = self.label(before)
        self.op("LOAD n", 0, "i32")
        self.branch("JZ", 1, skip)
        self.op("LOAD n", 0, "i32")
        self.op("DEC", 1, "i32")
        for type_ in self.function.parameters[1:]:
            self.value(type_)
        self.op(f"CALL {self.function.name}", len(self.function.parameters), *self.function.results)
        self.reconcile(before)
        self.place(skip)

    def reconcile(self, wanted: Sequence[str]) -> None:
        """Make the stack assignable to *wanted*: keep what fits, replace the rest."""
        kept = 0
        while kept < min(len(self.stack), len(wanted)) and assignable(self.stack[kept], wanted[kept]):
            kept += 1
        while len(self.stack) > kept:
            self.op("PRINT" if self.stack[-1] == "i32" and self.chance(0.3) else "POP", 1)
        for type_ in wanted[kept:]:
            self.value(type_)

    def joined(self) -> list[str]:
        """The stack at a join: the present one, its references perhaps widened, perhaps with more on it."""
        stack = list(self.stack)
        for index in range(self.floor, len(stack)):
            if stack[index] not in VALUES and self.chance(0.3):
                stack[index] = "any"
        keep = self.rng.randrange(self.floor, len(stack) + 1)
        return stack[:keep] + [self.rng.choice(TYPES) for _ in range(self.rng.choice((0, 0, 1, 1, 2)))]

    def nested(self, steps: int) -> None:
        floor = self.floor
        self.floor = self.rng.randrange(floor, len(self.stack) + 1)
        self.nesting += 1
        self.block(steps)
        self.nesting -= 1
        self.floor = floor

    def diamond(self) -> None:
        other = self.label(self.stack)
        end = self.label(self.joined())
        self.condition(other)
        has_else = self.chance(0.6)
        if not has_else:
            end = self.label(other.stack)
            end.name, end.first = other.name, other.first
        self.nested(self.rng.randrange(1, 5))
        if self.chance(0.05):
            self.lines += ["  NOP"] * 130  # branches across take two bytes
        self.reconcile(end.stack)
        if has_else:
            self.branch("JMP", 0, end)
            self.place(other, falls=False)
            self.nested(self.rng.randrange(1, 4))
            self.reconcile(end.stack)
        self.place(end)

    def loop(self) -> None:
        widened = [
            "any" if t not in VALUES and i >= self.floor and self.chance(0.3) else t
            for i, t in enumerate(self.stack)
        ]
        head, test, out = self.label(widened), self.label(widened), self.label(widened)
        counter = self.fresh_local("c", "i32")
        self.op(f"PUSH {self.rng.randrange(1, 5)}", 0, "i32")
        self.op(f"STORE {counter}", 1)
        jumps_in = self.chance(0.3)
        if jumps_in:
            self.branch("JMP", 0, test)
            self.place(head, falls=False)
        else:
            self.place(head)
        self.loops.append((test, out))
        self.nested(self.rng.randrange(1, 6))
        self.loops.pop()
        self.reconcile(widened)
        self.place(test)
        self.again(head, out, counter)
        self.place(out)

    def again(self, head: Label, out: Label, counter: str) -> None:
        """The back-edge: in each way that there is to branch."""
        forever = self.chance(0.06 if self.wild else 0.02)
        if forever:
            # The code behind must stay reachable.
            self.value("i32")
            self.branch("JZ", 1, out)
            self.op(f"JMP {head.name}")
            return
        way = self.rng.randrange(9)
        if way in (0, 1, 2):  # at most twice
            seen = self.fresh_local("s", "any" if way == 0 else "i32")
            self.op(f"LOAD {seen}", 0, self.locals[seen])
            if way == 0:
                self.op("NEW 1", 0, "cells")
                self.op(f"STORE {seen}", 1)
                self.op(f"JNULL {head.name}", 1)
            else:
                self.op("PUSH 1", 0, "i32")
                self.op(f"STORE {seen}", 1)
                if way == 2:
                    self.op("PUSH 0", 0, "i32")
                self.op(f"{('JZ', 'JEQ')[way - 1]} {head.name}", way)
            return
        self.op(f"LOAD {counter}", 0, "i32")
        self.op("DEC", 1, "i32")
        self.op(f"STORE {counter}", 1)
        if way == 3:
            self.op("NULL any", 0, "any")
            keep = self.label(self.stack)
            self.op(f"LOAD {counter}", 0, "i32")
            self.branch("JZ", 1, keep)
            self.op("POP", 1)
            self.fresh("cells")
            self.place(keep)
            self.op(f"JNONNULL {head.name}", 1)
            return
        if way in (4, 5):
            self.op(f"LOAD {counter}", 0, "i32")
            if way == 4:
                self.op(f"JNZ {head.name}", 1)
            else:
                self.branch("JZ", 1, out)
                self.op(f"JMP {head.name}")
            return
        compare = COMPARES[way - 5]  # JNE, JLT, JGT
        pair = [f"LOAD {counter}", "PUSH 0"]
        for line in reversed(pair) if compare == "JLT" else pair:
            self.op(line, 0, "i32")
        self.op(f"{compare} {head.name}", 2)

    def escape(self) -> None:
        """break or continue, sometimes."""
        to = self.rng.choice(self.rng.choice(self.loops))
        stay = self.label(self.stack)
        self.condition(stay)
        self.reconcile(to.stack)
        self.branch("JMP", 0, to)
        self.place(stay, falls=False)

    def leave(self) -> None:
        """An early return or end, sometimes."""
        if self.chance(0.6):
            return
        stay = self.label(self.stack)
        self.condition(stay)
        if self.chance(0.15):
            self.op(self.rng.choice(("HALT", "UNREACHABLE")))
        else:
            self.finish()
        self.place(stay, falls=False)

    def finish(self) -> None:
        """RET, or a call in its place, with cells left below the results."""
        fitting = [
            each
            for each in self.callees
            if len(each.results) == len(self.function.results)
            and all(map(assignable, each.results, self.function.results))
        ]
        if fitting and self.chance(0.4):
            callee = self.rng.choice(fitting)
            for index, type_ in enumerate(callee.parameters):
                if callee.recursive and index == 0:
                    self.op(f"PUSH {self.rng.randrange(4)}", 0, "i32")
                else:
                    self.value(type_)
            if callee.is_method or self.chance(0.5):
                self.op(f"RETURN_CALL {callee.name}")
            else:
                self.op(f"PUSH {self.program.functions.index(callee)}", 0, "i32")
                self.op(f"RETURN_CALL_INDIRECT {callee.type}, $calls")
            return
        for type_ in self.function.results:
            self.value(type_)
        self.op("RET")

    def free(self) -> None:
        """An object that nothing else refers to is given back, twice in a wild program."""
        self.op(f"NEW {self.rng.randrange(1, 12)}", 0, "cells")
        self.op("DUP", 0, "cells")
        self.op("PUSH 0", 0, "i32")
        self.op(f"CONST {integer(self.rng)}", 0, "i32")
        self.op("STOREM 0", 3)
        if self.wild and self.chance(0.2):
            self.op("DUP", 0, "cells")
            self.op("FREE", 1)
        self.op("FREE", 1)

    def text(self, steps: int) -> str:
        for name, type_ in list(self.locals.items()):
            if type_ not in (*VALUES, "any", "string") and name.startswith("v"):
                self.fresh(type_)
                self.op(f"STORE {name}", 1)
        self.block(steps)
        if self.function.name == "main" and self.wild and self.chance(0.1):
            label = self.label(self.stack)
            self.place(label)
            self.op(f"JMP {label.name}")
        elif self.function.name == "main" and self.chance(0.4):
            self.op("HALT")
        else:
            self.finish()
        results = self.function.results
        gives = f" -> ({', '.join(results)})" if len(results) > 1 else f" -> {results[0]}" if results else ""
        names = list(self.locals)[: len(self.function.parameters)]
        takes = ", ".join(f"{n}: {t}" for n, t in zip(names, self.function.parameters, strict=True))
        head = f".func {self.function.name}({takes}){gives}"
        return "\n".join([head, *self.declared, *self.lines, ".end"])


@dataclass
class Generator:
    """One program. size: how many statements, about. free: the runtime has FREE and no collector. host: the
    program imports a function."""

    rng: random.Random
    wild: bool = False
    size: int = 24
    free: bool = False
    host: bool = True
    globals: list[tuple[str, str]] = field(default_factory=list)
    fields: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    functions: list[Callable_] = field(default_factory=list)
    # Name of a method -> its parameters without the object, its results.
    signatures: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)

    def all_fields(self, class_: str) -> list[tuple[str, str]]:
        return [each for above in ancestors(class_) for each in self.fields[above]]

    def globals_of(self, type_: str) -> list[str]:
        return [name for name, each in self.globals if each == type_]

    def types(self, most: int) -> tuple[str, ...]:
        common = ("i32", "i32", "f32", "any", *TYPES)
        return tuple(self.rng.choice(common) for _ in range(self.rng.randrange(most + 1)))

    def text(self) -> str:
        rng = self.rng
        self.globals = [(f"g{i}", rng.choice(TYPES)) for i in range(rng.randrange(3, 8))]
        for class_ in PARENTS:
            kinds = [rng.choice(STORED) for _ in range(rng.randrange(2 * (class_ in "KL"), 9))]
            self.fields[class_] = [(f"{class_.lower()}{i}", kind) for i, kind in enumerate(kinds)]
        self.signatures = {name: (self.types(3), self.types(2)) for name in "abcde"}
        self.functions = [Callable_("main", (), rng.choice(((), ("i32",))))]
        for index in range(rng.randrange(1, 5)):
            recursive = rng.random() < 0.4
            parameters = (("i32",) if recursive else ()) + self.types(3)
            self.functions.append(Callable_(f"f{index}", parameters, self.types(3), recursive))
        for class_, names in OWN_METHODS.items():
            for name in names:
                parameters, results = self.signatures[name]
                self_ = rng.choice((class_, class_, *ancestors(class_), "any"))
                # A method may give more than what it overrides promises.
                given = tuple(rng.choice((t, *SUBTYPES.get(t, ""))) for t in results)
                results = given if len(results) == 1 and class_ == "N" else results
                made = Callable_(f"{class_}_{name}", (self_, *parameters), results, is_method=True)
                self.functions.append(made)
        field = rng.choice(("make", "swap", *["fail"] * self.wild))
        if self.host:
            self.functions.append(Callable_("host", self.types(4), self.types(3), field=field))
        screen = [] if self.wild and rng.random() < 0.1 else [f".screen {SCREEN[0]}, {SCREEN[1]}"]
        parts = screen + [f".global {name}: {type_}" for name, type_ in self.globals]
        names = ", ".join(each.name for each in self.functions if not each.is_method)
        parts += [".memory $m: 1, 9", '.data $d: $m, 0\n  "' + "\\x9c?" * 40 + '"\n.end']
        every = ", ".join(each.name for each in self.functions)
        parts += [".table $t: 8, 12", f".table $calls: 16, 16\n.elem $e: $calls, 0\n  {every}\n.end"]
        parts += [f".elem $f: $t, 1\n  {names}, null\n.end"]
        for face, names in INTERFACES.items():
            parts.append(f".interface {face}")
            for name in names:
                takes, gives = self.signatures[name]
                parts.append(f"  {name}({', '.join(takes)}) -> ({', '.join(gives)})")
            parts.append(".end")
        for class_, fields in self.fields.items():
            above = f" extends {PARENTS[class_]}" if PARENTS[class_] else ""
            faces = [
                f for f in INTERFACES if class_ in SUBTYPES[f] and PARENTS[class_] not in tuple(SUBTYPES[f])
            ]
            implemented = f" implements {', '.join(faces)}" if faces else ""
            parts += [f".class {class_}{above}{implemented}"]
            for name in OWN_METHODS[class_]:
                inherited = above and name in methods(PARENTS[class_])
                parts.append(f"  .{'override' if inherited else 'method'} {name}: {class_}_{name}")
            parts += [*(f"  {name}: {type_}" for name, type_ in fields), ".end"]
        bodies = []
        for index, function in enumerate(self.functions):
            if function.field is not None:
                given = ", ".join(f"p{at}: {type_}" for at, type_ in enumerate(function.parameters))
                results = ", ".join(function.results)
                bodies.append(f'.import {function.name}({given}) -> ({results}): "test", "{function.field}"')
                continue
            steps = rng.randrange(self.size // 2, self.size + 1) // (1 if index == 0 else 3)
            bodies.append(Body(self, function, self.functions[index + 1 :]).text(steps))
        rng.shuffle(bodies)
        return "\n".join(parts + bodies) + "\n"


def sketch(rng: random.Random, *, free: bool = False, size: int = 24, host: bool = True) -> Sketch:
    """A random program with random input and limits."""
    wild = rng.random() < 0.4
    text = Generator(rng, wild, size, free, host).text()
    choice = rng.random()
    if choice < 0.6:
        fuel = 4000
    elif choice < 0.97:
        fuel = int(10 ** rng.uniform(0, 3.3))
    else:
        fuel = 20000
    stack = rng.randrange(4, 150) if rng.random() < 0.2 else 65536 if rng.random() < 0.5 else 700
    return Sketch(text, wild, _input(rng, wild), fuel, stack)


def _input(rng: random.Random, wild: bool) -> bytes:
    tokens = [str(integer(rng)) for _ in range(rng.randrange(30) if wild else 120)]
    if wild:
        tokens.insert(
            rng.randrange(min(len(tokens), 4) + 1),
            rng.choice(("x", "-", "99999999999", "\xff", "1a", "7" * 70)),
        )
    return "".join(token + rng.choice((" ", "\n", "\n", "  ")) for token in tokens).encode("latin-1")
