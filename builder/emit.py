"""emit: from a composition to C source, as a mapping from file name to text.

    tb_plan.h      configuration, state structs, calls that micro-libraries asked for
    engine.c       the engine, printed by the engine
    image.c        the program's tables, for executables; bundle-….c those of programs that it runs
    programs.c     where the tables of each of them are
    <library>.c    one unit for each micro-library: it includes that library's C files
    layout.c       tells whose members are where in the state structs; not linked

Nothing generated is kept: `tbbuild --keep DIR` shows it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import BuildError
from ..core.parts import MicroLibrary, Table
from ..core.program import Program
from .compose import CAGE_ADDRESS, Composition
from .rows import PROGRAM

TB_HEADERS = Path(__file__).parent.parent / "core" / "c"


@dataclass(frozen=True, slots=True)
class Unit:
    """A C file to compile. owner: the micro-library that a report charges, "program" for the image."""

    name: str
    owner: str
    text: str


@dataclass(frozen=True, slots=True)
class Sources:
    """What is compiled. headers: generated headers by name; include: folders with others. layout: a unit
    that is compiled and not linked: it tells where in the state structs each micro-library's members
    are; members: what its numbers mean, (struct, micro-library) in order."""

    units: tuple[Unit, ...]
    headers: Mapping[str, str]
    include: tuple[Path, ...]
    layout: Unit
    members: tuple[tuple[str, str], ...]


def emit(composition: Composition) -> Sources:
    """The C of *composition*. Raises BuildError when a micro-library's file is missing."""
    plan = composition.plan
    units = [Unit("engine.c", plan.engine.library, plan.engine.print(composition))]
    if not composition.loaded:
        units.append(Unit("image.c", PROGRAM, image(composition.tables)))
        for name, each in composition.bundle.items():
            units.append(Unit(f"bundle-{name}.c", PROGRAM, image(each.tables, name)))
        if composition.indirect:
            units.append(Unit("programs.c", PROGRAM, programs(composition)))
    include = [TB_HEADERS]
    for library in plan.libraries:
        include.extend(library.room / folder for folder in library.headers)
        text = _unit(library, composition)
        if text:
            units.append(Unit(f"{library.name}.c", library.name, text))
    place, members = layout(composition)
    return Sources(
        units=tuple(units),
        headers={"tb_plan.h": plan_header(composition)},
        include=tuple(dict.fromkeys(include)),
        layout=Unit("layout.c", "", place),
        members=members,
    )


STRUCTS = ("context", "store")
ARRAY_PREFIX = "tb_memory_"
_FIRST_MEMBER = re.compile(r"(?:TB_MANY\()?(\w+)(?:,[^)]*\))?\s*(?:\[[^\]]*\]\s*)*;")


def layout(composition: Composition) -> tuple[str, tuple[tuple[str, str], ...]]:
    """C whose table holds, for each struct, the offset of each library's first member and the size."""
    numbers: list[str] = []
    members: list[tuple[str, str]] = []
    for name in STRUCTS:
        for library, text in composition.members(name):
            first = _FIRST_MEMBER.search(text)
            if first is None:
                raise BuildError(f"micro-library {library.name} adds to the {name} what is no member: {text}")
            numbers.append(f"__builtin_offsetof(struct tb_{name}, {first[1]})")
            members.append((name, library.name))
        numbers.append(f"sizeof(struct tb_{name})")
        members.append((name, ""))
    table = ",\n  ".join(numbers)
    return (
        f'#include "tb.h"\nextern const u32 tb_layout[];\nconst u32 tb_layout[] = {{\n  {table}}};\n',
        tuple(members),
    )


def _unit(library: MicroLibrary, composition: Composition) -> str:
    """All C of *library*; "" where it has none."""
    owned = {each.name for each in library.memory}
    lines = [
        f'#include "tb.h"\n_Alignas(16) tb_word {ARRAY_PREFIX}{name}[{max(1, -(-size // 8))}];'
        for name, size in composition.arrays.items()
        if name in owned
    ]
    if library.generated is not None:
        lines.append(f'#include "tb.h"\n{library.generated(composition)}')
    for source in (*library.sources, *(library.load_sources if composition.loads else ())):
        path = library.room / source
        if not path.is_file():
            raise BuildError(f"micro-library {library.name} lacks its file {source}: reinstall its plug-in")
        lines.append(f'#include "{path}"')
    head = f"/* Micro-library {library.name}: {library.doc} */"
    return "\n".join([head, *lines, ""]) if lines else ""


# --- tb_plan.h ----------------------------------------------------------------------------------------


def plan_header(composition: Composition) -> str:
    """Configuration and state of one runtime, as C."""
    plan = composition.plan
    lines = ["#ifndef TB_PLAN_H", "#define TB_PLAN_H", "", f"typedef u{plan.cell_bits} TB_MAY_ALIAS cell;", ""]
    macros: dict[str, str] = {
        "TB_STRING_KINDS": str(plan.need.string_kinds),
        "TB_GLOBALS": str(max(1, plan.need.globals)),
        **_program_macros(composition),
        # What becomes of a NaN that arithmetic makes.
        "TB_NAN_F32(x)": "(x)",
        "TB_NAN_F64(x)": "(x)",
        # Whether the program makes strings while it runs: then the heap has some.
        "TB_HEAP_STRINGS": "0",
        # Whether modules that are loaded can have classes that inherit, methods and interfaces.
        "TB_CLASSES": "0",
        # Whether the time is up, for those who wait.
        "TB_INTERRUPTED(cx)": "0",
        # The same, asked of the flag that the platform sets.
        "TB_TIME_IS_UP(flag)": "(*(flag))",
        # Bytes of the heap, and those that no object takes.
        "TB_HEAP_SIZE(cx)": "0u",
        "TB_HEAP_FREE(cx)": "0u",
        # The exit status of a program that did its work and could not deliver it.
        "TB_FAILED(cx)": "0",
        # Where memory comes from that is no array.
        "TB_MAP(cx, address, bytes)": "((void)(cx), tb_platform_map(address, bytes))",
        # A program cannot start.
        "TB_FAIL(cx, message)": '((void)(cx), tb_platform_fail("tblvm: " message "\\n", sizeof message + 7))',
        # The program's standard input and output.
        "TB_CONSOLE_READ(cx, to, bytes)": "((void)(cx), tb_platform_read(0, to, bytes))",
        "TB_CONSOLE_WRITE(cx, from, bytes)": "((void)(cx), tb_platform_write(1, from, bytes))",
        "TB_CONSOLE_WAIT(cx, nanoseconds)": "((void)(cx), tb_platform_wait(nanoseconds, 0))",
        # Where a frame stands, for people.
        "TB_TRACE_LOOK(cx, place, name)": '((void)(cx), (void)(place), *(name) = "", 0u)',
        "TB_TRACE_FILE(cx)": '((void)(cx), "")',
        # Whether there are frames: while a host prepares a call, there are none.
        "TB_FRAMES(cx)": "1",
        # The parameters of a function that is run: an entry point has none.
        "TB_RUN_PARAMETERS(function)": "0",
        # A linear memory's first byte and size, null where there is none.
        "TB_LINEAR_LOOK(cx, memory, bytes)": "((void)(cx), (void)(memory), *(bytes) = 0, (void *)0)",
        # How entry points end where nothing can trap.
        "TB_REPORT(cx, trap)": "((void)(trap), 0)",
    }
    for library in plan.libraries:
        macros |= library.macros
        macros |= {name: str(value) for name, value in composition.constants(library).items()}
        macros |= {option.macro: _literal(plan.options[option.name]) for option in library.options}
    for number, limit in enumerate(composition.limits):
        wide = limit.maximum >> 32
        macros[limit.macro] = f"(({'u64' if wide else 'u32'})cx->limits[{number}])"
    macros["TB_LIMITS"] = str(len(composition.limits))
    lines += [f"#define {name} {value}" for name, value in sorted(macros.items())]
    lines += ["", "/* Kinds of traps; 0 is none. */"]
    lines += [f"#define TB_TRAP_{trap.name} {number}u" for number, trap in enumerate(plan.traps, 1)]
    texts = "".join(f"{trap.message}\\0" for trap in plan.traps)
    statuses = ", ".join(["0", *(str(trap.status) for trap in plan.traps)])
    lines += [f'#define TB_TRAP_MESSAGES "{texts}"', f"#define TB_TRAP_STATUSES {statuses}"]
    lines += ["", "struct tb_function;", "struct tb_context;", "struct tb_module;"]
    lines += [library.prototypes for library in plan.libraries if library.prototypes]
    lines.append("")
    if composition.indirect:
        lines += ["/* A program: its entry point, and where its tables are. */", "struct tb_image {"]
        lines += ["  u32 entry, entry_results, strings_bytes;"]
        lines += [f"  const {ctype} *{name};" for name, ctype in _table_names(composition)]
        lines += ["};", ""]
    for struct_name in STRUCTS:
        lines.append(f"struct tb_{struct_name} {{")
        for library, text in composition.members(struct_name):
            lines += [f"  /* {library.name} */", *(f"  {line.strip()}" for line in text.splitlines())]
        if struct_name == "store" and composition.indirect:
            lines += ["  /* the program */", "  struct tb_image image;", "  u8 *cage;"]
        elif not composition.members(struct_name) and plan.target.format == "c":
            lines.append("  u8 none; /* ISO C has no struct without members */")
        lines += ["};", ""]
    lines += [
        "extern struct tb_context tb_the_context;",
        "extern struct tb_store tb_the_store;",
        "static inline TB_UNUSED struct tb_store *tb_store_of(struct tb_context *cx) {",
        *(["  return cx->store;"] if composition.several else ["  (void)cx;", "  return &tb_the_store;"]),
        "}",
        "",
    ]
    lines += _open(composition)
    lines += _memory(composition)
    lines += _cage(composition)
    lines += [line for table in _table_names(composition) for line in _accessor(composition, *table)]
    if composition.loads:
        calls = composition.calls("on_load")
        lines += [f"void {call}(struct tb_context *cx, struct tb_module *module);" for call in calls]
        lines.append(
            "static inline TB_UNUSED void tb_load(struct tb_context *cx, struct tb_module *module) {"
        )
        lines += ["  (void)cx, (void)module;", *(f"  {call}(cx, module);" for call in calls), "}"]
    if composition.several:
        lines += _inner(composition, "on_enter") + _inner(composition, "on_leave")
    for moment in ("on_start", "on_finish", "on_before_block", "on_trap", "on_roots"):
        calls = composition.calls(moment)
        lines += [f"void {call}(struct tb_context *cx);" for call in sorted(set(calls))]
        lines.append(
            f"static inline TB_UNUSED TB_ALWAYS_INLINE void tb_{moment[3:]}(struct tb_context *cx) {{"
        )
        lines += ["  (void)cx;", *(f"  {call}(cx);" for call in calls), "}"]
    lines += ["", "#endif", ""]
    return "\n".join(lines)


def _literal(value: int | str) -> str:
    """An option's value in C."""
    if isinstance(value, int):
        return str(value)
    # Octal escapes end after three digits, whatever follows.
    plain = (
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}" for byte in value.encode()
    )
    return '"' + "".join(plain) + '"'


def _program_macros(composition: Composition) -> dict[str, str]:
    names = {
        "entry": "TB_ENTRY(cx)",
        "entry_results": "TB_ENTRY_RESULTS(cx)",
        "strings_bytes": "TB_STRINGS_BYTES(cx)",
    }
    if composition.indirect:
        macros = {macro: f"(tb_store_of(cx)->image.{name})" for name, macro in names.items()}
    else:
        macros = dict(zip(names.values(), map(str, _numbers(composition.program)), strict=True))
    macros["TB_MANY(name, count)"] = "*name" if composition.loaded else "name[count]"
    if composition.loaded:
        macros |= {
            "TB_SET_TABLE(name, at)": "(module->image->name = (const void *)(at))",
            "TB_COLLECTS": str(int("collector" in composition.plan.interfaces)),
            "TB_HEAP_BYTES": "0xffffffffu",  # unless the heap says how large it is
        }
    return macros


def _numbers(program: Program) -> tuple[int, int, int]:
    """Entry point, number of its results, bytes of string constants."""
    module = program.verified.module
    return module.entry, len(module.function_type(module.entry).results), len(program.strings)


def _open(composition: Composition) -> list[str]:
    """How a context comes by its program, before it starts."""
    head = "static inline TB_UNUSED void tb_open(struct tb_context *cx) {"
    if not composition.indirect or (composition.loaded and not composition.several):
        return [head, "  (void)cx;", "}"]
    # Those that come at run time are in no table.
    image = [] if composition.loaded else ["  tb_store_of(cx)->image = tb_programs[0].image;"]
    own = ["  cx->store = &tb_the_store;"] if composition.several else ["  (void)cx;"]
    return [
        "struct tb_program {",
        "  const char *name;",
        "  struct tb_image image;",
        "};",
        "extern const struct tb_program tb_programs[];",
        f"#define TB_PROGRAMS {len(composition.programs)}u",
        head,
        *own,
        *image,
        "}",
    ]


def _inner(composition: Composition, moment: str) -> list[str]:
    """tb_enter, tb_leave: a program that another one runs starts and ends."""
    calls = composition.inner_calls(moment)
    both = "struct tb_context *inner, struct tb_context *outer"
    return [
        *(f"void {call}({both if shared else 'struct tb_context *cx'});" for call, shared in calls),
        f"static inline TB_UNUSED void tb_{moment[3:]}({both}) {{",
        "  (void)inner, (void)outer;",
        *(f"  {call}(inner{', outer' * shared});" for call, shared in calls),
        "}",
    ]


def _memory(composition: Composition) -> list[str]:
    """Where memory comes from. What C asks for must fit the array that was made for it."""
    lines = []
    for _, each, _ in composition.memory:
        macro = f"#define TB_MEMORY_{each.name.upper()}(cx, address, bytes)"
        if each.name not in composition.arrays:
            lines.append(f"{macro} TB_MAP(cx, address, bytes)")
            continue
        array = f"{ARRAY_PREFIX}{each.name}"
        size = composition.arrays[each.name]
        lines += [f"extern tb_word {array}[];", f"{macro} \\"]
        lines.append(
            f"  ((void)(cx), (bytes) <= {size}u ? (void *){array} : (__builtin_trap(), (void *)(address)))"
        )
    return lines


def _cage(composition: Composition) -> list[str]:
    head = "static inline TB_UNUSED u8 *tb_cage(struct tb_context *cx) {\n  (void)cx;"
    if composition.indirect and "cage" not in composition.plan.interfaces:
        return [head, "  return (u8 *)(uptr)tb_store_of(cx)->image.strings - 8;", "}"]
    if composition.indirect:
        keep = "#define TB_CAGE_KEEP(cx, at) (tb_store_of(cx)->cage = (at))"
        return ["#define TB_CAGE_ADDRESS 0", keep, head, "  return tb_store_of(cx)->cage;", "}"]
    if "cage" in composition.arrays:
        address = f"((void *){ARRAY_PREFIX}cage)"
        fixed = [f"#define TB_CAGE_ADDRESS {address}", "#define TB_CAGE_KEEP(cx, at) ((void)(at))"]
        return [*fixed, head, "  return TB_CAGE_ADDRESS;", "}"]
    if "cage" in composition.plan.interfaces:
        fixed = [
            f"#define TB_CAGE_ADDRESS ((void *){CAGE_ADDRESS:#x}ul)",
            "#define TB_CAGE_KEEP(cx, at) ((void)0)",
        ]
        return [*fixed, head, "  return TB_CAGE_ADDRESS;", "}"]
    # Without a heap, the cage is the string constants where they are.
    return [
        "extern const u8 tb_image_strings[];",
        head,
        "  return (u8 *)(uptr)tb_image_strings - 8;",
        "}",
    ]


def _table_names(composition: Composition) -> list[tuple[str, str]]:
    return list(dict.fromkeys((table.name, table.ctype) for table in composition.tables))


def _accessor(composition: Composition, name: str, ctype: str) -> list[str]:
    """How C reads a table: a constant array in an executable, a pointer of the store elsewhere."""
    # Rows of structs are declared as bytes: their struct is complete only behind the header that draws it.
    rows = ctype.startswith("struct")
    place = f"tb_store_of(cx)->image.{name}" if composition.indirect else f"tb_image_{name}"
    element = "u8" if rows else ctype
    declared = [] if composition.indirect else [f"extern const {element} tb_image_{name}[];"]
    if rows:
        place = f"(const {ctype} *)(const void *){place}"
        return [f"{ctype};", *declared, f"#define tb_{name}(cx) ((void)(cx), {place})"]
    return [
        *declared,
        f"static inline TB_UNUSED const {ctype} *tb_{name}(struct tb_context *cx) {{",
        "  (void)cx;",
        f"  return {place};",
        "}",
    ]


# --- image.c ------------------------------------------------------------------------------------------

_ELEMENT = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q"}


def _element(table: Table) -> str:
    # Rows of structs are written as the bytes they are: the layout is drawn in their header.
    return table.ctype if table.ctype in _ELEMENT else "u8"


def _symbol(table: Table, bundled: str = "") -> str:
    """The C array of a table; bundled: the name of a program of the bundle."""
    # Numbers for what names cannot have, so that different names stay different.
    mark = "".join(c if c.isalnum() else f"_{ord(c):02x}" for c in bundled)
    # Two underscores, which no table's name has: program `function` has a table `types`, and there is a table
    # `function_types`.
    return f"tb_image_{mark}__{table.name}" if mark else f"tb_image_{table.name}"


def programs(composition: Composition) -> str:
    """Where the tables of every program are: the main one first, without a name."""
    lines = ['#include "tb.h"']
    rows = []
    each = [("", composition.program, composition.tables)]
    each += [(name, linked.program, linked.tables) for name, linked in composition.bundle.items()]
    for name, program, tables in each:
        entry, results, strings = _numbers(program)
        fields = [f".entry = {entry}", f".entry_results = {results}", f".strings_bytes = {strings}"]
        for table in tables:
            symbol = _symbol(table, name)
            lines.append(f"extern const {_element(table)} {symbol}[];")
            fields.append(f".{table.name} = (const void *){symbol}")
        rows.append(f'  {{"{name}", {{{", ".join(fields)}}}}},')
    return "\n".join([*lines, "const struct tb_program tb_programs[] = {", *rows, "};", ""])


def image(tables: tuple[Table, ...], bundled: str = "") -> str:
    """A program's tables as C arrays; bundled: its name, where another one runs it."""
    # Not through tb.h: there the rows have their structs, here all are numbers.
    lines = ['#include "tb_compiler.h"']
    for table in tables:
        size = max(1, table.align)
        element = _element(table)
        data = table.data or bytes(8)
        code = _ELEMENT[element]
        numbers = struct.unpack(f"<{len(data) // struct.calcsize(code)}{code}", data)
        symbol = _symbol(table, bundled)
        lines.append(f"extern const {element} {symbol}[];")
        lines.append(f"_Alignas({size}) const {element} {symbol}[] = {{")
        # Unsigned, as their type is: a number of 64 bits may fit no signed type.
        words = [f"{number}u" for number in numbers]
        lines += ["  " + ", ".join(words[at : at + 24]) + "," for at in range(0, len(words), 24)]
        lines.append("};")
    return "\n".join(lines) + "\n"
