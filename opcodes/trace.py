"""From an opcode's function to its op IR: the function is called once with symbols, and recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import types, values
from .ir import Graph, Node
from .primitives import find
from .primitives.integer import wrap
from .primitives.leaves import CONSTANT, IMMEDIATE, PARAMETER
from .services import Service
from .signature import ELEMENTS, Pattern, Signature
from .traps import Trap
from .values import DslError, Raw, Value

Bindings = tuple[tuple[str, types.Type], ...]  # type variable -> type, in order of the variables' names


class Tracer:
    """Records what an opcode's function does (an implementation of values.Effects)."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[tuple[object, ...], Node] = {}

    def node(self, name: str, type_: str, operands: tuple[Node, ...] = (), attribute: object = None) -> Node:
        primitive = find(name)
        if self.nodes and self.nodes[-1].primitive.transfers and not primitive.pure:
            raise DslError(f"`{self.nodes[-1].primitive.name}` must be the last thing an opcode does")
        key = (name, type_, operands, attribute)
        if primitive.pure and key in self._known:
            return self._known[key]
        node = Node(primitive, type_, operands, attribute)
        if self.nodes and self.nodes[-1].primitive.transfers:
            self.nodes.insert(len(self.nodes) - 1, node)  # only the transfer of control comes last
        else:
            self.nodes.append(node)
        if primitive.pure:
            self._known[key] = node
        return node

    def lift(self, raw: Raw, type_: str) -> Node:
        return raw if isinstance(raw, Node) else self.node(CONSTANT.name, type_, (), raw)

    # values.Effects, in its order

    def pure(self, name: str, result: str, arguments: tuple[Value, ...]) -> Node:
        wanted = find(name).operands
        return self.node(
            name, result, tuple(self.lift(a.v, t) for a, t in zip(arguments, wanted, strict=True))
        )

    def trap_if(self, condition: Raw, trap: Trap) -> None:
        if not isinstance(trap, Trap):
            raise DslError(f"trap_if takes a Trap as its second argument, not {trap!r}")
        self.node("trap_if", "", (self.lift(condition, "i1"),), trap)

    def bounds(self, index: Raw, length: Raw) -> None:
        self.node("bounds", "", (self.lift(index, "i32"), self.lift(length, "i32")), Trap.BAD_INDEX)

    def local_get(self, index: Raw, type_: str) -> Node:
        return self.node("local_get", type_, (), _immediate(index))

    def local_set(self, index: Raw, value: Raw) -> None:
        self.node("local_set", "", (_known(value),), _immediate(index))

    def pool_get(self, entry: Raw, type_: str) -> Node:
        return self.node("pool_get", type_, (), _immediate(entry))

    def global_get(self, index: Raw, type_: str) -> Node:
        return self.node("global_get", type_, (), _immediate(index))

    def global_set(self, index: Raw, value: Raw, is_reference: bool) -> None:
        name = "global_set_ref" if is_reference else "global_set"
        self.node(name, "", (_known(value),), _immediate(index))

    def heap_load(self, storage: types.Type, object_: Raw, offset: Raw) -> Node:
        operands = (self.lift(object_, "ref"), self.lift(offset, "i32"))
        return self.node("heap_load", storage.stack, operands, storage)

    def heap_store(self, storage: types.Type, object_: Raw, offset: Raw, value: Raw) -> None:
        operands = (
            self.lift(object_, "ref"),
            self.lift(offset, "i32"),
            self.lift(value, storage.stack),
        )
        self.node("heap_store_ref" if storage.is_reference else "heap_store", "", operands, storage)

    def memory_bounds(self, memory: Raw, address: Raw, width: int) -> None:
        operands = (*self._at(memory, address), self.lift(width, "i32"))
        self.node("memory_bounds", "", operands, Trap.BAD_ADDRESS)

    def memory_load(self, storage: types.Type, memory: Raw, address: Raw) -> Node:
        return self.node("memory_load", storage.stack, self._at(memory, address), storage)

    def memory_store(self, storage: types.Type, memory: Raw, address: Raw, value: Raw) -> None:
        operands = (*self._at(memory, address), self.lift(value, storage.stack))
        self.node("memory_store", "", operands, storage)

    def memory_size(self, memory: Raw) -> Node:
        return self.node("memory_size", "i32", (self.lift(memory, "i32"),))

    def _at(self, memory: Raw, address: Raw) -> tuple[Node, Node]:
        return self.lift(memory, "i32"), self.lift(address, "i64")

    def table_get(self, table: Raw, index: Raw) -> Node:
        return self.node("table_get", "fn", (self.lift(table, "i32"), self.lift(index, "i32")))

    def table_set(self, table: Raw, index: Raw, value: Raw) -> None:
        self.node("table_set", "", (self.lift(table, "i32"), self.lift(index, "i32"), self.lift(value, "fn")))

    def table_size(self, table: Raw) -> Node:
        return self.node("table_size", "i32", (self.lift(table, "i32"),))

    def function_type(self, index: Raw) -> Node:
        return self.node("function_type", "i32", (self.lift(index, "i32"),))

    def type_size(self, type_: Raw) -> Node:
        return self.node("type_size", "i32", (), _immediate(type_))

    def type_of(self, object_: Raw) -> Node:
        return self.node("type_of", "i32", (self.lift(object_, "ref"),))

    def is_subtype(self, type_: Raw, wanted: Raw) -> Node:
        return self.node("is_subtype", "i1", (self.lift(type_, "i32"),), _immediate(wanted))

    def implements(self, type_: Raw, wanted: Raw) -> Node:
        return self.node("implements", "i1", (self.lift(type_, "i32"),), _immediate(wanted))

    def receiver(self, kind: str, owner: Raw, method: Raw) -> Node:
        return self.node(f"{kind}_receiver", "ref", (), _immediate(method))

    def method(self, kind: str, type_: Raw, owner: Raw, method: Raw) -> Node:
        return self.node(f"{kind}_method", "i32", (self.lift(type_, "i32"),), _immediate(method))

    def allocate(self, size: Raw, type_: Raw, length: Raw) -> Node:
        operands = (self.lift(size, "i64"), self.lift(type_, "i32"), self.lift(length, "i32"))
        return self.node("allocate", "ref", operands)

    def service(self, service: Service[Any, Any], arguments: tuple[Value, ...]) -> Node:
        operands = tuple(self.lift(a.v, a.ir) for a in arguments)
        if service.is_safepoint and any(o.type == "ref" and o.primitive is not PARAMETER for o in operands):
            raise DslError(
                f"service {service.name} is a safepoint: a reference that it takes must be an operand of the "
                "opcode as it came, whose slot on the operand stack is a root"
            )
        return self.node("service", service.result, operands, service)

    def jump(self, target: Raw) -> None:
        self.node("jump", "", (), _immediate(target))

    def jump_if(self, condition: Raw, target: Raw) -> None:
        self.node("jump_if", "", (self.lift(condition, "i1"),), _immediate(target))

    def jump_table(self, index: Raw, targets: Raw) -> None:
        self.node("jump_table", "", (self.lift(index, "i32"),), _immediate(targets))

    def invoke(self, named_by: Raw, index: Raw | None) -> None:
        self._call("invoke", named_by, index)

    def tail_invoke(self, named_by: Raw, index: Raw | None) -> None:
        self._call("tail_invoke", named_by, index)

    def _call(self, name: str, named_by: Raw, index: Raw | None) -> None:
        operands = () if index is None else (self.lift(index, "i32"),)
        self.node(name, "", operands, _immediate(named_by))

    def return_(self) -> None:
        self.node("return", "")

    def halt(self) -> None:
        self.node("halt", "")


def _immediate(raw: Raw) -> int:
    if not (isinstance(raw, Node) and raw.primitive is IMMEDIATE):
        raise DslError("locals, globals, the pool, functions and targets are named by an immediate")
    return int(raw.attribute)  # type: ignore[call-overload, no-any-return]


def _known(raw: Raw) -> Node:
    if not isinstance(raw, Node):
        raise DslError("a constant cannot be stored here without a type: compute it from an operand")
    return raw


def is_safepoint(node: Node) -> bool:
    """Whether references may be moved or collected while the node runs."""
    if isinstance(node.attribute, Service):
        return node.attribute.is_safepoint
    return node.primitive.safepoint


def takes_homes(node: Node) -> bool:
    """Whether the node is given operands by their slots, which must stay as they are until then."""
    return isinstance(node.attribute, Service) and node.attribute.takes_homes


def check_references(nodes: Sequence[Node], results: tuple[Node, ...]) -> None:
    """A reference from before a safepoint names nothing behind it. Raises DslError where one is used."""
    stale: set[Node] = set()
    before: list[Node] = []
    passed = ""
    for node in nodes:
        if not takes_homes(node):  # a home slot is fresh whatever has happened
            _check_fresh(node.operands, stale, passed)
        if is_safepoint(node):
            stale.update(before)
            service = node.attribute
            passed = service.name if isinstance(service, Service) else node.primitive.name
        elif node.type == "ref" and node.primitive is CONSTANT:
            continue  # null stays null
        if node.type == "ref":
            before.append(node)
    _check_fresh(results, stale, passed)


def _check_fresh(used: tuple[Node, ...], stale: set[Node], passed: str) -> None:
    if not stale.isdisjoint(used):
        raise DslError(
            f"it uses a reference that it had before `{passed}`, while which references may move: read it "
            "again from its home (a local, a global, an object), or do the work before"
        )


_ARRAYS: dict[str, Callable[[Raw], Value]] = {"chars": values.chars, "octets": values.octets}


def operand_maker(pattern: Pattern, bound: Mapping[str, types.Type]) -> Callable[[Raw], Value]:
    """What makes the kind of value that an operand of type *pattern* is."""
    if pattern.kind == "type":
        assert pattern.type is not None
        named = {types.CELLS: values.cells, types.STRING: values.string}
        return named.get(pattern.type) or values.value_class(pattern.type)
    if pattern.kind == "array":
        element = bound[pattern.variable]
        return lambda raw: values.array(raw, element)
    if pattern.kind == "instance":
        return values.instance
    if pattern.kind in ELEMENTS:
        return _ARRAYS[pattern.kind]
    return values.value_class(bound[pattern.variable])


_IMMEDIATE_CLASS: dict[str, Any] = {
    "local": values.local,
    "pool": values.pool,
    "global": values.global_,
    "target": values.target,
    "targets": values.targets,
    "func": values.func,
    "functype": values.functype,
    "memory": values.memory,
    "data": values.data,
    "table": values.table,
    "elem": values.elem,
    "import": values.import_,
    "class": values.class_,
    "interface": values.interface_,
    "field": values.field,
    "method": values.method,
    "array": values.array_,
    "reftype": values.reftype,
}


def immediate_value(kind: str, raw: Raw, variables: tuple[str, ...], bound: dict[str, types.Type]) -> Any:
    """*raw* as the kind of immediate that an opcode's function takes."""
    if kind == "imm_s":
        return values.imm_s(raw)
    if kind == "imm_u":
        return values.imm_u(raw)
    if kind == "imm_u32":
        return values.imm_u32(wrap(raw, 32) if isinstance(raw, int) else raw)
    # The last variable is the type of what the immediate names: field[C, F] names an F.
    storage = bound[variables[-1]] if variables else types.I32
    return _IMMEDIATE_CLASS[kind](raw, storage)


def arguments(
    signature: Signature, stack: list[Raw], immediates: list[Raw], bound: dict[str, types.Type]
) -> list[Any]:
    """The arguments with which an opcode's function is called, concrete or symbolic."""
    given: list[Any] = []
    for where, index in signature.order:
        if where == "stack":
            given.append(operand_maker(signature.operands[index][1], bound)(stack[index]))
        else:
            slot = signature.immediates[index]
            given.append(immediate_value(slot.kind, immediates[index], slot.variables, bound))
    return given


def result_types(signature: Signature, bound: dict[str, types.Type]) -> list[str]:
    """The IR types of an opcode's results."""
    found = []
    for pattern in signature.results:
        if pattern.kind == "type":
            assert pattern.type is not None
            found.append(pattern.type.stack)
        elif pattern.kind == "variable":
            found.append(bound[pattern.variable].stack)
        else:
            found.append("ref")
    return found


def checked_results(name: str, returned: object, wanted: list[str]) -> list[Value]:
    """What an opcode's function returned, as values of the IR types *wanted*. Raises DslError."""
    if returned is None:
        given: tuple[object, ...] = ()
    else:
        given = returned if isinstance(returned, tuple) else (returned,)
    if len(given) != len(wanted):
        raise DslError(f"{name} returns {len(given)} values and declares {len(wanted)}")
    checked = []
    for value, type_ in zip(given, wanted, strict=True):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = values._lift(values._PLAIN[type_], value) if type_ in values._PLAIN else value
        if not isinstance(value, Value) or value.ir != type_:
            raise DslError(f"{name} returns {value!r} where it declares {type_}")
        checked.append(value)
    return checked


def trace(
    name: str,
    function: Callable[..., Any],
    signature: Signature,
    bindings: Bindings,
    when: Mapping[str, int | str],
) -> Graph:
    """The op IR of one form of an opcode: *function* with its type variables bound as *bindings* says, and
    the immediates that *when* names constant.

    Raises DslError when the function does what the opcode language excludes.
    """
    tracer = Tracer()
    bound = dict(bindings)
    parameters: list[str] = []
    stack: list[Raw] = []
    for index, (_, pattern) in enumerate(signature.operands):
        type_ = operand_maker(pattern, bound)(0).ir
        parameters.append(type_)
        stack.append(tracer.node(PARAMETER.name, type_, (), index))
    immediates: list[Raw] = [
        tracer.lift(when[slot.name], "i32")
        if isinstance(when.get(slot.name), int)
        else tracer.node(IMMEDIATE.name, "i32", (), index)
        for index, slot in enumerate(signature.immediates)
    ]
    before = values.enter(tracer)
    try:
        returned = function(*arguments(signature, stack, immediates, bound))
        results = checked_results(name, returned, result_types(signature, bound))
        nodes = tuple(tracer.lift(value.v, value.ir) for value in results)
        check_references(tracer.nodes, nodes)
    except DslError as error:
        raise DslError(f"opcode {name}: {error}") from None
    finally:
        values.enter(before)
    return Graph(tuple(parameters), tuple(tracer.nodes), nodes)
