"""Op IR: the graphs of opcodes as text, and what they compute against the functions that made them."""

from __future__ import annotations

import random

import pytest

from tblvm.opcodes import Isa, types
from tblvm.opcodes.ir import Graph, Node
from tblvm.opcodes.trace import arguments, is_safepoint
from tblvm.opcodes.values import Value

GOLDEN = {
    "NOP": "->",
    "PUSH": "v0 = immediate.i32 [0]\n-> v0",
    "ADD": "v0 = parameter.i32 [0]\nv1 = parameter.i32 [1]\nv2 = add.i32.i32 v0 v1\n-> v2",
    "NEG": "v0 = parameter.i32 [0]\nv1 = constant.i32 [0]\nv2 = sub.i32.i32 v1 v0\n-> v2",
    "DIV": "v0 = parameter.i32 [0]\nv1 = parameter.i32 [1]\nv2 = constant.i32 [0]\nv3 = eq.i32.i1 v1 v2\n"
    "trap_if v3 [DIVIDE_BY_ZERO]\nv5 = div.i32.i32 v0 v1\n-> v5",
    "FADD": "v0 = parameter.f32 [0]\nv1 = parameter.f32 [1]\nv2 = add.f32.f32 v0 v1\n-> v2",
    "SWAP": "v0 = parameter.i32 [0]\nv1 = parameter.ref [1]\n-> v1 v0",
    "DUP": "v0 = parameter.i32 [0]\n-> v0 v0",
    "POP": "v0 = parameter.i32 [0]\n->",
    "STORE": "v0 = parameter.i32 [0]\nv1 = immediate.i32 [0]\nlocal_set v0 [0]\n->",
    "JLT": "v0 = parameter.i32 [0]\nv1 = parameter.i32 [1]\nv2 = immediate.i32 [0]\nv3 = lt.i32.i1 v0 v1\n"
    "jump_if v3 [0]\n->",
    "CALL": "v0 = immediate.i32 [0]\ninvoke [0]\n->",
    "RET": "return\n->",
    "HALT": "halt\n->",
    "STOREG": "v0 = parameter.i32 [0]\nv1 = immediate.i32 [0]\nglobal_set v0 [0]\n->",
    "PRINT": "v0 = parameter.i32 [0]\nservice v0 [print_i32]\n->",
    "READ": "v0 = service.i32 [read_i32]\n-> v0",
    "ALENGTH": "v0 = parameter.ref [0]\nv1 = constant.ref [0]\nv2 = eq.ref.i1 v0 v1\n"
    "trap_if v2 [NULL_REFERENCE]\nv4 = constant.i32 [4]\nv5 = heap_load.i32 v0 v4 [i32]\n-> v5",
    "NEWOBJ": "v0 = immediate.i32 [0]\nv1 = type_size.i32 [0]\nv2 = extend_s.i32.i64 v1\nv3 = constant.i32 [0]\n"
    "v4 = allocate.ref v2 v0 v3\n-> v4",
    "LOADM": "v0 = parameter.ref [0]\nv1 = parameter.i32 [1]\nv2 = immediate.i32 [0]\nv3 = constant.ref [0]\n"
    "v4 = eq.ref.i1 v0 v3\ntrap_if v4 [NULL_REFERENCE]\nv6 = add.i32.i32 v1 v2\nv7 = constant.i32 [4]\n"
    "v8 = heap_load.i32 v0 v7 [i32]\nbounds v6 v8 [BAD_INDEX]\nv10 = constant.i32 [2]\n"
    "v11 = shl.i32.i32 v6 v10\nv12 = constant.i32 [8]\nv13 = add.i32.i32 v11 v12\n"
    "v14 = heap_load.i32 v0 v13 [i32]\n-> v14",
}
BOUND = {"T": types.I32, "U": types.STRING, "E": types.I16, "C": types.ANY, "F": types.F64, "R": types.ANY}


def graph(isa: Isa, name: str) -> Graph:
    declaration = isa.find(name).declarations[0]
    return declaration.graph(tuple((v, BOUND[v]) for v, _ in declaration.signature.domains))


@pytest.mark.parametrize("name", GOLDEN)
def test_graphs(name: str, isa: Isa) -> None:
    assert graph(isa, name).text() == GOLDEN[name]


def test_references_are_stored_apart(isa: Isa) -> None:
    """The barrier hangs at these nodes."""
    for name, variable, plain in (
        ("PUTFIELD", "F", "heap_store"),
        ("ASTORE", "E", "heap_store"),
        ("STOREG", "T", "global_set"),
    ):
        declaration = isa.find(name).declarations[0]
        for type_ in (types.I32, types.ANY):
            chosen = {**BOUND, variable: type_}
            made = declaration.graph(tuple((v, chosen[v]) for v, _ in declaration.signature.domains))
            stores = [n.primitive.name for n in made.effects() if n.primitive.name.startswith(plain)]
            assert stores == [plain + "_ref" * type_.is_reference]


def test_what_a_graph_says_of_itself(isa: Isa) -> None:
    assert graph(isa, "SWAP").is_move and not graph(isa, "ADD").is_move
    transfer = graph(isa, "JMP").transfer
    assert transfer is not None and transfer.primitive.name == "jump"
    assert graph(isa, "ADD").transfer is None and graph(isa, "NOP").transfer is None
    pushed = graph(isa, "POP")
    assert pushed.live() == frozenset()
    assert graph(isa, "ADD") is graph(isa, "ADD")
    moving = {opcode.name for opcode in isa for d in opcode.declarations if any(
        map(is_safepoint, d.graph(tuple((v, BOUND[v]) for v, _ in d.signature.domains)).nodes)
    )}  # fmt: skip
    assert moving >= {
        "CALL",
        "CALL_INDIRECT",
        "INVOKEVIRTUAL",
        "INVOKEINTERFACE",
        "NEW",
        "NEWOBJ",
        "NEWARRAY",
        "READ",
        "GETCHAR",
    }


def evaluate(graph: Graph, parameters: list[int], immediates: list[int]) -> list[int]:
    """What a graph without effects computes."""
    values: dict[Node, int] = {}
    for node in graph.nodes:
        primitive = node.primitive
        attribute = node.attribute
        if primitive.name == "parameter":
            values[node] = parameters[int(str(attribute))]
        elif primitive.name == "immediate":
            values[node] = immediates[int(str(attribute))]
        elif primitive.name == "constant":
            values[node] = int(str(attribute))
        else:
            assert primitive.value is not None, primitive.name
            values[node] = primitive.value(*[values[each] for each in node.operands])
    return [values[each] for each in graph.results]


def pure(isa: Isa) -> list[str]:
    found = []
    for opcode in isa:
        declaration = opcode.declarations[0]
        made = graph(isa, opcode.name)
        if all(node.primitive.pure for node in made.nodes) and not declaration.when:
            found.append(opcode.name)
    return found


def test_graphs_compute_what_the_functions_do(isa: Isa) -> None:
    names = pure(isa)
    assert {"ADD", "FDIV", "F2I", "SWAP", "REFEQ", "NEG", "PUSH"} <= set(names)
    rng = random.Random("graphs")
    for name in names:
        declaration = isa.find(name).declarations[0]
        signature = declaration.signature
        bound = {v: BOUND[v] for v, _ in signature.domains}
        made = declaration.graph(tuple(bound.items()))
        for _ in range(300):
            stack = [_number(rng, type_) for type_ in made.parameters]
            immediates = [rng.randrange(100) for _ in signature.immediates]
            returned = declaration.function(*arguments(signature, stack, immediates, bound))
            results = () if returned is None else returned if isinstance(returned, tuple) else (returned,)
            expected = [each.v for each in results if isinstance(each, Value)]
            assert evaluate(made, stack, immediates) == expected, (name, stack)


def _number(rng: random.Random, type_: str) -> int:
    if type_ == "i32":
        return rng.choice((0, 1, -1, 2**31 - 1, -(2**31), rng.randrange(-(2**31), 2**31)))
    if type_ == "ref":
        return rng.choice((0, 8, 16))
    return rng.choice((0, 1 << 31, 0x7F800000, 0x7FC00000, 0x3F800000, rng.getrandbits(32)))
