"""C of the handlers of register instructions, from the op IR.

A handler runs one variant, or several, whose instructions stand one after the other: what each reads is in
its own
instruction. Accumulators are C variables from one part to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...opcodes import Service, Trap
from ...opcodes.ir import Node
from ..cprint import InFrames, Printer
from ..program import read_immediates
from .variants import Fixed, Variant, extensions, places

if TYPE_CHECKING:
    from ...builder.resolve import Plan

NEXT = "TB_GO(ip + 1);"  # how a handler ends behind which control comes to the next record


class RegisterSurroundings(InFrames):
    """Where the operands of a variant are (an implementation of cprint.Surroundings)."""

    def __init__(self, plan: Plan, variant: Variant, part: int = 0, accumulator: str = "acc") -> None:
        self._use = variant.form.handler.uses[0]
        self._shape = variant.form.shape
        self._variant = variant
        self._read = read_immediates(self._use.form)
        self._places = places(variant)
        self._part, self._accumulator = part, accumulator
        self._top = len(self._use.form.graph.parameters)
        self._counts = "fuel" in plan.interfaces
        self._polls = polls(plan)
        self._interrupts = "interrupt" in plan.interfaces
        self.in_place = self._shape.home
        self.callee = plan.callee
        self.barrier = plan.barrier
        self.guarded = plan.guarded
        self.faults: set[str] = set()

    def field(self, name: str) -> str:
        place = self._places[name]
        if place.startswith("["):
            offset = int(place[1 : place.index("]")]) + self._part
            return f"ip[{offset}]{place[place.index(']') + 1 :]}"
        return f"ip[{self._part}].{place}" if self._part else f"ip->{place}"

    # -- operands ---------------------------------------------------------------------------------

    def taken(self, index: int, count: int, type_: str) -> tuple[str, bool]:
        if self._shape.home:
            return self.operand(count - index), True
        kind, class_ = self._variant.kinds[index], self._shape.takes[index]
        if kind == "a":
            return ("facc", False) if class_ == "d" else (self._accumulator, True)
        if kind == "i":
            word = self.field(str(index))
            return (f"(u64)(s64){word}", True) if type_ == "i64" else (f"(u32){word}", True)
        if kind == "p":
            return f"tb_pool(cx)[(u32){self.field(str(index))}]", True
        return f"fp[{self.field(str(index))}]", True

    def given(self, printer: Printer, node: Node, depth: int) -> str:
        class_ = self._shape.gives[len(self._shape.gives) - depth]
        if self._shape.home:
            slot = self.operand(depth)
        else:
            slot = f"fp[{self.field('result')}]" if self._variant.result == "s" else ""
        if class_ == "d":
            keep = f"facc = {printer.typed(node)};"
            return keep + (f"\n{slot} = tb_bits_f64(facc);" if slot else "")
        return f"acc = {printer.cell(node)};" + (f"\n{slot} = acc;" if slot else "")

    def operand(self, depth: int | str) -> str:
        if isinstance(depth, int):
            return f"fp[{self.field('home')} + {self._top - depth}]"
        return f"fp[(s32){self.field('home')} + {self._top} - {depth}]"

    def adjust(self, by: int) -> str:
        self._top += by
        return ""

    def immediate(self, index: int) -> str:
        number = self._read.index(index)
        return f"(u32){self.field(f'k{self._shape.kept.index(number)}')}"

    # -- traps, services --------------------------------------------------------------------------

    def trap(self, condition: str, trap: Trap) -> str:
        return f"if (TB_UNLIKELY({condition})) TB_STOP({trap.name}, {self._part})"

    def trap_label(self, trap: Trap) -> str:
        self.faults.add(trap.name)
        return f"fault_{trap.name}_{self._part}"

    def behind_fault(self) -> str:
        return ""

    @property
    def _here(self) -> str:
        return f"ip + {self._part}" if self._part else "ip"

    def save(self) -> str:
        return f"TB_SAVE({self._here});"

    def fuel(self, *, out: bool) -> str:
        if not self._counts:
            return ""
        if out:
            return f"cx->fuel = tb_threaded_fuel(cx, {self._here}, fuel);"
        return f"fuel = tb_threaded_count(cx, {self._here}, cx->fuel);"

    def polls(self) -> str:
        lines = []
        if self._counts:
            spent = f"fuel < 0 && tb_threaded_fuel(cx, {self._here}, fuel) < 0"
            lines.append(f"if (TB_UNLIKELY({spent})) TB_STOP(OUT_OF_FUEL, {self._part})")
        if self._interrupts:
            lines.append(f"if (TB_UNLIKELY(TB_INTERRUPTED(cx))) TB_STOP(INTERRUPTED, {self._part})")
        return "\n".join(lines)

    def service_trap(self, status: str, traps: tuple[Trap, ...]) -> str:
        if len(traps) == 1:
            return f"if (TB_UNLIKELY({status})) TB_STOP({traps[0].name}, {self._part})"
        table = ", ".join(f"TB_TRAP_{each.name}" for each in traps)
        return (
            f"if (TB_UNLIKELY({status})) {{\nstatic const u8 kinds[] = {{{table}}};\n"
            f"TB_STOP_KIND(kinds[{status} - 1], {self._part})\n}}"
        )

    # -- transfers --------------------------------------------------------------------------------

    def transfer(self, node: Node, operand: str) -> str:
        name = node.primitive.name
        if name == "jump_if":
            return f"if ({operand}) {{\n{self._branch()}\n}}"
        if name == "halt":
            return "TB_HALT();"
        if name == "jump_table":
            return f"u32 at = {operand};\nTB_TABLE({self._part})"
        if name == "invoke":
            return f"const u32 index = {operand};\nTB_CALL_AT({self._part})"
        if name == "tail_invoke":
            return f"const u32 index = {operand};\nTB_TAIL_AT({self._part})"
        return ""  # the translator emits it as an instruction of its own

    def _branch(self) -> str:
        cost = self.field("cost")
        if self._places["cost"] == "u[1]":
            cost = f"(s16){cost}"
        to = f"(const void *)((const u8 *)(ip + {self._part}) + {self.field('target')})"
        how = "TB_BACK" if self._variant.result == "b" else "TB_FORTH"
        return f"{how}({self._part}, {to}, {cost});"


def polls(plan: Plan) -> bool:
    """Whether anything is done where branches go backward: profiles tell them apart in any case."""
    return not {"fuel", "interrupt", "counting"}.isdisjoint(plan.interfaces)


def body(plan: Plan, parts: Sequence[Variant | Fixed]) -> str:
    """The statements of a handler that runs *parts*, whose instructions stand one after the other."""
    text: list[str] = []
    done, accumulator = 0, "acc"
    for number, variant in enumerate(parts):
        if isinstance(variant, Fixed):
            if "counting" in plan.interfaces:
                text.append(f"TB_COUNT({done});")
            if variant is parts[-1]:
                text.append((f"ip += {done};\n" if done else "") + variant.text)
                return "\n".join(text)
            text.append(f"{{\n{_at(variant.text, done)}\n}}")
            done += 1
            continue
        tested = _is_tested(variant, parts[number + 1 :])
        if tested:
            text.append("const cell before = acc;")
        at = RegisterSurroundings(plan, variant, done, accumulator)
        use = variant.form.handler.uses[0]
        shape = variant.form.shape
        statements = Printer(use.form.graph, at).body()
        done += 1 + extensions(shape)
        faults = "".join(f"\n__label__ fault_{each}_{at._part};" for each in sorted(at.faults))
        stops = "".join(
            f"\nif (0) {{\nfault_{each}_{at._part}: TB_STOP({each}, {at._part})\n}}"
            for each in sorted(at.faults)
        )
        if "counting" in plan.interfaces:
            text.append(f"TB_COUNT({at._part});")
        text.append(f"{{{faults}\n{statements}{stops}\n}}" if statements else "")
        if tested:
            text.append("const cell tested = acc;\nacc = before;")
            accumulator = "tested"
        if shape.kind == "HALT" or shape.kind in ("TABLE", "CALL_AT", "TAIL_AT"):
            return "\n".join(text)
    text.append(f"TB_GO(ip + {done});")
    return "\n".join(each for each in text if each)


def _is_tested(variant: Variant, behind: Sequence[Variant | Fixed]) -> bool:
    """Whether what a variant gives is read by the branch behind it and by nothing else: the accumulator can
    stay what it was, and compilers make one comparison of both."""
    if variant.result != "a" or variant.form.shape.gives != "c" or len(behind) != 1:
        return False
    last = behind[0]
    return isinstance(last, Variant) and last.form.shape.kind == "BRANCH" and last.kinds == "a"


def _at(text: str, part: int) -> str:
    """What an instruction that is no form's does, in a record behind `ip`, and no more."""
    return text.removesuffix(NEXT).replace("ip->", f"ip[{part}].")


def services(variants: Sequence[Variant]) -> set[Service[Any, Any]]:
    """The services that handlers call."""
    return {
        node.attribute
        for variant in variants
        for node in variant.form.handler.uses[0].form.graph.nodes
        if node.primitive.name == "service" and isinstance(node.attribute, Service)
    }
