"""The reference interpreter: runs a verified module by calling the functions that declare its opcodes.

It is the oracle of the tests, so it is made to be seen through, not to be fast: objects are Python
objects, and nothing of a plan, of resolved code or of C is used here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from . import types, values
from .primitives.integer import wrap
from .services import Service
from .spaces import Memories, Tables
from .trace import checked_results, immediate_value, operand_maker, result_types
from .traps import Trap, TrapSignal
from .values import LATIN1, UTF16, Raw, Value

if TYPE_CHECKING:
    from ..core.code import Decoder
    from ..core.module import Constant, FunctionType, Implementation, Module
    from ..core.verified import Form, Verified
    from .isa import Isa

S = TypeVar("S")

MAX_OBJECT_BYTES = 0x7FFFFFF0  # sizes and offsets of objects fit 32 bits with room to spare
FRAME_COST = 2  # cells that every frame counts against the stack limit besides those that it declares


@dataclass(slots=True)
class Limits:
    """What a run may use; None for no limit. stack in declared cells, heap in bytes of objects, linear in
    bytes of all linear memories, tables in elements of all tables."""

    stack: int = 65536
    heap: int | None = None
    fuel: int | None = None
    linear: int = 256 << 20
    tables: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """An instruction: function index and offset of its first byte."""

    function: int
    offset: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    trap: None for an orderly end; status: exit status; fuel: instructions executed; trace: where each
    frame stood, innermost first; collections: (objects, bytes) that were reachable at each allocation
    when asked for.
    """

    trap: Trap | None
    status: int
    fuel: int
    trace: tuple[Place, ...]
    collections: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class Object:
    """A heap object: its type code, the length in its header, its bytes without the header."""

    type: int
    length: int
    data: bytearray


@dataclass(slots=True)
class Frame:
    function: int
    locals: list[int]
    # Values, not numbers: their kind is what tells a reference from an integer here.
    stack: list[Value] = field(default_factory=list)
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """An instruction as it is run; what does not change from one time to the next is made at the first.

    immediates: as the code has them. given: the arguments of the declaration's function, with operands still
    missing. operands: for each its place there, and what makes a value of its type. results: IR types.
    after: the offset behind the instruction.
    """

    form: Form
    immediates: tuple[int, ...]
    given: tuple[Any, ...]
    operands: tuple[tuple[int, Callable[[Raw], Value]], ...]
    results: list[str]
    keeps_operands: bool
    after: int


def _string_object(units: Sequence[int]) -> Object:
    """The string of these UTF-16 units, as Latin-1 unless some unit needs UTF-16."""
    wide = any(unit > 0xFF for unit in units)
    data = b"".join(unit.to_bytes(2, "little") for unit in units) if wide else bytes(units)
    return Object(UTF16 if wide else LATIN1, len(units), bytearray(data + bytes(-len(data) % 8)))


@runtime_checkable
class Shared(Protocol):
    """A state of a machine that programs which its program runs share, or have a part of."""

    def inner(self) -> object: ...


class _Halted(Exception):
    pass


def machine() -> Machine:
    """The reference machine that runs; for the models of services. Raises DslError outside of a run."""
    running = values.current()
    assert isinstance(running, Machine), "a service's model was called while an opcode is traced"
    return running


class Machine:
    """One run of a module (an implementation of values.Effects)."""

    def __init__(
        self,
        verified: Verified,
        *,
        limits: Limits | None = None,
        states: tuple[object, ...] = (),
        watch_heap: bool = False,
        collector: bool = True,
    ) -> None:
        """states: instances that `state` finds, such as a console with input. watch_heap: record what is
        reachable at each allocation. collector: unreachable objects do not count against the heap."""
        from ..core.hierarchy import layouts  # the core room imports this one
        from ..core.module import canonical_types

        self.verified = verified
        self.module: Module = verified.module
        self.limits = limits or Limits()
        self._states: dict[type[Any], Any] = {type(each): each for each in states}
        self._watch_heap, self._collector = watch_heap, collector
        self.frames: list[Frame] = []
        self.fuel_used = 0
        self.heap: dict[int, Object] = {}
        self._released: set[int] = set()
        self._next = 8
        self.memories = Memories(self.module, self.limits.linear)
        self.tables = Tables(self.module, self.limits.tables)
        self._canonical = canonical_types(self.module)
        self._immortal: dict[int, Object] = {}
        self._layouts = layouts(self.module.types)
        self._pool: list[int] = [self._constant(constant) for constant in self.module.pool]
        self.globals = [0] * len(self.module.globals)
        self.stack_left = self.limits.stack
        self._collections: list[tuple[int, int]] = []
        self._live_bytes = 0
        self._isa: Isa | None = None
        # For each function the instructions that have run, by offset.
        self._steps: list[dict[int, Step]] = [{} for _ in verified.functions]

    # -- services' view ---------------------------------------------------------------------------

    def state(self, cls: type[S]) -> S:
        """The state of a micro-library in this run: the instance of *cls*, made at first use."""
        if cls not in self._states:
            self._states[cls] = cls()
        found: S = self._states[cls]
        return found

    @property
    def live_bytes(self) -> int:
        """Bytes of the objects that have not been found to be unreachable."""
        return self._live_bytes

    def object(self, reference: int) -> Object:
        """What *reference*, which is not null, names: an object of the heap or a string constant."""
        return self.heap.get(reference) or self._immortal[reference]

    def string(self, reference: int) -> str | None:
        """The text of a string object; None for null."""
        if not reference:
            return None
        found = self.object(reference)
        if found.type == LATIN1:
            return found.data[: found.length].decode("latin-1")
        return found.data[: 2 * found.length].decode("utf-16-le", "surrogatepass")

    def units(self, reference: int) -> list[int]:
        """The UTF-16 units of a string object, or the elements of an array of u16."""
        found = self.object(reference)
        if found.type == LATIN1:
            return list(found.data[: found.length])
        return list(memoryview(bytes(found.data[: 2 * found.length])).cast("H"))

    def new_string(self, units: Sequence[int]) -> int:
        """A new string object of these UTF-16 units. Raises TrapSignal when there is no memory for it."""
        made = _string_object(units)
        reference: int = self.allocate(len(made.data) + values.HEADER_BYTES, made.type, made.length)
        self.heap[reference] = made
        return reference

    def octets(self, reference: int) -> bytes:
        """The elements of an array of u8."""
        found = self.object(reference)
        return bytes(found.data[: found.length])

    def new_octets(self, like: int, content: bytes) -> int:
        """A new array of u8, of the type that *like* has. Raises TrapSignal when there is no memory."""
        size = (len(content) + values.HEADER_BYTES + 7) & ~7
        reference: int = self.allocate(size, self.object(like).type, len(content))
        self.heap[reference].data[: len(content)] = content
        return reference

    def release(self, reference: int) -> bool:
        """Give an object back; false when it is not allocated."""
        found = self.heap.get(reference)
        if found is None or reference in self._released:
            return False
        self._released.add(reference)
        self._live_bytes -= len(found.data) + values.HEADER_BYTES
        found.type = found.length = 0  # every access to it is out of bounds
        return True

    # -- values.Effects ---------------------------------------------------------------------------

    def pure(self, name: str, result: str, arguments: tuple[Value, ...]) -> Raw:
        raise AssertionError("symbolic values in a concrete run")

    def trap_if(self, condition: Raw, trap: Trap) -> None:
        if condition:
            raise TrapSignal(trap)

    def bounds(self, index: Raw, length: Raw) -> None:
        if not 0 <= index < length:
            raise TrapSignal(Trap.BAD_INDEX)

    def local_get(self, index: Raw, type_: str) -> Raw:
        return self.frames[-1].locals[index]

    def local_set(self, index: Raw, value: Raw) -> None:
        self.frames[-1].locals[index] = value

    def pool_get(self, entry: Raw, type_: str) -> Raw:
        return self._pool[entry]

    def global_get(self, index: Raw, type_: str) -> Raw:
        return self.globals[index]

    def global_set(self, index: Raw, value: Raw, is_reference: bool) -> None:
        self.globals[index] = value

    def heap_load(self, storage: types.Type, object_: Raw, offset: Raw) -> Raw:
        found = self.object(object_)
        if offset == values.LENGTH_OFFSET:
            return found.length
        at = offset - values.HEADER_BYTES
        assert 0 <= at <= len(found.data) - storage.size, "an opcode reads outside of its object"
        number = int.from_bytes(found.data[at : at + storage.size], "little")
        # Floats and references are their bits; integers are signed unless the storage type is unsigned.
        signed = storage in (types.I32, types.I64, types.I8, types.I16)
        return wrap(number, 8 * storage.size) if signed else number

    def heap_store(self, storage: types.Type, object_: Raw, offset: Raw, value: Raw) -> None:
        found = self.heap[object_]
        at = offset - values.HEADER_BYTES
        assert 0 <= at <= len(found.data) - storage.size, "an opcode writes outside of its object"
        number = value & ((1 << (8 * storage.size)) - 1)
        found.data[at : at + storage.size] = number.to_bytes(storage.size, "little")

    def memory_bounds(self, memory: Raw, address: Raw, width: int) -> None:
        self.memories.check(memory, address, width)

    def memory_load(self, storage: types.Type, memory: Raw, address: Raw) -> Raw:
        return self.memories.load(storage, memory, address)

    def memory_store(self, storage: types.Type, memory: Raw, address: Raw, value: Raw) -> None:
        self.memories.store(storage, memory, address, value)

    def memory_size(self, memory: Raw) -> Raw:
        return self.memories.size(memory)

    def table_get(self, table: Raw, index: Raw) -> Raw:
        return self.tables.entries[table][index & 0xFFFFFFFF]

    def table_set(self, table: Raw, index: Raw, value: Raw) -> None:
        self.tables.entries[table][index & 0xFFFFFFFF] = value

    def table_size(self, table: Raw) -> Raw:
        return wrap(len(self.tables.entries[table]), 32)

    def function_type(self, index: Raw) -> Raw:
        return self._canonical[self.module.functions[index].type]

    def type_size(self, type_: Raw) -> Raw:
        return self._layouts[type_ - types.FIRST_MODULE_TYPE].size

    def type_of(self, object_: Raw) -> Raw:
        return self.object(object_).type if object_ else 0

    def is_subtype(self, type_: Raw, wanted: Raw) -> Raw:
        if wanted == types.ANY.code:
            return int(type_ != 0)
        if type_ in (LATIN1, UTF16):
            return int(wanted == types.STRING.code)
        return int(any(code == wanted for code in self._ancestors(type_)))

    def implements(self, type_: Raw, wanted: Raw) -> Raw:
        return int(self._implementation(type_, wanted) is not None)

    def _ancestors(self, type_: int) -> Iterator[int]:
        """The type itself, its superclass, and so on."""
        from ..core.module import ClassType

        while type_:
            yield type_
            entry = self.module.type_entry(type_)
            type_ = entry.superclass if isinstance(entry, ClassType) else 0

    def _implementation(self, type_: int, wanted: int) -> Implementation | None:
        from ..core.module import ClassType

        for code in self._ancestors(type_):
            entry = self.module.type_entry(code)
            for each in entry.interfaces if isinstance(entry, ClassType) else ():
                if each.interface == wanted:
                    return each
        return None

    def receiver(self, kind: str, owner: Raw, method: Raw) -> Raw:
        return self.frames[-1].stack[-len(self.called(owner, method).parameters)].v

    def called(self, owner: int, method: int) -> FunctionType:
        """A function type with the parameters of a method of the class or interface *owner*."""
        from ..core.module import ClassType, FunctionType, InterfaceType

        entry = self.module.type_entry(owner)
        if isinstance(entry, ClassType):
            return self.module.function_type(entry.virtuals[method])
        assert isinstance(entry, InterfaceType)
        type_ = self.module.types[entry.methods[method]]
        assert isinstance(type_, FunctionType)
        return type_

    def method(self, kind: str, type_: Raw, owner: Raw, method: Raw) -> Raw:
        from ..core.module import ClassType

        if kind == "interface":
            found = self._implementation(type_, owner)
            assert found is not None, "a value of an interface's type does not implement it"
            method = found.slots[method]
        entry = self.module.type_entry(type_)
        assert isinstance(entry, ClassType)
        return entry.virtuals[method]

    def allocate(self, size: Raw, type_: Raw, length: Raw) -> Raw:
        if size > MAX_OBJECT_BYTES:  # no heap is as large: it is not worth a collection
            raise TrapSignal(Trap.OUT_OF_MEMORY)
        if self._watch_heap:
            self._collections.append(self._collect())
        if self.limits.heap is not None and self._live_bytes + size > self.limits.heap:
            if self._collector:
                self._live_bytes = self._collect()[1]
            if self._live_bytes + size > self.limits.heap:
                raise TrapSignal(Trap.OUT_OF_MEMORY)
        self._live_bytes += size
        return self._new(type_, length, size)

    def service(self, service: Service[..., Any], arguments: tuple[Value, ...]) -> Raw:
        try:
            result = service.model(*arguments)
        finally:
            # What may have taken long ends where fuel is tested, whether it trapped or not.
            if "may block" in service.effects:
                self._check_fuel()
        return None if result is None else result.v

    def jump(self, target: Raw) -> None:
        self._branch = target

    def jump_if(self, condition: Raw, target: Raw) -> None:
        if condition:
            self._branch = target

    def jump_table(self, index: Raw, targets: Raw) -> None:
        self._branch = targets[min(index & 0xFFFFFFFF, len(targets) - 1)]

    def invoke(self, named_by: Raw, index: Raw | None) -> None:
        self._callee = named_by if index is None else index

    def tail_invoke(self, named_by: Raw, index: Raw | None) -> None:
        self.invoke(named_by, index)
        self._replaces = True

    def return_(self) -> None:
        self._returns = True

    def halt(self) -> None:
        raise _Halted

    # -- running ----------------------------------------------------------------------------------

    def run_other(self, verified: Verified) -> Outcome:
        """Run another program to its end, with the fuel that is left, in a machine of its own. Of the states
        it has those that are shared: what their method `inner()` gives."""
        left = None if self.limits.fuel is None else self.limits.fuel - self.fuel_used
        machine = Machine(
            verified,
            limits=replace(self.limits, fuel=left),
            states=tuple(each.inner() for each in self._states.values() if isinstance(each, Shared)),
            collector=self._collector,
        )
        assert self._isa is not None, "only a program that runs runs others"
        outcome = machine.run(self._isa)
        self.fuel_used += outcome.fuel
        return outcome

    def run(self, isa: Isa) -> Outcome:
        """Run from the entry point to the end or to a trap. A machine runs once."""
        from ..core.code import Decoder  # the core room imports this one: only a run needs it

        self._isa = isa
        decoder = Decoder(isa, self.module.pages)
        before = values.enter(self)
        trap: Trap | None = None
        status = 0
        trace: tuple[Place, ...] = ()
        try:
            for function in (self.module.start, self.module.entry):
                if function is not None:
                    self._enter(function, [])
                while self.frames:
                    frame = self.frames[-1]
                    step = self._steps[frame.function].get(frame.offset) or self._decoded(frame, decoder)
                    status = self._step(frame, step)
        except _Halted:
            status = 0
        except TrapSignal as signal:
            trap, status = signal.trap, signal.trap.status
            trace = tuple(Place(frame.function, frame.offset) for frame in reversed(self.frames))
        finally:
            values.enter(before)
        return Outcome(trap, status & 0xFF, self.fuel_used, trace, tuple(self._collections))

    def _decoded(self, frame: Frame, decoder: Decoder) -> Step:
        """The instruction at which *frame* stands."""
        checked = self.verified.functions[frame.function]
        form = self.verified.forms[checked.forms[bisect_left(checked.offsets, frame.offset)]]
        _, immediates, after = decoder.at(self.module.functions[frame.function].code, frame.offset)
        signature, bound = form.declaration.signature, dict(form.bindings)
        resolved = self._resolve(form, immediates)
        given: list[Any] = []
        operands = []
        for place, (where, index) in enumerate(signature.order):
            if where == "stack":
                operands.append((place, operand_maker(signature.operands[index][1], bound)))
                given.append(None)
            else:
                slot = signature.immediates[index]
                given.append(immediate_value(slot.kind, resolved[index], slot.variables, bound))
        results = result_types(signature, bound)
        step = Step(form, immediates, tuple(given), tuple(operands), results, form.keeps_operands, after)
        self._steps[frame.function][frame.offset] = step
        return step

    def _step(self, frame: Frame, step: Step) -> int:
        """One instruction; the exit status if it returned from the entry point."""
        declaration = step.form.declaration
        self.fuel_used += 1
        self._branch, self._callee, self._returns, self._replaces = -1, -1, False, False
        split = len(frame.stack) - len(step.operands)
        taken = frame.stack[split:]
        if not step.keeps_operands:
            del frame.stack[split:]
        given = list(step.given)
        for (place, make), value in zip(step.operands, taken, strict=True):
            given[place] = make(value.v)
        frame.stack[split:] = checked_results(declaration.name, declaration.function(*given), step.results)
        if self._returns:
            return self._leave(frame)
        if self._callee >= 0:
            self._enter(self._callee, frame.stack, replaced=frame if self._replaces else None)
            return 0
        if self._branch < 0:
            frame.offset = step.after
            return 0
        if self._branch <= frame.offset:
            self._check_fuel()
        frame.offset = self._branch
        return 0

    def _resolve(self, form: Form, immediates: tuple[int, ...]) -> list[Raw]:
        """Immediates as opcodes see them: a field's ordinal becomes its byte offset, a function type the
        number that equal ones share; the targets of a branch table are one."""
        resolved: list[Raw] = list(immediates)
        for index, slot in enumerate(form.declaration.signature.immediates):
            if slot.kind == "field":
                layout = self._layouts[immediates[index - 1] - types.FIRST_MODULE_TYPE]
                resolved[index] = layout.offsets[immediates[index]]
            elif slot.kind == "functype":
                resolved[index] = self._canonical[immediates[index]]
            elif slot.kind == "targets":
                resolved[index:] = [immediates[index:]]
        return resolved

    def _check_fuel(self) -> None:
        if self.limits.fuel is not None and self.fuel_used > self.limits.fuel:
            raise TrapSignal(Trap.OUT_OF_FUEL)

    def _cells(self, function: int) -> int:
        declared = self.module.functions[function]
        parameters = len(self.module.function_type(function).parameters)
        return parameters + len(declared.locals) + declared.max_stack + FRAME_COST

    def _enter(self, function: int, stack: list[Value], replaced: Frame | None = None) -> None:
        """Call *function* with parameters from *stack*; its frame takes the place of *replaced*."""
        cells = self._cells(function)
        left = self.stack_left + (self._cells(replaced.function) if replaced is not None else 0)
        if cells > left:
            raise TrapSignal(Trap.STACK_OVERFLOW)
        if self.frames:
            self._check_fuel()
        self.stack_left = left - cells
        parameters = len(self.module.function_type(function).parameters)
        split = len(stack) - parameters
        given = [value.v for value in stack[split:]]
        del stack[split:]
        if replaced is not None:
            self.frames.pop()
        self.frames.append(Frame(function, given + [0] * len(self.module.functions[function].locals)))

    def _leave(self, frame: Frame) -> int:
        """Return from *frame*; the exit status if it was the entry point's."""
        count = len(self.module.function_type(frame.function).results)
        results = frame.stack[len(frame.stack) - count :]
        self.stack_left += self._cells(frame.function)
        self.frames.pop()
        if not self.frames:
            return int(results[0].v) if results else 0
        caller = self.frames[-1]
        caller.stack.extend(results)
        caller.offset = self._steps[caller.function][caller.offset].after
        return 0

    # -- heap -------------------------------------------------------------------------------------

    def _new(self, type_: int, length: int, size: int) -> int:
        reference = self._next
        self._next += size
        self.heap[reference] = Object(type_, length, bytearray(size - values.HEADER_BYTES))
        return reference

    def _constant(self, constant: Constant) -> int:
        if isinstance(constant.value, int):
            return constant.value
        text = constant.value.encode("utf-16-le", "surrogatepass")
        made = _string_object(memoryview(text).cast("H").tolist())
        reference = self._next  # immortal, and not among the objects of the heap
        self._next += len(made.data) + values.HEADER_BYTES
        self._immortal[reference] = made
        return reference

    def _roots(self) -> Iterator[int]:
        """Every reference outside the heap, by what put it there, never by the verifier's maps."""
        for frame in self.frames:
            for index in self.verified.reference_locals(frame.function):
                yield frame.locals[index]
            yield from (value.v for value in frame.stack if value.ir == "ref")
        for code, value in zip(self.module.globals, self.globals, strict=True):
            if types.is_reference_code(code):
                yield value

    def _references(self, found: Object) -> Iterator[int]:
        from ..core.module import ArrayType, ClassType

        entry = self.module.type_entry(found.type)
        offsets: Sequence[int] = ()
        if isinstance(entry, ClassType):
            offsets = self._layouts[found.type - types.FIRST_MODULE_TYPE].references
        elif isinstance(entry, ArrayType) and types.is_reference_code(entry.element):
            offsets = [values.HEADER_BYTES + 4 * i for i in range(found.length)]
        for at in offsets:
            start = at - values.HEADER_BYTES
            yield int.from_bytes(found.data[start : start + 4], "little")

    def reachable(self) -> set[int]:
        """The objects that the program can still reach; string constants are not among them."""
        found: set[int] = set()
        work = [root for root in self._roots() if root in self.heap]
        while work:
            reference = work.pop()
            if reference not in found:
                found.add(reference)
                work.extend(r for r in self._references(self.heap[reference]) if r in self.heap)
        return found

    def _collect(self) -> tuple[int, int]:
        """Forget what cannot be reached; (objects, bytes) that are left."""
        live = self.reachable()
        self.heap = {reference: self.heap[reference] for reference in live}
        return len(live), sum(len(each.data) + values.HEADER_BYTES for each in self.heap.values())
