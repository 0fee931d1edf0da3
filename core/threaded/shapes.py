"""What the translator must know of a form: found out from its op IR, printed as a row of a table.

    MOVE     only cells are moved: nothing is emitted, the translator remembers where each operand is
    COMPUTE  operands are in any slots, immediates or accumulators; the result goes to any slot
    HOME     operands and results are in their home slots: what may look at them there, or has too many
    BRANCH   COMPUTE or HOME that may go elsewhere at its end
    …        the other transfers of control, each the engine's own protocol

An operand's *class* is the accumulator that it can be in: "d" for binary64, "c" for all else (integers,
references, the bits of binary32).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ...opcodes.ir import Graph, Node
from ...opcodes.primitives.effects import (
    CLASS_RECEIVER,
    INTERFACE_RECEIVER,
    LOCAL_GET,
    LOCAL_SET,
    POOL_GET,
)
from ...opcodes.primitives.leaves import CONSTANT, IMMEDIATE, PARAMETER
from ...opcodes.trace import is_safepoint
from ..program import Use, read_immediates

KINDS = (
    "MOVE",
    "COMPUTE",
    "HOME",
    "BRANCH",
    "JUMP",
    "TABLE",
    "CALL",
    "CALL_AT",
    "TAIL",
    "TAIL_AT",
    "RETURN",
    "HALT",
)
_TRANSFERS = {
    "jump": "JUMP",
    "jump_if": "BRANCH",
    "jump_table": "TABLE",
    "invoke": "CALL",
    "tail_invoke": "TAIL",
    "return": "RETURN",
    "halt": "HALT",
}
MOST_SLOTS = 4  # of an instruction; each immediate but one takes two of them
# Of what a move's output is: tb_threaded.h
FROM_PARAMETER, FROM_I32, FROM_I64, FROM_LOCAL, FROM_FAR, FROM_POOL, FROM_CONSTANT, FROM_WIDE = range(8)


@dataclass(frozen=True, slots=True)
class Shape:
    """A form as the translator sees it.

    kind: one of KINDS. takes, gives: a letter an operand or result: its class. home: whether operands are in
    their home slots. kept: which of the numbers behind the opcode are immediates that the handler reads.
    target: which one says where control goes, -1 for none. sets: those that name a local which it sets.
    fars: those to which the link's cells are to be added. safepoint: whether references may move meanwhile.
    frame: whether it reads or writes locals in ways that only C knows. truth: whether its result is a truth
    value. moves: the program of a move (tb_threaded.h). callee: of CALL_AT and TAIL_AT, what says how many
    cells it takes and gives: "functype", "class" or "interface". computes: whether a direct transfer does
    something before. locals: whether it reads or writes locals.
    """

    kind: str
    takes: str
    gives: str
    numbers: int
    signed: tuple[int, ...]
    home: bool = False
    kept: tuple[int, ...] = ()
    target: int = -1
    sets: tuple[int, ...] = ()
    fars: tuple[int, ...] = ()
    safepoint: bool = False
    frame: bool = False
    truth: bool = False
    moves: tuple[int, ...] = ()
    callee: str = ""
    computes: bool = False
    locals: bool = False


def _class(type_: str) -> str:
    return "d" if type_ == "f64" else "c"


def _is_identity(node: Node) -> bool:
    """Whether the node makes an i64 with the same value of an i32."""
    value = node.primitive.value
    if len(node.operands) != 1 or (node.operands[0].type, node.type) != ("i32", "i64") or value is None:
        return False
    return all(value(each) == each for each in (0, 1, -1, 2**31 - 1, -(2**31)))


def _far(use: Use, node: Node) -> bool:
    return node.attribute in use.far


def _source(use: Use, node: Node) -> tuple[int, ...] | None:
    """The bytes that say what a move's output is; None where it is no move."""
    number = read_immediates(use.form)
    if node.primitive is PARAMETER:
        return (FROM_PARAMETER, int(node.attribute))  # type: ignore[call-overload]
    if node.primitive is IMMEDIATE and node.type == "i32":
        return (FROM_I32, number.index(node.attribute))
    if node.primitive is LOCAL_GET:
        return (FROM_FAR if _far(use, node) else FROM_LOCAL, number.index(node.attribute))
    if node.primitive is POOL_GET:
        return (FROM_POOL, number.index(node.attribute))
    if node.primitive is CONSTANT and node.type in ("i32", "i64", "ref", "fn"):
        value = int(node.attribute)  # type: ignore[call-overload]
        if -(2**31) <= value < 2**31:
            how = FROM_WIDE if node.type == "i64" else FROM_CONSTANT
            return (how, *(value & 0xFFFFFFFF).to_bytes(4, "little"))
    if _is_identity(node) and node.operands[0].primitive is IMMEDIATE:
        return (FROM_I64, number.index(node.operands[0].attribute))
    return None


def _moves(use: Use, graph: Graph) -> tuple[int, ...] | None:
    """The program of a move: how many locals are set, which and to what; what each result is."""
    live = graph.live()
    sets = [node for node in graph.nodes if node.primitive is LOCAL_SET]
    gets = [node for node in graph.nodes if node.primitive is LOCAL_GET]
    movable = (PARAMETER, IMMEDIATE, CONSTANT, LOCAL_GET, LOCAL_SET, POOL_GET)
    for node in graph.nodes:
        if node in live and node.primitive not in movable and not _is_identity(node):
            return None
    if (sets and gets) or len(sets) > 1:
        return None
    number = read_immediates(use.form)
    program = [len(sets)]
    for node in sets:
        source = _source(use, node.operands[0])
        if source is None:
            return None
        program += [number.index(node.attribute) | 0x80 * _far(use, node), *source]
    for node in graph.results:
        source = _source(use, node)
        if source is None:
            return None
        program += source
    return tuple(program)


@cache
def shape(use: Use, number_bytes: int) -> Shape:
    """The shape of *use* in resolved code whose numbers have so many bytes."""
    form = use.form
    graph, read = form.graph, read_immediates(form)
    slots = form.declaration.signature.immediates
    numbers = use.operands(number_bytes)
    signed = tuple(at for at, index in enumerate(read) if slots[index].kind == "imm_s")
    takes = "".join(map(_class, graph.parameters))
    gives = "".join(_class(node.type) for node in graph.results)
    transfer = graph.transfer
    if transfer is None:
        moves = _moves(use, graph)
        if moves is not None:
            # Whatever the cells hold, the same is done.
            return Shape("MOVE", "c" * len(takes), "c" * len(gives), numbers, signed, moves=moves)
    live = graph.live()
    nodes = [node for node in graph.nodes if node in live]
    home = frame = safepoint = False
    for node in nodes:
        effects: frozenset[str] = getattr(node.attribute, "effects", frozenset())
        if is_safepoint(node) and node is not transfer:
            safepoint = home = True
        if "uses frame" in effects:
            frame = home = True
        if node.primitive in (CLASS_RECEIVER, INTERFACE_RECEIVER):
            home = True
    kind, target, callee = "COMPUTE", -1, ""
    kept = list(range(len(read)))
    if transfer is not None:
        kind = _TRANSFERS[transfer.primitive.name]
        named = transfer.attribute
        if kind in ("CALL", "TAIL") and transfer.operands:
            kind += "_AT"
            home = True
            callee = _callee(slots[int(named)].kind, nodes)  # type: ignore[call-overload]
        elif isinstance(named, int):
            target = read.index(named)
            kept.remove(target)
        safepoint = safepoint or kind in ("CALL", "CALL_AT")
    sets = tuple(read.index(n.attribute) for n in nodes if n.primitive is LOCAL_SET)
    fars = tuple(read.index(index) for index in use.far)
    fields = len(takes) + len(gives) + (2 if len(kept) > 1 else 0)
    if len(gives) > 1 or len(kept) > 2 or fields > MOST_SLOTS or len(takes) > 3:
        home = True
    if kind == "BRANCH" and (kept or len(takes) > 2):
        home = True
    if kind == "COMPUTE" and home:
        kind = "HOME"
    computes = any(
        node is not transfer and not (node.primitive.moves and node.primitive.pure) for node in nodes
    )
    truth = len(graph.results) == 1 and _is_truth(graph.results[0])
    return Shape(
        kind,
        takes,
        gives,
        numbers,
        signed,
        home,
        tuple(kept),
        target,
        sets,
        fars,
        safepoint,
        frame,
        truth,
        (),
        callee,
        computes,
        frame or any(node.primitive in (LOCAL_GET, LOCAL_SET) for node in nodes),
    )


def _callee(kind: str, nodes: list[Node]) -> str:
    if kind == "functype":
        return kind
    return "interface" if any(node.primitive is INTERFACE_RECEIVER for node in nodes) else "class"


def _is_truth(node: Node) -> bool:
    """Whether the node is 0 or 1, of a comparison."""
    return len(node.operands) == 1 and node.operands[0].type == "i1"


def most(each: Shape) -> int:
    """Records that an instruction of this shape takes, at most, but for the targets of a branch table: its
    own,
    and those that put what it makes of operands into their homes."""
    if each.kind == "MOVE":
        return len(each.gives) + each.moves[0]
    return 2 + len(each.kept) + int(each.computes)
