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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...opcodes import Service, Trap
from ...opcodes.ir import Node
from ...opcodes.meaning import FRAME_COST
from ...opcodes.primitives.effects import LOCAL_SET, MEMORY_BOUNDS
from ...opcodes.primitives.leaves import CONSTANT, IMMEDIATE
from ...opcodes.primitives.primitive import C_TYPE
from ...opcodes.trace import is_safepoint, takes_homes
from ...opcodes.types import FIRST_MODULE_TYPE
from ..cprint import FROM_CELL, TO_CELL, Printer
from ..hierarchy import layouts
from ..module import ClassType, FunctionType, InterfaceType, Module
from ..program import Program, Resolved, Resolver, link_cells
from .calls import Calls, immediate
from .runs import LOOP_BYTES, Access, Run, Site
from .shape import Options, Shape, ir_type, letter

if TYPE_CHECKING:
    from ...builder.resolve import Plan

_MOVES_MEMORY = "moves linear memory"
_ROW_BYTES = 12  # sizeof(struct tb_function), by which links name functions
_SIZES = "/* sizes of memories */"  # which ones is known in the end
_ZERO = {"i": "z", "l": "zl"}
_EARLY = 16  # instructions before a branch that leaves early, and behind it
# What has no effect that anybody sees: reads, and writes of locals.
_STILL = ("local_get", "local_set", "pool_get", "global_get")


@dataclass(frozen=True, slots=True)
class Operand:
    """What is on the operand stack: a C expression that has no effects, and its op IR type."""

    text: str
    ir: str


@dataclass(frozen=True, slots=True)
class Whole:
    """What all functions of a program share. number: of the program among those of the runtime; memories: the
    bytes that each linear memory has at least; grows: whether one can have more later."""

    number: int
    program: Program
    resolver: Resolver
    calls: Calls
    options: Options
    plan: Plan
    memories: tuple[int, ...]
    grows: bool

    @property
    def module(self) -> Module:
        return self.program.verified.module

    def name(self, function: int) -> str:
        """The C function."""
        name = "".join(c if c.isascii() and c.isalnum() else "_" for c in self.module.function_name(function))
        which = f"p{self.number}_" if self.number else ""
        return f"tb_f{which}{function}_{name[:40]}"

    def shape(self, function: int) -> Shape:
        """Its types in C."""
        return Shape.of(self.module.function_type(function))

    def cells(self, function: int) -> int:
        """What a call counts against the stack limit."""
        found = self.module.functions[function]
        parameters = len(self.module.function_type(function).parameters)
        return parameters + len(found.locals) + found.max_stack + FRAME_COST

    def immediates(self, function: int, offset: int) -> tuple[int, ...]:
        """The immediates of an instruction as the module has them."""
        return self.resolver.decoder.at(self.module.functions[function].code, offset)[1]

    def object_size(self, code: int) -> int | None:
        """Bytes of an object of a class; None for other types."""
        entry = self.module.type_entry(code)
        return (
            layouts(self.module.types)[code - FIRST_MODULE_TYPE].size
            if isinstance(entry, ClassType)
            else None
        )

    @property
    def functions(self) -> str:
        """The C array of pointers to functions."""
        return f"tb_aot_functions{self.number or ''}"


@dataclass(frozen=True, slots=True)
class EarlyExit:
    """Where a function that has not done anything leaves. branch: index of the first branch, exit: of the
    instruction where control goes then, end: behind the return. Callers take that way without a call, or with
    one of a function that saves no registers; the rest of it is another function, which begins anew: nothing
    that stands before the branch has an effect."""

    branch: int
    exit: int
    end: int


def _set(each: Resolved) -> Iterator[int]:
    """The immediates that name locals which an instruction sets."""
    nodes = each.use.form.graph.nodes
    return (int(node.attribute) for node in nodes if node.primitive is LOCAL_SET)  # type: ignore[call-overload]


def is_still(each: Resolved) -> bool:
    """Whether an instruction does nothing but compute, set locals, and branch or return."""
    return all(
        node.primitive.pure or node.primitive.name in _STILL or node.primitive.name in ("jump_if", "return")
        for node in each.use.form.graph.nodes
    )


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
        self.checked = whole.program.verified.functions[index]
        self.instructions = whole.resolver.function(index)
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
            is_safepoint(node) for each in self.instructions for node in each.use.form.graph.nodes
        )
        self.shape = whole.shape(index)
        self.start = whole.program.starts[index]
        self.names = 0
        self.stops: dict[str, str] = {}  # kinds of traps -> labels
        self.passes = False
        ends = (*self.checked.offsets[1:], len(module.functions[index].code))
        self.ends = dict(zip(self.checked.offsets, ends, strict=True))
        self._shapes = {
            each.offset: tuple(map(ir_type, each.types)) for each in module.shapes if each.function == index
        }
        self.run: Run | None = None  # while one is printed the first time
        self.places: dict[Site, str] = {}  # of accesses that are known to be inside, in C
        self.groups = 0
        self.code = list(zip(self.checked.offsets, self.instructions, strict=True))
        self.early: EarlyExit | None = None  # that is taken before
        self._find_targets()
        self._find_spent()

    # -- before it is printed ---------------------------------------------------------------------

    def _targets(self, each: Resolved) -> tuple[int, ...]:
        transfer = each.use.form.graph.transfer
        if transfer is None or transfer.primitive.name not in ("jump", "jump_if", "jump_table"):
            return ()
        if transfer.primitive.name == "jump_table":
            return each.targets
        return (immediate(each, int(transfer.attribute)),)  # type: ignore[call-overload]

    def _find_targets(self) -> None:
        self.forward, self.backward = set[int](), set[int]()
        self.loops: list[tuple[int, int]] = []  # small ones, by their first and last instruction
        for offset, each in zip(self.checked.offsets, self.instructions, strict=True):
            for target in self._targets(each):
                (self.backward if target <= offset else self.forward).add(target)
                if target <= offset <= target + LOOP_BYTES:
                    self.loops.append((target, offset))

    def _find_spent(self) -> None:
        """For each instruction how many of its trace stand before it."""
        self.spent: dict[int, int] = {}
        self.arrives: dict[int, int] = {}  # with how many spent control falls into it
        spent, falls = 0, True
        for offset, each in zip(self.checked.offsets, self.instructions, strict=True):
            self.arrives[offset] = spent
            if not falls or offset in self.backward:
                spent = 0
            self.spent[offset] = spent
            transfer = each.use.form.graph.transfer
            name = transfer.primitive.name if transfer is not None else ""
            spent = 0 if name == "invoke" else spent + 1
            falls = name in ("", "invoke", "jump_if")

    def _early_exit(self) -> EarlyExit | None:
        """Where a function that calls itself may leave before it has done anything."""
        if self.index not in self.whole.calls.cyclic:
            return None
        for branch, (offset, each) in enumerate(self.code[:_EARLY]):
            if offset in self.backward or not is_still(each):
                return None
            transfer = each.use.form.graph.transfer
            if transfer is None:
                if any(self._local_of(each, at) < self.parameters for at in _set(each)):
                    return None
                continue
            if transfer.primitive.name != "jump_if":
                return None
            target = self.checked.offsets.index(self._targets(each)[0])
            for start in (target, branch + 1):
                for end, (_, one) in enumerate(self.code[start : start + _EARLY], start + 1):
                    if not is_still(one):
                        break
                    leaves = one.use.form.graph.transfer
                    if leaves is not None:
                        if leaves.primitive.name == "return":
                            return EarlyExit(branch, start, end)
                        break
            return None
        return None

    # -- the whole --------------------------------------------------------------------------------

    def text(self, storage: str) -> str:
        """The C function. storage: its storage class."""
        name, early = self.whole.name(self.index), self._early_exit()
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
        goes_on = f"return {rest}({', '.join(arguments)});"
        for each in self.code[: early.branch + 1]:
            self._print(*each)
        falls = early.exit == early.branch + 1
        if not falls:
            self.lines.append(goes_on)
        for each in self.code[early.exit : early.end]:
            self._arrive(each[0], falls)
            self._print(*each)
            falls = True
        if early.exit == early.branch + 1:
            self.lines += [f"L{self._targets(self.code[early.branch][1])[0]}:;", goes_on]
        lines = ["const s64 given = fuel;"] if self.options.fuel else []
        return "\n".join([f"{head} {{", *lines, *self._declarations(), *self.lines, "}"])

    def _text(self, head: str) -> str:
        """The C function, all of it."""
        falls = True
        code = self.code
        at = 0
        while at < len(code):
            self._arrive(code[at][0], falls)
            end = max(self._run_end(code, at), at + 1)
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
        _Body(self).print()

    def _run_end(self, code: list[tuple[int, Resolved]], first: int) -> int:
        """Index behind the last instruction of the run that begins with the one of index *first*; that one,
        where none does that is worth a look."""
        start = code[first][0]
        if not any(begin <= start <= end for begin, end in self.loops):
            return first
        accesses = 0
        for at in range(first, len(code)):
            offset, each = code[at]
            graph = each.use.form.graph
            if at > first and (offset in self.forward or offset in self.backward):
                break
            if any(isinstance(n.attribute, Service) or n.primitive.safepoint for n in graph.nodes):
                break
            transfer = graph.transfer
            if transfer is not None and transfer.primitive.name in ("invoke", "tail_invoke"):
                break
            accesses += sum(node.primitive is MEMORY_BOUNDS for node in graph.nodes)
            if transfer is not None:
                at += 1
                break
        else:
            at = len(code)
        return at if accesses > 2 else first

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
        self._settle()
        careful = self.lines[start:]
        del self.lines[start:]
        self.stack = stack
        self.places = {site: place for group in groups for site, place in group.places().items()}
        conditions = " && ".join(group.condition for group in groups)
        self.lines += ["{", *(group.declaration for group in groups), f"if (TB_LIKELY({conditions})) {{"]
        for each in code:
            self._print(*each)
        self._settle()
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
        target = offset in self.forward or offset in self.backward
        if not falls:
            known = self.expected.get(offset, self._shapes.get(offset, ()))
            self.stack = [Operand(self._variable(depth, ir), ir) for depth, ir in enumerate(known)]
        elif target:
            self._settle()
            if offset in self.expected:
                known = self.expected[offset]
                self.stack = [Operand(self._variable(depth, ir), ir) for depth, ir in enumerate(known)]
            if self.options.fuel and self.arrives[offset] != self.spent[offset]:
                self.lines.append(f"fuel -= {self.arrives[offset] - self.spent[offset]};")
        if target:
            self.lines.append(f"L{offset}:;")
            if offset in self.backward:
                self.expected.setdefault(offset, tuple(each.ir for each in self.stack))

    def _variable(self, depth: int, ir: str) -> str:
        name = f"s{depth}{letter(ir)}"
        self.variables[name] = C_TYPE[ir]
        return name

    def _settle(self) -> None:
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
        return self.spent[self.offset] + 1

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
        return self._local_of(self.each, index)

    def _local_of(self, each: Resolved, index: int) -> int:
        value = immediate(each, index)
        return value if index in each.use.far or value < self.parameters else value - self.link

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
            lines.append(self._interrupted(self.due))
        return "\n".join(lines)

    def _interrupted(self, due: int) -> str:
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

    # -- control ------------------------------------------------------------------------------------

    def transfer(self, node: Node, operand: str) -> str:
        """Prints what comes last; operand: as cprint has it."""
        name = node.primitive.name
        if name == "return":
            return self._return()
        if name == "halt":
            return self.stopped("0u")
        if name == "invoke":
            return self._call(node, operand)
        if name == "tail_invoke":
            return self._tail_call(node, operand)
        if operand:
            operand = self.fresh("u32", operand)  # what it is made of may be settled
        self._settle()
        if name == "jump_table":
            rows, default = self.each.targets[:-1], self.each.targets[-1]
            lines = [f"switch ({operand}) {{"]
            lines += [f"case {at}u: {self._goto(to)}" for at, to in enumerate(rows) if to != default]
            return "\n".join([*lines, f"default: {self._goto(default)}", "}"])
        target = self._targets(self.each)[0]
        go = self._goto(target)
        if name == "jump":
            return go
        if self.early is not None and self.each is self.code[self.early.branch][1]:
            falls = self.early.exit == self.early.branch + 1
            return (
                f"if (!({operand})) TB_UNREACHABLE();\n{go}" if falls else f"if ({operand}) TB_UNREACHABLE();"
            )
        return f"if ({operand}) {{ {go} }}"

    def _goto(self, target: int) -> str:
        """A taken branch: pays, polls if it goes backward."""
        irs = tuple(each.ir for each in self.stack)
        self.expected.setdefault(target, irs)
        words = []
        due = self.due - self.spent[target]
        if self.options.fuel and due:
            words.append(f"fuel -= {due};" if due > 0 else f"fuel += {-due};")
        if target <= self.offset:
            # At the target of a backward branch nothing is spent.
            if self.options.fuel:
                words.append(f"if (TB_UNLIKELY(fuel < 0)) {self.stopped('TB_TRAP_OUT_OF_FUEL', 0)}")
            if self.options.interrupt:
                words.append(self._interrupted(0))
        return " ".join([*words, f"goto L{target};"])

    def _return(self) -> str:
        count = len(self.type.results)
        state = self.left(self.due) if self.options.fuel else "0"
        if not count:
            return f"return {state};"
        values = ", ".join(each.text for each in self.stack[-count:])
        return f"return ({self.shape.returned}){{{state}, {values}}};"

    def _callee_type(self, node: Node) -> FunctionType:
        """The type of what is called by a pointer."""
        module, which = self.whole.module, int(node.attribute)  # type: ignore[call-overload]
        kind = self.form.declaration.signature.immediates[which].kind
        raw = self.whole.immediates(self.index, self.offset)
        if kind == "method":
            owner = module.type_entry(raw[which - 1])
            if isinstance(owner, ClassType):
                return module.function_type(owner.virtuals[raw[which]])
            assert isinstance(owner, InterfaceType)
            found = module.types[owner.methods[raw[which]]]
        else:
            found = module.types[raw[which]]
        assert isinstance(found, FunctionType)
        return found

    def _callee(self, node: Node, operand: str) -> tuple[str, FunctionType, str, str]:
        """What is called: C of the function, its type, its cells, its index."""
        whole = self.whole
        if not node.operands:
            index = immediate(self.each, int(node.attribute))  # type: ignore[call-overload]
            return whole.name(index), whole.module.function_type(index), f"{whole.cells(index)}u", f"{index}u"
        type_ = self._callee_type(node)
        pointer = f"(({Shape.of(type_).pointer(self.options)}){whole.functions}[{operand}])"
        return pointer, type_, f"tb_functions(cx)[{operand}].cells", operand

    def _recursive(self, node: Node) -> bool:
        """Whether the call can come back to this function while it is under way."""
        if self.index not in self.whole.calls.cyclic:
            return False
        return bool(node.operands) or immediate(self.each, int(node.attribute)) in self.whole.calls.cyclic  # type: ignore[call-overload]

    def _checks(self, node: Node, cells: str, left: str) -> Iterator[str]:
        """What stands before each call."""
        overflow = self.stopped("TB_TRAP_STACK_OVERFLOW")
        if self.options.limit:
            yield f"if (TB_UNLIKELY({left} < {cells})) {overflow}"
        if self.options.native and self._recursive(node):
            yield f"if (TB_UNLIKELY(TB_AOT_DEEP(cx))) {overflow}"
        if self.options.fuel:
            yield f"fuel -= {self.due};"
            yield f"if (TB_UNLIKELY(fuel < 0)) {self.stopped('TB_TRAP_OUT_OF_FUEL', 0)}"
        if self.options.interrupt:
            yield self._interrupted(0)

    def _head(self, frame: str, left: str) -> list[str]:
        """The arguments that every function takes."""
        each = {"cx": "cx", "fp": frame, "fuel": "fuel", "left": left}
        return [each[name] for _, name in self.options.head]

    def _call(self, node: Node, operand: str) -> str:
        pointer, type_, cells, _ = self._callee(node, operand)
        if node.operands and self.options.limit:
            cells = self.fresh("u32", cells)
        count = len(type_.parameters)
        arguments = [each.text for each in self.stack[len(self.stack) - count :]]
        del self.stack[len(self.stack) - count :]
        self.lines.extend(self._checks(node, cells, "left"))
        self.spill()
        frame = ""
        if self.options.frames:
            base = self.operand_home(len(self.stack))
            frame = f"fp + {base}"
            self.lines.append(
                f"tb_aot_link({frame} + {count}, {self.after}u, {self.index * _ROW_BYTES}u, {base}u);"
            )
        given = ", ".join([*self._head(frame, f"left - {cells}"), *arguments])
        shape = Shape.of(type_)
        self.names += 1
        result = f"r{self.names}"
        self.lines.append(f"const {shape.returned} {result} = {pointer}({given});")
        state = f"{result}.state" if shape.results else result
        passed = self.passed()
        if self.options.fuel:
            self.lines.append(f"fuel = {state};")
            self.lines.append(f"if (TB_UNLIKELY(fuel < 0) && fuel == TB_AOT_STOPPED) {passed}")
        else:
            self.lines.append(f"if (TB_UNLIKELY({state})) {passed}")
        self.again(memory=bool(node.operands) or self._may_move(node))
        for at, code in enumerate(type_.results):
            self.push(f"{result}.r{at}", ir_type(code))
        return ""

    def _may_move(self, node: Node) -> bool:
        return immediate(self.each, int(node.attribute)) in self.whole.calls.moves  # type: ignore[call-overload]

    def _tail_call(self, node: Node, operand: str) -> str:
        pointer, type_, cells, _ = self._callee(node, operand)
        if node.operands and self.options.limit:
            cells = self.fresh("u32", cells)
        count = len(type_.parameters)
        arguments = [each.text for each in self.stack[len(self.stack) - count :]]
        self.stack.clear()
        own = self.whole.cells(self.index)
        self.lines.extend(self._checks(node, cells, f"left + {own}u"))
        if self.options.frames and count != self.parameters:
            self.lines.append(f"tb_aot_move_link(fp + {count}, fp + {self.parameters});")
        given = ", ".join([*self._head("fp", f"left + {own}u - {cells}"), *arguments])
        return f"return {pointer}({given});"

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


class _Body(Printer):
    """An instruction's op IR, on the variables of a function."""

    def __init__(self, of: FunctionPrinter) -> None:
        super().__init__(of.form.graph, of)
        self.of = of
        self.lines = of.lines
        self._sets = any(node.primitive is LOCAL_SET for node in self.graph.nodes)

    def print(self) -> None:
        """Prints all of it; what it leaves on the operand stack is there then."""
        graph, of, live = self.graph, self.of, self.graph.live()
        count = len(graph.parameters)
        split = len(of.stack) - count
        of.operands = of.stack[split:]
        self.depth = split
        for node in graph.nodes:
            if node.primitive is LOCAL_SET:
                local = of.local(int(node.attribute))  # type: ignore[call-overload]
                of.operands = [
                    Operand(of.fresh(C_TYPE[each.ir], local), each.ir) if each.text == local else each
                    for each in of.operands
                ]
        if not of.form.keeps_operands:
            del of.stack[split:]
        for node in graph.nodes:
            if node in live:
                of.names += 1
                method = getattr(self, "_" + node.primitive.name.replace(".", "_"), self._pure)
                method(node, f"v{of.names}")
        del of.stack[split:]
        for node in graph.results:
            of.push(self.typed(node), node.type)
        if graph.transfer is not None:
            transfer = graph.transfer
            operand = self.typed(transfer.operands[0]) if transfer.operands else ""
            text = of.transfer(transfer, operand)
            if text:
                self.lines.append(text)

    def _pure(self, node: Node, name: str) -> None:
        super()._pure(node, name)
        if self.of.run is not None:
            texts = [self.typed(each) for each in node.operands]
            self.of.run.values[name] = self.of.run.computed(node.primitive.name, texts)

    def _declare(self, node: Node, name: str, expression: str, *, raw: bool) -> None:
        if raw:  # a cell of the store or of an object: what is on the stack has a type
            expression, raw = FROM_CELL[node.type].format(f"({expression})"), False
        self.lines.append(f"const {C_TYPE[node.type]} {name} = {expression};")
        self._names[node] = (name, False)

    # -- leaves -----------------------------------------------------------------------------------

    def _parameter(self, node: Node, name: str) -> None:
        given = self.of.taken(int(node.attribute), len(self.graph.parameters), node.type)  # type: ignore[call-overload]
        self._names[node] = given

    def _local_get(self, node: Node, name: str) -> None:
        local = self.of.local(int(node.attribute))  # type: ignore[call-overload]
        if self._sets:
            self._declare(node, name, local, raw=False)
        else:
            self._names[node] = (local, False)

    def _local_set(self, node: Node, name: str) -> None:
        index, of = int(node.attribute), self.of  # type: ignore[call-overload]
        local, value = of.local(index), self.typed(node.operands[0])
        of.detach(local)
        self.lines.append(f"{local} = {value};")
        if of.run is not None:
            of.run.values[local] = of.run.value(value)
        number = of.local_number(index)
        if of.safepoints and of.locals[number] == "ref":
            self.lines.append(f"fp[{of.home(number)}] = {local};")

    def _pool_get(self, node: Node, name: str) -> None:
        value = self.of.whole.program.pool[immediate(self.of.each, int(node.attribute))]  # type: ignore[call-overload]
        if node.type in ("f32", "f64"):
            self._names[node] = (FROM_CELL[node.type].format(f"{value:#x}ull"), False)
        else:
            self._names[node] = (f"{value:#x}u" + "ll" * (node.type == "i64"), False)

    # -- what depends on the program alone ----------------------------------------------------------

    def _type_size(self, node: Node, name: str) -> None:
        size = self.of.whole.object_size(immediate(self.of.each, int(node.attribute)))  # type: ignore[call-overload]
        if size is None:
            super()._type_size(node, name)
        else:
            self._names[node] = (f"{size:#x}u", False)

    def _class_receiver(self, node: Node, name: str) -> None:
        depth = immediate(self.of.each, int(node.attribute)) & 127  # type: ignore[call-overload]
        self._receiver(node, depth)

    def _interface_receiver(self, node: Node, name: str) -> None:
        transfer = self.graph.transfer
        assert transfer is not None
        self._receiver(node, len(self.of._callee_type(transfer).parameters))

    def _receiver(self, node: Node, depth: int) -> None:
        self._names[node] = (self.of.stack[-depth].text, False)

    # -- linear memory ------------------------------------------------------------------------------

    def _memory(self, node: Node) -> int:
        """Which memory an operation is about."""
        number = int(self.typed(node.operands[0]).rstrip("u"), 0)
        self.of.memories.add(number)
        return number

    def _memory_bounds(self, node: Node, name: str) -> None:
        memory, (_, address, width) = self._memory(node), node.operands
        trap = node.attribute
        assert isinstance(trap, Trap)
        if (self.of.offset, address) in self.of.places:
            return
        base, offset = _split(address, self)
        bytes_ = int(width.attribute)  # type: ignore[call-overload]
        end = offset + bytes_
        if base is not None and self.of.run is not None:
            extended = address.operands[0]
            value = self.of.run.value(self.typed(extended.operands[0])) if extended.operands else None
            if value is not None and extended.primitive.name == "extend_u.i32":
                site = (self.of.offset, address)
                self.of.run.accesses.append(Access(site, memory, value, offset, bytes_))
        if base is not None and end <= self.of.whole.memories[memory]:
            # It has that many bytes at all times: what is compared with does not change with the address.
            self.lines.append(self.at.trap(f"{base} > n{memory} - {end}u", trap))
        else:
            self.lines.append(self.at.trap(f"{self.typed(address)} + {self.typed(width)} > n{memory}", trap))

    def _memory_place(self, node: Node) -> tuple[str, str]:
        known = self.of.places.get((self.of.offset, node.operands[1]))
        return f"m{self._memory(node)}", known or self.typed(node.operands[1])

    def _memory_size(self, node: Node, name: str) -> None:
        self._declare(node, name, f"(u32)(n{self._memory(node)} >> 16)", raw=False)

    # -- safepoints, services -----------------------------------------------------------------------

    def _allocate(self, node: Node, name: str) -> None:
        self.of.spill()
        super()._allocate(node, name)
        self.of.again(memory=False)

    def _service(self, node: Node, name: str) -> None:
        service, of = node.attribute, self.of
        assert isinstance(service, Service)
        frame = "uses frame" in service.effects
        if of.options.limit:
            self.lines.append("cx->cells_left = left;")
        if service.is_safepoint:
            of.spill()
        if frame:
            of.whole_frame(out=True)
            if not of.options.frames:
                self.lines.append(f"TB_AOT_SAVE(cx, {of.index}u, {of.after}u);")
        if takes_homes(node):
            self._give_homes(service, node)
        super()._service(node, name)
        if frame:
            of.whole_frame(out=False)
        if service.is_safepoint or _MOVES_MEMORY in service.effects:
            if takes_homes(node):
                del of.stack[self.depth :]
            of.again(memory=_MOVES_MEMORY in service.effects)

    def _give_homes(self, service: Service[Any, Any], node: Node) -> None:
        """Operands that a service is given by their slots: one of their own where there are no frames."""
        self._homes: dict[int, str] = {}
        for each in node.operands:
            if each.type != "ref":
                continue
            at = int(each.attribute)  # type: ignore[call-overload]
            if self.of.options.frames:
                self._homes[at] = f"&fp[{self.of.operand_home(self.depth + at)}]"
                if not self.of.safepoints:
                    raise AssertionError("a service that takes homes is a safepoint")
            elif at not in self._homes:
                self.of.names += 1
                self.lines.append(f"cell h{self.of.names} = {self.of.operands[at].text};")
                self._homes[at] = f"&h{self.of.names}"

    def _argument(self, service: Service[Any, Any], node: Node) -> str:
        if service.takes_homes and node.type == "ref":
            return self._homes[int(node.attribute)]  # type: ignore[call-overload]
        return self.typed(node)


def _split(address: Node, body: _Body) -> tuple[str | None, int]:
    """An address as an expression of 64 bits and a constant, where it is the sum of both."""
    if address.primitive.name != "add.i64":
        return None, 0
    base, offset = address.operands
    if offset.operands and offset.operands[0].primitive in (IMMEDIATE, CONSTANT):
        return body.typed(base), int(body.typed(offset.operands[0]).rstrip("u"), 0)
    return None, 0
