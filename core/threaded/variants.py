"""Variants of register instructions: where the operands of a form are, and where its result goes.

    ADD:si>s        operands in a slot and in the instruction; the result goes to a slot, and the accumulator
    LT:as>a         left in the accumulator only
    JNZ:a>b         a branch backward, which polls

Letters of operands: s slot, a accumulator of the operand's class, i immediate of 32 bits (sign-extended
where the
operand has 64), p entry of the constant pool. Of results: s, a; of branches f (forward) and b; h where
operands
and results are in their home slots.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...opcodes.ir import Graph
from ..parts import Handler
from .shapes import MOST_SLOTS, Shape

LETTERS = "saip"


@dataclass(frozen=True, slots=True)
class RegisterForm:
    """A form that has instructions: its handler in resolved code, and its shape."""

    handler: Handler
    shape: Shape

    @property
    def label(self) -> str:
        return self.handler.uses[0].form.name + ("~" if self.handler.uses[0].far else "")


@dataclass(frozen=True, slots=True)
class Variant:
    """A register instruction. kinds: a letter an operand, "h" where they are at home; result: a letter, or
    ""."""

    form: RegisterForm
    kinds: str
    result: str

    @property
    def name(self) -> str:
        """Stable text: the form, the kinds, the result."""
        return f"{self.form.label}:{self.kinds}" + (f">{self.result}" if self.result else "")

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called, and would be if other forms with the same C came first."""
        own = self.name
        end = own[len(self.form.label) :]
        return (own, *(use.form.name + "~" * bool(use.far) + end for use in self.form.handler.uses[1:]))

    @property
    def graph(self) -> Graph:
        """What it does, with operands on a stack."""
        return self.form.handler.uses[0].form.graph

    @property
    def goes_on(self) -> bool:
        """Whether control comes to the next record, which is another instruction."""
        return self.form.shape.kind in ("COMPUTE", "HOME") and not extensions(self.form.shape)

    @property
    def may_end(self) -> bool:
        """Whether a superinstruction can have it as its last part."""
        return self.form.shape.kind == "BRANCH" and not extensions(self.form.shape)

    @property
    def code(self) -> int:
        """How the translator's table says it: two bits an operand, then the result."""
        number = sum(LETTERS.index(kind) << 2 * at for at, kind in enumerate(self.kinds) if kind in LETTERS)
        return number | {"": 0, "s": 0, "f": 0, "a": 64, "b": 64}[self.result]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A register instruction that is no form's. number: among all; text: of its handler, for the record at
    `ip`;
    kind: "MOVE" where control comes to the next record, or that of forms for which the translator emits
    it; it is
    then the last of a superinstruction that has it, and "" where none can."""

    label: str
    number: int
    text: str
    kind: str = ""

    @property
    def name(self) -> str:
        return f"_{self.label}"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def graph(self) -> Graph | None:
        return None

    @property
    def goes_on(self) -> bool:
        return self.kind == "MOVE"

    @property
    def may_end(self) -> bool:
        return self.kind not in ("", "MOVE")


def places(variant: Variant) -> dict[str, str]:
    """Where each field of an instruction is: "0", "1", … operands; "result"; "k0", … kept immediates;
    "target",
    "cost" of branches. As C behind the instruction, for a part at `ip`."""
    shape, found = variant.form.shape, dict[str, str]()
    if shape.home:
        return _home_places(shape)
    slot = 0
    if shape.gives:
        found["result"] = "u[0]"
        slot = 1
    for at, kind in enumerate(variant.kinds):
        if kind == "s":
            found[str(at)] = f"u[{slot}]"
            slot += 1
    words = [f"k{at}" for at in range(len(shape.kept))]
    words += [str(at) for at, kind in enumerate(variant.kinds) if kind in "ip"]
    if shape.kind == "BRANCH":
        found["target"] = "w[1]"
        found["cost"] = "imm"
        if words:
            found["cost"] = "u[1]"
            found[words[0]] = "imm"
        return found
    found |= dict(zip(words, ("imm", "w[1]"), strict=False))
    return found


def _home_places(shape: Shape) -> dict[str, str]:
    found = {"home": "u[0]"}
    fields = ["imm", "w[1]"]
    first = 1
    if shape.kind == "BRANCH":
        found |= {"target": "w[1]", "cost": "imm"}
        fields = []
    elif shape.kind == "TABLE":
        fields = []
    elif shape.callee:
        first = 2
    for at in range(len(shape.kept)):
        found[f"k{at}"] = fields.pop(0) if fields else f"[{first}].imm"
        first += found[f"k{at}"].startswith("[")
    return found


def extensions(shape: Shape) -> int:
    """How many further records an instruction of this shape takes for immediates."""
    if not shape.home:
        return 0
    return sum(place.startswith("[") for place in _home_places(shape).values())


def fits(shape: Shape, kinds: str) -> bool:
    """Whether an instruction has room for operands of these kinds."""
    words = sum(kind in "ip" for kind in kinds)
    slots = kinds.count("s") + len(shape.gives)
    if shape.kind == "BRANCH":
        return words <= 1 and slots <= (1 if words else 2)
    words += len(shape.kept)
    return words <= 2 and slots + (2 if words == 2 else 0) <= MOST_SLOTS


def _kinds(takes: str) -> list[str]:
    """The kinds of operands that pay, the general ones first."""
    if len(takes) == 1:
        return ["s", "a", "i"]
    if len(takes) == 2:
        common = ["ss", "as", "sa", "si", "ai"]
        return [*common, "is", "ia"] if "d" not in takes else [*common, "sp", "ap", "ps"]
    if len(takes) == 3:
        return ["sss", "ssa"]
    return ["s" * len(takes)]


def variants(form: RegisterForm, *, polls: bool) -> Iterable[Variant]:
    """The variants of a form that can pay. polls: whether branches backward do more than others."""
    shape = form.shape
    if shape.home:
        yield Variant(form, "h", "f" if shape.kind == "BRANCH" else "")
        if shape.kind == "BRANCH" and polls:
            yield Variant(form, "h", "b")
        return
    results = ("f", "b") if shape.kind == "BRANCH" and polls else ("f",) if shape.kind == "BRANCH" else ("",)
    if shape.gives:
        results = ("s", "a")
    for kinds in _kinds(shape.takes):
        if any(k == "i" and c == "d" for k, c in zip(kinds, shape.takes, strict=True)):
            continue
        if any(k == "p" and c != "d" for k, c in zip(kinds, shape.takes, strict=True)):
            continue
        if fits(shape, kinds):
            for result in results:
                yield Variant(form, kinds, result)


def is_general(variant: Variant) -> bool:
    """Whether every runtime has it: operands can be brought to where it looks for them, always."""
    return variant.result != "a" and set(variant.kinds) <= {"s", "h"}
