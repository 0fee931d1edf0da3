"""The op IR of an instruction, on the variables of its function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...opcodes import Service, Trap
from ...opcodes.ir import Node
from ...opcodes.primitives.effects import LOCAL_SET
from ...opcodes.primitives.leaves import CONSTANT, IMMEDIATE
from ...opcodes.primitives.primitive import C_TYPE
from ...opcodes.trace import takes_homes
from ..cprint import FROM_CELL, Printer
from .calls import immediate
from .runs import Access
from .whole import Operand

if TYPE_CHECKING:
    from .function import FunctionPrinter

_MOVES_MEMORY = "moves linear memory"


class Body(Printer):
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
        self._receiver(node, len(self.of.control.callee_type(transfer).parameters))

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


def _split(address: Node, body: Body) -> tuple[str | None, int]:
    """An address as an expression of 64 bits and a constant, where it is the sum of both."""
    if address.primitive.name != "add.i64":
        return None, 0
    base, offset = address.operands
    if offset.operands and offset.operands[0].primitive in (IMMEDIATE, CONSTANT):
        return body.typed(base), int(body.typed(offset.operands[0]).rstrip("u"), 0)
    return None, 0
