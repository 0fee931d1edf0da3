"""One function of a program as a function of C.

Parameters, locals and what is on the operand stack are variables of their own types; an operand is usually
no more than the name of what computed it. Where control joins, each operand is in the variable of its depth
and type.

Fuel: the variable has what was left at the start of the *trace* that control is in: at the function's start,
behind a call, at the target of a backward branch, behind an unconditional transfer. `spent` tells for each
instruction how many of its trace stand before it, so what is left is known everywhere; taken branches pay the
difference.

Frames on the VM stack (tb_frame.h), where a plan has them: a call writes the callee's link. References have
homes there: locals are written through; operands are written before a safepoint that they survive, and
everything is read again behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...opcodes import Service, Trap
from ...opcodes.ir import Node
from ...opcodes.primitives.primitive import C_TYPE
from ...opcodes.trace import is_safepoint
from ..cprint import FROM_CELL, TO_CELL, Printer
from ..program import Resolved, link_cells
from .body import Body
from .calls import immediate
from .control import Control
from .flow import EarlyExit, Flow
from .runs import Run, Site
from .shape import ir_type, letter
from .whole import Operand, Whole

_SIZES = "/* sizes of memories */"  # which ones is known in the end
_ZERO = {"i": "z", "l": "zl"}


class FunctionPrinter:
    """Prints one function; an implementation of cprint.Surroundings."""

    # Where guard pages are, too: compilers see through comparisons, not through instructions that may fault.
    guarded: bool = False
    in_place: bool = False

    def __init__(self, whole: Whole, index: int) -> None:
        self.whole, self.index, self.options = whole, index, whole.options
        self.barrier = whole.plan.barrier
        module = whole.module
        self.type = module.function_type(index)
        self.flow = Flow(whole, index)
        self.control = Control(self)
        self.locals = [ir_type(c) for c in (*self.type.parameters, *module.functions[index].locals)]
        self.parameters = len(self.type.parameters)
        self.link = link_cells(whole.program.cell_bits)
        self.lines: list[str] = []
        self.stack: list[Operand] = []
        self.operands: list[Operand] = []  # of the instruction
        self.expected: dict[int, tuple[str, ...]] = {}
        self.variables: dict[str, str] = {}  # of depths: name -> C type
        self.memories: set[int] = set()
        self.needs_home = False
        self.safepoints = whole.options.frames and any(
            is_safepoint(node) for _, each in self.flow.code for node in each.use.form.graph.nodes
        )
        self.shape = whole.shape(index)
        self.start = whole.program.starts[index]
        self.names = 0
        self.stops: dict[str, str] = {}  # kinds of traps -> labels
        self.passes = False
        ends = (*self.flow.offsets[1:], len(module.functions[index].code))
        self.ends = dict(zip(self.flow.offsets, ends, strict=True))
        self._shapes = {
            each.offset: tuple(map(ir_type, each.types)) for each in module.shapes if each.function == index
        }
        self.run: Run | None = None  # while one is printed the first time
        self.places: dict[Site, str] = {}  # of accesses that are known to be inside, in C
        self.groups = 0
        self.early: EarlyExit | None = None  # that is taken before

    # -- the whole --------------------------------------------------------------------------------

    def text(self, storage: str) -> str:
        """The C function. storage: its storage class."""
        name, early = self.whole.name(self.index), self.flow.early_exit()
        if early is None:
            return self._text(f"{storage}{self.shape.prototype(name, self.options)}")
        self.early = early
        rest = f"{name}_rest"
        prototype = f"static TB_NOINLINE {self.shape.prototype(rest, self.options)}"
        entry = FunctionPrinter(self.whole, self.index)
        head = f"{storage}{self.shape.prototype(name, self.options)}"
        return "\n".join([f"{prototype};", entry.entry_text(head, rest, early), self._text(prototype)])

    def entry_text(self, head: str, rest: str, early: EarlyExit) -> str:
        """The C function that leaves early, or goes on in *rest* with what it was given."""
        self.safepoints = False
        given = {name: name for _, name in self.options.head} | {"fuel": "given"}
        arguments = [given[name] for _, name in self.options.head]
        arguments += [f"l{at}" for at in range(self.parameters)]
        goes_on = f"{self.shape.tail(self.options)} {rest}({', '.join(arguments)});"
        for each in self.flow.code[: early.branch + 1]:
            self._print(*each)
        falls = early.exit == early.branch + 1
        if not falls:
            self.lines.append(goes_on)
        for each in self.flow.code[early.exit : early.end]:
            self._arrive(each[0], falls)
            self._print(*each)
            falls = True
        if early.exit == early.branch + 1:
            self.lines += [f"L{self.flow.targets(self.flow.code[early.branch][1])[0]}:;", goes_on]
        lines = ["const s64 given = fuel;"] if self.options.fuel else []
        return "\n".join([f"{head} {{", *lines, *self._declarations(), *self.lines, "}"])

    def _text(self, head: str) -> str:
        """The C function, all of it."""
        falls = True
        code = self.flow.code
        at = 0
        while at < len(code):
            self._arrive(code[at][0], falls)
            end = max(self.flow.run_end(at), at + 1)
            if end > at + 1:
                self._print_run(code[at:end])
            else:
                self._print(*code[at])
            transfer = self.form.graph.transfer
            falls = transfer is None or transfer.primitive.name in ("invoke", "jump_if")
            at = end
        sizes = "\n".join(f"n{each} = tb_memory_bytes(cx, {each}u);" for each in sorted(self.memories))
        lines = [sizes if line is _SIZES else line for line in self.lines]
        ends = list(self._ends())
        return "\n".join([f"{head} {{", *self._declarations(), *lines, *ends, "}"])

    def _print(self, offset: int, each: Resolved) -> None:
        self.offset, self.each = offset, each
        self.form = each.use.form
        Body(self).print()

    def _print_run(self, code: list[tuple[int, Resolved]]) -> None:
        """A run; twice, where comparisons can be made together."""
        stack, start = list(self.stack), len(self.lines)
        self.run = run = Run()
        for each in code:
            self._print(*each)
        groups = run.groups(self.whole.memories, self.groups)
        self.run = None
        if not groups:
            return
        self.groups += len(groups)
        self.settle()
        careful = self.lines[start:]
        del self.lines[start:]
        self.stack = stack
        self.places = {site: place for group in groups for site, place in group.places().items()}
        conditions = " && ".join(group.condition for group in groups)
        self.lines += ["{", *(group.declaration for group in groups), f"if (TB_LIKELY({conditions})) {{"]
        for each in code:
            self._print(*each)
        self.settle()
        self.places = {}
        self.lines += ["} else {", *careful, "}", "}"]

    def _declarations(self) -> Iterator[str]:
        """What stands in front; compilers drop what is not read."""
        if not self.options.context:
            yield "struct tb_context *const cx = &tb_the_context;"
        yield "const u32 z = 0;\nconst u64 zl = 0;"
        if self.stops or self.passes:
            yield "u32 at = 0, kind = 0;" + " s32 due = 0;" * self.options.fuel
        for at, ir in enumerate(self.locals[self.parameters :], self.parameters):
            yield f"{C_TYPE[ir]} l{at} = 0;"
        for name, type_ in sorted(self.variables.items()):
            yield f"{type_} {name} = 0;"
        for memory in sorted(self.memories):
            yield f"u8 *const m{memory} = tb_memory_at(cx, {memory}u);"
            yield f"u64 n{memory} = tb_memory_bytes(cx, {memory}u);"
        if self.needs_home and not self.options.frames:
            yield f"cell home[{len(self.locals) + self.link}];"
            yield "cell *const fp = home;"
        if self.safepoints:
            for at, ir in enumerate(self.locals):
                if ir == "ref":
                    yield f"fp[{self.home(at)}] = l{at};"

    def _arrive(self, offset: int, falls: bool) -> None:
        """Before the instruction at *offset*: a label, where one is branched to."""
        target = offset in self.flow.forward or offset in self.flow.backward
        if not falls:
            known = self.expected.get(offset, self._shapes.get(offset, ()))
            self.stack = [Operand(self._variable(depth, ir), ir) for depth, ir in enumerate(known)]
        elif target:
            self.settle()
            if offset in self.expected:
                known = self.expected[offset]
                self.stack = [Operand(self._variable(depth, ir), ir) for depth, ir in enumerate(known)]
            if self.options.fuel and self.flow.arrives[offset] != self.flow.spent[offset]:
                self.lines.append(f"fuel -= {self.flow.arrives[offset] - self.flow.spent[offset]};")
        if target:
            self.lines.append(f"L{offset}:;")
            if offset in self.flow.backward:
                self.expected.setdefault(offset, tuple(each.ir for each in self.stack))

    def _variable(self, depth: int, ir: str) -> str:
        name = f"s{depth}{letter(ir)}"
        self.variables[name] = C_TYPE[ir]
        return name

    def settle(self) -> None:
        """Every operand gets into the variable of its depth."""
        moves = []
        for depth, each in enumerate(self.stack):
            name = self._variable(depth, each.ir)
            if each.text != name:
                moves.append((depth, name, each))
        for at, (depth, name, each) in enumerate(moves):
            # What is still to be moved from a variable that this overwrites.
            if any(other.text == name for _, _, other in moves[at + 1 :]):
                kept = self.fresh(C_TYPE[each.ir], name)
                moves[at + 1 :] = [
                    (d, n, Operand(kept, o.ir) if o.text == name else o) for d, n, o in moves[at + 1 :]
                ]
            self.lines.append(f"{name} = {each.text};")
            self.stack[depth] = Operand(name, each.ir)

    def fresh(self, type_: str, value: str) -> str:
        """A constant with this value."""
        self.names += 1
        self.lines.append(f"const {type_} t{self.names} = {value};")
        if self.run is not None:
            self.run.values[f"t{self.names}"] = self.run.value(value)
        return f"t{self.names}"

    def home(self, at: int) -> int:
        """The frame slot of a parameter or local."""
        return at if at < self.parameters else at + self.link

    def operand_home(self, depth: int) -> int:
        """The frame slot of the operand at *depth*, 0 the deepest."""
        return len(self.locals) + self.link + depth

    # -- where an instruction stands ----------------------------------------------------------------

    @property
    def after(self) -> int:
        """Where the instruction ends, in all code."""
        return self.start + self.ends[self.offset]

    @property
    def due(self) -> int:
        """Instructions of the trace that have not been taken from the fuel, this one among them."""
        return self.flow.spent[self.offset] + 1

    def left(self, due: int) -> str:
        """The fuel that is left."""
        return f"fuel - {due}" if due else "fuel"

    def leave(self, state: str) -> str:
        """C that leaves the function with this state."""
        if not self.shape.results:
            return f"return {state};"
        return f"return ({self.shape.returned}){{.state = {state}}};"

    def stopped(self, kind: str, due: int | None = None) -> str:
        """C that stops the program with a trap of this kind, a C expression; sites of a function share what
        they can."""
        due = self.due if due is None else due
        words = [
            "TB_AOT_RARELY();",
            f"at = {self.after}u;",
            *([f"due = {due};"] if self.options.fuel else []),
        ]
        if kind.startswith("TB_TRAP_"):
            self.stops[kind] = f"S{len(self.stops)}" if kind not in self.stops else self.stops[kind]
            return f"{{ {' '.join([*words, f'goto {self.stops[kind]};'])} }}"
        self.stops.setdefault("", "stopped")
        return f"{{ {' '.join([*words, f'kind = {kind};', 'goto stopped;'])} }}"

    def passed(self) -> str:
        """C that leaves the function because one that it called has stopped the program."""
        if not self.options.traces:
            return f"{{ TB_AOT_RARELY(); {self.leave('TB_AOT_STOPPED')} }}"
        self.passes = True
        return f"{{ TB_AOT_RARELY(); at = {self.after}u; goto passed; }}"

    def _ends(self) -> Iterator[str]:
        """Where traps go on."""
        for kind, label in self.stops.items():
            if kind:
                yield f"{label}: kind = {kind}; goto stopped;"
        if self.stops:
            fuel = ", fuel - due" if self.options.fuel else ""
            frame = ", fp" if self.options.frames else ""
            state = f"tb_aot_stop(cx, kind, {self.index}u, at{fuel}{frame})"
            yield f"stopped: {self.leave(state)}"
        if self.passes:
            yield f"passed: {self.leave(f'tb_aot_passed(cx, {self.index}u, at)')}"

    # -- cprint.Surroundings ------------------------------------------------------------------------

    def taken(self, index: int, count: int, type_: str) -> tuple[str, bool]:
        return self.operands[index].text, False

    def given(self, printer: Printer, node: Node, depth: int) -> str:
        raise AssertionError("results are operands")

    def operand(self, depth: int | str) -> str:
        raise AssertionError("operands are variables")

    def adjust(self, by: int) -> str:
        return ""

    def immediate(self, index: int) -> str:
        value = immediate(self.each, index)
        return f"{value & 0xFFFFFFFF:#x}u"

    def local(self, index: int) -> str:
        return f"l{self.local_number(index)}"

    def local_number(self, index: int) -> int:
        """Which local an immediate names: resolved code has its slot."""
        return self.flow.local_of(self.each, index)

    def global_(self, index: int) -> str:
        return f"tb_store_of(cx)->globals[{immediate(self.each, index)}]"

    def pool(self, index: int) -> str:
        raise AssertionError("constants are printed")

    def trap(self, condition: str, trap: Trap) -> str:
        return f"if (TB_UNLIKELY({condition})) {self.stopped(f'TB_TRAP_{trap.name}')}"

    def trap_label(self, trap: Trap) -> str:
        raise AssertionError("nothing faults")

    def behind_fault(self) -> str:
        raise AssertionError("nothing faults")

    def save(self) -> str:
        if not self.options.frames:
            return ""
        return f"TB_AOT_SAVE(cx, {self.index}u, {self.after}u);"

    def fuel(self, *, out: bool) -> str:
        if not self.options.fuel:
            return ""
        return f"cx->fuel = {self.left(self.due)};" if out else f"fuel = cx->fuel + {self.due};"

    def polls(self) -> str:
        lines = []
        if self.options.fuel:
            lines.append(f"if (TB_UNLIKELY(fuel < {self.due})) {self.stopped('TB_TRAP_OUT_OF_FUEL')}")
        if self.options.interrupt:
            lines.append(self.interrupted(self.due))
        return "\n".join(lines)

    def interrupted(self, due: int) -> str:
        return f"if (TB_UNLIKELY(TB_INTERRUPTED(cx))) {self.stopped('TB_TRAP_INTERRUPTED', due)}"

    def callee(self, service: Service[Any, Any]) -> str:
        return str(self.whole.plan.callee(service))

    def service_trap(self, status: str, traps: tuple[Trap, ...]) -> str:
        if len(traps) == 1:
            return self.trap(status, traps[0])
        table = ", ".join(f"TB_TRAP_{each.name}" for each in traps)
        return (
            f"if (TB_UNLIKELY({status})) {{\nstatic const u8 kinds[] = {{{table}}};\n"
            f"{self.stopped(f'kinds[{status} - 1]')}\n}}"
        )

    def transfer(self, node: Node, operand: str) -> str:
        return self.control.transfer(node, operand)

    # -- operands -----------------------------------------------------------------------------------

    def push(self, text: str, ir: str) -> None:
        # A zero that compilers see makes them warn of comparisons and divisions that are never executed.
        if text in ("0x0u", "0x0ull"):
            text = _ZERO[letter(ir)]
        self.stack.append(Operand(text, ir))

    def detach(self, local: str) -> None:
        """Operands that are the value of *local* keep it when that changes."""
        kept = ""
        for depth, each in enumerate(self.stack):
            if each.text == local:
                kept = kept or self.fresh(C_TYPE[each.ir], local)
                self.stack[depth] = Operand(kept, each.ir)

    def spill(self) -> None:
        """Before a safepoint: references among the operands that are left get into their homes."""
        if self.safepoints:
            for depth, each in enumerate(self.stack):
                if each.ir == "ref":
                    self.lines.append(f"fp[{self.operand_home(depth)}] = {each.text};")

    def again(self, *, memory: bool) -> None:
        """Behind a safepoint: references are read again; memory: so are sizes of linear memories."""
        if self.safepoints:
            for at, ir in enumerate(self.locals):
                if ir == "ref":
                    self.lines.append(f"l{at} = (u32)fp[{self.home(at)}];")
            for depth, each in enumerate(self.stack):
                if each.ir == "ref":
                    self.stack[depth] = Operand(
                        self.fresh("u32", f"(u32)fp[{self.operand_home(depth)}]"), "ref"
                    )
        if memory and self.whole.grows:
            self.lines.append(_SIZES)

    def whole_frame(self, *, out: bool) -> None:
        """All parameters and locals: out to their homes, or back."""
        self.needs_home = True
        for at, ir in enumerate(self.locals):
            slot = f"fp[{self.home(at)}]"
            if out:
                self.lines.append(f"{slot} = {TO_CELL[ir].format(f'l{at}')};")
            else:
                self.lines.append(f"l{at} = {FROM_CELL[ir].format(slot)};")
