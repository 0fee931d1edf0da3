"""All functions of the programs of a runtime in C files, and how the host enters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from zlib import crc32

from ...opcodes import Service
from ..cprint import FROM_CELL, TO_CELL, prototype
from ..errors import BuildError, UsageError
from ..module import FunctionType
from ..parts import Table
from ..program import Program, Resolver
from .calls import callee, calls
from .function import FunctionPrinter
from .shape import Options, Shape
from .whole import Whole

if TYPE_CHECKING:
    from ...builder.compose import Composition

# Bytes of code in a file at most: larger programs are several, which are compiled side by side.
UNIT_BYTES = 24 << 10
_NOT_IN_LABELS = ':"\\'
_IR = {"i": "i32", "l": "i64", "f": "f32", "d": "f64"}

_QUIET = """\
#if defined __GNUC__
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wunused-but-set-parameter"
#pragma GCC diagnostic ignored "-Wunused-label"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wtautological-compare"
#if defined __clang__ || __GNUC__ >= 12
#pragma GCC diagnostic ignored "-Winfinite-recursion"
#endif
#endif
"""


def options(composition: Composition) -> Options:
    """What functions of this runtime have."""
    plan = composition.plan
    return Options(
        context=composition.several,
        frames="collector" in plan.interfaces or "embedding" in plan.interfaces,
        fuel="fuel" in plan.interfaces,
        limit=bool(plan.number("aot.stack-limit")),
        interrupt="interrupt" in plan.interfaces,
        traces=_traces(composition),
        native=bool(plan.number("aot.native-stack")),
    )


def _traces(composition: Composition) -> bool:
    """Whether callers are recorded when a trap unwinds: with frames they are there anyway."""
    plan = composition.plan
    frames = "collector" in plan.interfaces or "embedding" in plan.interfaces
    there = any(library.name == "stack.trace" for library in plan.libraries)
    return there and bool(plan.number("aot.traces")) and not frames


class _Program:
    """One of the programs of a runtime."""

    def __init__(self, composition: Composition, options_: Options, number: int, program: Program) -> None:
        module = program.verified.module
        resolver = Resolver(program.verified, composition.isa, program.cell_bits)
        self.whole = Whole(
            number=number,
            program=program,
            resolver=resolver,
            calls=calls(resolver),
            options=options_,
            plan=composition.plan,
            memories=tuple(each.minimum << 16 for each in module.memories),
            grows=_grows(composition, program),
        )
        hosted = composition.plan.request.artifact.hosted
        begin = {module.entry} | ({module.start} if module.start is not None else set())
        self.entries = sorted(range(len(module.functions)) if hosted else begin)
        self.count = len(module.functions)

    @property
    def pointers(self) -> tuple[int, ...]:
        """The functions that are called by pointers."""
        found = set(self.whole.calls.pointed) if self.whole.calls.by_pointer else set()
        return tuple(sorted(found.union(self.entries)))


def _grows(composition: Composition, program: Program) -> bool:
    """Whether a linear memory can get another size while the program runs."""
    if "embedding" in composition.plan.interfaces:
        return True
    effects = (
        node.attribute.effects
        for form in program.verified.forms
        for node in form.graph.nodes
        if isinstance(node.attribute, Service)
    )
    return any("moves linear memory" in each for each in effects)


def print_engine(composition: Composition, given: Sequence[Program] = ()) -> dict[str, str]:
    """The C files of *composition*, for its programs or those that are *given*. Raises UsageError for a
    runtime that gets its programs later."""
    there = given or composition.programs
    if not there:
        raise UsageError(
            "engine aot compiles programs when they are built: a runtime that loads them takes "
            "--engine switch or another one that runs bytecode"
        )
    several = sum(len(f.code) for each in there for f in each.verified.module.functions) > UNIT_BYTES
    options_ = options(composition)
    programs = [_Program(composition, options_, *each) for each in enumerate(there)]
    head = _head(composition, options_, programs)
    enter = _enter(options_, programs)
    groups = _groups(programs)
    if not several:
        # The entry stands with the functions where they are in one file: they are its own then.
        return {"program.c": head + _functions(groups[0], "static ") + enter}
    # What a header defines is defined once.
    once = {name for library in composition.plan.libraries if library.guarded for name in library.include}
    each_head = "".join(
        line
        for line in head.splitlines(keepends=True)
        if line.rstrip() not in {f'#include "{n}"' for n in once}
    )
    files = {f"program-{at}.c": each_head + _functions(each, "") for at, each in enumerate(groups)}
    declared = "".join(
        f"{each.whole.shape(i).prototype(each.whole.name(i), options_)};\n"
        for each in programs
        for i in each.pointers
    )
    return {**files, "entry.c": head + declared + enter}


def _groups(programs: Sequence[_Program]) -> list[list[tuple[_Program, int]]]:
    """The functions of each file."""
    found: list[list[tuple[_Program, int]]] = [[]]
    size = 0
    for each in programs:
        for index, function in enumerate(each.whole.module.functions):
            if size and size + len(function.code) > UNIT_BYTES:
                found.append([])
                size = 0
            found[-1].append((each, index))
            size += len(function.code)
    return found


def _head(composition: Composition, options_: Options, programs: Sequence[_Program]) -> str:
    """What every file begins with."""
    services = {
        node.attribute
        for each in programs
        for form in each.whole.program.verified.forms
        for node in form.graph.nodes
        if isinstance(node.attribute, Service)
    }
    plan = composition.plan
    shapes = {each.whole.shape(i).members for each in programs for i in range(each.count)}
    shapes |= {
        Shape.of(type_).members
        for each in programs
        for type_ in each.whole.module.types
        if isinstance(type_, FunctionType)
    }
    pointers = [f"extern void (*const {each.whole.functions}[])(void);" for each in programs]
    return "\n".join(
        [
            "/* A program, by engine `aot`: each of its functions is one of C. */",
            '#include "tb.h"',
            '#include "tb_aot.h"',
            '#include "tb_frame.h"',
            *(f'#include "{each}"' for each in composition.engine_headers),
            _QUIET,
            f"typedef {options_.state} tb_aot_state;",
            "#define TB_AOT_STOPPED " + ("(-0x7fffffffffffffffll - 1)" if options_.fuel else "1u"),
            *sorted(shapes - {""}),
            *_protocol(options_),
            *sorted({prototype(each, plan.callee(each)) for each in services}),
            *pointers,
            "",
        ]
    )


def _protocol(options_: Options) -> Iterator[str]:
    """How functions stop the program, and say where they stand."""
    yield _SAVE
    yield f"{_stop(options_)};"
    if options_.traces:
        yield "tb_aot_state tb_aot_passed(struct tb_context *cx, u32 function, u32 pc);"
    if options_.frames:
        yield _LINKS


_SAVE = """\
/* Where the function stands: for services, collectors and stack traces. */
#define TB_AOT_SAVE(cx, number, pc) \\
  ((cx)->fp = fp, (cx)->function = tb_functions(cx) + (number), (cx)->ip = (const u8 *)(uptr)(pc))"""

_LINKS = """\
static inline TB_UNUSED void tb_aot_link(cell *at, u32 pc, u32 function, u32 distance) {
  struct tb_link *link = (struct tb_link *)at;
  link->pc = pc;
  link->function = function;
  link->distance = distance;
}
static inline TB_UNUSED void tb_aot_move_link(cell *to, const cell *from) {
  struct tb_link link = *(const struct tb_link *)from;
  *(struct tb_link *)to = link;
}"""


def _stop(options_: Options) -> str:
    """Prototype of what records a trap. kind: 0 for HALT."""
    fuel = ", s64 fuel" if options_.fuel else ""
    frame = ", cell *fp" if options_.frames else ""
    return f"tb_aot_state tb_aot_stop(struct tb_context *cx, u32 kind, u32 function, u32 pc{fuel}{frame})"


def _functions(group: Sequence[tuple[_Program, int]], storage: str) -> str:
    """The C of the functions of a file. storage: their storage class."""
    declared: dict[tuple[_Program, int], None] = dict.fromkeys(group)
    texts = []
    for program, index in group:
        whole = program.whole
        for each in whole.resolver.function(index):
            if (called := callee(each)) is not None:
                declared.setdefault((program, called))
        name = whole.module.function_name(index)
        label = "".join(c if " " < c <= "~" and c not in _NOT_IN_LABELS else "_" for c in name)
        # The line table tells the report whose bytes these are.
        texts.append(f'#line 1 "tb-op:program:{label}:{index}"')
        texts.append(FunctionPrinter(whole, index).text(storage))
    prototypes = [
        f"{storage}{program.whole.shape(i).prototype(program.whole.name(i), program.whole.options)};"
        for program, i in declared
    ]
    return "\n".join([*prototypes, *texts, '#line 1 "tb-aot"', ""])


def _enter(options_: Options, programs: Sequence[_Program]) -> str:
    """C of what runs a function, and of what stops it."""
    parts = []
    for each in programs:
        if len(each.pointers) > len(each.entries) or len(each.entries) > 2 or each.whole.calls.by_pointer:
            there = set(each.pointers)
            rows = [f"(void (*)(void)){each.whole.name(i)}" if i in there else "0" for i in range(each.count)]
            parts.append(f"void (*const {each.whole.functions}[])(void) = {{\n" + ",\n".join(rows) + "};")
    parts.append(_stop(options_) + " {" + _stop_body(options_) + "}")
    if options_.traces:
        parts.append(_PASSED)
    parts.append(_RUN_HEAD.format(load="\n  s64 fuel = cx->fuel;" if options_.fuel else ""))
    if len(programs) == 1:
        parts.append(_runs(programs[0], options_))
    else:
        parts += _choices(options_, programs)
    test = "fuel == TB_AOT_STOPPED" if options_.fuel else "stopped"
    store = "  if (fuel != TB_AOT_STOPPED) cx->fuel = fuel;" if options_.fuel else ""
    parts.append(_RUN_TAIL.format(store=store, test=test))
    return "\n".join(parts)


def _choices(options_: Options, programs: Sequence[_Program]) -> Iterator[str]:
    """Which program a context runs is in a table of it."""
    yield "switch (*tb_aot_program(cx)) {"
    known: dict[int, _Program] = {}
    for each in programs:
        number = program_number(each.whole.program)
        if number not in known:
            yield f"case {number}u: {{\n{_runs(each, options_)}\nbreak;\n}}"
        elif not _same(known[number], each):
            raise BuildError("two of the programs have the same number: give one of them another constant")
        known.setdefault(number, each)
    yield "}"


def _same(one: _Program, other: _Program) -> bool:
    return _content(one.whole.program) == _content(other.whole.program)


def _content(program: Program) -> bytes:
    """What the C of a program depends on."""
    module = program.verified.module
    rest = (module.types, module.pool, module.functions, module.memories, module.entry, module.start)
    return repr((rest, program.cell_bits)).encode()


def program_number(program: Program) -> int:
    """A number that tells programs apart."""
    return crc32(_content(program))


def program_tables(program: Program) -> tuple[Table, ...]:
    """Which program it is: for runtimes with several."""
    return (Table("aot_program", "u32", program_number(program).to_bytes(4, "little")),)


def _runs(program: _Program, options_: Options) -> str:
    """C that calls function `entry` with the parameters at `base`, and puts its results there."""
    whole = program.whole
    if len(program.entries) <= 2:
        cases = [(f"entry == {i}u", whole.name(i), whole.shape(i)) for i in program.entries]
        return " else ".join(
            f"if ({condition}) {{\n{_runs_one(name, shape, options_)}\n}}" for condition, name, shape in cases
        )
    shapes: dict[Shape, list[int]] = {}
    for i in program.entries:
        shapes.setdefault(whole.shape(i), []).append(i)
    numbers = {i: n for n, those in enumerate(shapes.values()) for i in those}
    table = ", ".join(str(numbers[i]) for i in range(program.count))
    lines = [f"static const u16 shapes[] = {{{table}}};", "switch (shapes[entry]) {"]
    for number, shape in enumerate(shapes):
        pointer = f"(({shape.pointer(options_)}){whole.functions}[entry])"
        lines.append(f"case {number}: {{\n{_runs_one(pointer, shape, options_)}\nbreak;\n}}")
    return "\n".join([*lines, "}"])


def _runs_one(pointer: str, shape: Shape, options_: Options) -> str:
    given = {"cx": "cx", "fp": "base", "fuel": "fuel", "left": "cx->cells_left"}
    arguments = [given[name] for _, name in options_.head]
    arguments += [FROM_CELL[_IR[c]].format(f"base[{i}]") for i, c in enumerate(shape.parameters)]
    call = f"{pointer}({', '.join(arguments)})"
    state = "fuel" if options_.fuel else "stopped"
    if not shape.results:
        return f"{state} = {call};"
    lines = [f"const {shape.returned} r = {call};", f"{state} = r.state;"]
    lines.append("if (r.state != TB_AOT_STOPPED) {")
    lines += [f"base[{i}] = {TO_CELL[_IR[c]].format(f'r.r{i}')};" for i, c in enumerate(shape.results)]
    return "\n".join([*lines, "}"])


def _stop_body(options_: Options) -> str:
    lines = ["", "cx->stopped = kind;", *(["cx->fuel = fuel;"] if options_.fuel else [])]
    if options_.frames:
        lines.append("TB_AOT_SAVE(cx, function, pc);")
    else:
        lines.append(_STOP_PLACE)
    return "\n  ".join([*lines, "return TB_AOT_STOPPED;\n"])


# Frames as tb_frame.h has them, made when a trap unwinds: from the end of the VM stack down. They take less
# than the declared cells of the functions would.
_STOP_PLACE = """\
const struct tb_function *row = tb_functions(cx) + function;
  u64 cells = TB_STACK_BYTES(TB_STACK_CELLS) / sizeof(cell);
  struct tb_link *link = (struct tb_link *)(cx->stack_base + cells - TB_LINK);
  link->pc = TB_PC_HOST;
  cell *fp = (cell *)link - row->parameters;
  TB_AOT_SAVE(cx, function, pc);
  cx->passed = fp;
  cx->passed_link = link;"""

_PASSED = """\
tb_aot_state tb_aot_passed(struct tb_context *cx, u32 function, u32 pc) {
  const struct tb_function *row = tb_functions(cx) + function;
  struct tb_link *link = (struct tb_link *)(cx->passed - TB_LINK);
  cell *fp = (cell *)link - row->parameters;
  link->pc = TB_PC_HOST;
  cx->passed_link->pc = pc;
  cx->passed_link->function = (u32)((const u8 *)row - (const u8 *)tb_functions(cx));
  cx->passed_link->distance = (u32)(cx->passed - fp);
  cx->passed = fp;
  cx->passed_link = link;
  return TB_AOT_STOPPED;
}"""

_RUN_HEAD = """\
u32 tb_run(struct tb_context *cx, u32 entry);
/* Runs the function `entry`, whose parameters are at TB_RUN_BASE. 0, or the kind of the trap that stopped
 * it. */
u32 tb_run(struct tb_context *cx, u32 entry) {{
  const struct tb_function *function = &tb_functions(cx)[entry];
  cell *base = TB_RUN_BASE(cx);
  const u32 before = cx->cells_left;
  u32 stopped = 0;{load}
  ((struct tb_link *)(base + TB_RUN_PARAMETERS(function)))->pc = TB_PC_HOST;
  cx->cells_left = before - function->cells;
  cx->fp = base;
  cx->function = function;
  cx->sp = base;
  tb_aot_enter(cx);"""

_RUN_TAIL = """\
{store}
  if ({test}) return cx->stopped;
  cx->cells_left = before;
  cx->sp = base + function->results;
  return 0;
}}
"""
