"""The printer of engine `threaded`: handlers, dispatch, and the tables of the translator.

The C has the handlers once, and dispatch in two ways: functions that end in tail calls, where the compiler
guarantees these (clang's musttail), and labels within one function elsewhere: by computed goto, or a
switch in ISO
C.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product
from typing import TYPE_CHECKING

from ..cprint import Printer, prototype
from ..errors import BuildError
from ..parts import Handler
from ..program import Use
from ..superinstructions.chosen import chosen
from ..superinstructions.counted import Names, functions, read
from ..superinstructions.profile import LONGEST, Function
from ..switch import numbered
from .estimate import estimated
from .foresight import Choices, Foreseen, Part, foreseen
from .handlers import NEXT, RegisterSurroundings, body, polls, services
from .options import ALIGNMENT, VARIANTS
from .shapes import KINDS, Shape, most, shape
from .usual import usual
from .variants import Fixed, RegisterForm, Variant, extensions, is_general, variants

if TYPE_CHECKING:
    from ...builder.compose import Composition
    from ...builder.resolve import Plan

# Handlers that are no form's, in the order of their numbers (tb_threaded.h), by what the translator calls
# them.
_RETURN = """\
const u32 link = tb_frame_link_at(fp + ip->u[0])->pc;
cx->cells_left += ip->u[1];
TB_FUEL_TAKE(ip->w[1])
RESULT
ip = (const void *)((const u8 *)TB_RECORDS(cx) + link);
TB_FUEL_GIVE(ip->w[1])
fp -= ip->u[0];
TB_GO(ip + 1);"""


def _returns(result: str) -> str:
    return _RETURN.replace("RESULT", result)


_ZERO = f"""\
cell *at = fp + ip->u[0], *end = at + ip->imm;
TB_ROLLED
do *at++ = 0;
while (at < end);
{NEXT}"""

_TEXTS: tuple[tuple[str, str], ...] = (
    ("EXIT", "TB_LEAVE(1);"),
    ("HALT", "TB_HALT();"),
    ("COPY", f"fp[ip->u[0]] = fp[ip->u[1]];\n{NEXT}"),
    ("SET", f"fp[ip->u[0]] = (u32)ip->imm;\n{NEXT}"),
    ("SET_WIDE", f"fp[ip->u[0]] = (cell)(u64)(s64)ip->imm;\n{NEXT}"),
    ("SET_POOL", f"fp[ip->u[0]] = tb_pool(cx)[(u32)ip->imm];\n{NEXT}"),
    ("SWAP", f"cell a = fp[ip->u[0]];\nfp[ip->u[0]] = fp[ip->u[1]];\nfp[ip->u[1]] = a;\n{NEXT}"),
    ("ZERO", _ZERO),
    ("JUMP", "TB_FORTH(0, (const void *)((const u8 *)ip + ip->w[1]), ip->imm);"),
    ("JUMP_BACK", "TB_BACK(0, (const void *)((const u8 *)ip + ip->w[1]), ip->imm);"),
    ("LINK", "tb_threaded_link(cx, ip);\nTB_GO(ip);"),
    ("CALL", "TB_CALL"),
    ("TAIL", "const u32 index = (u32)ip->imm;\nTB_TAIL_AT(0)"),
    ("RETURN", _returns("")),
    ("RETURN_S", _returns("acc = fp[ip->imm];\nfp[0] = acc;")),
    ("RETURN_A", _returns("fp[0] = acc;")),
    ("RETURN_D", _returns("acc = tb_bits_f64(facc);\nfp[0] = acc;")),
    ("RETURN_I", _returns("acc = (u32)ip->imm;\nfp[0] = acc;")),
    ("RETURN_W", _returns("acc = (cell)(u64)(s64)ip->imm;\nfp[0] = acc;")),
    ("RETURN_P", _returns("acc = tb_pool(cx)[(u32)ip->imm];\nfp[0] = acc;")),
    (
        "RETURN_N",
        _returns("const cell *from = fp + ip[1].u[0];\nfor (s32 i = 0; i < ip[1].imm; i++) fp[i] = from[i];"),
    ),
)
# What the translator emits them for, where superinstructions can have them: a call as long as it is not
# linked.
_KINDS = dict.fromkeys(("COPY", "SET", "SET_WIDE", "SET_POOL", "SWAP"), "MOVE")
_KINDS |= {"JUMP": "JUMP", "JUMP_BACK": "JUMP", "LINK": "CALL"}
_KINDS |= {name: "RETURN" for name, _ in _TEXTS if name.startswith("RETURN")}
_CALL = "if (TB_UNLIKELY(ip->imm & 1)) TB_GO(ip);\nTB_CALL"


def _fixed(number: int, name: str, text: str) -> Fixed:
    if name == "LINK":
        return Fixed("CALL", number, _CALL, _KINDS[name])
    return Fixed(name, number, text, _KINDS.get(name, ""))


FIXED = tuple(_fixed(number, *each) for number, each in enumerate(_TEXTS))


@dataclass(frozen=True)
class RegisterCode:
    """What register code is made of in one runtime: forms by the number of their handler in resolved code,
    variants in the order of their numbers, sequences of these with a handler of their own."""

    forms: tuple[RegisterForm, ...]
    variants: tuple[Variant, ...]
    sequences: tuple[tuple[Variant | Fixed, ...], ...]

    def number(self, variant: Variant) -> int:
        return len(FIXED) + self.variants.index(variant)


def handlers(plan: Plan, uses: Iterable[Use]) -> tuple[Handler, ...]:
    """A number for each form; those that are the same to the translator and have the same C share one."""
    found = numbered(
        (use, _key(plan, use)) for use in sorted(uses, key=lambda each: (each.form.name, each.far))
    )
    # For people: the C of the variant whose operands are in slots; of moves the translator makes none.
    return tuple(replace(each, text=each.text.partition("\n")[2]) for each in found)


def _key(plan: Plan, use: Use) -> str:
    """A text that forms share that are the same for this engine."""
    # How many bytes numbers have is not settled yet: it changes nothing that tells forms apart.
    found = shape(use, 1)
    if found.kind == "MOVE":
        return repr(found)
    form = RegisterForm(Handler(0, b"\0", (use,), "", "", ""), found)
    kinds = "h" if found.home else "s" * len(found.takes)
    at = RegisterSurroundings(plan, Variant(form, kinds, "f" if found.kind == "BRANCH" else "s"))
    return f"{found!r}\n{Printer(use.form.graph, at).body()}"


def _has_variants(each: Shape) -> bool:
    return each.kind != "MOVE" and (each.computes or each.kind not in ("JUMP", "CALL", "TAIL", "RETURN"))


_last: list[tuple[Composition, RegisterCode]] = []


def register_code(composition: Composition) -> RegisterCode:
    """The variants of the forms in *composition*. Raises BuildError for a form that this engine cannot
    run."""
    # Two units are printed of each composition, which is no key.
    if not _last or _last[0][0] is not composition:
        _last[:] = [(composition, _register_code(composition))]
    return _last[0][1]


def _register_code(composition: Composition) -> RegisterCode:
    plan = composition.plan
    forms = tuple(RegisterForm(each, shape(each.uses[0], len(each.code))) for each in composition.handlers)
    every: dict[int, list[Variant]] = {}
    for form in forms:
        if form.shape.kind == "TABLE" and form.shape.kept:
            raise BuildError(f"engine threaded: {form.label} has immediates beside its targets")
        if _has_variants(form.shape):
            every[id(form)] = list(variants(form, polls=polls(plan)))
    programs = [] if composition.loaded else list(_foreseen(composition, forms, every))
    code = [each.parts for each in chain.from_iterable(programs)]
    all_ = [each for listed in every.values() for each in listed]
    rows: list[tuple[Part, ...]] = [(part,) for row in code for part in row]
    if not code:
        rows += usual((each for each in all_ if not is_general(each)), plan.number(VARIANTS.name))
    used = {id(row[0]) for row in rows if len(row) == 1}
    found = [each for each in all_ if is_general(each) or id(each) in used]
    there = {id(each) for each in found}
    pairs = [row for row in rows if len(row) > 1 and all(id(part) in there for part in row)]
    if code:
        pairs = list(_compared(found, code))
    return RegisterCode(forms, tuple(found), tuple(_sequences(composition, forms, found, pairs, programs)))


def _foreseen(
    composition: Composition, forms: Sequence[RegisterForm], every: Mapping[int, Sequence[Variant]]
) -> Iterable[list[Foreseen]]:
    """The register code of each program."""
    plan = composition.plan
    kept = {(id(v.form), v.kinds): v for listed in every.values() for v in listed if v.result == "a"}
    seconds: dict[int, Part] = {
        id(each): kept[id(each.form), each.kinds]
        for listed in every.values()
        for each in listed
        if each.result == "s" and (id(each.form), each.kinds) in kept
    }
    fixed = {each.label: each for each in FIXED}
    choices = Choices(every, seconds, fixed, polls(plan), "collector" in plan.interfaces)
    by_use = {use: form for form in forms for use in form.handler.uses}
    for program in composition.programs:
        yield list(foreseen(program.verified, composition.isa, plan.cell_bits, by_use, choices))


def counted(composition: Composition, content: bytes) -> tuple[Function, ...]:
    """The functions of a profile, of what a runtime of *composition* has counted and written."""
    code = register_code(composition)
    parts: tuple[Variant | Fixed, ...] = (*FIXED, *code.variants)
    names = [each.name for each in parts]
    ends = [each.kind != "MOVE" for each in FIXED]
    ends += [each.form.shape.kind not in ("COMPUTE", "HOME") for each in code.variants]
    module = composition.program.verified.module
    told = Names(
        names,
        frozenset(n for n, end in enumerate(ends) if end),
        [module.function_name(at) for at in range(len(module.functions))],
    )
    return functions(read(content), told)


def _sequences(
    composition: Composition,
    forms: Sequence[RegisterForm],
    found: Sequence[Variant],
    pairs: Sequence[tuple[Part, ...]],
    programs: Sequence[Sequence[Foreseen]],
) -> Iterable[tuple[Part, ...]]:
    """Which variants have a handler together when they follow each other. pairs: those of comparisons and
    branches; programs: the code of those that are known."""
    yield from pairs
    if "counting" not in composition.plan.interfaces:
        usable: tuple[Part, ...] = (*found, *_usable(forms, polls(composition.plan)))
        yield from chosen(composition.plan, usable, pairs, [list(estimated(each)) for each in programs])


def _usable(forms: Sequence[RegisterForm], back: bool) -> list[Fixed]:
    """What is no form's and is emitted for these. back: whether jumps backward are others."""
    kinds = {form.shape.kind for form in forms} | {"MOVE"}
    return [each for each in FIXED if each.kind in kinds and (back or each.label != "JUMP_BACK")]


def _compared(found: Sequence[Variant], code: Sequence[Sequence[Part]]) -> Iterable[tuple[Variant, ...]]:
    """Comparisons with the branches that follow them in the code."""
    compares = [each for each in found if each.form.shape.truth and each.result == "a"]
    branches = [each for each in found if each.form.shape.kind == "BRANCH" and each.kinds == "a"]
    return filter(_occurring(code), product(compares, branches))


def _occurring(code: Sequence[Sequence[Part]]) -> Callable[[Sequence[Part]], bool]:
    """Tells whether parts follow each other in the code."""
    there: set[tuple[int, ...]] = set()
    for row in code:
        numbers = [id(each) for each in row]
        for length in range(2, LONGEST + 1):
            there.update(zip(*(numbers[start:] for start in range(length)), strict=False))
    return lambda parts: tuple(map(id, parts)) in there


# --- tables -------------------------------------------------------------------------------------------


def _bits(numbers: Iterable[int]) -> int:
    return sum(1 << number for number in numbers)


def tables(composition: Composition) -> str:
    """C of the tables that the translator reads."""
    code = register_code(composition)
    first: dict[int, int] = {}
    counts = [0] * len(code.forms)
    place = {id(form): at for at, form in enumerate(code.forms)}
    for number, variant in enumerate(code.variants, len(FIXED)):
        at = place[id(variant.form)]
        first.setdefault(at, number)
        counts[at] += 1
    moves: list[int] = []
    rows = []
    for at, form in enumerate(code.forms):
        each = form.shape
        start = first.get(at, 0)
        if each.kind == "MOVE":
            start = len(moves)
            moves += each.moves
        flags = 1 * each.home | 2 * each.safepoint | 4 * each.frame
        flags |= {"": 0, "functype": 8, "class": 16, "interface": 32}[each.callee]
        flags |= 64 * each.locals
        doubles = _bits(k for k, c in enumerate(each.takes) if c == "d" and k < 7)
        doubles |= 128 * each.gives.startswith("d")
        target = each.target
        if each.callee:
            target = _callee_number(form)
        cells: list[int] = [
            KINDS.index(each.kind), flags, len(each.takes), len(each.gives), doubles, each.numbers,
            _bits(each.signed), _bits(each.kept), max(target, 0), _bits(each.sets), _bits(each.fars),
            counts[at], form.handler.uses[0].opcode_bytes, extensions(each), most(each), start,
        ]  # fmt: skip
        rows.append("{" + ", ".join(map(str, cells)) + "}")
    index = {(id(v.form), v.kinds, v.result): n for n, v in enumerate(code.variants, len(FIXED))}
    seconds = [index.get((id(v.form), v.kinds, "a"), 0) if v.result == "s" else 0 for v in code.variants]
    wide = next((h.number for h in composition.handlers if len(h.code) == 2), 256)
    moved = max((len(f.shape.takes) for f in code.forms if f.shape.kind == "MOVE"), default=0)
    return "\n".join(
        [
            f"enum {{ TB_REG_WIDE_FROM = {wide}, TB_REG_MOST_MOVED = {moved} }};",
            _array("const struct tb_reg_form tb_reg_forms", rows),
            _array("const u8 tb_reg_moves", moves),
            _array("const u8 tb_reg_codes", [each.code for each in code.variants]),
            _array("const u16 tb_reg_seconds", seconds),
            *_sequence_tables(code, index),
        ]
    )


def _callee_number(form: RegisterForm) -> int:
    """Which number behind the opcode says what is called, where that is found when it runs."""
    from ..program import read_immediates

    use = form.handler.uses[0]
    transfer = use.form.graph.transfer
    assert transfer is not None
    return read_immediates(use.form).index(transfer.attribute)


def _sequence_tables(code: RegisterCode, index: dict[tuple[int, str, str], int]) -> list[str]:
    numbers = [
        [v.number if isinstance(v, Fixed) else index[id(v.form), v.kinds, v.result] for v in each]
        for each in code.sequences
    ]
    rows: list[int] = []
    order = sorted(range(len(numbers)), key=lambda n: numbers[n])
    known: dict[int, int] = {}
    for which in order:
        known.setdefault(numbers[which][0], len(rows))
        rows += [len(numbers[which]), *numbers[which], len(FIXED) + len(code.variants) + which]
    at = [known.get(number, len(rows)) for number in range(len(FIXED) + len(code.variants))]
    return [
        f"#define TB_REG_SEQUENCES {len(numbers)}",
        f"#define TB_REG_LONGEST_SEQUENCE {max(map(len, numbers), default=1)}",
        _array("const u16 tb_reg_sequences", [*rows, 0]),
        _array("const u16 tb_reg_sequences_at", at),
    ]


def _array(declaration: str, values: Sequence[object]) -> str:
    words = list(map(str, values)) or ["0"]
    if declaration.startswith("const struct"):
        words = words if values else ["{0}"]
    lines = ["  " + ", ".join(words[at : at + 16]) + "," for at in range(0, len(words), 16)]
    return "\n".join([f"{declaration}[] = {{", *lines, "};"])


def translator_head(composition: Composition) -> str:
    """C that stands before the translator: what it knows of this runtime, and its tables."""
    plan = composition.plan
    there = plan.interfaces
    fuel = "fuel" in there
    types = any(form.shape.callee == "functype" for form in register_code(composition).forms)
    methods = {form.shape.callee for form in register_code(composition).forms}
    none = "((struct tb_reg_callee){0, 0})"
    macros = {
        "TB_REG_POLLS": int(polls(plan)),
        "TB_REG_COLLECTS": int("collector" in there),
        "TB_REG_DOUBLES": int(plan.cell_bits == 64),
        "TB_THREADED_FUEL(cx, left)": "((cx)->fuel = (left))" if fuel else "((void)(cx), (void)(left))",
        "TB_THREADED_LEFT(cx)": "((cx)->fuel)" if fuel else "((void)(cx), (s64)0)",
        "TB_BRANCH_ROW(cx, at)": "(tb_branches(cx) + (at))"
        if "branch-tables" in there
        else "((void)(cx), (void)(at), (const u32 *)0)",
        "TB_REG_TYPE(cx, type)": "tb_reg_of_type(cx, type)"
        if types
        else f"((void)(cx), (void)(type), {none})",
        "TB_REG_METHOD(cx, function, named, which)": "tb_reg_of_method(cx, (named) & 127, function, which)"
        if "class" in methods
        else f"((void)(cx), (void)(function), (void)(named), (void)(which), {none})",
        "TB_REG_INTERFACE(cx, function, named, which)": (
            "tb_reg_of_method(cx, tb_interface_depths(cx)[named], function, which)"
        )
        if "interface" in methods
        else f"((void)(cx), (void)(function), (void)(named), (void)(which), {none})",
    }
    lines = [f"#define {name} {value}" for name, value in macros.items()]
    counting = ['#include "tb_counting.h"'] if "counting" in there else []
    return "\n".join(
        ["/* for the translator */", '#include "tb_threaded.h"', *counting, *lines, tables(composition)]
    )


# --- handlers -----------------------------------------------------------------------------------------

_PROLOGUE = """\
/* Engine `threaded`, generated for one plan: the handlers of register instructions. */
#include "tb.h"
#include "tb_threaded.h"
{includes}
#define TB_THREADED_FUEL(cx, left) {store_fuel}
{prototypes}

#define TB_RECORDS(cx) (tb_store_of(cx)->records)
#define tb_frame_link_at(at) ((struct tb_link *)(void *)(at))
#if defined __clang__ && !defined TB_ISO_C && __has_attribute(musttail) && !defined TB_THREADED_GOTO
#define TB_TAIL_CALLS 1
#else
#define TB_TAIL_CALLS 0
#endif
#if {fuel}
#define TB_FUEL_TAKE(cost) fuel -= cost;
#define TB_FUEL_GIVE(cost) fuel += cost;
#define TB_FUEL_IS fuel
#define TB_FUEL_ARGUMENT , TB_UNUSED s64 fuel
#define TB_FUEL_PASSED , fuel
#else
#define TB_FUEL_TAKE(cost)
#define TB_FUEL_GIVE(cost)
#define TB_FUEL_IS 0
#define TB_FUEL_ARGUMENT
#define TB_FUEL_PASSED
#endif
#if {doubles}
#define TB_DOUBLE_ARGUMENT , TB_UNUSED double facc
#define TB_DOUBLE_PASSED , facc
#else
#define TB_DOUBLE_ARGUMENT
#define TB_DOUBLE_PASSED
#endif
#define TB_SAVE(at) (cx->ip = (const u8 *)(at), cx->fp = fp)

/* A handler that lies in one line of a cache is fetched at once. */
#if {alignment} > 16
#define TB_ALIGNED_HANDLER __attribute__((aligned({alignment})))
#else
#define TB_ALIGNED_HANDLER
#endif
#define TB_COMPUTED_GOTO {label_values}
/* A loop that runs a few times. */
#ifdef __clang__
#define TB_ROLLED _Pragma("clang loop unroll(disable) vectorize(disable)")
#else
#define TB_ROLLED
#endif
#if TB_TAIL_CALLS
#if (defined __x86_64__ || defined __aarch64__) && __has_attribute(preserve_none)
#define TB_CONVENTION __attribute__((preserve_none))
#else
#define TB_CONVENTION
#endif
#define TB_STATE                                                                               \\
  TB_UNUSED struct tb_context *cx, TB_UNUSED cell *fp, TB_UNUSED const struct tb_record *ip, \\
      TB_UNUSED cell acc TB_DOUBLE_ARGUMENT TB_FUEL_ARGUMENT
#define TB_PASSED cx, fp, ip, acc TB_DOUBLE_PASSED TB_FUEL_PASSED
typedef TB_CONVENTION u32 tb_handler(TB_STATE);
#define TB_HANDLER(number) static TB_CONVENTION TB_ALIGNED_HANDLER u32 tb_handler_##number(TB_STATE)
static tb_handler tb_handler_0;
#if {fuel}
static tb_handler tb_near_branch, tb_near_call;
#endif
/* Where code lies below 2**31 a record has the handler's address. */
#if defined __x86_64__ && defined __code_model_small__ && !defined __PIC__ && !defined __PIE__
#define TB_BASE ((uptr)0)
#define TB_HANDLER_OF(record) ((tb_handler *)(uptr)(u32)(record)->handler)
#else
#define TB_BASE ((uptr)tb_handler_0)
#define TB_HANDLER_OF(record) ((tb_handler *)(TB_BASE + (uptr)(s64)(record)->handler))
#endif
#define TB_GO(to)                                                                              \\
  do {{                                                                                         \\
    ip = (to);                                                                                 \\
    __attribute__((musttail)) return TB_HANDLER_OF(ip)(TB_PASSED);                              \\
  }} while (0)
#define TB_STOP(kind, part)                                        \\
  {{                                                                \\
    ip += part;                                                    \\
    __attribute__((musttail)) return tb_stop_##kind(TB_PASSED);    \\
  }}
#define TB_STOP_KIND(kind, part) return tb_threaded_stop(cx, fp, ip + part, TB_FUEL_IS, kind);
#else
#define TB_HANDLER(number) handler_##number:
#define TB_STOP(kind, part)      \\
  {{                              \\
    ip += part;                  \\
    stopped = TB_TRAP_##kind;    \\
    goto stop;                   \\
  }}
#define TB_STOP_KIND(kind, part) \\
  {{                              \\
    stopped = kind;              \\
    ip += part;                  \\
    goto stop;                   \\
  }}
/* One place jumps: compilers copy it to where it pays, and have few edges to think of before. */
#define TB_GO(to) \\
  do {{            \\
    ip = (to);    \\
    goto next;    \\
  }} while (0)
#endif
#define TB_LEAVE(value) \\
  return tb_threaded_leave(cx, fp, TB_FUEL_IS + (s64)tb_register_sizes(cx)[TB_REG_LONGEST], value)
#define TB_HALT() \\
  fp = TB_RUN_BASE(cx); \\
  TB_HALTED
#define TB_HALTED return tb_threaded_leave(cx, fp, tb_threaded_true(cx, ip, TB_FUEL_IS), 0)

static TB_UNUSED s64 tb_threaded_true(struct tb_context *cx, const struct tb_record *ip, s64 fuel) {{
  return {fuel} ? tb_threaded_fuel(cx, ip, fuel) : fuel;
}}
/* The end of tb_run: whether the function came back. */
static TB_UNUSED u32 tb_threaded_leave(struct tb_context *cx, cell *fp, TB_UNUSED s64 fuel, u32 came_back) {{
  cx->sp = fp + came_back;
  TB_THREADED_FUEL(cx, fuel);
  return 0;
}}

#if {counting}
#define TB_COUNT(part) tb_count(cx, (u32)(ip + part - TB_RECORDS(cx)))
#define TB_COUNT_TAKEN(part) tb_count_taken(cx, (u32)(ip + part - TB_RECORDS(cx)));
#define TB_COUNT_CALL(index) tb_count_call(cx, (u32)(ip - TB_RECORDS(cx)), index);
#else
#define TB_COUNT_TAKEN(part)
#define TB_COUNT_CALL(index)
#endif
#define TB_FORTH(part, to, cost)  \\
  do {{                            \\
    const void *there = to;       \\
    TB_COUNT_TAKEN(part)          \\
    TB_FUEL_TAKE(cost)            \\
    TB_GO(there);                 \\
  }} while (0)
/* A count below zero may only mean that it is near: who looks twice is a handler of its own, so that hot ones
 * need no frame for a call. Where control goes elsewhere no accumulator holds anything. */
#if {fuel} && TB_TAIL_CALLS
#define TB_PAY_BACK(to, cost)                                     \\
  fuel -= cost;                                                   \\
  if (TB_UNLIKELY(fuel < 0)) {{                                    \\
    cx->ip = (const u8 *)(to);                                    \\
    acc = (u32)(cost);                                            \\
    __attribute__((musttail)) return tb_near_branch(TB_PASSED);   \\
  }}
#define TB_PAY_CALL  \\
  fuel -= ip->w[1]; \\
  if (TB_UNLIKELY(fuel < 0)) __attribute__((musttail)) return tb_near_call(TB_PASSED);
#else
#define TB_PAY_BACK(to, cost) TB_SPENT(ip, cost) TB_FUEL_TAKE(cost)
#define TB_PAY_CALL TB_SPENT(ip, ip->w[1]) TB_FUEL_TAKE(ip->w[1])
#endif
#if {fuel}
#define TB_SPENT(at, cost) \\
  if (TB_UNLIKELY(fuel < (s64)(cost)) && tb_threaded_spent(cx, at, fuel)) TB_STOP(OUT_OF_FUEL, 0)
#else
#define TB_SPENT(at, cost)
#endif
#if {interrupt}
#define TB_ASKED if (TB_UNLIKELY(TB_INTERRUPTED(cx))) TB_STOP(INTERRUPTED, 0)
/* The same behind the payment. */
#define TB_ASKED_BACK(cost)                 \\
  if (TB_UNLIKELY(TB_INTERRUPTED(cx))) {{    \\
    TB_FUEL_GIVE(cost)                      \\
    TB_STOP(INTERRUPTED, 0)                 \\
  }}
#else
#define TB_ASKED
#define TB_ASKED_BACK(cost)
#endif
#define TB_BACK(part, to, cost)     \\
  do {{                              \\
    const void *there = to;         \\
    s32 taken = cost;               \\
    (void)taken;                    \\
    TB_COUNT_TAKEN(part)            \\
    ip += part;                     \\
    TB_PAY_BACK(there, taken)       \\
    TB_ASKED_BACK(taken)            \\
    TB_GO(there);                   \\
  }} while (0)
#define TB_TABLE(part)                                                            \\
  ip += part;                                                                     \\
  const struct tb_record *row = ip + 1 + (at < (u32)ip->imm ? at : (u32)ip->imm); \\
  if (row->w[1] + (s32)((const u8 *)row - (const u8 *)ip) <= 0) {{                 \\
    TB_SPENT(ip, row->imm)                                                        \\
    TB_ASKED                                                                      \\
  }}                                                                               \\
  TB_FUEL_TAKE(row->imm)                                                          \\
  TB_GO((const void *)((const u8 *)row + row->w[1]));
/* The header before a function's code has what its frame counts. */
#define TB_CALL                                                               \\
  const struct tb_record *to = (const void *)((const u8 *)ip + ip->imm);      \\
  const u32 cells = to[-1].u[0];                                              \\
  if (TB_UNLIKELY(cells > cx->cells_left)) TB_STOP(STACK_OVERFLOW, 0)         \\
  TB_PAY_CALL                                                                 \\
  TB_CALLED(to, cells)
#define TB_CALLED(to, cells)                                                  \\
  TB_ASKED_BACK(ip->w[1])                                                     \\
  cx->cells_left -= cells;                                                    \\
  tb_frame_link_at(fp + ip->u[1])->pc = (u32)((const u8 *)ip - (const u8 *)TB_RECORDS(cx)); \\
  fp += ip->u[0];                                                             \\
  TB_GO(to);
#define TB_CALL_AT(part)                                                      \\
  const u32 cells = tb_functions(cx)[index].cells;                            \\
  ip += part;                                                                 \\
  if (TB_UNLIKELY(cells > cx->cells_left)) TB_STOP(STACK_OVERFLOW, 0)         \\
  TB_SPENT(ip, ip[1].w[1])                                                    \\
  TB_ASKED                                                                    \\
  TB_COUNT_CALL(index)                                                        \\
  const struct tb_record *to = tb_threaded_entry(cx, index);                  \\
  if (TB_FUNCTIONS_BEYOND != 0) cx->function = &tb_functions(cx)[index];      \\
  ip++;                                                                       \\
  TB_FUEL_TAKE(ip->w[1])                                                      \\
  cx->cells_left -= cells;                                                    \\
  tb_frame_link_at(fp + ip->u[1])->pc = (u32)((const u8 *)ip - (const u8 *)TB_RECORDS(cx)); \\
  fp += ip->u[0];                                                             \\
  TB_GO(to);
/* The link stays what it was; the parameters move down to where this frame's are. The record behind says
 * where those are,
 * and the link; what the frame counts. */
#define TB_TAIL_AT(part)                                                      \\
  const struct tb_function *callee = &tb_functions(cx)[index];                \\
  ip += part;                                                                 \\
  const u32 left = cx->cells_left + (u32)ip[1].imm;                           \\
  if (TB_UNLIKELY(callee->cells > left)) TB_STOP(STACK_OVERFLOW, 0)           \\
  TB_SPENT(ip, ip[1].w[1])                                                    \\
  TB_ASKED                                                                    \\
  TB_COUNT_CALL(index)                                                        \\
  const struct tb_record *to = tb_threaded_entry(cx, index);                  \\
  if (TB_FUNCTIONS_BEYOND != 0) cx->function = &tb_functions(cx)[index];      \\
  ip++;                                                                       \\
  cx->cells_left = left - callee->cells;                                      \\
  const struct tb_link link = *tb_frame_link_at(fp + ip->u[1]);               \\
  const cell *from = fp + ip->u[0];                                           \\
  for (u32 i = 0; i < callee->parameters; i++) fp[i] = from[i];               \\
  *tb_frame_link_at(fp + callee->parameters) = link;                          \\
  TB_FUEL_TAKE(ip->w[1])                                                      \\
  TB_GO(to);
"""

_NEAR = """\
static TB_UNUSED TB_COLD TB_CONVENTION u32 tb_near_branch(TB_STATE) {
  const struct tb_record *to = (const void *)cx->ip;
  const s32 cost = (s32)(u32)acc;
  fuel += cost;
  TB_SPENT(ip, cost)
  TB_ASKED
  fuel -= cost;
  TB_GO(to);
}
static TB_UNUSED TB_COLD TB_CONVENTION u32 tb_near_call(TB_STATE) {
  const struct tb_record *to = (const void *)((const u8 *)ip + ip->imm);
  fuel += ip->w[1];
  TB_SPENT(ip, ip->w[1])
  fuel -= ip->w[1];
  TB_CALLED(to, to[-1].u[0])
}"""

_TAIL_GO = """\
#if TB_TAIL_CALLS
static tb_handler *const tb_handlers[] = {{{functions}}};
s32 tb_threaded_handler(u32 number) {{
  return (s32)((uptr)tb_handlers[number] - TB_BASE);
}}
u32 tb_threaded_go(struct tb_context *cx, cell *fp, const struct tb_record *ip, TB_UNUSED s64 fuel) {{
  return TB_HANDLER_OF(ip)(cx, fp, ip, 0{double} TB_FUEL_PASSED);
}}
#else
#if TB_COMPUTED_GOTO
  static const s32 labels[] = {{{labels}}};
  if (!cx) return (u32)labels[fuel];
next:
  goto *(&&handler_0 + ip->handler);
#else
next:
  switch (ip->handler) {{
{cases}
    default: TB_UNREACHABLE();
  }}
#endif
stop:
  return tb_threaded_stop(cx, fp, ip, TB_FUEL_IS, stopped);
}}
s32 tb_threaded_handler(u32 number) {{
#if TB_COMPUTED_GOTO
  return (s32)tb_threaded_go(0, 0, 0, number);
#else
  return (s32)number;
#endif
}}
#endif
"""


def print_engine(composition: Composition) -> dict[str, str]:
    """The C of the engine for *composition*."""
    plan = composition.plan
    code = register_code(composition)
    fuel, interrupt = "fuel" in plan.interfaces, "interrupt" in plan.interfaces
    counting = "counting" in plan.interfaces
    doubles = plan.cell_bits == 64
    called = sorted({prototype(each, plan.callee(each)) for each in services(code.variants)})
    parts = [
        _PROLOGUE.format(
            includes="\n".join(f'#include "{each}"' for each in composition.engine_headers),
            prototypes="\n".join(called),
            fuel=int(fuel),
            interrupt=int(interrupt),
            counting=int(counting),
            doubles=int(doubles),
            alignment=plan.number(ALIGNMENT.name),
            label_values=int(plan.target.label_values),
            store_fuel="((cx)->fuel = (left))" if fuel else "((void)(cx), (void)(left))",
        )
    ]
    bodies = [
        (text if doubles or "facc" not in text else "TB_UNREACHABLE();", "", "")
        for text in (each for _, each in _TEXTS)
    ]
    if counting:
        # LINK turns into CALL and is done again.
        bodies = [(f"TB_COUNT(0);\n{each}" * ("_link(" not in each) or each, "", "") for each, _, _ in bodies]
    has = {form.shape.kind for form in code.forms}
    if "TAIL" not in has:
        bodies[_number("TAIL")] = ("TB_UNREACHABLE();", "", "")
    if "CALL" not in has:
        bodies[_number("CALL")] = bodies[_number("LINK")] = ("TB_UNREACHABLE();", "", "")
    for each in code.variants:
        bodies.append((body(plan, [each]), each.form.handler.library, each.form.handler.label))
    for sequence in code.sequences:
        bodies.append((body(plan, sequence), "core.threaded", "+".join(map(_label, sequence))))
    stops = [trap.name for trap in plan.traps]
    parts.append("#if TB_TAIL_CALLS")
    parts += [
        f"static TB_UNUSED TB_COLD TB_CONVENTION u32 tb_stop_{name}(TB_STATE) {{\n"
        f"return tb_threaded_stop(cx, fp, ip, TB_FUEL_IS, TB_TRAP_{name});\n}}"
        for name in stops
    ]
    if fuel:
        parts.append(_NEAR)
    parts.append(
        "#else\n"
        "u32 tb_threaded_go(struct tb_context *cx, cell *fp, const struct tb_record *ip, s64 fuel) {\n"
        "  TB_UNUSED u32 stopped = 0;\n  TB_UNUSED cell acc = 0;"
        + ("\n  TB_UNUSED double facc = 0;" if doubles else "")
        + "\n  (void)fuel;\n  goto begin;\n#endif"
    )
    for number, (statements, library, label) in enumerate(bodies):
        if library:
            parts.append(f'#line 1 "tb-op:{library}:{label}:{number}"')
        else:
            parts.append('#line 1 "tb-engine"')
        parts.append(f"TB_HANDLER({number}) {{\n{statements}\n}}")
    parts.append('#line 1 "tb-engine"')
    parts.append("#if !TB_TAIL_CALLS\nbegin:\n  if (!ip && cx) goto stop;\n#endif")
    numbers = range(len(bodies))
    parts.append(
        _TAIL_GO.format(
            functions=", ".join(f"tb_handler_{n}" for n in numbers),
            labels=", ".join(f"&&handler_{n} - &&handler_0" for n in numbers),
            cases="\n".join(f"    case {n}: goto handler_{n};" for n in numbers),
            double=", 0" if doubles else "",
        )
    )
    return {"engine.c": "\n".join(parts) + "\n"}


def _label(part: Variant | Fixed) -> str:
    return part.label if isinstance(part, Fixed) else part.form.handler.label


def _number(name: str) -> int:
    return next(at for at, (each, _) in enumerate(_TEXTS) if each == name)
