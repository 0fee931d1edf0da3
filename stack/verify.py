"""The verifier: one pass over each function, in the order of its code.

A verified program cannot underflow or overflow its operand stack, confuse an integer with a reference,
jump into an immediate or run off its end. The pass computes, and never reads from a file, the reference
map of every safepoint.

    state    the types on the operand stack, as type codes, before an instruction
    expect   the state at branch targets: the first branch to an instruction that lies ahead fixes it, or
             an entry of the module's shapes does; everything that arrives later must be assignable to it
    after an unconditional transfer the state is the expected one of the next instruction; where there is
             none, the instruction can be reached only from behind: its stack is empty

This is the abstract interpretation of the Java verifier with the types at joins declared instead of
computed (Rose, "Lightweight bytecode verification", 1998).
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import NoReturn

from ..core.code import Decoder
from ..core.errors import ModuleError
from ..core.hierarchy import Hierarchy
from ..core.module import (
    MAX_FRAME_CELLS,
    UNMEASURED,
    ClassType,
    Function,
    FunctionType,
    InterfaceType,
    Module,
)
from ..core.verified import Form, Verified, VerifiedFunction
from ..core.wellformed import check
from ..opcodes import Isa, Opcode, types
from ..opcodes.ir import Node
from ..opcodes.trace import is_safepoint
from .kinds import FREE_MOVES, MAX_MAP_CELLS, MOVES_PER_BYTE
from .match import Matcher, Mismatch
from .stacks import Stack
from .steps import Effects, Memory, Step

MAX_SHOWN = 16  # types of an operand stack in a message
# Transfers of control that look at the type of the function that they stand in.
_OF_FUNCTION = frozenset({"return", "tail_invoke"})


def verify(module: Module, isa: Isa) -> Verified:
    """Check *module* and compute its reference maps.

    Raises ModuleError, with function, offset and line, for the first thing that is wrong.
    """
    check(module)
    _check_entry(module)
    decoder = Decoder(isa, module.pages)
    forms: dict[Form, int] = {}
    functions: list[Function] = []
    verified: list[VerifiedFunction] = []
    shapes: dict[int, dict[int, tuple[int, ...]]] = {}
    for shape in module.shapes:
        shapes.setdefault(shape.function, {})[shape.offset] = shape.types
    totals = _Totals(FREE_MOVES + MOVES_PER_BYTE * sum(len(each.code) for each in module.functions))
    hierarchy, memory = Hierarchy(module.types), Memory()
    for index, function in enumerate(module.functions):
        checker = _Checker(module, hierarchy, decoder, index, forms, shapes.get(index, {}), totals, memory)
        verified.append(checker.run())
        if function.max_stack not in (UNMEASURED, checker.deepest):
            raise ModuleError(
                f"max_stack is {function.max_stack}, but its stack gets {checker.deepest} deep",
                module.function_name(index),
            )
        functions.append(replace(function, max_stack=checker.deepest))
    complete = replace(module, functions=tuple(functions))
    return Verified(complete, tuple(verified), tuple(forms))


def _check_entry(module: Module) -> None:
    """The entry point takes nothing and gives at most its exit status."""
    signature, name = module.function_type(module.entry), module.function_name(module.entry)
    if signature.parameters:
        raise ModuleError("it takes parameters, and is the entry point", name)
    if signature.results not in ((), (types.I32.code,)):
        raise ModuleError(
            "it is the entry point, and returns something else than an i32, the exit status", name
        )


@dataclass
class _Totals:
    """What the functions of a module have together: cells that calls and returns may move and have moved,
    cells in reference maps."""

    may_move: int
    moved: int = 0
    map_cells: int = 0


@dataclass
class _Checker:
    """The pass over one function."""

    module: Module
    hierarchy: Hierarchy
    decoder: Decoder
    index: int
    forms: dict[Form, int]
    shapes: dict[int, tuple[int, ...]]
    totals: _Totals
    memory: Memory = field(default_factory=Memory)
    deepest: int = 0
    offset: int = 0
    _maps: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _safepoints: set[int] = field(default_factory=set)
    _branches: list[tuple[int, int]] = field(default_factory=list)  # (from, to)
    _cuts: set[int] = field(default_factory=set)  # instructions that are not reached by falling through
    _entered: dict[int, Stack] = field(default_factory=dict)
    _fitting: set[tuple[Stack, Stack]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.memory.begin()
        self.memory.size += sum(map(len, self.shapes.values()))
        self.type = self.module.function_type(self.index)
        self.code = self.module.functions[self.index].code
        self.locals = (*self.type.parameters, *self.module.functions[self.index].locals)
        self.frame = len(self.locals)
        self._matcher = Matcher(self.module, self.hierarchy, self.type, self.locals)
        self._kinds: dict[bytes, int] = {}
        self._empty = self.memory.empty
        self._expect = {offset: self._empty.push(*codes) for offset, codes in self.shapes.items()}

    def fail(self, message: str) -> NoReturn:
        raise ModuleError(
            message,
            self.module.function_name(self.index),
            self.offset,
            self.module.line(self.index, self.offset),
        )

    def run(self) -> VerifiedFunction:
        chosen: array[int] = array("H")
        if self._expect.get(0, self._empty) is not self._empty:
            self.fail("a shape says that its operand stack is not empty at its start")
        instructions = self.decoder.split(self.code)
        starts = list(accumulate(map(len, instructions), initial=0))
        size = starts.pop()
        empty, expect, entered = self._empty, self._expect, self._entered
        kinds, own = self.memory.kinds.get, self._kinds.get
        stack: Stack | None = empty
        for at, instruction in zip(starts, instructions, strict=True):
            if stack is None:
                self._cuts.add(at)
                stack = expect.setdefault(at, empty)
            elif at in expect:
                self.offset = at
                self._arrive(stack, at)
                stack = expect[at]
            if stack is not empty:
                entered[at] = stack
            step = stack.steps.get(kinds(instruction) or own(instruction, 0))
            if step is None:
                self.offset = at
                step = self._step(instruction, stack)
            number, stack, depth, effects = step
            chosen.append(number)
            if effects is not None:
                self.offset = at
                self._take_effect(effects, instruction, at)
            if depth > self.deepest:
                self.offset = at
                self._reach(depth)
        self.offset = size
        if size < len(self.code):
            self._refuse(size, stack)
        if stack is not None:
            self.fail("its code runs off its end: end it with RET, HALT or JMP")
        seen = set(starts)
        for target in sorted({target for _, target in self._branches} | set(self.shapes)):
            self.offset = target
            if target not in seen:
                self.fail("a branch or a shape names an offset at which no instruction starts")
        self._check_reached()
        return VerifiedFunction(array("I", starts), chosen, self._maps, frozenset(self._safepoints))

    def _check_reached(self) -> None:
        """Every instruction can be reached from the first one: by falling through, or by branches."""
        leaders = sorted({0} | self._cuts | {target for _, target in self._branches})
        if len(leaders) == 1:
            return
        region = {leader: number for number, leader in enumerate(leaders)}
        after: list[list[int]] = [[] for _ in leaders]
        for number, leader in enumerate(leaders[1:]):
            if leader not in self._cuts:
                after[number].append(number + 1)
        for source, target in self._branches:
            after[bisect_right(leaders, source) - 1].append(region[target])
        reached = {0}
        work = [0]
        while work:
            for number in after[work.pop()]:
                if number not in reached:
                    reached.add(number)
                    work.append(number)
        for number, leader in enumerate(leaders):
            if number not in reached:
                self.offset = leader
                self.fail("this code cannot be reached")

    # -- one instruction --------------------------------------------------------------------------

    def _step(self, instruction: bytes, stack: Stack) -> Step:
        """What the instruction does on *stack*, where that is not known yet."""
        try:
            opcode, immediates = self.decoder.decode(instruction)
        except ValueError as error:
            self.fail(str(error))
        kind = self.memory.kinds.get(instruction) or self._kinds.get(instruction, 0)
        if not kind:
            decides = self._matcher.decides(opcode, immediates)
            if decides is None:
                return self._find_step(opcode, immediates, stack)[0]
            kind = self.memory.kind(decides)
            if not kind:
                return self._find_step(opcode, immediates, stack)[0]
            if "local" in opcode.kinds:
                self._kinds[instruction] = kind
            else:
                self.memory.know(instruction, kind)
        step = stack.steps.get(kind)
        if step is None:
            step, holds = self._find_step(opcode, immediates, stack)
            if holds:
                self.memory.keep(stack, kind, step)
        return step

    def _find_step(self, opcode: Opcode, immediates: tuple[int, ...], stack: Stack) -> tuple[Step, bool]:
        """What an instruction does on *stack*, and whether one of its kind does it in every function."""
        form, rest, pushed = self._find_form(opcode, immediates, stack)
        number = self.forms.setdefault(form, len(self.forms))
        if number > 0xFFFF:
            self.fail("the module uses more than 65536 forms of opcodes")
        graph = form.graph
        left = rest.push(*pushed)
        after: Stack | None = left
        transfer, moved, target = graph.transfer, 0, -1
        if transfer is not None:  # results are on the stack before control goes on
            after, moved, target = self._transfer(opcode, transfer, immediates, left)
        below: Stack | None = None
        if any(map(is_safepoint, graph.nodes)):
            below = stack if form.keeps_operands else rest
            if transfer is not None and transfer.primitive.name == "invoke":
                below = left.take(len(self._callee(opcode, transfer, immediates)[0].parameters))[0]
        depth = max(left.depth, 0 if after is None else after.depth)
        many = transfer is not None and transfer.primitive.name == "jump_table"
        has_effects = moved or target >= 0 or below is not None
        effects = Effects(moved, left, target, many, below) if has_effects else None
        returns = transfer is not None and transfer.primitive.name in _OF_FUNCTION
        return (number, after, depth, effects), not returns and "import" not in opcode.kinds

    def _find_form(
        self, opcode: Opcode, immediates: tuple[int, ...], stack: Stack
    ) -> tuple[Form, Stack, tuple[int, ...]]:
        """The form of the opcode that fits, what it leaves of *stack*, and what it pushes."""
        reasons: list[str] = []
        unmet: list[str] = []
        for declaration in opcode.declarations:
            try:
                codes, rest, pushed = self._matcher.match(declaration, immediates, stack)
            except Mismatch as mismatch:
                excluded = self._matcher.excluded(declaration, immediates)
                (unmet if excluded else reasons).append(str(mismatch))
                if declaration.when and not excluded:
                    self.fail(f"{opcode.label}: {mismatch}")  # this is the one that is meant
                continue
            domains = declaration.signature.domains
            bindings = tuple((name, types.storage(codes[name])) for name, _ in domains if name in codes)
            return Form(declaration, bindings), rest, pushed
        return self.fail(f"{opcode.label}: " + "; or ".join(dict.fromkeys(reasons or unmet)))

    def _take_effect(self, effects: Effects, instruction: bytes, at: int) -> None:
        moved, left, first, many, below = effects
        if moved:
            self.totals.moved += moved
            if self.totals.moved > self.totals.may_move:
                self.fail(f"the calls and returns of the module move more than {self.totals.may_move} cells")
        if first >= 0:
            immediates = self.decoder.decode(instruction)[1]
            for target in dict.fromkeys(immediates[first:]) if many else immediates[first : first + 1]:
                self._branch(left, target, at)
        if below is not None:
            self._safepoint(at, below)

    def _reach(self, depth: int) -> None:
        """The operand stack is deeper than it has been."""
        self.deepest = depth
        if self.frame + depth > MAX_FRAME_CELLS:
            self.fail(f"its frame exceeds {MAX_FRAME_CELLS} cells")

    def _refuse(self, at: int, stack: Stack | None) -> NoReturn:
        """Say what is wrong at *at*, where no instruction starts; *stack*: with which control gets there."""
        if stack is not None and at in self._expect:
            self._arrive(stack, at)
        try:
            self.decoder.at(self.code, at)
        except ValueError as error:
            self.fail(str(error))
        raise AssertionError

    # -- control ----------------------------------------------------------------------------------

    def _callee(
        self, opcode: Opcode, transfer: Node, immediates: tuple[int, ...]
    ) -> tuple[FunctionType, str]:
        """The type of what an `invoke` calls, and what messages call it."""
        which = int(transfer.attribute)  # type: ignore[call-overload]
        kind, value = opcode.kinds[which], immediates[which]
        if kind == "func":
            return self.module.function_type(value), f"{opcode.name} {self.module.function_name(value)}"
        if kind == "method":
            return self._method(immediates[which - 1], value), opcode.label
        assert kind == "functype", kind
        entry = self.module.types[value]
        assert isinstance(entry, FunctionType)
        return entry, opcode.label

    def _method(self, owner: int, method: int) -> FunctionType:
        """The type of a method as it is called on an *owner*, whatever class has the function."""
        entry = self.module.type_entry(owner)
        if isinstance(entry, ClassType):
            function = self.module.function_type(entry.virtuals[method])
            return FunctionType((owner, *function.parameters[1:]), function.results)
        assert isinstance(entry, InterfaceType)
        type_ = self.module.types[entry.methods[method]]
        assert isinstance(type_, FunctionType)
        return type_

    def _transfer(
        self, opcode: Opcode, transfer: Node, immediates: tuple[int, ...], stack: Stack
    ) -> tuple[Stack | None, int, int]:
        """The stack of the next instruction, None where control does not fall through; how many cells are
        moved; the immediate that names the target, or the first one, -1 where it does not branch."""
        name = transfer.primitive.name
        if name == "halt":
            return None, 0, -1
        if name == "return":
            self._take(stack, self.type.results, "RET")
            return None, len(self.type.results), -1
        if name == "invoke":
            callee, what = self._callee(opcode, transfer, immediates)
            after = self._take(stack, callee.parameters, what).push(*callee.results)
            return after, len(callee.parameters) + len(callee.results), -1
        if name == "tail_invoke":
            callee, what = self._callee(opcode, transfer, immediates)
            self._take(stack, callee.parameters, what)
            # Nothing of this frame is left when the callee returns: its results are all that there is.
            given, wanted = callee.results, self.type.results
            if len(given) != len(wanted) or not all(map(self.hierarchy.assignable, given, wanted)):
                said, asked = (", ".join(map(self.module.type_name, each)) for each in (given, wanted))
                self.fail(f"{what} returns ({said}) in place of a function that returns ({asked})")
            return None, len(callee.parameters) + len(callee.results) + len(self.type.results), -1
        return stack if name == "jump_if" else None, 0, int(transfer.attribute)  # type: ignore[call-overload]

    def _take(self, stack: Stack, wanted: tuple[int, ...], what: str) -> Stack:
        if stack.depth < len(wanted):
            self.fail(f"{what} takes {len(wanted)} operands and the stack has {stack.depth}")
        below, taken = stack.take(len(wanted))
        for given, want in zip(taken, wanted, strict=True):
            if not self.hierarchy.assignable(given, want):
                name = self.module.type_name
                self.fail(f"{what} takes {name(want)} where the stack has {name(given)}")
        return below

    def _branch(self, stack: Stack, target: int, at: int) -> None:
        if target >= len(self.code):
            self.fail(f"a branch to offset {target} leaves the function")
        self._branches.append((at, target))
        if target <= at:
            self._safepoint(at, stack)
            # What was there when the pass came by; empty stacks are not kept.
            self._expect.setdefault(target, self._entered.get(target, self._empty))
        else:
            self._expect.setdefault(target, stack)
        self._arrive(stack, target)

    def _arrive(self, stack: Stack, at: int) -> None:
        expected = self._expect[at]
        if stack is not expected and not stack.fits(expected, self.hierarchy, self._fitting):
            self.fail(
                f"at offset {at} the operand stack is ({self._spell(expected)}), but it arrives as "
                f"({self._spell(stack)}); a .shape there can say what both are"
            )

    def _spell(self, stack: Stack) -> str:
        """The types for a message: of a deep stack only the top ones, which are at the end."""
        shown = stack.take(min(stack.depth, MAX_SHOWN))[1]
        return ", ".join(["…"] * (stack.depth > MAX_SHOWN) + [self.module.type_name(code) for code in shown])

    def _safepoint(self, at: int, stack: Stack) -> None:
        self._safepoints.add(at)
        slots = stack.references()
        if slots:
            self._maps[at] = slots
            self.totals.map_cells += len(slots)
            if self.totals.map_cells > MAX_MAP_CELLS:
                self.fail(f"the reference maps of the module exceed {MAX_MAP_CELLS} cells")
