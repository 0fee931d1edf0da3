"""From the op IR to C: the printer that engines in C share.

Each node becomes one single-assignment temporary. A value is either *typed* (a C variable of its type) or
a raw *cell* (what parameters, locals, globals, the pool and the heap hold); a cell is converted where a
typed operation reads it, so that moves never touch the bits, and forms that differ only in the types
they move come out as the same text: the engine makes one handler of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from ..opcodes import Service, Trap, types
from ..opcodes.ir import Graph, Node
from ..opcodes.primitives.effects import MEMORY_BOUNDS, MEMORY_LOAD, MEMORY_STORE
from ..opcodes.primitives.leaves import PARAMETER
from ..opcodes.primitives.primitive import C_TYPE
from ..opcodes.trace import takes_homes

if TYPE_CHECKING:
    from .program import Use

FROM_CELL = {
    "i1": "(u32){0}",
    "i32": "(u32){0}",
    "i64": "(u64){0}",
    "f32": "tb_f32_bits((u32){0})",
    "f64": "tb_f64_bits({0})",
    "ref": "(u32){0}",
    "fn": "(u32){0}",
}
TO_CELL = {
    "i1": "{0}",
    "i32": "{0}",
    "i64": "{0}",
    "f32": "tb_bits_f32({0})",
    "f64": "tb_bits_f64({0})",
    "ref": "{0}",
    "fn": "{0}",
}
# How a cell is read from an object and written to it: integers of the storage's width, extended.
_LOAD = {
    "i8": "(u32)(s32)tb_load_s8({0})",
    "u8": "tb_load_u8({0})",
    "i16": "(u32)(s32)tb_load_s16({0})",
    "u16": "tb_load_u16({0})",
    4: "tb_load_u32({0})",
    8: "tb_load_u64({0})",
}
_STORE = {1: "tb_store_u8({0}, (u8){1})", 2: "tb_store_u16({0}, (u16){1})"}
_STORE |= {4: "tb_store_u32({0}, (u32){1})", 8: "tb_store_u64({0}, {1})"}


class Surroundings(Protocol):
    """What an engine prints itself, because it depends on where the engine keeps its state."""

    barrier: bool
    guarded: bool
    in_place: bool  # whether operands are in their slots of the operand stack, and results go there

    def taken(self, index: int, count: int, type_: str) -> tuple[str, bool]:
        """Operand *index* of *count* (0 the deepest) as a C expression, and whether it is a raw cell."""
        ...

    def given(self, printer: Printer, node: Node, depth: int) -> str:
        """Statement: leave a result, the *depth*-th from the top."""
        ...

    def operand(self, depth: int | str) -> str:
        """The cell that is *depth* below the top of the operand stack, 1 the top, as an lvalue; *depth* can
        be a C expression."""
        ...

    def adjust(self, by: int) -> str:
        """Statement: move the top of the operand stack by so many cells."""
        ...

    def immediate(self, index: int) -> str: ...
    def local(self, index: int) -> str: ...
    def global_(self, index: int) -> str: ...
    def pool(self, index: int) -> str: ...
    def trap(self, condition: str, trap: Trap) -> str: ...
    def save(self) -> str:
        """Statement: store the state that services and the collector read."""
        ...

    def fuel(self, *, out: bool) -> str:
        """Statement: the fuel that is left, out to the context or back from it."""
        ...

    def polls(self) -> str:
        """Statement after a service that may block."""
        ...

    def callee(self, service: Service[Any, Any]) -> str:
        """The C function that is called for a service."""
        ...

    def trap_label(self, trap: Trap) -> str:
        """The C label where a trap of this kind goes on."""
        ...

    def behind_fault(self) -> str:
        """Statement behind an access that may fault: what the trap needs as it was does not change before."""
        ...

    def service_trap(self, status: str, traps: tuple[Trap, ...]) -> str: ...
    def transfer(self, node: Node, operand: str) -> str:
        """operand: the condition of `jump_if`, the index of `jump_table`, the function that `invoke` or
        `tail_invoke` found; "" where there is none."""
        ...


class InFrames(ABC):
    """Surroundings of engines that run frames of tb_frame.h: where locals, globals and constants are."""

    _use: Use

    @abstractmethod
    def immediate(self, index: int) -> str: ...

    def local(self, index: int) -> str:
        past = " + TB_LINK" if index in self._use.far else ""
        return f"fp[{self.immediate(index)}{past}]"

    def global_(self, index: int) -> str:
        return f"tb_store_of(cx)->globals[{self.immediate(index)}]"

    def pool(self, index: int) -> str:
        return f"tb_pool(cx)[{self.immediate(index)}]"


def _stays(node: Node, position: int) -> bool:
    """Whether the result at *position* is the operand that lies there already, as in DUP."""
    return node.primitive is PARAMETER and node.attribute == position


class Printer:
    """Prints one form's graph into statements of C."""

    def __init__(self, graph: Graph, at: Surroundings) -> None:
        self.graph, self.at = graph, at
        self.lines: list[str] = []
        # Operands that nothing reads but a service that is given their slots.
        homes = {o for n in graph.nodes if takes_homes(n) for o in n.operands if o.type == "ref"}
        others = (n.operands if not takes_homes(n) else _values(n) for n in graph.nodes)
        self._at_home = homes.difference(graph.results, *others)
        self._names: dict[Node, tuple[str, bool]] = {}  # node -> C expression, whether it is a raw cell
        # Accesses to linear memory that need no comparison -> the one that they do without.
        self._faulting = dict(_compared(graph)) if at.guarded else {}

    def body(self) -> str:
        """The statements: fetch operands, compute in order, store results, transfer control."""
        graph, live = self.graph, self.graph.live()
        taken, given = len(graph.parameters), len(graph.results)
        # Parameters that stay where they are, or are given by their home slots only, are in no variable.
        read = {o for node in live for o in node.operands if o.type != "ref" or not takes_homes(node)}
        stays = _stays if self.at.in_place else lambda node, position: False
        read.update(node for position, node in enumerate(graph.results) if not stays(node, position))
        for index, node in enumerate(graph.nodes):
            if node in live and (node.primitive is not PARAMETER or node in read):
                getattr(self, "_" + node.primitive.name.replace(".", "_"), self._pure)(node, f"v{index}")
        if given != taken and (given or graph.transfer is None):
            self.lines.append(self.at.adjust(given - taken))
        for position, node in enumerate(graph.results):
            if not stays(node, position):
                self.lines.append(self.at.given(self, node, given - position))
        if graph.transfer is not None:
            if taken and not given:
                self.lines.append(self.at.adjust(-taken))
            transfer = graph.transfer
            operand = self.typed(transfer.operands[0]) if transfer.operands else ""
            self.lines.append(self.at.transfer(transfer, operand))
        return "\n".join(line for line in self.lines if line)

    def typed(self, node: Node) -> str:
        """A C expression of the node's own type."""
        name, raw = self._names[node]
        return FROM_CELL[node.type].format(name) if raw else name

    def cell(self, node: Node) -> str:
        """A C expression for the cell that holds the node's value."""
        name, raw = self._names[node]
        return name if raw else TO_CELL[node.type].format(name)

    def _declare(self, node: Node, name: str, expression: str, *, raw: bool) -> None:
        type_ = "cell" if raw else C_TYPE[node.type]
        self.lines.append(f"{type_} {name} = {expression};")
        self._names[node] = (name, raw)

    # -- pure -------------------------------------------------------------------------------------

    def _pure(self, node: Node, name: str) -> None:
        arguments = [self.typed(operand) for operand in node.operands]
        self._declare(node, name, node.primitive.c.format(*arguments), raw=False)

    def _parameter(self, node: Node, name: str) -> None:
        if node in self._at_home:
            return
        index = int(node.attribute)  # type: ignore[call-overload]
        expression, raw = self.at.taken(index, len(self.graph.parameters), node.type)
        self._declare(node, name, expression, raw=raw)

    def _immediate(self, node: Node, name: str) -> None:
        self._names[node] = (self.at.immediate(int(node.attribute)), False)  # type: ignore[call-overload]

    def _constant(self, node: Node, name: str) -> None:
        value = int(node.attribute)  # type: ignore[call-overload]
        if node.type in ("f32", "f64"):
            bits = FROM_CELL[node.type].format(f"{value:#x}ull")
            self._names[node] = (bits, False)
        else:
            width = 64 if node.type == "i64" else 32
            self._names[node] = (f"{value & ((1 << width) - 1):#x}u" + ("ll" if width == 64 else ""), False)

    def _select(self, node: Node, name: str) -> None:
        condition, *choices = node.operands
        if all(self._names[each][1] for each in choices):  # cells: whatever their type, the same C
            yes, no = map(self.cell, choices)
            self._declare(node, name, f"{self.typed(condition)} ? {yes} : {no}", raw=True)
        else:
            self._pure(node, name)

    _select_i32 = _select_i64 = _select_f32 = _select_f64 = _select_ref = _select_fn = _select

    # -- state ------------------------------------------------------------------------------------

    def _local_get(self, node: Node, name: str) -> None:
        self._declare(node, name, self.at.local(int(node.attribute)), raw=True)  # type: ignore[call-overload]

    def _local_set(self, node: Node, name: str) -> None:
        target = self.at.local(int(node.attribute))  # type: ignore[call-overload]
        self.lines.append(f"{target} = {self.cell(node.operands[0])};")

    def _pool_get(self, node: Node, name: str) -> None:
        self._declare(node, name, self.at.pool(int(node.attribute)), raw=True)  # type: ignore[call-overload]

    def _global_get(self, node: Node, name: str) -> None:
        self._declare(node, name, self.at.global_(int(node.attribute)), raw=True)  # type: ignore[call-overload]

    def _global_set(self, node: Node, name: str) -> None:
        target = self.at.global_(int(node.attribute))  # type: ignore[call-overload]
        if node.primitive.name == "global_set_ref" and self.at.barrier:
            self.lines.append(f"tb_barrier(cx, 0, {self.typed(node.operands[0])});")
        self.lines.append(f"{target} = {self.cell(node.operands[0])};")

    _global_set_ref = _global_set

    def _type_size(self, node: Node, name: str) -> None:
        immediate = self.at.immediate(int(node.attribute))  # type: ignore[call-overload]
        self._declare(node, name, f"tb_types(cx)[{immediate} - TB_TYPE_MODULE]", raw=False)

    # -- linear memory, tables of functions ---------------------------------------------------------

    def _memory_bounds(self, node: Node, name: str) -> None:
        if node in self._faulting.values():
            return
        memory, address, width = (self.typed(each) for each in node.operands)
        trap = node.attribute
        assert isinstance(trap, Trap)
        # 33 bits and a few: nothing wraps.
        self.lines.append(self.at.trap(f"{address} + {width} > tb_memory_bytes(cx, {memory})", trap))

    def _memory_place(self, node: Node) -> tuple[str, str]:
        memory, address = (self.typed(each) for each in node.operands[:2])
        return f"tb_memory_at(cx, {memory})", address

    def _fault(self, node: Node) -> str:
        trap = self._faulting[node].attribute
        assert isinstance(trap, Trap)
        return self.at.trap_label(trap)

    def _memory_load(self, node: Node, name: str) -> None:
        base, address = self._memory_place(node)
        if node not in self._faulting:
            self._load(node, name, f"{base} + {address}")
            return
        storage = node.attribute
        assert isinstance(storage, types.Type)
        signed = storage.is_storage_only and storage.name.startswith("i")
        kind = f"{'s' if signed else 'u'}{8 * storage.size}"
        self.lines.append(f"u{max(32, 8 * storage.size)} {name};")
        self.lines.append(f"TB_FAULTING_LOAD({kind}, {name}, {base}, {address}, {self._fault(node)});")
        self.lines.append(self.at.behind_fault())
        self._names[node] = (name, True)

    def _memory_store(self, node: Node, name: str) -> None:
        base, address = self._memory_place(node)
        if node not in self._faulting:
            self._store(node, f"{base} + {address}")
            return
        storage, value = node.attribute, self.cell(node.operands[2])
        assert isinstance(storage, types.Type)
        kind = f"u{8 * storage.size}"
        self.lines.append(f"TB_FAULTING_STORE({kind}, {base}, {address}, {value}, {self._fault(node)});")
        self.lines.append(self.at.behind_fault())

    def _memory_size(self, node: Node, name: str) -> None:
        memory = self.typed(node.operands[0])
        self._declare(node, name, f"(u32)(tb_memory_bytes(cx, {memory}) >> 16)", raw=False)

    def _table_entry(self, node: Node) -> str:
        table, index = (self.typed(each) for each in node.operands[:2])
        return f"tb_table_at(cx, {table})[{index}]"

    def _table_get(self, node: Node, name: str) -> None:
        self._declare(node, name, self._table_entry(node), raw=False)

    def _table_set(self, node: Node, name: str) -> None:
        table, index = (self.typed(each) for each in node.operands[:2])
        self.lines.append(f"{self._table_entry(node)} = {self.typed(node.operands[2])};")
        self.lines.append(f"TB_TABLE_WROTE(cx, {table}, {index}, 1u);")

    def _table_size(self, node: Node, name: str) -> None:
        self._declare(node, name, f"tb_table_size(cx, {self.typed(node.operands[0])})", raw=False)

    def _function_type(self, node: Node, name: str) -> None:
        self._declare(node, name, f"tb_function_types(cx)[{self.typed(node.operands[0])}]", raw=False)

    # -- classes ----------------------------------------------------------------------------------

    def _named(self, node: Node) -> str:
        return self.at.immediate(int(node.attribute))  # type: ignore[call-overload]

    def _type_of(self, node: Node, name: str) -> None:
        self._declare(node, name, f"tb_object_type(cx, {self.typed(node.operands[0])})", raw=False)

    def _is_subtype(self, node: Node, name: str) -> None:
        type_, wanted = self.typed(node.operands[0]), self._named(node)
        # A subtype's number is among the numbers of the type.
        below = f"tb_subtypes(cx)[2 * {type_}] - tb_subtypes(cx)[2 * {wanted}]"
        self._declare(node, name, f"{below} < tb_subtypes(cx)[2 * {wanted} + 1]", raw=False)

    def _implements(self, node: Node, name: str) -> None:
        type_ = self.typed(node.operands[0])
        at = f"tb_implementor_rows(cx)[{type_}] + {self._named(node)}"
        self._declare(node, name, f"tb_implementors(cx)[{at}] == {type_}", raw=False)

    def _class_receiver(self, node: Node, name: str) -> None:
        self._declare(node, name, self.at.operand(f"(s32)({self._named(node)} & 127)"), raw=True)

    def _class_method(self, node: Node, name: str) -> None:
        row = f"tb_virtual_rows(cx)[{self.typed(node.operands[0])} - TB_TYPE_MODULE]"
        self._declare(node, name, f"tb_virtuals(cx)[{row} + ({self._named(node)} >> 7)]", raw=False)

    def _interface_receiver(self, node: Node, name: str) -> None:
        depth = f"(s32)tb_interface_depths(cx)[{self._named(node)}]"
        self._declare(node, name, self.at.operand(depth), raw=True)

    def _interface_method(self, node: Node, name: str) -> None:
        row = f"tb_interface_rows(cx)[{self.typed(node.operands[0])} - TB_TYPE_MODULE]"
        self._declare(node, name, f"tb_interfaces(cx)[{row} + {self._named(node)}]", raw=False)

    # -- memory -----------------------------------------------------------------------------------

    def _load(self, node: Node, name: str, place: str) -> None:
        storage = node.attribute
        assert isinstance(storage, types.Type)
        load = _LOAD[storage.name] if storage.is_storage_only else _LOAD[storage.size]
        self._declare(node, name, load.format(place), raw=True)

    def _store(self, node: Node, place: str) -> None:
        storage = node.attribute
        assert isinstance(storage, types.Type)
        self.lines.append(_STORE[storage.size].format(place, self.cell(node.operands[2])) + ";")

    def _address(self, node: Node) -> str:
        object_, offset = node.operands[:2]
        return f"tb_object(cx, {self.typed(object_)}) + {self.typed(offset)}"

    def _heap_load(self, node: Node, name: str) -> None:
        self._load(node, name, self._address(node))

    def _heap_store(self, node: Node, name: str) -> None:
        if node.primitive.name == "heap_store_ref" and self.at.barrier:
            object_, value = self.typed(node.operands[0]), self.typed(node.operands[2])
            self.lines.append(f"tb_barrier(cx, {object_}, {value});")
        self._store(node, self._address(node))

    _heap_store_ref = _heap_store

    def _allocate(self, node: Node, name: str) -> None:
        size, type_, length = (self.typed(each) for each in node.operands)
        self.lines.append(self.at.save())
        self._declare(node, name, f"tb_heap_allocate(cx, {size}, {type_}, {length})", raw=False)
        self.lines.append(self.at.trap(f"!{name}", Trap.OUT_OF_MEMORY))

    # -- traps, services --------------------------------------------------------------------------

    def _trap_if(self, node: Node, name: str) -> None:
        trap = node.attribute
        assert isinstance(trap, Trap)
        self.lines.append(self.at.trap(self.typed(node.operands[0]), trap))

    def _bounds(self, node: Node, name: str) -> None:
        # One unsigned comparison: a negative index is a large one.
        index, length = (self.typed(each) for each in node.operands)
        self.lines.append(self.at.trap(f"{index} >= {length}", Trap.BAD_INDEX))

    def _service(self, node: Node, name: str) -> None:
        service = node.attribute
        assert isinstance(service, Service)
        callee = self.at.callee(service)
        arguments = ["cx", *(self._argument(service, each) for each in node.operands)]
        if service.is_safepoint or service.traps:
            self.lines.append(self.at.save())
        if "spends fuel" in service.effects:
            self.lines.append(self.at.fuel(out=True))
        if service.traps:
            if node.type:
                self.lines.append(f"{C_TYPE[node.type]} {name};")
                self._names[node] = (name, False)
                arguments.append(f"&{name}")
            self.lines.append(f"u32 {name}_status = {callee}({', '.join(arguments)});")
        elif node.type:
            self._declare(node, name, f"{callee}({', '.join(arguments)})", raw=False)
        else:
            self.lines.append(f"{callee}({', '.join(arguments)});")
        if "spends fuel" in service.effects:
            self.lines.append(self.at.fuel(out=False))
        if "may block" in service.effects:
            self.lines.append(self.at.polls())
        if service.traps:
            self.lines.append(self.at.service_trap(f"{name}_status", service.traps))

    def _argument(self, service: Service[Any, Any], node: Node) -> str:
        if service.takes_homes and node.type == "ref":
            return f"&{self.at.operand(len(self.graph.parameters) - int(node.attribute))}"  # type: ignore[call-overload]
        return self.typed(node)

    # -- transfers: printed last, by the engine -----------------------------------------------------

    def _transfer(self, node: Node, name: str) -> None:
        pass

    _jump = _jump_if = _jump_table = _invoke = _tail_invoke = _return = _halt = _transfer


def _compared(graph: Graph) -> Iterator[tuple[Node, Node]]:
    """Accesses to linear memory, each with the comparison before it, and no effect in between:
    it makes no difference which one finds out that there are no such bytes."""
    effects = [node for node in graph.nodes if not node.primitive.pure]
    for first, node in pairwise(effects):
        if first.primitive is MEMORY_BOUNDS and node.primitive in (MEMORY_LOAD, MEMORY_STORE):
            storage, width = node.attribute, first.operands[2]
            assert isinstance(storage, types.Type)
            if first.operands[:2] == node.operands[:2] and width.attribute == storage.size:
                yield node, first


def _values(node: Node) -> tuple[Node, ...]:
    return tuple(operand for operand in node.operands if operand.type != "ref")


def prototype(service: Service[Any, Any], name: str) -> str:
    """The C declaration of a function of this *name* with the types of a service's."""
    parameters = ["struct tb_context *"]
    for each in service.parameters:
        parameters.append("cell *" if each == "ref" and service.takes_homes else C_TYPE[each])
    if service.traps:
        if service.result:
            parameters.append(f"{C_TYPE[service.result]} *")
        result = "u32"
    else:
        result = C_TYPE[service.result] if service.result else "void"
    return f"{result} {name}({', '.join(parameters)});"
