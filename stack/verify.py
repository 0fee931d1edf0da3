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

from ..core.code import Decoder
from ..core.errors import ModuleError
from ..core.hierarchy import Hierarchy
from ..core.module import (
    MAX_FRAME_CELLS,
    UNMEASURED,
    ArrayType,
    ClassType,
    Function,
    FunctionType,
    InterfaceType,
    Module,
)
from ..core.verified import Form, Verified, VerifiedFunction
from ..core.wellformed import check
from ..opcodes import Declaration, Isa, Opcode, types
from ..opcodes.ir import Node
from ..opcodes.signature import ELEMENTS, Pattern
from ..opcodes.trace import is_safepoint
from .kinds import FREE_MOVES, MAX_MAP_CELLS, MOVES_PER_BYTE

Codes = dict[str, int]  # type variable, or kind of pattern -> type code
# Immediates that only count the things of one kind in the module: what they are called, and where they are.
_LISTED = {
    "func": ("function", "functions"),
    "memory": ("memory", "memories"),
    "data": ("data segment", "data"),
    "table": ("table", "tables"),
    "elem": ("element segment", "elements"),
    "import": ("import", "imports"),
}
MAX_SHOWN = 16  # types of an operand stack in a message


class Stack:
    """The types on an operand stack: a top above another stack. Equal stacks of one pass are one object.

    So pushing, popping, remembering and comparing cost the same however deep a stack is, and what is
    remembered of a whole function is as large as the function.
    """

    __slots__ = ("_above", "below", "code", "depth", "nearest")

    def __init__(self, below: Stack | None = None, code: int = 0) -> None:
        self.below, self.code = below, code
        self.depth: int = 0 if below is None else below.depth + 1
        self._above: dict[int, Stack] = {}
        # The nearest stack whose top is a reference: this one or one below.
        self.nearest: Stack | None = None
        if below is not None:
            self.nearest = self if types.is_reference_code(code) else below.nearest

    def push(self, *codes: int) -> Stack:
        """The stack with *codes* on it, the last one on top."""
        stack = self
        for code in codes:
            above = stack._above.get(code)
            if above is None:
                above = stack._above[code] = Stack(stack, code)
            stack = above
        return stack

    def take(self, count: int) -> tuple[Stack, tuple[int, ...]]:
        """What is below the *count* top cells, and their types, the deepest first; count <= depth."""
        stack, taken = self, []
        for _ in range(count):
            assert stack.below is not None
            taken.append(stack.code)
            stack = stack.below
        return stack, tuple(reversed(taken))

    def fits(self, wanted: Stack, hierarchy: Hierarchy, known: set[tuple[Stack, Stack]]) -> bool:
        """Whether this may stand where *wanted* is expected. known: some pairs of which that was true, so
        that deep stacks are not compared all the way again."""
        here, there = self, wanted
        if here.depth != there.depth:
            return False
        passed = []
        while here is not there:
            if not hierarchy.assignable(here.code, there.code):
                return False
            if here.depth % 64 == 0:
                if (here, there) in known:
                    break
                passed.append((here, there))
            assert here.below is not None and there.below is not None
            here, there = here.below, there.below
        known.update(passed)
        return True

    def references(self) -> tuple[int, ...]:
        """The indexes of the cells that hold references, 0 the deepest."""
        found, stack = [], self.nearest
        while stack is not None:
            assert stack.below is not None
            found.append(stack.depth - 1)
            stack = stack.below.nearest
        return tuple(reversed(found))


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
    hierarchy = Hierarchy(module.types)
    for index, function in enumerate(module.functions):
        checker = _Checker(module, hierarchy, decoder, index, forms, shapes.get(index, {}), totals)
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


class _Mismatch(Exception):
    """A declaration of an opcode does not fit the stack or the immediates; the text says why."""


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
    deepest: int = 0
    offset: int = 0
    _maps: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _safepoints: set[int] = field(default_factory=set)
    _branches: list[tuple[int, int]] = field(default_factory=list)  # (from, to)
    _cuts: set[int] = field(default_factory=set)  # instructions that are not reached by falling through
    _entered: dict[int, Stack] = field(default_factory=dict)
    _fitting: set[tuple[Stack, Stack]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.type = self.module.function_type(self.index)
        self.code = self.module.functions[self.index].code
        self.locals = (*self.type.parameters, *self.module.functions[self.index].locals)
        self.frame = len(self.locals)
        self._empty = Stack()
        self._expect = {offset: self._empty.push(*codes) for offset, codes in self.shapes.items()}

    def fail(self, message: str) -> None:
        raise ModuleError(
            message,
            self.module.function_name(self.index),
            self.offset,
            self.module.line(self.index, self.offset),
        )

    def run(self) -> VerifiedFunction:
        starts: array[int] = array("I")
        chosen: array[int] = array("H")
        seen: set[int] = set()
        stack: Stack | None = self._expect.get(0, self._empty)
        if stack is not self._empty:
            self.fail("a shape says that its operand stack is not empty at its start")
        at, size = 0, len(self.code)
        while at < size:
            self.offset = at
            if stack is None:
                self._cuts.add(at)
                stack = self._expect.setdefault(at, self._empty)
            elif at in self._expect:
                self._arrive(stack, at)
                stack = self._expect[at]
            try:
                opcode, immediates, after = self.decoder.at(self.code, at)
            except ValueError as error:
                self.fail(str(error))
                raise
            seen.add(at)
            if stack is not self._empty:
                self._entered[at] = stack
            form, stack = self._instruction(opcode, immediates, at, stack)
            number = self.forms.setdefault(form, len(self.forms))
            if number > 0xFFFF:
                self.fail("the module uses more than 65536 forms of opcodes")
            starts.append(at)
            chosen.append(number)
            at = after
        self.offset = size
        if stack is not None:
            self.fail("its code runs off its end: end it with RET, HALT or JMP")
        for target in sorted({target for _, target in self._branches} | set(self.shapes)):
            self.offset = target
            if target not in seen:
                self.fail("a branch or a shape names an offset at which no instruction starts")
        self._check_reached()
        return VerifiedFunction(starts, chosen, self._maps, frozenset(self._safepoints))

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

    def _instruction(
        self, opcode: Opcode, immediates: tuple[int, ...], at: int, stack: Stack
    ) -> tuple[Form, Stack | None]:
        reasons: list[str] = []
        unmet: list[str] = []
        for declaration in opcode.declarations:
            try:
                codes, rest, pushed = self._match(declaration, immediates, stack)
            except _Mismatch as mismatch:
                excluded = self._excluded(declaration, immediates)
                (unmet if excluded else reasons).append(str(mismatch))
                if declaration.when and not excluded:
                    self.fail(f"{opcode.label}: {mismatch}")  # this is the one that is meant
                continue
            break
        else:
            self.fail(f"{opcode.label}: " + "; or ".join(dict.fromkeys(reasons or unmet)))
            raise AssertionError
        signature = declaration.signature
        bindings = tuple((name, types.storage(codes[name])) for name, _ in signature.domains if name in codes)
        form = Form(declaration, bindings)
        graph = form.graph
        left = rest.push(*pushed)
        after: Stack | None = left
        transfer = graph.transfer
        if transfer is not None:  # results are on the stack before control goes on
            after = self._transfer(opcode, transfer, immediates, at, left)
        if any(map(is_safepoint, graph.nodes)):
            below = stack if form.keeps_operands else rest
            if transfer is not None and transfer.primitive.name == "invoke":
                below = left.take(len(self._callee(opcode, transfer, immediates)[0].parameters))[0]
            self._safepoint(at, below)
        depth = max(left.depth, 0 if after is None else after.depth)
        if depth > self.deepest:
            self.deepest = depth
            if self.frame + self.deepest > MAX_FRAME_CELLS:
                self.fail(f"its frame exceeds {MAX_FRAME_CELLS} cells")
        return form, after

    def _match(
        self, declaration: Declaration, immediates: tuple[int, ...], stack: Stack
    ) -> tuple[Codes, Stack, tuple[int, ...]]:
        """Bind the type variables; what stays on the stack, and what is pushed."""
        signature = declaration.signature
        codes: Codes = {}
        excluded = self._excluded(declaration, immediates)
        if excluded:
            raise _Mismatch(excluded)
        for slot, value in zip(signature.immediates, immediates, strict=False):
            self._bind_immediate(slot.kind, slot.variables, value, codes)
        wanted = len(signature.operands)
        if stack.depth < wanted:
            raise _Mismatch(f"it takes {wanted} operands and the stack has {stack.depth}")
        rest, given = stack.take(wanted)
        for (name, pattern), code in zip(signature.operands, given, strict=True):
            self._bind_operand(declaration, name, pattern, code, codes)
        pushed = tuple(self._result_code(pattern, codes) for pattern in signature.results)
        return codes, rest, pushed

    def _excluded(self, declaration: Declaration, immediates: tuple[int, ...]) -> str:
        """What keeps the declaration's `when` from holding, "" when it holds."""
        if declaration.when:
            for slot, value in zip(declaration.signature.immediates, immediates, strict=False):
                wanted = declaration.when.get(slot.name, value)
                if wanted == "interface":
                    if not isinstance(self.module.type_entry(value), InterfaceType):
                        return f"{slot.name} is no interface"
                elif wanted != value:
                    return f"{slot.name} is {value}"
        return ""

    def _bind_immediate(self, kind: str, variables: tuple[str, ...], value: int, codes: Codes) -> None:
        module = self.module
        if kind == "imm_s":
            return
        if value < 0:
            raise _Mismatch(f"{kind} {value} is negative")
        if kind == "local":
            if value >= len(self.locals):
                raise _Mismatch(f"there is no local {value}: the function has {len(self.locals)}")
            codes[variables[0]] = self.locals[value]
        elif kind == "global":
            if value >= len(module.globals):
                raise _Mismatch(f"there is no global {value}: the module has {len(module.globals)}")
            codes[variables[0]] = module.globals[value]
        elif kind == "pool":
            if value >= len(module.pool):
                raise _Mismatch(f"there is no constant {value}: the pool has {len(module.pool)}")
            codes[variables[0]] = types.BY_NAME[module.pool[value].kind].code
        elif kind in _LISTED:
            what, count = _LISTED[kind][0], len(getattr(module, _LISTED[kind][1]))
            if value >= count:
                raise _Mismatch(f"there is no {what} {value}: the module has {count}")
            if kind == "import":
                self._check_import(value)
        elif kind == "functype":
            if value >= len(module.types) or not isinstance(module.types[value], FunctionType):
                raise _Mismatch(f"entry {value} of the type table is no function type")
        elif kind == "class":
            if not isinstance(module.type_entry(value), ClassType):
                raise _Mismatch(f"type {value} is no class")
            codes[variables[0]] = value
        elif kind == "interface":
            if not isinstance(module.type_entry(value), InterfaceType):
                raise _Mismatch(f"type {value} is no interface")
            codes[variables[0]] = value
        elif kind == "method":
            entry = module.type_entry(codes[variables[0]])
            assert isinstance(entry, (ClassType, InterfaceType))
            methods = entry.virtuals if isinstance(entry, ClassType) else entry.methods
            if value >= len(methods):
                name = module.type_name(codes[variables[0]])
                raise _Mismatch(f"{name} has no method {value}: it has {len(methods)}")
        elif kind == "field":
            entry = module.type_entry(codes[variables[0]])
            assert isinstance(entry, ClassType)
            if value >= len(entry.fields):
                name = module.type_name(codes[variables[0]])
                raise _Mismatch(f"class {name} has no field {value}: it has {len(entry.fields)}")
            codes[variables[1]] = entry.fields[value]
        elif kind == "array":
            entry = module.type_entry(value)
            if not isinstance(entry, ArrayType):
                raise _Mismatch(f"type {value} is no array")
            codes[variables[0]] = entry.element
            codes[f"{variables[0]}[]"] = value
        elif kind == "reftype":
            known = isinstance(module.type_entry(value), (ClassType, InterfaceType, ArrayType)) or (
                value in types.BY_CODE and types.BY_CODE[value].is_reference
            )
            if not known:
                raise _Mismatch(f"type {value} is no reference type")
            codes[variables[0]] = value

    def _check_import(self, value: int) -> None:
        """What is imported takes the function's parameters and gives its locals."""
        imported = self.module.imports[value]
        if imported.kind != "function":
            raise _Mismatch(f"import {value} is a {imported.kind}, no function")
        wanted = self.module.types[imported.type]
        assert isinstance(wanted, FunctionType)
        if wanted.parameters + wanted.results != self.locals or wanted.parameters != self.type.parameters:
            raise _Mismatch(
                f"import {value} takes other types than the parameters of the function, or gives others than "
                "its locals"
            )

    def _bind_operand(
        self, declaration: Declaration, name: str, pattern: Pattern, code: int, codes: Codes
    ) -> None:
        if pattern.kind == "type":
            assert pattern.type is not None
            wanted = pattern.type.code
        elif pattern.kind in ELEMENTS:
            element = ELEMENTS[pattern.kind]
            if self.module.type_entry(code) != ArrayType(element.code):
                raise _Mismatch(f"{name} must be a {element}[], not {self.module.type_name(code)}")
            wanted = code
            codes.setdefault(pattern.kind, code)
        elif pattern.kind == "array":
            entry = self.module.type_entry(code)
            if not isinstance(entry, ArrayType):
                raise _Mismatch(f"{name} must be an array, not {self.module.type_name(code)}")
            wanted = codes.setdefault(f"{pattern.variable}[]", code)
            if codes.setdefault(pattern.variable, entry.element) != entry.element:
                raise _Mismatch(f"{name} must be an array of another type, not {self.module.type_name(code)}")
        elif pattern.variable in codes:
            wanted = types.stack_code(codes[pattern.variable])
        else:
            domain = dict(declaration.signature.domains)[pattern.variable]
            if domain == "reference" and not types.is_reference_code(code):
                raise _Mismatch(f"{name} must be a reference, not {self.module.type_name(code)}")
            wanted = codes.setdefault(pattern.variable, code)
        if not self.hierarchy.assignable(code, wanted):
            raise _Mismatch(
                f"{name} must be {self.module.type_name(wanted)}, not {self.module.type_name(code)}"
            )

    def _result_code(self, pattern: Pattern, codes: Codes) -> int:
        if pattern.kind == "type":
            assert pattern.type is not None
            return pattern.type.code
        if pattern.kind in ELEMENTS:
            return codes[pattern.kind]
        if pattern.kind == "array":
            return codes[f"{pattern.variable}[]"]
        return types.stack_code(codes[pattern.variable])

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
        self, opcode: Opcode, transfer: Node, immediates: tuple[int, ...], at: int, stack: Stack
    ) -> Stack | None:
        """The stack of the next instruction; None where control does not fall through."""
        name = transfer.primitive.name
        if name == "halt":
            return None
        if name == "return":
            self._move(len(self.type.results))
            self._take(stack, self.type.results, "RET")
            return None
        if name == "invoke":
            callee, what = self._callee(opcode, transfer, immediates)
            self._move(len(callee.parameters) + len(callee.results))
            return self._take(stack, callee.parameters, what).push(*callee.results)
        if name == "tail_invoke":
            callee, what = self._callee(opcode, transfer, immediates)
            self._move(len(callee.parameters) + len(callee.results) + len(self.type.results))
            self._take(stack, callee.parameters, what)
            # Nothing of this frame is left when the callee returns: its results are all that there is.
            given, wanted = callee.results, self.type.results
            if len(given) != len(wanted) or not all(map(self.hierarchy.assignable, given, wanted)):
                said, asked = (", ".join(map(self.module.type_name, each)) for each in (given, wanted))
                self.fail(f"{what} returns ({said}) in place of a function that returns ({asked})")
            return None
        if name == "jump_table":
            for target in dict.fromkeys(immediates[int(transfer.attribute) :]):  # type: ignore[call-overload]
                self._branch(stack, target, at)
            return None
        operand = immediates[int(transfer.attribute)]  # type: ignore[call-overload]
        self._branch(stack, operand, at)
        return None if name == "jump" else stack

    def _move(self, cells: int) -> None:
        self.totals.moved += cells
        if self.totals.moved > self.totals.may_move:
            self.fail(f"the calls and returns of the module move more than {self.totals.may_move} cells")

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
        if not stack.fits(expected, self.hierarchy, self._fitting):
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
