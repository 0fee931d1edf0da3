"""Engine `switch`: runs resolved bytes in place, one dispatch in a loop. The smallest engine.

The dispatch is a jump through a table of 4-byte label offsets (GNU C): half the bytes of what compilers
make of a `switch`. Where a target has no label values, it is a `switch`.

The generated function keeps ip, sp, fp, the current function and fuel in C variables. Handlers without
operands have the lowest numbers, so that one place fetches the operand of all others. Control protocol
(call, return, branches with their polls) is printed here; everything else comes from the op IR.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..opcodes import Trap
from ..opcodes.ir import Node
from ..opcodes.signature import SIGNED_KINDS
from .cprint import InFrames, Printer, prototype
from .errors import BuildError
from .parts import Engine, Handler
from .program import Use, read_immediates

if TYPE_CHECKING:
    from ..builder.compose import Composition
    from ..builder.resolve import Plan


class _Surroundings(InFrames):
    """Where the switch engine keeps things (an implementation of cprint.Surroundings)."""

    in_place = True

    def __init__(self, plan: Plan, use: Use) -> None:
        self._use = use
        self._kept = read_immediates(use.form)
        self._signature = use.form.declaration.signature
        self._polls = poll(plan)
        self._counts = "fuel" in plan.interfaces
        self.callee = plan.callee
        self.barrier = plan.barrier
        self.guarded = plan.guarded

    def taken(self, index: int, count: int, type_: str) -> tuple[str, bool]:
        return self.operand(count - index), True

    def given(self, printer: Printer, node: Node, depth: int) -> str:
        return f"{self.operand(depth)} = {printer.cell(node)};"

    def operand(self, depth: int | str) -> str:
        return f"sp[-{depth}]"

    def adjust(self, by: int) -> str:
        return f"sp += {by};" if by > 0 else f"sp -= {-by};"

    def immediate(self, index: int) -> str:
        position = self._kept.index(index)
        signed = self._signature.immediates[index].kind in SIGNED_KINDS
        if position:
            return _behind(position, signed)
        # The number was fetched without knowing that it is signed; `width` bits of it are there.
        return "sign_extend(imm, width)" if signed else "imm"

    def trap(self, condition: str, trap: Trap) -> str:
        return f"if (TB_UNLIKELY({condition})) {_raise(trap)}"

    def trap_label(self, trap: Trap) -> str:
        return _trap_label(trap)

    def behind_fault(self) -> str:
        # The compiler would compute the next `sp` before the access, and need both for the rest of the loop.
        return "TB_FORGET(sp);"

    def save(self) -> str:
        return "SAVE();"

    def fuel(self, *, out: bool) -> str:
        if not self._counts:
            return ""
        return "cx->fuel = fuel;" if out else "fuel = cx->fuel;"

    def polls(self) -> str:
        return self._polls

    def service_trap(self, status: str, traps: tuple[Trap, ...]) -> str:
        if len(traps) == 1:
            return f"if (TB_UNLIKELY({status})) {_raise(traps[0])}"
        table = ", ".join(f"TB_TRAP_{each.name}" for each in traps)
        return (
            f"if (TB_UNLIKELY({status})) {{\nstatic const u8 kinds[] = {{{table}}};\n"
            f"trap = kinds[{status} - 1];\ngoto trapped;\n}}"
        )

    def transfer(self, node: Node, operand: str) -> str:
        name = node.primitive.name
        if name == "return":
            return _RETURN
        if name == "halt":
            return "sp = TB_RUN_BASE(cx);\ngoto halted;"
        if name == "invoke":
            call = _CALL.replace("OVERFLOW", _raise(Trap.STACK_OVERFLOW)).replace("POLL", self._polls)
            return call.replace("OPERAND", operand or self._named(node))
        if name == "tail_invoke":
            call = _TAIL_CALL.replace("OVERFLOW", _raise(Trap.STACK_OVERFLOW)).replace("POLL", self._polls)
            return call.replace("OPERAND", operand or self._named(node))
        to = self._named(node)
        if name == "jump_table":
            return (
                f"const u32 *row = tb_branches(cx) + {to};\nu32 at = {operand};\n"
                "if (at > *row) at = *row;\nimm = row[1 + at];\ngoto branch;"
            )
        go = "goto branch;" if to == "imm" else f"{{ imm = {to}; goto branch; }}"
        return go if name == "jump" else f"if ({operand}) {go}"

    def _named(self, node: Node) -> str:
        """The immediate that says where control goes."""
        return self.immediate(int(node.attribute))  # type: ignore[call-overload]


def _raise(trap: Trap) -> str:
    # One place sets each kind: sites are a jump, and the compiler keeps no kinds in registers for them.
    return f"goto {_trap_label(trap)};"


def _trap_label(trap: Trap) -> str:
    return f"trap_{trap.name}"


def _behind(position: int, signed: bool) -> str:
    """The C variable of an immediate behind the first one."""
    return f"{'simm' if signed else 'imm'}{position}"


def _fetch_behind(use: Use) -> str:
    """C that fetches the immediates behind the first one."""
    slots = use.form.declaration.signature.immediates
    lines = []
    for position, index in enumerate(read_immediates(use.form)[1:], 1):
        signed = slots[index].kind in SIGNED_KINDS
        lines.append(f"\nu32 {_behind(position, signed)} = tb_leb(&ip, {int(signed)});")
    return "".join(lines)


def poll(plan: Plan) -> str:
    """What stands where exhaustion of fuel and interruption are noticed."""
    lines = []
    if "fuel" in plan.interfaces:
        lines.append(f"if (TB_UNLIKELY(fuel < 0)) {_raise(Trap.OUT_OF_FUEL)}")
    if "interrupt" in plan.interfaces:
        lines.append(f"if (TB_UNLIKELY(TB_INTERRUPTED(cx))) {_raise(Trap.INTERRUPTED)}")
    return "\n".join(lines)


_CALL = """\
const struct tb_function *callee = &tb_functions(cx)[OPERAND];
if (TB_UNLIKELY(callee->cells > cx->cells_left)) OVERFLOW
POLL
cx->cells_left -= callee->cells;
struct tb_link *link = (struct tb_link *)sp;
cell *base = sp - callee->parameters;
link->pc = (u32)(ip - code);
link->function = (u32)((const u8 *)function - (const u8 *)tb_functions(cx));
link->distance = (u32)(base - fp);
cx->fp = fp = base;
sp += TB_LINK;
cx->function = function = callee;
ip = code + callee->code;
for (u32 left = callee->locals; left; left--) *sp++ = 0;"""

# The link stays what it was; the parameters move down to where this frame's are.
_TAIL_CALL = """\
const struct tb_function *callee = &tb_functions(cx)[OPERAND];
u32 left = cx->cells_left + function->cells;
if (TB_UNLIKELY(callee->cells > left)) OVERFLOW
POLL
cx->cells_left = left - callee->cells;
struct tb_link link = *tb_frame_link(fp, function);
cell *from = sp - callee->parameters;
sp = fp;
for (u32 count = callee->parameters; count; count--) *sp++ = *from++;
*(struct tb_link *)sp = link;
sp += TB_LINK;
cx->function = function = callee;
ip = code + callee->code;
for (u32 count = callee->locals; count; count--) *sp++ = 0;"""

_RETURN = """\
const struct tb_link *link = tb_frame_link(fp, function);
u32 pc = link->pc, caller = link->function, distance = link->distance, count = function->results;
cx->cells_left += function->cells;
cell *from = sp - count;
sp = fp;
for (; count; count--) *sp++ = *from++;
if (TB_UNLIKELY(pc == TB_PC_HOST)) goto halted;
cx->fp = fp -= distance;
cx->function = function = (const struct tb_function *)(const void *)((const u8 *)tb_functions(cx) + caller);
ip = code + pc;"""


def handlers(plan: Plan, uses: Iterable[Use]) -> tuple[Handler, ...]:
    """One handler for each distinct text; those without operands first."""
    return numbered(
        (use, Printer(use.form.graph, _Surroundings(plan, use)).body())
        for use in sorted(uses, key=lambda u: (u.form.name, u.far))
    )


def numbered(texts: Iterable[tuple[Use, str]]) -> tuple[Handler, ...]:
    """A number for all uses that have the same text and equally many operands; those without operands first.
    Raises BuildError when there are more than resolved code can name."""
    printed = list(texts)
    narrow = _grouped(printed, 1)
    if len(narrow) <= 256:
        return tuple(_handler(number, bytes([number]), each) for number, each in enumerate(narrow))
    # What has a prefix takes two bytes, as it did in the module: the first is one of those behind the
    # numbers of the core page.
    narrow = _grouped([each for each in printed if each[0].opcode_bytes == 1], 1)
    wide = _grouped([each for each in printed if each[0].opcode_bytes == 2], 2)
    first = len(narrow)
    if first + -(-len(wide) // 256) > 256:
        raise BuildError(f"{first + len(wide)} handlers are more than engine switch can number")
    return (
        *(_handler(number, bytes([number]), each) for number, each in enumerate(narrow)),
        *(_handler(first + at, bytes([first + at // 256, at % 256]), each) for at, each in enumerate(wide)),
    )


def _grouped(printed: Iterable[tuple[Use, str]], number_bytes: int) -> list[tuple[str, list[Use]]]:
    """The uses of each distinct text; those without operands first."""
    grouped: dict[tuple[int, str], list[Use]] = {}
    for use, text in printed:
        grouped.setdefault((use.operands(number_bytes), text), []).append(use)
    ordered = sorted(grouped.items(), key=lambda item: (min(item[0][0], 1), _order(item[1][0])))
    return [(text, uses) for (_, text), uses in ordered]


def _handler(number: int, code: bytes, of: tuple[str, list[Use]]) -> Handler:
    text, uses = of
    return Handler(number, code, tuple(uses), uses[0].form.declaration.library, _label(uses[0]), text)


def _operands(handler: Handler) -> int:
    """How many LEB128 numbers stand behind the handler's number."""
    return handler.uses[0].operands(len(handler.code))


def _label(use: Use) -> str:
    """The opcode's name; with ~ where a local's slot needs a longer immediate than its index."""
    return use.form.declaration.label + ("~" if use.far else "")


def _order(use: Use) -> tuple[int, int, str, tuple[int, ...]]:
    declaration = use.form.declaration
    prefix = declaration.page.prefix
    return (999 if prefix is None else prefix, declaration.code, use.form.name, use.far)


_HEAD = """\
/* Engine `switch`, generated for one plan: the handlers of the opcodes in it. */
#include "tb.h"
#include "tb_frame.h"
{includes}
{prototypes}

u32 tb_run(struct tb_context *cx, u32 entry);

/* Store what services, the collector and a stack trace read; the frame is in the context already. */
#define SAVE() (cx->ip = ip)

static inline TB_UNUSED u32 sign_extend(u32 number, u32 width) {{
  return width >= 32 ? number : (number ^ (1u << (width - 1))) - (1u << (width - 1));
}}
{leb}
/* Runs the function `entry`, whose parameters are at TB_RUN_BASE. 0, or the kind of the trap that
 * stopped it. */
u32 tb_run(struct tb_context *cx, u32 entry) {{
  const u8 *const code = tb_code(cx);
  const struct tb_function *function = &tb_functions(cx)[entry];
  const u8 *ip = code + function->code;
  cell *fp = TB_RUN_BASE(cx);
  cell *sp = fp + TB_RUN_PARAMETERS(function) + TB_LINK;
  u32 trap = 0;
{fuel_load}
  ((struct tb_link *)(fp + TB_RUN_PARAMETERS(function)))->pc = TB_PC_HOST;
  cx->cells_left -= function->cells;
  cx->fp = fp;
  cx->function = function;
  for (u32 left = function->locals; left; left--) *sp++ = 0;
  for (;;) {{
{fuel_count}
    u32 number = *ip++;
{wide}{fetch}
{dispatch}"""

_FETCH = """\
    TB_UNUSED u32 imm = 0{width_declaration}; /* an immediate that is not read is fetched too */
    if ({guard}) {{
      u32 shift = 0, byte;
      do {{
        byte = *ip++;
        imm |= (u32)((u64)(byte & 0x7f) << shift); /* padded to 9 bytes at most */
        shift += 7;
      }} while (byte & 0x80);
{width}
    }}
"""

_LEB = """
static TB_UNUSED u32 tb_leb(const u8 **at, u32 is_signed) {
  u32 number = 0, shift = 0, byte;
  do {
    byte = *(*at)++;
    number |= (u32)((u64)(byte & 0x7f) << shift);
    shift += 7;
  } while (byte & 0x80);
  return is_signed && shift < 32 && (byte & 0x40) ? number | ~0u << shift : number;
}
"""


def _guard(those: tuple[Handler, ...]) -> str:
    """The condition on `number` under which a LEB128 follows; "" where none ever does."""
    with_operands = [_operands(handler) > 0 for handler in those]
    starts = [n for n, each in enumerate(with_operands) if each and not (n and with_operands[n - 1])]
    tests = []
    for start in starts:
        end = next((n for n in range(start, len(those)) if not with_operands[n]), len(those))
        bounds = [f"number >= {start}"] * (start > 0) + [f"number < {end}"] * (end < len(those))
        tests.append(" && ".join(bounds) or "1")
    return tests[0] if len(tests) == 1 else " || ".join(f"({test})" for test in tests)


def _wide(those: tuple[Handler, ...]) -> str:
    """Where some numbers have a second byte: C that reads it."""
    first = next((handler.number for handler in those if len(handler.code) == 2), None)
    if first is None:
        return ""
    return f"    if (number >= {first}) number = {first} + ((number - {first}) << 8 | *ip++);\n"


def _jump(those: tuple[Handler, ...]) -> str:
    """C that goes to the handler of `number`: code of verified programs has no others."""
    targets = ", ".join(f"&&op_{each.number} - &&op_0" for each in those)
    return f"    static const s32 targets[] = {{{targets}}};\n    goto *(&&op_0 + targets[number]);"


def print_engine(composition: Composition) -> dict[str, str]:
    """The C of the engine for *composition*, a file."""
    plan = composition.plan
    those = composition.handlers
    guard = _guard(those)
    signed = any("sign_extend" in h.text for h in those)
    branches = any("goto branch" in h.text for h in those)
    printed = (poll(plan) if branches else "") + "".join(h.text for h in those)
    labels = set(re.findall(r"\btrap(?:_\w+|ped)\b", printed))
    fuel = "fuel" in plan.interfaces
    jumps = plan.target.label_values
    fetch = ""
    if guard:
        fetch = _FETCH.format(
            guard=guard,
            width_declaration=", width = 0" if signed else "",
            width="      width = shift;" if signed else "",
        )
    services = {
        n.attribute
        for h in those
        for u in h.uses
        for n in u.form.graph.nodes
        if n.primitive.name == "service"
    }
    prototypes = sorted({prototype(each, plan.callee(each)) for each in services})  # type: ignore[arg-type]
    parts = [
        _HEAD.format(
            includes="\n".join(f'#include "{each}"' for each in composition.engine_headers),
            prototypes="\n".join(prototypes),
            leb=_LEB if any(_operands(h) > 1 for h in those) else "",
            fuel_load="  s64 fuel = cx->fuel;" if fuel else "",
            fuel_count="    fuel--;" if fuel else "",
            wide=_wide(those),
            fetch=fetch,
            dispatch=_jump(those) if jumps else "    switch (number) {",
        )
    ]
    for handler in those:
        more = _fetch_behind(handler.uses[0])
        # The line table of this file tells the report whose bytes these are.
        parts.append(f'#line 1 "tb-op:{handler.library}:{handler.label}:{handler.number}"')
        last = handler.text.rpartition("\n")[2]
        after = "" if last.startswith("goto ") else "continue; "
        label = f"op_{handler.number}" if jumps else f"case {handler.number}"
        parts.append(f"{label}: {{{more}\n{handler.text}\n{after}}}")
    parts.append('#line 1 "tb-engine"')
    if not jumps:
        parts.append("default: TB_UNREACHABLE();\n}")
    if branches:
        parts.append("branch: {\nconst u8 *to = code + function->code + imm;")
        check = poll(plan)
        if check:
            parts.append(f"if (to < ip) {{\n{check}\n}}")
        parts.append("ip = to;\n}")
    parts.append("}")
    if labels:
        for trap in plan.traps:
            if (label := _trap_label(trap)) in labels:
                keep = "TB_FORGET(trap);"
                parts.append(f"{label}:\ntrap = TB_TRAP_{trap.name};\n{keep}\ngoto trapped;")
        parts.append("trapped:\nSAVE();")
    parts.append("halted:" if any("goto halted" in h.text for h in those) else "")
    parts.append("cx->sp = sp;" + ("\ncx->fuel = fuel;" if fuel else ""))
    parts.append("return trap;\n}\n")
    return {"engine.c": "\n".join(part for part in parts if part)}


SWITCH = Engine(
    name="switch",
    library="core.switch",
    doc="one dispatch over resolved bytes: the smallest engine",
    handlers=handlers,
    print=print_engine,
)
